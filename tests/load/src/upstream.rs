//! A stand-in for Entra ID and Resource Manager that costs little: it believes every token and answers from a template.
//!
//! The local Azure of `tests/lab` checks all it is told, which would be most of the work on the machine. This one keeps
//! only what a wrong answer would show by: the exchanged token names the object id of the assertion, and the costs are
//! marked with the object id of the token they were asked with.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use serde::Deserialize;

use crate::serve;

/// Begins the name of the service that only one person's costs have; their mark follows.
pub(crate) const MARK: &str = "Backup of ";

/// Begins the tokens it issues; the object id follows.
pub(crate) const TOKEN: &str = "for-";

/// What the stand-in may be asked, beside what Azure is asked.
#[derive(Default)]
pub(crate) struct Upstream {
    /// Holds the key set. Read when it is asked for: tokens can't be signed before the address is known.
    keys: PathBuf,
    exchanges: AtomicU64,
    latency_milliseconds: AtomicU64,
}

#[derive(Deserialize)]
struct Claims {
    oid: String,
}

impl Upstream {
    pub(crate) fn new(keys: PathBuf) -> Arc<Self> {
        Arc::new(Self { keys, ..Self::default() })
    }

    pub(crate) async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path().to_owned();
        if path.ends_with("/discovery/v2.0/keys") {
            serve::json(StatusCode::OK, std::fs::read(&self.keys).unwrap_or_default())
        } else if path.ends_with("/oauth2/v2.0/token") {
            self.exchanges.fetch_add(1, Relaxed);
            let form = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
            issued(&form).map_or_else(unknown, |body| serve::json(StatusCode::OK, body))
        } else if path.ends_with("/providers/Microsoft.CostManagement/query") {
            let latency = self.latency_milliseconds.load(Relaxed);
            if latency > 0 {
                tokio::time::sleep(Duration::from_millis(latency)).await;
            }
            costs(&request).map_or_else(unknown, |body| serve::json(StatusCode::OK, body))
        } else if path == "/exchanges" {
            serve::json(StatusCode::OK, self.exchanges.load(Relaxed).to_string())
        } else if let Some(latency) = path.strip_prefix("/latency/").and_then(|latency| latency.parse().ok()) {
            self.latency_milliseconds.store(latency, Relaxed);
            serve::json(StatusCode::OK, "")
        } else {
            unknown()
        }
    }
}

/// The answer of the token endpoint to a form with an `assertion`.
fn issued(form: &[u8]) -> Option<String> {
    let mut fields = str::from_utf8(form).ok()?.split('&');
    let assertion = fields.find_map(|field| field.strip_prefix("assertion="))?;
    let payload = BASE64_URL_SAFE_NO_PAD.decode(assertion.split('.').nth(1)?).ok()?;
    let Claims { oid } = serde_json::from_slice(&payload).ok()?;
    Some(format!(r#"{{"token_type":"Bearer","expires_in":4500,"ext_expires_in":4500,"access_token":"{TOKEN}{oid}"}}"#))
}

/// A page of costs of whoever the token is for.
fn costs(request: &Request<Incoming>) -> Option<String> {
    let token = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
    let mark = token.strip_prefix(TOKEN)?.rsplit('-').next()?;
    Some(format!(
        r#"{{"id":"q","name":"q","type":"Microsoft.CostManagement/query","properties":{{"nextLink":null,"columns":[{{"name":"Cost","type":"Number"}},{{"name":"ServiceName","type":"String"}},{{"name":"PublisherType","type":"String"}},{{"name":"Currency","type":"String"}}],"rows":[[1842.118430275512,"Virtual Machines","Azure","EUR"],[911.0411,"SQL Database","Azure","EUR"],[402.77,"Storage","Azure","EUR"],[230.123456789,"Azure App Service","Azure","EUR"],[118.5,"Bandwidth","Azure","EUR"],[97.25,"Azure Monitor","Azure","EUR"],[61.9,"Load Balancer","Azure","EUR"],[40.006,"Key Vault","Azure","EUR"],[12.5,"SendGrid","Marketplace","EUR"],[7.31,"Virtual Network","Azure","EUR"],[2.6E-06,"Azure DNS","Azure","EUR"],[3.14,"{MARK}{mark}","Azure","EUR"]]}}}}"#
    ))
}

fn unknown() -> Response<Full<Bytes>> {
    serve::json(StatusCode::NOT_FOUND, r#"{"error":{"code":"NotFound","message":"not of this stand-in"}}"#)
}
