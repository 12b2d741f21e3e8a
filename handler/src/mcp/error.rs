//! What is wrong with a message, by the protocol.

use serde_json::{Map, json};

use super::{Era, Explanation, RequestId, RpcError, Who, depth, era};

/// The code of a request whose parameters, or whose tool, do not exist as asked (JSON-RPC 2.0, section 5.1).
pub const INVALID_PARAMS: i32 = -32602;

/// A message that breaks the protocol. Whoever wrote the client must act.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{kind}")]
pub struct ProtocolError {
    /// The id to echo, where one could be read.
    pub id: Option<RequestId>,
    /// What is wrong.
    pub kind: ProtocolErrorKind,
}

impl ProtocolError {
    /// The JSON-RPC error to answer with; `correlation_id` finds the attempt in the log.
    #[must_use]
    pub fn rpc_error(&self, correlation_id: &str) -> RpcError {
        let more = match &self.kind {
            ProtocolErrorKind::UnsupportedVersion { requested } => Map::from_iter([
                ("supported".to_owned(), json!([era::MODERN])),
                ("requested".to_owned(), json!(requested)),
            ]),
            _ => Map::new(),
        };
        RpcError {
            code: self.kind.code(),
            message: self.kind.to_string(),
            explanation: Some(Explanation {
                reason: self.kind.reason().to_owned(),
                who: Who::User,
                how: self.kind.how(),
                correlation_id: correlation_id.to_owned(),
                more,
            }),
        }
    }
}

/// What is wrong. `Display` is the sentence the client's developer reads; it never repeats more than a name of the
/// input, cleaned and cut.
///
/// The HTTP status follows from the variant alone, so it is deliberately exhaustive: whoever renders statuses decides
/// each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolErrorKind {
    /// Not JSON, or nested deeper than 64 (-32700): HTTP 400.
    #[error("Parse error: {0}")]
    Parse(String),
    /// Not one JSON-RPC request or notification: an array, a response, a null id, a repeated member (-32600): HTTP 400.
    #[error("Invalid Request: {0}")]
    InvalidRequest(String),
    /// A header is missing, repeated, or disagrees with the body (-32020): HTTP 400.
    #[error("Header mismatch: {0}")]
    HeaderMismatch(String),
    /// The revision is not served (-32022): HTTP 400.
    #[error("Unsupported protocol version: {requested}")]
    UnsupportedVersion {
        /// What the client asked for.
        requested: String,
    },
    /// The per-request metadata lacks a required member or has one of the wrong type (-32602): HTTP 400.
    #[error("Invalid params: {0}")]
    InvalidMetadata(String),
    /// A parameter of the method itself is missing or has the wrong type (-32602): HTTP 200.
    #[error("Invalid params: {0}")]
    InvalidParams(String),
    /// The method is not served (-32601): HTTP 404 in the modern era. In the legacy one 200, because its clients take a
    /// 404 for a lost session and reconnect without end.
    #[error("Method not found: {method}")]
    UnknownMethod {
        /// Which.
        method: String,
        /// Decides the HTTP status.
        era: Era,
    },
}

impl ProtocolErrorKind {
    pub(super) fn with_id(self, id: Option<RequestId>) -> ProtocolError {
        ProtocolError { id, kind: self }
    }

    /// JSON-RPC 2.0, section 5.1, and MCP 2026-07-28, "Error Codes".
    fn code(&self) -> i32 {
        match self {
            Self::Parse(_) => -32700,
            Self::InvalidRequest(_) => -32600,
            Self::HeaderMismatch(_) => -32020,
            Self::UnsupportedVersion { .. } => -32022,
            Self::InvalidMetadata(_) | Self::InvalidParams(_) => INVALID_PARAMS,
            Self::UnknownMethod { .. } => -32601,
        }
    }

    /// The stable code, free of the client's words.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Parse(_) => "parse_error",
            Self::InvalidRequest(_) => "invalid_request",
            Self::HeaderMismatch(_) => "header_mismatch",
            Self::UnsupportedVersion { .. } => "unsupported_protocol_version",
            Self::InvalidMetadata(_) => "invalid_metadata",
            Self::InvalidParams(_) => "invalid_params",
            Self::UnknownMethod { .. } => "method_not_found",
        }
    }

    fn how(&self) -> String {
        match self {
            Self::Parse(_) => format!("Send one JSON object in UTF-8, nested at most {} levels deep.", depth::LIMIT),
            Self::InvalidRequest(_) => "Send one JSON-RPC 2.0 request or notification per POST.".into(),
            Self::HeaderMismatch(_) => {
                "Send MCP-Protocol-Version, Mcp-Method and, for tools/call, Mcp-Name, each once and as the body has it."
                    .into()
            }
            Self::UnsupportedVersion { .. } => {
                "Use a revision of `supported`, or open with `initialize` for 2025-11-25 and before.".into()
            }
            Self::InvalidMetadata(_) => {
                format!("Send `params._meta` with every request as revision {} asks for it.", era::MODERN)
            }
            Self::InvalidParams(_) => "Correct the parameters and send the request again.".into(),
            Self::UnknownMethod { era: Era::Modern, .. } => {
                "Served are server/discover, tools/list, tools/call.".into()
            }
            Self::UnknownMethod { era: Era::Legacy, .. } => {
                "Served are initialize, ping, tools/list, tools/call.".into()
            }
        }
    }
}

/// A name from the input, fit for a sentence and a log line: printable ASCII, at most 80 characters.
///
/// Everything the protocol names is ASCII; what is not could only disguise the sentence around it.
pub(super) fn excerpt(name: &str) -> String {
    let printable = |char: char| if char == ' ' || char.is_ascii_graphic() { char } else { '?' };
    name.chars().take(80).map(printable).collect()
}
