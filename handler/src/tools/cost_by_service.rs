//! `cost_by_service`: what was spent, service by service.

use identity::{Scope, UnixTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    breakdown::{self, Breakdown, Top},
    facts::{self, Facts},
    registry::{Answer, Run, THEIRS, Tool, UserCall},
    schema,
    stop::Stop,
    subject::{CostArguments, PeriodArguments, ScopeArguments},
};
use crate::azure::{CostLine, CostQuery, Costs, Dimension, Granularity, Grouping, Money, Totals};

/// What costs are grouped by: the publisher tells what is from the Marketplace.
const GROUPINGS: [Grouping; 2] =
    [Grouping::Dimension(Dimension::ServiceName), Grouping::Dimension(Dimension::PublisherType)];
/// A service's publisher is anything but Azure only here.
const MARKETPLACE: &str = "Marketplace";

/// The definition.
pub(super) fn tool() -> Tool {
    Tool {
        name: "cost_by_service",
        title: "Azure cost by service",
        description: format!(
            "What a subscription, a resource group or a management group cost over a period, by Azure service, largest \
             first, with the exact total and what of it is from the Marketplace. Actual cost in the billing currency, \
             whole UTC days, the month to date by default. Runs as the signed-in user: Azure decides what they may \
             see. Call it once for a question; Azure throttles after a few calls a minute. {THEIRS}"
        ),
        input: schema::input(&[
            schema::part::<ScopeArguments>(),
            schema::part::<PeriodArguments>(),
            schema::part::<CostArguments>(),
            schema::part::<Arguments>(),
        ]),
        output: schema::output::<SpendByService>(),
        run: Run::User(Scope::CostRead, |call| Box::pin(run(call))),
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Arguments {
    top: Option<Top>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct SpendByService {
    #[serde(flatten)]
    facts: Facts,
    /// One for each currency; they are never added together.
    currencies: Vec<Breakdown>,
    /// What of the totals is from the Marketplace, by currency.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    marketplace: Vec<Money>,
}

async fn run(call: UserCall<'_>) -> Result<Answer, Stop> {
    let (query, top, now) = (query(&call)?, call.arguments::<Arguments>()?.top.unwrap_or_default(), call.now());
    let costs = call.azure().await?.costs(&query).await.map_err(|failure| Stop::failed(failure, &query.scope))?;
    Ok(answer(&query, costs, top, now))
}

fn query(call: &UserCall<'_>) -> Result<CostQuery, Stop> {
    let costs: CostArguments = call.arguments()?;
    Ok(CostQuery {
        scope: call.arguments::<ScopeArguments>()?.scope()?,
        period: call.arguments::<PeriodArguments>()?.period(call.today())?,
        metric: costs.metric.unwrap_or_default(),
        granularity: Granularity::None,
        group_by: GROUPINGS.to_vec(),
        filters: costs.filters()?,
        with_usd: false,
    })
}

fn answer(query: &CostQuery, costs: Costs, top: Top, now: UnixTime) -> Answer {
    let is_marketplace = |line: &&CostLine| line.names.get(1).is_some_and(|name| name.as_str() == MARKETPLACE);
    let marketplace = Totals::of(costs.lines.iter().filter(is_marketplace).map(|line| &line.cost));
    let mut data = SpendByService {
        facts: Facts::of(query, costs.capped, now),
        marketplace: marketplace.iter().filter(|total| !total.is_zero()).cloned().collect(),
        currencies: breakdown::by_currency(by_service(costs.lines), top),
    };
    if !data.currencies.iter().all(Breakdown::shares_add_up) {
        data.facts.note(breakdown::ROUNDED_SHARES);
    }
    Answer::new(text(&data), &data)
}

/// One line for each service and currency, whoever publishes it.
fn by_service(mut lines: Vec<CostLine>) -> Vec<CostLine> {
    for line in &mut lines {
        line.names.truncate(1);
    }
    breakdown::merged(lines)
}

fn text(data: &SpendByService) -> String {
    let SpendByService { facts, currencies, marketplace } = data;
    let mut text = facts.title("Spend by service");
    text.push_str(&facts.sentence(currencies.iter().map(Breakdown::total)));
    if !marketplace.is_empty() {
        text.extend(["From the Marketplace: ", &facts::amounts(marketplace), ".\n"]);
    }
    for currency in currencies {
        text.push('\n');
        text.push_str(&currency.table(&GROUPINGS[..1]));
    }
    text.push('\n');
    text.push_str(&facts.list());
    text
}

#[cfg(test)]
mod tests;
