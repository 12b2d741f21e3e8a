//! `WWW-Authenticate` (RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 9728 section 5.1).

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderValue;
use identity::{Scope, exchange::ClaimsChallenge};

use super::face::Face;

/// The challenge to a caller without a token.
pub(super) fn sign_in(face: &Face) -> HeaderValue {
    Challenge::new()
        .with("resource_metadata", &face.metadata_url())
        .with("scope", &face.full_scope(Scope::CostRead))
        .value()
}

/// The challenge to a caller whose token is not accepted, and why.
pub(super) fn invalid_token(face: &Face, description: &str) -> HeaderValue {
    Challenge::new()
        .with("resource_metadata", &face.metadata_url())
        .with("scope", &face.full_scope(Scope::CostRead))
        .with("error", "invalid_token")
        .with("error_description", description)
        .value()
}

/// The challenge to a caller who must come back with one more scope: that of the tool, not those already held.
pub(super) fn insufficient_scope(face: &Face, scope: Scope, description: &str) -> HeaderValue {
    Challenge::new()
        .with("error", "insufficient_scope")
        .with("scope", &face.full_scope(scope))
        .with("resource_metadata", &face.metadata_url())
        .with("error_description", description)
        .value()
}

/// The challenge to a caller whose next token must satisfy `claims`.
///
/// Base64 in the standard alphabet with padding: the one form that every Microsoft library decodes.
pub(super) fn insufficient_claims(face: &Face, claims: &ClaimsChallenge) -> HeaderValue {
    Challenge::new()
        .with("realm", &face.authority.tenant().to_string())
        .with("authorization_uri", &face.authority.authorization_endpoint())
        .with("error", "insufficient_claims")
        .with("claims", &STANDARD.encode(claims.json()))
        .with("resource_metadata", &face.metadata_url())
        .value()
}

/// A `Bearer` challenge under construction.
struct Challenge(String);

impl Challenge {
    fn new() -> Self {
        Self("Bearer".to_owned())
    }

    /// Adds a quoted parameter. RFC 6750 allows neither quotes nor backslashes nor anything outside ASCII in them.
    fn with(mut self, name: &str, value: &str) -> Self {
        let separator = if self.0 == "Bearer" { ' ' } else { ',' };
        let space = if separator == ',' { " " } else { "" };
        let safe: String = value.chars().map(|c| if is_allowed(c) { c } else { '\'' }).collect();
        // writing to a String can't fail
        let _ = write!(self.0, "{separator}{space}{name}=\"{safe}\"");
        self
    }

    fn value(self) -> HeaderValue {
        HeaderValue::from_str(&self.0).unwrap_or_else(|_| HeaderValue::from_static("Bearer"))
    }
}

const fn is_allowed(c: char) -> bool {
    matches!(c, ' '..='~') && !matches!(c, '"' | '\\')
}
