//! Connections: accepting them, bounding what an unknown peer may make us hold, and ending them.

use std::{future::Future, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::net::TcpListener;

/// A peer that has not sent its request's head by then is not served.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Larger heads are refused by the connection itself; [`super::limits`] refuses smaller ones with a sentence.
const HEAD_BUFFER: usize = 128 * 1024;
/// How long calls in flight may go on after a stop was asked for.
const GRACE: Duration = Duration::from_secs(10);

/// Serves until `stop` resolves, then lets calls in flight end.
///
/// A connection that the peer closes drops the call it carries: nothing here outlives its request.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(HEAD_BUFFER);
    let http = Arc::new(http);
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let stream = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // out of file descriptors, most likely: existing calls must end before new ones can begin
                    tracing::warn!(event = "accept_failed", %error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        if stream.set_nodelay(true).is_err() {
            continue; // the peer is gone already
        }
        let service = TowerToHyperService::new(router.clone());
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(event = "connection_ended", %error, "a connection ended early");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
        tracing::warn!(event = "stopped_hard", "calls still in flight were dropped");
    }
}
