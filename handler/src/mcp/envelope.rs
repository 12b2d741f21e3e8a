//! The JSON-RPC 2.0 shape of a message: one request or one notification, nothing else.

use serde::Serialize;
use serde_json::{error::Category, value::RawValue};

use super::{
    ProtocolError, ProtocolErrorKind, depth,
    members::{members, text},
};

/// A JSON-RPC id, kept as the text it came in: a string or an integer of any size, never null.
///
/// MCP, "Requests": an id is a string or an integer. It is echoed and otherwise never looked at.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct RequestId(Box<RawValue>);

impl RequestId {
    /// The id as JSON, byte for byte as the client sent it.
    #[must_use]
    pub fn as_json(&self) -> &str {
        self.0.get()
    }

    fn read(value: &RawValue) -> Option<Self> {
        let json = value.get();
        // the value is known to be JSON: an optional sign and digits are an integer, a fraction or exponent is not
        let is_integer = json.strip_prefix('-').unwrap_or(json).bytes().all(|byte| byte.is_ascii_digit());
        (is_integer || text(value).is_some()).then(|| Self(value.to_owned()))
    }
}

/// A well-formed message; without an id it is a notification.
pub(super) struct Envelope<'a> {
    pub(super) id: Option<RequestId>,
    pub(super) method: String,
    pub(super) params: Option<&'a RawValue>,
}

impl<'a> Envelope<'a> {
    /// Reads the shape, and nothing inside `params`.
    pub(super) fn read(body: &'a [u8]) -> Result<Self, ProtocolError> {
        let document = parse(body).map_err(|sentence| ProtocolErrorKind::Parse(sentence).with_id(None))?;
        let refused =
            |id: Option<RequestId>, sentence: &str| ProtocolErrorKind::InvalidRequest(sentence.into()).with_id(id);

        if document.get().starts_with('[') {
            return Err(refused(None, "the body is an array, and batches are not served; send one message per POST"));
        }
        let [version, id, method, params, result, error] =
            members(document, ["jsonrpc", "id", "method", "params", "result", "error"])
                .map_err(|fault| refused(None, &fault.sentence("the body")))?;
        if result.is_some() || error.is_some() {
            // its id, if any, belongs to another conversation and is not echoed
            return Err(refused(None, "`result` and `error` make a response, and this server asks clients nothing"));
        }
        let id = match id.map(RequestId::read) {
            Some(None) => return Err(refused(None, "`id` must be a string or an integer; a notification has no `id`")),
            Some(id) => id,
            None => None,
        };
        if version.and_then(text).as_deref() != Some("2.0") {
            return Err(refused(id, r#"`jsonrpc` must be "2.0""#));
        }
        let Some(method) = method.and_then(text) else {
            return Err(refused(id, "`method` must be a string"));
        };
        if params.is_some_and(|params| !params.get().starts_with('{')) {
            return Err(refused(id, "`params` must be a JSON object, or left out"));
        }
        Ok(Self { id, method, params })
    }
}

/// The body as one JSON document. A failure is told without repeating any of it.
fn parse(body: &[u8]) -> Result<&RawValue, String> {
    let json = str::from_utf8(body).map_err(|_| "the body is not UTF-8".to_owned())?;
    if !depth::is_within_limit(json) {
        return Err(format!("the body nests deeper than {} levels", depth::LIMIT));
    }
    serde_json::from_str(json).map_err(|error| match error.classify() {
        Category::Eof => "the body ends before its JSON does".to_owned(),
        _ => format!("the body is not JSON at line {}, column {}", error.line(), error.column()),
    })
}
