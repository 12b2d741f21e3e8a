//! What changed between two periods, exactly: every change is current less base, and all of them are the total's.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::periods::{Periods, Side};
use crate::{
    azure::{CostLine, Currency, Money, Name, Percent, Totals},
    tools::breakdown::Top,
};

/// One period beside another, in one currency. The change of `total` is exactly that of `movers` and `other` together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Comparison {
    /// Everything, also what is not shown one by one.
    pub(super) total: Change,
    /// The change of what a day costs, where the periods have different lengths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) per_day_change_percent: Option<Percent>,
    /// The largest changes in either direction first.
    pub(super) movers: Vec<Mover>,
    /// The rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) other: Option<Other>,
    /// What only this period has, the largest first, as many as movers at most.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) new: Vec<Item>,
    /// What only the base has, the largest first, as many as movers at most.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) removed: Vec<Item>,
    /// Purchases and refunds that differ: charged at once, not by use, so that they are no growth.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) one_time: Vec<OneTime>,
}

/// From the base to the current period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the field is what a reader of the answer looks for")]
pub(super) struct Change {
    pub(super) base: Money,
    pub(super) current: Money,
    /// Exactly current less base.
    pub(super) change: Money,
    /// Of the base; absent where the base is not positive, or where a regime breaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) change_percent: Option<Percent>,
    pub(super) kind: Kind,
    /// A step of ten times or more on more than 100 units of the currency: something began or ended, nothing grew.
    pub(super) regime_break: bool,
}

/// Which way it went. `new`: the base is nothing; `removed`: the current period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum Kind {
    New,
    Removed,
    Increased,
    Decreased,
    Unchanged,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Mover {
    /// The value of each grouping. Chosen by others.
    pub(super) names: Vec<Name>,
    #[serde(flatten)]
    pub(super) change: Change,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Other {
    /// How many items are summed up here.
    pub(super) count: usize,
    #[serde(flatten)]
    pub(super) change: Change,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    /// The value of each grouping. Chosen by others.
    pub(super) names: Vec<Name>,
    pub(super) cost: Money,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OneTime {
    /// The value of each grouping. Chosen by others.
    pub(super) names: Vec<Name>,
    pub(super) charge_type: Charge,
    pub(super) base: Money,
    pub(super) current: Money,
}

/// The charge types of Azure that are no usage.
/// <https://learn.microsoft.com/azure/cost-management-billing/automate/understand-usage-details-fields>
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum Charge {
    Purchase,
    Refund,
}

/// How the names of a line are read.
#[derive(Clone, Copy)]
pub(super) struct Names {
    /// So many, from the first, say what an item is.
    pub(super) shown: usize,
    /// Which one is the charge type.
    pub(super) charge_type: Option<usize>,
}

/// Costs of both periods.
#[derive(Default)]
struct Sides {
    base: Vec<Money>,
    current: Vec<Money>,
}

/// Costs of one currency.
#[derive(Default)]
struct Ledger {
    items: BTreeMap<Vec<Name>, Sides>,
    one_time: BTreeMap<(Vec<Name>, Charge), Sides>,
}

/// One comparison for each currency that is in one of the periods, by its code.
pub(super) fn compare(lines: Vec<CostLine>, names: Names, periods: &Periods, top: Top) -> Vec<Comparison> {
    let mut ledgers: BTreeMap<Currency, Ledger> = BTreeMap::new();
    for line in lines {
        if let Some(side) = line.date.and_then(|day| periods.side(day)) {
            ledgers.entry(line.cost.currency()).or_default().enter(line, side, names);
        }
    }
    ledgers.into_iter().map(|(currency, ledger)| Comparison::of(currency, ledger, periods, top.count())).collect()
}

impl Ledger {
    fn enter(&mut self, line: CostLine, side: Side, names: Names) {
        let charge = names.charge_type.and_then(|index| Charge::of(line.names.get(index)?));
        let CostLine { names: mut item, cost, .. } = line;
        item.truncate(names.shown);
        if let Some(charge) = charge {
            self.one_time.entry((item.clone(), charge)).or_default().enter(cost.clone(), side);
        }
        self.items.entry(item).or_default().enter(cost, side);
    }
}

impl Sides {
    fn enter(&mut self, cost: Money, side: Side) {
        match side {
            Side::Base => self.base.push(cost),
            Side::Current => self.current.push(cost),
        }
    }

    fn change(&self, currency: Currency) -> Change {
        Change::between(Totals::of(&self.base).in_currency(currency), Totals::of(&self.current).in_currency(currency))
    }
}

impl Charge {
    fn of(name: &Name) -> Option<Self> {
        match name.as_str() {
            purchase if purchase.eq_ignore_ascii_case("Purchase") => Some(Self::Purchase),
            refund if refund.eq_ignore_ascii_case("Refund") => Some(Self::Refund),
            _ => None,
        }
    }
}

impl Comparison {
    fn of(currency: Currency, Ledger { items, one_time }: Ledger, periods: &Periods, top: usize) -> Self {
        let mover = |(names, sides): (_, Sides)| Mover { names, change: sides.change(currency) };
        let mut movers: Vec<_> = items.into_iter().map(mover).collect();
        // stable: what changed as much stays in the order of names
        movers.sort_by(|a, b| b.change.change.abs().compare(&a.change.change.abs()));
        let total = Change::sum(&movers, currency);
        let only = |kind| {
            let these = movers.iter().filter(|mover| mover.change.kind == kind).take(top);
            let item = |Mover { names, change }: &Mover| Item {
                names: names.clone(),
                cost: if kind == Kind::New { &change.current } else { &change.base }.clone(),
            };
            these.map(item).collect()
        };
        let (new, removed) = (only(Kind::New), only(Kind::Removed));
        let rest = movers.split_off(top.min(movers.len()));
        let other = Other { count: rest.len(), change: Change::sum(&rest, currency) };
        Self {
            per_day_change_percent: per_day_change(&total, periods),
            total,
            movers,
            other: Some(other).filter(|other| other.count > 0),
            new,
            removed,
            one_time: differing(one_time, currency, top),
        }
    }

    /// What changed most, if anything did.
    pub(super) fn first_mover(&self) -> Option<&Mover> {
        self.movers.first().filter(|mover| mover.change.kind != Kind::Unchanged)
    }
}

/// In percent of what a day of the base costs.
fn per_day_change(total: &Change, periods: &Periods) -> Option<Percent> {
    let (base_days, current_days) = (periods.base().days(), periods.current().days());
    // by the days of the other, so that nothing is divided
    let change = Change::between(total.base.times(current_days), total.current.times(base_days));
    let says_something = base_days != current_days && total.kind != Kind::Removed && !total.regime_break;
    change.change_percent.filter(|_| says_something)
}

/// The largest first. What is charged alike in both periods explains nothing.
fn differing(one_time: BTreeMap<(Vec<Name>, Charge), Sides>, currency: Currency, top: usize) -> Vec<OneTime> {
    let changes = one_time.into_iter().map(|((names, charge), sides)| (names, charge, sides.change(currency)));
    let mut changes: Vec<_> = changes.filter(|(.., change)| change.kind != Kind::Unchanged).collect();
    changes.sort_by(|(.., a), (.., b)| b.change.abs().compare(&a.change.abs()));
    let one_time = |(names, charge_type, Change { base, current, .. })| OneTime { names, charge_type, base, current };
    changes.into_iter().take(top).map(one_time).collect()
}

impl Change {
    /// Of amounts of one currency.
    fn between(base: Money, current: Money) -> Self {
        let change = Totals::of([&current, &base.negated()]).in_currency(current.currency());
        let kind = match (base.is_zero(), current.is_zero()) {
            _ if change.is_zero() => Kind::Unchanged,
            (true, _) => Kind::New,
            (_, true) => Kind::Removed,
            _ if change.is_negative() => Kind::Decreased,
            _ => Kind::Increased,
        };
        let regime_break = current.is_step_from(&base);
        let change_percent = change.percent_of(&base).filter(|_| !regime_break);
        Self { base, current, change, change_percent, kind, regime_break }
    }

    fn sum(movers: &[Mover], currency: Currency) -> Self {
        let sum = |side: fn(&Change) -> &Money| Totals::of(movers.iter().map(|mover| side(&mover.change)));
        Self::between(
            sum(|change| &change.base).in_currency(currency),
            sum(|change| &change.current).in_currency(currency),
        )
    }

    /// The percentage without its direction.
    pub(super) fn size_percent(&self) -> Option<Percent> {
        self.change.abs().percent_of(&self.base).filter(|_| !self.regime_break)
    }
}
