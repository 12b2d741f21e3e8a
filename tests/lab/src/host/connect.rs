//! Connects to the handler, patiently: it may be between two lives.
//!
//! Only the connection is tried again. Once a byte of the request may have been sent, a repeat could run it twice.

use std::future::Future;
use std::io;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// How often a connection is tried for a request that is proxied.
pub(super) const TRIES: u64 = 10;
/// The wait before the second try; it grows by the same until it reaches the longest.
const SHORTEST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_millis(250);

/// A connector for `hyper_util`'s client that has one destination, whatever the address says.
#[derive(Debug, Clone)]
pub(super) struct HandlerConnector {
    pub(super) port: u16,
    /// How often a connection is tried.
    pub(super) tries: u64,
}

impl tower_service::Service<Uri> for HandlerConnector {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<TcpStream>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let Self { port, tries } = *self;
        Box::pin(async move {
            let stream = patiently(tries, || TcpStream::connect((Ipv4Addr::LOCALHOST, port))).await?;
            // a chunk is passed on when it comes, not when there are more
            stream.set_nodelay(true)?;
            Ok(TokioIo::new(stream))
        })
    }
}

async fn patiently<T, F: Future<Output = io::Result<T>>>(tries: u64, mut connect: impl FnMut() -> F) -> io::Result<T> {
    let mut wait = SHORTEST_WAIT;
    for _ in 1..tries {
        if let Ok(connection) = connect().await {
            return Ok(connection);
        }
        tokio::time::sleep(wait).await;
        wait = LONGEST_WAIT.min(wait + SHORTEST_WAIT);
    }
    connect().await
}

#[cfg(test)]
mod tests {
    //! Proves how long a handler that does not listen is waited for. How long the real one does, only it shows.
    use super::*;
    use tokio::time::Instant;

    async fn after(failures: u32) -> (io::Result<u32>, Duration) {
        let start = Instant::now();
        let mut tries = 0;
        let result = patiently(TRIES, || {
            tries += 1;
            std::future::ready(if tries > failures { Ok(tries) } else { Err(io::ErrorKind::ConnectionRefused.into()) })
        });
        (result.await, start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_handler_that_listens_is_reached_at_once() {
        let (result, waited) = after(0).await;
        assert_eq!((result.unwrap(), waited), (1, Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn the_tenth_try_is_the_last() {
        let (result, waited) = after(9).await;
        assert_eq!((result.unwrap(), waited), (10, Duration::from_millis(50 + 100 + 150 + 200 + 5 * 250)));
        assert!(after(10).await.0.is_err());
    }
}
