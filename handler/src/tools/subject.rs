//! What a question about costs is about: whose, of which days, which of them. The arguments that cost tools share.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{arguments::BadArgument, one_or_many::OneOrMany};
use crate::azure::{CostScope, Day, Filter, ManagementGroup, Metric, Period, Preset, ResourceGroup, SubscriptionId};

/// The most filters of one query.
const MOST_FILTERS: usize = 5;

/// Whose costs.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ScopeArguments {
    subscription_id: Option<SubscriptionId>,
    resource_group: Option<ResourceGroup>,
    management_group_id: Option<ManagementGroup>,
}

/// Whose costs, where Azure has no answer for several subscriptions.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SubscriptionArguments {
    subscription_id: SubscriptionId,
    resource_group: Option<ResourceGroup>,
}

/// Of which days.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PeriodArguments {
    period: Option<Preset>,
    /// First day, inclusive, as YYYY-MM-DD (UTC), not before 2014-05-01. Default: the first of the month of `to`.
    from: Option<Day>,
    /// Last day, inclusive, as YYYY-MM-DD (UTC), at most 364 days in all. Default: today.
    #[schemars(extend("examples" = ["2026-10-31"]))]
    to: Option<Day>,
}

/// Which of them.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CostArguments {
    /// `actual`, as billed, or `amortized`, with reservations and savings plans spread over their use. Default: actual.
    #[schemars(extend("examples" = ["amortized"]))]
    pub(super) metric: Option<Metric>,
    /// Only costs of these dimensions or tags, at most 5 conditions that must all hold.
    #[schemars(with = "Option<Vec<Filter>>", length(max = MOST_FILTERS))]
    #[schemars(extend("examples" = [[{ "by": "tag:env", "values": ["prod"] }]]))]
    filters: Option<OneOrMany<Filter>>,
}

impl ScopeArguments {
    /// The scope they name.
    pub(super) fn scope(self) -> Result<CostScope, BadArgument> {
        match (self.subscription_id, self.resource_group, self.management_group_id) {
            (Some(id), None, None) => Ok(CostScope::Subscription(id)),
            (Some(id), Some(group), None) => Ok(CostScope::ResourceGroup(id, group)),
            (None, None, Some(group)) => Ok(CostScope::ManagementGroup(group)),
            (None, _, None) => Err(wrong("Argument `subscriptionId` is missing.")),
            (_, _, Some(_)) => {
                Err(wrong("Argument `managementGroupId` goes neither with `subscriptionId` nor with `resourceGroup`."))
            }
        }
    }
}

fn wrong(sentence: &str) -> BadArgument {
    BadArgument {
        sentence: sentence.to_owned(),
        how: "Give the subscription's id, with a resource group if only that is meant; or a management group. For \
              example: `{\"subscriptionId\":\"0b1f6471-1bf0-4dda-aec3-cb9272f09590\"}`."
            .to_owned(),
    }
}

impl SubscriptionArguments {
    /// The scope they name.
    pub(super) fn scope(self) -> CostScope {
        match self.resource_group {
            None => CostScope::Subscription(self.subscription_id),
            Some(group) => CostScope::ResourceGroup(self.subscription_id, group),
        }
    }
}

impl PeriodArguments {
    /// The days they name.
    pub(super) fn period(self, today: Day) -> Result<Period, BadArgument> {
        match (self.period, self.from, self.to) {
            (Some(preset), None, None) => Ok(preset.period(today)),
            (None, from, to) => Ok(Period::new(from, to, today)?),
            (Some(_), ..) => Err(BadArgument {
                sentence: "Argument `period` does not go with `from` or `to`.".to_owned(),
                how: r#"Give either. For example: `{"period":"lastMonth"}`."#.to_owned(),
            }),
        }
    }
}

impl CostArguments {
    /// The conditions.
    pub(super) fn filters(self) -> Result<Vec<Filter>, BadArgument> {
        let filters = self.filters.map(OneOrMany::into_vec).unwrap_or_default();
        if filters.len() > MOST_FILTERS {
            return Err(BadArgument {
                sentence: format!(
                    "Argument `filters` has {} conditions; at most {MOST_FILTERS} are possible.",
                    filters.len()
                ),
                how: "Put several values of one dimension or tag into one condition.".to_owned(),
            });
        }
        Ok(filters)
    }
}
