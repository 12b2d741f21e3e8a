//! Forecasts: every coming day costs what a day of the last 28 cost on average.
//!
//! Azure's model is not known and needs no imitation; its rules for asking are those of
//! <https://learn.microsoft.com/rest/api/cost-management/forecast/usage>.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Response;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;
use time::{Date, Duration};

use super::{
    CostRow, Metric, answer,
    definition::{Aggregations, Granularity, aggregations, dimensions, invalid, metric},
    errors::ArmError,
    filter::{Filter, FilterBody},
    period::{Period, TimePeriod},
    question::Question,
    route::Operation,
    scope::Scope,
    table::{self, Column, Key, Line, Moment},
};
use crate::world;

/// The days before today that a forecast is computed from.
const HISTORY: i64 = 28;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Body {
    r#type: String,
    timeframe: String,
    time_period: Option<TimePeriod>,
    dataset: Dataset,
    #[serde(default)]
    include_actual_cost: bool,
    #[serde(default)]
    include_fresh_partial_cost: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Dataset {
    granularity: String,
    aggregation: Aggregations,
    filter: Option<FilterBody>,
    grouping: Option<Value>,
}

/// A forecast that makes sense.
pub(super) struct Definition {
    metric: Metric,
    pub(super) period: Period,
    granularity: Granularity,
    aggregations: Vec<(String, &'static str)>,
    filter: Option<Filter>,
    actual: Actual,
}

/// Which costs of the past are in the answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Actual {
    None,
    /// Of the days before today.
    WholeDays,
    /// Of today so far, too.
    WithToday,
}

impl Definition {
    pub(super) fn read(body: &[u8], scope: &Scope) -> Result<Self, ArmError> {
        let body: Body = serde_json::from_slice(body).map_err(ArmError::definition)?;
        if body.timeframe != "Custom" {
            return Err(invalid("timeframe", &body.timeframe, &["Custom"]));
        }
        if body.dataset.grouping.is_some() {
            return Err(ArmError::definition("Invalid dataset grouping: a forecast can't be grouped"));
        }
        let granularity = match body.dataset.granularity.as_str() {
            "Daily" => Granularity::Daily,
            "Monthly" => Granularity::Monthly,
            other => return Err(invalid("dataset granularity", other, &["Daily", "Monthly"])),
        };
        let actual = match (body.include_actual_cost, body.include_fresh_partial_cost) {
            (false, false) => Actual::None,
            (true, false) => Actual::WholeDays,
            (true, true) => Actual::WithToday,
            (false, true) => {
                return Err(ArmError::definition("includeFreshPartialCost is allowed with includeActualCost only"));
            }
        };
        let period = Period::read(&body.timeframe, body.time_period.as_ref())?;
        if period.to <= world::now().date() {
            return Err(ArmError::definition("Invalid time period: 'to' of a forecast lies in the future"));
        }
        Ok(Self {
            metric: metric(&body.r#type)?,
            period,
            granularity,
            aggregations: aggregations(body.dataset.aggregation)?,
            filter: body.dataset.filter.map(|filter| Filter::read(filter, dimensions(scope))).transpose()?,
            actual,
        })
    }

    fn admits(&self, row: &CostRow) -> bool {
        row.is_in(self.metric) && self.filter.as_ref().is_none_or(|filter| filter.admits(row))
    }

    /// Whether a day's costs are known rather than forecast; `None` if the day is not in the answer.
    fn status(&self, day: Date, today: Date) -> Option<&'static str> {
        match self.actual {
            _ if day > today => Some("Forecast"),
            Actual::WithToday => Some("Actual"),
            _ if day == today => Some("Forecast"),
            Actual::WholeDays => Some("Actual"),
            Actual::None => None,
        }
    }

    fn columns(&self) -> Vec<Column> {
        let mut columns: Vec<_> = self.aggregations.iter().map(|(_, measure)| Column::number(measure)).collect();
        columns.extend(Column::moment(self.granularity));
        columns.extend([Column::text("CostStatus"), Column::text("Currency")]);
        columns
    }
}

/// Sums by currency.
type Sums = BTreeMap<String, Vec<Decimal>>;

/// Answers a forecast for a scope the caller may read.
pub(super) fn run(question: &Question<'_>, definition: &Definition) -> Result<Response<Bytes>, ArmError> {
    if !question.selection.has_costs() {
        return Err(ArmError::failed_dependency("The offer of the subscription is not supported."));
    }
    let rows: Vec<_> = question.rows().filter(|row| definition.admits(row)).collect();
    let Some(first) = rows.iter().map(|row| row.date).min() else { return Ok(answer::no_content()) };
    let today = world::now().date();
    if first > today - Duration::days(HISTORY) {
        return Err(ArmError::failed_dependency("A forecast needs the costs of at least 28 days."));
    }
    let average = average(definition, &rows, today);
    let actual = by_day(definition, &rows);
    let none = Sums::new();
    let mut lines: BTreeMap<Key, Vec<Decimal>> = BTreeMap::new();
    for day in definition.period.days() {
        let Some(status) = definition.status(day, today) else { continue };
        let sums = if status == "Actual" { actual.get(&day).unwrap_or(&none) } else { &average };
        for (currency, amounts) in sums {
            let moment = Moment::of(day, definition.granularity);
            let key = Key { moment, groups: vec![Some(status.to_owned())], currency: currency.clone() };
            add(lines.entry(key).or_default(), amounts);
        }
    }
    let lines: Vec<_> = lines.into_iter().map(|(key, amounts)| Line { amounts, key }).collect();
    Ok(table::answer(question.scope, Operation::Forecast, &definition.columns(), lines.iter(), None))
}

/// What a day cost on average, to fifteen places.
fn average(definition: &Definition, rows: &[&CostRow], today: Date) -> Sums {
    let mut sums = Sums::new();
    for row in rows.iter().filter(|row| row.date < today && row.date >= today - Duration::days(HISTORY)) {
        add(sums.entry(row.currency.to_string()).or_default(), &amounts(definition, row));
    }
    for amount in sums.values_mut().flatten() {
        *amount = (*amount / Decimal::from(HISTORY)).round_dp(15);
    }
    sums
}

fn by_day(definition: &Definition, rows: &[&CostRow]) -> BTreeMap<Date, Sums> {
    let mut days: BTreeMap<Date, Sums> = BTreeMap::new();
    for row in rows {
        let sums = days.entry(row.date).or_default().entry(row.currency.to_string()).or_default();
        add(sums, &amounts(definition, row));
    }
    days
}

fn amounts(definition: &Definition, row: &CostRow) -> Vec<Decimal> {
    definition.aggregations.iter().map(|(_, measure)| row.measure(definition.metric, measure)).collect()
}

fn add(sums: &mut Vec<Decimal>, amounts: &[Decimal]) {
    sums.resize(amounts.len(), Decimal::ZERO);
    for (sum, amount) in sums.iter_mut().zip(amounts) {
        *sum = sum.checked_add(*amount).unwrap_or(Decimal::MAX);
    }
}
