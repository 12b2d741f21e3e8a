//! What the lines of an answer are about, as an argument.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::{arguments::BadArgument, one_or_many::OneOrMany};
use crate::azure::{CostScope, Dimension, Grouping};

/// The most groupings of one query, by the contract of Azure's API.
const MOST: usize = 2;

/// At most two groupings, and not the same twice. None, as good as left out: some clients send an empty list for that.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "OneOrMany<Grouping>")]
pub(super) struct GroupBy(Vec<Grouping>);

impl GroupBy {
    /// What was asked for, where the scope has it; by default services, and the subscriptions of a management group.
    pub(super) fn at(self, scope: &CostScope) -> Result<Vec<Grouping>, BadArgument> {
        if !scope.is_management_group() {
            return Ok(self.or([Dimension::ServiceName]));
        }
        let groupings = self.or([Dimension::SubscriptionName, Dimension::SubscriptionId]);
        if groupings.contains(&Grouping::Dimension(Dimension::ResourceId)) {
            return Err(BadArgument {
                sentence: "Argument `groupBy`: Azure tells resources apart within a subscription only.".to_owned(),
                how: "Ask for one subscription or resource group, or group by something else. For example: \
                      `{\"groupBy\":[\"SubscriptionName\",\"ResourceGroupName\"]}`."
                    .to_owned(),
            });
        }
        Ok(groupings)
    }

    fn or(self, default: impl IntoIterator<Item = Dimension>) -> Vec<Grouping> {
        if self.0.is_empty() { default.into_iter().map(Grouping::Dimension).collect() } else { self.0 }
    }
}

impl TryFrom<OneOrMany<Grouping>> for GroupBy {
    type Error = &'static str;

    fn try_from(groupings: OneOrMany<Grouping>) -> Result<Self, Self::Error> {
        let groupings = groupings.into_vec();
        match groupings.as_slice() {
            // Azure does not tell keys of tags apart by case
            [one, other] if one.to_string().eq_ignore_ascii_case(&other.to_string()) => Err("twice the same"),
            groupings if groupings.len() > MOST => Err("too many"),
            _ => Ok(Self(groupings)),
        }
    }
}

impl JsonSchema for GroupBy {
    fn schema_name() -> Cow<'static, str> {
        "GroupBy".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut item = Grouping::json_schema(generator);
        // said once, by the list: there it also explains a mistake
        item.remove("description");
        item.remove("examples");
        json_schema!({
            "type": "array",
            "description": format!(
                "What each line is about: one or two, and not twice the same, of {}, or tag:<key> with the key of a \
                 tag. Default: ServiceName; for a management group SubscriptionName and SubscriptionId.",
                Dimension::ALL.map(Dimension::name).join(", ")
            ),
            "items": item,
            "minItems": 1,
            "maxItems": MOST,
            "uniqueItems": true,
            "examples": [["ResourceGroupName", "tag:team"]],
        })
    }
}

#[cfg(test)]
mod tests {
    //! Proves what is taken for groupings.

    use serde_json::{Value, json};

    use super::*;

    fn read(given: Value) -> Option<Vec<String>> {
        let group_by = serde_json::from_value::<GroupBy>(given).ok()?;
        Some(group_by.or([Dimension::ServiceName]).iter().map(Grouping::to_string).collect())
    }

    #[test]
    fn one_or_two_are_read_in_the_ways_models_write_them() {
        for (given, groupings) in [
            (json!(["ServiceName"]), &["ServiceName"][..]),
            (json!("resource_group"), &["ResourceGroupName"]),
            (json!("service, tag:team"), &["ServiceName", "tag:team"]),
            (json!(r#"["service","tag:Cost Center"]"#), &["ServiceName", "tag:Cost Center"]),
            (json!(["tag:team", "tag:env"]), &["tag:team", "tag:env"]),
            (json!([]), &["ServiceName"]),
        ] {
            assert_eq!(read(given.clone()).unwrap(), groupings, "{given}");
        }
    }

    #[test]
    fn more_the_same_twice_and_what_is_no_grouping_are_refused() {
        for given in [
            json!(["service", "meter", "tag:team"]),
            json!(["service", "ServiceName"]),
            json!(["tag:team", "tag:Team"]),
            json!("tag:"),
            json!(["service", "tag: "]),
            json!("BillingPeriod"),
            json!(""),
            json!(7),
            json!({ "by": "service" }),
        ] {
            assert_eq!(read(given.clone()), None, "{given}");
        }
    }
}
