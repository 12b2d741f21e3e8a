//! The protected resource metadata (RFC 9728), built once from settings.

use axum::response::IntoResponse;
use http::{HeaderName, HeaderValue, header};
use identity::Scope;
use serde_json::json;

use super::face::Face;

/// The document, with its headers.
///
/// It names `cost.read` only: clients ask for all of `scopes_supported` at first sign-in, and asking for `cost.export`
/// there would demand an administrator of everybody.
pub(super) fn document(face: &Face) -> impl IntoResponse + Clone + use<> {
    let body = json!({
        "resource": face.resource(),
        "authorization_servers": [face.authority.issuer()],
        "scopes_supported": [face.full_scope(Scope::CostRead)],
        "bearer_methods_supported": ["header"],
        "resource_name": "mcp-cost-server: Azure costs as the caller",
    });
    let headers: [(HeaderName, HeaderValue); 3] = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600")),
    ];
    (headers, body.to_string())
}
