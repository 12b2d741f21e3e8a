//! One POST at the protocol room: always one JSON-RPC answer, or an acceptance without one, with a status of the
//! contract.
//!
//! The input is a request of HTTP. It is read as it is, and once more with the headers that agree with its body, so
//! that the fuzzer need not write everything twice.

use handler::{
    http::protocol_error,
    mcp::{
        self, Era, Explanation, Message, Method, Reply, Request, RequestId, RpcError, ServerInfo, Structured,
        ToolResult, Who,
    },
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Map, Value, value::RawValue};
use uuid::Uuid;

use super::{message, ready::ready};

const SERVER: ServerInfo = ServerInfo { name: "x", version: "1.2.3", instructions: "Start with whoami." };

/// Headers, and where the body says the same.
const HEADERS: [(&str, &str); 3] = [
    ("mcp-protocol-version", "/params/_meta/io.modelcontextprotocol~1protocolVersion"),
    ("mcp-method", "/method"),
    ("mcp-name", "/params/name"),
];

/// Whether a message was accepted.
pub fn judge(input: &[u8]) -> bool {
    let Some(message) = message::Message::read(input) else { return false };
    let document = serde_json::from_slice::<Value>(message.body).unwrap_or_default();
    let agreeing = agreeing(message.headers.clone(), &document);
    let as_sent = is_accepted(&message.headers, message.body, &document);
    is_accepted(&agreeing, message.body, &document) || as_sent
}

fn agreeing(mut headers: HeaderMap, document: &Value) -> HeaderMap {
    for (name, pointer) in HEADERS {
        let said = document.pointer(pointer).and_then(Value::as_str);
        if let Some(value) = said.and_then(|said| HeaderValue::from_str(said).ok()) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    headers
}

/// `document` is the body by another reader, or `null` where that one does not read it: numbers too large for it may
/// stand in members that nobody reads.
fn is_accepted(headers: &HeaderMap, body: &[u8], document: &Value) -> bool {
    match mcp::read(headers, body) {
        Ok(Message::Notification) => {
            assert!(document.is_null() || document.get("id").is_none() && document["method"].is_string());
        }
        Ok(Message::Request(request)) => {
            assert_is_what_was_sent(&request, headers, document);
            for reply in answers(&request.method) {
                let answer = mcp::write(&request.id, request.era, reply.as_reply(), &SERVER);
                assert_is_json_rpc(&answer, Some(&request.id));
            }
        }
        Err(error) => {
            let sentence = error.to_string();
            assert!(sentence.len() < 400 && !sentence.contains(char::is_control), "{sentence:?}");
            let response = protocol_error(&error, Uuid::nil());
            let known = [StatusCode::OK, StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND];
            assert!(known.contains(&response.status()), "{} is not in the contract", response.status());
            let body = ready(response.into_body().collect()).unwrap().to_bytes();
            assert_is_json_rpc(&body, error.id.as_ref());
            return false;
        }
    }
    true
}

/// What is executed is what the body says, to any reader; and in the modern era what the headers say.
#[track_caller]
fn assert_is_what_was_sent(request: &Request, headers: &HeaderMap, document: &Value) {
    if document.is_null() {
        return;
    }
    assert_eq!(document["jsonrpc"], "2.0");
    assert!(document["id"].is_string() || document["id"].is_number());
    let (method, is_handshake) = match &request.method {
        Method::Discover => ("server/discover", false),
        Method::Initialize { requested } => {
            assert_eq!(&document["params"]["protocolVersion"], requested);
            ("initialize", true)
        }
        Method::Ping => ("ping", true),
        Method::ListTools => ("tools/list", request.era == Era::Legacy),
        Method::CallTool(call) => {
            assert_eq!(&document["params"]["name"], &call.name);
            let empty = Value::Object(Map::new());
            let sent = document["params"].get("arguments").unwrap_or(&empty);
            assert_eq!(sent, &Value::Object(call.arguments.clone()));
            ("tools/call", request.era == Era::Legacy)
        }
    };
    assert_eq!(document["method"], method);
    assert_eq!(is_handshake, request.era == Era::Legacy);
    assert_eq!(document.pointer(HEADERS[0].1).is_some(), request.era == Era::Modern);
    if request.era == Era::Modern {
        for (name, pointer) in HEADERS.into_iter().take(if method == "tools/call" { 3 } else { 2 }) {
            let value = headers[name].to_str().unwrap();
            assert_eq!(headers.get_all(name).iter().count(), 1);
            assert!(value.starts_with("=?base64?") || document.pointer(pointer).unwrap() == value.trim(), "{name}");
        }
    }
}

/// An answer that can be given to a method.
enum Answer {
    Discovered,
    Initialized(String),
    Pong,
    Tools(Box<RawValue>),
    Tool(ToolResult),
    Error(RpcError),
}

impl Answer {
    fn as_reply(&self) -> Reply<'_> {
        match self {
            Self::Discovered => Reply::Discovered,
            Self::Initialized(requested) => Reply::Initialized { requested },
            Self::Pong => Reply::Pong,
            Self::Tools(tools) => Reply::Tools(tools),
            Self::Tool(result) => Reply::ToolResult(result),
            Self::Error(error) => Reply::Error(error),
        }
    }
}

/// Everything the method can be answered with, the caller's own words in all of it.
fn answers(method: &Method) -> Vec<Answer> {
    match method {
        Method::Discover => vec![Answer::Discovered],
        Method::Initialize { requested } => vec![Answer::Initialized(requested.clone())],
        Method::Ping => vec![Answer::Pong],
        Method::ListTools => vec![Answer::Tools(RawValue::from_string(r#"[{"name":"add"}]"#.to_owned()).unwrap())],
        Method::CallTool(call) => {
            let (text, arguments) = (call.name.clone(), call.arguments.clone());
            let explanation = Explanation {
                reason: text.clone(),
                who: Who::User,
                how: text.clone(),
                correlation_id: "c1".to_owned(),
                more: Map::from_iter([(text.clone(), Value::Object(arguments.clone()))]),
            };
            vec![
                Answer::Tool(ToolResult::Answer { text: text.clone(), structured: Structured::of(&arguments) }),
                Answer::Tool(ToolResult::Error { text: text.clone(), explanation: explanation.clone() }),
                Answer::Error(RpcError { code: mcp::INVALID_PARAMS, message: text, explanation: Some(explanation) }),
            ]
        }
    }
}

#[track_caller]
fn assert_is_json_rpc(answer: &[u8], id: Option<&RequestId>) {
    let value: Value = serde_json::from_slice(answer).unwrap();
    assert_eq!(value["jsonrpc"], "2.0");
    assert!(value.get("result").is_some() != value.get("error").is_some(), "exactly one of the two: {value}");
    let start =
        id.map_or(r#"{"jsonrpc":"2.0",""#.to_owned(), |id| format!(r#"{{"jsonrpc":"2.0","id":{},"#, id.as_json()));
    assert!(answer.starts_with(start.as_bytes()), "{value}");
    assert_eq!(value.get("id").is_some(), id.is_some());
}
