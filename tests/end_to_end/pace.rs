//! How fast Azure is asked. Proves that a wait Azure asks for is honoured by all, that a short one is not noticed, and that
//! one person's loop leaves the others their share. What Azure's limits are today, only a live tenant can show.

use http::StatusCode;
use lab::{
    Deployment,
    journal::ServiceName,
    mcp_client::Answer,
    resource_manager::{Limit, Role, SHOP_DEV, SHOP_PROD},
};
use serde_json::json;

use crate::support::{cost_by_service, deployed, deployed_with, is_status, reads};

async fn ask_about(deployment: &Deployment, token: &str, subscription: &str) -> Answer {
    let arguments = json!({ "subscriptionId": subscription });
    let answer = deployment.client.call(token, "cost_by_service", arguments).await.unwrap();
    is_status(&answer, StatusCode::OK);
    answer
}

fn asked(deployment: &Deployment) -> usize {
    deployment.lab.journal().of(ServiceName::ResourceManager).len()
}

#[track_caller]
fn waits(answer: &Answer, reason: &str) -> u64 {
    assert!(answer.is_tool_error(), "{}", answer.body);
    let error = answer.body.pointer("/result/_meta/mcp-cost-server~1error").unwrap();
    assert_eq!(error["reason"], reason, "{error}");
    let seconds = error["retryAfterSeconds"].as_u64().unwrap();
    assert!(answer.sentence().contains(&format!("{seconds} seconds")), "{}", answer.sentence());
    seconds
}

#[tokio::test]
async fn a_scope_that_azure_throttles_is_left_alone_by_everybody_and_others_are_not() {
    let deployment = deployed().await;
    let lab = &deployment.lab;
    lab.resource_manager().assign_role(lab.alice(), SHOP_DEV, Role::CostManagementReader);
    let (alice, bob) = (reads(&deployment, lab.alice()), reads(&deployment, lab.bob()));
    lab.resource_manager().throttle_by(1, &[(Limit::Entity, 37)]);
    assert_eq!(waits(&ask_about(&deployment, &alice, SHOP_PROD).await, "azure_throttled"), 37);
    assert_eq!(asked(&deployment), 1);
    for token in [&alice, &bob] {
        let wait = waits(&ask_about(&deployment, token, SHOP_PROD).await, "azure_throttled");
        assert!((30..=37).contains(&wait), "{wait}");
    }
    assert_eq!(asked(&deployment), 1, "Azure asked to wait");
    assert!(!ask_about(&deployment, &alice, SHOP_DEV).await.is_tool_error(), "another scope");
}

#[tokio::test]
async fn a_limit_of_the_tenant_holds_for_every_scope() {
    let deployment = deployed().await;
    let alice = reads(&deployment, deployment.lab.alice());
    deployment.lab.resource_manager().throttle_by(1, &[(Limit::Units, 37), (Limit::Entity, 20)]);
    assert_eq!(waits(&ask_about(&deployment, &alice, SHOP_PROD).await, "azure_throttled"), 37);
    waits(&ask_about(&deployment, &alice, SHOP_DEV).await, "azure_throttled");
    assert_eq!(asked(&deployment), 1);
}

#[tokio::test]
async fn a_short_wait_is_not_noticed_and_a_second_one_is_told() {
    let deployment = deployed().await;
    let alice = reads(&deployment, deployment.lab.alice());
    deployment.lab.resource_manager().throttle_by(1, &[(Limit::Entity, 1)]);
    let answer = cost_by_service(&deployment, &alice).await;
    assert!(!answer.is_tool_error(), "{}", answer.body);
    assert_eq!(asked(&deployment), 2, "one repeat");
    deployment.lab.resource_manager().throttle_by(2, &[(Limit::Entity, 1)]);
    assert_eq!(waits(&cost_by_service(&deployment, &alice).await, "azure_throttled"), 1);
    assert_eq!(asked(&deployment), 4, "one repeat and no more");
}

#[tokio::test]
async fn one_person_s_loop_ends_with_seconds_and_leaves_another_their_share() {
    let deployment = deployed_with(&[("CALLER_QUERY_BUDGET", "12")]).await;
    let lab = &deployment.lab;
    lab.resource_manager().assign_role(lab.bob(), SHOP_PROD, Role::CostManagementReader);
    let (alice, bob) = (reads(&deployment, lab.alice()), reads(&deployment, lab.bob()));
    for question in 0..13 {
        assert!(!cost_by_service(&deployment, &alice).await.is_tool_error(), "question {question}");
    }
    let wait = waits(&cost_by_service(&deployment, &alice).await, "caller_budget_spent");
    assert!((1..=300).contains(&wait), "{wait}");
    let renewed = reads(&deployment, lab.alice());
    waits(&cost_by_service(&deployment, &renewed).await, "caller_budget_spent");
    assert_eq!(asked(&deployment), 13, "the budget is the person's, not the token's");
    assert!(!cost_by_service(&deployment, &bob).await.is_tool_error());
}
