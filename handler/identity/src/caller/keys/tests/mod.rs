//! Proves how keys are fetched, shared and kept, against a key endpoint on loopback and a clock that moves by hand. How
//! Entra itself rolls its keys over is for a live tenant to show.

mod demand;
mod document;
mod outage;
mod refresh;

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use super::*;
use crate::caller::testing::{ENTRA_KEY, KeyServer, NEXT_KEY, StillTime, TENANT, TestClock};

struct Fixture {
    server: KeyServer,
    clock: Arc<TestClock>,
    keys: Arc<SigningKeys>,
    _still: StillTime,
}

impl Fixture {
    /// Nothing fetched yet.
    async fn empty() -> Self {
        let still = StillTime::hold();
        let (server, clock) = (KeyServer::start().await, TestClock::new());
        let keys = server.keys(Arc::clone(&clock) as Arc<dyn Clock>);
        Self { server, clock, keys, _still: still }
    }

    /// Entra's key is known; the endpoint was asked once.
    async fn fetched() -> Self {
        let fixture = Self::empty().await;
        fixture.keys.prefetch().await;
        fixture.assert_known(&ENTRA_KEY.id).await;
        fixture
    }

    async fn find(&self, key_id: &str) -> Option<TokenRefusal> {
        self.keys.find(key_id).await.err()
    }

    async fn assert_known(&self, key_id: &str) {
        assert_eq!(self.find(key_id).await, None, "{key_id}");
    }

    async fn assert_unknown(&self, key_id: &str) {
        assert_eq!(self.find(key_id).await, Some(TokenRefusal::UnknownKey), "{key_id}");
    }

    async fn assert_unavailable(&self, key_id: &str, seconds: u64) {
        let expected = TokenRefusal::KeysUnavailable { retry_after: Duration::from_secs(seconds) };
        assert_eq!(self.find(key_id).await, Some(expected), "{key_id}");
    }

    #[track_caller]
    fn assert_asked(&self, times: usize) {
        assert_eq!(self.server.times_asked(), times, "requests to the key endpoint");
    }

    /// A search for that key in a task of its own.
    fn search(&self, key_id: &str) -> tokio::task::JoinHandle<Option<TokenRefusal>> {
        let (keys, key_id) = (Arc::clone(&self.keys), key_id.to_owned());
        tokio::spawn(async move { keys.find(&key_id).await.err() })
    }
}

/// Moves the time. Timers fire at the next whole millisecond, hence one more.
async fn advance(duration: Duration) {
    time::advance(duration + Duration::from_millis(1)).await;
}

/// The answer that needs no waiting.
#[track_caller]
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the answer has to wait"),
    }
}

/// Lets every task that can run do so.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}
