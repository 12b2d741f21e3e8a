//! Budgets and alerts, with what a client must not pass on.

use lab::resource_manager::{AlertStatus, HOSTILE_ALERT_TEXT, HOSTILE_BUDGET_NAME, Role, SHOP_GROUP, SHOP_PROD, Scope};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{get, today, url};
use crate::support::{arm_token, lab};

fn names(body: &Value) -> Vec<&str> {
    body["value"].as_array().unwrap().iter().map(|each| each["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn budgets_of_a_scope_are_those_made_on_it() {
    let lab = lab().await;
    let token = arm_token(&lab, lab.alice()).await;
    let list = async |scope: Scope| get(&lab, &token, &url(&lab, &scope, "budgets")).await;
    let answer = list(SHOP_PROD.into()).await;
    assert_eq!(names(&answer.body), ["shop-prod-year", "shop-prod-month", "shop-data", HOSTILE_BUDGET_NAME]);
    let filtered = &answer.body["value"][2]["properties"];
    let filter = json!({ "name": "ResourceGroupName", "operator": "In", "values": ["rg-shop-data"] });
    assert_eq!((&filtered["timeGrain"], &filtered["filter"]["dimensions"]), (&json!("Monthly"), &filter));
    assert_eq!(filtered["currentSpend"]["unit"], "EUR");
    let notification = &filtered["notifications"]["actual_GreaterThan_80_Percent"];
    assert_eq!(notification["contactEmails"], json!(["finance@contoso.example", "shop-owners@contoso.example"]));

    assert_eq!(names(&list(Scope::resource_group(SHOP_PROD, "rg-shop-data")).await.body), ["rg-shop-data"]);
    let group = Scope::management_group(SHOP_GROUP);
    list(group.clone()).await.is_error(401, "RBACAccessDenied");
    lab.resource_manager().assign_role(lab.alice(), group.clone(), Role::CostManagementReader);
    assert_eq!(names(&list(group).await.body), ["shop"]);
}

#[tokio::test]
async fn what_was_spent_is_what_the_rows_say_and_one_budget_is_exceeded() {
    let lab = lab().await;
    let budgets = lab.resource_manager().budgets();
    let yearly = &budgets[0];
    let rows = lab.resource_manager().rows();
    let counted = rows.iter().filter(|row| {
        row.subscription_id == SHOP_PROD && row.currency == "EUR" && (yearly.start..today()).contains(&row.date)
    });
    assert_eq!(yearly.current_spend, counted.map(|row| row.cost).sum());
    assert!(yearly.current_spend > yearly.amount);
    assert!(budgets[1].current_spend < budgets[1].amount);

    let token = arm_token(&lab, lab.alice()).await;
    let answer = get(&lab, &token, &url(&lab, &SHOP_PROD.into(), "budgets")).await;
    let spent = format!(r#""currentSpend":{{"amount":{},"unit":"EUR"}}"#, yearly.current_spend.normalize());
    assert!(answer.text.contains(&spent), "all digits: {spent}");
}

#[tokio::test]
async fn budgets_can_be_replaced_and_come_in_pages() {
    let lab = lab().await;
    let arm = lab.resource_manager();
    let token = arm_token(&lab, lab.alice()).await;
    let one = arm.budgets()[1].clone();
    arm.set_budgets((0..5).map(|_| one.clone()).collect());
    arm.set_page_size(2);
    let mut next = Some(url(&lab, &SHOP_PROD.into(), "budgets"));
    let mut pages = Vec::new();
    while let Some(page) = next {
        let answer = get(&lab, &token, &page).await;
        pages.push(names(&answer.body).len());
        next = answer.body["nextLink"].as_str().map(str::to_owned);
    }
    assert_eq!(pages, [2, 2, 1]);
    arm.set_budgets(Vec::new());
    let none = get(&lab, &token, &url(&lab, &SHOP_PROD.into(), "budgets")).await;
    assert_eq!((none.status.as_u16(), none.body), (200, json!({ "value": [] })));
}

#[tokio::test]
async fn alerts_say_what_was_crossed_and_whom_it_was_told() {
    let lab = lab().await;
    let arm = lab.resource_manager();
    let token = arm_token(&lab, lab.alice()).await;
    let list = url(&lab, &SHOP_PROD.into(), "alerts");
    let answer = get(&lab, &token, &list).await;
    let shown: Vec<_> = answer.body["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|alert| {
            let properties = &alert["properties"];
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            format!("{} {}", text(&properties["definition"]["type"]), text(&properties["status"]))
        })
        .collect();
    assert_eq!(shown, ["Budget Active", "BudgetForecast Active", "Budget Resolved", "General Dismissed"]);
    let first = &answer.body["value"][0]["properties"];
    assert_eq!((&first["costEntityId"], &first["details"]["unit"]), (&json!("shop-prod-year"), &json!("EUR")));
    assert_eq!(first["details"]["contactEmails"][0], "finance@contoso.example");
    assert_eq!(answer.body["value"][3]["properties"]["description"], HOSTILE_ALERT_TEXT);

    let mut alerts = arm.alerts().to_vec();
    alerts.truncate(1);
    alerts[0].status = AlertStatus::Overridden;
    alerts[0].threshold = Decimal::new(95, 2);
    arm.set_alerts(alerts);
    let first = get(&lab, &token, &list).await.body["value"][0]["properties"].clone();
    assert_eq!((&first["status"], &first["details"]["threshold"]), (&json!("Overridden"), &json!(0.95)));
    let bob = arm_token(&lab, lab.bob()).await;
    get(&lab, &bob, &list).await.is_error(401, "RBACAccessDenied");
}
