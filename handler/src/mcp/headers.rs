//! The headers that repeat what the body says, so that a gateway can route without reading it.
//!
//! What a gateway was told and what is executed must be the same: a header that is missing, repeated, unreadable or
//! different is refused (MCP 2026-07-28, Streamable HTTP, "Request Metadata").

use std::borrow::Cow;

use base64::{Engine, prelude::BASE64_STANDARD};
use http::HeaderMap;

use super::{ProtocolErrorKind, error::excerpt};

/// The revision; also sent by the handshake clients since 2025-06-18.
pub(super) const PROTOCOL_VERSION: &str = "MCP-Protocol-Version";

const METHOD: &str = "Mcp-Method";
const NAME: &str = "Mcp-Name";

/// The value of `MCP-Protocol-Version`.
pub(super) fn protocol_version(headers: &HeaderMap) -> Result<Option<&str>, ProtocolErrorKind> {
    only_value(headers, PROTOCOL_VERSION)
}

/// `Mcp-Method` is there and is the body's method.
pub(super) fn require_method(headers: &HeaderMap, method: &str) -> Result<(), ProtocolErrorKind> {
    agree(METHOD, only_value(headers, METHOD)?, "method", method)
}

/// `Mcp-Method`, if it is there, is the body's method: a notification may leave it out.
pub(super) fn check_method(headers: &HeaderMap, method: &str) -> Result<(), ProtocolErrorKind> {
    match only_value(headers, METHOD)? {
        None => Ok(()),
        sent => agree(METHOD, sent, "method", method),
    }
}

/// `Mcp-Name` is there and, decoded, is `params.name`. Where the body has no name, there is nothing to compare: its
/// parameters are refused next.
pub(super) fn require_name(headers: &HeaderMap, name: Option<&str>) -> Result<(), ProtocolErrorKind> {
    let sent = only_value(headers, NAME)?.map(decoded).transpose()?;
    name.map_or(Ok(()), |name| agree(NAME, sent.as_deref(), "params.name", name))
}

/// What a header says is what a member of the body says. Values are case-sensitive.
pub(super) fn agree(
    header: &'static str,
    sent: Option<&str>,
    member: &str,
    body: &str,
) -> Result<(), ProtocolErrorKind> {
    match sent {
        Some(sent) if sent == body => Ok(()),
        Some(sent) => Err(ProtocolErrorKind::HeaderMismatch(format!(
            "{header} is `{}`, but the body's {member} is `{}`; they must be equal",
            excerpt(sent),
            excerpt(body)
        ))),
        None => Err(ProtocolErrorKind::HeaderMismatch(format!(
            "{header} is missing; send it with the value of the body's {member}, `{}`",
            excerpt(body)
        ))),
    }
}

/// The one value of a header, without the white space around it (RFC 9110, section 5.5).
fn only_value<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, ProtocolErrorKind> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(ProtocolErrorKind::HeaderMismatch(format!("{name} is sent more than once; send it once")));
    }
    let text = value.to_str().map_err(|_| {
        ProtocolErrorKind::HeaderMismatch(format!("{name} has a character outside printable ASCII; only ASCII is read"))
    })?;
    Ok(Some(text.trim_matches([' ', '\t'])))
}

/// The text behind `=?base64?…?=`; a value without both markers is itself.
fn decoded(value: &str) -> Result<Cow<'_, str>, ProtocolErrorKind> {
    let Some(encoded) = value.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) else {
        return Ok(Cow::Borrowed(value));
    };
    let bytes = BASE64_STANDARD.decode(encoded).ok();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).map(Cow::Owned).ok_or_else(|| {
        ProtocolErrorKind::HeaderMismatch(format!(
            "{NAME} can't be decoded; between `=?base64?` and `?=` it must be padded base64 of UTF-8 text"
        ))
    })
}
