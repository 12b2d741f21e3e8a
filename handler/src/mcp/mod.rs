//! The Model Context Protocol, both eras, as pure functions: bytes to calls, results to bytes.
//!
//! [`read()`] judges one POST and accepts it whole or refuses it whole; what it hands on needs no second look at headers
//! or JSON. [`write()`] and [`write_error`] are the only places that know how an answer looks on the wire. The room
//! knows neither axum nor Azure and renders no HTTP status: the same functions serve the conformance fixtures under
//! `tests/` and a fuzzer.
//!
//! Served are revision 2026-07-28 (every request describes itself) and, on the same endpoint and without sessions, the
//! handshake revisions 2025-11-25, 2025-06-18 and 2025-03-26; 2024-11-05 in `initialize` only.

mod depth;
mod envelope;
mod era;
mod error;
mod headers;
mod members;
mod methods;
mod params;
mod read;
mod reply;
#[cfg(test)]
mod tests;
mod trace;
mod write;

pub use envelope::RequestId;
pub use era::Era;
pub use error::{INVALID_PARAMS, ProtocolError, ProtocolErrorKind};
pub use methods::{Method, ToolCall};
pub use read::{Message, Request, read};
pub use reply::{Explanation, Reply, RpcError, ServerInfo, Structured, ToolResult, Who};
pub use write::{write, write_error};
