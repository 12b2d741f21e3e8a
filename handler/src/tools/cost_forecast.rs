//! `cost_forecast`: where the month will end.

use std::collections::{BTreeMap, BTreeSet};

use identity::{Scope, UnixTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    arguments::BadArgument,
    facts::{self, NOT_INCLUDED},
    registry::{Answer, Run, Tool, UserCall},
    schema,
    stop::Stop,
    subject::SubscriptionArguments,
};
use crate::azure::{
    CostScope, CostStatus, Currency, Day, Forecast, ForecastLine, ForecastQuery, Horizon, HorizonError, Metric, Money,
    NoForecast, Totals,
};

mod text;

/// So many coming days are shown one by one; more are shown by weeks.
const MOST_DAYS: i64 = 10;
const WEEK: i64 = 7;

/// Said where rounded parts are not their rounded total.
const ROUNDED: &str = "Amounts are rounded one by one, so that parts may miss their total in the last place.";
/// Said with every forecast.
const MODEL: &str =
    "The forecast is Azure's own model of past costs: an estimate that knows nothing of planned changes.";
/// Said where costs of today are counted.
const ARRIVING: &str = "Usage of the last two to three days is still arriving: the costs so far will grow.";

/// The definition.
pub(super) fn tool() -> Tool {
    Tool {
        name: "cost_forecast",
        title: "Azure cost forecast",
        description: "Where the month will end: what a subscription or a resource group cost since the first of this \
                      month and what Azure forecasts until the end of it, or until another day, at most 39 days after \
                      the month began. Exact sums by currency, whole UTC days, no tax. Says so where Azure has no \
                      forecast. Runs as the signed-in user: Azure decides what they may see. Call it once for a \
                      question; Azure throttles after a few calls a minute."
            .to_owned(),
        input: schema::input(&[schema::part::<SubscriptionArguments>(), schema::part::<Arguments>()]),
        output: schema::output::<CostForecast>(),
        run: Run::User(Scope::CostRead, |call| Box::pin(run(call))),
    }
}

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    /// Last day of the forecast, inclusive, as YYYY-MM-DD (UTC): today or later. Default: the last day of this month.
    #[schemars(extend("examples" = ["2026-11-30"]))]
    until: Option<Day>,
    /// `actual`, as billed, or `amortized`, with reservations and savings plans spread over their use. Default: actual.
    #[schemars(extend("examples" = ["amortized"]))]
    metric: Option<Metric>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CostForecast {
    scope: CostScope,
    metric: Metric,
    /// First day that is counted: the first of this month (UTC).
    from: Day,
    /// Last day that is counted (UTC).
    until: Day,
    /// When Azure was asked, as RFC 3339 in UTC. Azure's own data is some hours older.
    as_of: String,
    /// Whether Azure has a forecast. Without one there are the costs so far at most.
    available: bool,
    /// Why there is no forecast.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<NoForecast>,
    /// The same in a sentence, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<&'static str>,
    /// One for each currency; they are never added together.
    currencies: Vec<Outlook>,
    notes: Vec<String>,
}

/// Costs of one currency. `forecastTotal` is exactly `actualToDate` and `forecastRemaining` together.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Outlook {
    /// What was spent so far.
    actual_to_date: Money,
    /// How many days have such costs.
    actual_days: usize,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    ahead: Option<Ahead>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Ahead {
    /// What Azure expects beyond that.
    forecast_remaining: Money,
    /// How many days have such costs; today may have both.
    forecast_days: usize,
    /// Both together: where it will end.
    forecast_total: Money,
    /// What Azure expects, day by day or week by week. Exactly `forecastRemaining` together.
    remaining: Vec<Stretch>,
}

/// Some days.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Stretch {
    /// First day, inclusive (UTC).
    from: Day,
    /// Last day, inclusive (UTC).
    to: Day,
    cost: Money,
}

async fn run(call: UserCall<'_>) -> Result<Answer, Stop> {
    let Arguments { until, metric } = call.arguments()?;
    let query = ForecastQuery {
        scope: call.arguments::<SubscriptionArguments>()?.scope(),
        horizon: Horizon::new(until, call.today()).map_err(wrong)?,
        metric: metric.unwrap_or_default(),
    };
    let now = call.now();
    let forecast = call.azure().await?.forecast(&query).await.map_err(|failure| Stop::failed(failure, &query.scope))?;
    Ok(answer(&query, &forecast, now))
}

fn wrong(error: HorizonError) -> BadArgument {
    let how = "Leave it out for the end of this month, or give a day as YYYY-MM-DD. For example: \
               `{\"until\":\"2026-11-30\"}`.";
    BadArgument { sentence: error.to_string(), how: how.to_owned() }
}

fn answer(query: &ForecastQuery, forecast: &Forecast, now: UnixTime) -> Answer {
    let ForecastQuery { scope, horizon, metric } = query;
    let (lines, reason) = match forecast {
        Forecast::Available(lines) => (lines, None),
        Forecast::Unavailable { reason, actual } => (actual, Some(*reason)),
    };
    let currencies = outlooks(lines, *horizon, reason.is_none());
    let rounded = currencies.iter().any(|outlook| !outlook.adds_up()).then_some(ROUNDED);
    let has_costs = !currencies.is_empty();
    let model = reason.is_none().then_some(MODEL);
    let notes = [rounded, model, has_costs.then_some(ARRIVING), has_costs.then_some(NOT_INCLUDED)];
    let data = CostForecast {
        scope: scope.clone(),
        metric: *metric,
        from: horizon.from(),
        until: horizon.until(),
        as_of: facts::rfc3339(now),
        available: reason.is_none(),
        reason,
        explanation: reason.map(explanation),
        currencies,
        notes: notes.into_iter().flatten().map(str::to_owned).collect(),
    };
    Answer::new(text::whole(&data), &data)
}

/// Why there is no forecast, and what to do.
fn explanation(reason: NoForecast) -> &'static str {
    match reason {
        NoForecast::NoCosts => {
            "There are no costs to learn from: it is new, or nothing in it costs anything. A new subscription shows costs \
             after up to 48 hours and a forecast after 28 days of them: ask again then. Sponsored and student \
             subscriptions never have one."
        }
        NoForecast::TooLittleHistory => {
            "Azure forecasts from the costs of at least 28 days, and has fewer, or none it can learn from. Ask again when \
             the costs go back that far; until then cost_by_service says what was spent. Sponsored and student \
             subscriptions never have a forecast."
        }
        NoForecast::UnsupportedOffer => {
            "Cost Management does not support the subscription's offer: sponsored, student and classic partner \
             subscriptions have neither costs nor forecasts here. Ask whoever pays for it: the sponsor's portal, or the \
             partner, shows them."
        }
    }
}

fn outlooks(lines: &[ForecastLine], horizon: Horizon, available: bool) -> Vec<Outlook> {
    let mut currencies: BTreeMap<Currency, Vec<&ForecastLine>> = BTreeMap::new();
    for line in lines {
        currencies.entry(line.cost.currency()).or_default().push(line);
    }
    let outlook = |(currency, lines): (_, Vec<_>)| Outlook::of(currency, &lines, horizon, available);
    currencies.into_iter().map(outlook).collect()
}

impl Outlook {
    fn of(currency: Currency, lines: &[&ForecastLine], horizon: Horizon, available: bool) -> Self {
        let of = |status| lines.iter().copied().filter(move |line| line.status == status);
        let sum = |status| Totals::of(of(status).map(|line| &line.cost)).in_currency(currency);
        let days = |status| of(status).map(|line| line.day).collect::<BTreeSet<_>>().len();
        let ahead = available.then(|| Ahead {
            forecast_remaining: sum(CostStatus::Forecast),
            forecast_days: days(CostStatus::Forecast),
            forecast_total: Totals::of(lines.iter().map(|line| &line.cost)).in_currency(currency),
            remaining: stretches(currency, of(CostStatus::Forecast), horizon),
        });
        Self { actual_to_date: sum(CostStatus::Actual), actual_days: days(CostStatus::Actual), ahead }
    }

    /// Whether what is shown adds up as it is shown.
    fn adds_up(&self) -> bool {
        self.ahead.as_ref().is_none_or(|ahead| {
            let weeks = ahead.remaining.iter().map(|stretch| &stretch.cost);
            is_rounded_sum([&self.actual_to_date, &ahead.forecast_remaining], &ahead.forecast_total)
                && is_rounded_sum(weeks, &ahead.forecast_remaining)
        })
    }
}

/// The coming days one by one, or by weeks from the first of them.
fn stretches<'a>(
    currency: Currency,
    lines: impl Iterator<Item = &'a ForecastLine> + Clone,
    horizon: Horizon,
) -> Vec<Stretch> {
    let Some(first) = lines.clone().map(|line| line.day).min() else { return vec![] };
    let step = if first.days_until(horizon.until()) < MOST_DAYS { 1 } else { WEEK };
    let mut stretches: BTreeMap<i64, Vec<&Money>> = BTreeMap::new();
    for ForecastLine { day, cost, .. } in lines {
        stretches.entry(first.days_until(*day) / step).or_default().push(cost);
    }
    let stretch = |(index, costs): (i64, Vec<&Money>)| {
        let from = first.plus(index * step);
        let to = from.plus(step - 1).min(horizon.until());
        Stretch { from, to, cost: Totals::of(costs).in_currency(currency) }
    };
    stretches.into_iter().map(stretch).collect()
}

fn is_rounded_sum<'a>(parts: impl IntoIterator<Item = &'a Money>, total: &Money) -> bool {
    let rounded = |money: &Money| Money::parse(&money.rounded(), money.currency());
    let parts: Option<Vec<_>> = parts.into_iter().map(rounded).collect();
    parts.map(|parts| Totals::of(&parts).in_currency(total.currency())) == rounded(total)
}

#[cfg(test)]
mod tests;
