//! Proves what is logged about exchanges, and that no secret is.

use uuid::Uuid;

use crate::{
    ArmConnection, ArmRequest, Caller, Scope,
    exchange::captured::Captured,
    exchange::testing::{CALL, Reply, Stub, TestCertificate, TestClock, World, alice, bob, credential, exchange, http},
};

#[tokio::test]
async fn every_use_is_one_event_and_an_operators_fault_is_told_once() {
    let captured = Captured::start();
    let world = World::new().await;
    world.entra.then(Reply::token("t", 3600));
    world.entra.then(Reply::refusal(400, "invalid_grant", 50057, ""));
    world.entra.then(Reply::refusal(401, "invalid_client", 700_027, ""));
    let call = async |id, caller: Caller| {
        // what comes of it is in the event
        let _ = world.exchange.token(&caller.as_user(Scope::CostRead).unwrap(), Uuid::from_u128(id)).await;
    };
    call(1, alice("a")).await;
    call(2, alice("a")).await;
    call(3, bob("b")).await;
    let held = world.entra.hold().await;
    tokio::join!(call(4, alice("c")), call(5, alice("c")), async {
        world.entra.received(3).await;
        drop(held);
    });

    let lines: Vec<String> = captured
        .events("obo")
        .iter()
        .map(|event| {
            assert!(event["duration_ms"].is_u64());
            assert_eq!(event["level"], "INFO");
            format!(
                "{} {} {} {} {} by {}",
                event["outcome"],
                event["class"],
                event["aadsts"],
                event["cache"],
                event["correlation_id"],
                event["exchange_id"]
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n").replace('"', ""), @"
    ok null null miss 00000000-0000-0000-0000-000000000001 by 00000000-0000-0000-0000-000000000001
    ok null null hit 00000000-0000-0000-0000-000000000002 by 00000000-0000-0000-0000-000000000001
    failed access_blocked 50057 miss 00000000-0000-0000-0000-000000000003 by 00000000-0000-0000-0000-000000000003
    failed operator_fault 700027 miss 00000000-0000-0000-0000-000000000004 by 00000000-0000-0000-0000-000000000004
    failed operator_fault 700027 joined 00000000-0000-0000-0000-000000000005 by 00000000-0000-0000-0000-000000000004
    ");

    let faults = captured.events("obo_operator_fault");
    let [fault] = &faults[..] else { panic!("one fault, not {}", faults.len()) };
    assert_eq!(fault["level"], "ERROR");
    assert_eq!(fault["aadsts"], 700_027);
    assert!(fault["advice"].as_str().unwrap().contains("az ad app credential reset"));
}

#[tokio::test]
async fn no_token_assertion_or_key_is_ever_logged() {
    const CALLERS_TOKEN: &str = "callers-secret-token";
    let captured = Captured::start();
    let entra = Stub::entra().await;
    entra.then(Reply::token("first-secret-token", 3600)).then(Reply::token("second-secret-token", 3600));
    entra.then(Reply::new(200, r#"{"token_type":"Bearer","expires_in":"x","access_token":"third-secret-token"}"#));
    entra.then(Reply::new(500, "fourth-secret-token")).then(Reply::new(200, "fifth-secret-token"));
    let azure = Stub::start(|_| Reply::new(200, "sixth-secret-token")).await;
    azure.then(
        Reply::new(401, "")
            .header("www-authenticate", r#"Bearer error="insufficient_claims", claims="eyJhIjp7ImIiOjF9fQ==""#),
    );
    let clock = TestClock::new();
    let connection = ArmConnection::new(exchange(&entra.url, &clock, credential(&clock)), http(), azure.url.clone());

    let caller = alice(CALLERS_TOKEN);
    let arm = connection.as_caller(caller.as_user(Scope::CostRead).unwrap(), CALL).await.unwrap_or_else(|_| panic!());
    arm.send(&ArmRequest::get(&["a"], &[("x", "seventh-secret-token")])).await.unwrap();
    for refused in ["refused-secret-token", "unwell-secret-token"] {
        let caller = bob(refused);
        assert!(connection.as_caller(caller.as_user(Scope::CostRead).unwrap(), CALL).await.is_err());
    }
    // a server that is gone
    let gone = ArmConnection::new(
        exchange(&entra.url, &clock, credential(&clock)),
        http(),
        "http://127.0.0.1:1".parse().unwrap(),
    );
    let arm = gone.as_caller(caller.as_user(Scope::CostRead).unwrap(), CALL).await.unwrap_or_else(|_| panic!());
    arm.send(&ArmRequest::get(&["a"], &[("x", "eighth-secret-token")])).await.unwrap_err();

    assert_eq!(entra.count(), 6, "all of it happened");
    let log = captured.text();
    assert!(
        log.contains("\"event\":\"obo\"") && log.contains("client_assertion_signed") && log.contains("arm_unreachable")
    );
    assert!(!log.contains("secret-token"), "{log}");
    let client_assertion = entra.request(1, |request| request.form()["client_assertion"].clone());
    for part in client_assertion.split('.') {
        assert!(!log.contains(part));
    }
    let pem = TestCertificate::shared().key.serialize_pem();
    for line in pem.lines() {
        assert!(!log.contains(line));
    }
}
