//! Throttling: the headers of every answer, 429 on command, and limits that are enforced.

use lab::resource_manager::{Limit, Role, SHOP_DEV, SHOP_PROD, Scope};

use super::{by_service, get, query, query_url, url};
use crate::support::{Answer, arm_token, lab};

const CONSUMED: &str = "x-ms-ratelimit-microsoft.costmanagement-qpu-consumed";

const REMAINING: &str = "x-ms-ratelimit-microsoft.costmanagement-qpu-remaining";

#[tokio::test]
async fn answers_say_what_they_cost_and_what_is_left() {
    let lab = lab().await;
    let token = arm_token(&lab, lab.alice()).await;
    let year = query(&lab, &token, SHOP_PROD, &by_service(364)).await;
    assert_eq!(year.header(CONSUMED), "12");
    assert_eq!(year.header(REMAINING), "QueriesPerHour:588,QueriesPerMin:48,QueriesPer10Sec:0");
    let month = query(&lab, &token, SHOP_PROD, &by_service(30)).await;
    assert_eq!((month.status.as_u16(), month.header(CONSUMED)), (200, "1"), "counted, not refused");
    let budgets = get(&lab, &token, &url(&lab, &SHOP_PROD.into(), "budgets")).await;
    assert_eq!(budgets.header(CONSUMED), "0");
    assert!(budgets.header(REMAINING).starts_with("QueriesPerHour:587,"), "{}", budgets.header(REMAINING));
}

#[tokio::test]
async fn every_limit_has_a_header_of_its_own() {
    let lab = lab().await;
    let token = arm_token(&lab, lab.alice()).await;
    let waits = [(Limit::Entity, 7), (Limit::Tenant, 42), (Limit::ClientType, 3)];
    lab.resource_manager().throttle_by(1, &waits);
    lab.resource_manager().throttle_by(1, &[]);
    let answer = query(&lab, &token, SHOP_PROD, &by_service(1)).await;
    answer.is_error(429, "429");
    for (limit, seconds) in [("qpu", ""), ("entity", "7"), ("tenant", "42"), ("clienttype", "3")] {
        let name = format!("x-ms-ratelimit-microsoft.costmanagement-{limit}-retry-after");
        assert_eq!(answer.header(&name), seconds, "{limit}");
    }
    let silent = query(&lab, &token, SHOP_PROD, &by_service(1)).await;
    silent.is_error(429, "429");
    assert!(!silent.headers.keys().any(|name| name.as_str().ends_with("retry-after")));
}

#[tokio::test]
async fn a_scope_is_asked_four_times_a_minute_and_no_more() {
    let lab = lab().await;
    let arm = lab.resource_manager();
    arm.assign_role(lab.alice(), SHOP_DEV, Role::Reader);
    let token = arm_token(&lab, lab.alice()).await;
    arm.set_limits_enforced(true);
    for _ in 0..4 {
        assert_eq!(query(&lab, &token, SHOP_PROD, &by_service(1)).await.status, 200);
    }
    let refused = query(&lab, &token, SHOP_PROD, &by_service(1)).await;
    refused.is_error(429, "429");
    let wait = refused.header("x-ms-ratelimit-microsoft.costmanagement-entity-retry-after").parse::<u32>().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(query(&lab, &token, SHOP_DEV, &by_service(1)).await.status, 200);
    let group = Scope::resource_group(SHOP_PROD, "rg-shop-data");
    assert_eq!(query(&lab, &token, group, &by_service(1)).await.status, 200);
    let budgets = get(&lab, &token, &url(&lab, &SHOP_PROD.into(), "budgets")).await;
    assert_eq!(budgets.status, 200, "a list is no query");
    arm.set_limits_enforced(false);
    assert_eq!(query(&lab, &token, SHOP_PROD, &by_service(1)).await.status, 200);
}

#[tokio::test]
async fn a_year_and_a_day_are_more_than_a_tenant_may_ask_within_ten_seconds() {
    let lab = lab().await;
    let token = arm_token(&lab, lab.alice()).await;
    lab.resource_manager().set_limits_enforced(true);
    assert_eq!(query(&lab, &token, SHOP_PROD, &by_service(364)).await.status, 200);
    let refused = query(&lab, &token, Scope::resource_group(SHOP_PROD, "rg-shop-data"), &by_service(1)).await;
    refused.is_error(429, "429");
    assert_ne!(refused.header("x-ms-ratelimit-microsoft.costmanagement-qpu-retry-after"), "");
}

#[tokio::test]
async fn whoever_does_not_say_who_they_are_shares_an_empty_bucket() {
    let lab = lab().await;
    let token = arm_token(&lab, lab.alice()).await;
    lab.resource_manager().set_limits_enforced(true);
    let anonymous = lab.client().post(query_url(&lab, SHOP_PROD)).bearer_auth(&token).json(&by_service(1));
    let refused = Answer::of(anonymous).await;
    refused.is_error(429, "429");
    let quota = refused.header("x-ms-ratelimit-remaining-microsoft.costmanagement-clienttype-requests");
    assert_eq!(quota, "DefaultQuota:0");
    assert_eq!(query(&lab, &token, SHOP_PROD, &by_service(1)).await.status, 200);
}
