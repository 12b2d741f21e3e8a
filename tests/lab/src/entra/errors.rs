//! Entra's refusals, with every member of the body it sends.
//!
//! Shape: <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow#error-response-example>;
//! numbers and texts: <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    server::{self, with_header},
    world,
};

/// Why Entra issues no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}: AADSTS{code}: {message}")]
pub struct EntraError {
    /// The AADSTS number.
    pub code: u32,
    /// `error`, the OAuth code.
    pub error: &'static str,
    /// The sentence after the number.
    pub message: String,
    /// `suberror`.
    pub suberror: Option<&'static str>,
    /// `claims`: what the next sign-in must satisfy.
    pub claims: Option<Value>,
}

impl EntraError {
    fn new(error: &'static str, code: u32, message: impl Into<String>) -> Self {
        Self { code, error, message: message.into(), suberror: None, claims: None }
    }

    pub(super) fn invalid_request(code: u32, message: impl Into<String>) -> Self {
        Self::new("invalid_request", code, message)
    }

    pub(super) fn invalid_client(code: u32, message: impl Into<String>) -> Self {
        Self::new("invalid_client", code, message)
    }

    pub(super) fn invalid_grant(code: u32, message: impl Into<String>) -> Self {
        Self::new("invalid_grant", code, message)
    }

    pub(super) fn invalid_scope(code: u32, message: impl Into<String>) -> Self {
        Self::new("invalid_scope", code, message)
    }

    pub(super) fn invalid_resource(code: u32, message: impl Into<String>) -> Self {
        Self::new("invalid_resource", code, message)
    }

    pub(super) fn unauthorized_client(code: u32, message: impl Into<String>) -> Self {
        Self::new("unauthorized_client", code, message)
    }

    pub(super) fn unsupported_grant_type(code: u32, message: impl Into<String>) -> Self {
        Self::new("unsupported_grant_type", code, message)
    }

    pub(super) fn interaction_required(code: u32, message: impl Into<String>) -> Self {
        Self::new("interaction_required", code, message)
    }

    pub(super) fn temporarily_unavailable(code: u32, message: impl Into<String>) -> Self {
        Self::new("temporarily_unavailable", code, message)
    }

    pub(super) fn suberror(self, suberror: &'static str) -> Self {
        Self { suberror: Some(suberror), ..self }
    }

    pub(super) fn claims(self, claims: Value) -> Self {
        Self { claims: Some(claims), ..self }
    }

    /// The body must have the form field `name`, and has it not.
    pub(super) fn missing(name: &str) -> Self {
        Self::invalid_request(900_144, format!("The request body must contain the following parameter: '{name}'."))
    }

    /// The lab itself failed.
    pub(crate) fn internal() -> Self {
        Self::new("server_error", 90_033, "A transient error has occurred. Please try again.")
    }

    /// 401 when the client is not authenticated, else 400, but for Entra's own failures.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self.error {
            "invalid_client" => StatusCode::UNAUTHORIZED,
            "temporarily_unavailable" | "server_error" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The answer to a request that named itself `correlation_id`.
    pub(crate) fn response(&self, correlation_id: &str) -> Response<Bytes> {
        let (trace_id, timestamp) = (world::guid(), world::stamp(world::now()));
        let description = format!(
            "AADSTS{}: {}\r\nTrace ID: {trace_id}\r\nCorrelation ID: {correlation_id}\r\nTimestamp: {timestamp}",
            self.code, self.message
        );
        let mut body = json!({
            "error": self.error,
            "error_description": description,
            "error_codes": [self.code],
            "timestamp": timestamp,
            "trace_id": trace_id.to_string(),
            "correlation_id": correlation_id,
            "error_uri": format!("https://login.microsoftonline.com/error?code={}", self.code),
        });
        if let Some(suberror) = self.suberror {
            body["suberror"] = suberror.into();
        }
        if let Some(claims) = &self.claims {
            // a JSON document inside a JSON string
            body["claims"] = claims.to_string().into();
        }
        let response = token_headers(server::json(self.status(), &body), correlation_id, &trace_id.to_string());
        with_header(response, "x-ms-clitelem", &format!("1,{},0,,", self.code))
    }
}

/// The headers of every answer of the token endpoint.
pub(super) fn token_headers(response: Response<Bytes>, correlation_id: &str, trace_id: &str) -> Response<Bytes> {
    let response = with_header(response, "cache-control", "no-store, no-cache");
    let response = with_header(response, "pragma", "no-cache");
    let response = with_header(response, "client-request-id", correlation_id);
    let response = with_header(response, "x-ms-ests-server", "2.1.0 - LAB ProdSlices");
    with_header(response, "x-ms-request-id", trace_id)
}
