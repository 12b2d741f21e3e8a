//! Where costs are looked for.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::SubscriptionId;

/// The longest name of a group, in characters.
const LONGEST: usize = 90;

/// What Azure judges the caller's roles on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(into = "Shape")]
pub enum CostScope {
    /// All of a subscription.
    Subscription(SubscriptionId),
    /// One resource group; a role on it is enough.
    ResourceGroup(SubscriptionId, ResourceGroup),
    /// All subscriptions below a management group. Azure knows their costs for Enterprise Agreements and pay-as-you-go
    /// only: <https://learn.microsoft.com/azure/cost-management-billing/costs/understand-work-scopes>.
    ManagementGroup(ManagementGroup),
}

/// The name of a resource group: letters, digits, `_().-`, at most 90 of them, no dot at the end.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct ResourceGroup(String);

/// The id of a management group: Latin letters, digits, `_().-`, at most 90 of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct ManagementGroup(String);

/// The text can't be the name of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no name of a group")]
pub struct MalformedGroup;

impl CostScope {
    /// Of a request's path, before the provider.
    pub(super) fn segments(&self) -> Vec<String> {
        let owned = |segments: &[&str]| segments.iter().copied().map(str::to_owned).collect();
        match self {
            Self::Subscription(id) => owned(&["subscriptions", &id.to_string()]),
            Self::ResourceGroup(id, group) => owned(&["subscriptions", &id.to_string(), "resourceGroups", &group.0]),
            Self::ManagementGroup(group) => owned(&["providers", "Microsoft.Management", "managementGroups", &group.0]),
        }
    }

    /// As commands name it: `/subscriptions/…`.
    #[must_use]
    pub fn resource_id(&self) -> String {
        self.segments().iter().flat_map(|segment| ["/", segment]).collect()
    }

    /// Whether it holds several subscriptions.
    #[must_use]
    pub fn is_management_group(&self) -> bool {
        matches!(self, Self::ManagementGroup(_))
    }

    /// The subscription it is, or is a part of.
    #[must_use]
    pub fn subscription(&self) -> Option<SubscriptionId> {
        match self {
            Self::Subscription(id) | Self::ResourceGroup(id, _) => Some(*id),
            Self::ManagementGroup(_) => None,
        }
    }
}

impl fmt::Display for CostScope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subscription(id) => write!(formatter, "subscription {id}"),
            Self::ResourceGroup(id, group) => write!(formatter, "resource group {} of subscription {id}", group.0),
            Self::ManagementGroup(group) => write!(formatter, "management group {}", group.0),
        }
    }
}

impl FromStr for ResourceGroup {
    type Err = MalformedGroup;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        is_group(text, char::is_alphanumeric).then(|| Self(text.to_owned())).ok_or(MalformedGroup)
    }
}

impl FromStr for ManagementGroup {
    type Err = MalformedGroup;

    /// Accepts its resource id too.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const PREFIX: &str = "/providers/microsoft.management/managementgroups/";
        let text = text.trim();
        let is_id = text.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX));
        let text = if is_id { text.get(PREFIX.len()..).unwrap_or_default() } else { text };
        is_group(text, |letter| letter.is_ascii_alphanumeric()).then(|| Self(text.to_owned())).ok_or(MalformedGroup)
    }
}

fn is_group(text: &str, is_letter: impl Fn(char) -> bool) -> bool {
    (1..=LONGEST).contains(&text.chars().count())
        && text.chars().all(|character| is_letter(character) || "_().-".contains(character))
        && !text.ends_with('.')
}

impl TryFrom<String> for ResourceGroup {
    type Error = MalformedGroup;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl TryFrom<String> for ManagementGroup {
    type Error = MalformedGroup;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ResourceGroup> for String {
    fn from(group: ResourceGroup) -> Self {
        group.0
    }
}

impl From<ManagementGroup> for String {
    fn from(group: ManagementGroup) -> Self {
        group.0
    }
}

impl JsonSchema for ResourceGroup {
    fn schema_name() -> Cow<'static, str> {
        "ResourceGroup".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "Only this resource group of the subscription: its name. A role on it is enough.",
            "minLength": 1,
            "maxLength": LONGEST,
            "examples": ["rg-shop-prod"],
        })
    }
}

impl JsonSchema for ManagementGroup {
    fn schema_name() -> Cow<'static, str> {
        "ManagementGroup".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "Instead of a subscription: the id of a management group, for all subscriptions below it \
                            in one query. Enterprise Agreements and pay-as-you-go only.",
            "minLength": 1,
            "maxLength": LONGEST,
            "examples": ["contoso"],
        })
    }
}

/// How a scope is written in answers.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Shape {
    r#type: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription_id: Option<SubscriptionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    management_group_id: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Kind {
    Subscription,
    ResourceGroup,
    ManagementGroup,
}

impl From<CostScope> for Shape {
    fn from(scope: CostScope) -> Self {
        let subscription_id = scope.subscription();
        let (r#type, resource_group, management_group_id) = match scope {
            CostScope::Subscription(_) => (Kind::Subscription, None, None),
            CostScope::ResourceGroup(_, group) => (Kind::ResourceGroup, Some(group.0), None),
            CostScope::ManagementGroup(group) => (Kind::ManagementGroup, None, Some(group.0)),
        };
        Self { r#type, subscription_id, resource_group, management_group_id }
    }
}

impl JsonSchema for CostScope {
    fn schema_name() -> Cow<'static, str> {
        "CostScope".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Shape::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    //! Proves that a scope is built from parts that can't leave their place. Whether it exists is Azure's to say.

    use insta::assert_snapshot;

    use super::*;

    const ID: &str = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";

    fn scopes() -> [CostScope; 3] {
        [
            CostScope::Subscription(ID.parse().unwrap()),
            CostScope::ResourceGroup(ID.parse().unwrap(), "rg-shop_(prod)".parse().unwrap()),
            CostScope::ManagementGroup("contoso".parse().unwrap()),
        ]
    }

    #[test]
    fn it_is_named_in_sentences_commands_and_answers() {
        let all = scopes()
            .map(|scope| format!("{scope}\n{}\n{}\n", scope.resource_id(), serde_json::to_string(&scope).unwrap()));
        assert_snapshot!(all.concat(), @r#"
        subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590
        /subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590
        {"type":"subscription","subscriptionId":"0b1f6471-1bf0-4dda-aec3-cb9272f09590"}
        resource group rg-shop_(prod) of subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590
        /subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/rg-shop_(prod)
        {"type":"resourceGroup","subscriptionId":"0b1f6471-1bf0-4dda-aec3-cb9272f09590","resourceGroup":"rg-shop_(prod)"}
        management group contoso
        /providers/Microsoft.Management/managementGroups/contoso
        {"type":"managementGroup","managementGroupId":"contoso"}
        "#);
    }

    #[test]
    fn a_resource_id_of_a_management_group_is_taken_for_its_id() {
        let id = "/providers/Microsoft.Management/managementGroups/contoso";
        assert_eq!(id.parse::<ManagementGroup>(), "contoso".parse());
    }

    #[test]
    fn what_can_be_no_group_is_refused() {
        let long = "a".repeat(91);
        for text in ["", " ", ".", "..", "a/b", "r\ng", "rg?x", "rg%2f", "a b", "rg.", "<rg>", "rg\u{202e}", &long] {
            assert_eq!(text.parse::<ManagementGroup>(), Err(MalformedGroup), "{text:?}");
            assert_eq!(text.parse::<ResourceGroup>(), Err(MalformedGroup), "{text:?}");
        }
        assert!("rg-münchen".parse::<ResourceGroup>().is_ok());
        assert!("mg-münchen".parse::<ManagementGroup>().is_err());
    }
}
