//! Many calls at once. Proves how often Entra is asked, and that nobody gets another's answer on the way.

use std::{collections::BTreeMap, time::Duration};

use http::StatusCode;
use lab::{
    Deployment,
    fault::{Fault, RetryAfter},
    journal::ServiceName,
};

use crate::support::{cost_by_service, deployed, deployed_with, events, is_status, reads};

/// Many more questions than one person may ask by default.
const PATIENT: (&str, &str) = ("CALLER_QUERY_BUDGET", "100000");

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_calls_with_one_fresh_token_cost_one_exchange_and_one_signature() {
    let deployment = deployed_with(&[PATIENT]).await;
    let token = reads(&deployment, deployment.lab.alice());
    let calls = futures(200, || cost_by_service(&deployment, &token)).await;
    for answer in &calls {
        is_status(answer, StatusCode::OK);
        assert!(!answer.is_tool_error(), "{}", answer.body);
    }
    assert_eq!(deployment.lab.entra().exchanges(deployment.lab.alice()), 1);
    assert_eq!(deployment.lab.entra().client_assertions(), 1);
    let outcomes = events(&deployment, "obo");
    assert_eq!(outcomes.iter().filter(|line| line["cache"] == "miss").count(), 1);
    assert_eq!(outcomes.len(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_question_asked_at_once_is_one_request_and_two_people_never_meet() {
    let deployment = deployed().await;
    let (alice, bob) = (deployment.lab.alice(), deployment.lab.bob());
    let (first, second, bobs) = (reads(&deployment, alice), reads(&deployment, alice), reads(&deployment, bob));
    deployment.lab.resource_manager().faults().always(Fault::Slow(Duration::from_secs(4)));
    let (one, other, bobs) = tokio::join!(
        futures(50, || cost_by_service(&deployment, &first)),
        futures(50, || cost_by_service(&deployment, &second)),
        futures(50, || cost_by_service(&deployment, &bobs))
    );
    for answer in one.iter().chain(&other) {
        assert!(answer.structured().is_some() && !answer.is_tool_error(), "{}", answer.body);
    }
    assert!(bobs.iter().all(|answer| answer.is_tool_error() && answer.structured().is_none()));
    let asked = deployment.lab.journal().of(ServiceName::ResourceManager);
    let asked_as = |object_id: &str| asked.iter().filter(|entry| entry.is_of(object_id)).count();
    assert_eq!(asked_as(&alice.object_id), 2, "one request for each of her sessions");
    assert_eq!(asked_as(&bob.object_id), 1);
    assert_eq!(asked.len(), 3);
    let decisions: Vec<_> = events(&deployment, "audit").iter().map(|line| line["decision"].clone()).collect();
    assert_eq!(decisions.len(), 150, "each call is audited as its caller's own");
    assert_eq!(decisions.iter().filter(|decision| *decision == "deny:rbac").count(), 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_entra_costs_at_most_two_exchanges_a_user_and_ends_by_itself() {
    let deployment = deployed().await;
    let lab = &deployment.lab;
    let users: Vec<_> = (0..100).map(|user| a_user(&deployment, user)).collect();
    lab.journal().clear();
    // Entra promises to be away for longer than it is
    lab.entra().faults().always(Fault::Unavailable(RetryAfter::Seconds(30)));
    let outage = tokio::time::sleep(Duration::from_secs(5));
    for _ in 0..10 {
        let calls = users.iter().map(|token| cost_by_service(&deployment, token));
        for answer in futures_util::future::join_all(calls).await {
            is_status(&answer, StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(answer.rpc_error().unwrap().0, -31503, "{}", answer.body);
            let wait = answer.body.pointer("/error/data/retryAfterSeconds").unwrap();
            assert_eq!(answer.headers["retry-after"].to_str().unwrap(), wait.to_string());
            assert!((1..=30).contains(&wait.as_u64().unwrap()), "{wait}");
        }
    }
    let mut exchanges = BTreeMap::<_, usize>::new();
    for entry in lab.journal().of(ServiceName::Entra) {
        if let Some(identity) = entry.presented.identity() {
            *exchanges.entry(identity.object_id.clone()).or_default() += 1;
        }
    }
    assert!(!exchanges.is_empty(), "Entra was asked at first");
    assert!(exchanges.values().all(|&count| count <= 2), "{exchanges:?}");

    outage.await;
    lab.entra().faults().clear();
    let alice = reads(&deployment, lab.alice());
    let served = async {
        while cost_by_service(&deployment, &alice).await.status != StatusCode::OK {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), served).await.expect("the server finds out that Entra is back");
}

/// A token of somebody with an object id of their own.
fn a_user(deployment: &Deployment, user: u32) -> String {
    let object_id = format!("5ca1ab1e-0000-4000-8000-{user:012}");
    deployment.lab.token(deployment.lab.alice()).scope("cost.read").claim("oid", object_id).issue().unwrap()
}

/// Runs `count` calls at once.
async fn futures<F: Future>(count: usize, mut call: impl FnMut() -> F) -> Vec<F::Output> {
    futures_util::future::join_all((0..count).map(|_| call())).await
}
