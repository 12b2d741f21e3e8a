//! The edge: routes, limits, bearer, challenges, metadata. The only room that knows axum, statuses and headers.
//!
//! Order at `/mcp`: size limits → Origin → room for a call → bearer → method → content type → message → tool. The first
//! failure answers, and every doubt is a refusal.

mod bearer;
mod call_refusal;
mod challenge;
mod endpoint;
mod face;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
mod lambda;
mod limits;
mod metadata;
mod origin;
mod patience;
mod refusal;
mod serve;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    response::IntoResponse,
    routing::{any, get},
};
pub use face::Face;
use http::{StatusCode, header};
use identity::{Random, Validator};
pub use lambda::serve_lambda;
pub use origin::Origin;
pub use refusal::protocol_error;
pub use serve::serve;
use tokio::sync::Semaphore;

use crate::{mcp::ServerInfo, tools::Tools};

/// Calls at the same time. The next is refused with 503, while there is still room to say so.
///
/// An instance that waits for Azure holds little for a call; the Functions host gives it 1,000 at most.
pub(crate) const CALLS: usize = 1024;

/// How long a call that is refused for want of room should stay away.
const COME_BACK: Duration = Duration::from_secs(1);

/// Everything a request needs. Shared, immutable, and without any identity of its own.
pub struct Edge {
    /// What this server is called from outside.
    pub(crate) face: Face,
    /// Exact web origins that may call from a browser.
    pub(crate) allowed_origins: Vec<String>,
    /// Judges bearer tokens.
    pub(crate) validator: Validator,
    /// Judges and runs tools.
    pub(crate) tools: Tools,
    /// Who this server says it is.
    pub(crate) server: ServerInfo,
    /// A place for each of the [`CALLS`].
    pub(crate) places: Semaphore,
    /// Makes correlation ids.
    pub(crate) random: Arc<dyn Random>,
}

/// All routes.
pub fn router(edge: Edge) -> Router {
    let metadata = metadata::document(&edge.face);
    let well_known = get(move || std::future::ready(metadata.clone().into_response()));
    Router::new()
        .route("/mcp", any(endpoint::mcp))
        .route("/.well-known/oauth-protected-resource", well_known.clone())
        .route("/.well-known/oauth-protected-resource/mcp", well_known)
        .route("/healthz", get(|| std::future::ready("ok")))
        .route("/consented", get(|| std::future::ready(consented())))
        // the host asks until anything answers, and again for its status: cheap, and open to everybody
        .route("/", get(|| std::future::ready(StatusCode::NO_CONTENT)))
        .with_state(Arc::new(edge))
}

/// Where Entra sends a browser after a consent. Reads nothing and shows nothing of the query: there is nothing to inject.
fn consented() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, "If you agreed, your consent is recorded: close this page and repeat your request.\n")
}

#[cfg(test)]
mod tests;
