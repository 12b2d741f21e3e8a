//! Proves what a request to Azure carries, and how a claims challenge is answered. That Azure challenges like the stub,
//! only a live tenant can show.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use tokio::time::Instant;

use super::{ArmConnection, ArmFailure, ArmRequest, ArmResponse, CallerArm};
use crate::{
    Caller, Scope,
    exchange::{
        ExchangeFailure,
        testing::{CALL, Reply, Stub, TestClock, alice, credential, exchange, http},
    },
};

/// `{"access_token":{"nbf":{"essential":true,"value":"1726258122"}}}`
const CLAIMS: &str = "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxNzI2MjU4MTIyIn19fQ==";

struct World {
    entra: Stub,
    azure: Stub,
    connection: Arc<ArmConnection>,
}

impl World {
    async fn new() -> Self {
        let entra = Stub::entra().await;
        let azure = Stub::start(|_| Reply::new(200, "costs")).await;
        let clock = TestClock::new();
        let exchange = exchange(&entra.url, &clock, credential(&clock));
        let connection = ArmConnection::new(exchange, http(), azure.url.clone());
        Self { entra, azure, connection }
    }

    async fn arm<'a>(&'a self, caller: &'a Caller) -> CallerArm<'a> {
        let grant = caller.as_user(Scope::CostRead).unwrap();
        self.connection.as_caller(grant, CALL).await.unwrap_or_else(|failure| panic!("{failure}"))
    }

    async fn get(&self, caller: &Caller) -> Result<ArmResponse, ArmFailure> {
        self.arm(caller).await.send(&ArmRequest::get(&["subscriptions"], &[("api-version", "2022-12-01")])).await
    }

    /// The tokens that Azure saw, in order.
    fn tokens(&self) -> Vec<String> {
        (1..=self.azure.count())
            .map(|number| self.azure.request(number, |request| request.header("authorization").to_owned()))
            .collect()
    }
}

fn challenge() -> Reply {
    let value = format!("Bearer realm=\"\", error=\"insufficient_claims\", claims=\"{CLAIMS}\"");
    Reply::new(401, "").header("www-authenticate", value)
}

#[tokio::test]
async fn a_request_is_sent_as_the_caller() {
    let world = World::new().await;
    let caller = alice("a");
    let request = ArmRequest::post(&["a", "b c"], &[("$top", "5")], Bytes::from_static(b"{}"))
        .header("clienttype".parse().unwrap(), HeaderValue::from_static("mcp-cost-server"))
        .header("authorization".parse().unwrap(), HeaderValue::from_static("Bearer other"));
    let response = world.arm(&caller).await.send(&request).await.unwrap();
    assert_eq!((response.status, &response.body[..]), (StatusCode::OK, &b"costs"[..]));
    world.azure.request(1, |request| {
        assert_eq!(request.method, "POST");
        assert_eq!(request.uri, "/a/b%20c?%24top=5");
        assert_eq!(request.header("authorization"), "Bearer token-1");
        assert_eq!(request.header("clienttype"), "mcp-cost-server");
        assert_eq!(request.header("content-type"), "application/json");
        assert_eq!(request.header("x-ms-client-request-id").len(), 36);
        assert_eq!(&request.body[..], b"{}");
    });
}

#[tokio::test]
async fn a_request_id_of_the_request_is_kept() {
    let world = World::new().await;
    let caller = alice("a");
    let request = ArmRequest::get(&["a"], &[]).header(super::CLIENT_REQUEST_ID, HeaderValue::from_static("mine"));
    world.arm(&caller).await.send(&request).await.unwrap();
    world.azure.request(1, |request| assert_eq!(request.header("x-ms-client-request-id"), "mine"));
}

#[tokio::test]
async fn every_status_is_an_answer_and_no_redirect_is_followed() {
    let world = World::new().await;
    let caller = alice("a");
    for reply in [
        Reply::new(302, "").header("location", format!("{}elsewhere", world.azure.url)),
        Reply::new(401, r#"{"error":{"code":"RBACAccessDenied"}}"#),
        Reply::new(401, "").header("www-authenticate", r#"Bearer error="invalid_token""#),
        Reply::new(403, "")
            .header("www-authenticate", format!("Bearer error=\"insufficient_claims\", claims=\"{CLAIMS}\"")),
        Reply::new(429, ""),
        Reply::new(500, ""),
    ] {
        let before = world.azure.count();
        world.azure.then(reply);
        assert_ne!(world.get(&caller).await.unwrap().status, StatusCode::OK);
        assert_eq!(world.azure.count(), before + 1);
    }
    assert_eq!(world.entra.count(), 1);
}

#[tokio::test]
async fn a_challenge_is_met_with_one_exchange_and_one_repeat() {
    let world = World::new().await;
    let caller = alice("a");
    world.azure.then(challenge());
    assert_eq!(world.get(&caller).await.unwrap().status, StatusCode::OK);
    assert_eq!(world.tokens(), ["Bearer token-1", "Bearer token-2"]);
    let claims = world.entra.request(2, |request| request.form()["claims"].clone());
    insta::assert_snapshot!(claims, @r#"{"access_token":{"nbf":{"essential":true,"value":"1726258122"},"xms_cc":{"values":["cp1"]}}}"#);
    assert_eq!(world.get(&caller).await.unwrap().status, StatusCode::OK);
    assert_eq!(world.entra.count(), 2, "the new token took the old one's place");
}

#[tokio::test]
async fn later_requests_of_the_same_call_use_the_new_token() {
    let world = World::new().await;
    let caller = alice("a");
    let arm = world.arm(&caller).await;
    world.azure.then(challenge());
    for _ in 0..2 {
        arm.send(&ArmRequest::get(&["a"], &[])).await.unwrap();
    }
    assert_eq!(world.tokens(), ["Bearer token-1", "Bearer token-2", "Bearer token-2"]);
}

#[tokio::test]
async fn a_second_challenge_goes_up() {
    let world = World::new().await;
    world.azure.then(challenge()).then(challenge());
    let failure = world.get(&alice("a")).await.unwrap_err();
    let ArmFailure::ClaimsChallenge(claims) = failure else { panic!("{failure}") };
    insta::assert_snapshot!(claims.json(), @r#"{"access_token":{"nbf":{"essential":true,"value":"1726258122"}}}"#);
    assert_eq!((world.azure.count(), world.entra.count()), (2, 2));
}

#[tokio::test]
async fn what_entra_demands_in_answer_to_a_challenge_goes_up() {
    let world = World::new().await;
    let caller = alice("a");
    let arm = world.arm(&caller).await;
    world.azure.then(challenge());
    world.entra.then(Reply::refusal(400, "interaction_required", 50076, r#","claims":"{\"entras\":1}""#));
    let failure = arm.send(&ArmRequest::get(&["a"], &[])).await.unwrap_err();
    let ArmFailure::Exchange(ExchangeFailure::InteractionRequired { claims, .. }) = failure else {
        panic!("{failure}")
    };
    assert_eq!(claims.unwrap().json(), r#"{"entras":1}"#);
    assert_eq!(world.azure.count(), 1, "Azure is not asked again");
}

#[tokio::test(start_paused = true)]
async fn azure_has_thirty_seconds() {
    let world = World::new().await;
    world.azure.then(Reply::never());
    let started = Instant::now();
    let failure = world.get(&alice("a")).await.unwrap_err();
    assert!(matches!(failure, ArmFailure::Timeout(limit) if limit == Duration::from_secs(30)), "{failure}");
    assert!(started.elapsed() >= Duration::from_secs(30));
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_an_error() {
    let world = World::new().await;
    world.azure.then(Reply::new(200, "x".repeat(super::LARGEST_ANSWER)));
    assert_eq!(world.get(&alice("a")).await.unwrap().body.len(), super::LARGEST_ANSWER);
    world.azure.then(Reply::new(200, "x".repeat(super::LARGEST_ANSWER + 1)));
    assert!(matches!(world.get(&alice("a")).await, Err(ArmFailure::TooLarge)));
    assert_eq!(super::LARGEST_ANSWER, 8_388_608, "8 MiB");
}

#[tokio::test]
async fn a_page_elsewhere_is_not_fetched() {
    let world = World::new().await;
    let caller = alice("a");
    let arm = world.arm(&caller).await;
    let request = ArmRequest::get(&["a"], &[("api-version", "1")]);
    let next = arm.next_page(&request, &format!("{}a?$skiptoken=x", world.azure.url)).unwrap();
    arm.send(&next).await.unwrap();
    world.azure.request(1, |request| assert_eq!(request.uri, "/a?$skiptoken=x"));
    let elsewhere = arm.next_page(&request, "https://elsewhere.example/a?$skiptoken=x");
    assert!(matches!(elsewhere, Err(ArmFailure::ForeignLink)));
}
