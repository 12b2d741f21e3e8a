//! What is asked of Cost Management.

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use identity::ArmRequest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{API_VERSION, CostScope, Filter, Grouping, Period};

/// Names this server to the throttle. Without it all callers of a tenant share one bucket that is often empty.
const CLIENT_TYPE: HeaderValue = HeaderValue::from_static("mcp-cost-server");
/// Lines of one page; the most the API gives.
const PAGE_SIZE: &str = "5000";

/// What the costs are aggregated from, in the billing currency.
pub(super) const COST_COLUMN: &str = "Cost";
/// The name the aggregation is given; some answers use it as the column's name.
pub(super) const COST_ALIAS: &str = "totalCost";
/// The same costs by Azure's own conversion to US dollars.
pub(super) const USD_COLUMN: &str = "CostUSD";
/// The name of that aggregation.
pub(super) const USD_ALIAS: &str = "totalCostUSD";

/// Costs of one scope over a period, one total for each value of what they are grouped by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostQuery {
    /// Whose costs.
    pub scope: CostScope,
    /// Of which days.
    pub period: Period,
    /// Which costs.
    pub metric: Metric,
    /// Whether each day or month has lines of its own.
    pub granularity: Granularity,
    /// What each line is about: two at most, by the API's contract. None: one total.
    pub group_by: Vec<Grouping>,
    /// All of them must hold.
    pub filters: Vec<Filter>,
    /// Asks for US dollars beside the billing currency.
    pub with_usd: bool,
}

/// Which costs are summed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Metric {
    /// As billed: a yearly reservation counts on the day it was bought.
    #[default]
    #[serde(alias = "ActualCost", alias = "Actual")]
    Actual,
    /// Reservations and savings plans spread over the time they are used.
    #[serde(alias = "AmortizedCost", alias = "Amortized", alias = "amortised")]
    Amortized,
}

/// Whether each day or month has lines of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Granularity {
    /// One total for the whole period.
    #[default]
    #[serde(alias = "None")]
    None,
    /// Each day.
    #[serde(alias = "Daily")]
    Daily,
    /// Each month.
    #[serde(alias = "Monthly")]
    Monthly,
}

impl Metric {
    /// In a sentence.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Actual => "actual cost",
            Self::Amortized => "amortized cost",
        }
    }

    pub(super) const fn request(self) -> &'static str {
        match self {
            Self::Actual => "ActualCost",
            Self::Amortized => "AmortizedCost",
        }
    }
}

impl Granularity {
    const fn request(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Daily => "Daily",
            Self::Monthly => "Monthly",
        }
    }
}

impl CostQuery {
    /// The request for the first page.
    #[must_use]
    pub fn request(&self) -> ArmRequest {
        post(&self.scope, "query", &[("$top", PAGE_SIZE)], &self.body())
    }

    /// Every choice, as text: two queries that ask the same have the same.
    #[must_use]
    pub fn canonical(&self) -> String {
        format!("{} {}", self.scope.resource_id(), self.body())
    }

    /// Explicit days, no presets: the presets mean different things at different scopes.
    fn body(&self) -> Value {
        let mut aggregation = json!({ COST_ALIAS: sum_of(COST_COLUMN) });
        if self.with_usd {
            aggregation[USD_ALIAS] = sum_of(USD_COLUMN);
        }
        let mut dataset = Map::from_iter([
            ("granularity".to_owned(), self.granularity.request().into()),
            ("aggregation".to_owned(), aggregation),
            ("grouping".to_owned(), self.group_by.iter().map(Grouping::request).collect()),
        ]);
        // a single condition must not be wrapped
        let filter = match self.filters.as_slice() {
            [] => None,
            [one] => Some(one.request()),
            several => Some(json!({ "and": several.iter().map(Filter::request).collect::<Vec<_>>() })),
        };
        dataset.extend(filter.map(|filter| ("filter".to_owned(), filter)));
        json!({
            "type": self.metric.request(),
            "timeframe": "Custom",
            "timePeriod": time_period(&self.period),
            "dataset": dataset,
        })
    }
}

/// A `POST` to Cost Management at a scope.
pub(super) fn post(
    scope: &CostScope,
    operation: &str,
    parameters: &[(&'static str, &'static str)],
    body: &Value,
) -> ArmRequest {
    let parameters: Vec<_> = [("api-version", API_VERSION)].into_iter().chain(parameters.iter().copied()).collect();
    let body = Bytes::from(body.to_string());
    named(ArmRequest::post(&borrowed(&path(scope, operation)), &parameters, body))
}

/// A `GET` of Cost Management at a scope.
pub(super) fn get(scope: &CostScope, operation: &str, parameters: &[(&str, &str)]) -> ArmRequest {
    let parameters: Vec<_> = [("api-version", API_VERSION)].into_iter().chain(parameters.iter().copied()).collect();
    named(ArmRequest::get(&borrowed(&path(scope, operation)), &parameters))
}

/// Both ends included, to the last second.
pub(super) fn time_period(period: &Period) -> Value {
    json!({ "from": format!("{}T00:00:00Z", period.from()), "to": format!("{}T23:59:59Z", period.to()) })
}

pub(super) fn sum_of(column: &str) -> Value {
    json!({ "name": column, "function": "Sum" })
}

fn named(request: ArmRequest) -> ArmRequest {
    request.header(HeaderName::from_static("clienttype"), CLIENT_TYPE)
}

fn path(scope: &CostScope, operation: &str) -> Vec<String> {
    let provider = ["providers", "Microsoft.CostManagement", operation].map(str::to_owned);
    scope.segments().into_iter().chain(provider).collect()
}

fn borrowed(segments: &[String]) -> Vec<&str> {
    segments.iter().map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    //! Proves what is sent, byte for byte. That Azure understands it needs a tenant.

    use insta::assert_snapshot;

    use super::*;
    use crate::azure::Dimension;

    fn query() -> CostQuery {
        let day = |text: &str| Some(text.parse().unwrap());
        CostQuery {
            scope: CostScope::Subscription("0B1F6471-1BF0-4DDA-AEC3-CB9272F09590".parse().unwrap()),
            period: Period::new(day("2026-10-01"), day("2026-10-31"), "2026-11-22".parse().unwrap()).unwrap(),
            metric: Metric::Actual,
            granularity: Granularity::None,
            group_by: vec![Grouping::Dimension(Dimension::ServiceName)],
            filters: vec![],
            with_usd: false,
        }
    }

    #[test]
    fn a_query_is_explicit_about_every_choice() {
        assert_snapshot!(path(&query().scope, "query").join("/"), @"subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/providers/Microsoft.CostManagement/query");
        assert_snapshot!(format!("{:#}", query().body()), @r#"
        {
          "dataset": {
            "aggregation": {
              "totalCost": {
                "function": "Sum",
                "name": "Cost"
              }
            },
            "granularity": "None",
            "grouping": [
              {
                "name": "ServiceName",
                "type": "Dimension"
              }
            ]
          },
          "timePeriod": {
            "from": "2026-10-01T00:00:00Z",
            "to": "2026-10-31T23:59:59Z"
          },
          "timeframe": "Custom",
          "type": "ActualCost"
        }
        "#);
    }

    #[test]
    fn every_choice_reaches_the_request() {
        let filter = |json| serde_json::from_value::<Filter>(json).unwrap();
        let query = CostQuery {
            metric: Metric::Amortized,
            granularity: Granularity::Monthly,
            group_by: vec!["SubscriptionName".parse().unwrap(), "tag:team".parse().unwrap()],
            filters: vec![
                filter(json!({ "by": "ServiceName", "values": ["Storage", "SQL Database"] })),
                filter(json!({ "by": "tag:env", "values": ["prod"] })),
            ],
            with_usd: true,
            ..query()
        };
        assert_snapshot!(query.body().to_string(), @r#"{"dataset":{"aggregation":{"totalCost":{"function":"Sum","name":"Cost"},"totalCostUSD":{"function":"Sum","name":"CostUSD"}},"filter":{"and":[{"dimensions":{"name":"ServiceName","operator":"In","values":["Storage","SQL Database"]}},{"tags":{"name":"env","operator":"In","values":["prod"]}}]},"granularity":"Monthly","grouping":[{"name":"SubscriptionName","type":"Dimension"},{"name":"team","type":"TagKey"}]},"timePeriod":{"from":"2026-10-01T00:00:00Z","to":"2026-10-31T23:59:59Z"},"timeframe":"Custom","type":"AmortizedCost"}"#);
        let one = CostQuery { filters: query.filters[..1].to_vec(), ..query };
        assert_snapshot!(one.body()["dataset"]["filter"].to_string(), @r#"{"dimensions":{"name":"ServiceName","operator":"In","values":["Storage","SQL Database"]}}"#);
    }
}
