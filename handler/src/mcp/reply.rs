//! What can be answered.

use serde::Serialize;
use serde_json::{Map, Value, value::RawValue};

/// Who this server is, the same for every caller.
#[derive(Clone, Copy, Debug)]
pub struct ServerInfo {
    /// `serverInfo.name`.
    pub name: &'static str,
    /// `serverInfo.version`.
    pub version: &'static str,
    /// How a model should work with the tools.
    pub instructions: &'static str,
}

/// The one answer of a request.
#[derive(Clone, Copy, Debug)]
pub enum Reply<'a> {
    /// To `server/discover`.
    Discovered,
    /// To `initialize`.
    Initialized {
        /// The revision the client asked for.
        requested: &'a str,
    },
    /// To `ping`.
    Pong,
    /// To `tools/list`: the array of definitions, serialised once.
    Tools(&'a RawValue),
    /// To `tools/call`: the tool ran.
    ToolResult(&'a ToolResult),
    /// The request can't be served.
    Error(&'a RpcError),
}

/// A tool's answer as data: a JSON object, as the text that is sent.
///
/// Nothing but an object, because before 2026-07-28 `structuredContent` is an object or absent, and one definition serves
/// both eras. Text, because a tree of values would be built only to be written.
#[derive(Clone, Debug)]
pub struct Structured(Box<RawValue>);

impl Structured {
    /// `data` as JSON; nothing, if that is no object.
    #[must_use]
    pub fn of(data: &impl Serialize) -> Option<Self> {
        let json = serde_json::value::to_raw_value(data).ok()?;
        json.get().starts_with('{').then_some(Self(json))
    }

    /// The object.
    #[must_use]
    pub fn json(&self) -> &RawValue {
        &self.0
    }
}

/// The result of a tool that ran, well or not.
#[derive(Clone, Debug)]
pub enum ToolResult {
    /// The tool's answer.
    Answer {
        /// The whole answer for a client that shows only text.
        text: String,
        /// The same as data.
        structured: Option<Structured>,
    },
    /// The tool could not answer. Never carries `structuredContent`: a client that validates it would hide the
    /// sentence.
    Error {
        /// The sentence.
        text: String,
        /// The same for programs, in `_meta["mcp-cost-server/error"]`.
        explanation: Explanation,
    },
}

/// A JSON-RPC error.
#[derive(Clone, Debug, PartialEq)]
pub struct RpcError {
    /// For example -31403.
    pub code: i32,
    /// One sentence.
    pub message: String,
    /// `data`, if there is more to say.
    pub explanation: Option<Explanation>,
}

/// What a refusal tells beside its sentence.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// A stable code, for example `missing_scope:cost.export`.
    pub reason: String,
    /// Who must act.
    pub who: Who,
    /// The next step, as a sentence.
    pub how: String,
    /// Finds the attempt in the log (and, when it came from Entra, in the sign-in log).
    pub correlation_id: String,
    /// What this kind of refusal adds, for example `retryAfterSeconds`.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// Who must act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Who {
    /// The caller: sign in again, change the arguments.
    User,
    /// An administrator of the tenant or of the Azure scope.
    Admin,
    /// Whoever runs this server.
    Operator,
    /// Nobody: it passes by itself.
    Nobody,
}
