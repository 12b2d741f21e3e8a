//! For the fuzzer's door: what becomes of an `Authorization`, and every `WWW-Authenticate` there is.

use axum::response::Response;
use http::{HeaderMap, HeaderValue};
use identity::{BearerToken, Scope, exchange::ClaimsChallenge};
use uuid::Uuid;

use super::{Face, bearer, challenge, limits, refusal::EdgeRefusal};

/// The token of a request with these headers, or the answer to it.
pub fn authorization(headers: &HeaderMap, face: &Face) -> Result<BearerToken, Response> {
    let judged = limits::headers(headers).map_err(EdgeRefusal::from).and_then(|()| Ok(bearer::bearer(headers)?));
    judged.map_err(|refusal| refusal.respond(face, Uuid::nil()))
}

/// The challenges to a caller without a token, with a bad one, without a scope, and with claims to satisfy.
#[must_use]
pub fn challenges(face: &Face, scope: Scope, description: &str, claims: &ClaimsChallenge) -> [HeaderValue; 4] {
    [
        challenge::sign_in(face),
        challenge::invalid_token(face, description),
        challenge::insufficient_scope(face, scope, description),
        challenge::insufficient_claims(face, claims),
    ]
}
