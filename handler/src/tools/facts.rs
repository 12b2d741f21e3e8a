//! What a reader must know to read costs rightly: of what they are, as of when, what may change, what is missing.

use identity::UnixTime;
use schemars::JsonSchema;
use serde::Serialize;
use time::{OffsetDateTime, macros::format_description};

use crate::azure::{CostQuery, CostScope, Filter, Metric, Money, Name, PAGE_LIMIT, Period};

/// Said with every answer about costs.
pub(super) const NOT_INCLUDED: &str = "Tax, support plans and credits are not included.";

/// Goes with every answer about costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Facts {
    scope: CostScope,
    period: Period,
    metric: Metric,
    /// Only these costs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    filters: Vec<Filter>,
    /// When Azure was asked, as RFC 3339 in UTC. Azure's own data is some hours older.
    as_of: String,
    /// Whether everything Azure has is counted.
    complete: bool,
    notes: Vec<String>,
}

impl Facts {
    /// About the answer to `query`; `capped` if Azure had more than was read.
    pub(super) fn of(query: &CostQuery, capped: bool, now: UnixTime) -> Self {
        let CostQuery { scope, period, metric, filters, .. } = query;
        Self {
            scope: scope.clone(),
            period: *period,
            metric: *metric,
            filters: filters.clone(),
            as_of: rfc3339(now),
            complete: !capped,
            notes: notes(scope, period, capped),
        }
    }

    /// Whose costs.
    pub(super) fn scope(&self) -> &CostScope {
        &self.scope
    }

    /// Of which days.
    pub(super) fn period(&self) -> Period {
        self.period
    }

    /// Adds a note before the others.
    pub(super) fn note(&mut self, note: impl Into<String>) {
        self.notes.insert(0, note.into());
    }

    /// `**Spend by service**, 2026-10-01 to 2026-10-31`
    pub(super) fn title(&self, what: &str) -> String {
        format!("**{what}**, {} to {}\n\n", self.period.from(), self.period.to())
    }

    /// `Subscription … cost 12.34 EUR (actual cost, whole UTC days, as of …).`
    pub(super) fn sentence<'a>(&self, totals: impl IntoIterator<Item = &'a Money>) -> String {
        format!("{} cost {} {}.\n", beginning(&self.scope), amounts(totals), self.terms())
    }

    /// `(actual cost, whole UTC days, as of …), counting only tag:env = prod`
    pub(super) fn terms(&self) -> String {
        let mut terms = format!("({})", self.how());
        for (index, filter) in self.filters.iter().enumerate() {
            let values: Vec<_> = filter.values.iter().map(|value| Name::new(value).markdown()).collect();
            let by = Name::new(&filter.by.to_string()).markdown();
            let glue = if index == 0 { ", counting only " } else { " and " };
            terms.extend([glue, &by, " = ", &values.join(" or ")]);
        }
        terms
    }

    /// `actual cost, whole UTC days, as of 2026-11-22T09:14:03Z`
    pub(super) fn how(&self) -> String {
        format!("{}, whole UTC days, as of {}", self.metric.words(), self.as_of)
    }

    /// The notes as a list.
    pub(super) fn list(&self) -> String {
        list(&self.notes)
    }
}

/// `Subscription …`, as a sentence begins.
pub(super) fn beginning(scope: &CostScope) -> String {
    let scope = Name::value(&scope.to_string()).markdown();
    let (first, rest) = scope.split_at(scope.chars().next().map_or(0, char::len_utf8));
    format!("{}{rest}", first.to_uppercase())
}

/// Notes as a list.
pub(super) fn list(notes: &[String]) -> String {
    notes.iter().flat_map(|note| ["- ", note, "\n"]).collect()
}

fn notes(scope: &CostScope, period: &Period, capped: bool) -> Vec<String> {
    let mut notes = Vec::new();
    if capped {
        notes.push(format!(
            "Azure has more than {PAGE_LIMIT} pages of lines; the rest was not read and the totals are too low. \
             Ask for fewer days."
        ));
    }
    if period.to_was_clamped() {
        notes.push(format!("The period ends today, {} (UTC): later days have no costs yet.", period.to()));
    }
    if period.has_incomplete_days() {
        notes.push("Usage of the last two to three days is still arriving.".to_owned());
    }
    if period.is_estimate() {
        notes.push(
            "The last month of the period is still open: its costs may change until the fifth of the next month."
                .to_owned(),
        );
    }
    if scope.is_management_group() {
        notes.push(
            "Of a management group Azure counts what was used, and not what was bought, such as reservations."
                .to_owned(),
        );
    }
    notes.push(NOT_INCLUDED.to_owned());
    notes
}

/// Totals in a sentence: `2539.09 EUR and 12 JPY`.
pub(super) fn amounts<'a>(totals: impl IntoIterator<Item = &'a Money>) -> String {
    let amounts: Vec<_> = totals.into_iter().map(|total| format!("{} {}", total.shown(), total.currency())).collect();
    amounts.join(" and ")
}

/// To the second.
pub(super) fn rfc3339(moment: UnixTime) -> String {
    let moment = OffsetDateTime::from_unix_timestamp(moment.0).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    // the format is known when this is compiled
    moment.format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z")).unwrap_or_default()
}
