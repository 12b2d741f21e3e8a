//! `cost_query`: costs by whatever one wants to know, for the whole period or date by date, also across subscriptions.

use identity::{Scope, UnixTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    breakdown::{self, Breakdown, Top},
    csv_file::MOST_BYTES,
    facts::{self, Facts},
    group_by::GroupBy,
    registry::{Answer, Run, THEIRS, Tool, UserCall},
    schema,
    series::{self, Point, Room},
    stop::Stop,
    subject::{CostArguments, PeriodArguments, ScopeArguments},
};
use crate::azure::{CostQuery, Costs, Currency, Granularity, Grouping, Money, Name, Totals};

/// The definition.
pub(super) fn tool() -> Tool {
    Tool {
        name: "cost_query",
        title: "Azure cost by anything",
        description: format!(
            "The costs of a subscription, a resource group or a management group by one or two dimensions or tags, \
             largest first with the exact total; for the whole period, or each day or month as a series. A management \
             group answers for all its subscriptions in one query, by subscription if nothing else is asked, and with \
             Azure's own total in US dollars where they have several currencies. Use cost_by_service for services \
             alone, and cost_compare for why costs changed. Actual cost in the billing currency, whole UTC days, the \
             month to date by default. Runs as the signed-in user: Azure decides what they may see. Call it once for \
             a question; Azure throttles after a few calls a minute. {THEIRS}"
        ),
        input: schema::input(&[
            schema::part::<ScopeArguments>(),
            schema::part::<PeriodArguments>(),
            schema::part::<CostArguments>(),
            schema::part::<Arguments>(),
        ]),
        output: schema::output::<Spend>(),
        run: Run::User(Scope::CostRead, |call| Box::pin(run(call))),
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Arguments {
    group_by: Option<GroupBy>,
    /// `none` for the period as a whole, `daily` or `monthly` for each day or month as well. Default: none.
    #[schemars(extend("examples" = ["monthly"]))]
    granularity: Option<Granularity>,
    top: Option<Top>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Spend {
    #[serde(flatten)]
    facts: Facts,
    /// What the names of an item are, in their order.
    group_by: Vec<Grouping>,
    granularity: Granularity,
    /// One for each currency; they are never added together.
    currencies: Vec<InCurrency>,
    /// Everything in US dollars, as Azure itself converts it: for a management group with more than one currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    total_usd: Option<Money>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct InCurrency {
    #[serde(flatten)]
    breakdown: Breakdown,
    /// The same by day or month, in the order of time; a date without costs is absent, and the notes say what was cut.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    series: Vec<Point>,
}

async fn run(call: UserCall<'_>) -> Result<Answer, Stop> {
    let (arguments, now) = (call.arguments::<Arguments>()?, call.now());
    let top = arguments.top.unwrap_or_default();
    let query = query(&call, arguments)?;
    let costs = call.azure().await?.costs(&query).await.map_err(|failure| Stop::failed(failure, &query.scope))?;
    Ok(answer(&query, &costs, top, now))
}

fn query(call: &UserCall<'_>, arguments: Arguments) -> Result<CostQuery, Stop> {
    let costs: CostArguments = call.arguments()?;
    let scope = call.arguments::<ScopeArguments>()?.scope()?;
    Ok(CostQuery {
        period: call.arguments::<PeriodArguments>()?.period(call.today())?,
        metric: costs.metric.unwrap_or_default(),
        granularity: arguments.granularity.unwrap_or_default(),
        group_by: arguments.group_by.unwrap_or_default().at(&scope)?,
        filters: costs.filters()?,
        // subscriptions may be billed in different currencies; one is billed in one
        with_usd: scope.is_management_group(),
        scope,
    })
}

/// As much as was asked for, or as an answer may hold.
fn answer(query: &CostQuery, costs: &Costs, asked: Top, now: UnixTime) -> Answer {
    let mut top = asked;
    loop {
        let mut data = spend(query, costs, top, now);
        if top != asked {
            data.facts.note("Fewer items than asked for are shown one by one, to keep the answer short.");
        }
        let text = text(&data);
        match top.half() {
            Some(fewer) if text.len() > MOST_BYTES => top = fewer,
            _ => return Answer::new(text, &data),
        }
    }
}

fn spend(query: &CostQuery, costs: &Costs, top: Top, now: UnixTime) -> Spend {
    let Costs { lines, capped } = costs;
    let breakdowns = breakdown::by_currency(breakdown::merged(lines.iter().cloned()), top);
    let room = Room::of(lines);
    let mut facts = Facts::of(query, *capped, now);
    for note in room.notes(query, lines, &breakdowns).into_iter().rev() {
        facts.note(note);
    }
    if !breakdowns.iter().all(Breakdown::shares_add_up) {
        facts.note(breakdown::ROUNDED_SHARES);
    }
    let usd = Totals::of(lines.iter().filter_map(|line| line.usd.as_ref())).in_currency(Currency::USD);
    let total_usd = (query.with_usd && breakdowns.len() > 1).then_some(usd);
    let with_series = |breakdown: Breakdown| InCurrency { series: room.series(lines, &breakdown), breakdown };
    Spend {
        facts,
        group_by: query.group_by.clone(),
        granularity: query.granularity,
        currencies: breakdowns.into_iter().map(with_series).collect(),
        total_usd,
    }
}

fn text(data: &Spend) -> String {
    let Spend { facts, group_by, granularity, currencies, total_usd } = data;
    let groupings: Vec<_> = group_by.iter().map(words).collect();
    let mut text = facts.title(&format!("Spend by {}", groupings.join(" and ")));
    text.push_str(&facts.sentence(currencies.iter().map(|currency| currency.breakdown.total())));
    if total_usd.is_some() {
        text.extend(["All of it in US dollars, by Azure's own conversion: ", &facts::amounts(total_usd), ".\n"]);
    }
    for InCurrency { breakdown, series } in currencies {
        text.extend(["\n", &breakdown.table(group_by)]);
        if !series.is_empty() {
            text.extend(["\n", &series::table(series, *granularity)]);
        }
    }
    text.push('\n');
    text.push_str(&facts.list());
    text
}

/// In a sentence.
fn words(grouping: &Grouping) -> String {
    match grouping {
        Grouping::Dimension(dimension) => dimension.heading().to_lowercase(),
        Grouping::Tag(key) => format!("tag {}", Name::new(key).markdown()),
    }
}

#[cfg(test)]
mod tests;
