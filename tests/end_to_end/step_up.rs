//! A policy demands a second factor: Bob is challenged, comes back with more, and gets in with the new token, although an
//! exchange for his first token was cached a moment ago. Which policies a tenant has, only the tenant can show.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::StatusCode;
use lab::{fault::Fault, journal::ServiceName, resource_manager::SHOP_PROD};
use serde_json::Value;

use crate::support::{challenge, cost_by_service, deployed, events, is_status, reads};

#[tokio::test]
async fn a_step_up_is_honoured_at_once_and_only_by_the_stronger_token() {
    let deployment = deployed().await;
    let lab = &deployment.lab;
    let bob = lab.bob();
    lab.resource_manager().assign_role(bob, SHOP_PROD, lab::resource_manager::Role::CostManagementReader);
    let weak = reads(&deployment, bob);
    is_status(&cost_by_service(&deployment, &weak).await, StatusCode::OK);

    let policy = lab.entra().require_mfa();
    let second_weak = reads(&deployment, bob);
    let challenged = cost_by_service(&deployment, &second_weak).await;
    is_status(&challenged, StatusCode::FORBIDDEN);
    let (code, message) = challenged.rpc_error().unwrap();
    assert_eq!(code, -31401);
    assert!(message.starts_with("interaction_required: "), "{message}");
    let parameters = challenge(&challenged.headers);
    assert_eq!(parameters["error"], "insufficient_claims");
    let claims: Value = serde_json::from_slice(&BASE64_STANDARD.decode(&parameters["claims"]).unwrap()).unwrap();
    assert_eq!(claims["access_token"]["capolids"]["values"][0], Value::from(policy));
    assert_eq!(
        challenged.body.pointer("/error/data/claims"),
        Some(&claims),
        "a person's client may read the body only"
    );

    let strong = lab.token(bob).scope("cost.read").with_mfa().issue().unwrap();
    let before = lab.journal().of(ServiceName::ResourceManager).len();
    let answer = cost_by_service(&deployment, &strong).await;
    is_status(&answer, StatusCode::OK);
    assert!(!answer.is_tool_error(), "{}", answer.body);
    let asked = lab.journal().of(ServiceName::ResourceManager).split_off(before);
    let earlier = lab.journal().of(ServiceName::ResourceManager)[0].presented.identity().unwrap().token_id.clone();
    assert_ne!(
        asked[0].presented.identity().unwrap().token_id,
        earlier,
        "the old exchange must not serve the new token"
    );

    let again = cost_by_service(&deployment, &second_weak).await;
    is_status(&again, StatusCode::FORBIDDEN);
    let denials: Vec<_> =
        events(&deployment, "audit").into_iter().filter(|line| line["decision"] == "deny:conditional_access").collect();
    assert_eq!(denials.len(), 2);
}

#[tokio::test]
async fn a_revoked_session_is_asked_to_sign_in_again() {
    let deployment = deployed().await;
    let lab = &deployment.lab;
    let token = lab.token(lab.alice()).scope("cost.read").with_claims_capability().issue().unwrap();
    is_status(&cost_by_service(&deployment, &token).await, StatusCode::OK);
    lab.entra().revoke(lab.alice());
    let refused = cost_by_service(&deployment, &token).await;
    assert!(
        refused.status == StatusCode::UNAUTHORIZED || refused.status == StatusCode::FORBIDDEN,
        "{} {}",
        refused.status,
        refused.body
    );
    assert!(refused.challenge().is_some());
    let fresh = lab.token(lab.alice()).scope("cost.read").with_claims_capability().issue().unwrap();
    is_status(&cost_by_service(&deployment, &fresh).await, StatusCode::OK);
}

#[tokio::test]
async fn a_token_won_with_claims_serves_the_next_calls_without_another_challenge() {
    let deployment = deployed().await;
    let lab = &deployment.lab;
    let token = reads(&deployment, lab.alice());
    is_status(&cost_by_service(&deployment, &token).await, StatusCode::OK);

    lab.resource_manager().faults().next(1, &Fault::Answer(newer_token_demanded()));
    for _ in 0..4 {
        let answer = cost_by_service(&deployment, &token).await;
        is_status(&answer, StatusCode::OK);
        assert!(!answer.is_tool_error(), "{}", answer.body);
    }
    assert_eq!(lab.entra().exchanges(lab.alice()), 2, "one exchange at first, one for the challenge");
    let asked = lab.journal().of(ServiceName::ResourceManager);
    let tokens: Vec<_> = asked.iter().map(|entry| entry.presented.identity().unwrap().token_id.as_str()).collect();
    let (first, second) = (tokens[0], tokens[2]);
    assert_ne!(first, second);
    assert_eq!(tokens, [first, first, second, second, second, second], "the old token is never sent again");
}

/// Continuous access evaluation: a 401 that demands a token not older than a moment long ago.
fn newer_token_demanded() -> http::Response<bytes::Bytes> {
    let claims = BASE64_STANDARD.encode(r#"{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}"#);
    let challenge = format!(r#"Bearer realm="", error="insufficient_claims", claims="{claims}""#);
    let response = http::Response::builder().status(StatusCode::UNAUTHORIZED).header("www-authenticate", challenge);
    response.body(bytes::Bytes::new()).unwrap()
}
