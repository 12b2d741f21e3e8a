//! The lab's costs, summed by the tests themselves: no line of the handler takes part.

use std::{collections::BTreeMap, sync::Arc};

use lab::resource_manager::{CostRow, Metric};
use rust_decimal::{Decimal, RoundingStrategy};
use time::Date;

use super::tenant::{Tenant, Totals};

/// Amounts by name and currency.
pub(super) type Sums = BTreeMap<(String, String), Decimal>;

/// Rows of costs.
#[derive(Clone)]
pub(super) struct Ledger {
    rows: Arc<Vec<CostRow>>,
    metric: Metric,
}

impl Ledger {
    /// All of the tenant, as they were billed.
    pub(super) fn of(tenant: &Tenant) -> Self {
        Self { rows: tenant.azure().rows(), metric: Metric::Actual }
    }

    pub(super) fn amortized(self) -> Self {
        Self { metric: Metric::Amortized, ..self }
    }

    /// Both ends included.
    pub(super) fn between(&self, from: Date, to: Date) -> Self {
        self.only(|row| (from..=to).contains(&row.date))
    }

    pub(super) fn of_subscription(&self, id: &str) -> Self {
        self.only(|row| row.subscription_id == id)
    }

    /// A management group has the costs of usage, not of purchases:
    /// <https://learn.microsoft.com/azure/cost-management-billing/costs/understand-work-scopes>.
    pub(super) fn of_usage(&self) -> Self {
        self.only(|row| row.charge_type != "Purchase" && row.charge_type != "Refund")
    }

    pub(super) fn only(&self, keep: impl Fn(&CostRow) -> bool) -> Self {
        let rows = self.rows.iter().filter(|row| keep(row)).cloned();
        Self { rows: Arc::new(rows.collect()), metric: self.metric }
    }

    pub(super) fn totals(&self) -> Totals {
        let mut totals = Totals::new();
        for row in self.counted() {
            *totals.entry(row.currency.to_string()).or_default() += self.amount(row);
        }
        totals
    }

    /// One sum for each name, as answers write names.
    pub(super) fn by(&self, name: impl Fn(&CostRow) -> String) -> Sums {
        let mut sums = Sums::new();
        for row in self.counted() {
            *sums.entry((name(row), row.currency.to_string())).or_default() += self.amount(row);
        }
        sums
    }

    /// Whatever the metric.
    pub(super) fn rows(&self) -> impl Iterator<Item = &CostRow> {
        self.rows.iter()
    }

    /// Those that the metric has.
    pub(super) fn counted(&self) -> impl Iterator<Item = &CostRow> {
        self.rows.iter().filter(|row| row.is_in(self.metric))
    }

    fn amount(&self, row: &CostRow) -> Decimal {
        match self.metric {
            Metric::Actual => row.cost,
            Metric::Amortized => row.amortized_cost,
        }
    }
}

/// A name as answers write it: on one line, without what turns its direction, never empty.
pub(super) fn shown(name: &str) -> String {
    let is_seen = |character: &char| {
        !('\u{202a}'..='\u{202e}').contains(character) && !('\u{2066}'..='\u{2069}').contains(character)
    };
    let line: String = name.replace('\n', " ").chars().filter(is_seen).collect();
    if line.is_empty() { "Unassigned".to_owned() } else { line }
}

/// A part of a whole in percent, to one place, half away from zero.
pub(super) fn percent(part: Decimal, whole: Decimal) -> String {
    let percent =
        (part * Decimal::ONE_HUNDRED / whole).round_dp_with_strategy(1, RoundingStrategy::MidpointAwayFromZero);
    format!("{percent:.1}")
}
