//! Which family of revisions a message belongs to.
//!
//! The body decides: a request that names a revision in `params._meta` is modern, one that does not is legacy. The
//! header `MCP-Protocol-Version` can only agree or be refused; it never turns one era into the other, so a proxy that
//! drops or adds it can't change how a request is judged.

use super::{ProtocolErrorKind, error::excerpt, headers};

/// Which family of revisions a request belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Era {
    /// 2026-07-28: per-request metadata, no handshake.
    Modern,
    /// 2025-11-25 and before: `initialize` handshake.
    Legacy,
}

/// The revision whose requests describe themselves; `server/discover` and -32022 offer nothing else.
pub(super) const MODERN: &str = "2026-07-28";

/// The newest revision with a handshake: the answer to a client that asks for one that is not served.
const NEWEST_LEGACY: &str = "2025-11-25";

/// The revisions with a handshake over Streamable HTTP.
const LEGACY: [&str; 3] = [NEWEST_LEGACY, "2025-06-18", "2025-03-26"];

/// Older than Streamable HTTP. Clients of today still ask for it, and for a server with tools only it says the same.
const IN_INITIALIZE_ONLY: &str = "2024-11-05";

/// Where a modern request names its revision.
pub(super) const CLAIM: &str = "io.modelcontextprotocol/protocolVersion";

/// The era of a request, from the header `MCP-Protocol-Version`, the claim in its metadata and its method.
pub(super) fn of_request(header: Option<&str>, claim: Option<&str>, method: &str) -> Result<Era, ProtocolErrorKind> {
    match (header, claim) {
        (header, Some(claim)) => {
            headers::agree(headers::PROTOCOL_VERSION, header, &format!("params._meta[\"{CLAIM}\"]"), claim)?;
            if claim == MODERN { Ok(Era::Modern) } else { Err(unsupported(claim)) }
        }
        (Some(MODERN), None) if method == "initialize" => Err(ProtocolErrorKind::HeaderMismatch(format!(
            "{} is `{MODERN}`, but the body is an `initialize` of the handshake revisions; send one or the other",
            headers::PROTOCOL_VERSION
        ))),
        (Some(MODERN), None) => Err(ProtocolErrorKind::InvalidMetadata(format!(
            "`params._meta` must hold `{CLAIM}` with the value of the header {}",
            headers::PROTOCOL_VERSION
        ))),
        // a missing header means 2025-03-26; `initialize` negotiates the revision in its body
        (None, None) => Ok(Era::Legacy),
        (Some(version), None) if LEGACY.contains(&version) || method == "initialize" => Ok(Era::Legacy),
        (Some(version), None) => Err(unsupported(version)),
    }
}

/// The era of a notification: as of a request, but the modern ones need no claim.
pub(super) fn of_notification(header: Option<&str>, claim: Option<&str>) -> Result<Era, ProtocolErrorKind> {
    match (header, claim) {
        (Some(MODERN), None) => Ok(Era::Modern),
        _ => of_request(header, claim, ""),
    }
}

/// The revision `initialize` answers with: the one asked for if it is served, else the newest with a handshake.
pub(super) fn negotiated(requested: &str) -> &'static str {
    LEGACY.into_iter().chain([IN_INITIALIZE_ONLY]).find(|served| *served == requested).unwrap_or(NEWEST_LEGACY)
}

fn unsupported(requested: &str) -> ProtocolErrorKind {
    ProtocolErrorKind::UnsupportedVersion { requested: excerpt(requested) }
}
