//! Entra, Key Vault or Azure misbehave. Proves that the caller reads what to do, that nobody is blamed who can't act, and
//! that the server lives on. How often the real services misbehave so, nobody can prove.

use std::time::Duration;

use http::StatusCode;
use lab::{
    Deployment,
    fault::{Fault, RetryAfter},
    resource_manager::SHOP_PROD,
};
use serde_json::json;

use crate::support::{cost_by_service, deployed, events, is_status, reads};

/// Every fault that a service or the way to it can have at once.
fn faults() -> Vec<(&'static str, Fault)> {
    vec![
        ("reset", Fault::ConnectionReset),
        ("cut off", Fault::Truncated),
        ("a page of HTML", Fault::Html(StatusCode::OK)),
        ("a bad gateway", Fault::Html(StatusCode::BAD_GATEWAY)),
        ("a redirect", Fault::Answer(redirect())),
        ("a huge answer", Fault::Answer(http::Response::new(vec![b'['; 32 * 1024 * 1024].into()))),
        ("deep JSON", Fault::Answer(http::Response::new("[".repeat(100_000).into()))),
        ("nothing", Fault::Answer(http::Response::new(Vec::new().into()))),
    ]
}

fn redirect() -> http::Response<bytes::Bytes> {
    let location = "https://evil.example/";
    let builder = http::Response::builder().status(StatusCode::TEMPORARY_REDIRECT).header("location", location);
    builder.body(bytes::Bytes::new()).unwrap()
}

#[tokio::test]
async fn whatever_entra_answers_the_caller_is_never_told_that_the_token_is_bad() {
    let deployment = deployed().await;
    for (name, fault) in faults() {
        deployment.lab.entra().faults().always(fault);
        let answer = cost_by_service(&deployment, &reads(&deployment, deployment.lab.alice())).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{name}: {}", answer.body);
        assert_eq!(answer.rpc_error().unwrap().0, -31503, "{name}: {}", answer.body);
        assert!(!answer.body["error"]["data"]["how"].as_str().unwrap().is_empty(), "{name}");
        deployment.lab.entra().faults().clear();
    }
    still_works(&deployment).await;
}

#[tokio::test]
async fn whatever_azure_answers_the_caller_reads_a_sentence() {
    let deployment = deployed().await;
    let token = reads(&deployment, deployment.lab.alice());
    for (name, fault) in faults() {
        deployment.lab.resource_manager().faults().always(fault);
        let answer = cost_by_service(&deployment, &token).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}: {}", answer.body);
        assert!(answer.is_tool_error(), "{name}: {}", answer.body);
        let how = answer.body.pointer("/result/_meta/mcp-cost-server~1error/how").unwrap().as_str().unwrap();
        assert!(!how.is_empty(), "{name}: {}", answer.body);
        assert!(!answer.sentence().contains("evil.example"), "{name}: {}", answer.sentence());
        deployment.lab.resource_manager().faults().clear();
    }
    still_works(&deployment).await;
}

#[tokio::test]
async fn throttling_of_entra_is_a_503_with_the_seconds() {
    let deployment = deployed().await;
    deployment.lab.entra().faults().next(1, &Fault::Throttled(RetryAfter::Seconds(7)));
    let answer = cost_by_service(&deployment, &reads(&deployment, deployment.lab.alice())).await;
    is_status(&answer, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers["retry-after"], "7");
    assert_eq!(answer.body.pointer("/error/data/retryAfterSeconds"), Some(&json!(7)));
    assert_eq!(answer.body.pointer("/error/data/who"), Some(&json!("nobody")));
}

#[tokio::test]
async fn a_stumble_of_entra_is_not_noticed() {
    let deployment = deployed().await;
    deployment.lab.entra().faults().next(1, &Fault::Unavailable(RetryAfter::Unsaid));
    still_works(&deployment).await;
    assert_eq!(deployment.lab.entra().exchanges(deployment.lab.alice()), 2, "one try and one retry");
}

#[tokio::test]
async fn missing_consent_shows_where_to_consent() {
    let deployment = deployed().await;
    deployment.lab.entra().withdraw_azure_consent();
    let answer = cost_by_service(&deployment, &reads(&deployment, deployment.lab.alice())).await;
    is_status(&answer, StatusCode::FORBIDDEN);
    assert_eq!(answer.rpc_error().unwrap().0, -31402);
    let data = &answer.body["error"]["data"];
    for link in ["consent_url", "admin_consent_url"] {
        assert!(data[link].as_str().unwrap().starts_with(deployment.lab.entra().authority()), "{data}");
    }
    assert!(answer.challenge().is_none());
}

#[tokio::test]
async fn a_block_and_a_disabled_account_are_the_administrators_to_lift() {
    let deployment = deployed().await;
    deployment.lab.entra().block_access();
    let blocked = cost_by_service(&deployment, &reads(&deployment, deployment.lab.alice())).await;
    is_status(&blocked, StatusCode::FORBIDDEN);
    assert_eq!(blocked.rpc_error().unwrap().0, -31405);
    assert_eq!(blocked.body.pointer("/error/data/who"), Some(&json!("admin")));
    assert!(blocked.challenge().is_none(), "the claims of a block can't be satisfied");
    let policies = events(&deployment, "audit");
    assert_eq!(policies.last().unwrap()["decision"], "deny:policy");
}

#[tokio::test]
async fn a_certificate_that_entra_does_not_know_is_the_operators_fault_and_says_so_in_the_log_only() {
    let deployment = deployed().await;
    deployment.lab.entra().unregister(&deployment.lab.key_vault().certificate().unwrap());
    let answer = cost_by_service(&deployment, &reads(&deployment, deployment.lab.alice())).await;
    is_status(&answer, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.rpc_error().unwrap().0, -31503);
    assert!(!answer.body.to_string().contains("AADSTS"), "{}", answer.body);
    let id = answer.body.pointer("/error/data/correlation_id").unwrap().as_str().unwrap();
    let audit = events(&deployment, "audit");
    assert_eq!(audit.last().unwrap()["correlation_id"], id, "the id in the answer finds the line in the log");
    let fault = deployment.host.console().wait_for_line("obo_operator_fault").await.unwrap();
    assert!(fault.text.contains("700027"), "{}", fault.text);
}

#[tokio::test]
async fn each_answer_of_azure_has_its_own_sentence() {
    let deployment = deployed().await;
    let token = reads(&deployment, deployment.lab.alice());
    let ask = |subscription: &'static str, from: &'static str, to: &'static str| {
        let arguments = json!({ "subscriptionId": subscription, "from": from, "to": to });
        deployment.client.call(&token, "cost_by_service", arguments)
    };
    let unknown = ask("00000000-1111-2222-3333-444444444444", "2026-10-01", "2026-10-31").await.unwrap();
    let long_ago = ask(SHOP_PROD, "2015-01-01", "2015-01-31").await.unwrap();
    let reversed = ask(SHOP_PROD, "2026-10-31", "2026-10-01").await.unwrap();
    let years = ask(SHOP_PROD, "2024-10-01", "2026-10-01").await.unwrap();
    let escape = ask("../../providers", "2026-10-01", "2026-10-31").await.unwrap();
    let reasons: Vec<_> = [&unknown, &long_ago, &reversed, &years, &escape]
        .map(|answer| {
            assert!(answer.is_tool_error(), "{}", answer.body);
            answer.body.pointer("/result/_meta/mcp-cost-server~1error/reason").unwrap().as_str().unwrap().to_owned()
        })
        .to_vec();
    insta::assert_snapshot!(reasons.join("\n"), @"
    azure_not_found
    azure_no_data
    bad_argument
    bad_argument
    bad_argument
    ");
}

/// The server is the same process as at first, and serves.
async fn still_works(deployment: &Deployment) {
    let fresh = reads(deployment, deployment.lab.alice());
    let answer = tokio::time::timeout(Duration::from_secs(30), cost_by_service(deployment, &fresh)).await.unwrap();
    is_status(&answer, StatusCode::OK);
    assert!(!answer.is_tool_error(), "{}", answer.body);
    assert_eq!(deployment.host.restarts(), 0);
}
