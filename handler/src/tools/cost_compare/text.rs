//! The answer as text: what it came to, why, and the table behind it.

use super::{
    Compared,
    drill_down::DrillDown,
    movers::{Change, Charge, Comparison, Item, Kind, Mover, OneTime, Other},
};
use crate::{
    azure::{Dimension, Grouping, Money, Name, Period},
    tools::{facts, table::Table},
};

/// So many changes are reasons in the sentence; the table has the others.
const REASONS: usize = 3;

/// All of it.
pub(super) fn whole(data: &Compared) -> String {
    let mut text = data.facts.title("Why costs changed");
    let groupings = std::slice::from_ref(&data.grouped_by);
    for (index, comparison) in data.currencies.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        text.push_str(&sentences(data, comparison, index == 0));
        text.push('\n');
        text.push_str(&table(groupings, &comparison.movers, comparison.other.as_ref(), Some(&comparison.total)));
        text.push_str(&only(comparison, groupings));
    }
    if let Some(DrillDown { item, grouped_by, movers, other, .. }) = &data.drill_down {
        text.extend(["\nBehind the change of ", &item.markdown(), ":\n\n"]);
        text.push_str(&table(grouped_by, movers, other.as_ref(), None));
    }
    text.push('\n');
    text.push_str(&data.facts.list());
    text
}

/// `Subscription … cost 12.34 EUR from … to …, 1.00 EUR (8.8 %) more than from … to …. The largest reasons: ….`
fn sentences(data: &Compared, comparison: &Comparison, with_terms: bool) -> String {
    let days = |period: &Period| format!("from {} to {}", period.from(), period.to());
    let (current, base) = (days(&data.facts.period()), days(&data.base_period));
    let total = &comparison.total;
    let mut text = format!("{} cost {} {current}", facts::beginning(data.facts.scope()), amount(&total.current));
    let size = amount(&total.change.abs());
    let percent = total.size_percent().map(|percent| format!(" ({percent} %)")).unwrap_or_default();
    let difference = match total.kind {
        Kind::New => format!(", after nothing {base}"),
        Kind::Removed => format!(", after {} {base}", amount(&total.base)),
        Kind::Increased => format!(", {size}{percent} more than {base}"),
        Kind::Decreased => format!(", {size}{percent} less than {base}"),
        Kind::Unchanged => format!(", as much as {base}"),
    };
    text.push_str(&difference);
    if with_terms {
        text.extend([" ", &data.facts.terms()]);
    }
    text.push('.');
    let changed = comparison.movers.iter().filter(|mover| mover.change.kind != Kind::Unchanged);
    let reasons: Vec<_> = changed.take(REASONS).map(reason).collect();
    if !reasons.is_empty() {
        let heading = if reasons.len() == 1 { " The reason: " } else { " The largest reasons: " };
        text.extend([heading, &reasons.join(", "), "."]);
    }
    if !comparison.one_time.is_empty() {
        let charges: Vec<_> = comparison.one_time.iter().map(one_time).collect();
        text.extend([" Charged at once, not by use: ", &charges.join("; "), "."]);
    }
    text.push('\n');
    text
}

/// `Virtual Machines +200.83`
fn reason(Mover { names, change }: &Mover) -> String {
    let step = if change.regime_break {
        format!(" (a step from {} to {})", change.base.shown(), change.current.shown())
    } else {
        String::new()
    };
    format!("{} {}{step}", plain(names), change.change.signed())
}

/// `a one-time purchase of 500.00 EUR (Virtual Machines) in this period`
fn one_time(OneTime { names, charge_type, base, current }: &OneTime) -> String {
    let names = plain(names);
    let charge = match charge_type {
        Charge::Purchase => "purchase",
        Charge::Refund => "refund",
    };
    if base.is_zero() {
        format!("a one-time {charge} of {} ({names}) in this period only", amount(current))
    } else if current.is_zero() {
        format!("a one-time {charge} of {} ({names}) in the base only", amount(base))
    } else {
        format!("{charge}s of {} ({names}) after {} in the base", amount(current), amount(base))
    }
}

/// What only one of the periods has.
fn only(comparison: &Comparison, groupings: &[Grouping]) -> String {
    let list = |heading: &str, items: &[Item]| {
        let shown = |Item { names, cost }: &Item| format!("{} {}", cells(groupings, names).join(" / "), cost.shown());
        let items: Vec<_> = items.iter().map(shown).collect();
        if items.is_empty() { String::new() } else { format!("\n{heading}: {}.\n", items.join(", ")) }
    };
    [list("New", &comparison.new), list("No longer there", &comparison.removed)].concat()
}

fn table(groupings: &[Grouping], movers: &[Mover], other: Option<&Other>, total: Option<&Change>) -> String {
    let Some(largest) = movers.first().map(|mover| mover.change.change.abs()) else { return String::new() };
    let mut table = Table::new();
    for grouping in groupings {
        table = table.text(Name::new(&grouping.heading()).markdown());
    }
    let currency = largest.currency();
    let mut table = table
        .number(format!("Base ({currency})"))
        .number(format!("Current ({currency})"))
        .number("Change")
        .number("%")
        .text("");
    let mut row = |names: Vec<String>, change: &Change, bar: String, bold: &str| {
        let mut names = names.into_iter();
        let names: Vec<_> = groupings.iter().map(|_| names.next().unwrap_or_default()).collect();
        let amounts = [change.base.shown(), change.current.shown(), change.change.signed()];
        let amounts = amounts.map(|amount| format!("{bold}{amount}{bold}"));
        table.row(names.into_iter().chain(amounts).chain([percent(change), bar]));
    };
    for Mover { names, change } in movers {
        row(cells(groupings, names), change, change.change.abs().bar(&largest), "");
    }
    if let Some(Other { count, change }) = other {
        let items = if *count == 1 { "item" } else { "items" };
        row(vec![format!("Other ({count} {items})")], change, change.change.abs().bar(&largest), "");
    }
    if let Some(total) = total {
        row(vec!["**Total**".to_owned()], total, String::new(), "**");
    }
    table.into_text()
}

/// A rate where there is one, else why there is none.
fn percent(change: &Change) -> String {
    match (&change.change_percent, change.kind) {
        (_, Kind::New) => "new".to_owned(),
        (_, Kind::Removed) => "removed".to_owned(),
        _ if change.regime_break => "step".to_owned(),
        (Some(percent), _) => format!("{} %", percent.signed()),
        (None, _) => String::new(),
    }
}

/// The names for a table.
fn cells(groupings: &[Grouping], names: &[Name]) -> Vec<String> {
    groupings.iter().zip(names).map(|(grouping, name)| cell(grouping, name)).collect()
}

/// The id of a resource begins with its subscription, which leaves no room for what tells resources apart.
fn cell(grouping: &Grouping, name: &Name) -> String {
    const GROUPS: &str = "/resourcegroups/";
    let place = name
        .as_str()
        .to_ascii_lowercase()
        .find(GROUPS)
        .filter(|_| *grouping == Grouping::Dimension(Dimension::ResourceId));
    let rest = place.and_then(|place| name.as_str().get(place + GROUPS.len()..));
    rest.map_or_else(|| name.markdown(), |rest| Name::value(rest).markdown())
}

fn plain(names: &[Name]) -> String {
    names.iter().map(Name::markdown).collect::<Vec<_>>().join(" / ")
}

fn amount(money: &Money) -> String {
    format!("{} {}", money.shown(), money.currency())
}
