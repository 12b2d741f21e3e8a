//! Budgets and alerts in words and tables.

use std::collections::BTreeMap;

use super::{
    super::{facts, table::Table},
    AlertItem, BudgetItem, CostBudgets,
};
use crate::azure::{BudgetCondition, BudgetStatus, Currency, Money, Name, Percent};

/// How many values of a condition fit into a cell.
const MOST_VALUES: usize = 3;

/// The whole answer. `counts` is of all budgets and `active` of all alerts, also of those not shown.
pub(super) fn whole(data: &CostBudgets, counts: &str, active: usize) -> String {
    let mut text = format!("**Budgets**\n\n{}", sentence(data, counts));
    if !data.budgets.is_empty() {
        text.extend(["\n", &budget_table(&data.budgets)]);
    }
    if let (Some(alerts), Some(count)) = (&data.alerts, data.alert_count) {
        text.extend(["\n", &alert_sentence(count, active)]);
        if !alerts.is_empty() {
            text.extend(["\n", &alert_table(alerts)]);
        }
    }
    if !data.notes.is_empty() {
        text.extend(["\n", &facts::list(&data.notes)]);
    }
    text
}

fn sentence(CostBudgets { scope, as_of, budget_count, .. }: &CostBudgets, counts: &str) -> String {
    let scope = facts::beginning(scope);
    match budget_count {
        0 => format!(
            "{scope} has no budgets (as of {as_of}). To be warned before costs grow too high, create one in the Azure \
             portal under Cost Management, Budgets.\n"
        ),
        1 => format!("{scope} has 1 budget: {counts} (as of {as_of}).\n"),
        many => format!("{scope} has {many} budgets: {counts} (as of {as_of}).\n"),
    }
}

fn alert_sentence(count: usize, active: usize) -> String {
    match count {
        0 => "Azure raised no alerts.\n".to_owned(),
        1 => format!("Azure raised 1 alert, {active} active.\n"),
        many => format!("Azure raised {many} alerts, {active} active.\n"),
    }
}

/// `1 exceeded, 2 within`: how many budgets stand how, the most pressing first.
pub(super) fn counts(budgets: &[BudgetItem]) -> String {
    let mut counts: BTreeMap<BudgetStatus, usize> = BTreeMap::new();
    for budget in budgets {
        *counts.entry(budget.status).or_default() += 1;
    }
    let counts: Vec<_> = counts.into_iter().map(|(status, count)| format!("{count} {}", words(status))).collect();
    counts.join(", ")
}

fn words(status: BudgetStatus) -> &'static str {
    match status {
        BudgetStatus::Exceeded => "exceeded",
        BudgetStatus::ForecastToExceed => "forecast to exceed",
        BudgetStatus::Warning => "at 80 % or more",
        BudgetStatus::Within => "within",
        BudgetStatus::NotEvaluated => "not evaluated yet",
        BudgetStatus::Ended => "ended",
    }
}

fn budget_table(budgets: &[BudgetItem]) -> String {
    let table = Table::new().text("Budget").text("Status").number("Used").text("").number("Spent").number("Amount");
    let mut table = table.number("Forecast").text("Period").text("Counts");
    for budget in budgets {
        table.row([
            budget.name.markdown(),
            words(budget.status).to_owned(),
            percent(budget.percent_used.as_ref()),
            bar(budget),
            money(budget.current_spend.as_ref()),
            money(Some(&budget.amount)),
            money(budget.forecast.as_ref()),
            period(budget),
            counted(budget),
        ]);
    }
    table.into_text()
}

fn alert_table(alerts: &[AlertItem]) -> String {
    let table = Table::new().text("Created").text("Type").text("Status").text("Budget");
    let mut table = table.number("Threshold").number("Spent or expected").number("Amount");
    for alert in alerts {
        table.row([
            alert.created.map(|day| day.to_string()).unwrap_or_default(),
            alert.r#type.markdown(),
            alert.status.markdown(),
            about(alert),
            percent(alert.threshold_percent.as_ref()),
            money(alert.spend.as_ref()),
            money(alert.amount.as_ref()),
        ]);
    }
    table.into_text()
}

/// What was spent beside the amount; full where it is more.
fn bar(BudgetItem { amount, current_spend, .. }: &BudgetItem) -> String {
    let spent = current_spend.as_ref().map(|spent| if spent.compare(amount).is_gt() { amount } else { spent });
    spent.map(|spent| spent.bar(amount)).unwrap_or_default()
}

/// Which costs count.
fn counted(BudgetItem { resource_group, conditions, conditions_complete, .. }: &BudgetItem) -> String {
    let group = resource_group.as_ref().map(|group| format!("resource group {}", group.markdown()));
    let mut parts: Vec<_> = group.into_iter().chain(conditions.iter().map(condition)).collect();
    if !conditions_complete {
        parts.push("more conditions".to_owned());
    }
    if parts.is_empty() { "everything".to_owned() } else { parts.join(" and ") }
}

fn condition(BudgetCondition { by, values }: &BudgetCondition) -> String {
    let mut shown: Vec<_> = values.iter().take(MOST_VALUES).map(Name::markdown).collect();
    if values.len() > MOST_VALUES {
        shown.push(format!("{} more", values.len() - MOST_VALUES));
    }
    format!("{} = {}", by.markdown(), shown.join(" or "))
}

fn money(money: Option<&Money>) -> String {
    let code = |money: &Money| match money.currency() {
        Currency::UNKNOWN => String::new(),
        currency => format!(" {currency}"),
    };
    money.map(|money| money.shown() + &code(money)).unwrap_or_default()
}

fn percent(percent: Option<&Percent>) -> String {
    percent.map(|percent| format!("{percent} %")).unwrap_or_default()
}

/// `Monthly, 2026-04-01 to 2027-03-31`
fn period(BudgetItem { time_grain, from, until, .. }: &BudgetItem) -> String {
    let days = match (from, until) {
        (Some(from), Some(until)) => Some(format!("{from} to {until}")),
        (Some(from), None) => Some(format!("from {from}")),
        (None, until) => until.map(|until| format!("until {until}")),
    };
    time_grain.as_ref().map(Name::markdown).into_iter().chain(days).collect::<Vec<_>>().join(", ")
}

/// The budget an alert is of, and whose it is.
fn about(AlertItem { budget, resource_group, .. }: &AlertItem) -> String {
    let group = resource_group.as_ref().map(|group| format!("resource group {}", group.markdown()));
    budget.as_ref().map(Name::markdown).into_iter().chain(group).collect::<Vec<_>>().join(", ")
}
