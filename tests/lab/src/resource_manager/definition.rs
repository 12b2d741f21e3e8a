//! The body of a query, judged as Cost Management judges it.
//!
//! One thing is stricter: a member that is not part of a definition is refused, where Azure ignores it. A misspelt
//! member would otherwise change an answer without a sign.

use std::collections::BTreeMap;

use serde::Deserialize;
use time::{Date, Duration, OffsetDateTime, PrimitiveDateTime, UtcOffset, format_description::well_known::Iso8601};

use super::{CostRow, errors::ArmError};
use crate::world;

/// The dimensions of this agreement.
pub(super) const DIMENSIONS: [&str; 13] = [
    "ResourceGroupName",
    "ResourceId",
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
];

const TYPES: [&str; 3] = ["ActualCost", "AmortizedCost", "Usage"];

/// What can be summed.
pub(super) const MEASURES: [&str; 5] = ["Cost", "CostUSD", "PreTaxCost", "PreTaxCostUSD", "UsageQuantity"];

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
struct TimePeriod {
    from: String,
    to: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Dataset {
    granularity: Option<String>,
    aggregation: BTreeMap<String, Aggregation>,
    #[serde(default)]
    grouping: Vec<GroupingBody>,
    filter: Option<FilterBody>,
    #[serde(default)]
    sorting: Vec<SortingBody>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Aggregation {
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
struct FilterBody {
    and: Option<Vec<FilterBody>>,
    or: Option<Vec<FilterBody>>,
    dimensions: Option<Comparison>,
    tags: Option<Comparison>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Comparison {
    name: String,
    operator: String,
    values: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SortingBody {
    direction: String,
    name: String,
}

/// A query that makes sense.
pub(super) struct Definition {
    pub(super) from: Date,
    /// Inclusive.
    pub(super) to: Date,
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

pub(super) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Dimension(&'static str, Vec<String>),
    Tag(String, Vec<String>),
}

pub(super) struct Sorting {
    pub(super) column: String,
    pub(super) descending: bool,
}

impl Definition {
    pub(super) fn read(body: &[u8]) -> Result<Self, ArmError> {
        let body: Body = serde_json::from_slice(body).map_err(ArmError::definition)?;
        one_of("query type", &body.r#type, &TYPES)?;
        let (from, to) = period(&body)?;
        let granularity = match body.dataset.granularity.as_deref() {
            None | Some("None") => Granularity::None,
            Some("Daily") => Granularity::Daily,
            Some("Monthly") => Granularity::Monthly,
            Some(other) => return Err(invalid("dataset granularity", other, &["Daily", "Monthly"])),
        };
        if body.dataset.aggregation.is_empty() || body.dataset.aggregation.len() > 2 {
            return Err(ArmError::definition("Invalid dataset aggregation: at least 1 and at most 2 are allowed"));
        }
        if body.dataset.grouping.len() > 2 {
            return Err(ArmError::definition("Invalid dataset grouping: at most 2 are allowed"));
        }
        Ok(Self {
            from,
            to,
            granularity,
            aggregations: body.dataset.aggregation.into_iter().map(aggregation).collect::<Result<_, _>>()?,
            groupings: body.dataset.grouping.into_iter().map(grouping).collect::<Result<_, _>>()?,
            filter: body.dataset.filter.map(filter).transpose()?,
            sorting: body.dataset.sorting.into_iter().map(sorting).collect::<Result<_, _>>()?,
        })
    }
}

impl Filter {
    pub(super) fn admits(&self, row: &CostRow) -> bool {
        let among = |values: &[String], actual: &str| values.iter().any(|value| value.eq_ignore_ascii_case(actual));
        match self {
            Self::All(filters) => filters.iter().all(|filter| filter.admits(row)),
            Self::Any(filters) => filters.iter().any(|filter| filter.admits(row)),
            Self::Dimension(name, values) => among(values, &row.dimension(name)),
            Self::Tag(name, values) => row.tag(name).is_some_and(|actual| among(values, actual)),
        }
    }
}

fn invalid(what: &str, given: &str, valid: &[&str]) -> ArmError {
    let valid = valid.iter().map(|value| format!("'{value}'")).collect::<Vec<_>>().join(",");
    ArmError::definition(format_args!("Invalid {what}: '{given}'; valid values: {valid}"))
}

fn one_of(what: &str, given: &str, valid: &[&'static str]) -> Result<&'static str, ArmError> {
    valid.iter().copied().find(|value| value.eq_ignore_ascii_case(given)).ok_or_else(|| invalid(what, given, valid))
}

fn aggregation((alias, body): (String, Aggregation)) -> Result<(String, &'static str), ArmError> {
    one_of("dataset aggregation function", &body.function, &["Sum"])?;
    Ok((alias, one_of("dataset aggregation", &body.name, &MEASURES)?))
}

fn grouping(body: GroupingBody) -> Result<Grouping, ArmError> {
    match one_of("dataset grouping type", &body.r#type, &["Dimension", "TagKey"])? {
        "Dimension" => one_of("dataset grouping", &body.name, &DIMENSIONS).map(Grouping::Dimension),
        _ => Ok(Grouping::Tag(body.name)),
    }
}

fn sorting(body: SortingBody) -> Result<Sorting, ArmError> {
    let direction = one_of("dataset sorting direction", &body.direction, &["Ascending", "Descending"])?;
    Ok(Sorting { column: body.name, descending: direction == "Descending" })
}

fn filter(body: FilterBody) -> Result<Filter, ArmError> {
    let several = |filters: Vec<FilterBody>| {
        if filters.len() < 2 {
            return Err(ArmError::definition("Invalid dataset filter: 'and' and 'or' need at least 2 items"));
        }
        filters.into_iter().map(filter).collect::<Result<Vec<_>, _>>()
    };
    match (body.and, body.or, body.dimensions, body.tags) {
        (Some(filters), None, None, None) => several(filters).map(Filter::All),
        (None, Some(filters), None, None) => several(filters).map(Filter::Any),
        (None, None, Some(comparison), None) => {
            let values = values(&comparison)?;
            Ok(Filter::Dimension(one_of("dataset filter", &comparison.name, &DIMENSIONS)?, values))
        }
        (None, None, None, Some(comparison)) => Ok(Filter::Tag(comparison.name.clone(), values(&comparison)?)),
        _ => Err(ArmError::definition("Invalid dataset filter: exactly one of and, or, dimensions, tags is allowed")),
    }
}

fn values(comparison: &Comparison) -> Result<Vec<String>, ArmError> {
    one_of("dataset filter operator", &comparison.operator, &["In"])?;
    if comparison.values.is_empty() {
        return Err(ArmError::definition("Invalid dataset filter: 'values' must not be empty"));
    }
    Ok(comparison.values.clone())
}

/// The days a query covers, both inclusive.
fn period(body: &Body) -> Result<(Date, Date), ArmError> {
    let today = world::now().date();
    match (body.timeframe.as_str(), &body.time_period) {
        ("Custom", None) => Err(ArmError::definition("Missing time period for timeframe 'Custom'")),
        ("Custom", Some(period)) => {
            let (from, to) = (moment(&period.from)?, moment(&period.to)?);
            if to < from {
                return Err(ArmError::definition("Invalid time period: 'to' lies before 'from'"));
            }
            if to > a_year_after(from) {
                let message = "The time period for pulling the data cannot exceed 1 year(s)";
                return Err(ArmError::definition(message));
            }
            Ok((from.date(), to.date()))
        }
        ("MonthToDate" | "BillingMonthToDate" | "TheCurrentMonth", None) => Ok((month(today), today)),
        ("TheLastMonth" | "TheLastBillingMonth", None) => {
            let last = month(today) - Duration::DAY;
            Ok((month(last), last))
        }
        ("WeekToDate", None) => {
            Ok((today - Duration::days(i64::from(today.weekday().number_days_from_sunday())), today))
        }
        (_, Some(_)) => Err(ArmError::definition("A time period is allowed for timeframe 'Custom' only")),
        (other, None) => Err(invalid("timeframe", other, &["MonthToDate", "TheLastMonth", "WeekToDate", "Custom"])),
    }
}

fn a_year_after(moment: OffsetDateTime) -> OffsetDateTime {
    // the 29th of February has no anniversary
    moment.replace_year(moment.year() + 1).unwrap_or(moment + Duration::days(366))
}

/// A date-time with or without an offset, or a day.
fn moment(text: &str) -> Result<OffsetDateTime, ArmError> {
    let with_offset = OffsetDateTime::parse(text, &Iso8601::PARSING).map(|moment| moment.to_offset(UtcOffset::UTC));
    let without = || PrimitiveDateTime::parse(text, &Iso8601::PARSING).map(PrimitiveDateTime::assume_utc);
    let day = || Date::parse(text, &Iso8601::PARSING).map(|day| day.midnight().assume_utc());
    with_offset
        .or_else(|_| without())
        .or_else(|_| day())
        .map_err(|_| ArmError::definition(format_args!("Invalid date '{text}'")))
}

/// The first day of `date`'s month.
pub(super) fn month(date: Date) -> Date {
    date.replace_day(1).unwrap_or(date)
}
