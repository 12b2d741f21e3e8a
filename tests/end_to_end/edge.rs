//! What a stranger gets who knocks at the endpoint: the order of the checks, the limits, the metadata.

use http::{Method, StatusCode};
use lab::people::{MCP_CLIENT_ID, SERVER_CLIENT_ID};
use serde_json::{Value, json};

use crate::support::{Raw, challenge, deployed, deployed_with, events, is_status, reads, summary};

pub(crate) const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

#[tokio::test]
async fn a_stranger_learns_where_to_sign_in_and_nothing_else() {
    let deployment = deployed().await;
    for method in [Method::POST, Method::GET, Method::DELETE, Method::PUT, Method::OPTIONS] {
        let answer = Raw::new(method, "/mcp").send(&deployment).await;
        is_status(&answer, StatusCode::UNAUTHORIZED);
        let parameters = challenge(&answer.headers);
        let metadata = format!("{}/.well-known/oauth-protected-resource/mcp", deployment.host.url());
        assert_eq!(parameters["resource_metadata"], metadata);
        assert!(parameters["scope"].ends_with("/cost.read"), "{parameters:?}");
        assert!(!parameters.contains_key("error"), "{parameters:?}");
    }
}

#[tokio::test]
async fn the_metadata_is_the_same_at_both_paths_and_open_to_browsers() {
    let deployment = deployed().await;
    let root = Raw::new(Method::GET, "/.well-known/oauth-protected-resource").send(&deployment).await;
    let inserted = Raw::new(Method::GET, "/.well-known/oauth-protected-resource/mcp").send(&deployment).await;
    is_status(&root, StatusCode::OK);
    assert_eq!(root.body, inserted.body);
    assert_eq!(root.headers["access-control-allow-origin"], "*");
    let url = deployment.host.url();
    assert_eq!(root.body["resource"], format!("{url}/mcp"));
    assert_eq!(root.body["authorization_servers"], json!([deployment.lab.entra().issuer()]));
    assert_eq!(root.body["scopes_supported"].as_array().unwrap().len(), 1);
    assert_eq!(root.body["bearer_methods_supported"], json!(["header"]));
}

#[tokio::test]
async fn liveness_and_the_consent_page_need_no_token() {
    let deployment = deployed().await;
    is_status(&Raw::new(Method::GET, "/healthz").send(&deployment).await, StatusCode::OK);
    let consented = Raw::new(Method::GET, "/consented?code=secret&error=%3Cscript%3E").send(&deployment).await;
    is_status(&consented, StatusCode::OK);
    assert_eq!(consented.headers["content-type"], "text/plain; charset=utf-8");
}

/// What may be wrong with a request that has a good token, and the beginning of what is answered.
pub(crate) fn bad_requests(token: &str) -> Vec<(&'static str, Raw, &'static str)> {
    let post = |body: Vec<u8>| Raw::post(token, body);
    vec![
        ("not JSON", post(b"costs, please".to_vec()), "400 -32700"),
        ("cut off", post(PING.as_bytes()[..20].to_vec()), "400 -32700"),
        ("deep", post(format!("{}{}", "[".repeat(5000), "]".repeat(5000)).into_bytes()), "400 -3"),
        ("array", post(format!("[{PING}]").into_bytes()), "400 -32600"),
        ("empty", post(Vec::new()), "400 -32700"),
        ("2 MB", post(vec![b' '; 2 * 1024 * 1024]), "413 body_too_large"),
        ("64 KiB header", post(PING.into()).with("x-padding", "x".repeat(64 * 1024)), "431 headers_too_large"),
        ("17 KiB token", Raw::post(&"x".repeat(17 * 1024), PING), "431 headers_too_large"),
        (
            "text",
            post(PING.into()).without("content-type").with("content-type", "text/plain"),
            "415 content_type_not_json",
        ),
        ("no type", post(PING.into()).without("content-type"), "415 content_type_not_json"),
        (
            "GET",
            Raw::new(Method::GET, "/mcp").with("authorization", format!("Bearer {token}")),
            "405 method_not_allowed",
        ),
        ("two tokens", post(PING.into()).with("authorization", "Bearer other"), "400 malformed_authorization"),
        ("two tokens in one", Raw::post(&format!("{token}, Bearer other"), PING), "400 malformed_authorization"),
        ("a web page", post(PING.into()).with("origin", "https://evil.example"), "403 origin_not_allowed"),
        ("unknown method", post(br#"{"jsonrpc":"2.0","id":1,"method":"costs/all"}"#.to_vec()), "200 -32601"),
        (
            "unknown tool",
            post(br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"costs"}}"#.to_vec()),
            "200 -32602",
        ),
        (
            "wrong types",
            post(br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":7}}"#.to_vec()),
            "200 -32602",
        ),
    ]
}

#[tokio::test]
async fn each_bad_request_gets_its_own_answer_and_the_server_lives_on() {
    let deployment = deployed().await;
    let token = reads(&deployment, deployment.lab.alice());
    for (name, request, expected) in bad_requests(&token) {
        let answer = request.send(&deployment).await;
        let summary = summary(&answer);
        assert!(summary.starts_with(expected), "{name}: {summary}");
        assert!(!answer.body.to_string().contains(&token), "{name} echoes the token");
        let id = answer.body.get("correlation_id").or(answer.body.pointer("/error/data/correlation_id"));
        let id = id.and_then(Value::as_str).unwrap_or_else(|| panic!("{name}: {}", answer.body));
        deployment
            .host
            .console()
            .wait_for_line(id)
            .await
            .unwrap_or_else(|error| panic!("{name} left no line: {error}"));
    }
    is_status(&Raw::post(&token, PING).send(&deployment).await, StatusCode::OK);
    assert_eq!(deployment.host.restarts(), 0);
}

#[tokio::test]
async fn hostile_tokens_are_refused_with_their_reason_and_never_reach_entra() {
    let deployment = deployed().await;
    let lab = &deployment.lab;
    let alice = || lab.token(lab.alice()).scope("cost.read");
    let cases = [
        ("wrong_version", alice().version_1().issue().unwrap()),
        ("graph_token", alice().for_graph().issue().unwrap()),
        ("expired", alice().expired().issue().unwrap()),
        ("wrong_audience", alice().audience("00000003-0000-0000-c000-000000000000").issue().unwrap()),
        ("wrong_issuer", alice().tenant("9188040d-6c67-4c5b-b112-36a304b66dad").issue().unwrap()),
        ("unknown_key", alice().signed_by_unknown_key().issue().unwrap()),
        ("key_bound", alice().claim("cnf", json!({ "kid": "device" })).issue().unwrap()),
        ("malformed", "not.a.token".to_owned()),
    ];
    for (reason, token) in &cases {
        let answer = Raw::post(token, PING).send(&deployment).await;
        assert_eq!(summary(&answer), format!("401 {reason}"), "{}", answer.body);
        let parameters = challenge(&answer.headers);
        assert_eq!(parameters["error"], "invalid_token");
        assert!(!answer.body.to_string().contains(token.as_str()));
    }
    assert_eq!(lab.entra().exchanges(lab.alice()), 0);
    let logged: Vec<_> = events(&deployment, "token_refused");
    assert_eq!(logged.len(), cases.len());
    for line in logged {
        let names: Vec<_> = line.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            names,
            ["correlation_id", "event", "level", "message", "reason", "timestamp"],
            "no identity is claimed"
        );
    }
}

#[tokio::test]
async fn an_id_token_opens_nothing() {
    let deployment = deployed().await;
    let token = deployment.lab.token(deployment.lab.alice()).scope("cost.read").id_token().issue().unwrap();
    let answer = Raw::post(&token, PING).send(&deployment).await;
    is_status(&answer, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_service_never_reaches_the_exchange() {
    let deployment = deployed().await;
    let token = deployment.lab.service_token(&["Diagnostics.Read"]).issue().unwrap();
    let answer = crate::support::cost_by_service(&deployment, &token).await;
    is_status(&answer, StatusCode::FORBIDDEN);
    assert_eq!(answer.rpc_error().unwrap(), (-31403, "user_token_required"));
    assert!(answer.challenge().is_none(), "no new token could cure it");
    let whoami = deployment.client.call(&token, "whoami", json!({})).await.unwrap();
    assert!(!whoami.is_tool_error(), "{}", whoami.body);
}

#[tokio::test]
async fn only_listed_clients_and_origins_may_call() {
    let origin = "https://inspector.contoso.example";
    let deployment = deployed_with(&[("ALLOWED_CLIENT_IDS", SERVER_CLIENT_ID), ("ALLOWED_ORIGINS", origin)]).await;
    let token = reads(&deployment, deployment.lab.alice());
    let answer = Raw::post(&token, PING).with("origin", origin).send(&deployment).await;
    assert_eq!(summary(&answer), "403 client_not_allowed", "{}", answer.body);
    assert!(answer.body["error_description"].as_str().unwrap().contains(MCP_CLIENT_ID));
    assert!(answer.challenge().is_none());
    assert_eq!(answer.headers["access-control-allow-origin"], origin);
    assert_eq!(answer.headers["access-control-expose-headers"], "WWW-Authenticate, Retry-After");

    let preflight = Raw::new(Method::OPTIONS, "/mcp")
        .with("origin", origin)
        .with("access-control-request-method", "POST")
        .send(&deployment)
        .await;
    is_status(&preflight, StatusCode::NO_CONTENT);
    assert_eq!(preflight.headers["access-control-allow-methods"], "POST");
}

#[tokio::test]
async fn forged_platform_headers_change_nothing() {
    let deployment = deployed().await;
    let answer = Raw::new(Method::POST, "/mcp")
        .with("x-forwarded-host", "evil.example")
        .with("x-ms-client-principal-name", "alice@contoso.example")
        .with("x-ms-client-principal-id", deployment.lab.alice().object_id.clone())
        .send(&deployment)
        .await;
    is_status(&answer, StatusCode::UNAUTHORIZED);
    assert!(!format!("{:?}", answer.headers).contains("evil.example"));
}

#[tokio::test]
async fn missing_signing_keys_never_blame_the_caller() {
    let lab = lab::Lab::start().await.unwrap();
    lab.entra().keys_faults().always(lab::fault::Fault::Unavailable(lab::fault::RetryAfter::Unsaid));
    let deployment = lab::Deployment::of(lab, crate::support::handler(), &[], None).await.unwrap();
    let token = reads(&deployment, deployment.lab.alice());
    let answer = Raw::post(&token, PING).send(&deployment).await;
    is_status(&answer, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers.contains_key("retry-after") && answer.challenge().is_none());
    assert_eq!(answer.body["error"], Value::from("temporarily_unavailable"));
    deployment.host.console().wait_for_line("request_refused").await.unwrap();
    assert!(events(&deployment, "token_refused").is_empty(), "nothing is known about the token");
}
