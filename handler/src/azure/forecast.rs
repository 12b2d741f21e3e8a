//! Where costs are going: the forecast of Azure's own model.
//!
//! The API is described at <https://learn.microsoft.com/rest/api/cost-management/forecast/usage>. Where Azure has no
//! forecast, that is an answer and not a failure.

use http::StatusCode;
use identity::{ArmRequest, ArmResponse, UnixTime};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Azure, CostError, CostFailure, CostScope, Day, Metric, Money, Units,
    gateway::Question,
    query::{self, COST_ALIAS, COST_COLUMN},
    table::{Complaint, Table},
};

/// Azure answers at most 40 lines, one for each day; today may have two, for what it cost and what it still will.
const LONGEST_DAYS: i64 = 39;
/// What a forecast costs: one unit for each begun month.
const FORECAST: Units = Units(2);
/// What the costs are called in an answer, by agreement.
const COSTS: [&str; 3] = [COST_COLUMN, COST_ALIAS, "PreTaxCost"];
/// What the date is called in an answer.
const DATES: [&str; 2] = ["UsageDate", "BillingMonth"];
/// What Azure says of agreements that Cost Management does not know, in lower case.
const UNSUPPORTED: [&str; 3] =
    ["offer", "cost management data is not supported", "cost management data is unavailable"];

/// The days of a forecast: from the first of this month to a day that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Horizon {
    from: Day,
    until: Day,
    today: Day,
}

/// Why a day can't end a forecast. The sentence is for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HorizonError {
    /// It is over.
    #[error("Argument `until` ({until}) is in the past: today is {today} (UTC).")]
    Past {
        /// As asked.
        until: Day,
        /// By the clock.
        today: Day,
    },
    /// It is further away than Azure answers day by day.
    #[error(
        "Argument `until` ({until}) is too far away: from the first of this month Azure looks ahead until {latest}."
    )]
    TooFar {
        /// As asked.
        until: Day,
        /// The last day possible.
        latest: Day,
    },
}

/// What is going to be spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForecastQuery {
    /// Whose costs.
    pub scope: CostScope,
    /// Of which days.
    pub horizon: Horizon,
    /// Which costs.
    pub metric: Metric,
}

/// Costs of one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForecastLine {
    /// The day.
    pub day: Day,
    /// Whether they are known.
    pub status: CostStatus,
    /// How much.
    pub cost: Money,
}

/// Whether costs are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CostStatus {
    /// They were incurred.
    Actual,
    /// They are expected.
    Forecast,
}

/// What Azure expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forecast {
    /// All lines of the days asked for.
    Available(Vec<ForecastLine>),
    /// It expects nothing.
    Unavailable {
        /// Why.
        reason: NoForecast,
        /// What was spent so far, as far as Azure said it.
        actual: Vec<ForecastLine>,
    },
}

/// Why there is no forecast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum NoForecast {
    /// There are no costs: 204, or no line at all.
    NoCosts,
    /// There is nothing to learn from: 424, or costs and no forecast. Azure wants 28 days of costs.
    TooLittleHistory,
    /// The subscription's offer is not supported.
    UnsupportedOffer,
}

impl Horizon {
    /// By default until the end of this month.
    pub fn new(until: Option<Day>, today: Day) -> Result<Self, HorizonError> {
        let from = today.first_of_month();
        let until = until.unwrap_or_else(|| today.last_of_month());
        let latest = from.plus(LONGEST_DAYS - 1);
        if until < today {
            Err(HorizonError::Past { until, today })
        } else if until > latest {
            Err(HorizonError::TooFar { until, latest })
        } else {
            Ok(Self { from, until, today })
        }
    }

    /// First day, inclusive.
    #[must_use]
    pub fn from(&self) -> Day {
        self.from
    }

    /// Last day, inclusive.
    #[must_use]
    pub fn until(&self) -> Day {
        self.until
    }

    fn contains(&self, day: Day) -> bool {
        (self.from..=self.until).contains(&day)
    }
}

impl ForecastQuery {
    /// The request for the first page.
    fn request(&self) -> ArmRequest {
        query::post(&self.scope, "forecast", &[], &self.body())
    }

    /// A forecast must end after today: on the last day Azure is asked for one more, which is not counted.
    fn body(&self) -> Value {
        let Horizon { from, until, today } = self.horizon;
        let to = until.max(today.plus(1));
        json!({
            "type": self.metric.request(),
            "timeframe": "Custom",
            "timePeriod": { "from": format!("{from}T00:00:00Z"), "to": format!("{to}T23:59:59Z") },
            "includeActualCost": true,
            "includeFreshPartialCost": true,
            "dataset": { "granularity": "Daily", "aggregation": { COST_ALIAS: query::sum_of(COST_COLUMN) } },
        })
    }
}

impl Azure<'_> {
    /// Where costs are going. Where Azure has no forecast, that is the answer.
    pub async fn forecast(&self, query: &ForecastQuery) -> Result<Forecast, CostFailure> {
        let question = Question { request: query.request(), scope: Some(&query.scope), units: FORECAST };
        match self.pages(question, |response| read(response, self.now())).await {
            // what is left out would be missing in every sum
            Ok((_, true)) => Err(CostError::TooLarge.into()),
            Ok((pages, false)) => Ok(Forecast::of(pages.concat(), query.horizon)),
            Err(CostFailure::Cost(error)) => Ok(Forecast::refused(error)?),
            Err(failure) => Err(failure),
        }
    }
}

/// Reads one page: its lines, and where the next page is.
pub(super) fn read(response: &ArmResponse, now: UnixTime) -> Result<(Vec<ForecastLine>, Option<String>), CostError> {
    match response.status {
        StatusCode::OK => page(&response.body).map_err(CostError::BadAnswer),
        StatusCode::NO_CONTENT => Err(CostError::NoData),
        status => Err(CostError::of(status, &response.headers, &response.body, now)),
    }
}

fn page(body: &[u8]) -> Result<(Vec<ForecastLine>, Option<String>), Complaint> {
    let table = Table::read(body)?;
    let (cost, date) = (table.column(&COSTS)?, table.column(&DATES)?);
    let (status, currency) = (table.column(&["CostStatus"])?, table.column(&["Currency"])?);
    let lines = table.rows().map(|row| {
        let row = row?;
        let status = CostStatus::parse(&row.text(status)?)?;
        Ok(ForecastLine { day: row.day(date)?, status, cost: row.money(cost, row.currency(currency)?)? })
    });
    let lines = lines.collect::<Result<_, Complaint>>()?;
    Ok((lines, table.next))
}

impl CostStatus {
    fn parse(text: &str) -> Result<Self, Complaint> {
        match text.to_ascii_lowercase().as_str() {
            "actual" => Ok(Self::Actual),
            "forecast" => Ok(Self::Forecast),
            _ => Err("costs that are neither actual nor forecast"),
        }
    }
}

impl Forecast {
    /// What the lines of all pages say.
    pub(super) fn of(mut lines: Vec<ForecastLine>, horizon: Horizon) -> Self {
        let reason = if lines.is_empty() { NoForecast::NoCosts } else { NoForecast::TooLittleHistory };
        let looks_ahead = lines.iter().any(|line| line.status == CostStatus::Forecast);
        lines.retain(|line| horizon.contains(line.day));
        if looks_ahead { Self::Available(lines) } else { Self::Unavailable { reason, actual: lines } }
    }

    /// What an error says: that there is no forecast, or nothing about that.
    pub(super) fn refused(error: CostError) -> Result<Self, CostError> {
        let reason = match &error {
            CostError::NoData => Some(NoForecast::NoCosts),
            CostError::BadRequest { status, message } => {
                let message = message.as_str().to_lowercase();
                if UNSUPPORTED.iter().any(|sign| message.contains(sign)) {
                    Some(NoForecast::UnsupportedOffer)
                } else {
                    (*status == StatusCode::FAILED_DEPENDENCY).then_some(NoForecast::TooLittleHistory)
                }
            }
            _ => None,
        };
        reason.map(|reason| Self::Unavailable { reason, actual: vec![] }).ok_or(error)
    }
}

#[cfg(test)]
mod tests;
