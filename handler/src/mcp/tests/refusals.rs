//! Proves that doubt about a message ends in a refusal that says what to change and repeats nothing it should not.

use super::*;

/// Id and sentence of each refusal, one a line.
fn sentences(rows: impl IntoIterator<Item = Post>) -> String {
    let line = |post: Post| {
        let error = post.refused();
        format!("{:<3}{error}\n", error.id.as_ref().map_or("-", RequestId::as_json))
    };
    rows.into_iter().map(line).collect()
}

#[test]
fn a_message_that_is_not_one_json_rpc_message_is_refused() {
    let rows = [
        r#""text""#,
        "{}",
        "null",
        r#"{"jsonrpc":"2.0","id":1}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":7}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"\ud800"}"#,
        r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
        r#"{"jsonrpc":2.0,"id":1,"method":"ping"}"#,
        r#"{"id":1,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":null}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","error":{}}"#,
        r#"{"jsonrpc":"2.0","jsonrpc":"2.0","id":1,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"id":1,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","m\u0065thod":"tools/call"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{},"params":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","name":"b"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{},"_meta":{}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","\udead":1}"#,
    ];
    insta::assert_snapshot!(sentences(rows.map(post)), @r#"
    -  Invalid Request: the body must be a JSON object
    -  Invalid Request: `jsonrpc` must be "2.0"
    -  Invalid Request: the body must be a JSON object
    1  Invalid Request: `method` must be a string
    1  Invalid Request: `method` must be a string
    1  Invalid Request: `method` must be a string
    1  Invalid Request: `jsonrpc` must be "2.0"
    1  Invalid Request: `jsonrpc` must be "2.0"
    1  Invalid Request: `jsonrpc` must be "2.0"
    1  Invalid Request: `params` must be a JSON object, or left out
    1  Invalid Request: `params` must be a JSON object, or left out
    -  Invalid Request: `result` and `error` make a response, and this server asks clients nothing
    -  Invalid Request: the body has the member `jsonrpc` more than once
    -  Invalid Request: the body has the member `id` more than once
    -  Invalid Request: the body has the member `method` more than once
    -  Invalid Request: the body has the member `params` more than once
    1  Invalid Request: `params` has the member `name` more than once
    1  Invalid Request: `params` has the member `_meta` more than once
    -  Invalid Request: the body has a member whose name is not Unicode text
    "#);
}

#[test]
fn an_id_is_a_string_or_an_integer_of_any_size() {
    let ping = |id: &str| post(format!(r#"{{"jsonrpc":"2.0","id": {id} ,"method":"ping"}}"#));
    for id in ["0", "-1", "-0", "123456789012345678901234567890", r#""""#, r#""a\/\u0062""#, r#""7""#] {
        assert_eq!(ping(id).accepted().id.as_json(), id);
    }
    for id in ["null", "1.0", "-1.0", "1.5", "1e3", "true", "{}", "[1]", r#""\ud800""#] {
        let error = ping(id).refused();
        assert!(matches!(error.kind, ProtocolErrorKind::InvalidRequest(_)), "{id}: {error}");
        assert!(error.id.is_none(), "{id} is not echoed");
    }
}

#[test]
fn a_body_that_is_not_json_is_a_parse_error_that_repeats_none_of_it() {
    let deep = format!(r#"{{"a":{}1{}}}"#, "[".repeat(64), "]".repeat(64));
    let bodies: [&[u8]; 7] =
        [b"", b"\xef\xbb\xbf{}", b"{\"secret\":\xff}", b"{} {}", b"{'secret':1}", b"\n{\"secret\" 1}", deep.as_bytes()];
    insta::assert_snapshot!(sentences(bodies.map(post)), @r#"
    -  Parse error: the body ends before its JSON does
    -  Parse error: the body is not JSON at line 1, column 1
    -  Parse error: the body is not UTF-8
    -  Parse error: the body is not JSON at line 1, column 4
    -  Parse error: the body is not JSON at line 1, column 2
    -  Parse error: the body is not JSON at line 2, column 11
    -  Parse error: the body nests deeper than 64 levels
    "#);
}

#[test]
fn a_modern_header_is_sent_once_in_ascii_and_says_what_the_body_says() {
    let rows = [
        call_add().without("Mcp-Method"),
        call_add().without("Mcp-Name"),
        call_add().header("Mcp-Method", "TOOLS/CALL"),
        call_add().header("Mcp-Method", ""),
        call_add().also("MCP-Protocol-Version", "2026-07-28"),
        call_add().also("Mcp-Method", "tools/call"),
        call_add().also("Mcp-Name", "add"),
        legacy("ping", "").header("MCP-Protocol-Version", "2025-11-25").also("MCP-Protocol-Version", "2025-11-25"),
        call_add().header("Mcp-Name", "Add"),
        call_add().header("Mcp-Name", "ad\u{e9}".as_bytes()),
        call_add().header("MCP-Protocol-Version", b"2026-07-28\xff"),
        call_add().header("Mcp-Name", "=?base64?YWR?="),
        call_add().header("Mcp-Name", "=?base64?Y*Rk?="),
        call_add().header("Mcp-Name", "=?base64?/w==?="),
        call_add().header("Mcp-Name", "=?BASE64?YWRk?="),
        call_add().header("Mcp-Name", "=?base64?YWRk"),
        call_add().header("Mcp-Method", "=?base64?dG9vbHMvY2FsbA==?="),
    ];
    insta::assert_snapshot!(sentences(rows), @r#"
    1  Header mismatch: Mcp-Method is missing; send it with the value of the body's method, `tools/call`
    1  Header mismatch: Mcp-Name is missing; send it with the value of the body's params.name, `add`
    1  Header mismatch: Mcp-Method is `TOOLS/CALL`, but the body's method is `tools/call`; they must be equal
    1  Header mismatch: Mcp-Method is ``, but the body's method is `tools/call`; they must be equal
    1  Header mismatch: MCP-Protocol-Version is sent more than once; send it once
    1  Header mismatch: Mcp-Method is sent more than once; send it once
    1  Header mismatch: Mcp-Name is sent more than once; send it once
    1  Header mismatch: MCP-Protocol-Version is sent more than once; send it once
    1  Header mismatch: Mcp-Name is `Add`, but the body's params.name is `add`; they must be equal
    1  Header mismatch: Mcp-Name has a character outside printable ASCII; only ASCII is read
    1  Header mismatch: MCP-Protocol-Version has a character outside printable ASCII; only ASCII is read
    1  Header mismatch: Mcp-Name can't be decoded; between `=?base64?` and `?=` it must be padded base64 of UTF-8 text
    1  Header mismatch: Mcp-Name can't be decoded; between `=?base64?` and `?=` it must be padded base64 of UTF-8 text
    1  Header mismatch: Mcp-Name can't be decoded; between `=?base64?` and `?=` it must be padded base64 of UTF-8 text
    1  Header mismatch: Mcp-Name is `=?BASE64?YWRk?=`, but the body's params.name is `add`; they must be equal
    1  Header mismatch: Mcp-Name is `=?base64?YWRk`, but the body's params.name is `add`; they must be equal
    1  Header mismatch: Mcp-Method is `=?base64?dG9vbHMvY2FsbA==?=`, but the body's method is `tools/call`; they must be equal
    "#);
}

#[test]
fn white_space_around_a_header_and_the_case_of_its_name_do_not_matter() {
    let post = call_add().header("mcp-method", " tools/call\t").header("MCP-NAME", "\t add ");
    assert_eq!(post.called().name, "add");
    let name = "preis\u{fc}bersicht";
    let encoded = call_add().replace("add", name).header("Mcp-Name", "=?base64?cHJlaXPDvGJlcnNpY2h0?=");
    assert_eq!(encoded.called().name, name);
    let not_encoded = call_add().replace("add", "=?base64?YWRk").header("Mcp-Name", "=?base64?YWRk");
    assert_eq!(not_encoded.called().name, "=?base64?YWRk", "without both markers a value is itself");
}

#[test]
fn the_metadata_of_a_modern_request_is_complete_and_typed() {
    let list = || modern("tools/list", "");
    let rows = [
        list().replace(CLAIM, r#""_meta":[]"#),
        list().replace(CLAIM, r#""_meta":null"#),
        list().replace(CLAIM, r#""_meta":{}"#),
        list().replace(r#""2026-07-28""#, "20260728"),
        list().replace(r#""2026-07-28""#, "null"),
        list().replace(r#"clientCapabilities":{}"#, r#"clientCapabilities":[]"#),
        list().replace(r#"clientCapabilities":{}"#, r#"clientCapabilities":null"#),
        list().replace(r#"clientCapabilities":{}"#, r#"clientCapabilities":{},"traceparent":"","traceparent":"""#),
        legacy("tools/list", r#""_meta":"x""#),
    ];
    let kinds = rows.clone().map(|post| post.refused().kind);
    assert!(kinds.iter().all(|kind| matches!(kind, ProtocolErrorKind::InvalidMetadata(_))), "{kinds:?}");
    insta::assert_snapshot!(sentences(rows), @r#"
    1  Invalid params: `params._meta` must be a JSON object
    1  Invalid params: `params._meta` must be a JSON object
    1  Invalid params: `params._meta` must hold `io.modelcontextprotocol/protocolVersion` with the value of the header MCP-Protocol-Version
    1  Invalid params: `io.modelcontextprotocol/protocolVersion` in `params._meta` must be a string
    1  Invalid params: `io.modelcontextprotocol/protocolVersion` in `params._meta` must be a string
    1  Invalid params: `params._meta` must hold `io.modelcontextprotocol/clientCapabilities`, an object, `{}` if there are none
    1  Invalid params: `params._meta` must hold `io.modelcontextprotocol/clientCapabilities`, an object, `{}` if there are none
    1  Invalid params: `params._meta` has the member `traceparent` more than once
    1  Invalid params: `params._meta` must be a JSON object
    "#);
}

#[test]
fn the_parameters_of_a_method_are_refused_without_blaming_the_metadata() {
    let call = |params: &str| legacy("tools/call", params);
    let rows = [
        call(""),
        call(r#""name":null"#),
        call(r#""name":"add","arguments":null"#),
        call(r#""name":"add","arguments":"{}""#),
        call(r#""name":"add","arguments":{"a":1e999}"#),
        call(r#""name":"add","arguments":{"a":"\ud800"}"#),
        legacy("initialize", ""),
        legacy("initialize", r#""protocolVersion":20250618"#),
        legacy("tools/list", r#""cursor":null"#),
        modern("tools/call", "").header("Mcp-Name", "add"),
    ];
    let kinds = rows.clone().map(|post| post.refused().kind);
    assert!(kinds.iter().all(|kind| matches!(kind, ProtocolErrorKind::InvalidParams(_))), "{kinds:?}");
    insta::assert_snapshot!(sentences(rows), @r#"
    1  Invalid params: `name` must be a string, the name of a tool from tools/list
    1  Invalid params: `name` must be a string, the name of a tool from tools/list
    1  Invalid params: `arguments` must be an object of Unicode text and numbers that fit into 64 bits
    1  Invalid params: `arguments` must be an object of Unicode text and numbers that fit into 64 bits
    1  Invalid params: `arguments` must be an object of Unicode text and numbers that fit into 64 bits
    1  Invalid params: `arguments` must be an object of Unicode text and numbers that fit into 64 bits
    1  Invalid params: `protocolVersion` must be a string, the newest revision the client speaks
    1  Invalid params: `protocolVersion` must be a string, the newest revision the client speaks
    1  Invalid params: `cursor` must be left out: tools/list has one page and never gives a cursor
    1  Invalid params: `name` must be a string, the name of a tool from tools/list
    "#);
}

#[test]
fn arguments_are_optional_and_a_trace_is_taken_only_when_well_formed() {
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let call =
        |parent: &str| legacy("tools/call", &format!(r#""name":"add","_meta":{{"traceparent":{parent}}}"#)).called();
    assert!(call("1").arguments.is_empty());
    assert_eq!(call(&format!(r#""{trace}""#)).trace_parent.as_deref(), Some(trace));
    for malformed in ["1", "null", r#""00-0-0-0""#] {
        assert_eq!(call(malformed).trace_parent, None, "{malformed}");
    }
}

#[test]
fn a_name_in_a_sentence_is_cleaned_and_cut() {
    let long = "x".repeat(1000);
    assert_eq!(legacy(&long, "").refused().to_string(), format!("Method not found: {}", &long[..80]));
    let disguised = legacy(r"\u001b[2J\n\u202eevil", "");
    assert_eq!(disguised.refused().to_string(), "Method not found: ?[2J??evil");
}
