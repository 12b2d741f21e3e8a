//! Dimensions and their values.

use std::collections::BTreeSet;

use lab::resource_manager::{HOSTILE_TAG_VALUE, SHOP_DEV, SHOP_PROD, Scope};
use serde_json::{Value, json};

use super::{get, url};
use crate::support::{Answer, arm_token, lab};

/// The values of a category, on a subscription that Alice may read.
async fn ask(lab: &lab::Lab, parameters: &[(&str, &str)]) -> Answer {
    let token = arm_token(lab, lab.alice()).await;
    let mut url: url::Url = url(lab, &SHOP_PROD.into(), "dimensions").parse().unwrap();
    url.query_pairs_mut().extend_pairs(parameters);
    get(lab, &token, url.as_str()).await
}

fn texts(data: &Value) -> Vec<String> {
    serde_json::from_value(data.clone()).unwrap()
}

#[tokio::test]
async fn a_dimension_has_the_values_of_the_rows() {
    let lab = lab().await;
    let rows = lab.resource_manager().rows();
    let expected: BTreeSet<_> =
        rows.iter().filter(|row| row.subscription_id == SHOP_PROD).map(|row| row.service_name.to_string()).collect();
    for category in ["ServiceName", "serviceName"] {
        let filter = format!("properties/category eq '{category}'");
        let answer = ask(&lab, &[("$filter", &filter), ("$expand", "properties/data")]).await;
        let [dimension] = answer.body["value"].as_array().unwrap().as_slice() else { panic!("{}", answer.text) };
        let properties = &dimension["properties"];
        assert_eq!(properties["category"], "ServiceName");
        assert_eq!(properties["total"], expected.len());
        assert_eq!(texts(&properties["data"]).into_iter().collect::<BTreeSet<_>>(), expected);
        assert_eq!((&properties["filterEnabled"], &properties["groupingEnabled"]), (&json!(true), &json!(true)));
        assert!(properties["usageStart"].as_str() < properties["usageEnd"].as_str());
    }
}

#[tokio::test]
async fn values_come_in_pages_and_only_if_asked_for() {
    let lab = lab().await;
    let filter = ("$filter", "properties/category eq 'Meter'");
    let bare = ask(&lab, &[filter]).await;
    assert_eq!(bare.body["value"][0]["properties"]["data"], json!([]));
    let first = ask(&lab, &[filter, ("$expand", "properties/data"), ("$top", "20")]).await;
    let properties = &first.body["value"][0]["properties"];
    let total = properties["total"].as_u64().unwrap();
    assert!(total > 20 && texts(&properties["data"]).len() == 20);
    let token = arm_token(&lab, lab.alice()).await;
    let second = get(&lab, &token, properties["nextLink"].as_str().unwrap()).await;
    let rest = texts(&second.body["value"][0]["properties"]["data"]);
    assert!(!rest.is_empty() && !rest.contains(&texts(&properties["data"])[0]), "{rest:?}");
}

#[tokio::test]
async fn a_list_without_a_filter_names_every_dimension() {
    let lab = lab().await;
    let answer = ask(&lab, &[]).await;
    let names: Vec<_> = answer.body["value"].as_array().unwrap().iter().map(|each| each["name"].clone()).collect();
    assert!(names.contains(&json!("ResourceId")) && names.contains(&json!("Tag")), "{names:?}");
}

#[tokio::test]
async fn tags_are_a_category_and_so_is_each_key() {
    let lab = lab().await;
    let values = async |category: &str| {
        let filter = format!("properties/category eq '{category}'");
        let answer = ask(&lab, &[("$filter", &filter), ("$expand", "properties/data")]).await;
        texts(&answer.body["value"][0]["properties"]["data"])
    };
    assert_eq!(values("Tag").await, ["env", "team"]);
    assert_eq!(values("team").await, [HOSTILE_TAG_VALUE, "shop"]);
}

#[tokio::test]
async fn an_unknown_category_is_refused_with_those_that_are_valid() {
    let lab = lab().await;
    let answer = ask(&lab, &[("$filter", "properties/category eq 'BillingPeriod'")]).await;
    answer.is_error(400, "BadRequest");
    let message = answer.body["error"]["message"].as_str().unwrap();
    assert!(message.contains("'BillingPeriod'; valid values: 'ResourceGroupName',"), "{message}");
    for (parameter, value) in [
        ("$filter", "properties/category ne 'Meter'"),
        ("$filter", "Meter"),
        ("$expand", "everything"),
        ("$top", "1001"),
        ("$top", "0"),
        ("$skiptoken", "x"),
    ] {
        ask(&lab, &[(parameter, value)]).await.is_error(400, "BadRequest");
    }
}

#[tokio::test]
async fn without_costs_there_is_no_body_and_without_a_role_no_answer() {
    let lab = lab().await;
    let token = arm_token(&lab, lab.alice()).await;
    get(&lab, &token, &url(&lab, &SHOP_DEV.into(), "dimensions")).await.is_error(401, "RBACAccessDenied");
    let group = Scope::resource_group(SHOP_PROD, "rg-shop-data");
    assert_eq!(get(&lab, &token, &url(&lab, &group, "dimensions")).await.status, 200);
    lab.resource_manager().set_rows(Vec::new());
    let answer = ask(&lab, &[("$filter", "properties/category eq 'Meter'")]).await;
    assert_eq!((answer.status.as_u16(), &*answer.text), (204, ""));
}
