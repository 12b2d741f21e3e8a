//! Proves who shares an exchange with whom, and for how long.

use std::time::Duration;

use tokio::{
    task::{JoinSet, yield_now},
    time::timeout,
};

use crate::{
    Scope,
    exchange::{
        ClaimsChallenge,
        testing::{CALL, NOW, Reply, World, alice, alice_until, bob, exchange_for, token},
    },
};

/// Lets every task that can run come to where it waits.
async fn settle() {
    for _ in 0..100 {
        yield_now().await;
    }
}

#[tokio::test]
async fn two_hundred_calls_with_one_assertion_make_one_exchange_and_sign_once() {
    let world = World::new().await;
    let held = world.entra.hold().await;
    let mut calls = JoinSet::new();
    for _ in 0..200 {
        let exchange = world.exchange.clone();
        calls.spawn(async move { token(&exchange, &alice("a")).await.unwrap().secret().to_owned() });
    }
    world.entra.received(1).await;
    settle().await;
    drop(held);
    assert_eq!(calls.join_all().await, vec!["token-1"; 200]);
    assert_eq!(world.entra.count(), 1);
    assert_eq!(world.credential.signatures(), 1);
}

#[tokio::test]
async fn a_failing_exchange_is_shared_by_those_who_wait_and_by_nobody_else() {
    let world = World::new().await;
    world.entra.then(Reply::refusal(401, "invalid_client", 700_027, ""));
    let held = world.entra.hold().await;
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let exchange = world.exchange.clone();
        calls.spawn(async move { token(&exchange, &alice("a")).await.map(|_| ()).unwrap_err().class() });
    }
    world.entra.received(1).await;
    settle().await;
    drop(held);
    assert_eq!(calls.join_all().await, vec!["operator_fault"; 20]);
    assert_eq!(world.entra.count(), 1);
    assert_eq!(world.expect(&alice("a")).await, "token-2", "an operator's fault is not remembered");
}

#[tokio::test]
async fn a_leader_who_leaves_strands_nobody() {
    let world = World::new().await;
    let held = world.entra.hold().await;
    let exchange = world.exchange.clone();
    let leader = tokio::spawn(async move { token(&exchange, &alice("a")).await.map(|_| ()) });
    world.entra.received(1).await;
    let mut waiters = JoinSet::new();
    for _ in 0..10 {
        let exchange = world.exchange.clone();
        waiters.spawn(async move { token(&exchange, &alice("a")).await.unwrap().secret().to_owned() });
    }
    settle().await;
    leader.abort();
    assert!(leader.await.unwrap_err().is_cancelled());
    world.entra.received(2).await;
    drop(held);
    let tokens = timeout(Duration::from_secs(10), waiters.join_all()).await.expect("nobody waits for the one who left");
    assert_eq!(tokens, vec!["token-2"; 10]);
    assert_eq!(world.entra.count(), 2, "one of those who waited asked, for all of them");
}

#[tokio::test]
async fn two_users_never_share() {
    let world = World::new().await;
    let (alice_calls, bob_calls) = (alice("a"), bob("b"));
    let (alices, bobs) = tokio::join!(world.expect(&alice_calls), world.expect(&bob_calls));
    assert_ne!(alices, bobs);
    assert_eq!(world.entra.count(), 2);
    assert_ne!(world.expect(&alice("a")).await, world.expect(&bob("a")).await, "not even with one assertion");
}

#[tokio::test]
async fn a_weaker_session_of_the_same_user_does_not_get_the_stronger_ones_token() {
    let world = World::new().await;
    assert_eq!(world.expect(&alice("with a second factor")).await, "token-1");
    world.entra.then(Reply::refusal(400, "interaction_required", 50076, r#","claims":"{\"access_token\":{\"a\":1}}""#));
    assert_eq!(world.class(&alice("without one")).await, "interaction_required");
    assert_eq!(world.expect(&alice("with a second factor")).await, "token-1");
}

#[tokio::test]
async fn what_is_kept_for_one_resource_is_not_found_for_another() {
    let world = World::new().await;
    let of = |resource| exchange_for(resource, &world.entra.url, &world.clock, world.credential.clone());
    let (public, government) = (of("https://management.azure.com"), of("https://management.usgovcloudapi.net"));
    assert!(public.key(&alice("a")) == world.exchange.key(&alice("a")));
    assert!(public.key(&alice("a")) != government.key(&alice("a")));
}

#[tokio::test]
async fn a_token_is_used_until_its_wall_clock_time_is_over() {
    let world = World::new().await;
    assert_eq!(world.expect(&alice("a")).await, "token-1");
    world.clock.advance(1799);
    assert_eq!(world.expect(&alice("a")).await, "token-1");
    world.clock.advance(1);
    assert_eq!(world.expect(&alice("a")).await, "token-2");
    assert_eq!(world.credential.signatures(), 2, "the client assertion was too old as well");
}

#[tokio::test]
async fn a_token_is_not_used_longer_than_the_callers_own() {
    let world = World::new().await;
    let caller = alice_until("a", NOW.plus(Duration::from_secs(100)));
    world.expect(&caller).await;
    world.clock.advance(99);
    world.expect(&caller).await;
    assert_eq!(world.entra.count(), 1);
    world.clock.advance(1);
    world.expect(&caller).await;
    assert_eq!(world.entra.count(), 2);
}

#[tokio::test]
async fn a_token_in_its_last_minutes_serves_those_who_waited_and_is_not_kept() {
    let world = World::new().await;
    world.entra.then(Reply::token("short", 300));
    assert_eq!(world.expect(&alice("a")).await, "short");
    assert_eq!(world.expect(&alice("a")).await, "token-2");
}

#[tokio::test]
async fn callers_who_were_challenged_alike_share_one_exchange_that_replaces_the_token() {
    let world = World::new().await;
    let challenged = world.token(&alice("a")).await.unwrap_or_else(|failure| panic!("{failure}"));
    let claims = ClaimsChallenge::parse(r#"{"access_token":{"nbf":{"essential":true,"value":"1"}}}"#).unwrap();
    let mut calls = JoinSet::new();
    for _ in 0..10 {
        let (exchange, challenged, claims) = (world.exchange.clone(), challenged.clone(), claims.clone());
        calls.spawn(async move {
            let caller = alice("a");
            let grant = caller.as_user(Scope::CostRead).unwrap();
            exchange.token_for_challenge(&grant, &challenged, &claims, CALL).await.unwrap().secret().to_owned()
        });
    }
    assert_eq!(calls.join_all().await, vec!["token-2"; 10]);
    assert_eq!(world.entra.count(), 2);
    let asked = world.entra.request(2, |request| request.form()["claims"].clone());
    insta::assert_snapshot!(asked, @r#"{"access_token":{"nbf":{"essential":true,"value":"1"},"xms_cc":{"values":["cp1"]}}}"#);
    assert_eq!(world.expect(&alice("a")).await, "token-2", "the entry was replaced");

    // one who comes late with the old token finds the new one
    let caller = alice("a");
    let grant = caller.as_user(Scope::CostRead).unwrap();
    let late = world.exchange.token_for_challenge(&grant, &challenged, &claims, CALL).await;
    assert_eq!(late.unwrap_or_else(|failure| panic!("{failure}")).secret(), "token-2");
    assert_eq!(world.entra.count(), 2);
}

#[tokio::test]
async fn the_client_assertion_is_used_for_eight_minutes_by_all_users() {
    let world = World::new().await;
    world.expect(&alice("a")).await;
    world.clock.advance(479);
    world.expect(&bob("b")).await;
    assert_eq!(world.credential.signatures(), 1);
    world.clock.advance(1);
    world.expect(&bob("c")).await;
    assert_eq!(world.credential.signatures(), 2);
}
