//! One POST, without a session (MCP 2026-07-28).

use std::{error::Error, time::Duration};

use http::{HeaderMap, StatusCode, header};
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use url::{Host, Url};

use super::{CallError, arguments::Question, token::Token};

const REVISION: &str = "2026-07-28";
/// Longer than the 50 seconds that a call may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// An answer as it was on the wire.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// Null when it is empty or not JSON.
    pub(super) body: Value,
}

/// A client for this address, to which a secret may be sent.
#[expect(clippy::disallowed_methods, reason = "whom a person asks by hand is not whom the server asks")]
pub(super) fn client(url: &Url) -> Result<reqwest::Client, CallError> {
    let here = is_loopback(url);
    if url.scheme() != "https" && !here {
        return Err(CallError::InTheClear(url.host_str().unwrap_or_default().to_owned()));
    }
    // a second installation is refused and changes nothing
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let builder = reqwest::Client::builder().redirect(Policy::none()).timeout(PATIENCE);
    // what is on this machine is never asked by way of another
    let builder = if here { builder.no_proxy() } else { builder };
    builder.build().map_err(CallError::Unreachable)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

pub(super) async fn ask(
    http: &reqwest::Client,
    url: &Url,
    token: &Token,
    question: &Question,
) -> Result<Answer, reqwest::Error> {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": REVISION,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": { "name": "cargo xtask call", "version": env!("CARGO_PKG_VERSION") },
    });
    let (method, name, params) = match question {
        Question::List => ("tools/list", None, json!({ "_meta": meta })),
        Question::Tool { name, arguments } => {
            ("tools/call", Some(name), json!({ "name": name, "arguments": arguments, "_meta": meta }))
        }
    };
    let mut request = http
        .post(url.clone())
        .bearer_auth(token.secret())
        .header("MCP-Protocol-Version", REVISION)
        .header("Mcp-Method", method)
        .header(header::ACCEPT, "application/json, text/event-stream");
    if let Some(name) = name {
        request = request.header("Mcp-Name", name);
    }
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let response = request.json(&message).send().await?;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = serde_json::from_slice(&response.bytes().await?).unwrap_or(Value::Null);
    Ok(Answer { status, headers, body })
}

/// An error with its causes: the outermost alone seldom says what to do.
pub(super) fn causes(error: &reqwest::Error) -> String {
    let causes = std::iter::successors(Some(error as &dyn Error), |error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
