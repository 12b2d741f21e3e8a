//! Proves the wire contract of both eras, byte for byte, with a stand-in for the tools. What only a live client shows:
//! that it reads these answers as meant; the conformance suite and the client tests do that.

mod answers;
mod eras;
mod properties;
mod refusals;
mod wire;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json, value::RawValue};

use super::*;

const SERVER: ServerInfo = ServerInfo { name: "x", version: "1.2.3", instructions: "Start with whoami." };

/// `params._meta` of a complete modern request.
const CLAIM: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;

/// One POST, as a client would send it.
#[derive(Clone)]
struct Post {
    headers: HeaderMap,
    body: Vec<u8>,
}

/// A POST with exactly this body and no headers.
fn post(body: impl AsRef<[u8]>) -> Post {
    Post { headers: HeaderMap::new(), body: body.as_ref().to_vec() }
}

/// A legacy request without headers; `params` are the members of the object.
fn legacy(method: &str, params: &str) -> Post {
    post(format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{{params}}}}}"#))
}

/// A modern request with all its headers; `params` are the members beside `_meta`.
fn modern(method: &str, params: &str) -> Post {
    let comma = if params.is_empty() { "" } else { "," };
    let request = legacy(method, &format!("{params}{comma}{CLAIM}"));
    request.header("MCP-Protocol-Version", "2026-07-28").header("Mcp-Method", method)
}

/// A modern call of the tool `add`, with all its headers.
fn call_add() -> Post {
    modern("tools/call", r#""name":"add","arguments":{"a":2}"#).header("Mcp-Name", "add")
}

impl Post {
    /// Sets a header, in place of one of the same name.
    #[track_caller]
    fn header(mut self, name: &'static str, value: impl AsRef<[u8]>) -> Self {
        self.headers.insert(header_name(name), HeaderValue::from_bytes(value.as_ref()).expect("a header value"));
        self
    }

    /// Adds a header beside one of the same name.
    #[track_caller]
    fn also(mut self, name: &'static str, value: &str) -> Self {
        self.headers.append(header_name(name), HeaderValue::from_str(value).expect("a header value"));
        self
    }

    #[track_caller]
    fn without(mut self, name: &'static str) -> Self {
        self.headers.remove(name).expect("the header was there");
        self
    }

    /// Changes the body where `from` occurs in it.
    #[track_caller]
    fn replace(mut self, from: &str, to: &str) -> Self {
        let body = String::from_utf8(self.body).expect("text");
        assert!(body.contains(from), "{from} is not in {body}");
        self.body = body.replacen(from, to, 1).into_bytes();
        self
    }

    fn read(&self) -> Result<Message, ProtocolError> {
        read(&self.headers, &self.body)
    }

    #[track_caller]
    fn accepted(&self) -> Request {
        match self.read() {
            Ok(Message::Request(request)) => request,
            Ok(Message::Notification) => panic!("a notification: {}", String::from_utf8_lossy(&self.body)),
            Err(error) => panic!("{error}"),
        }
    }

    #[track_caller]
    fn called(&self) -> ToolCall {
        match self.accepted().method {
            Method::CallTool(call) => call,
            _ => panic!("not a call"),
        }
    }

    #[track_caller]
    fn refused(&self) -> ProtocolError {
        match self.read() {
            Err(error) => error,
            Ok(_) => panic!("accepted: {}", String::from_utf8_lossy(&self.body)),
        }
    }

    /// Status and body, as the client sees them.
    fn exchange(&self) -> String {
        match self.read() {
            Ok(Message::Notification) => "202".to_owned(),
            Ok(Message::Request(request)) => format!("200 {}", text(answer(&request))),
            Err(error) => {
                let body = write_error(error.id.as_ref(), &error.rpc_error("c1"));
                format!("{} {}", status(&error.kind), text(body))
            }
        }
    }
}

fn header_name(name: &'static str) -> HeaderName {
    HeaderName::from_bytes(name.as_bytes()).expect("a header name")
}

/// The status a kind of error is sent with: all the edge has to know.
fn status(kind: &ProtocolErrorKind) -> u16 {
    match kind {
        ProtocolErrorKind::Parse(_)
        | ProtocolErrorKind::InvalidRequest(_)
        | ProtocolErrorKind::HeaderMismatch(_)
        | ProtocolErrorKind::UnsupportedVersion { .. }
        | ProtocolErrorKind::InvalidMetadata(_) => 400,
        ProtocolErrorKind::InvalidParams(_) | ProtocolErrorKind::UnknownMethod { era: Era::Legacy, .. } => 200,
        ProtocolErrorKind::UnknownMethod { era: Era::Modern, .. } => 404,
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("UTF-8")
}

/// A stand-in for the tools: one tool `add` that wants a number `a`.
fn answer(request: &Request) -> Vec<u8> {
    let write = |reply: Reply<'_>| write(&request.id, request.era, reply, &SERVER);
    match &request.method {
        Method::Discover => write(Reply::Discovered),
        Method::Initialize { requested } => write(Reply::Initialized { requested }),
        Method::Ping => write(Reply::Pong),
        Method::ListTools => {
            let tools: Box<RawValue> = serde_json::from_str(r#"[ {"name":"add"} ]"#).expect("JSON");
            write(Reply::Tools(&tools))
        }
        Method::CallTool(call) if call.name != "add" => {
            let message = format!("Unknown tool: {}", call.name);
            write(Reply::Error(&RpcError { code: INVALID_PARAMS, message, explanation: None }))
        }
        Method::CallTool(call) => write(Reply::ToolResult(&match call.arguments.get("a").and_then(Value::as_i64) {
            Some(a) => ToolResult::Answer {
                text: format!("sum {}", a + 1),
                structured: Structured::of(&json!({"sum": a + 1})),
            },
            None => ToolResult::Error { text: "`a` must be a number".to_owned(), explanation: explanation() },
        })),
    }
}

fn explanation() -> Explanation {
    Explanation {
        reason: "bad_argument".to_owned(),
        who: Who::User,
        how: "Send a number.".to_owned(),
        correlation_id: "c1".to_owned(),
        more: Map::from_iter([("argument".to_owned(), json!("a"))]),
    }
}
