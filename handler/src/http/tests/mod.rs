//! Proves what a client sees of every refusal this room can render, with the headers read back by an independent
//! RFC 9110 parser. The order of the checks and the routes are proven end to end in `tests/`.

mod call_refusal;
mod challenge;
mod refusal;
mod request;

use axum::response::Response;
use http::{HeaderValue, header};
use http_body_util::BodyExt;
use identity::{Authority, exchange::ClaimsChallenge};
use serde_json::Value;
use uuid::Uuid;

use super::{face::Face, refusal::EdgeRefusal};

const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const CLIENT: &str = "99999999-8888-7777-6666-555555555555";
const CORRELATION_ID: Uuid = Uuid::from_u128(0xc0_ffee);

fn face() -> Face {
    let authority = Authority::new("https://login.microsoftonline.com".parse().unwrap(), TENANT.parse().unwrap());
    Face {
        public_url: "https://costs.contoso.example".into(),
        application: "api://contoso/mcp-cost-server".into(),
        authority,
        client: CLIENT.parse().unwrap(),
        azure_scope: "https://management.azure.com/.default".into(),
    }
}

fn claims() -> ClaimsChallenge {
    ClaimsChallenge::parse(r#"{"access_token":{"acrs":{"essential":true,"values":["p1"]}}}"#).unwrap()
}

/// The parameters of the one `Bearer` challenge, in order, as an independent parser reads them.
#[track_caller]
fn parameters(value: &HeaderValue) -> Vec<(String, String)> {
    let challenges = http_auth::parse_challenges(value.to_str().unwrap()).unwrap();
    let [challenge] = challenges.as_slice() else { panic!("{challenges:?}") };
    assert_eq!(challenge.scheme, "Bearer");
    challenge.params.iter().map(|(name, value)| ((*name).to_owned(), value.to_unescaped())).collect()
}

/// Status, challenge and body of a response, readable in a snapshot.
fn shown(response: Response) -> String {
    use std::fmt::Write as _;
    let (parts, body) = response.into_parts();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let body = runtime.block_on(body.collect()).unwrap().to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let mut shown = format!("{}\n", parts.status);
    for name in [header::WWW_AUTHENTICATE, header::RETRY_AFTER, header::ALLOW] {
        for value in parts.headers.get_all(&name) {
            writeln!(shown, "{name}: {}", value.to_str().unwrap()).unwrap();
        }
    }
    for value in parts.headers.get_all(header::WWW_AUTHENTICATE) {
        parameters(value);
    }
    assert_eq!(parts.headers[header::CACHE_CONTROL], "no-store");
    shown + &serde_json::to_string_pretty(&body).unwrap()
}

fn edge(refusal: &EdgeRefusal) -> String {
    shown(refusal.respond(&face(), CORRELATION_ID))
}
