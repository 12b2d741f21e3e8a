//! From an answer to its bytes. The structs are the wire format, member for member and in the order sent.

use serde::Serialize;
use serde_json::value::RawValue;

use super::{Era, Explanation, Reply, RequestId, RpcError, ServerInfo, Structured, ToolResult, era};

/// How long a client may keep `server/discover`: it changes with a release only.
const DISCOVER_TTL_MILLISECONDS: u32 = 60 * 60 * 1000;

/// How long a client may keep `tools/list`: a role granted to a service shows within five minutes.
const TOOLS_TTL_MILLISECONDS: u32 = 5 * 60 * 1000;

/// Bytes for what is around an answer, or for a short one.
const FRAME: usize = 1024;

/// Writes the one answer of a request.
///
/// Modern results say that they are complete, who answered and, for the lists, how long they hold; legacy results are
/// plain, because their schemas know none of it.
#[must_use]
pub fn write(id: &RequestId, era: Era, reply: Reply<'_>, server: &ServerInfo) -> Vec<u8> {
    let room = room(reply);
    let (payload, caching, error) = match reply {
        Reply::Error(error) => return write_error(Some(id), error),
        Reply::Discovered => (Payload::discovered(server), Some(Caching::DISCOVER), None),
        Reply::Initialized { requested } => (Payload::initialized(requested, server), None, None),
        Reply::Pong => (Payload::Empty {}, None, None),
        Reply::Tools(tools) => (Payload::Tools { tools }, Some(Caching::TOOLS), None),
        Reply::ToolResult(ToolResult::Answer { text, structured }) => {
            (Payload::tool(text, structured.as_ref(), false), None, None)
        }
        Reply::ToolResult(ToolResult::Error { text, explanation }) => {
            (Payload::tool(text, None, true), None, Some(explanation))
        }
    };
    let modern = era == Era::Modern;
    let success = Success {
        result_type: modern.then_some("complete"),
        payload,
        caching: caching.filter(|_| modern),
        metadata: Metadata { server_info: modern.then(|| server.into()), error },
    };
    encode(&Response { jsonrpc: "2.0", id: Some(id), outcome: Outcome::Result(success) }, room)
}

/// Writes an error. Where no id could be read there is none to echo, and the member is left out.
#[must_use]
pub fn write_error(id: Option<&RequestId>, error: &RpcError) -> Vec<u8> {
    let failure = Failure { code: error.code, message: &error.message, data: error.explanation.as_ref() };
    encode(&Response { jsonrpc: "2.0", id, outcome: Outcome::Error(failure) }, FRAME)
}

/// About as many bytes as an answer will have, so that it is not moved about while it grows.
fn room(reply: Reply<'_>) -> usize {
    let inside = match reply {
        Reply::Tools(tools) => tools.get().len(),
        // quotes and line ends of the text are escaped
        Reply::ToolResult(ToolResult::Answer { text, structured }) => {
            text.len() + text.len() / 8 + structured.as_ref().map_or(0, |structured| structured.json().get().len())
        }
        _ => 0,
    };
    FRAME + inside
}

fn encode(response: &Response<'_>, room: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(room);
    match serde_json::to_writer(&mut bytes, response) {
        Ok(()) => bytes,
        // can't fail, since every key is a string; if it ever did, the client would still get an answer
        Err(_) => br#"{"jsonrpc":"2.0","error":{"code":-32603,"message":"Internal error"}}"#.to_vec(),
    }
}

#[derive(Serialize)]
struct Response<'a> {
    jsonrpc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RequestId>,
    #[serde(flatten)]
    outcome: Outcome<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome<'a> {
    Result(Success<'a>),
    Error(Failure<'a>),
}

#[derive(Serialize)]
struct Failure<'a> {
    code: i32,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Explanation>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Success<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    result_type: Option<&'static str>,
    #[serde(flatten)]
    payload: Payload<'a>,
    #[serde(flatten)]
    caching: Option<Caching>,
    #[serde(rename = "_meta", skip_serializing_if = "Metadata::is_empty")]
    metadata: Metadata<'a>,
}

#[derive(Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
enum Payload<'a> {
    Discovered {
        supported_versions: [&'static str; 1],
        capabilities: Capabilities,
        instructions: &'static str,
    },
    Initialized {
        protocol_version: &'static str,
        capabilities: Capabilities,
        server_info: Implementation,
        instructions: &'static str,
    },
    Empty {},
    Tools {
        tools: &'a RawValue,
    },
    Tool {
        content: [TextContent<'a>; 1],
        #[serde(skip_serializing_if = "Option::is_none")]
        structured_content: Option<&'a RawValue>,
        is_error: bool,
    },
}

impl<'a> Payload<'a> {
    fn discovered(server: &ServerInfo) -> Self {
        Self::Discovered {
            supported_versions: [era::MODERN],
            capabilities: Capabilities::default(),
            instructions: server.instructions,
        }
    }

    fn initialized(requested: &str, server: &ServerInfo) -> Self {
        Self::Initialized {
            protocol_version: era::negotiated(requested),
            capabilities: Capabilities::default(),
            server_info: server.into(),
            instructions: server.instructions,
        }
    }

    fn tool(text: &'a str, structured: Option<&'a Structured>, is_error: bool) -> Self {
        let structured_content = structured.map(Structured::json);
        Self::Tool { content: [TextContent { kind: "text", text }], structured_content, is_error }
    }
}

/// Tools and nothing else: no logging, no notifications about changes.
#[derive(Default, Serialize)]
struct Capabilities {
    tools: NoOptions,
}

#[derive(Default, Serialize)]
struct NoOptions {}

#[derive(Serialize)]
struct Implementation {
    name: &'static str,
    version: &'static str,
}

impl From<&ServerInfo> for Implementation {
    fn from(server: &ServerInfo) -> Self {
        Self { name: server.name, version: server.version }
    }
}

#[derive(Serialize)]
struct TextContent<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    text: &'a str,
}

/// MCP 2026-07-28, "Caching".
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Caching {
    ttl_ms: u32,
    cache_scope: &'static str,
}

impl Caching {
    const DISCOVER: Self = Self { ttl_ms: DISCOVER_TTL_MILLISECONDS, cache_scope: "public" };
    /// What a service may call depends on its roles, so no list is ever shared between callers.
    const TOOLS: Self = Self { ttl_ms: TOOLS_TTL_MILLISECONDS, cache_scope: "private" };
}

#[derive(Serialize)]
struct Metadata<'a> {
    #[serde(rename = "io.modelcontextprotocol/serverInfo", skip_serializing_if = "Option::is_none")]
    server_info: Option<Implementation>,
    #[serde(rename = "mcp-cost-server/error", skip_serializing_if = "Option::is_none")]
    error: Option<&'a Explanation>,
}

impl Metadata<'_> {
    fn is_empty(&self) -> bool {
        self.server_info.is_none() && self.error.is_none()
    }
}
