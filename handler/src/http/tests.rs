//! Proves what a client sees of every refusal this room can render, with the headers read back by an independent
//! RFC 9110 parser. The order of the checks and the routes are proven end to end in `tests/`.

use std::time::Duration;

use axum::response::Response;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt;
use identity::{
    AppRole, Authority, ClientId, PermissionRefusal, Scope, TokenRefusal,
    exchange::{ClaimsChallenge, EntraDetails, ExchangeFailure},
};
use proptest::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use super::{
    bearer::{NoBearer, bearer},
    call_refusal::Context,
    challenge,
    face::Face,
    limits::{self, TooLarge},
    origin::{self, Origin},
    refusal::EdgeRefusal,
};
use crate::{
    mcp::{self, Era, ServerInfo},
    tools::Refusal,
};

const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const CLIENT: &str = "99999999-8888-7777-6666-555555555555";
const CORRELATION_ID: Uuid = Uuid::from_u128(0xc0_ffee);
const SERVER: ServerInfo = ServerInfo { name: "mcp-cost-server", version: "0.0.0", instructions: "" };

fn face() -> Face {
    let authority = Authority::new("https://login.microsoftonline.com".parse().unwrap(), TENANT.parse().unwrap());
    Face {
        public_url: "https://costs.contoso.example".into(),
        application: "api://contoso/mcp-cost-server".into(),
        authority,
        client: CLIENT.parse().unwrap(),
        azure_scope: "https://management.azure.com/.default".into(),
    }
}

fn details(code: u32) -> EntraDetails {
    EntraDetails { error: "invalid_grant".into(), codes: vec![code], ..EntraDetails::default() }
}

fn claims() -> ClaimsChallenge {
    ClaimsChallenge::parse(r#"{"access_token":{"acrs":{"essential":true,"values":["p1"]}}}"#).unwrap()
}

/// The parameters of the one `Bearer` challenge, in order, as an independent parser reads them.
#[track_caller]
fn parameters(value: &HeaderValue) -> Vec<(String, String)> {
    let challenges = http_auth::parse_challenges(value.to_str().unwrap()).unwrap();
    let [challenge] = challenges.as_slice() else { panic!("{challenges:?}") };
    assert_eq!(challenge.scheme, "Bearer");
    challenge.params.iter().map(|(name, value)| ((*name).to_owned(), value.to_unescaped())).collect()
}

/// Status, challenge and body of a response, readable in a snapshot.
fn shown(response: Response) -> String {
    use std::fmt::Write as _;
    let (parts, body) = response.into_parts();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let body = runtime.block_on(body.collect()).unwrap().to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let mut shown = format!("{}\n", parts.status);
    for name in [header::WWW_AUTHENTICATE, header::RETRY_AFTER, header::ALLOW] {
        for value in parts.headers.get_all(&name) {
            writeln!(shown, "{name}: {}", value.to_str().unwrap()).unwrap();
        }
    }
    for value in parts.headers.get_all(header::WWW_AUTHENTICATE) {
        parameters(value);
    }
    assert_eq!(parts.headers[header::CACHE_CONTROL], "no-store");
    shown + &serde_json::to_string_pretty(&body).unwrap()
}

fn edge(refusal: &EdgeRefusal) -> String {
    shown(refusal.respond(&face(), CORRELATION_ID))
}

fn tool(refusal: Refusal) -> String {
    let body = br#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#;
    let Ok(mcp::Message::Request(request)) = mcp::read(&HeaderMap::new(), body) else { panic!("not a request") };
    let context = Context { face: &face(), server: &SERVER, correlation_id: CORRELATION_ID };
    match context.respond(&request.id, Era::Legacy, refusal) {
        Ok(response) => shown(response),
        Err(refused) => edge(&refused),
    }
}

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

#[test]
fn an_ended_sign_in_answers_like_any_bad_token() {
    let refusal = ExchangeFailure::AssertionRefused { details: details(500_133) };
    insta::assert_snapshot!(tool(refusal.into()), @r#"
    401 Unauthorized
    www-authenticate: Bearer resource_metadata="https://costs.contoso.example/.well-known/oauth-protected-resource/mcp", scope="api://contoso/mcp-cost-server/cost.read", error="invalid_token", error_description="Microsoft Entra ID no longer accepts this sign-in (AADSTS500133); sign in again"
    {
      "correlation_id": "00000000-0000-0000-0000-000000c0ffee",
      "error": "invalid_token",
      "error_description": "Microsoft Entra ID no longer accepts this sign-in (AADSTS500133); sign in again",
      "reason": "sign_in_ended"
    }
    "#);
}

#[test]
fn a_missing_scope_is_a_step_up_challenge_and_a_json_rpc_error() {
    let refusal = PermissionRefusal::MissingScope(Scope::CostExport);
    insta::assert_snapshot!(tool(Refusal::Permission { tool: "cost_export", refusal }), @r#"
    403 Forbidden
    www-authenticate: Bearer error="insufficient_scope", scope="api://contoso/mcp-cost-server/cost.export", resource_metadata="https://costs.contoso.example/.well-known/oauth-protected-resource/mcp", error_description="tool cost_export needs the scope api://contoso/mcp-cost-server/cost.export"
    {
      "error": {
        "code": -31403,
        "data": {
          "correlation_id": "00000000-0000-0000-0000-000000c0ffee",
          "how": "tool cost_export needs the scope api://contoso/mcp-cost-server/cost.export: sign in again asking for it; an administrator may have to consent first",
          "reason": "missing_scope:cost.export",
          "who": "user"
        },
        "message": "missing_scope:cost.export"
      },
      "id": 7,
      "jsonrpc": "2.0"
    }
    "#);
}

#[test]
fn what_a_new_token_cannot_cure_has_no_challenge() {
    for refusal in [
        PermissionRefusal::UserTokenRequired,
        PermissionRefusal::AppTokenRequired,
        PermissionRefusal::MissingRole(AppRole::DiagnosticsRead),
    ] {
        let shown = tool(Refusal::Permission { tool: "cost_export", refusal });
        assert!(shown.starts_with("403") && !shown.contains("www-authenticate"), "{shown}");
    }
}

#[test]
fn a_missing_role_names_the_role() {
    let refusal = PermissionRefusal::MissingRole(AppRole::DiagnosticsRead);
    insta::assert_snapshot!(tool(Refusal::Permission { tool: "diagnostics", refusal }), @r#"
    403 Forbidden
    {
      "error": {
        "code": -31403,
        "data": {
          "correlation_id": "00000000-0000-0000-0000-000000c0ffee",
          "how": "tool diagnostics needs the app role Diagnostics.Read: ask an administrator to assign it to this service; whoami has the command",
          "reason": "missing_role:Diagnostics.Read",
          "who": "admin"
        },
        "message": "missing_role:Diagnostics.Read"
      },
      "id": 7,
      "jsonrpc": "2.0"
    }
    "#);
}

#[test]
fn a_demanded_interaction_carries_its_claims_twice() {
    let details = EntraDetails { suberror: Some("basic_action".into()), ..details(50_076) };
    insta::assert_snapshot!(tool(ExchangeFailure::InteractionRequired { claims: Some(claims()), details }.into()), @r#"
    403 Forbidden
    www-authenticate: Bearer realm="11111111-2222-3333-4444-555555555555", authorization_uri="https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/oauth2/v2.0/authorize", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnsiYWNycyI6eyJlc3NlbnRpYWwiOnRydWUsInZhbHVlcyI6WyJwMSJdfX19", resource_metadata="https://costs.contoso.example/.well-known/oauth-protected-resource/mcp"
    {
      "error": {
        "code": -31401,
        "data": {
          "claims": {
            "access_token": {
              "acrs": {
                "essential": true,
                "values": [
                  "p1"
                ]
              }
            }
          },
          "code": "AADSTS50076",
          "correlation_id": "00000000-0000-0000-0000-000000c0ffee",
          "error": "invalid_grant",
          "how": "sign in again with the claims of this answer; if the client can't send claims, sign out and in again",
          "reason": "interaction_required",
          "suberror": "basic_action",
          "who": "user"
        },
        "message": "interaction_required: your organisation demands more of your sign-in before Azure may be read (AADSTS50076), for example a second factor or a managed device; sign in again and satisfy it"
      },
      "id": 7,
      "jsonrpc": "2.0"
    }
    "#);
}

#[test]
fn a_challenge_of_azure_looks_like_one_of_entra() {
    let shown = tool(Refusal::ClaimsChallenge(claims()));
    assert!(shown.starts_with("403") && shown.contains("insufficient_claims") && shown.contains("-31401"), "{shown}");
}

#[test]
fn missing_consent_comes_with_both_links() {
    insta::assert_snapshot!(tool(ExchangeFailure::ConsentRequired { details: details(65_001) }.into()), @r#"
    403 Forbidden
    {
      "error": {
        "code": -31402,
        "data": {
          "admin_consent_url": "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0/adminconsent?client_id=99999999-8888-7777-6666-555555555555&redirect_uri=https%3A%2F%2Fcosts.contoso.example%2Fconsented&scope=https%3A%2F%2Fmanagement.azure.com%2F.default",
          "code": "AADSTS65001",
          "consent_url": "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/oauth2/v2.0/authorize?client_id=99999999-8888-7777-6666-555555555555&response_type=code&redirect_uri=https%3A%2F%2Fcosts.contoso.example%2Fconsented&scope=https%3A%2F%2Fmanagement.azure.com%2F.default&prompt=consent",
          "correlation_id": "00000000-0000-0000-0000-000000c0ffee",
          "error": "invalid_grant",
          "how": "open consent_url and agree, or ask an administrator to open admin_consent_url; then try again",
          "reason": "consent_required",
          "who": "user"
        },
        "message": "consent_required: nobody has agreed yet that this server may read Azure for you; open https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/oauth2/v2.0/authorize?client_id=99999999-8888-7777-6666-555555555555&response_type=code&redirect_uri=https%3A%2F%2Fcosts.contoso.example%2Fconsented&scope=https%3A%2F%2Fmanagement.azure.com%2F.default&prompt=consent and agree, then try again"
      },
      "id": 7,
      "jsonrpc": "2.0"
    }
    "#);
}

#[test]
fn a_block_names_the_administrator() {
    insta::assert_snapshot!(tool(ExchangeFailure::AccessBlocked { details: details(53_003) }.into()), @r#"
    403 Forbidden
    {
      "error": {
        "code": -31405,
        "data": {
          "code": "AADSTS53003",
          "correlation_id": "00000000-0000-0000-0000-000000c0ffee",
          "error": "invalid_grant",
          "how": "ask an administrator of the tenant to find out which; the sign-in log has the attempt under entra_correlation_id",
          "reason": "access_blocked",
          "who": "admin"
        },
        "message": "access_blocked: a policy of the organisation or the state of this account blocks access to Azure (AADSTS53003); ask an administrator to find out which: signing in again does not help"
      },
      "id": 7,
      "jsonrpc": "2.0"
    }
    "#);
}

#[test]
fn a_busy_entra_says_when_to_come_back() {
    let failure = ExchangeFailure::Transient { retry_after: Duration::from_secs(30), details: EntraDetails::default() };
    insta::assert_snapshot!(tool(failure.into()), @r#"
    503 Service Unavailable
    retry-after: 30
    {
      "error": {
        "code": -31503,
        "data": {
          "correlation_id": "00000000-0000-0000-0000-000000c0ffee",
          "how": "wait 30 seconds and try again",
          "reason": "temporarily_unavailable",
          "retryAfterSeconds": 30,
          "who": "nobody"
        },
        "message": "temporarily_unavailable: Microsoft Entra ID is busy or can't be reached; try again in 30 seconds"
      },
      "id": 7,
      "jsonrpc": "2.0"
    }
    "#);
}

#[test]
fn an_operators_fault_shows_the_caller_nothing_but_a_correlation_id() {
    let failure = ExchangeFailure::Operator { details: details(700_027), advice: "register the certificate".into() };
    insta::assert_snapshot!(tool(failure.into()), @r#"
    503 Service Unavailable
    {
      "error": {
        "code": -31503,
        "data": {
          "correlation_id": "00000000-0000-0000-0000-000000c0ffee",
          "how": "tell the server's operator: its log names cause and fix under 00000000-0000-0000-0000-000000c0ffee",
          "reason": "server_misconfigured",
          "who": "operator"
        },
        "message": "server_misconfigured: this server can't act for you until its operator repairs it; give them correlation id 00000000-0000-0000-0000-000000c0ffee"
      },
      "id": 7,
      "jsonrpc": "2.0"
    }
    "#);
}

#[test]
fn an_unknown_tool_is_an_ordinary_error() {
    insta::assert_snapshot!(tool(Refusal::UnknownTool("nope".into())), @r#"
    200 OK
    {
      "error": {
        "code": -32602,
        "data": {
          "correlation_id": "00000000-0000-0000-0000-000000c0ffee",
          "how": "call a tool of tools/list",
          "reason": "unknown_tool",
          "who": "user"
        },
        "message": "Unknown tool: nope"
      },
      "id": 7,
      "jsonrpc": "2.0"
    }
    "#);
}

#[test]
fn claims_are_standard_base64_with_padding() {
    let header = challenge::insufficient_claims(&face(), &claims());
    let parameters = parameters(&header);
    let claims_parameter = &parameters.iter().find(|(name, _)| name == "claims").unwrap().1;
    assert_eq!(STANDARD.decode(claims_parameter).unwrap(), claims().json().as_bytes());
}

#[test]
fn the_bearer_is_taken_from_one_header_only() {
    let read = |values: &[&str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        bearer(&headers).map(|_| ())
    };
    for accepted in [["Bearer a.b.c"], ["bearer a.b.c"], ["BEARER  a.b.c "]] {
        assert_eq!(read(&accepted), Ok(()), "{accepted:?}");
    }
    for missing in [&[][..], &["Basic YTpi"], &["a.b.c"], &["Bearera.b.c"], &[""]] {
        assert_eq!(read(missing), Err(NoBearer::Missing), "{missing:?}");
    }
    for malformed in [&["Bearer a", "Bearer a"][..], &["Bearer a", "Basic b"], &["Bearer \u{e9}"]] {
        assert_eq!(read(malformed), Err(NoBearer::Malformed), "{malformed:?}");
    }
}

#[test]
fn sizes_are_judged_before_anything_is_read() {
    let judged = |name: &'static str, length: usize| {
        let value = HeaderValue::from_str(&"1".repeat(length)).unwrap();
        limits::headers(&[(HeaderName::from_static(name), value)].into_iter().collect())
    };
    assert_eq!(judged("authorization", limits::AUTHORIZATION), Ok(()));
    assert_eq!(judged("authorization", limits::AUTHORIZATION + 1), Err(TooLarge::Headers));
    assert_eq!(judged("x-any", limits::HEADERS - "x-any".len()), Ok(()));
    assert_eq!(judged("x-any", limits::HEADERS), Err(TooLarge::Headers));
    let announced = |length: usize| {
        let headers = [(header::CONTENT_LENGTH, HeaderValue::from(length))].into_iter().collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(limits::announced(&headers, axum::body::Body::empty())).map(drop)
    };
    assert_eq!(announced(limits::BODY), Ok(()));
    assert_eq!(announced(limits::BODY + 1), Err(TooLarge::Body));
}

#[test]
fn origins_are_compared_exactly() {
    let allowed = ["https://inspector.contoso.example".to_owned()];
    let judged = |values: &[&str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::ORIGIN, value.parse().unwrap());
        }
        Origin::judge(&headers, &allowed)
    };
    assert_eq!(judged(&[]), Origin::None);
    assert!(matches!(judged(&["https://inspector.contoso.example"]), Origin::Listed(_)));
    for foreign in [
        &["https://evil.example"][..],
        &["null"],
        &["https://inspector.contoso.example.evil.example"],
        &["https://INSPECTOR.contoso.example"],
        &["http://inspector.contoso.example"],
        &["https://inspector.contoso.example", "https://inspector.contoso.example"],
    ] {
        assert_eq!(judged(foreign), Origin::Foreign, "{foreign:?}");
    }
}

#[test]
fn only_a_preflight_is_answered_as_one() {
    let mut headers = HeaderMap::new();
    assert!(origin::preflight(&Method::OPTIONS, &headers).is_none());
    headers.insert(header::ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("POST"));
    assert!(origin::preflight(&Method::POST, &headers).is_none());
    assert_eq!(origin::preflight(&Method::OPTIONS, &headers).unwrap().0, StatusCode::NO_CONTENT);
}

proptest! {
    #[test]
    fn no_description_can_break_out_of_its_quotes(description in "\\PC{0,80}") {
        let header = challenge::invalid_token(&face(), &description);
        let parameters = parameters(&header);
        let names: Vec<_> = parameters.iter().map(|(name, _)| name.as_str()).collect();
        prop_assert_eq!(names, ["resource_metadata", "scope", "error", "error_description"]);
    }
}
