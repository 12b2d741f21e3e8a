//! The real handler on a stand-in for AWS Lambda, on the local Azure. Proves that who asks through an event is judged and
//! answered as who asks through a connection. What Lambda's front ends change on the way, only a deployment can show.

mod function;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    edge::{PING, bad_requests},
    support::{Raw, challenge, is_status, summary},
};
pub(crate) use function::Function;
use function::{FRONTS, Front, Outcome, PUBLIC_URL};

#[tokio::test]
async fn alice_reads_her_costs_and_azure_refuses_bob() {
    let function = Function::deployed().await;
    for front in FRONTS {
        let alice = function.cost_by_service(front, &function.reads(function.lab.alice())).await;
        is_status(&alice, StatusCode::OK);
        assert!(alice.text().unwrap().starts_with("**Spend by service**"), "{front:?}: {}", alice.body);
        let bob = function.cost_by_service(front, &function.reads(function.lab.bob())).await;
        is_status(&bob, StatusCode::OK);
        assert!(bob.is_tool_error(), "{front:?}: {}", bob.body);
        assert!(bob.sentence().starts_with("403: caller (bob@contoso.example) lacks"), "{front:?}: {}", bob.body);
    }
    let audit: Vec<_> = function.log().into_iter().filter(|line| line["event"] == "audit").collect();
    let decisions: Vec<_> = audit.iter().map(|line| line["decision"].as_str().unwrap()).collect();
    assert_eq!(decisions, ["accept", "deny:rbac", "accept", "deny:rbac"]);
}

#[tokio::test]
async fn the_loudest_log_is_one_object_a_line_and_repeats_no_event() {
    let function = Function::deployed().await;
    let token = function.reads(function.lab.alice());
    function.cost_by_service(Front::HttpApi, &token).await;
    function.invoke(&json!({ "headers": { "authorization": format!("Bearer {token}") } })).await;
    function.invoke(&json!([token])).await;
    is_status(&function.ask(Front::HttpApi, Raw::post(&token, PING)).await, StatusCode::OK);
    let log = function.log();
    assert!(log.len() > 5, "{log:?}");
    for line in log {
        assert!(line.is_object() && !line.to_string().contains("eyJ"), "{line}");
    }
}

#[tokio::test]
async fn a_stranger_learns_where_to_sign_in() {
    let function = Function::deployed().await;
    for front in FRONTS {
        let answer = function.ask(front, Raw::new(Method::POST, "/mcp")).await;
        assert_eq!(summary(&answer), "401 missing_bearer", "{front:?}");
        let parameters = challenge(&answer.headers);
        let metadata = format!("{PUBLIC_URL}/.well-known/oauth-protected-resource");
        assert_eq!(parameters["resource_metadata"], format!("{metadata}/mcp"));
        for path in ["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"] {
            let document = function.ask(front, Raw::new(Method::GET, path)).await;
            is_status(&document, StatusCode::OK);
            assert_eq!(document.body["resource"], format!("{PUBLIC_URL}/mcp"), "never from a header");
            assert_eq!(document.body["authorization_servers"], json!([function.lab.entra().issuer()]));
        }
        is_status(&function.ask(front, Raw::new(Method::GET, "/consented?code=<secret>")).await, StatusCode::OK);
        is_status(&function.ask(front, Raw::new(Method::GET, "/prod/mcp")).await, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_missing_scope_is_challenged() {
    let function = Function::deployed().await;
    let call = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"cost_export"}}"#;
    for front in FRONTS {
        let token = function.reads(function.lab.alice());
        let answer = function.ask(front, Raw::post(&token, call)).await;
        assert_eq!(summary(&answer), "403 -31403 missing_scope:cost.export", "{front:?}");
        let parameters = challenge(&answer.headers);
        assert_eq!(parameters["error"], "insufficient_scope");
        assert_eq!(parameters["scope"], format!("{}/cost.export", function.lab.app_id_uri()));
    }
}

#[tokio::test]
async fn each_bad_request_gets_the_answer_that_it_gets_on_a_connection() {
    let function = Function::deployed().await;
    let token = function.reads(function.lab.alice());
    for front in FRONTS {
        for (name, request, expected) in bad_requests(&token) {
            let answer = function.ask(front, request).await;
            let summary = summary(&answer);
            assert!(summary.starts_with(expected), "{front:?}, {name}: {summary}");
            assert!(!answer.body.to_string().contains(&token), "{name} echoes the token");
            let id = answer.body.get("correlation_id").or(answer.body.pointer("/error/data/correlation_id"));
            assert!(id.and_then(Value::as_str).is_some(), "{name}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn what_is_no_request_fails_alone() {
    let function = Function::deployed().await;
    let Outcome::Response(response) = function
        .invoke(&json!({
            "rawPath": "/mcp", "headers": {}, "body": "%%%", "isBase64Encoded": true,
            "requestContext": { "http": { "method": "POST" } },
        }))
        .await
    else {
        panic!("malformed base64 is a client's fault")
    };
    assert_eq!(response["statusCode"], 400);
    for event in [json!({}), json!({ "httpMethod": "POST", "path": "/mcp" }), json!("warm up")] {
        let Outcome::Error(error) = function.invoke(&event).await else { panic!("{event}") };
        assert!(error["errorMessage"].as_str().unwrap().starts_with("not a request"), "{error}");
    }
    let alice = function.cost_by_service(Front::FunctionUrl, &function.reads(function.lab.alice())).await;
    assert!(!alice.is_tool_error(), "{}", alice.body);
}

#[tokio::test]
async fn without_its_runtime_api_it_ends_as_a_failure() {
    let function = Function::deployed().await;
    is_status(&function.ask(Front::HttpApi, Raw::new(Method::GET, "/healthz")).await, StatusCode::OK);
    let (status, log) = function.orphan().await;
    assert_eq!(status.code(), Some(1));
    assert_eq!(log.last().unwrap()["event"], "lambda_lost");
}
