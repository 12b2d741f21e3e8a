//! Costs by day or by month: how much on each, and what of it was for the largest items.
//!
//! A series is as long as its period, so it is what makes an answer large. [`Room`] bounds it before it is built: first
//! fewer items stand beside the totals, then the earliest dates are left out, and both is said.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::{breakdown::Breakdown, table::Table};
use crate::azure::{CostLine, CostQuery, Currency, Day, Granularity, Money, Name, Totals};

/// The most amounts in all series of an answer: about 50 KB of JSON.
const MOST_AMOUNTS: usize = 500;
/// The most items beside a total: more columns no text shows readably.
const MOST_COLUMNS: usize = 5;

/// How much of the series an answer has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    /// Dates of each currency, the latest.
    dates: usize,
    /// Items beside the total.
    columns: usize,
}

/// The costs of one day or month in one currency. `total` is exactly `items` and `other` together, where there are any.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Point {
    /// The day, or the first day of the month.
    date: Day,
    total: Money,
    /// What of it was for the largest items of the whole period, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    items: Vec<Part>,
    /// The rest; absent where nothing else was spent on in the period.
    #[serde(skip_serializing_if = "Option::is_none")]
    other: Option<Money>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Part {
    /// The value of each grouping. Chosen by others.
    names: Vec<Name>,
    cost: Money,
}

impl Room {
    /// For the dates of `lines`.
    pub(super) fn of(lines: &[CostLine]) -> Self {
        let rows = rows(lines);
        let currencies: BTreeSet<_> = rows.iter().map(|(currency, _)| *currency).collect();
        let dates = if rows.len() > MOST_AMOUNTS { MOST_AMOUNTS / currencies.len().max(1) } else { rows.len() };
        // each row has its total and the rest already
        let columns = (MOST_AMOUNTS / rows.len().max(1)).saturating_sub(2).min(MOST_COLUMNS);
        Self { dates, columns }
    }

    /// The costs of one currency by date, in the order of time; empty where lines have no date.
    pub(super) fn series(self, lines: &[CostLine], breakdown: &Breakdown) -> Vec<Point> {
        let currency = breakdown.total().currency();
        let mut dates: BTreeMap<Day, Vec<&CostLine>> = BTreeMap::new();
        for line in lines.iter().filter(|line| line.cost.currency() == currency) {
            if let Some(date) = line.date {
                dates.entry(date).or_default().push(line);
            }
        }
        let columns: Vec<_> = breakdown.names().take(self.columns).collect();
        let is_partial = !columns.is_empty() && breakdown.count() > columns.len();
        let left_out = dates.len().saturating_sub(self.dates);
        let dates = dates.into_iter().skip(left_out);
        dates.map(|(date, lines)| Point::of(date, currency, &lines, &columns, is_partial)).collect()
    }

    /// How to read the series of the answer to `query`, and what they do not show.
    pub(super) fn notes(self, query: &CostQuery, lines: &[CostLine], breakdowns: &[Breakdown]) -> Vec<String> {
        let (one, several) = words(query.granularity);
        let (rows, dates) = (rows(lines), dates(query));
        let mut notes = Vec::new();
        let longest = breakdowns.iter().map(|breakdown| {
            let currency = breakdown.total().currency();
            rows.iter().filter(|(other, _)| *other == currency).count()
        });
        let longest = longest.max().unwrap_or_default();
        if longest > self.dates {
            notes.push(format!(
                "Only the last {} {several} are listed one by one; the totals count all {longest}. Ask for a shorter \
                 period to see the others.",
                self.dates
            ));
        }
        let has_more = |breakdown: &Breakdown| breakdown.names().nth(self.columns).is_some();
        if self.columns < MOST_COLUMNS && breakdowns.iter().any(has_more) {
            let shown = match self.columns {
                0 => "only their totals".to_owned(),
                columns => format!("at most {columns} items beside their totals"),
            };
            notes.push(format!(
                "To keep the answer short, the {several} have {shown}. Ask for fewer {several} to see more."
            ));
        }
        if breakdowns.len() * dates > rows.len() {
            notes.push(format!("A {one} without costs is not listed."));
        }
        let (from, to) = (query.period.from(), query.period.to());
        if query.granularity == Granularity::Monthly && (from != from.first_of_month() || to != to.last_of_month()) {
            notes.push("A month that is only partly in the period counts only those days.".to_owned());
        }
        notes
    }
}

/// The dates with costs of each currency.
fn rows(lines: &[CostLine]) -> BTreeSet<(Currency, Day)> {
    lines.iter().filter_map(|line| Some((line.cost.currency(), line.date?))).collect()
}

/// How many dates the period has.
fn dates(query: &CostQuery) -> usize {
    let days = (0..query.period.days()).map(|days| query.period.from().plus(days));
    match query.granularity {
        Granularity::None => 0,
        Granularity::Daily => days.count(),
        Granularity::Monthly => days.map(Day::first_of_month).collect::<BTreeSet<_>>().len(),
    }
}

/// One date, and several.
fn words(granularity: Granularity) -> (&'static str, &'static str) {
    match granularity {
        Granularity::Monthly => ("month", "months"),
        Granularity::None | Granularity::Daily => ("day", "days"),
    }
}

impl Point {
    fn of(date: Day, currency: Currency, lines: &[&CostLine], columns: &[&[Name]], is_partial: bool) -> Self {
        let sum = |is_counted: &dyn Fn(&CostLine) -> bool| {
            let counted = lines.iter().filter(|line| is_counted(line));
            Totals::of(counted.map(|line| &line.cost)).in_currency(currency)
        };
        let part = |names: &&[Name]| Part { names: names.to_vec(), cost: sum(&|line| line.names == *names) };
        let other = is_partial.then(|| sum(&|line| !columns.contains(&line.names.as_slice())));
        Self { date, total: sum(&|_| true), items: columns.iter().map(part).collect(), other }
    }
}

/// The points of one currency as a table.
pub(super) fn table(points: &[Point], granularity: Granularity) -> String {
    let Some(first) = points.first() else { return String::new() };
    let (date, _) = words(granularity);
    let date = if date == "month" { "Month" } else { "Day (UTC)" };
    let mut table = Table::new().text(date).number(format!("Total ({})", first.total.currency())).text("");
    for Part { names, .. } in &first.items {
        table = table.number(names.iter().map(Name::markdown).collect::<Vec<_>>().join(" / "));
    }
    if first.other.is_some() {
        table = table.number("Other");
    }
    let largest = points.iter().map(|point| &point.total).max_by(|a, b| a.compare(b)).unwrap_or(&first.total);
    for Point { date, total, items, other } in points {
        let date = if granularity == Granularity::Monthly { date.month() } else { date.to_string() };
        let parts = items.iter().map(|part| &part.cost).chain(other).map(Money::shown);
        table.row([date, total.shown(), total.bar(largest)].into_iter().chain(parts));
    }
    table.into_text()
}

#[cfg(test)]
mod tests;
