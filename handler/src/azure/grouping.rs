//! What costs are grouped and filtered by.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The longest key of a tag, in characters.
/// <https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations>
const LONGEST_KEY: usize = 512;
/// The longest value a filter takes, in characters.
pub(super) const LONGEST_VALUE: usize = 256;
/// The most values of one filter.
const MOST_VALUES: usize = 50;
/// Begins the name of a tag.
const TAG: &str = "tag:";

/// A dimension that every kind of agreement knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// The Azure service, for example `Virtual Machines`.
    ServiceName,
    /// The resource group.
    ResourceGroupName,
    /// One resource.
    ResourceId,
    /// The kind of resource.
    ResourceType,
    /// The region.
    ResourceLocation,
    /// What the meter measures, roughly.
    MeterCategory,
    /// What the meter measures, finer.
    MeterSubcategory,
    /// What the meter measures.
    Meter,
    /// Usage, purchase, refund.
    ChargeType,
    /// Azure or the Marketplace.
    PublisherType,
    /// On demand, reservation, spot.
    PricingModel,
    /// The subscription, by its id.
    SubscriptionId,
    /// The subscription, by its name.
    SubscriptionName,
}

/// A dimension, or a tag by its key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum Grouping {
    /// One of the allow-list.
    Dimension(Dimension),
    /// `tag:<key>`.
    Tag(String),
}

/// Only costs whose dimension or tag has one of these values.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// What is compared.
    pub by: Grouping,
    /// One of these, without regard to case. 1 to 50 values of at most 256 characters.
    pub values: FilterValues,
}

/// The values of one filter: 1 to 50, of at most 256 characters each, none with control characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct FilterValues(Vec<String>);

/// The text names neither a dimension of the allow-list nor a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither a known dimension nor tag:<key>")]
pub struct UnknownGrouping;

/// There are too many values, or none, or one of them can't be a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a list of values")]
pub struct MalformedValues;

impl Dimension {
    /// All, as they are offered.
    pub const ALL: [Self; 13] = [
        Self::ServiceName,
        Self::ResourceGroupName,
        Self::ResourceId,
        Self::ResourceType,
        Self::ResourceLocation,
        Self::MeterCategory,
        Self::MeterSubcategory,
        Self::Meter,
        Self::ChargeType,
        Self::PublisherType,
        Self::PricingModel,
        Self::SubscriptionId,
        Self::SubscriptionName,
    ];

    /// The name in requests, and of the column in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ServiceName => "ServiceName",
            Self::ResourceGroupName => "ResourceGroupName",
            Self::ResourceId => "ResourceId",
            Self::ResourceType => "ResourceType",
            Self::ResourceLocation => "ResourceLocation",
            Self::MeterCategory => "MeterCategory",
            Self::MeterSubcategory => "MeterSubcategory",
            Self::Meter => "Meter",
            Self::ChargeType => "ChargeType",
            Self::PublisherType => "PublisherType",
            Self::PricingModel => "PricingModel",
            Self::SubscriptionId => "SubscriptionId",
            Self::SubscriptionName => "SubscriptionName",
        }
    }

    /// For the head of a table.
    #[must_use]
    pub const fn heading(self) -> &'static str {
        match self {
            Self::ServiceName => "Service",
            Self::ResourceGroupName => "Resource group",
            Self::ResourceId => "Resource",
            Self::ResourceType => "Resource type",
            Self::ResourceLocation => "Location",
            Self::MeterCategory => "Meter category",
            Self::MeterSubcategory => "Meter subcategory",
            Self::Meter => "Meter",
            Self::ChargeType => "Charge type",
            Self::PublisherType => "Publisher",
            Self::PricingModel => "Pricing model",
            Self::SubscriptionId => "Subscription id",
            Self::SubscriptionName => "Subscription",
        }
    }
}

impl FromStr for Dimension {
    type Err = UnknownGrouping;

    /// In any case, with or without separators and the ending `Name`: `service`, `resource_group`, `meter category`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain: String = text.chars().filter(|character| !" _-".contains(*character)).collect();
        let plain = plain.to_ascii_lowercase();
        let is = |dimension: &Self| {
            let name = dimension.name().to_ascii_lowercase();
            name == plain || name.strip_suffix("name").is_some_and(|short| short == plain)
        };
        Self::ALL.into_iter().find(is).ok_or(UnknownGrouping)
    }
}

impl Grouping {
    /// As a request groups by it.
    pub(super) fn request(&self) -> Value {
        let (kind, name) = match self {
            Self::Dimension(dimension) => ("Dimension", dimension.name()),
            Self::Tag(key) => ("TagKey", key.as_str()),
        };
        json!({ "type": kind, "name": name })
    }

    /// For the head of a table: not escaped.
    #[must_use]
    pub fn heading(&self) -> Cow<'static, str> {
        match self {
            Self::Dimension(dimension) => dimension.heading().into(),
            Self::Tag(key) => format!("Tag {key}").into(),
        }
    }
}

impl Grouping {
    /// For the head of a column in a file: `service`, `resource_group`, `tag:team`.
    #[must_use]
    pub fn column(&self) -> String {
        match self {
            Self::Dimension(dimension) => dimension.heading().to_lowercase().replace(' ', "_"),
            Self::Tag(_) => self.to_string(),
        }
    }
}

impl FromStr for Grouping {
    type Err = UnknownGrouping;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        match text.get(..TAG.len()).filter(|start| start.eq_ignore_ascii_case(TAG)) {
            Some(_) => tag_key(text.get(TAG.len()..).unwrap_or_default()).map(Self::Tag),
            None => text.parse().map(Self::Dimension),
        }
    }
}

fn tag_key(text: &str) -> Result<String, UnknownGrouping> {
    let key = text.trim();
    let is_key = (1..=LONGEST_KEY).contains(&key.chars().count()) && !key.contains(char::is_control);
    is_key.then(|| key.to_owned()).ok_or(UnknownGrouping)
}

impl TryFrom<String> for Grouping {
    type Error = UnknownGrouping;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Grouping> for String {
    fn from(grouping: Grouping) -> Self {
        grouping.to_string()
    }
}

impl fmt::Display for Grouping {
    /// As arguments name it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dimension(dimension) => formatter.write_str(dimension.name()),
            Self::Tag(key) => write!(formatter, "{TAG}{key}"),
        }
    }
}

impl JsonSchema for Grouping {
    fn schema_name() -> Cow<'static, str> {
        "Grouping".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names = Dimension::ALL.map(Dimension::name);
        json_schema!({
            "type": "string",
            "description": format!("One of {}, or tag:<key>.", names.join(", ")),
            "pattern": format!("^({}|tag:.{{1,{LONGEST_KEY}}})$", names.join("|")),
            "examples": ["ServiceName", "tag:team"],
        })
    }
}

impl Filter {
    /// As a request filters by it.
    pub(super) fn request(&self) -> Value {
        let (kind, name) = match &self.by {
            Grouping::Dimension(dimension) => ("dimensions", dimension.name()),
            Grouping::Tag(key) => ("tags", key.as_str()),
        };
        json!({ kind: { "name": name, "operator": "In", "values": self.values.0 } })
    }
}

impl FilterValues {
    /// The values.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl TryFrom<Vec<String>> for FilterValues {
    type Error = MalformedValues;

    fn try_from(values: Vec<String>) -> Result<Self, Self::Error> {
        let is_value = |value: &String| value.chars().count() <= LONGEST_VALUE && !value.contains(char::is_control);
        let are_values = (1..=MOST_VALUES).contains(&values.len()) && values.iter().all(is_value);
        are_values.then_some(Self(values)).ok_or(MalformedValues)
    }
}

impl From<FilterValues> for Vec<String> {
    fn from(values: FilterValues) -> Self {
        values.0
    }
}

impl JsonSchema for FilterValues {
    fn schema_name() -> Cow<'static, str> {
        "FilterValues".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "array",
            "items": { "type": "string", "maxLength": LONGEST_VALUE },
            "minItems": 1,
            "maxItems": MOST_VALUES,
        })
    }
}

#[cfg(test)]
mod tests {
    //! Proves what can be grouped and filtered by. That an agreement has all of the dimensions needs its tenant.

    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn a_dimension_is_recognised_in_the_ways_people_write_it() {
        for dimension in Dimension::ALL {
            assert_eq!(dimension.name().parse(), Ok(dimension));
            assert_eq!(dimension.name().to_uppercase().parse(), Ok(dimension));
        }
        for (text, name) in [
            ("service", "ServiceName"),
            ("resource_group", "ResourceGroupName"),
            ("resourceGroup", "ResourceGroupName"),
            ("meter category", "MeterCategory"),
            (" Subscription ", "SubscriptionName"),
            ("subscription-id", "SubscriptionId"),
            ("tag:team", "tag:team"),
            ("TAG: cost center", "tag:cost center"),
        ] {
            assert_eq!(text.parse::<Grouping>().unwrap().to_string(), name, "{text}");
        }
    }

    #[test]
    fn what_is_not_on_the_list_is_refused() {
        let long = format!("tag:{}", "k".repeat(513));
        for text in ["", "BillingPeriod", "tags", "tag:", "tag: ", "tag:a\nb", "ServiceName'", "name", "team", &long] {
            assert_eq!(text.parse::<Grouping>(), Err(UnknownGrouping), "{text:?}");
        }
    }

    #[test]
    fn a_filter_is_a_condition_with_values() {
        let filter = |json: Value| serde_json::from_value::<Filter>(json).map(|filter| filter.request().to_string());
        let shown = |json| filter(json).unwrap();
        assert_snapshot!(shown(json!({ "by": "service", "values": ["Storage"] })), @r#"{"dimensions":{"name":"ServiceName","operator":"In","values":["Storage"]}}"#);
        assert_snapshot!(shown(json!({ "by": "tag:team", "values": ["a", ""] })), @r#"{"tags":{"name":"team","operator":"In","values":["a",""]}}"#);
        let none: [&str; 0] = [];
        for values in [json!(none), json!(["a\u{0}"]), json!(vec!["a"; 51]), json!(["x".repeat(257)])] {
            assert!(filter(json!({ "by": "service", "values": values })).is_err());
        }
    }
}
