//! What is asked of Cost Management.

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use identity::ArmRequest;
use serde_json::json;

use super::{API_VERSION, Period, SubscriptionId};

/// Names this server to the throttle. Without it all callers of a tenant share one bucket that is often empty.
const CLIENT_TYPE: HeaderValue = HeaderValue::from_static("mcp-cost-server");
/// Lines of one page; the most the API gives.
const PAGE_SIZE: &str = "5000";

/// What the costs are aggregated from: actual cost in the billing currency.
pub(super) const COST_COLUMN: &str = "Cost";
/// The name the aggregation is given; some answers use it as the column's name.
pub(super) const COST_ALIAS: &str = "totalCost";

/// Actual costs of one subscription over a period, one total for each value of a dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CostQuery {
    /// Whose costs.
    pub subscription: SubscriptionId,
    /// Of which days.
    pub period: Period,
    /// What each line is about.
    pub group_by: Dimension,
}

/// What costs are grouped by. Only dimensions that every kind of agreement knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// The Azure service, for example `Virtual Machines`.
    ServiceName,
}

impl Dimension {
    /// The name in requests, and of the column in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ServiceName => "ServiceName",
        }
    }
}

impl CostQuery {
    /// The request for the first page.
    #[must_use]
    pub fn request(&self) -> ArmRequest {
        ArmRequest::post(&self.path().each_ref().map(String::as_str), &PARAMETERS, self.body())
            .header(HeaderName::from_static("clienttype"), CLIENT_TYPE)
    }

    fn path(&self) -> [String; 5] {
        ["subscriptions", &self.subscription.to_string(), "providers", "Microsoft.CostManagement", "query"]
            .map(str::to_owned)
    }

    /// Explicit days, no presets: the presets mean different things at different scopes.
    fn body(&self) -> Bytes {
        let body = json!({
            "type": "ActualCost",
            "timeframe": "Custom",
            "timePeriod": {
                "from": format!("{}T00:00:00Z", self.period.from()),
                "to": format!("{}T23:59:59Z", self.period.to()),
            },
            "dataset": {
                "granularity": "None",
                "aggregation": { COST_ALIAS: { "name": COST_COLUMN, "function": "Sum" } },
                "grouping": [{ "type": "Dimension", "name": self.group_by.name() }],
            },
        });
        Bytes::from(body.to_string())
    }
}

/// The query of the address.
const PARAMETERS: [(&str, &str); 2] = [("api-version", API_VERSION), ("$top", PAGE_SIZE)];

#[cfg(test)]
mod tests {
    //! Proves what is sent, byte for byte. That Azure understands it needs a tenant.

    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn a_query_is_explicit_about_every_choice() {
        let day = |text: &str| Some(text.parse().unwrap());
        let query = CostQuery {
            subscription: "0B1F6471-1BF0-4DDA-AEC3-CB9272F09590".parse().unwrap(),
            period: Period::new(day("2026-10-01"), day("2026-10-31"), "2026-11-22".parse().unwrap()).unwrap(),
            group_by: Dimension::ServiceName,
        };
        assert_snapshot!(query.path().join("/"), @"subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/providers/Microsoft.CostManagement/query");
        assert_snapshot!(format!("{PARAMETERS:?}"), @r#"[("api-version", "2025-03-01"), ("$top", "5000")]"#);
        let body: serde_json::Value = serde_json::from_slice(&query.body()).unwrap();
        assert_snapshot!(format!("{body:#}"), @r#"
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
}
