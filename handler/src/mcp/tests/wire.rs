//! Proves the wire cases clients are known to send, request by request, with the exact answer.

use super::*;

fn table(rows: impl IntoIterator<Item = (&'static str, Post)>) -> String {
    let exchanges: Vec<String> =
        rows.into_iter().map(|(case, post)| format!("{case}\n{}\n", post.exchange())).collect();
    exchanges.concat()
}

#[test]
fn every_wire_case_of_the_legacy_era_is_answered_exactly() {
    let initialize = |version: &str| {
        let params =
            format!(r#""protocolVersion":"{version}","capabilities":{{}},"clientInfo":{{"name":"c","version":"1"}}"#);
        legacy("initialize", &params).replace(r#""id":1"#, r#""id":0"#)
    };
    let initialized = post(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    let no_params = post(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
    let rows = [
        ("A1 open", initialize("2025-06-18")),
        ("A1 open, before Streamable HTTP", initialize("2024-11-05")),
        ("A2 open, too new", initialize("2026-07-28")),
        ("A2 open, no revision", initialize("1.0")),
        ("A2 open, no parameters", post(r#"{"jsonrpc":"2.0","id":0,"method":"initialize"}"#)),
        ("A3 initialized", initialized.header("MCP-Protocol-Version", "2025-11-25")),
        ("A4 list", legacy("tools/list", "")),
        ("A4 list, no params", no_params),
        ("A4 ping", legacy("ping", "").header("MCP-Protocol-Version", "2025-11-25")),
        ("A5 unknown method", legacy("foo/bar", "").header("MCP-Protocol-Version", "2025-11-25")),
        ("A5 logging is not offered", legacy("logging/setLevel", r#""level":"debug""#)),
        ("A21 bad arguments", legacy("tools/call", r#""name":"add","arguments":{"a":"x"}"#)),
        ("A22 unknown tool", legacy("tools/call", r#""name":"nope""#)),
        ("call", legacy("tools/call", r#""name":"add","arguments":{"a":2}"#)),
        ("call without name", legacy("tools/call", "")),
    ];
    insta::assert_snapshot!(table(rows), @r#"
    A1 open
    200 {"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"x","version":"1.2.3"},"instructions":"Start with whoami."}}
    A1 open, before Streamable HTTP
    200 {"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2024-11-05","capabilities":{"tools":{}},"serverInfo":{"name":"x","version":"1.2.3"},"instructions":"Start with whoami."}}
    A2 open, too new
    200 {"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"x","version":"1.2.3"},"instructions":"Start with whoami."}}
    A2 open, no revision
    200 {"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"x","version":"1.2.3"},"instructions":"Start with whoami."}}
    A2 open, no parameters
    200 {"jsonrpc":"2.0","id":0,"error":{"code":-32602,"message":"Invalid params: `protocolVersion` must be a string, the newest revision the client speaks","data":{"reason":"invalid_params","who":"user","how":"Correct the parameters and send the request again.","correlation_id":"c1"}}}
    A3 initialized
    202
    A4 list
    200 {"jsonrpc":"2.0","id":1,"result":{"tools":[ {"name":"add"} ]}}
    A4 list, no params
    200 {"jsonrpc":"2.0","id":1,"result":{"tools":[ {"name":"add"} ]}}
    A4 ping
    200 {"jsonrpc":"2.0","id":1,"result":{}}
    A5 unknown method
    200 {"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Method not found: foo/bar","data":{"reason":"method_not_found","who":"user","how":"Served are initialize, ping, tools/list, tools/call.","correlation_id":"c1"}}}
    A5 logging is not offered
    200 {"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Method not found: logging/setLevel","data":{"reason":"method_not_found","who":"user","how":"Served are initialize, ping, tools/list, tools/call.","correlation_id":"c1"}}}
    A21 bad arguments
    200 {"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"`a` must be a number"}],"isError":true,"_meta":{"mcp-cost-server/error":{"reason":"bad_argument","who":"user","how":"Send a number.","correlation_id":"c1","argument":"a"}}}}
    A22 unknown tool
    200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"Unknown tool: nope"}}
    call
    200 {"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"sum 3"}],"structuredContent":{"sum":3},"isError":false}}
    call without name
    200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"Invalid params: `name` must be a string, the name of a tool from tools/list","data":{"reason":"invalid_params","who":"user","how":"Correct the parameters and send the request again.","correlation_id":"c1"}}}
    "#);
}

#[test]
fn every_wire_case_of_the_modern_era_is_answered_exactly() {
    let version_2099 = modern("tools/list", "").replace("2026-07-28", "2099-01-01");
    let no_capabilities = modern("tools/list", "").replace(r#","io.modelcontextprotocol/clientCapabilities":{}"#, "");
    let no_claim = legacy("tools/list", "").header("MCP-Protocol-Version", "2026-07-28");
    let rows = [
        ("discover", modern("server/discover", "")),
        ("list", modern("tools/list", "")),
        ("list, a cursor", modern("tools/list", r#""cursor":"2""#)),
        ("A6 unknown method", modern("foo/bar", "")),
        ("A7 initialize", modern("initialize", "")),
        ("A7 ping", modern("ping", "")),
        ("A8 no version header", modern("tools/list", "").without("MCP-Protocol-Version")),
        ("A9 no claim", no_claim),
        ("A10 no capabilities", no_capabilities),
        ("A11 another name", call_add().header("Mcp-Name", "whoami")),
        ("A11 another method", call_add().header("Mcp-Method", "tools/list")),
        ("A12 encoded name", call_add().header("Mcp-Name", "=?base64?YWRk?=")),
        ("A13 version not served", version_2099.header("MCP-Protocol-Version", "2099-01-01")),
        ("A21 bad arguments", call_add().replace(r#"{"a":2}"#, r#"{"a":"x"}"#)),
        ("A22 unknown tool", modern("tools/call", r#""name":"nope""#).header("Mcp-Name", "nope")),
        ("call without name", modern("tools/call", "")),
        ("call, arguments are no object", call_add().replace(r#"{"a":2}"#, "[2]")),
    ];
    insta::assert_snapshot!(table(rows), @r#"
    discover
    200 {"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"instructions":"Start with whoami.","ttlMs":3600000,"cacheScope":"public","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"x","version":"1.2.3"}}}}
    list
    200 {"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","tools":[ {"name":"add"} ],"ttlMs":300000,"cacheScope":"private","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"x","version":"1.2.3"}}}}
    list, a cursor
    200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"Invalid params: `cursor` must be left out: tools/list has one page and never gives a cursor","data":{"reason":"invalid_params","who":"user","how":"Correct the parameters and send the request again.","correlation_id":"c1"}}}
    A6 unknown method
    404 {"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Method not found: foo/bar","data":{"reason":"method_not_found","who":"user","how":"Served are server/discover, tools/list, tools/call.","correlation_id":"c1"}}}
    A7 initialize
    404 {"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Method not found: initialize","data":{"reason":"method_not_found","who":"user","how":"Served are server/discover, tools/list, tools/call.","correlation_id":"c1"}}}
    A7 ping
    404 {"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Method not found: ping","data":{"reason":"method_not_found","who":"user","how":"Served are server/discover, tools/list, tools/call.","correlation_id":"c1"}}}
    A8 no version header
    400 {"jsonrpc":"2.0","id":1,"error":{"code":-32020,"message":"Header mismatch: MCP-Protocol-Version is missing; send it with the value of the body's params._meta[\"io.modelcontextprotocol/protocolVersion\"], `2026-07-28`","data":{"reason":"header_mismatch","who":"user","how":"Send MCP-Protocol-Version, Mcp-Method and, for tools/call, Mcp-Name, each once and as the body has it.","correlation_id":"c1"}}}
    A9 no claim
    400 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"Invalid params: `params._meta` must hold `io.modelcontextprotocol/protocolVersion` with the value of the header MCP-Protocol-Version","data":{"reason":"invalid_metadata","who":"user","how":"Send `params._meta` with every request as revision 2026-07-28 asks for it.","correlation_id":"c1"}}}
    A10 no capabilities
    400 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"Invalid params: `params._meta` must hold `io.modelcontextprotocol/clientCapabilities`, an object, `{}` if there are none","data":{"reason":"invalid_metadata","who":"user","how":"Send `params._meta` with every request as revision 2026-07-28 asks for it.","correlation_id":"c1"}}}
    A11 another name
    400 {"jsonrpc":"2.0","id":1,"error":{"code":-32020,"message":"Header mismatch: Mcp-Name is `whoami`, but the body's params.name is `add`; they must be equal","data":{"reason":"header_mismatch","who":"user","how":"Send MCP-Protocol-Version, Mcp-Method and, for tools/call, Mcp-Name, each once and as the body has it.","correlation_id":"c1"}}}
    A11 another method
    400 {"jsonrpc":"2.0","id":1,"error":{"code":-32020,"message":"Header mismatch: Mcp-Method is `tools/list`, but the body's method is `tools/call`; they must be equal","data":{"reason":"header_mismatch","who":"user","how":"Send MCP-Protocol-Version, Mcp-Method and, for tools/call, Mcp-Name, each once and as the body has it.","correlation_id":"c1"}}}
    A12 encoded name
    200 {"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","content":[{"type":"text","text":"sum 3"}],"structuredContent":{"sum":3},"isError":false,"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"x","version":"1.2.3"}}}}
    A13 version not served
    400 {"jsonrpc":"2.0","id":1,"error":{"code":-32022,"message":"Unsupported protocol version: 2099-01-01","data":{"reason":"unsupported_protocol_version","who":"user","how":"Use a revision of `supported`, or open with `initialize` for 2025-11-25 and before.","correlation_id":"c1","requested":"2099-01-01","supported":["2026-07-28"]}}}
    A21 bad arguments
    200 {"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","content":[{"type":"text","text":"`a` must be a number"}],"isError":true,"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"x","version":"1.2.3"},"mcp-cost-server/error":{"reason":"bad_argument","who":"user","how":"Send a number.","correlation_id":"c1","argument":"a"}}}}
    A22 unknown tool
    200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"Unknown tool: nope"}}
    call without name
    200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"Invalid params: `name` must be a string, the name of a tool from tools/list","data":{"reason":"invalid_params","who":"user","how":"Correct the parameters and send the request again.","correlation_id":"c1"}}}
    call, arguments are no object
    200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"Invalid params: `arguments` must be an object of Unicode text and numbers that fit into 64 bits","data":{"reason":"invalid_params","who":"user","how":"Correct the parameters and send the request again.","correlation_id":"c1"}}}
    "#);
}

#[test]
fn every_wire_case_of_neither_era_is_refused_exactly() {
    let rows = [
        ("A14 batch without version", post(r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#)),
        ("A15 batch of 2025-06-18", post("[]").header("MCP-Protocol-Version", "2025-06-18")),
        ("A16 response", post(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#)),
        ("A17 broken JSON", post(r#"{"jsonrpc":"#)),
        ("A18 null id", post(r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#)),
    ];
    insta::assert_snapshot!(table(rows), @r#"
    A14 batch without version
    400 {"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request: the body is an array, and batches are not served; send one message per POST","data":{"reason":"invalid_request","who":"user","how":"Send one JSON-RPC 2.0 request or notification per POST.","correlation_id":"c1"}}}
    A15 batch of 2025-06-18
    400 {"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request: the body is an array, and batches are not served; send one message per POST","data":{"reason":"invalid_request","who":"user","how":"Send one JSON-RPC 2.0 request or notification per POST.","correlation_id":"c1"}}}
    A16 response
    400 {"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request: `result` and `error` make a response, and this server asks clients nothing","data":{"reason":"invalid_request","who":"user","how":"Send one JSON-RPC 2.0 request or notification per POST.","correlation_id":"c1"}}}
    A17 broken JSON
    400 {"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error: the body ends before its JSON does","data":{"reason":"parse_error","who":"user","how":"Send one JSON object in UTF-8, nested at most 64 levels deep.","correlation_id":"c1"}}}
    A18 null id
    400 {"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request: `id` must be a string or an integer; a notification has no `id`","data":{"reason":"invalid_request","who":"user","how":"Send one JSON-RPC 2.0 request or notification per POST.","correlation_id":"c1"}}}
    "#);
}
