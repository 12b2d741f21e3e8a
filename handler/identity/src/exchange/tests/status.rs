//! Proves what monitoring is told of whole exchanges, and that it is told of nobody.

use tokio::task::{JoinSet, yield_now};

use crate::exchange::{
    Failures, Tally, Uses,
    testing::{Reply, World, alice, bob, token},
};

#[tokio::test]
async fn however_many_wait_it_is_one_exchange() {
    let world = World::new().await;
    let held = world.entra.hold().await;
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let exchange = world.exchange.clone();
        calls.spawn(async move { token(&exchange, &alice("a")).await.map(|_| ()).unwrap() });
    }
    world.entra.received(1).await;
    for _ in 0..100 {
        yield_now().await;
    }
    drop(held);
    calls.join_all().await;
    world.expect(&alice("a")).await;
    let status = world.exchange.status();
    assert_eq!(status.uses, Uses { hits: 1, misses: 1, joined: 19 });
    assert_eq!(status.since_start, Tally { ok: 1, failures: Failures::default() });
    assert_eq!(status.lately, status.since_start);
}

#[tokio::test]
async fn a_failure_is_counted_once_however_often_it_is_remembered() {
    let world = World::new().await;
    world.entra.then(Reply::refusal(400, "invalid_grant", 65001, r#","suberror":"consent_required""#));
    for _ in 0..3 {
        assert_eq!(world.class(&alice("a")).await, "consent_required");
    }
    world.clock.advance(20 * 60);
    world.expect(&bob("b")).await;
    let status = world.exchange.status();
    assert_eq!(status.uses, Uses { hits: 2, misses: 2, joined: 0 });
    let failures = Failures { consent_required: 1, ..Failures::default() };
    assert_eq!(status.since_start, Tally { ok: 1, failures });
    assert_eq!(status.lately, Tally { ok: 1, failures: Failures::default() });
}

#[tokio::test]
async fn whom_the_shut_gate_refuses_counts_as_failed() {
    let world = World::new().await;
    world.entra.then(Reply::new(503, "").header("retry-after", "30"));
    assert_eq!(world.exchange.status().gate_shut_for, None);
    for caller in [alice("a"), bob("b")] {
        assert_eq!(world.class(&caller).await, "temporarily_unavailable");
    }
    assert_eq!(world.entra.count(), 1);
    let status = world.exchange.status();
    assert_eq!(status.gate_shut_for.map(|left| left.as_secs()), Some(30));
    assert_eq!(status.lately.failures, Failures { temporarily_unavailable: 2, ..Failures::default() });
}

#[tokio::test]
async fn it_tells_of_the_credential_and_the_cache_and_of_nobody() {
    let world = World::new().await;
    for session in 0..200 {
        world.expect(&alice(&format!("session {session}"))).await;
    }
    let status = world.exchange.status();
    assert!((2..=200).contains(&status.cache_entries), "{}", status.cache_entries);
    assert_eq!(status.cache_capacity, 1000);
    assert!(status.credential.thumbprint.is_some() && status.credential.expires_at.is_some());
    assert_eq!(status.last_reload, None, "a certificate in memory is not read again");
    let told = format!("{status:?}");
    for secret in ["session", "token-", "aaaaaaaa", "alice"] {
        assert!(!told.contains(secret), "{told}");
    }
}
