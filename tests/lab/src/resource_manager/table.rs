//! An answer of rows and columns, as of a query and of a forecast.

use std::cmp::Ordering;

use bytes::Bytes;
use http::Response;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::value::RawValue;
use time::{Date, macros::format_description};

use super::{
    answer::{self, amount, cell, number},
    definition::Granularity,
    period::month,
    route::Operation,
    scope::Scope,
};
use crate::world;

/// One row of the answer.
pub(super) struct Line {
    pub(super) amounts: Vec<Decimal>,
    pub(super) key: Key,
}

/// What rows have in common that are summed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) moment: Option<Moment>,
    /// `None` for the value of a tag that is not set.
    pub(super) groups: Vec<Option<String>>,
    pub(super) currency: String,
}

/// The part of the time a row of the answer is about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Moment {
    Day(Date),
    /// By its first day.
    Month(Date),
}

/// The name and the type of a column.
#[derive(Serialize)]
pub(super) struct Column {
    pub(super) name: &'static str,
    r#type: &'static str,
}

#[derive(Serialize)]
struct Body<'a> {
    id: String,
    name: String,
    r#type: String,
    location: Option<()>,
    sku: Option<()>,
    #[serde(rename = "eTag")]
    e_tag: Option<()>,
    properties: Properties<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Properties<'a> {
    next_link: Option<String>,
    columns: &'a [Column],
    rows: Vec<Vec<Box<RawValue>>>,
}

/// Answers with a table.
pub(super) fn answer<'a>(
    scope: &Scope,
    operation: Operation,
    columns: &[Column],
    lines: impl Iterator<Item = &'a Line>,
    next_link: Option<String>,
) -> Response<Bytes> {
    let name = world::guid().to_string();
    let operation = operation.name();
    let scope = scope.to_string();
    answer::ok(&Body {
        id: format!("{}/providers/Microsoft.CostManagement/{operation}/{name}", scope.trim_start_matches('/')),
        name,
        r#type: format!("Microsoft.CostManagement/{operation}"),
        location: None,
        sku: None,
        e_tag: None,
        properties: Properties { next_link, columns, rows: lines.map(Line::cells).collect() },
    })
}

impl Column {
    pub(super) fn number(name: &'static str) -> Self {
        Self { name, r#type: "Number" }
    }

    pub(super) fn text(name: &'static str) -> Self {
        Self { name, r#type: "String" }
    }

    /// The column of the time, if there is one.
    pub(super) fn moment(granularity: Granularity) -> Option<Self> {
        match granularity {
            Granularity::None => None,
            Granularity::Daily => Some(Self::number("UsageDate")),
            Granularity::Monthly => Some(Self { name: "BillingMonth", r#type: "Datetime" }),
        }
    }
}

impl Moment {
    pub(super) fn of(day: Date, granularity: Granularity) -> Option<Self> {
        match granularity {
            Granularity::None => None,
            Granularity::Daily => Some(Self::Day(day)),
            Granularity::Monthly => Some(Self::Month(month(day))),
        }
    }

    /// A day is a number, a month a date-time.
    fn cell(&self) -> Box<RawValue> {
        match self {
            Self::Day(day) => number(&day.format(format_description!("[year][month][day]")).unwrap_or_default()),
            Self::Month(first) => {
                cell(&first.format(format_description!("[year]-[month]-[day]T00:00:00")).unwrap_or_default())
            }
        }
    }
}

impl Line {
    /// By the column at `index`.
    pub(super) fn compare(&self, other: &Self, index: usize) -> Ordering {
        if index < self.amounts.len() {
            return self.amounts.get(index).cmp(&other.amounts.get(index));
        }
        let mut index = index - self.amounts.len();
        if self.key.moment.is_some() {
            if index == 0 {
                return self.key.moment.cmp(&other.key.moment);
            }
            index -= 1;
        }
        match (self.key.groups.get(index), other.key.groups.get(index)) {
            (Some(left), Some(right)) => left.cmp(right),
            _ => self.key.currency.cmp(&other.key.currency),
        }
    }

    fn cells(&self) -> Vec<Box<RawValue>> {
        let mut cells: Vec<_> = self.amounts.iter().map(|sum| amount(*sum)).collect();
        cells.extend(self.key.moment.as_ref().map(Moment::cell));
        cells.extend(self.key.groups.iter().map(cell));
        cells.push(cell(&self.key.currency));
        cells
    }
}
