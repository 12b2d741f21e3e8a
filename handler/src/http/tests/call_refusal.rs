//! Refusals of a tool's call.

use std::time::Duration;

use http::HeaderMap;
use identity::{
    AppRole, PermissionRefusal, Scope,
    exchange::{EntraDetails, ExchangeFailure},
};

use super::{CORRELATION_ID, claims, edge, face, shown};
use crate::{
    http::call_refusal::Context,
    mcp::{self, Era, ServerInfo},
    tools::Refusal,
};

const SERVER: ServerInfo = ServerInfo { name: "mcp-cost-server", version: "0.0.0", instructions: "" };

fn details(code: u32) -> EntraDetails {
    EntraDetails { error: "invalid_grant".into(), codes: vec![code], ..EntraDetails::default() }
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
