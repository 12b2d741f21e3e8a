//! Proves what is sent to Entra, and when it is sent again.

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    time::Instant,
};
use zeroize::Zeroizing;

use crate::exchange::{
    captured::Captured,
    credential::{ClientAssertion, Credential, CredentialDescription, CredentialError, Remedy},
    testing::{Reply, Stub, TestClock, World, alice, credential, exchange, token},
};

const SUCCESS: &str = r#"{"token_type":"Bearer","expires_in":3600,"access_token":"abc"}"#;

#[tokio::test]
async fn the_request_is_the_documented_form() {
    let world = World::new().await;
    world.expect(&alice("the.callers.token")).await;
    let form = world.entra.request(1, |request| {
        assert_eq!(request.uri.path(), "/11111111-1111-4111-8111-111111111111/oauth2/v2.0/token");
        assert_eq!(request.method, "POST");
        assert_eq!(request.header("content-type"), "application/x-www-form-urlencoded");
        assert_eq!(request.header("client-request-id"), "00000000-0000-0000-0000-00000000ca11");
        request.form()
    });
    let mut members: Vec<String> = form
        .iter()
        .map(|(name, value)| match name.as_str() {
            "client_assertion" => format!("{name}: a JWT of {} parts", value.split('.').count()),
            _ => format!("{name}: {value}"),
        })
        .collect();
    members.sort();
    insta::assert_snapshot!(members.join("\n"), @r#"
    assertion: the.callers.token
    claims: {"access_token":{"xms_cc":{"values":["cp1"]}}}
    client_assertion: a JWT of 3 parts
    client_assertion_type: urn:ietf:params:oauth:client-assertion-type:jwt-bearer
    client_id: c0ffee00-0000-4000-8000-000000000001
    grant_type: urn:ietf:params:oauth:grant-type:jwt-bearer
    requested_token_use: on_behalf_of
    scope: https://management.azure.com/.default
    "#);
}

#[tokio::test]
async fn the_probe_presents_the_credential_and_nobody_s_token() {
    let world = World::new().await;
    let probe = async || world.exchange.probe_credential(uuid::Uuid::nil()).await.map_err(|failure| failure.class());
    assert_eq!(probe().await, Ok(()));
    world.entra.then(Reply::refusal(401, "invalid_client", 700_027, ""));
    assert_eq!(probe().await, Err("operator_fault"));
    let mut members: Vec<_> = world.entra.request(1, |request| request.form().into_keys().collect());
    members.sort();
    assert_eq!(members, ["client_assertion", "client_assertion_type", "client_id", "grant_type", "scope"]);
}

#[tokio::test(start_paused = true)]
async fn a_stumble_is_repeated_once_after_a_moment() {
    let world = World::new().await;
    world.entra.then(Reply::new(500, ""));
    let started = Instant::now();
    assert_eq!(world.expect(&alice("a")).await, "token-2");
    assert_eq!(world.entra.count(), 2);
    assert!(started.elapsed() >= Duration::from_millis(300), "not at once");
    assert_eq!(world.credential.signatures(), 1, "with the same client assertion");
}

#[tokio::test(start_paused = true)]
async fn what_is_repeated_and_what_is_not() {
    let stumbles = [Reply::new(500, "<html>"), Reply::new(503, ""), Reply::refusal(502, "server_error", 90033, "")];
    for reply in stumbles {
        let world = World::new().await;
        world.entra.then(reply.clone()).then(reply);
        assert_eq!(world.class(&alice("a")).await, "temporarily_unavailable");
        assert_eq!(world.entra.count(), 2);
    }
    let answers = [
        Reply::new(429, ""),
        Reply::new(503, "").header("retry-after", "9"),
        Reply::refusal(400, "invalid_grant", 500_133, ""),
        Reply::refusal(401, "invalid_client", 700_027, ""),
        Reply::new(200, "{}"),
        Reply::new(302, "").header("location", "https://elsewhere.example/"),
    ];
    for reply in answers {
        let world = World::new().await;
        world.entra.then(reply);
        assert_ne!(world.class(&alice("a")).await, "ok");
        assert_eq!(world.entra.count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_endpoint_that_never_answers_is_given_up_after_two_tries_of_ten_seconds() {
    let world = World::new().await;
    world.entra.then(Reply::never()).then(Reply::never());
    let started = Instant::now();
    assert_eq!(world.class(&alice("a")).await, "temporarily_unavailable");
    assert_eq!(world.entra.count(), 2);
    assert!(started.elapsed() >= Duration::from_secs(20));
}

/// Answers every connection with `answer` and closes it; an empty answer only closes.
async fn raw_server(answer: Vec<u8>) -> url::Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            // the form ends with the claims
            while !request.ends_with(b"%7D%7D%7D") && connection.read_buf(&mut request).await.unwrap_or(0) > 0 {}
            let _ = connection.write_all(&answer).await;
            let _ = connection.shutdown().await;
        }
    });
    url
}

#[tokio::test(start_paused = true)]
async fn broken_and_hostile_answers_fail_closed() {
    fn message(status: &str, length: usize, body: &str) -> Vec<u8> {
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
    }

    for (answer, expected) in [
        (message("200 OK", SUCCESS.len(), SUCCESS), "ok"),
        (message("200 OK", SUCCESS.len() + 1, SUCCESS), "temporarily_unavailable"),
        (message("200 OK", SUCCESS.len() - 1, SUCCESS), "operator_fault"),
        (message("200 OK", 18, "<html>login</html>"), "operator_fault"),
        (message("200 OK", 0, ""), "operator_fault"),
        (message("407 Proxy", 0, ""), "operator_fault"),
        (message("400 Bad", 16, r#"{"error": [1, 2]"#), "operator_fault"),
        (b"".to_vec(), "temporarily_unavailable"),
        (b"HTTP/1.1 200 OK\r\nContent-Le".to_vec(), "temporarily_unavailable"),
        (b"\x16\x03\x01 not HTTP at all".to_vec(), "temporarily_unavailable"),
        (b"HTTP/1.1 400 Bad\r\nContent-Length: 4\r\n\r\n\xff\xfe\x00{".to_vec(), "operator_fault"),
    ] {
        let clock = TestClock::new();
        let exchange = exchange(&raw_server(answer.clone()).await, &clock, credential(&clock));
        let class = token(&exchange, &alice("a")).await.map_or_else(|failure| failure.class(), |_| "ok");
        assert_eq!(class, expected, "{}", String::from_utf8_lossy(&answer));
    }
}

#[tokio::test]
async fn an_answer_without_end_is_refused() {
    for (bytes, expected) in [(262_144, "ok"), (262_145, "operator_fault")] {
        let world = World::new().await;
        world.entra.then(Reply::new(200, " ".repeat(bytes - SUCCESS.len()) + SUCCESS));
        assert_eq!(world.class(&alice("a")).await, expected, "{bytes}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_log_says_why_there_was_no_answer_and_not_where() {
    let captured = Captured::start();
    let clock = TestClock::new();
    let nowhere = "http://127.0.0.1:1".parse().unwrap();
    assert!(token(&exchange(&nowhere, &clock, credential(&clock)), &alice("a")).await.is_err());
    let world = World::new().await;
    world.entra.then(Reply::never()).then(Reply::never());
    assert!(world.token(&alice("a")).await.is_err());
    let causes: Vec<String> =
        captured.events("entra_unreachable").iter().map(|event| event["cause"].as_str().unwrap().to_owned()).collect();
    let [refused, again, late, too_late] = causes.as_slice() else { panic!("{causes:?}") };
    assert_eq!((refused, late), (again, too_late), "each try is told");
    assert!(refused.contains("refused") && !refused.contains("oauth2"), "{refused}");
    assert_eq!(late, "no whole answer within ten seconds");
}

/// A credential that always has another certificate, or never.
struct Replaceable(Remedy);

#[async_trait::async_trait]
impl Credential for Replaceable {
    async fn assertion(&self) -> Result<ClientAssertion, CredentialError> {
        Ok(ClientAssertion::foreign(Zeroizing::new("a.client.assertion".to_owned())))
    }

    async fn refused(&self, _: &ClientAssertion) -> Remedy {
        self.0
    }

    fn description(&self) -> CredentialDescription {
        CredentialDescription { kind: "test".to_owned(), thumbprint: None, expires_at: None }
    }
}

#[tokio::test]
async fn a_refused_certificate_is_replaced_at_most_twice_and_nothing_else_is_a_reason_to() {
    for (remedy, error, code, requests) in [
        (Remedy::TryAgain, "invalid_client", 700_027, 3),
        (Remedy::TryAgain, "invalid_client", 700_024, 3),
        (Remedy::TryAgain, "invalid_client", 7_000_214, 3),
        (Remedy::TryAgain, "invalid_client", 1_000_502, 3),
        (Remedy::TryAgain, "invalid_client", 7_000_274, 3),
        (Remedy::TryAgain, "invalid_client", 7_000_277, 3),
        (Remedy::Nothing, "invalid_client", 700_027, 1),
        (Remedy::TryAgain, "invalid_client", 7_000_215, 1),
        (Remedy::TryAgain, "unauthorized_client", 700_016, 1),
        (Remedy::TryAgain, "invalid_grant", 700_027, 1),
    ] {
        let entra = Stub::start(move |_| Reply::refusal(401, error, code, "")).await;
        let exchange = exchange(&entra.url, &TestClock::new(), Arc::new(Replaceable(remedy)));
        assert!(token(&exchange, &alice("a")).await.is_err());
        assert_eq!(entra.count(), requests, "{remedy:?} {error} {code}");
    }
}
