//! The one HTTP client of the process: the system's TLS roots, no redirects, bounded connecting.

use std::{sync::Arc, time::Duration};

use rustls::{ClientConfig, RootCertStore};

/// Connecting, TLS included. The deadlines of whole requests belong to the rooms that make them.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Below the 4 minutes after which Azure's load balancers drop an idle connection silently.
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectionsError {
    /// The TLS library refused its own defaults.
    #[error("TLS could not be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// The client could not be built, for example because `HTTPS_PROXY` is not an address.
    #[error("the HTTP client could not be set up; check HTTPS_PROXY: {0}")]
    Client(#[from] reqwest::Error),
}

/// Builds the client. The roots come from the system's store, so that `SSL_CERT_FILE` works on every OS; without any
/// root every `https` request fails, which the first of them reports.
///
/// Redirects are never followed: a token must not travel to an address that an answer chose.
pub fn client() -> Result<reqwest::Client, ConnectionsError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots())
        .with_no_client_auth();
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    let builder = reqwest::Client::builder();
    let client = builder
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .tcp_nodelay(true)
        .user_agent(concat!("mcp-cost-server/", env!("CARGO_PKG_VERSION")))
        .build()?;
    Ok(client)
}

/// How many certificate authorities are trusted.
#[must_use]
pub fn root_certificates() -> usize {
    roots().len()
}

fn roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(event = "tls_roots", %error, "a certificate store could not be read");
    }
    roots.add_parsable_certificates(found.certs);
    roots
}
