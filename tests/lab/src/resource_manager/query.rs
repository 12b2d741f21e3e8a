//! Runs a query: sums rows, sorts them, and cuts them into pages.

use std::{cmp::Ordering, collections::BTreeMap};

use aws_lc_rs::digest;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use time::{Date, macros::format_description};

use super::{
    CostRow,
    definition::{Definition, Granularity, Grouping, month},
    errors::ArmError,
};
use crate::{
    server::{self, with_header},
    world,
};

/// Rows of a page unless `$top` says otherwise.
const PAGE: usize = 1_000;

/// Rows of a page at most.
const LARGEST_PAGE: usize = 5_000;

/// The api-version of links to the next page: another one than any client asks for, as in Azure.
const LINK_API_VERSION: &str = "2021-10-01";

/// One row of the answer.
struct Line {
    amounts: Vec<Decimal>,
    key: Key,
}

/// What rows have in common that are summed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    period: Option<Period>,
    /// `None` for the value of a tag that is not set.
    groups: Vec<Option<String>>,
    currency: String,
}

/// The part of the time a row of the answer is about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Period {
    Day(Date),
    /// By its first day.
    Month(Date),
}

#[derive(Serialize)]
struct Column {
    name: &'static str,
    r#type: &'static str,
}

#[derive(Serialize)]
struct Body<'a> {
    id: String,
    name: String,
    r#type: &'static str,
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

/// Answers a query on a subscription the caller may read.
pub(super) fn run(
    url: &str,
    subscription_id: &str,
    rows: &[CostRow],
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ArmError> {
    let definition = Definition::read(request.body())?;
    let columns = columns(&definition);
    let mut lines = sum(&definition, subscription_id, rows);
    sort(&definition, &columns, &mut lines)?;
    if lines.is_empty() {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::NO_CONTENT;
        return Ok(response);
    }
    let page = Page::read(subscription_id, request)?;
    let name = world::guid().to_string();
    let body = Body {
        id: format!("subscriptions/{subscription_id}/providers/Microsoft.CostManagement/query/{name}"),
        name,
        r#type: "Microsoft.CostManagement/query",
        location: None,
        sku: None,
        e_tag: None,
        properties: Properties {
            next_link: page.next_link(url, subscription_id, lines.len()),
            columns: &columns,
            rows: lines.iter().skip(page.offset).take(page.size).map(Line::cells).collect(),
        },
    };
    let mut response = Response::new(serde_json::to_vec(&body).unwrap_or_default().into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    // one unit per month of data
    let months = (definition.to - definition.from).whole_days() / 31 + 1;
    Ok(with_header(response, "x-ms-ratelimit-microsoft.costmanagement-qpu-consumed", &months.to_string()))
}

/// Aggregations by the name of their source, then the date, the groupings, and the currency.
fn columns(definition: &Definition) -> Vec<Column> {
    let number = |name| Column { name, r#type: "Number" };
    let text = |name| Column { name, r#type: "String" };
    let mut columns: Vec<_> = definition.aggregations.iter().map(|(_, measure)| number(measure)).collect();
    match definition.granularity {
        Granularity::None => {}
        Granularity::Daily => columns.push(number("UsageDate")),
        Granularity::Monthly => columns.push(Column { name: "BillingMonth", r#type: "Datetime" }),
    }
    for grouping in &definition.groupings {
        match grouping {
            Grouping::Dimension(name) => columns.push(text(name)),
            Grouping::Tag(_) => columns.extend([text("TagKey"), text("TagValue")]),
        }
    }
    columns.push(text("Currency"));
    columns
}

fn sum(definition: &Definition, subscription_id: &str, rows: &[CostRow]) -> Vec<Line> {
    let mut sums: BTreeMap<Key, Vec<Decimal>> = BTreeMap::new();
    let wanted = |row: &&CostRow| {
        row.subscription_id == subscription_id
            && (definition.from..=definition.to).contains(&row.date)
            && definition.filter.as_ref().is_none_or(|filter| filter.admits(row))
    };
    for row in rows.iter().filter(wanted) {
        let sums =
            sums.entry(key(definition, row)).or_insert_with(|| vec![Decimal::ZERO; definition.aggregations.len()]);
        for (sum, (_, measure)) in sums.iter_mut().zip(&definition.aggregations) {
            *sum = sum.checked_add(row.measure(measure)).unwrap_or(Decimal::MAX);
        }
    }
    sums.into_iter().map(|(key, amounts)| Line { amounts, key }).collect()
}

fn key(definition: &Definition, row: &CostRow) -> Key {
    let period = match definition.granularity {
        Granularity::None => None,
        Granularity::Daily => Some(Period::Day(row.date)),
        Granularity::Monthly => Some(Period::Month(month(row.date))),
    };
    let mut groups = Vec::new();
    for grouping in &definition.groupings {
        match grouping {
            Grouping::Dimension(name) => groups.push(Some(row.dimension(name).into_owned())),
            Grouping::Tag(name) => groups.extend([Some(name.clone()), row.tag(name).map(str::to_owned)]),
        }
    }
    Key { period, groups, currency: row.currency.to_string() }
}

fn sort(definition: &Definition, columns: &[Column], lines: &mut [Line]) -> Result<(), ArmError> {
    // the first order is the strongest, so it is applied last
    for sorting in definition.sorting.iter().rev() {
        let alias = definition.aggregations.iter().position(|(alias, _)| *alias == sorting.column);
        let column = columns.iter().position(|column| column.name.eq_ignore_ascii_case(&sorting.column));
        let index = alias.or(column).ok_or_else(|| {
            ArmError::definition(format_args!("Invalid dataset sorting: '{}' is not a column", sorting.column))
        })?;
        lines.sort_by(|left, right| {
            let order = left.compare(right, index);
            if sorting.descending { order.reverse() } else { order }
        });
    }
    Ok(())
}

impl Line {
    /// By the column at `index`.
    fn compare(&self, other: &Self, index: usize) -> Ordering {
        if index < self.amounts.len() {
            return self.amounts.get(index).cmp(&other.amounts.get(index));
        }
        let mut index = index - self.amounts.len();
        if self.key.period.is_some() {
            if index == 0 {
                return self.key.period.cmp(&other.key.period);
            }
            index -= 1;
        }
        match (self.key.groups.get(index), other.key.groups.get(index)) {
            (Some(left), Some(right)) => left.cmp(right),
            _ => self.key.currency.cmp(&other.key.currency),
        }
    }

    fn cells(&self) -> Vec<Box<RawValue>> {
        let mut cells: Vec<_> = self.amounts.iter().map(|amount| number(&written(*amount))).collect();
        cells.extend(self.key.period.as_ref().map(Period::cell));
        cells.extend(self.key.groups.iter().map(cell));
        cells.push(cell(&self.key.currency));
        cells
    }
}

impl Period {
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

fn cell(value: &impl Serialize) -> Box<RawValue> {
    to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// A JSON number with exactly these characters.
fn number(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// An amount as .NET writes it: all its digits, and below 0.00001 with an exponent (`2.6E-06`).
fn written(amount: Decimal) -> String {
    let amount = amount.normalize();
    let digits = amount.mantissa().unsigned_abs().to_string();
    let exponent = usize::try_from(amount.scale()).unwrap_or_default() + 1;
    let exponent = exponent.saturating_sub(digits.len());
    if amount.is_zero() || exponent < 6 {
        return amount.to_string();
    }
    let sign = if amount.is_sign_negative() { "-" } else { "" };
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    format!("{sign}{first}{point}{rest}E-{exponent:02}")
}

/// Which rows a request is for.
struct Page {
    offset: usize,
    size: usize,
    /// Binds a skip token to the query it continues.
    query: String,
}

impl Page {
    fn read(subscription_id: &str, request: &Request<Bytes>) -> Result<Self, ArmError> {
        let size = match server::parameter(request, "$top") {
            None => PAGE,
            Some(top) => top
                .parse()
                .ok()
                .filter(|top| (1..=LARGEST_PAGE).contains(top))
                .ok_or_else(|| ArmError::definition(format_args!("Invalid $top: '{top}'")))?,
        };
        let mut hashed = digest::Context::new(&digest::SHA256);
        hashed.update(subscription_id.as_bytes());
        hashed.update(request.body());
        let query = BASE64_URL_SAFE_NO_PAD.encode(hashed.finish());
        let offset = match server::parameter(request, "$skiptoken") {
            None => 0,
            Some(token) => {
                let token = BASE64_URL_SAFE_NO_PAD.decode(token).ok().and_then(|token| String::from_utf8(token).ok());
                let offset = token.as_deref().and_then(|token| token.strip_suffix(&query)?.strip_suffix(':'));
                let offset = offset.and_then(|offset| offset.parse().ok());
                offset.ok_or_else(|| ArmError::definition("The skip token is not of this query"))?
            }
        };
        Ok(Self { offset, size, query })
    }

    fn next_link(&self, url: &str, subscription_id: &str, rows: usize) -> Option<String> {
        let next = self.offset.saturating_add(self.size);
        (next < rows).then(|| {
            let token = BASE64_URL_SAFE_NO_PAD.encode(format!("{next}:{}", self.query));
            format!(
                "{url}/subscriptions/{subscription_id}/providers/Microsoft.CostManagement/query\
                 ?api-version={LINK_API_VERSION}&$top={}&$skiptoken={token}",
                self.size
            )
        })
    }
}

#[cfg(test)]
mod tests {
    //! Proves how amounts are written; that Azure writes them so is known from recorded answers only.

    use super::*;

    #[test]
    fn amounts_keep_their_digits_and_small_ones_get_an_exponent() {
        for (amount, text) in [
            ("1842.118430275512", "1842.118430275512"),
            ("-12.500", "-12.5"),
            ("0", "0"),
            ("0.00001", "0.00001"),
            ("0.0000026", "2.6E-06"),
            ("-0.000000000003", "-3E-12"),
        ] {
            let amount: Decimal = amount.parse().unwrap();
            assert_eq!(written(amount), text);
            let read = text.parse().or_else(|_| Decimal::from_scientific(text)).unwrap();
            assert_eq!(amount, read, "{text} is another amount");
        }
    }
}
