//! Refusals before there is a call.

use std::time::Duration;

use identity::{ClientId, TokenRefusal};

use super::{CLIENT, edge};
use crate::http::{bearer::NoBearer, limits::TooLarge, refusal::EdgeRefusal};

#[test]
fn a_caller_for_whom_there_is_no_room_is_told_when_to_come_back() {
    insta::assert_snapshot!(edge(&EdgeRefusal::Overloaded), @r#"
    503 Service Unavailable
    retry-after: 1
    {
      "correlation_id": "00000000-0000-0000-0000-000000c0ffee",
      "error": "temporarily_unavailable",
      "error_description": "this instance serves as many calls as it can; try again in 1 second",
      "reason": "overloaded"
    }
    "#);
}

#[test]
fn a_caller_without_a_token_is_told_where_to_sign_in() {
    insta::assert_snapshot!(edge(&EdgeRefusal::NoBearer(NoBearer::Missing)), @r#"
    401 Unauthorized
    www-authenticate: Bearer resource_metadata="https://costs.contoso.example/.well-known/oauth-protected-resource/mcp", scope="api://contoso/mcp-cost-server/cost.read"
    {
      "correlation_id": "00000000-0000-0000-0000-000000c0ffee",
      "error": "missing_bearer",
      "error_description": "sign in to tenant 11111111-2222-3333-4444-555555555555 and send the access token as Authorization: Bearer",
      "reason": "missing_bearer"
    }
    "#);
}

#[test]
fn a_client_that_is_not_allowed_is_not_sent_to_sign_in_again() {
    let refusal = TokenRefusal::ClientNotAllowed { client: CLIENT.parse::<ClientId>().unwrap() };
    insta::assert_snapshot!(edge(&EdgeRefusal::Token(refusal)), @r#"
    403 Forbidden
    {
      "correlation_id": "00000000-0000-0000-0000-000000c0ffee",
      "error": "client_not_allowed",
      "error_description": "client 99999999-8888-7777-6666-555555555555 is not allowed to call this server; ask its operator to add it to ALLOWED_CLIENT_IDS",
      "reason": "client_not_allowed"
    }
    "#);
}

#[test]
fn missing_keys_are_not_the_callers_fault() {
    let refusal = TokenRefusal::KeysUnavailable { retry_after: Duration::from_secs(5) };
    insta::assert_snapshot!(edge(&EdgeRefusal::Token(refusal)), @r#"
    503 Service Unavailable
    retry-after: 5
    {
      "correlation_id": "00000000-0000-0000-0000-000000c0ffee",
      "error": "temporarily_unavailable",
      "error_description": "the tenant's signing keys are not available; try again in 5 seconds",
      "reason": "keys_unavailable"
    }
    "#);
}

#[test]
fn a_web_origin_that_is_not_listed_is_refused() {
    insta::assert_snapshot!(edge(&EdgeRefusal::OriginNotAllowed), @r#"
    403 Forbidden
    {
      "correlation_id": "00000000-0000-0000-0000-000000c0ffee",
      "error": "origin_not_allowed",
      "error_description": "this web origin is not allowed; ask the server's operator to add it to ALLOWED_ORIGINS",
      "reason": "origin_not_allowed"
    }
    "#);
}

#[test]
fn other_methods_are_told_the_right_one() {
    insta::assert_snapshot!(edge(&EdgeRefusal::MethodNotAllowed), @r#"
    405 Method Not Allowed
    allow: POST
    {
      "correlation_id": "00000000-0000-0000-0000-000000c0ffee",
      "error": "method_not_allowed",
      "error_description": "only POST is served here, one JSON-RPC message each",
      "reason": "method_not_allowed"
    }
    "#);
}

#[test]
fn each_limit_has_its_status() {
    for (refusal, status) in [
        (EdgeRefusal::TooLarge(TooLarge::Headers), "431"),
        (EdgeRefusal::TooLarge(TooLarge::Body), "413"),
        (EdgeRefusal::ContentTypeNotJson, "415"),
        (EdgeRefusal::BodyTooSlow, "408"),
        (EdgeRefusal::BodyBroken, "400"),
        (EdgeRefusal::NoBearer(NoBearer::Malformed), "400"),
    ] {
        let shown = edge(&refusal);
        assert!(shown.starts_with(status), "{shown}");
    }
}
