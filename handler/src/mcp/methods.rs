//! The methods served, and their own parameters.

use serde_json::{Map, Value};

use super::{Era, ProtocolErrorKind, error::excerpt, members::text, params::Params};

/// The methods served.
pub enum Method {
    /// `server/discover` (modern).
    Discover,
    /// `initialize` (legacy).
    Initialize {
        /// The revision the client asked for.
        requested: String,
    },
    /// `ping` (legacy).
    Ping,
    /// `tools/list`; there is one page.
    ListTools,
    /// `tools/call`.
    CallTool(ToolCall),
}

/// A call of a tool, not yet judged.
///
/// Has no `Debug`: arguments are the caller's and stay out of logs.
pub struct ToolCall {
    /// Which tool.
    pub name: String,
    /// Its arguments; absent means empty.
    pub arguments: Map<String, Value>,
    /// W3C trace context from `_meta.traceparent`, if it is well formed.
    pub trace_parent: Option<String>,
}

pub(super) const CALL_TOOL: &str = "tools/call";

/// The method of a request whose era and metadata are settled.
pub(super) fn read(era: Era, method: &str, params: &Params<'_>) -> Result<Method, ProtocolErrorKind> {
    match (era, method) {
        (_, "tools/list") => list_tools(params),
        (_, CALL_TOOL) => call_tool(params),
        (Era::Modern, "server/discover") => Ok(Method::Discover),
        (Era::Legacy, "initialize") => initialize(params),
        (Era::Legacy, "ping") => Ok(Method::Ping),
        _ => Err(ProtocolErrorKind::UnknownMethod { method: excerpt(method), era }),
    }
}

fn list_tools(params: &Params<'_>) -> Result<Method, ProtocolErrorKind> {
    match params.cursor {
        None => Ok(Method::ListTools),
        Some(_) => Err(invalid("`cursor` must be left out: tools/list has one page and never gives a cursor")),
    }
}

fn call_tool(params: &Params<'_>) -> Result<Method, ProtocolErrorKind> {
    let Some(name) = params.name.and_then(text) else {
        return Err(invalid("`name` must be a string, the name of a tool from tools/list"));
    };
    let arguments = match params.arguments {
        None => Map::new(),
        Some(arguments) => serde_json::from_str(arguments.get())
            .map_err(|_| invalid("`arguments` must be an object of Unicode text and numbers that fit into 64 bits"))?,
    };
    Ok(Method::CallTool(ToolCall { name, arguments, trace_parent: params.metadata.trace_parent() }))
}

fn initialize(params: &Params<'_>) -> Result<Method, ProtocolErrorKind> {
    match params.protocol_version.and_then(text) {
        Some(requested) => Ok(Method::Initialize { requested }),
        None => Err(invalid("`protocolVersion` must be a string, the newest revision the client speaks")),
    }
}

fn invalid(sentence: &str) -> ProtocolErrorKind {
    ProtocolErrorKind::InvalidParams(sentence.to_owned())
}
