//! What the handler is compared with: hyper and jsonwebtoken, and as little else as an honest server can have.
//!
//! [`verify`] checks signature, issuer, audience and times, and sends bytes that were ready before. [`relay`] also makes
//! the upstream request with the token an exchange would have given, reads the answer, and writes the table. Neither logs,
//! limits, exchanges, or knows MCP.

use std::{collections::HashMap, fmt::Write as _, net::SocketAddr, path::Path, sync::Arc};

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Failure, serve, upstream::TOKEN};

/// Verifies bearer tokens as the library's documentation shows.
struct Verifier {
    keys: HashMap<String, DecodingKey>,
    validation: Validation,
}

#[derive(Deserialize)]
struct Claims {
    oid: String,
}

impl Verifier {
    fn new(keys: &Path, issuer: &str, audience: &str) -> Result<Self, Failure> {
        let published: JwkSet = serde_json::from_slice(&std::fs::read(keys)?)?;
        let key = |jwk: &jsonwebtoken::jwk::Jwk| Some((jwk.common.key_id.clone()?, DecodingKey::from_jwk(jwk).ok()?));
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        Ok(Self { keys: published.keys.iter().filter_map(key).collect(), validation })
    }

    fn caller(&self, request: &Request<Incoming>) -> Option<String> {
        let token = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
        let key = self.keys.get(&jsonwebtoken::decode_header(token).ok()?.kid?)?;
        Some(jsonwebtoken::decode::<Claims>(token, key, &self.validation).ok()?.claims.oid)
    }
}

/// Serves `answer` to whoever has a valid token.
pub(crate) async fn verify(keys: &Path, issuer: &str, audience: &str, answer: &Path) -> Result<(), Failure> {
    let (verifier, answer) = (Arc::new(Verifier::new(keys, issuer, audience)?), Bytes::from(std::fs::read(answer)?));
    serve::serve(move |request| {
        let (verifier, answer) = (verifier.clone(), answer.clone());
        async move {
            let caller = verifier.caller(&request);
            // reads the body, as every server must that keeps the connection
            let body = request.into_body().collect().await;
            match (caller, body) {
                (Some(_), Ok(_)) => serve::json(StatusCode::OK, answer),
                _ => serve::json(StatusCode::UNAUTHORIZED, ""),
            }
        }
    })
    .await
}

/// Serves the costs of whoever has a valid token.
pub(crate) async fn relay(keys: &Path, issuer: &str, audience: &str, upstream: SocketAddr) -> Result<(), Failure> {
    let verifier = Arc::new(Verifier::new(keys, issuer, audience)?);
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client = Client::builder(TokioExecutor::new()).build(connector);
    serve::serve(move |request| {
        let (verifier, client) = (verifier.clone(), client.clone());
        async move {
            match verifier.caller(&request) {
                Some(caller) => costs(request, &caller, &client, upstream)
                    .await
                    .unwrap_or_else(|| serve::json(StatusCode::BAD_GATEWAY, "")),
                None => serve::json(StatusCode::UNAUTHORIZED, ""),
            }
        }
    })
    .await
}

async fn costs(
    request: Request<Incoming>,
    caller: &str,
    client: &Client<HttpConnector, Full<Bytes>>,
    upstream: SocketAddr,
) -> Option<Response<Full<Bytes>>> {
    let message: Value = serde_json::from_slice(&request.into_body().collect().await.ok()?.to_bytes()).ok()?;
    let subscription = message.pointer("/params/arguments/subscriptionId")?.as_str()?;
    let question = json!({
        "type": "ActualCost",
        "timeframe": "MonthToDate",
        "dataset": {
            "granularity": "None",
            "aggregation": { "totalCost": { "name": "Cost", "function": "Sum" } },
            "grouping": [{ "type": "Dimension", "name": "ServiceName" }],
        },
    });
    let question = Request::post(format!(
        "http://{upstream}/subscriptions/{subscription}/providers/Microsoft.CostManagement/query?api-version=2025-03-01"
    ))
    .header(header::AUTHORIZATION, format!("Bearer {TOKEN}{caller}"))
    .header(header::CONTENT_TYPE, "application/json")
    .body(Full::new(question.to_string().into()))
    .ok()?;
    let answer = client.request(question).await.ok()?.into_body().collect().await.ok()?.to_bytes();
    let answer: Value = serde_json::from_slice(&answer).ok()?;
    let rows = answer.pointer("/properties/rows")?.as_array()?;
    let mut text = "| Service | Cost |\n| --- | ---: |\n".to_owned();
    for row in rows {
        let (cost, service, currency) = (row.get(0)?.as_f64()?, row.get(1)?.as_str()?, row.get(3)?.as_str()?);
        writeln!(text, "| {service} | {cost:.2} {currency} |").ok()?;
    }
    let result = json!({ "content": [{ "type": "text", "text": text }], "structuredContent": { "items": rows } });
    let reply = json!({ "jsonrpc": "2.0", "id": message.get("id")?, "result": result });
    Some(serve::json(StatusCode::OK, reply.to_string()))
}
