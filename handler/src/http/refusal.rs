//! Refusals before a message could be read, and of messages that break the protocol. [`super::call_refusal`] has the rest.
//!
//! Before there is a message the body is OAuth-like; a broken message gets the JSON-RPC error of its revision.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use identity::{TokenRefusal, exchange::EntraDetails};
use serde_json::json;
use uuid::Uuid;

use super::{
    COME_BACK,
    bearer::NoBearer,
    challenge,
    face::Face,
    limits::{self, NoBody, TooLarge},
};
use crate::{
    audit::CallIds,
    mcp::{self, Era, ProtocolError, ProtocolErrorKind},
};

/// Refused before there was a message to answer.
#[derive(Debug)]
pub(super) enum EdgeRefusal {
    TooLarge(TooLarge),
    OriginNotAllowed,
    /// There are as many calls already as this instance serves at the same time.
    Overloaded,
    NoBearer(NoBearer),
    Token(TokenRefusal),
    /// Entra finds the caller's token expired or revoked, which this server can't see by itself.
    SignInEnded(EntraDetails),
    MethodNotAllowed,
    ContentTypeNotJson,
    BodyTooSlow,
    BodyBroken,
}

impl From<TooLarge> for EdgeRefusal {
    fn from(limit: TooLarge) -> Self {
        Self::TooLarge(limit)
    }
}

impl From<NoBearer> for EdgeRefusal {
    fn from(problem: NoBearer) -> Self {
        Self::NoBearer(problem)
    }
}

impl From<TokenRefusal> for EdgeRefusal {
    fn from(refusal: TokenRefusal) -> Self {
        Self::Token(refusal)
    }
}

impl From<NoBody> for EdgeRefusal {
    fn from(problem: NoBody) -> Self {
        match problem {
            NoBody::TooLarge => Self::TooLarge(TooLarge::Body),
            NoBody::Broken => Self::BodyBroken,
        }
    }
}

impl EdgeRefusal {
    /// A refused token is evidence of an attempt; nothing it claims about itself is repeated.
    pub(super) fn log(&self, ids: &CallIds) {
        let CallIds { correlation_id, trace_id } = ids;
        let (_, _, reason) = self.codes();
        match self {
            // a client without a token has not tried anything yet: that is how every sign-in begins
            Self::NoBearer(NoBearer::Missing) => {}
            // says nothing about the token
            Self::Token(TokenRefusal::KeysUnavailable { .. }) => log_refused(reason, ids),
            Self::Token(_) | Self::SignInEnded(_) | Self::NoBearer(NoBearer::Malformed) => {
                tracing::info!(event = "token_refused", reason, %correlation_id, trace_id, "a bearer token was refused");
            }
            _ => log_refused(reason, ids),
        }
    }

    pub(super) fn respond(&self, face: &Face, correlation_id: Uuid) -> Response {
        let (status, error, reason) = self.codes();
        let description = self.description(face);
        let body = json!({
            "error": error,
            "error_description": description,
            "reason": reason,
            "correlation_id": correlation_id.to_string(),
        });
        let mut response = json(status, body.to_string().into_bytes());
        let headers = response.headers_mut();
        match self {
            Self::NoBearer(NoBearer::Missing) => {
                headers.insert(header::WWW_AUTHENTICATE, challenge::sign_in(face));
            }
            Self::Token(TokenRefusal::KeysUnavailable { retry_after }) => {
                headers.insert(header::RETRY_AFTER, seconds(*retry_after).into());
            }
            Self::Overloaded => {
                headers.insert(header::RETRY_AFTER, seconds(COME_BACK).into());
            }
            Self::MethodNotAllowed => {
                headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
            }
            _ if status == StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, challenge::invalid_token(face, &description));
            }
            _ => {}
        }
        response
    }

    fn codes(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::TooLarge(TooLarge::Headers) => {
                (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large", "headers_too_large")
            }
            Self::TooLarge(TooLarge::Body) => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "body_too_large"),
            Self::OriginNotAllowed => (StatusCode::FORBIDDEN, "origin_not_allowed", "origin_not_allowed"),
            Self::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", "overloaded"),
            Self::NoBearer(NoBearer::Missing) => (StatusCode::UNAUTHORIZED, "missing_bearer", "missing_bearer"),
            Self::NoBearer(NoBearer::Malformed) => {
                (StatusCode::BAD_REQUEST, "invalid_request", "malformed_authorization")
            }
            Self::Token(refusal @ TokenRefusal::KeysUnavailable { .. }) => {
                (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", refusal.reason())
            }
            Self::Token(refusal @ TokenRefusal::ClientNotAllowed { .. }) => {
                (StatusCode::FORBIDDEN, "client_not_allowed", refusal.reason())
            }
            Self::Token(refusal) => (StatusCode::UNAUTHORIZED, "invalid_token", refusal.reason()),
            Self::SignInEnded(_) => (StatusCode::UNAUTHORIZED, "invalid_token", "sign_in_ended"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "method_not_allowed"),
            Self::ContentTypeNotJson => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "content_type_not_json")
            }
            Self::BodyTooSlow => (StatusCode::REQUEST_TIMEOUT, "request_timeout", "body_too_slow"),
            Self::BodyBroken => (StatusCode::BAD_REQUEST, "invalid_request", "body_broken"),
        }
    }

    fn description(&self, face: &Face) -> String {
        match self {
            Self::TooLarge(TooLarge::Headers) => format!(
                "the request's headers are larger than {} KiB, or its Authorization larger than {} KiB",
                limits::HEADERS / 1024,
                limits::AUTHORIZATION / 1024
            ),
            Self::TooLarge(TooLarge::Body) => {
                format!("the request's body is larger than {} MiB", limits::BODY / 1024 / 1024)
            }
            Self::OriginNotAllowed => {
                "this web origin is not allowed; ask the server's operator to add it to ALLOWED_ORIGINS".into()
            }
            Self::Overloaded => "this instance serves as many calls as it can; try again in 1 second".into(),
            Self::NoBearer(NoBearer::Missing) => format!(
                "sign in to tenant {} and send the access token as Authorization: Bearer",
                face.authority.tenant()
            ),
            Self::NoBearer(NoBearer::Malformed) => "send exactly one Authorization header, in ASCII".into(),
            Self::Token(refusal) => refusal.to_string(),
            Self::SignInEnded(details) => format!(
                "Microsoft Entra ID no longer accepts this sign-in{}; sign in again",
                aadsts(details).map(|code| format!(" ({code})")).unwrap_or_default()
            ),
            Self::MethodNotAllowed => "only POST is served here, one JSON-RPC message each".into(),
            Self::ContentTypeNotJson => "send the message as Content-Type: application/json".into(),
            Self::BodyTooSlow => "the request's body did not arrive in time".into(),
            Self::BodyBroken => "the request's body broke off".into(),
        }
    }
}

/// So that whoever is told a correlation id can be helped.
pub(super) fn log_refused(reason: &str, ids: &CallIds) {
    let CallIds { correlation_id, trace_id } = ids;
    tracing::info!(event = "request_refused", reason, %correlation_id, trace_id, "a request was refused");
}

/// The answer to a message that breaks the protocol; `correlation_id` finds the attempt in the log.
#[must_use]
pub fn protocol_error(error: &ProtocolError, correlation_id: Uuid) -> Response {
    let status = match &error.kind {
        ProtocolErrorKind::UnknownMethod { era: Era::Modern, .. } => StatusCode::NOT_FOUND,
        // a 404 would make a handshake client drop its connection and start over, for ever
        ProtocolErrorKind::UnknownMethod { era: Era::Legacy, .. } | ProtocolErrorKind::InvalidParams(_) => {
            StatusCode::OK
        }
        ProtocolErrorKind::Parse(_)
        | ProtocolErrorKind::InvalidRequest(_)
        | ProtocolErrorKind::HeaderMismatch(_)
        | ProtocolErrorKind::UnsupportedVersion { .. }
        | ProtocolErrorKind::InvalidMetadata(_) => StatusCode::BAD_REQUEST,
    };
    json(status, mcp::write_error(error.id.as_ref(), &error.rpc_error(&correlation_id.to_string())))
}

/// Whole seconds, rounded up: a client that comes back too early is refused again.
pub(super) fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// The AADSTS number that decided, for people who look it up.
pub(super) fn aadsts(details: &EntraDetails) -> Option<String> {
    details.codes.first().map(|code| format!("AADSTS{code}"))
}

pub(super) fn json(status: StatusCode, body: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")], body).into_response()
}
