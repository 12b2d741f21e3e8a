//! Many calls at once. Proves how often Entra is asked, and that nobody gets another's answer on the way.

use http::StatusCode;
use lab::journal::ServiceName;

use crate::support::{cost_by_service, deployed, events, is_status, reads};

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_calls_with_one_fresh_token_cost_one_exchange_and_one_signature() {
    let deployment = deployed().await;
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
async fn two_people_at_once_never_meet() {
    let deployment = deployed().await;
    let (alice, bob) = (deployment.lab.alice(), deployment.lab.bob());
    let (alices, bobs) = (reads(&deployment, alice), reads(&deployment, bob));
    let (for_alice, for_bob) = tokio::join!(
        futures(50, || cost_by_service(&deployment, &alices)),
        futures(50, || cost_by_service(&deployment, &bobs))
    );
    assert!(for_alice.iter().all(|answer| answer.structured().is_some() && !answer.is_tool_error()));
    assert!(for_bob.iter().all(|answer| answer.is_tool_error() && answer.structured().is_none()));
    let asked = deployment.lab.journal().of(ServiceName::ResourceManager);
    assert_eq!(asked.iter().filter(|entry| entry.is_of(&alice.object_id)).count(), 50);
    assert_eq!(asked.iter().filter(|entry| entry.is_of(&bob.object_id)).count(), 50);
    assert_eq!(asked.len(), 100);
}

/// Runs `count` calls at once.
async fn futures<F: Future>(count: usize, mut call: impl FnMut() -> F) -> Vec<F::Output> {
    futures_util::future::join_all((0..count).map(|_| call())).await
}
