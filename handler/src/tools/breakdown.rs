//! Costs of one currency as a person wants to see them: the largest first, the small ones together, the total.

use std::{borrow::Cow, collections::BTreeMap};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::table::Table;
use crate::azure::{CostLine, Currency, Money, Name, OutOfRange, Totals};

/// How many lines are shown one by one: 1 to 50, by default 20.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u64")]
pub(super) struct Top(usize);

/// Costs of one currency. `total` is exactly `items` and `other` together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Breakdown {
    /// Everything, also what is not shown one by one.
    total: Money,
    /// The largest, in descending order.
    items: Vec<Item>,
    /// The rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    other: Option<Other>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Item {
    /// Chosen by others.
    name: Name,
    cost: Money,
    /// Of the total; absent where the total is not positive.
    #[serde(skip_serializing_if = "Option::is_none")]
    share_percent: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Other {
    /// How many items are summed up here.
    count: usize,
    cost: Money,
    /// Of the total; absent where the total is not positive.
    #[serde(skip_serializing_if = "Option::is_none")]
    share_percent: Option<String>,
}

/// Largest first; equal amounts by name, so that the same costs always look the same.
pub(super) fn sort(lines: &mut [CostLine]) {
    lines.sort_by(|a, b| {
        let currency = a.cost.currency().cmp(&b.cost.currency());
        currency.then_with(|| b.cost.compare(a.cost)).then_with(|| a.name.cmp(&b.name))
    });
}

/// One breakdown for each currency, by its code.
pub(super) fn by_currency(mut lines: Vec<CostLine>, top: Top) -> Result<Vec<Breakdown>, OutOfRange> {
    sort(&mut lines);
    let mut currencies: BTreeMap<Currency, Vec<CostLine>> = BTreeMap::new();
    for line in lines {
        currencies.entry(line.cost.currency()).or_default().push(line);
    }
    currencies.into_iter().map(|(currency, lines)| Breakdown::of(currency, lines, top)).collect()
}

impl Breakdown {
    /// `lines` are sorted and of one currency.
    fn of(currency: Currency, mut lines: Vec<CostLine>, top: Top) -> Result<Self, OutOfRange> {
        let sum = |lines: &[CostLine]| Ok(Totals::of(lines.iter().map(|line| line.cost))?.in_currency(currency));
        let total = sum(&lines)?;
        let rest = lines.split_off(top.0.min(lines.len()));
        let cost = sum(&rest)?;
        let other = Other { count: rest.len(), cost, share_percent: cost.percent_of(total) };
        let item = |CostLine { name, cost }| Item { name, cost, share_percent: cost.percent_of(total) };
        let items = lines.into_iter().map(item).collect();
        Ok(Self { total, items, other: Some(other).filter(|other| other.count > 0) })
    }

    pub(super) fn total(&self) -> Money {
        self.total
    }

    /// As a table; `what` heads the first column.
    pub(super) fn table(&self, what: &str) -> String {
        let mut table = Table::new([what, &format!("Cost ({})", self.total.currency()), "Share"]);
        for Item { name, cost, share_percent } in &self.items {
            table.row([&name.markdown(), &cost.shown(), &percent(share_percent.as_deref())]);
        }
        if let Some(Other { count, cost, share_percent }) = &self.other {
            let items = if *count == 1 { "item" } else { "items" };
            table.row([&format!("Other ({count} {items})"), &cost.shown(), &percent(share_percent.as_deref())]);
        }
        let whole = self.total.percent_of(self.total).map(|_| "100");
        table.row(["**Total**", &format!("**{}**", self.total.shown()), &percent(whole)]);
        table.into_text()
    }
}

fn percent(share: Option<&str>) -> String {
    share.map(|share| format!("{share} %")).unwrap_or_default()
}

impl Top {
    const MOST: usize = 50;
}

impl Default for Top {
    fn default() -> Self {
        Self(20)
    }
}

impl TryFrom<u64> for Top {
    type Error = &'static str;

    fn try_from(count: u64) -> Result<Self, Self::Error> {
        let count = usize::try_from(count).ok().filter(|count| (1..=Self::MOST).contains(count));
        count.map(Self).ok_or("out of range")
    }
}

impl JsonSchema for Top {
    fn schema_name() -> Cow<'static, str> {
        "Top".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "integer",
            "description": "How many to show one by one, 1 to 50; the rest is summed up. Default: 20.",
            "minimum": 1,
            "maximum": Self::MOST,
            "examples": [20],
        })
    }
}
