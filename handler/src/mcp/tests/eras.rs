//! Proves the era of every combination of version header, claim and method.

use super::*;

/// A request as the table describes it: `-` means absent.
fn request(header: &str, claim: &str, method: &str) -> Post {
    let claim = match claim {
        "-" => String::new(),
        claim => CLAIM.replace("2026-07-28", claim),
    };
    let params = match (method, claim.as_str()) {
        ("initialize", "") => r#""protocolVersion":"2025-06-18""#.to_owned(),
        _ => claim,
    };
    let post = legacy(method, &params).header("Mcp-Method", method);
    if header == "-" { post } else { post.header("MCP-Protocol-Version", header) }
}

/// The era, or status and code.
fn judged(post: &Post) -> String {
    match post.read() {
        Ok(Message::Request(request)) => format!("{:?}", request.era),
        Ok(Message::Notification) => "202".to_owned(),
        Err(error) => format!("{} {}", status(&error.kind), error.rpc_error("c1").code),
    }
}

#[test]
fn the_body_decides_the_era_and_the_header_can_only_agree() {
    let rows = [
        // header, claim, method
        ("2026-07-28", "2026-07-28", "tools/list"),
        ("2026-07-28", "2026-07-28", "server/discover"),
        ("2026-07-28", "2026-07-28", "initialize"),
        ("2026-07-28", "2026-07-28", "ping"),
        ("-", "2026-07-28", "tools/list"),
        ("-", "2025-11-25", "tools/list"),
        ("-", "2026-07-28", "initialize"),
        ("2025-11-25", "2026-07-28", "tools/list"),
        ("2026-07-28", "2025-11-25", "tools/list"),
        ("2099-01-01", "2026-07-28", "tools/list"),
        ("2025-11-25", "2025-11-25", "tools/list"),
        ("2099-01-01", "2099-01-01", "tools/list"),
        ("2099-01-01", "2099-01-01", "initialize"),
        ("2026-07-28", "-", "tools/list"),
        ("2026-07-28", "-", "server/discover"),
        ("2026-07-28", "-", "initialize"),
        ("2099-01-01", "-", "tools/list"),
        ("2024-11-05", "-", "tools/list"),
        ("2025-11-25 ", "-", "tools/list"),
        ("2099-01-01", "-", "initialize"),
        ("2025-11-25", "-", "server/discover"),
        ("-", "-", "server/discover"),
        ("-", "-", "tools/list"),
        ("-", "-", "initialize"),
        ("-", "-", "ping"),
        ("2025-03-26", "-", "tools/list"),
        ("2025-06-18", "-", "tools/list"),
        ("2025-11-25", "-", "tools/list"),
        ("2025-11-25", "-", "initialize"),
    ];
    let table: Vec<String> = rows
        .map(|(header, claim, method)| {
            format!("{header:<12}{claim:<12}{method:<17}{}", judged(&request(header, claim, method)))
        })
        .into();
    insta::assert_snapshot!(table.join("\n"), @r#"
    2026-07-28  2026-07-28  tools/list       Modern
    2026-07-28  2026-07-28  server/discover  Modern
    2026-07-28  2026-07-28  initialize       404 -32601
    2026-07-28  2026-07-28  ping             404 -32601
    -           2026-07-28  tools/list       400 -32020
    -           2025-11-25  tools/list       400 -32020
    -           2026-07-28  initialize       400 -32020
    2025-11-25  2026-07-28  tools/list       400 -32020
    2026-07-28  2025-11-25  tools/list       400 -32020
    2099-01-01  2026-07-28  tools/list       400 -32020
    2025-11-25  2025-11-25  tools/list       400 -32022
    2099-01-01  2099-01-01  tools/list       400 -32022
    2099-01-01  2099-01-01  initialize       400 -32022
    2026-07-28  -           tools/list       400 -32602
    2026-07-28  -           server/discover  400 -32602
    2026-07-28  -           initialize       400 -32020
    2099-01-01  -           tools/list       400 -32022
    2024-11-05  -           tools/list       400 -32022
    2025-11-25  -           tools/list       Legacy
    2099-01-01  -           initialize       Legacy
    2025-11-25  -           server/discover  200 -32601
    -           -           server/discover  200 -32601
    -           -           tools/list       Legacy
    -           -           initialize       Legacy
    -           -           ping             Legacy
    2025-03-26  -           tools/list       Legacy
    2025-06-18  -           tools/list       Legacy
    2025-11-25  -           tools/list       Legacy
    2025-11-25  -           initialize       Legacy
    "#);
}

#[test]
fn an_initialize_with_the_modern_header_and_no_claim_is_a_header_mismatch_as_in_typescript() {
    let post = request("2026-07-28", "-", "initialize");
    assert!(matches!(post.refused().kind, ProtocolErrorKind::HeaderMismatch(_)));
    let nothing_asked = post.replace(r#""protocolVersion":"2025-06-18""#, "");
    assert!(matches!(nothing_asked.refused().kind, ProtocolErrorKind::HeaderMismatch(_)));
}

#[test]
fn a_discover_without_claim_is_an_unknown_legacy_method_as_in_typescript() {
    for header in ["-", "2025-06-18"] {
        let kind = request(header, "-", "server/discover").refused().kind;
        let expected = ProtocolErrorKind::UnknownMethod { method: "server/discover".to_owned(), era: Era::Legacy };
        assert_eq!(kind, expected, "{header}");
    }
}

#[test]
fn headers_that_only_modern_clients_send_are_not_judged_for_legacy_requests() {
    let post = legacy("tools/call", r#""name":"add""#).header("Mcp-Method", "tools/list").header("Mcp-Name", "other");
    assert_eq!(post.called().name, "add");
}

#[test]
fn a_notification_needs_no_claim_but_must_not_contradict_itself() {
    let notification =
        |params: &str| post(format!(r#"{{"jsonrpc":"2.0","method":"notifications/any","params":{{{params}}}}}"#));
    let rows = [
        ("no header, no claim", notification("")),
        ("legacy header", notification("").header("MCP-Protocol-Version", "2025-06-18")),
        ("legacy header, another method header", {
            notification("").header("MCP-Protocol-Version", "2025-06-18").header("Mcp-Method", "other")
        }),
        ("modern header", notification("").header("MCP-Protocol-Version", "2026-07-28")),
        ("modern header, its method header", {
            notification("").header("MCP-Protocol-Version", "2026-07-28").header("Mcp-Method", "notifications/any")
        }),
        ("modern header, another method header", {
            notification("").header("MCP-Protocol-Version", "2026-07-28").header("Mcp-Method", "other")
        }),
        ("modern header and claim", notification(CLAIM).header("MCP-Protocol-Version", "2026-07-28")),
        ("claim without header", notification(CLAIM)),
        ("claim and another header", notification(CLAIM).header("MCP-Protocol-Version", "2025-06-18")),
        ("claim is no string", notification(&CLAIM.replace(r#""2026-07-28""#, "42"))),
        ("unknown header", notification("").header("MCP-Protocol-Version", "2099-01-01")),
        ("a call without id never runs", call_add().replace(r#""id":1,"#, "")),
    ];
    let table: Vec<String> = rows.map(|(what, post)| format!("{what:<38}{}", judged(&post))).into();
    insta::assert_snapshot!(table.join("\n"), @r#"
    no header, no claim                   202
    legacy header                         202
    legacy header, another method header  202
    modern header                         202
    modern header, its method header      202
    modern header, another method header  400 -32020
    modern header and claim               202
    claim without header                  400 -32020
    claim and another header              400 -32020
    claim is no string                    400 -32602
    unknown header                        400 -32022
    a call without id never runs          202
    "#);
}
