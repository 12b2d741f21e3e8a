//! The body of a query, judged as Cost Management judges it.
//!
//! One thing is stricter: a member that is not part of a definition is refused, where Azure ignores it. A misspelt
//! member would otherwise change an answer without a sign.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    Metric,
    errors::ArmError,
    filter::{Filter, FilterBody},
    period::{Period, TimePeriod},
    scope::{Kind, Scope},
};

/// The dimensions of this agreement; the last is for scopes of one subscription only.
const DIMENSIONS: [&str; 13] = [
    "ResourceGroupName",
    "ResourceType",
    "ResourceLocation",
    "SubscriptionId",
    "SubscriptionName",
    "MeterCategory",
    "MeterSubcategory",
    "Meter",
    "ServiceName",
    "PublisherType",
    "PricingModel",
    "ChargeType",
    "ResourceId",
];

/// What can be summed.
const MEASURES: [&str; 5] = ["Cost", "CostUSD", "PreTaxCost", "PreTaxCostUSD", "UsageQuantity"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Body {
    r#type: String,
    timeframe: String,
    time_period: Option<TimePeriod>,
    dataset: Dataset,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Dataset {
    granularity: Option<String>,
    aggregation: Aggregations,
    #[serde(default)]
    grouping: Vec<GroupingBody>,
    filter: Option<FilterBody>,
    #[serde(default)]
    sorting: Vec<SortingBody>,
}

/// By alias.
pub(super) type Aggregations = BTreeMap<String, Aggregation>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Aggregation {
    name: String,
    function: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupingBody {
    r#type: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SortingBody {
    direction: String,
    name: String,
}

/// A query that makes sense.
pub(super) struct Definition {
    pub(super) metric: Metric,
    pub(super) period: Period,
    pub(super) granularity: Granularity,
    /// Alias and measure.
    pub(super) aggregations: Vec<(String, &'static str)>,
    pub(super) groupings: Vec<Grouping>,
    pub(super) filter: Option<Filter>,
    pub(super) sorting: Vec<Sorting>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Granularity {
    None,
    Daily,
    Monthly,
}

pub(super) enum Grouping {
    Dimension(&'static str),
    Tag(String),
}

pub(super) struct Sorting {
    pub(super) column: String,
    pub(super) descending: bool,
}

impl Definition {
    pub(super) fn read(body: &[u8], scope: &Scope) -> Result<Self, ArmError> {
        let body: Body = serde_json::from_slice(body).map_err(ArmError::definition)?;
        let metric = metric(&body.r#type)?;
        let period = Period::read(&body.timeframe, body.time_period.as_ref())?;
        let granularity = match body.dataset.granularity.as_deref() {
            None | Some("None") => Granularity::None,
            Some("Daily") => Granularity::Daily,
            Some("Monthly") => Granularity::Monthly,
            Some(other) => return Err(invalid("dataset granularity", other, &["Daily", "Monthly"])),
        };
        if body.dataset.grouping.len() > 2 {
            return Err(refused("dataset grouping: at most 2 are allowed"));
        }
        let dimensions = dimensions(scope);
        let grouping = |body| grouping(body, dimensions);
        Ok(Self {
            metric,
            period,
            granularity,
            aggregations: aggregations(body.dataset.aggregation)?,
            groupings: body.dataset.grouping.into_iter().map(grouping).collect::<Result<_, _>>()?,
            filter: body.dataset.filter.map(|filter| Filter::read(filter, dimensions)).transpose()?,
            sorting: body.dataset.sorting.into_iter().map(sorting).collect::<Result<_, _>>()?,
        })
    }
}

/// What can be grouped by and filtered on a scope; resources are not to be told apart over several subscriptions.
pub(super) fn dimensions(scope: &Scope) -> &'static [&'static str] {
    match scope.kind() {
        Kind::ManagementGroup(_) => DIMENSIONS.split_last().map_or(&[], |(_, others)| others),
        Kind::Subscription(_) | Kind::ResourceGroup { .. } => &DIMENSIONS,
    }
}

pub(super) fn metric(name: &str) -> Result<Metric, ArmError> {
    match one_of("query type", name, &["ActualCost", "AmortizedCost", "Usage"])? {
        "AmortizedCost" => Ok(Metric::Amortized),
        _ => Ok(Metric::Actual),
    }
}

/// Alias and measure of one or two aggregations.
pub(super) fn aggregations(bodies: Aggregations) -> Result<Vec<(String, &'static str)>, ArmError> {
    if bodies.is_empty() || bodies.len() > 2 {
        return Err(refused("dataset aggregation: at least 1 and at most 2 are allowed"));
    }
    let aggregation = |(alias, body): (String, Aggregation)| {
        one_of("dataset aggregation function", &body.function, &["Sum"])?;
        Ok((alias, one_of("dataset aggregation", &body.name, &MEASURES)?))
    };
    bodies.into_iter().map(aggregation).collect()
}

pub(super) fn refused(what: &str) -> ArmError {
    ArmError::definition(format_args!("Invalid {what}"))
}

pub(super) fn invalid(what: &str, given: &str, valid: &[&str]) -> ArmError {
    let valid = valid.iter().map(|value| format!("'{value}'")).collect::<Vec<_>>().join(",");
    ArmError::definition(format_args!("Invalid {what}: '{given}'; valid values: {valid}"))
}

pub(super) fn one_of(what: &str, given: &str, valid: &[&'static str]) -> Result<&'static str, ArmError> {
    valid.iter().copied().find(|value| value.eq_ignore_ascii_case(given)).ok_or_else(|| invalid(what, given, valid))
}

fn grouping(body: GroupingBody, dimensions: &[&'static str]) -> Result<Grouping, ArmError> {
    match one_of("dataset grouping type", &body.r#type, &["Dimension", "TagKey"])? {
        "Dimension" => one_of("dataset grouping", &body.name, dimensions).map(Grouping::Dimension),
        _ => Ok(Grouping::Tag(body.name)),
    }
}

fn sorting(body: SortingBody) -> Result<Sorting, ArmError> {
    let direction = one_of("dataset sorting direction", &body.direction, &["Ascending", "Descending"])?;
    Ok(Sorting { column: body.name, descending: direction == "Descending" })
}
