//! Whose costs are asked for: of a subscription, a resource group, or a management group.

use lab::{
    journal::ServiceName,
    resource_manager::{
        ANALYTICS, Agreement, CONTOSO_GROUP, Denial, Role, SHOP_DEV, SHOP_GROUP, SHOP_PROD, SPONSORED, Scope,
    },
};
use serde_json::json;
use time::Duration;

use super::{Table, by_service, post, query, today, totals, url};
use crate::support::{Answer, arm_token, lab};

#[tokio::test]
async fn a_resource_group_has_its_own_costs() {
    let lab = lab().await;
    let token = arm_token(&lab, lab.alice()).await;
    let first = today() - Duration::days(29);
    let expected = totals(&lab, |row| {
        row.subscription_id == SHOP_PROD && row.resource_group == "rg-shop-data" && row.date >= first
    });
    let group = Scope::resource_group(SHOP_PROD, "rg-shop-data");
    let plain = url(&lab, &group, "query");
    for name in ["rg-shop-data", "RG-Shop-DATA", "rg%2Dshop%2Ddata"] {
        let table = Table::of(&post(&lab, &token, &plain.replace("rg-shop-data", name), &by_service(30)).await);
        assert_eq!(table.totals(), expected, "{name}");
    }
    let entry = lab.journal().of(ServiceName::ResourceManager).pop().unwrap();
    assert!(entry.is_of(&lab.alice().object_id) && entry.path.contains("/resourceGroups/rg%2Dshop%2Ddata/"));

    let unknown = Scope::resource_group(SHOP_PROD, "rg-nowhere");
    query(&lab, &token, unknown.clone(), &by_service(30)).await.is_error(404, "ResourceGroupNotFound");
    let mut subscriptions = lab.resource_manager().subscriptions().to_vec();
    subscriptions[0].resource_groups.push("rg-nowhere".into());
    lab.resource_manager().set_subscriptions(subscriptions);
    assert_eq!(query(&lab, &token, unknown, &by_service(30)).await.status, 204, "there, and without costs");
}

#[tokio::test]
async fn a_role_on_a_resource_group_is_one_on_nothing_else() {
    let lab = lab().await;
    let arm = lab.resource_manager();
    let token = arm_token(&lab, lab.bob()).await;
    let group = Scope::resource_group(SHOP_PROD, "rg-shop-data");
    let neighbour = Scope::resource_group(SHOP_PROD, "rg-shop-prod");
    arm.assign_role(lab.bob(), group.clone(), Role::Reader);
    assert_eq!(query(&lab, &token, group, &by_service(30)).await.status, 200);
    query(&lab, &token, SHOP_PROD, &by_service(30)).await.is_error(401, "RBACAccessDenied");
    query(&lab, &token, neighbour.clone(), &by_service(30)).await.is_error(401, "RBACAccessDenied");
    arm.set_denial(SHOP_PROD, Denial::AuthorizationFailed);
    let denied = query(&lab, &token, neighbour, &by_service(30)).await;
    denied.is_error(403, "AuthorizationFailed");
    assert!(denied.text.contains("/resourceGroups/rg-shop-prod'"), "{}", denied.text);

    let list = format!("{}/subscriptions?api-version=2022-12-01", arm.url());
    let list = Answer::of(lab.client().get(list).bearer_auth(&token)).await;
    assert_eq!(list.body["value"][0]["subscriptionId"], SHOP_PROD, "the list shows what a group is in");
}

#[tokio::test]
async fn a_management_group_has_the_usage_of_its_subscriptions() {
    let lab = lab().await;
    let token = arm_token(&lab, lab.alice()).await;
    let shop = Scope::management_group(SHOP_GROUP);
    query(&lab, &token, shop.clone(), &by_service(90)).await.is_error(401, "RBACAccessDenied");
    lab.resource_manager().assign_role(lab.alice(), shop.clone(), Role::CostManagementReader);
    let table = Table::of(&query(&lab, &token, shop.clone(), &by_service(90)).await);
    let first = today() - Duration::days(89);
    let expected = totals(&lab, |row| {
        let is_usage = !["Purchase", "Refund"].contains(&&*row.charge_type);
        [SHOP_PROD, SHOP_DEV].contains(&&*row.subscription_id) && row.date >= first && is_usage
    });
    assert_eq!(table.totals(), expected);

    let mut by_resource = by_service(90);
    by_resource["dataset"]["grouping"][0]["name"] = "ResourceId".into();
    let refused = query(&lab, &token, shop, &by_resource).await;
    refused.is_error(400, "BadRequest");
    assert!(!refused.text.contains("'ChargeType','ResourceId'"), "no longer among the valid ones: {}", refused.text);
}

#[tokio::test]
async fn a_role_on_a_management_group_counts_on_everything_in_it() {
    let lab = lab().await;
    let arm = lab.resource_manager();
    let token = arm_token(&lab, lab.bob()).await;
    let (contoso, shop) = (Scope::management_group(CONTOSO_GROUP), Scope::management_group(SHOP_GROUP));
    arm.assign_role(lab.bob(), shop.clone(), Role::CostManagementReader);
    let scopes = [contoso.clone(), shop, SHOP_DEV.into(), ANALYTICS.into()];
    let ask = async || {
        let mut statuses = Vec::new();
        for scope in &scopes {
            statuses.push(query(&lab, &token, scope.clone(), &by_service(30)).await.status.as_u16());
        }
        statuses
    };
    assert_eq!(ask().await, [401, 200, 200, 401]);
    arm.assign_role(lab.bob(), contoso, Role::Reader);
    assert_eq!(ask().await, [200, 200, 200, 200]);
}

#[tokio::test]
async fn a_management_group_that_is_not_there_or_has_no_costs_is_refused() {
    let lab = lab().await;
    let arm = lab.resource_manager();
    let token = arm_token(&lab, lab.alice()).await;
    let contoso = Scope::management_group(CONTOSO_GROUP);
    arm.assign_role(lab.alice(), contoso.clone(), Role::Reader);
    let unknown = query(&lab, &token, Scope::management_group("nobody"), &by_service(30)).await;
    unknown.is_error(403, "AuthorizationFailed");
    assert!(unknown.text.contains("or the scope is invalid"), "{}", unknown.text);
    arm.set_agreement(Agreement::MicrosoftCustomer);
    query(&lab, &token, contoso, &by_service(30)).await.is_error(400, "BadRequest");
    assert_eq!(query(&lab, &token, SHOP_PROD, &by_service(30)).await.status, 200);
}

#[tokio::test]
async fn an_enrollment_can_hide_its_charges() {
    let lab = lab().await;
    let (alice, bob) = (arm_token(&lab, lab.alice()).await, arm_token(&lab, lab.bob()).await);
    lab.resource_manager().set_agreement(Agreement::EnterpriseWithHiddenCharges);
    query(&lab, &alice, SHOP_PROD, &by_service(30)).await.is_error(400, "AccountCostDisabled");
    query(&lab, &bob, SHOP_PROD, &by_service(30)).await.is_error(401, "RBACAccessDenied");
}

#[tokio::test]
async fn an_offer_that_is_not_supported_has_no_costs() {
    let lab = lab().await;
    let arm = lab.resource_manager();
    let token = arm_token(&lab, lab.alice()).await;
    arm.assign_role(lab.alice(), SPONSORED, Role::Reader);
    assert_eq!(query(&lab, &token, SPONSORED, &by_service(30)).await.status, 204);
    let mut subscriptions = arm.subscriptions().to_vec();
    subscriptions[0].quota_id = "AzureForStudents_2018-01-01".into();
    arm.set_subscriptions(subscriptions);
    assert_eq!(query(&lab, &token, SHOP_PROD, &by_service(30)).await.status, 204);
}

#[tokio::test]
async fn pages_of_a_resource_group_stay_in_it() {
    let lab = lab().await;
    let token = arm_token(&lab, lab.alice()).await;
    let group = Scope::resource_group(SHOP_PROD, "rg-shop-prod");
    let mut body = by_service(30);
    body["dataset"]["granularity"] = json!("Daily");
    let first = Table::of(&post(&lab, &token, &format!("{}&$top=50", url(&lab, &group, "query")), &body).await);
    let link = first.next_link.as_ref().unwrap();
    assert!(link.starts_with(&format!("{}{group}/providers/", lab.resource_manager().url())), "{link}");
    let second = Table::of(&post(&lab, &token, link, &body).await);
    assert_eq!((first.rows.len(), second.rows.len()), (50, 50));
    let elsewhere = link.replace("rg-shop-prod", "rg-shop-data");
    post(&lab, &token, &elsewhere, &body).await.is_error(400, "BadRequest");
}
