//! `cost_by_service`: what a subscription cost, service by service.

use identity::Scope;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    breakdown::{self, Breakdown, Top},
    notes,
    registry::{Answer, Run, THEIRS, Tool, UserCall},
    schema,
    stop::Stop,
};
use crate::azure::{CostQuery, Costs, Day, Dimension, OutOfRange, Period, SubscriptionId};

/// The definition.
pub(super) fn tool() -> Tool {
    Tool {
        name: "cost_by_service",
        title: "Azure cost by service",
        description: format!(
            "What one Azure subscription cost over a period, by Azure service, largest first, with the exact total. \
             Actual cost in the billing currency, whole UTC days, the month to date by default. Runs as the signed-in \
             user: Azure decides what they may see. Call it once for a question; Azure throttles after a few calls a \
             minute. {THEIRS}"
        ),
        input: schema::input::<Arguments>(),
        output: schema::output::<SpendByService>(),
        run: Run::User(Scope::CostRead, |call| Box::pin(run(call))),
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Arguments {
    subscription_id: SubscriptionId,
    /// First day, inclusive, as YYYY-MM-DD (UTC), not before 2014-05-01. Default: the first of the month of `to`.
    from: Option<Day>,
    /// Last day, inclusive, as YYYY-MM-DD (UTC), at most 364 days in all. Default: today.
    #[schemars(extend("examples" = ["2026-10-31"]))]
    to: Option<Day>,
    top: Option<Top>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct SpendByService {
    subscription_id: SubscriptionId,
    period: Period,
    /// Always `ActualCost`.
    metric: &'static str,
    /// Whether everything Azure has is counted.
    complete: bool,
    /// One for each currency; they are never added together.
    currencies: Vec<Breakdown>,
    notes: Vec<String>,
}

async fn run(call: UserCall<'_>) -> Result<Answer, Stop> {
    let Arguments { subscription_id: subscription, from, to, top } = call.arguments()?;
    let period = call.period(from, to)?;
    let query = CostQuery { subscription, period, group_by: Dimension::ServiceName };
    let costs = call.costs(&query).await?;
    answer(&query, costs, top.unwrap_or_default()).map_err(|error| Stop::azure(error, subscription))
}

fn answer(query: &CostQuery, costs: Costs, top: Top) -> Result<Answer, OutOfRange> {
    let data = SpendByService {
        subscription_id: query.subscription,
        period: query.period,
        metric: "ActualCost",
        complete: !costs.capped,
        notes: notes::notes(&query.period, costs.capped),
        currencies: breakdown::by_currency(costs.lines, top)?,
    };
    Ok(Answer::new(text(&data), &data))
}

fn text(data: &SpendByService) -> String {
    let SpendByService { subscription_id, period, currencies, notes, .. } = data;
    let totals = notes::amounts(currencies.iter().map(Breakdown::total));
    let mut text = format!(
        "**Spend by service**, {} to {}\n\nSubscription {subscription_id} cost {totals} \
         (actual cost, whole UTC days).\n",
        period.from(),
        period.to(),
    );
    for currency in currencies {
        text.push('\n');
        text.push_str(&currency.table("Service"));
    }
    text.push('\n');
    text.push_str(&notes::list(notes));
    text
}

#[cfg(test)]
mod tests;
