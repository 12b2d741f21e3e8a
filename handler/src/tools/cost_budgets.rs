//! `cost_budgets`: whether spending is within its budgets.

use std::cmp::Reverse;

use identity::{Scope, UnixTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    facts,
    registry::{Answer, Run, THEIRS, Tool, UserCall},
    schema,
    stop::Stop,
    subject::SubscriptionArguments,
    yes_or_no::YesOrNo,
};
use crate::azure::{
    Alert, Budget, BudgetCondition, BudgetStatus, CostScope, Currency, Day, Money, Name, PAGE_LIMIT, Percent,
};

mod text;

/// The most budgets shown, and the most alerts.
const MOST_BUDGETS: usize = 50;
const MOST_ALERTS: usize = 20;
/// The most conditions of a budget shown, and the most values of a condition.
const MOST_CONDITIONS: usize = 5;
const MOST_VALUES: usize = 10;

/// The definition.
pub(super) fn tool() -> Tool {
    Tool {
        name: "cost_budgets",
        title: "Azure budgets",
        description: format!(
            "Whether a subscription or a resource group is within its budgets: what each allows, what was spent when \
             Azure looked last (about once a day), percent used, Azure's forecast, and the status, exceeded ones first; \
             with the alerts that Azure raised. Nobody's address is in the answer. Runs as the signed-in user: Azure \
             decides what they may see. {THEIRS}"
        ),
        input: schema::input(&[schema::part::<SubscriptionArguments>(), schema::part::<Arguments>()]),
        output: schema::output::<CostBudgets>(),
        run: Run::User(Scope::CostRead, |call| Box::pin(run(call))),
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Arguments {
    /// Whether to ask for alerts too, which is a second request to Azure. Default: true.
    #[schemars(extend("examples" = [false]))]
    include_alerts: Option<YesOrNo>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CostBudgets {
    scope: CostScope,
    /// When Azure was asked, as RFC 3339 in UTC. What was spent is older: Azure looks about once a day.
    as_of: String,
    /// Whether everything Azure has is here.
    complete: bool,
    /// How many budgets there are.
    budget_count: usize,
    /// The most pressing first: exceeded, forecast to exceed, 80 percent used, within, not evaluated yet, ended.
    budgets: Vec<BudgetItem>,
    /// How many alerts there are; absent where they were not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    alert_count: Option<usize>,
    /// Active ones first, then the newest; absent where they were not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    alerts: Option<Vec<AlertItem>>,
    notes: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct BudgetItem {
    /// Chosen by others.
    name: Name,
    /// Of this resource group; absent if of the whole subscription.
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_group: Option<Name>,
    status: BudgetStatus,
    /// What may be spent each time. The currency is XXX where Azure has not named it yet.
    amount: Money,
    /// What was spent when Azure looked last.
    #[serde(skip_serializing_if = "Option::is_none")]
    current_spend: Option<Money>,
    /// Of the amount.
    #[serde(skip_serializing_if = "Option::is_none")]
    percent_used: Option<Percent>,
    /// What Azure expects to be spent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    forecast: Option<Money>,
    /// How often it begins anew, in Azure's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    time_grain: Option<Name>,
    /// First day (UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Day>,
    /// Last day (UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Day>,
    /// Only these costs count; all must hold. None: everything counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    conditions: Vec<BudgetCondition>,
    /// Whether these are all conditions with all their values.
    conditions_complete: bool,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AlertItem {
    /// What it is about, in Azure's word.
    r#type: Name,
    /// Whether anybody has seen to it, in Azure's word.
    status: Name,
    /// The budget it is of. Chosen by others.
    #[serde(skip_serializing_if = "Option::is_none")]
    budget: Option<Name>,
    /// Of this resource group; absent if of the whole subscription.
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_group: Option<Name>,
    /// The part of the amount that was crossed.
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold_percent: Option<Percent>,
    /// The budget's amount.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Money>,
    /// What was spent, or expected to be, when it was raised.
    #[serde(skip_serializing_if = "Option::is_none")]
    spend: Option<Money>,
    /// The day it was raised (UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<Day>,
}

/// What Azure answered: a list, and whether it has more.
type Listed<T> = (Vec<T>, bool);

async fn run(call: UserCall<'_>) -> Result<Answer, Stop> {
    let with_alerts = call.arguments::<Arguments>()?.include_alerts.is_none_or(YesOrNo::is_yes);
    let scope = call.arguments::<SubscriptionArguments>()?.scope();
    let (now, today) = (call.now(), call.today());
    let azure = call.azure().await?;
    let budgets = azure.budgets(&scope).await.map_err(|failure| Stop::failed(failure, &scope))?;
    let alerts = if with_alerts {
        Some(azure.alerts(&scope).await.map_err(|failure| Stop::failed(failure, &scope))?)
    } else {
        None
    };
    Ok(answer(scope, budgets, alerts, now, today))
}

fn answer(
    scope: CostScope,
    (budgets, budgets_capped): Listed<Budget>,
    alerts: Option<Listed<Alert>>,
    now: UnixTime,
    today: Day,
) -> Answer {
    let alerts_capped = alerts.as_ref().is_some_and(|(_, capped)| *capped);
    let (budget_count, alert_count) = (budgets.len(), alerts.as_ref().map(|(alerts, _)| alerts.len()));
    let mut budgets: Vec<_> = budgets.into_iter().map(|budget| BudgetItem::of(budget, today)).collect();
    let counts = text::counts(&budgets);
    budgets.sort_by(|a, b| a.order().cmp(&b.order()));
    let alerts = alerts.map(|(mut alerts, _)| {
        alerts.sort_by_key(|alert| (!alert.is_active(), Reverse(alert.created)));
        alerts
    });
    let active = alerts.iter().flatten().filter(|alert| alert.is_active()).count();
    budgets.truncate(MOST_BUDGETS);
    let data = CostBudgets {
        scope,
        as_of: facts::rfc3339(now),
        complete: !budgets_capped && !alerts_capped,
        notes: notes(&budgets, budget_count, alert_count, budgets_capped || alerts_capped),
        budget_count,
        budgets,
        alert_count,
        alerts: alerts.map(|alerts| alerts.into_iter().take(MOST_ALERTS).map(AlertItem::of).collect()),
    };
    Answer::new(text::whole(&data, &counts, active), &data)
}

fn notes(budgets: &[BudgetItem], budget_count: usize, alert_count: Option<usize>, capped: bool) -> Vec<String> {
    let mut notes = Vec::new();
    if capped {
        notes.push(format!("Azure has more than {PAGE_LIMIT} pages; the rest was not read. Ask for a resource group."));
    }
    if budget_count > MOST_BUDGETS {
        notes.push(format!("The {MOST_BUDGETS} most pressing of {budget_count} budgets are shown."));
    }
    if alert_count.is_some_and(|count| count > MOST_ALERTS) {
        notes.push(format!("The first {MOST_ALERTS} alerts are shown: active ones, then the newest."));
    }
    if budgets.iter().any(|budget| !budget.conditions_complete) {
        notes.push(
            "Some conditions of budgets are not shown: there are too many, or of a kind not known here.".to_owned(),
        );
    }
    if budgets.iter().any(|budget| budget.amount.currency() == Currency::UNKNOWN) {
        notes.push("Azure names the currency of a budget when it has evaluated it for the first time.".to_owned());
    }
    if !budgets.is_empty() {
        notes.push(
            "What was spent is what Azure found when it evaluated the budget last, about once a day; usage arrives \
             hours later."
                .to_owned(),
        );
        notes.push("A budget warns; it stops nothing.".to_owned());
    }
    notes
}

impl BudgetItem {
    fn of(budget: Budget, today: Day) -> Self {
        let (status, percent_used) = (budget.status(today), budget.used());
        let Budget { name, resource_group, amount, current_spend, forecast, time_grain, from, until, .. } = budget;
        let (mut conditions, mut conditions_complete) = (budget.conditions, budget.conditions_complete);
        conditions_complete &= conditions.len() <= MOST_CONDITIONS;
        conditions.truncate(MOST_CONDITIONS);
        for condition in &mut conditions {
            conditions_complete &= condition.values.len() <= MOST_VALUES;
            condition.values.truncate(MOST_VALUES);
        }
        Self {
            name,
            resource_group,
            status,
            amount,
            current_spend,
            percent_used,
            forecast,
            time_grain,
            from,
            until,
            conditions,
            conditions_complete,
        }
    }

    /// The most pressing first, then the most used, then by name.
    fn order(&self) -> impl Ord + '_ {
        (self.status, Reverse(&self.percent_used), &self.name, &self.resource_group)
    }
}

impl AlertItem {
    fn of(alert: Alert) -> Self {
        let Alert { kind, status, budget, resource_group, threshold, amount, spend, created } = alert;
        Self { r#type: kind, status, budget, resource_group, threshold_percent: threshold, amount, spend, created }
    }
}

#[cfg(test)]
mod tests;
