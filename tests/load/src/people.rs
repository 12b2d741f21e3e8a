//! Distinct people, each with a token of their own, signed in advance by the key of the local Entra ID.
//!
//! The tokens name the stand-in as their issuer, and the key set it publishes says so too: nothing of the lab runs while
//! something is measured.

use std::{net::SocketAddr, path::Path};

use bytes::Bytes;
use lab::{
    Lab,
    people::{SERVER_CLIENT_ID, TENANT_ID},
    resource_manager::SHOP_PROD,
};
use serde_json::json;

use crate::{Failure, wire};

const REVISION: &str = "2026-07-28";

/// Somebody, and what they ask, ready to be sent.
pub(crate) struct Person {
    /// The last group of their object id, and what their costs are marked with.
    pub(crate) mark: String,
    pub(crate) list_tools: Bytes,
    pub(crate) cost_by_service: Bytes,
}

/// What the servers are told of the tenant.
pub(crate) struct Tenant {
    lab: Lab,
    /// The stand-in for Entra ID and Resource Manager.
    upstream: SocketAddr,
}

impl Tenant {
    /// Publishes the signing keys at `keys`, for `upstream` to serve.
    pub(crate) async fn new(upstream: SocketAddr, keys: &Path) -> Result<Self, Failure> {
        let lab = Lab::start().await?;
        let authority = lab.entra().authority().to_owned();
        let published = lab.client().get(format!("{authority}/{TENANT_ID}/discovery/v2.0/keys")).send();
        let published = async { published.await?.text().await }.await;
        let published = published.map_err(|error| Failure::Keys(error.to_string()))?;
        std::fs::write(keys, published.replace(&authority, &origin(upstream)))?;
        Ok(Self { lab, upstream })
    }

    pub(crate) fn people(&self, count: usize) -> Result<Vec<Person>, Failure> {
        (0..count).map(|number| self.person(number)).collect()
    }

    fn person(&self, number: usize) -> Result<Person, Failure> {
        let mark = format!("{number:012}");
        let token = self.lab.token(self.lab.alice()).scope("cost.read").claim("iss", self.issuer());
        let token = token.claim("oid", format!("5ca1ab1e-0000-4000-8000-{mark}")).issue()?;
        let arguments = json!({ "subscriptionId": SHOP_PROD });
        let call = json!({ "name": "cost_by_service", "arguments": arguments, "_meta": metadata() });
        Ok(Person {
            list_tools: message(&token, "tools/list", None, &json!({ "_meta": metadata() })),
            cost_by_service: message(&token, "tools/call", Some("cost_by_service"), &call),
            mark,
        })
    }

    /// `iss` of the tokens.
    pub(crate) fn issuer(&self) -> String {
        format!("{}/{TENANT_ID}/v2.0", origin(self.upstream))
    }

    /// `aud` of the tokens.
    pub(crate) fn audience() -> &'static str {
        SERVER_CLIENT_ID
    }

    /// The settings of a handler that listens on `port`, with budgets that the load does not exhaust.
    pub(crate) fn settings(&self, port: u16) -> Vec<(&'static str, String)> {
        vec![
            ("AZURE_TENANT_ID", TENANT_ID.to_owned()),
            ("AZURE_CLIENT_ID", SERVER_CLIENT_ID.to_owned()),
            ("APP_ID_URI", self.lab.app_id_uri().to_owned()),
            ("AZURE_CERT_PATH", self.lab.pem_certificate().display().to_string()),
            ("AZURE_AUTHORITY_HOST", origin(self.upstream)),
            ("AZURE_RESOURCE_MANAGER_URL", origin(self.upstream)),
            ("PUBLIC_URL", "http://localhost".to_owned()),
            ("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string()),
            ("CALLER_QUERY_BUDGET", "1000000".to_owned()),
            ("OBO_CACHE_CAPACITY", "20000".to_owned()),
        ]
    }
}

fn origin(address: SocketAddr) -> String {
    format!("http://{address}")
}

fn message(token: &str, method: &str, name: Option<&str>, params: &serde_json::Value) -> Bytes {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
    let mut headers = vec![("mcp-protocol-version", REVISION), ("mcp-method", method)];
    headers.extend(name.map(|name| ("mcp-name", name)));
    wire::post(&headers, token, &body)
}

fn metadata() -> serde_json::Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": REVISION,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": { "name": "load", "version": env!("CARGO_PKG_VERSION") },
    })
}
