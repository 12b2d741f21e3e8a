//! Azure's own limits are kept in normal use, and a limit that is met is told in seconds. What the limits are today, only
//! a live tenant can show.

use lab::resource_manager::{ANALYTICS, Limit, SHOP_DEV, SHOP_PROD};
use serde_json::{Value, json};

use super::tenant::{Tenant, with};

/// How often Azure is asked for one answer. Lists do not count against the limits of queries.
const ANSWERS: [(&str, usize); 8] = [
    ("subscriptions_list", 1),
    ("cost_budgets", 2),
    ("cost_by_service", 1),
    ("cost_compare", 1),
    ("cost_dimension_values", 1),
    ("cost_export", 1),
    ("cost_forecast", 1),
    ("cost_query", 1),
];

fn arguments(tool: &str, subscription: &str) -> Value {
    let subject = json!({ "subscriptionId": subscription });
    match tool {
        "subscriptions_list" => json!({}),
        "cost_dimension_values" => with(&subject, &json!({ "dimension": "ServiceName" })),
        _ => subject,
    }
}

#[tokio::test]
async fn an_answer_is_one_question_to_azure() {
    let tenant = Tenant::start().await;
    for (tool, requests) in ANSWERS {
        tenant.ask(tool, arguments(tool, SHOP_PROD)).await;
        assert_eq!(tenant.asked().len(), requests, "{tool}");
    }
    let proven = ANSWERS.map(|(tool, _)| tool);
    assert!(tenant.tools().into_iter().all(|tool| tool == "whoami" || proven.contains(&tool)), "{:?}", tenant.tools());
}

#[tokio::test]
async fn a_conversation_stays_within_azure_s_limits() {
    let tenant = Tenant::start().await;
    tenant.azure().set_limits_enforced(true);
    // what is there, why it costs more, what is most of it, and where it will end
    for tool in ["subscriptions_list", "cost_compare", "cost_by_service", "cost_forecast", "cost_budgets"] {
        tenant.ask(tool, arguments(tool, SHOP_PROD)).await;
    }
    tenant.ask("cost_by_service", arguments("cost_by_service", SHOP_DEV)).await;
    assert!(tenant.asked().iter().all(|entry| entry.status.is_some_and(|status| status.is_success())));
}

#[tokio::test]
async fn a_limit_of_a_scope_is_told_in_seconds_and_azure_is_left_alone() {
    let tenant = Tenant::start().await;
    tenant.azure().set_limits_enforced(true);
    let ask = async || tenant.call(&tenant.alice, "cost_by_service", arguments("cost_by_service", SHOP_PROD)).await;
    for question in 0..4 {
        assert!(!ask().await.is_tool_error(), "question {question}");
    }
    for _ in 0..2 {
        let refused = ask().await;
        assert!(refused.is_tool_error());
        let seconds = refused.body.pointer("/result/_meta/mcp-cost-server~1error/retryAfterSeconds").unwrap();
        assert!((11..=60).contains(&seconds.as_u64().unwrap()), "{seconds}");
        let sentence = format!("429: Azure limits cost queries; try again in {seconds} seconds");
        assert_eq!(refused.sentence().lines().next(), Some(&*sentence));
    }
    assert_eq!(tenant.asked().len(), 5);
    assert_eq!(tenant.audit().last().unwrap()["reason"], "azure_throttled");
}

#[tokio::test]
async fn every_tool_names_the_seconds_when_it_is_throttled() {
    let tenant = Tenant::start().await;
    // a scope of its own for each: one that must wait is not asked about by any tool
    let mut scopes = [
        json!({ "subscriptionId": SHOP_PROD }),
        json!({ "subscriptionId": SHOP_DEV }),
        json!({ "subscriptionId": ANALYTICS }),
        json!({ "subscriptionId": SHOP_PROD, "resourceGroup": "rg-shop-prod" }),
        json!({ "subscriptionId": SHOP_PROD, "resourceGroup": "rg-shop-data" }),
        json!({ "subscriptionId": SHOP_PROD, "resourceGroup": "rg-shop-network" }),
        json!({ "subscriptionId": SHOP_DEV, "resourceGroup": "rg-shop-dev" }),
    ]
    .into_iter();
    for (tool, _) in ANSWERS.into_iter().filter(|(tool, _)| *tool != "subscriptions_list") {
        tenant.azure().throttle_by(1, &[(Limit::Entity, 41)]);
        let question = with(&arguments(tool, SHOP_PROD), &scopes.next().unwrap());
        let text = tenant.refusal(&tenant.alice, tool, question).await;
        assert!(text.starts_with("429: Azure limits cost queries; try again in 41 seconds\n"), "{tool}: {text}");
        assert_eq!(tenant.asked().len(), 1, "{tool}");
    }
}
