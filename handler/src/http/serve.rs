//! Connections: accepting them, bounding what an unknown peer may make us hold, and ending them.

use std::{future::Future, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, sync::Semaphore};

use super::{CALLS, patience::Patience};

/// How long a connection may go without the whole head of a request: the first, or the next.
///
/// Longer than the minute for which proxies, the Functions host among them, keep a connection that is idle. Whoever uses
/// it again must be the one who ends it; the other way round a call now and then meets a connection that is just closing.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// Larger heads are refused by the connection itself; [`super::limits`] refuses smaller ones with a sentence.
const HEAD_BUFFER: usize = 80 * 1024;
/// Connections at the same time: those that [`CALLS`] come over, and three times as many that can be told to come back.
/// With their buffers full they hold 320 MiB; who comes next waits to be accepted.
const CONNECTIONS: usize = 4 * CALLS;
/// How long calls in flight may go on after a stop was asked for.
const GRACE: Duration = Duration::from_secs(10);

/// Serves until `stop` resolves, then lets calls in flight end.
///
/// A connection that the peer closes drops the call it carries: nothing here outlives its request.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    serve_at_most(CONNECTIONS, listener, router, stop).await;
}

async fn serve_at_most(connections: usize, listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(HEAD_BUFFER);
    let http = Arc::new(http);
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(connections));
    let mut stop = std::pin::pin!(stop);
    loop {
        let free_place = async { (Arc::clone(&places).acquire_owned().await, listener.accept().await) };
        let (place, stream) = tokio::select! {
            () = &mut stop => break,
            (place, accepted) = free_place => match accepted {
                Ok((stream, _)) => (place, stream),
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
        let connection = graceful.watch(http.serve_connection(TokioIo::new(Patience::with(stream)), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(event = "connection_ended", %error, "a connection ended early");
            }
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
        tracing::warn!(event = "stopped_hard", "calls still in flight were dropped");
    }
}

#[cfg(test)]
mod tests {
    //! Proves how long connections live and how many there are, over sockets on loopback and with time that is moved by
    //! hand. How long the Functions host keeps an idle connection today, only the platform shows.

    use std::net::SocketAddr;

    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
        task::JoinHandle,
    };

    use super::*;

    async fn serving(connections: usize) -> (SocketAddr, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(|| std::future::ready("here")));
        (address, tokio::spawn(serve_at_most(connections, listener, router, std::future::pending())))
    }

    /// Asks and reads the answer to its last byte; nothing when the connection is over.
    async fn answered(stream: &mut TcpStream) -> Option<()> {
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.ok()?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"here") {
            if stream.read_buf(&mut answer).await.ok()? == 0 {
                return None;
            }
        }
        Some(())
    }

    /// Lets time pass at once, and every timer that is due run.
    async fn pass(duration: Duration) {
        tokio::time::pause();
        tokio::time::advance(duration).await;
        tokio::task::yield_now().await;
        tokio::time::resume();
    }

    #[tokio::test]
    async fn an_idle_connection_serves_again_for_longer_than_a_proxy_keeps_it() {
        let (address, _server) = serving(1).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        assert_eq!(answered(&mut stream).await, Some(()));
        pass(Duration::from_secs(61)).await;
        assert_eq!(answered(&mut stream).await, Some(()));
    }

    #[tokio::test]
    async fn a_connection_that_stays_silent_is_closed() {
        let (address, _server) = serving(1).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        assert_eq!(answered(&mut stream).await, Some(()));
        stream.write_all(b"GET / HTTP/1.1\r\nhos").await.unwrap();
        pass(HEAD_TIMEOUT + Duration::from_secs(1)).await;
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_strange_request_costs_its_own_connection_at_most() {
        let (address, _server) = serving(1).await;
        for (head, status) in [
            ("OPTIONS * HTTP/1.1\r\n", "404"),
            ("CONNECT evil.example:443 HTTP/1.1\r\n", "404"),
            ("GET http://evil.example/ HTTP/1.1\r\n", "200"),
            ("GET //evil.example/%2e%2e/%00%ff HTTP/1.1\r\n", "404"),
            ("GET ? HTTP/1.1\r\n", "400"),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n", "400"),
            ("POST / HTTP/1.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n", "405"),
            ("POST / HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 6\r\n", "400"),
            ("POST / HTTP/1.1\r\ntransfer-encoding: chunked, identity\r\n", "400"),
            ("POST / HTTP/1.1\r\ncontent-length: +5\r\n", "400"),
            ("GET / HTTP/1.1\r\nx: \u{0}\r\n", "400"),
        ] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(format!("{head}host: x\r\nconnection: close\r\n\r\n").as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.unwrap();
            assert!(answer.starts_with(format!("HTTP/1.1 {status} ").as_bytes()), "{head:?}");
            drop(stream);
            let mut next = TcpStream::connect(address).await.unwrap();
            assert_eq!(answered(&mut next).await, Some(()), "{head}");
        }
    }

    #[tokio::test]
    async fn who_finds_no_place_waits_for_one() {
        let (address, _server) = serving(1).await;
        let mut first = TcpStream::connect(address).await.unwrap();
        assert_eq!(answered(&mut first).await, Some(()));
        let mut second = TcpStream::connect(address).await.unwrap();
        second.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(second.try_read(&mut [0; 1]).is_err(), "answered although there is no place");
        drop(first);
        assert_eq!(answered(&mut second).await, Some(()));
    }
}
