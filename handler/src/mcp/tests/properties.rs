//! Proves what holds for any input: no panic, no second meaning, no answer that is not JSON-RPC.

use proptest::prelude::*;

use super::*;

/// White space that JSON allows between tokens.
const BLANKS: [&str; 5] = ["", " ", "\n", "\t\r", "  \n "];

const METHODS: [&str; 7] =
    ["tools/list", "tools/call", "server/discover", "initialize", "ping", "notifications/cancelled", "foo/bar"];
const VERSIONS: [&str; 5] = ["2026-07-28", "2025-11-25", "2025-03-26", "2024-11-05", "2099-01-01"];

/// Revisions a client may name in its metadata, mostly the one that is served.
const CLAIMS: [&str; 4] = ["2026-07-28", "2026-07-28", "2026-07-28", "2025-11-25"];

fn header_values() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::sample::select(VERSIONS.to_vec()).prop_map(|text| text.as_bytes().to_vec()),
        prop::sample::select(METHODS.to_vec()).prop_map(|text| text.as_bytes().to_vec()),
        "=\\?base64\\?[A-Za-z0-9+/=]{0,12}\\?=".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..12),
    ]
}

fn headers() -> impl Strategy<Value = HeaderMap> {
    let names = ["MCP-Protocol-Version", "Mcp-Method", "Mcp-Name"];
    prop::collection::vec((prop::sample::select(names.to_vec()), header_values()), 0..5).prop_map(|pairs| {
        let valid = pairs.into_iter().filter_map(|(name, value)| Some((name, HeaderValue::from_bytes(&value).ok()?)));
        let mut headers = HeaderMap::new();
        valid.for_each(|(name, value)| {
            headers.append(header_name(name), value);
        });
        headers
    })
}

fn json_values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// The text of an id: an integer of any size, or a string with whatever escapes.
fn id_texts() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?(0|[1-9][0-9]{0,60})",
        any::<String>().prop_map(|text| json!(text).to_string()),
        r#""(\\u00[0-7][0-9a-f]|\\[nrt/\\"]|[ -!#-\[\]-~]){0,20}""#,
    ]
}

/// Bodies near enough to the protocol that every check is reached.
fn near_messages() -> impl Strategy<Value = String> {
    let member = |name: &'static str, values: BoxedStrategy<String>| {
        let present = values.prop_map(move |value| vec![format!("\"{name}\":{value}")]);
        prop_oneof![8 => present, 1 => Just(vec![])]
    };
    let quoted =
        |texts: &'static [&'static str]| prop::sample::select(texts).prop_map(|text| format!("\"{text}\"")).boxed();
    let any_json = || json_values().prop_map(|value| value.to_string()).boxed();
    let mostly = |usual: BoxedStrategy<String>| prop_oneof![9 => usual, 1 => any_json()].boxed();
    let metadata = (
        member("io.modelcontextprotocol/protocolVersion", mostly(quoted(&CLAIMS))),
        member("io.modelcontextprotocol/clientCapabilities", mostly(Just("{}".to_owned()).boxed())),
        member("traceparent", any_json()),
    )
        .prop_map(|(version, capabilities, trace)| {
            format!("{{{}}}", [version, capabilities, trace].concat().join(","))
        });
    let params = (
        prop_oneof![member("_meta", mostly(metadata.boxed())), Just(vec![])],
        member("name", mostly(quoted(&["add", "tools/call"]))),
        member("arguments", json_values().prop_map(|value| json!({"a": value}).to_string()).boxed()),
        prop_oneof![1 => member("cursor", any_json()), 5 => Just(vec![])],
        member("protocolVersion", mostly(quoted(&VERSIONS))),
    )
        .prop_map(|(metadata, name, arguments, cursor, version)| {
            format!("{{{}}}", [metadata, name, arguments, cursor, version].concat().join(","))
        });
    (
        Just(vec![r#""jsonrpc":"2.0""#.to_owned()]),
        member("id", mostly(id_texts().boxed())),
        member("method", mostly(quoted(&METHODS))),
        member("params", mostly(params.boxed())),
    )
        .prop_map(|(version, id, method, params)| format!("{{{}}}", [version, id, method, params].concat().join(",")))
}

/// `json` with other white space between its tokens; strings stay as they are.
fn respaced(json: &str, blanks: &[usize]) -> String {
    let mut blanks = blanks.iter().map(|blank| BLANKS[blank % BLANKS.len()]).cycle();
    let mut result = String::new();
    let (mut in_string, mut escaped) = (false, false);
    for char in json.chars() {
        let structural = !in_string && "{}[]:,".contains(char);
        let blank = if structural { blanks.next().unwrap_or_default() } else { "" };
        result.extend([blank, char.encode_utf8(&mut [0; 4]), blank]);
        (in_string, escaped) = match char {
            _ if escaped => (in_string, false),
            '\\' => (in_string, in_string),
            '"' => (!in_string, false),
            _ => (in_string, false),
        };
    }
    result
}

/// Everything a message means, to compare two.
fn meaning(message: Message) -> String {
    match message {
        Message::Notification => "notification".to_owned(),
        Message::Request(Request { id, era, method }) => {
            let method = match method {
                Method::Discover => "discover".to_owned(),
                Method::Initialize { requested } => format!("initialize {requested}"),
                Method::Ping => "ping".to_owned(),
                Method::ListTools => "list".to_owned(),
                Method::CallTool(ToolCall { name, arguments, trace_parent }) => {
                    format!("call {name} {} {trace_parent:?}", Value::Object(arguments))
                }
            };
            format!("{} {era:?} {method}", id.as_json())
        }
    }
}

/// The headers a modern client sends with `body`, to reach what lies behind their check.
fn with_agreeing_headers(body: &str) -> Post {
    let document: Value = serde_json::from_str(body).unwrap_or_default();
    let agreeing = [
        ("MCP-Protocol-Version", &document["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"]),
        ("Mcp-Method", &document["method"]),
        ("Mcp-Name", &document["params"]["name"]),
    ];
    agreeing.into_iter().fold(post(body), |post, (name, value)| match value.as_str() {
        Some(value) if HeaderValue::from_str(value).is_ok() => post.header(name, value),
        _ => post,
    })
}

fn replies() -> impl Strategy<Value = ToolResult> {
    (any::<String>(), json_values(), any::<bool>()).prop_map(|(text, structured, fine)| {
        if fine {
            ToolResult::Answer { text, structured: Structured::of(&structured) }
        } else {
            ToolResult::Error { text, explanation: explanation() }
        }
    })
}

#[track_caller]
fn assert_json_rpc(answer: &[u8], id: Option<&str>) {
    let value: Value = serde_json::from_slice(answer).expect("JSON");
    assert_eq!(value["jsonrpc"], "2.0");
    assert!(value.get("result").is_some() != value.get("error").is_some(), "exactly one of the two: {value}");
    let start = id.map_or(r#"{"jsonrpc":"2.0",""#.to_owned(), |id| format!(r#"{{"jsonrpc":"2.0","id":{id},"#));
    assert!(answer.starts_with(start.as_bytes()), "{value}");
    assert_eq!(value.get("id").is_some(), id.is_some());
}

proptest! {
    #[test]
    fn no_bytes_and_no_headers_make_it_panic(
        headers in headers(),
        body in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            any::<String>().prop_map(String::into_bytes),
            near_messages().prop_map(String::into_bytes),
        ],
    ) {
        let _ = read(&headers, &body);
    }

    #[test]
    fn a_cut_or_damaged_message_does_not_make_it_panic(
        message in near_messages(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let headers = with_agreeing_headers(&message).headers;
        let mut body = message.into_bytes();
        let at = at.index(body.len());
        let _ = read(&headers, &body[..at]);
        body[at] = byte;
        let _ = read(&headers, &body);
    }

    #[test]
    fn white_space_between_tokens_changes_nothing(
        message in near_messages(),
        blanks in prop::collection::vec(0..BLANKS.len(), 1..20),
    ) {
        let Post { headers, body } = with_agreeing_headers(&message);
        let before = read(&headers, &body);
        let after = read(&headers, respaced(&message, &blanks).as_bytes());
        match (before, after) {
            (Ok(before), Ok(after)) => prop_assert_eq!(meaning(before), meaning(after)),
            (Err(before), Err(after)) => prop_assert_eq!(before.kind, after.kind),
            _ => prop_assert!(false, "accepted in one form only: {}", message),
        }
    }

    #[test]
    fn an_id_comes_back_byte_for_byte(id in id_texts()) {
        let request = post(format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#)).accepted();
        assert_json_rpc(&write(&request.id, request.era, Reply::Pong, &SERVER), Some(&id));
    }

    #[test]
    fn every_accepted_message_has_a_json_rpc_answer_and_every_refusal_too(message in near_messages()) {
        match with_agreeing_headers(&message).read() {
            Ok(Message::Notification) => {}
            Ok(Message::Request(request)) => assert_json_rpc(&answer(&request), Some(request.id.as_json())),
            Err(error) => {
                let id = error.id.as_ref();
                assert_json_rpc(&write_error(id, &error.rpc_error("c1")), id.map(RequestId::as_json));
                let sentence = error.to_string();
                prop_assert!(sentence.len() < 400 && sentence.chars().all(|char| !char.is_control()), "{}", sentence);
            }
        }
    }

    #[test]
    fn every_tool_result_is_one_json_rpc_result(result in replies(), modern in any::<bool>()) {
        let id = legacy("ping", "").accepted().id;
        let era = if modern { Era::Modern } else { Era::Legacy };
        let answer = write(&id, era, Reply::ToolResult(&result), &SERVER);
        assert_json_rpc(&answer, Some("1"));
        let value: Value = serde_json::from_slice(&answer).expect("JSON");
        let result_of = &value["result"];
        prop_assert_eq!(result_of.get("resultType").is_some(), modern);
        prop_assert_eq!(result_of["isError"] == json!(true), matches!(result, ToolResult::Error { .. }));
        match &result {
            ToolResult::Answer { text, structured } => {
                let data = structured.as_ref().map(|structured| serde_json::from_str(structured.json().get()).expect("JSON"));
                prop_assert_eq!(result_of.get("structuredContent"), data.as_ref());
                prop_assert_eq!(result_of["content"][0]["text"].as_str(), Some(text.as_str()));
            }
            ToolResult::Error { .. } => {
                prop_assert!(result_of.get("structuredContent").is_none());
                prop_assert_eq!(&result_of["_meta"]["mcp-cost-server/error"]["reason"], "bad_argument");
            }
        }
    }
}
