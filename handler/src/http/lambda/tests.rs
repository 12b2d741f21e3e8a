//! Proves what becomes of an event, and what of a response. What events Lambda writes today, only Lambda shows.

use axum::{extract::Request, routing::any};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// Tells what arrived.
fn mirror() -> Router {
    async fn tell(request: Request) -> String {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        format!("{} {} {:?} {:?}", parts.method, parts.uri, parts.headers, String::from_utf8_lossy(&body))
    }
    Router::new().fallback(any(tell))
}

fn event(changes: &Value) -> Value {
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/mcp",
        "rawQueryString": "",
        "headers": { "content-type": "application/json" },
        "requestContext": { "http": { "method": "POST", "path": "/mcp" }, "stage": "$default" },
        "body": "{}",
        "isBase64Encoded": false,
    });
    event.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    event
}

async fn told(changes: Value) -> String {
    let answer = answer(mirror(), &event(&changes).to_string()).await.unwrap();
    format!("{} {}", answer.status_code, answer.body)
}

#[tokio::test]
async fn an_event_becomes_the_request_it_tells_of() {
    insta::assert_snapshot!(told(json!({})).await, @r#"200 POST /mcp {"content-type": "application/json"} "{}""#);
    let encoded = json!({ "body": "eyJpZCI6MX0=", "isBase64Encoded": true });
    insta::assert_snapshot!(told(encoded).await, @r#"200 POST /mcp {"content-type": "application/json"} "{\"id\":1}""#);
    let bare =
        json!({ "body": null, "headers": {}, "rawPath": "/", "requestContext": { "http": { "method": "GET" } } });
    insta::assert_snapshot!(told(bare).await, @r#"200 GET / {} """#);
    let query = json!({ "rawQueryString": "code=<secret>", "cookies": ["session=secret"] });
    assert!(!told(query).await.contains("secret"), "nobody reads them");
    let spellings = json!({ "headers": { "Authorization": "Bearer a", "authorization": "Bearer b" } });
    insta::assert_snapshot!(told(spellings).await, @r#"200 POST /mcp {"authorization": "Bearer a", "authorization": "Bearer b"} "{}""#);
}

#[tokio::test]
async fn what_can_not_be_a_request_is_refused() {
    let method = |method: &str| json!({ "requestContext": { "http": { "method": method } } });
    for changes in [
        json!({ "body": "%%%", "isBase64Encoded": true }),
        json!({ "body": "eyJpZCI6MX0", "isBase64Encoded": true }),
        json!({ "rawPath": "mcp" }),
        json!({ "rawPath": "/a b" }),
        json!({ "headers": { "x y": "z" } }),
        json!({ "headers": { "": "z" } }),
        json!({ "headers": { "x": "a\r\nauthorization: Bearer b" } }),
        method(""),
        method("GET /"),
    ] {
        assert_eq!(told(changes.clone()).await, "400 ", "{changes}");
    }
}

#[tokio::test]
async fn what_is_no_event_of_payload_format_2_is_an_error_that_repeats_nothing() {
    for event in [
        json!({}),
        json!([]),
        json!({ "Records": [{ "body": "secret" }] }),
        json!({ "httpMethod": "POST", "path": "/mcp", "headers": { "Authorization": "secret" }, "body": "{}" }),
        event(&json!({ "headers": { "authorization": ["secret"] } })),
        event(&json!({ "headers": "secret" })),
    ] {
        let Err(error) = answer(mirror(), &event.to_string()).await else { panic!("{event}") };
        assert_eq!(error.to_string(), NO_REQUEST, "{event}");
    }
}

#[tokio::test]
async fn a_response_becomes_an_answer() {
    let headers = [("vary", "Origin"), ("www-authenticate", "Bearer scope=\"a\""), ("vary", "Accept")];
    let mut response = (StatusCode::FORBIDDEN, "nein, auch für Bob nicht").into_response();
    response
        .headers_mut()
        .extend(headers.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))));
    let answer = serde_json::to_value(Answer::from(response).await.unwrap()).unwrap();
    insta::assert_snapshot!(answer, @r#"{"body":"nein, auch für Bob nicht","cookies":[],"headers":{"content-type":"text/plain; charset=utf-8","vary":"Origin, Accept","www-authenticate":"Bearer scope=\"a\""},"isBase64Encoded":false,"statusCode":403}"#);
}

proptest! {
    #[test]
    fn no_event_makes_it_panic(
        method in ".{0,8}", path in ".{0,20}", query in ".{0,20}", name in ".{0,8}", value in ".{0,20}",
        body in ".{0,20}", encoded: bool,
    ) {
        let event = event(&json!({
            "rawPath": path, "rawQueryString": query, "headers": { name: value }, "body": body,
            "isBase64Encoded": encoded, "requestContext": { "http": { "method": method } },
        }));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let answer = runtime.block_on(answer(mirror(), &event.to_string())).unwrap();
        prop_assert!([200, 400].contains(&answer.status_code));
    }
}
