//! Costs of one currency as a person wants to see them: the largest first, the small ones together, the total.

use std::{borrow::Cow, collections::BTreeMap};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::table::Table;
use crate::azure::{CostLine, Currency, Grouping, Money, Name, Percent, Totals};

/// Said where shares do not add up.
pub(super) const ROUNDED_SHARES: &str = "Shares are rounded one by one, so that they do not add up to exactly 100 %.";

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
    /// The value of each grouping. Chosen by others.
    names: Vec<Name>,
    cost: Money,
    /// Of the total; absent where the total is not positive.
    #[serde(skip_serializing_if = "Option::is_none")]
    share_percent: Option<Percent>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Other {
    /// How many items are summed up here.
    count: usize,
    cost: Money,
    /// Of the total; absent where the total is not positive.
    #[serde(skip_serializing_if = "Option::is_none")]
    share_percent: Option<Percent>,
}

/// Largest first; equal amounts by name, so that the same costs always look the same.
pub(super) fn sort(lines: &mut [CostLine]) {
    lines.sort_by(|a, b| {
        let currency = a.cost.currency().cmp(&b.cost.currency());
        currency.then_with(|| b.cost.compare(&a.cost)).then_with(|| a.names.cmp(&b.names))
    });
}

/// One line for each name and currency, whatever else told lines apart.
pub(super) fn merged(lines: impl IntoIterator<Item = CostLine>) -> Vec<CostLine> {
    let mut merged: BTreeMap<_, Vec<Money>> = BTreeMap::new();
    for CostLine { names, cost, .. } in lines {
        merged.entry((names, cost.currency())).or_default().push(cost);
    }
    let line = |((names, currency), costs): (_, Vec<Money>)| CostLine {
        names,
        date: None,
        cost: Totals::of(&costs).in_currency(currency),
        usd: None,
    };
    merged.into_iter().map(line).collect()
}

/// One breakdown for each currency, by its code.
pub(super) fn by_currency(mut lines: Vec<CostLine>, top: Top) -> Vec<Breakdown> {
    sort(&mut lines);
    let mut currencies: BTreeMap<Currency, Vec<CostLine>> = BTreeMap::new();
    for line in lines {
        currencies.entry(line.cost.currency()).or_default().push(line);
    }
    currencies.into_iter().map(|(currency, lines)| Breakdown::of(currency, lines, top)).collect()
}

impl Breakdown {
    /// `lines` are sorted and of one currency.
    fn of(currency: Currency, mut lines: Vec<CostLine>, top: Top) -> Self {
        let sum = |lines: &[CostLine]| Totals::of(lines.iter().map(|line| &line.cost)).in_currency(currency);
        let total = sum(&lines);
        let rest = lines.split_off(top.0.min(lines.len()));
        let cost = sum(&rest);
        let other = Other { count: rest.len(), share_percent: cost.percent_of(&total), cost };
        let item =
            |line: CostLine| Item { names: line.names, share_percent: line.cost.percent_of(&total), cost: line.cost };
        let items = lines.into_iter().map(item).collect();
        Self { items, other: Some(other).filter(|other| other.count > 0), total }
    }

    pub(super) fn total(&self) -> &Money {
        &self.total
    }

    /// What is shown one by one, in its order.
    pub(super) fn names(&self) -> impl Iterator<Item = &[Name]> {
        self.items.iter().map(|item| item.names.as_slice())
    }

    /// How many items there are, shown or not.
    pub(super) fn count(&self) -> usize {
        self.items.len() + self.other.as_ref().map_or(0, |other| other.count)
    }

    /// Whether the shares shown are the whole together, rounded as they are.
    pub(super) fn shares_add_up(&self) -> bool {
        let items = self.items.iter().map(|item| &item.share_percent);
        let shares: Vec<_> = items.chain(self.other.as_ref().map(|other| &other.share_percent)).flatten().collect();
        shares.is_empty() || Percent::add_up(shares)
    }

    /// As a table; `groupings` head the first columns.
    pub(super) fn table(&self, groupings: &[Grouping]) -> String {
        let mut table = Table::new();
        for grouping in groupings {
            table = table.text(Name::new(&grouping.heading()).markdown());
        }
        let mut table = table.number(format!("Cost ({})", self.total.currency())).number("Share").text("");
        let mut row = |names: Vec<String>, cost: String, share: Option<&Percent>, bar: String| {
            let share = share.map(|share| format!("{share} %")).unwrap_or_default();
            let mut names = names.into_iter();
            let names: Vec<_> = groupings.iter().map(|_| names.next().unwrap_or_default()).collect();
            table.row(names.into_iter().chain([cost, share, bar]));
        };
        let largest = self.items.first().map_or(&self.total, |item| &item.cost);
        for Item { names, cost, share_percent } in &self.items {
            let names = names.iter().map(Name::markdown).collect();
            row(names, cost.shown(), share_percent.as_ref(), cost.bar(largest));
        }
        if let Some(Other { count, cost, share_percent }) = &self.other {
            let items = if *count == 1 { "item" } else { "items" };
            row(vec![format!("Other ({count} {items})")], cost.shown(), share_percent.as_ref(), cost.bar(largest));
        }
        let whole = self.total.percent_of(&self.total);
        row(vec!["**Total**".to_owned()], format!("**{}**", self.total.shown()), whole.as_ref(), String::new());
        table.into_text()
    }
}

impl Top {
    const MOST: usize = 50;

    /// So many.
    pub(super) fn count(self) -> usize {
        self.0
    }

    /// Half as many, as long as any are left.
    pub(super) fn half(self) -> Option<Self> {
        (self.0 > 1).then_some(Self(self.0 / 2))
    }
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
