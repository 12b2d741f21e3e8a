//! A small MCP client for the story and the tests: one POST per message, and answers that can be asked questions.
//!
//! It speaks 2026-07-28 and keeps nothing between two calls. It is deliberately not built on a client library: tests
//! must see statuses, headers and bodies as they are on the wire.

use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

/// The revision this client speaks.
const REVISION: &str = "2026-07-28";

/// A server, and how to reach it.
#[derive(Clone)]
pub struct McpClient {
    http: reqwest::Client,
    endpoint: String,
}

/// One answer, as it was on the wire.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; null when it is empty or not JSON.
    pub body: Value,
}

impl McpClient {
    /// For a server anywhere: trusts the system's roots, follows no redirect.
    #[expect(clippy::disallowed_methods, reason = "a server that is deployed is not the lab's")]
    pub fn anywhere(endpoint: impl Into<String>) -> Result<Self, reqwest::Error> {
        // a second installation is refused and changes nothing
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self::new(http, endpoint))
    }

    /// `endpoint` is the whole address, path included.
    #[must_use]
    pub fn new(http: reqwest::Client, endpoint: impl Into<String>) -> Self {
        Self { http, endpoint: endpoint.into() }
    }

    /// The address asked.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// `tools/call` with the caller's `token`.
    pub async fn call(&self, token: &str, tool: &str, arguments: Value) -> Result<Answer, reqwest::Error> {
        let params = json!({ "name": tool, "arguments": arguments, "_meta": metadata() });
        self.request(token, "tools/call", params, Some(tool)).await
    }

    /// `tools/list` with the caller's `token`.
    pub async fn list(&self, token: &str) -> Result<Answer, reqwest::Error> {
        self.request(token, "tools/list", json!({ "_meta": metadata() }), None).await
    }

    async fn request(
        &self,
        token: &str,
        method: &str,
        params: Value,
        name: Option<&str>,
    ) -> Result<Answer, reqwest::Error> {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let mut request = self
            .http
            .post(&self.endpoint)
            .bearer_auth(token)
            .header("MCP-Protocol-Version", REVISION)
            .header("Mcp-Method", method)
            .header(header::ACCEPT, "application/json, text/event-stream");
        if let Some(name) = name {
            request = request.header("Mcp-Name", name);
        }
        Answer::read(request.json(&body).send().await?).await
    }
}

impl Answer {
    /// Reads a response whole.
    pub async fn read(response: reqwest::Response) -> Result<Self, reqwest::Error> {
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await?;
        Ok(Self { status, headers, body: serde_json::from_slice(&body).unwrap_or(Value::Null) })
    }

    /// The text of a tool's result, whether it is an answer or an error.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.body.pointer("/result/content/0/text")?.as_str()
    }

    /// The data of a tool's answer.
    #[must_use]
    pub fn structured(&self) -> Option<&Value> {
        self.body.pointer("/result/structuredContent")
    }

    /// Whether the tool ran and could not answer.
    #[must_use]
    pub fn is_tool_error(&self) -> bool {
        self.body.pointer("/result/isError") == Some(&Value::Bool(true))
    }

    /// Code and message of a JSON-RPC error.
    #[must_use]
    pub fn rpc_error(&self) -> Option<(i64, &str)> {
        let error = self.body.get("error")?;
        Some((error.get("code")?.as_i64()?, error.get("message")?.as_str()?))
    }

    /// `WWW-Authenticate`, as it came.
    #[must_use]
    pub fn challenge(&self) -> Option<&str> {
        self.headers.get(header::WWW_AUTHENTICATE)?.to_str().ok()
    }

    /// What a person would read: the tool's text, else the error's message, else the status.
    #[must_use]
    pub fn sentence(&self) -> String {
        self.text()
            .or_else(|| self.rpc_error().map(|(_, message)| message))
            .or_else(|| self.body.get("error_description").and_then(Value::as_str))
            .map_or_else(|| format!("HTTP {}", self.status), str::to_owned)
    }
}

fn metadata() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": REVISION,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": { "name": "lab", "version": env!("CARGO_PKG_VERSION") },
    })
}
