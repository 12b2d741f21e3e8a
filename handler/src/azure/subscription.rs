//! Which subscription is asked about.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Begins the resource id of a subscription.
const PREFIX: &str = "/subscriptions/";

/// The id of an Azure subscription: a GUID and nothing else, so that it can't carry a path or a second scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct SubscriptionId(Uuid);

/// The text is not a hyphenated GUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a GUID in its hyphenated form")]
pub struct MalformedSubscriptionId;

impl FromStr for SubscriptionId {
    type Err = MalformedSubscriptionId;

    /// Accepts the hyphenated form in either case, also as a resource id (`/subscriptions/<GUID>`): no braces, no `urn:`,
    /// and no path that says more.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let is_id = text.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX));
        let text = if is_id { text.get(PREFIX.len()..).unwrap_or_default() } else { text };
        let guid: uuid::fmt::Hyphenated = text.parse().map_err(|_| MalformedSubscriptionId)?;
        Ok(Self(guid.into_uuid()))
    }
}

impl TryFrom<String> for SubscriptionId {
    type Error = MalformedSubscriptionId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<SubscriptionId> for String {
    fn from(id: SubscriptionId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for SubscriptionId {
    /// Lower-case, as Azure compares it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(formatter)
    }
}

impl JsonSchema for SubscriptionId {
    fn schema_name() -> Cow<'static, str> {
        "SubscriptionId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "The subscription's id: a GUID, not a name.",
            "pattern": "^(/subscriptions/)?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
            "examples": ["0b1f6471-1bf0-4dda-aec3-cb9272f09590"],
        })
    }
}

#[cfg(test)]
mod tests {
    //! Proves that only a GUID gets into a request's path. Whether it exists is Azure's to say.

    use super::*;

    #[test]
    fn a_guid_is_accepted_in_either_case_and_as_a_resource_id() {
        for text in [
            "0B1F6471-1BF0-4DDA-AEC3-CB9272F09590",
            "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590",
            "/SUBSCRIPTIONS/0b1f6471-1bf0-4dda-aec3-cb9272f09590",
            " 0b1f6471-1bf0-4dda-aec3-cb9272f09590\n",
        ] {
            let id: SubscriptionId = text.parse().unwrap();
            assert_eq!(id.to_string(), "0b1f6471-1bf0-4dda-aec3-cb9272f09590", "{text:?}");
        }
    }

    #[test]
    fn anything_but_a_hyphenated_guid_is_refused() {
        for text in [
            "",
            "shop-prod",
            "../0b1f6471-1bf0-4dda-aec3-cb9272f09590",
            "/subscriptions/",
            "/subscriptions/shop-prod",
            "/subscriptions//subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590",
            "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/rg",
            "0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/rg",
            "0b1f6471-1bf0-4dda-aec3-cb9272f09590?x=1",
            "0b1f64711bf04ddaaec3cb9272f09590",
            "{0b1f6471-1bf0-4dda-aec3-cb9272f09590}",
            "urn:uuid:0b1f6471-1bf0-4dda-aec3-cb9272f09590",
            "0b1f6471-1bf0-4dda-aec3-cb9272f0959g",
        ] {
            assert_eq!(text.parse::<SubscriptionId>(), Err(MalformedSubscriptionId), "{text:?}");
        }
    }
}
