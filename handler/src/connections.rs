//! The one HTTP client of the process: the system's TLS roots, no redirects, a proxy for `https` only, bounded connecting.

use std::{sync::Arc, time::Duration};

use reqwest::{NoProxy, Proxy};
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
    let builder = builder
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .tcp_nodelay(true)
        .user_agent(concat!("mcp-cost-server/", env!("CARGO_PKG_VERSION")));
    let builder = match https_proxy()? {
        Some(proxy) => builder.proxy(proxy),
        None => builder,
    };
    Ok(builder.build()?)
}

/// `HTTPS_PROXY`, with the exceptions of `NO_PROXY`: a tunnel, in which a proxy reads nothing.
///
/// There is none for `http`, whatever `HTTP_PROXY` says: what is asked in the clear is answered by this machine or its
/// host, and the secret of the managed identity endpoint must go no further.
fn https_proxy() -> Result<Option<Proxy>, reqwest::Error> {
    #[expect(clippy::disallowed_methods, reason = "of the platform, like SSL_CERT_FILE, which the TLS library reads")]
    let address = std::env::var("HTTPS_PROXY").unwrap_or_default();
    if address.is_empty() {
        return Ok(None);
    }
    Ok(Some(Proxy::https(address)?.no_proxy(NoProxy::from_env())))
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
