//! Which values a dimension has: the names that filters take.
//!
//! <https://learn.microsoft.com/rest/api/cost-management/dimensions/list>

use http::StatusCode;
use identity::{ArmRequest, ArmResponse, UnixTime};
use serde::Deserialize;

use super::{
    Azure, CostError, CostFailure, CostScope, Day, Dimension, Name, Units, gateway::Question, query, table::Complaint,
};

/// The most values the API gives. Fewer are never asked for: a search in them would miss some.
const TOP: &str = "1000";

/// The values of one dimension in the usage of a scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DimensionValues {
    /// The values, in Azure's order, at most 1000. Chosen by others; an empty one stands for usage that has none.
    pub values: Vec<Name>,
    /// How many there are in all, by Azure's count.
    pub total: usize,
    /// First and last day of the usage, where Azure says it.
    pub usage: Option<(Day, Day)>,
}

impl Azure<'_> {
    /// Asks which values a dimension has in the usage of a scope.
    pub async fn dimension_values(
        &self,
        scope: &CostScope,
        dimension: Dimension,
    ) -> Result<DimensionValues, CostFailure> {
        let question = Question { request: request(scope, dimension), scope: Some(scope), units: Units(1) };
        Ok(read(&self.ask(&question).await?, dimension, self.now())?)
    }
}

/// The filter holds a name of the allow-list and no other text.
fn request(scope: &CostScope, dimension: Dimension) -> ArmRequest {
    let filter = format!("properties/category eq '{}'", dimension.name());
    query::get(scope, "dimensions", &[("$filter", &filter), ("$expand", "properties/data"), ("$top", TOP)])
}

/// Reads the answer. Nothing to tell is no value.
pub(super) fn read(response: &ArmResponse, dimension: Dimension, now: UnixTime) -> Result<DimensionValues, CostError> {
    match response.status {
        StatusCode::OK => values(&response.body, dimension).map_err(CostError::BadAnswer),
        StatusCode::NO_CONTENT => Ok(DimensionValues::default()),
        status => Err(CostError::of(status, &response.headers, &response.body, now)),
    }
}

#[derive(Deserialize)]
struct Body {
    value: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    properties: Properties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    category: String,
    data: Option<Vec<Option<String>>>,
    total: Option<usize>,
    usage_start: Option<String>,
    usage_end: Option<String>,
}

fn values(body: &[u8], dimension: Dimension) -> Result<DimensionValues, Complaint> {
    let Body { value } = serde_json::from_slice(body).map_err(|_| "not a list of dimensions")?;
    let mut items = value.into_iter();
    let Some(Item { properties }) = items.next() else { return Ok(DimensionValues::default()) };
    // some agreements leave out the ending `Name`, as a caller may
    if items.next().is_some() || properties.category.parse() != Ok(dimension) {
        return Err("values of another dimension");
    }
    let Properties { data, total, usage_start, usage_end, .. } = properties;
    let values: Vec<_> = data.into_iter().flatten().map(|value| Name::value(&value.unwrap_or_default())).collect();
    Ok(DimensionValues {
        total: total.unwrap_or_default().max(values.len()),
        usage: day(usage_start).zip(day(usage_end)),
        values,
    })
}

/// The day of `2026-11-01T00:00:00-07:00`, as it is written: usage is counted by days.
fn day(moment: Option<String>) -> Option<Day> {
    moment?.get(..10)?.parse().ok()
}

#[cfg(test)]
mod tests {
    //! Proves what is asked and how it is read. Which dimensions an agreement has values of needs its tenant.

    use bytes::Bytes;
    use http::HeaderMap;
    use insta::assert_snapshot;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const ID: &str = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";

    fn answer(status: StatusCode, body: &str) -> Result<DimensionValues, CostError> {
        let response = ArmResponse { status, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body.as_bytes()) };
        read(&response, Dimension::ResourceGroupName, UnixTime(0))
    }

    fn dimension(properties: &Value) -> String {
        json!({ "value": [{ "name": "dimensions_x", "properties": properties }] }).to_string()
    }

    #[track_caller]
    fn read_of(properties: &Value) -> DimensionValues {
        answer(StatusCode::OK, &dimension(properties)).unwrap()
    }

    #[test]
    fn the_request_filters_by_a_name_of_the_allow_list() {
        let request = request(&CostScope::Subscription(ID.parse().unwrap()), Dimension::ResourceGroupName);
        assert_snapshot!(format!("{request:?}"), @r#"ArmRequest { method: GET, path: "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/providers/Microsoft.CostManagement/dimensions", query: "api-version=2025-03-01&%24filter=properties%2Fcategory%20eq%20%27ResourceGroupName%27&%24expand=properties%2Fdata&%24top=1000", headers: {"clienttype": "mcp-cost-server"}, body: b"" }"#);
    }

    #[test]
    fn values_are_read_with_their_count_and_days() {
        let read = read_of(&json!({
            "category": "ResourceGroup",
            "data": ["rg-shop-prod", "", null, "rg\nx"],
            "total": 377,
            "usageStart": "2026-11-01T00:00:00-07:00",
            "usageEnd": "2026-11-22T00:00:00-07:00",
            "filterEnabled": true,
        }));
        let names: Vec<_> = read.values.iter().map(Name::as_str).collect();
        assert_eq!(names, ["rg-shop-prod", "", "", "rg x"]);
        assert_eq!(read.total, 377);
        assert_eq!(read.usage, "2026-11-01".parse().ok().zip("2026-11-22".parse().ok()));
    }

    #[test]
    fn a_value_is_whole_as_far_as_a_filter_takes_it() {
        for (length, whole) in [(256, true), (257, false)] {
            let value = "r".repeat(length);
            let read = read_of(&json!({ "category": "ResourceGroupName", "data": [value] }));
            assert_eq!(read.values[0].as_str() == value, whole, "{length}");
        }
    }

    #[test]
    fn a_count_that_is_missing_or_too_small_is_counted() {
        for total in [json!(null), json!(0), json!(1)] {
            let read = read_of(&json!({ "category": "resourcegroupname", "data": ["a", "b"], "total": total }));
            assert_eq!((read.total, read.usage), (2, None));
        }
        let days = json!({ "category": "ResourceGroupName", "usageStart": "soon", "usageEnd": "2026-11-22T00:00:00Z" });
        assert_eq!(read_of(&days), DimensionValues::default());
    }

    #[test]
    fn nothing_to_tell_is_no_value() {
        assert_eq!(answer(StatusCode::NO_CONTENT, ""), Ok(DimensionValues::default()));
        assert_eq!(answer(StatusCode::OK, r#"{"value":[]}"#), Ok(DimensionValues::default()));
    }

    #[test]
    fn values_of_anything_else_are_refused() {
        let other = dimension(&json!({ "category": "ServiceName", "data": ["Storage"] }));
        let one = json!({ "properties": { "category": "ResourceGroupName", "data": ["a"] } });
        for body in [other, json!({ "value": [one, one] }).to_string()] {
            assert_eq!(
                answer(StatusCode::OK, &body),
                Err(CostError::BadAnswer("values of another dimension")),
                "{body}"
            );
        }
        for body in
            ["", "{}", r#"{"value":[{}]}"#, r#"{"value":[{"properties":{"category":"ServiceName","data":[1]}}]}"#]
        {
            assert_eq!(answer(StatusCode::OK, body), Err(CostError::BadAnswer("not a list of dimensions")), "{body}");
        }
        assert_eq!(answer(StatusCode::NOT_FOUND, ""), Err(CostError::NotFound));
        assert!(matches!(answer(StatusCode::ACCEPTED, ""), Err(CostError::BadAnswer(_))));
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(body in "[\\[\\]{}\",:a-z0-9]{0,80}", text in ".{0,20}") {
            let _ = answer(StatusCode::OK, &body);
            let _ = read_of(&json!({ "category": "ResourceGroupName", "data": [text], "usageStart": text, "usageEnd": text }));
        }
    }
}
