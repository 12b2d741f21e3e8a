//! Proves what a failure means for the same caller and for others, and for how long.

use std::{sync::Arc, time::Duration};

use crate::exchange::{
    ExchangeFailure,
    credential::{ClientAssertion, Credential, CredentialDescription, CredentialError},
    testing::{Reply, Stub, TestClock, World, alice, bob, exchange, token},
};

#[tokio::test]
async fn a_users_failure_is_remembered_for_a_minute_and_for_that_assertion_alone() {
    for (reply, class) in [
        (Reply::refusal(400, "invalid_grant", 500_133, ""), "assertion_refused"),
        (Reply::refusal(400, "invalid_grant", 65001, r#","suberror":"consent_required""#), "consent_required"),
        (Reply::refusal(400, "interaction_required", 50076, r#","claims":"{\"a\":1}""#), "interaction_required"),
        (Reply::refusal(400, "invalid_grant", 53003, r#","suberror":"message_only""#), "access_blocked"),
        (Reply::refusal(400, "invalid_grant", 50196, ""), "temporarily_unavailable"),
        (Reply::refusal(429, "invalid_grant", 50196, ""), "temporarily_unavailable"),
    ] {
        let world = World::new().await;
        world.entra.then(reply);
        assert_eq!(world.class(&alice("a")).await, class);
        world.clock.advance(59);
        assert_eq!(world.class(&alice("a")).await, class);
        assert_eq!(world.entra.count(), 1, "{class} is remembered");

        assert_eq!(world.class(&alice("fresh sign-in")).await, "ok", "{class} is about one assertion");
        assert_eq!(world.class(&bob("b")).await, "ok", "{class} is about one user");
        world.clock.advance(1);
        assert_eq!(world.class(&alice("a")).await, "ok", "{class} is forgotten");
    }
}

#[tokio::test]
async fn the_wait_of_a_remembered_failure_shrinks() {
    let world = World::new().await;
    world.entra.then(Reply::refusal(400, "invalid_grant", 50196, ""));
    for expected in [60, 40] {
        let Err(ExchangeFailure::Transient { retry_after, .. }) = world.token(&alice("a")).await else { panic!() };
        assert_eq!(retry_after.as_secs(), expected);
        world.clock.advance(20);
    }
}

#[tokio::test]
async fn throttling_that_names_no_user_pauses_everybody_but_a_probe() {
    let world = World::new().await;
    assert_eq!(world.class(&alice("cached")).await, "ok");
    world.entra.then(Reply::new(429, "").header("retry-after", "30"));
    assert_eq!(world.class(&alice("a")).await, "temporarily_unavailable");

    let Err(ExchangeFailure::Transient { retry_after, details }) = world.token(&bob("b")).await else { panic!() };
    assert_eq!(retry_after, Duration::from_secs(30));
    assert!(details.correlation_id.is_some(), "there is something to ask the operator for");
    assert_eq!(world.entra.count(), 2, "bob's exchange did not reach Entra");
    assert_eq!(world.class(&alice("cached")).await, "ok", "what is cached is still served");

    world.entra.then(Reply::new(503, "").header("retry-after", "30"));
    world.clock.advance(5);
    assert_eq!(world.class(&bob("b")).await, "temporarily_unavailable", "the probe found it shut");
    assert_eq!(world.entra.count(), 3);
    assert_eq!(world.class(&bob("b")).await, "temporarily_unavailable");
    assert_eq!(world.entra.count(), 3, "one probe at a time");
    world.clock.advance(5);
    assert_eq!(world.class(&bob("b")).await, "ok");
    assert_eq!(world.class(&alice("a")).await, "ok", "the probe opened it");
}

#[tokio::test]
async fn a_probe_opens_the_gate_when_entra_answers_it_and_not_when_entra_stumbles() {
    for (answer, expected) in [
        (Reply::refusal(400, "invalid_grant", 500_133, ""), "ok"),
        (Reply::refusal(401, "invalid_client", 7_000_215, ""), "ok"),
        (Reply::new(500, "").header("retry-after", "9"), "temporarily_unavailable"),
    ] {
        let world = World::new().await;
        world.entra.then(Reply::new(429, "").header("retry-after", "30"));
        assert_eq!(world.class(&alice("a")).await, "temporarily_unavailable");
        world.clock.advance(5);
        world.entra.then(answer);
        assert_ne!(world.class(&bob("b")).await, "ok");
        assert_eq!(world.class(&alice("c")).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_without_a_promise_pauses_everybody_for_five_seconds() {
    let world = World::new().await;
    world.entra.then(Reply::new(503, "")).then(Reply::new(503, ""));
    assert_eq!(world.class(&alice("a")).await, "temporarily_unavailable");
    assert_eq!(world.class(&bob("b")).await, "temporarily_unavailable");
    assert_eq!(world.entra.count(), 2, "one try and one repeat, of alice's call alone");
    world.clock.advance(5);
    assert_eq!(world.class(&bob("b")).await, "ok");
}

#[tokio::test(start_paused = true)]
async fn nothing_else_pauses_anybody() {
    for reply in [
        Reply::refusal(429, "invalid_grant", 50053, "").header("retry-after", "30"),
        Reply::refusal(429, "invalid_request", 50196, "").header("retry-after", "30"),
        Reply::refusal(400, "invalid_grant", 500_133, "").header("retry-after", "30"),
        Reply::refusal(401, "invalid_client", 700_027, ""),
        Reply::new(500, "").header("retry-after", "30"),
        Reply::new(400, "<html>"),
    ] {
        let world = World::new().await;
        world.entra.then(reply);
        assert_ne!(world.class(&alice("a")).await, "ok");
        assert_eq!(world.class(&bob("b")).await, "ok");
    }
}

#[tokio::test]
async fn a_credential_that_fails_is_the_operators_and_entra_is_not_asked() {
    struct Broken;

    #[async_trait::async_trait]
    impl Credential for Broken {
        async fn assertion(&self) -> Result<ClientAssertion, CredentialError> {
            Err(CredentialError::InvalidName)
        }

        fn description(&self) -> CredentialDescription {
            CredentialDescription { kind: "broken".to_owned(), thumbprint: None, expires_at: None }
        }
    }

    let entra = Stub::entra().await;
    let exchange = exchange(&entra.url, &TestClock::new(), Arc::new(Broken));
    let Err(ExchangeFailure::Operator { advice, .. }) = token(&exchange, &alice("a")).await else { panic!() };
    assert_eq!(advice, CredentialError::InvalidName.to_string());
    assert_eq!(entra.count(), 0);
}

#[tokio::test]
async fn entras_correlation_id_is_kept_and_ours_stands_in_for_it() {
    let world = World::new().await;
    world.entra.then(Reply::refusal(400, "invalid_grant", 500_133, r#","correlation_id":"entras-own""#));
    world.entra.then(Reply::refusal(400, "invalid_grant", 500_133, ""));
    for (assertion, expected) in [("a", "entras-own"), ("b", "00000000-0000-0000-0000-00000000ca11")] {
        let Err(failure) = world.token(&alice(assertion)).await else { panic!() };
        assert_eq!(failure.details().correlation_id.as_deref(), Some(expected));
    }
}
