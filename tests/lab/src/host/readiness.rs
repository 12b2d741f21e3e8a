//! Asks the handler whether it is there, before any request is let through.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Empty;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

const PAUSE: Duration = Duration::from_millis(25);

/// Returns when `GET /` gets any answer at all: 404 and 500 mean ready, and so does a broken one. Only a handler that
/// does not listen is asked again, without end.
pub(super) async fn until_ready(port: u16) {
    let Ok(handler) = super::proxy::destination(port, "/", None) else { return };
    let client: Client<HttpConnector, Empty<Bytes>> =
        Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http();
    while client.get(handler.clone()).await.is_err_and(|error| error.is_connect()) {
        tokio::time::sleep(PAUSE).await;
    }
}
