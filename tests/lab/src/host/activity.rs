//! Ends what nothing happens on: YARP's activity timeout, 240 s without a byte in either direction. (A client that does not
//! read, for which YARP has the same limit, is not noticed here.)
//!
//! <https://learn.microsoft.com/aspnet/core/fundamentals/servers/yarp/timeouts>

use std::error::Error;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Instant, sleep_until};

/// How long nothing may happen.
const LIMIT: Duration = Duration::from_mins(4);

/// The last time something happened in one call. A clone is the same call.
#[derive(Debug, Clone)]
pub(super) struct Activity(Arc<Mutex<Instant>>);

/// Nothing happened for too long.
#[derive(Debug, thiserror::Error)]
#[error("no byte for {} s", LIMIT.as_secs())]
pub(super) struct Idle;

impl Activity {
    pub(super) fn begin() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    /// Returns when nothing has happened for too long.
    pub(super) async fn until_idle(self) {
        loop {
            let end = *self.0.lock().unwrap_or_else(PoisonError::into_inner) + LIMIT;
            if end <= Instant::now() {
                return;
            }
            sleep_until(end).await;
        }
    }

    /// A body whose frames count as activity, and that fails when there is none in the whole call.
    pub(super) fn watch<B>(&self, body: B) -> Watched<B> {
        Watched { body, activity: self.clone(), idle: Box::pin(self.clone().until_idle()) }
    }

    fn renew(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

/// See [`Activity::watch`].
pub(super) struct Watched<B> {
    body: B,
    activity: Activity,
    idle: Pin<Box<dyn Future<Output = ()> + Send + Sync>>,
}

impl<B> Body for Watched<B>
where
    B: Body<Error: Into<Box<dyn Error + Send + Sync>>> + Unpin,
{
    type Data = B::Data;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            self.activity.renew();
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        self.idle.as_mut().poll(context).map(|()| Some(Err(Idle.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    //! Proves the limit with a clock that is not real. Azure's front end has a limit of its own, 230 s, which is not here.
    use std::convert::Infallible;

    use bytes::Bytes;
    use http_body_util::BodyExt as _;
    use tokio::sync::mpsc;
    use tokio::time::sleep;

    use super::*;

    struct Chunks(mpsc::UnboundedReceiver<Bytes>);

    impl Body for Chunks {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            self.0.poll_recv(context).map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk))))
        }
    }

    fn watched(activity: &Activity) -> (mpsc::UnboundedSender<Bytes>, Watched<Chunks>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (sender, activity.watch(Chunks(receiver)))
    }

    async fn send_every(chunks: mpsc::UnboundedSender<Bytes>, pause: Duration, count: u32) {
        for _ in 0..count {
            sleep(pause).await;
            let _ = chunks.send(Bytes::from_static(b"x"));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_says_nothing_is_ended() {
        let (_chunks, body) = watched(&Activity::begin());
        let begin = Instant::now();
        assert!(body.collect().await.unwrap_err().is::<Idle>());
        assert_eq!(begin.elapsed(), LIMIT);
    }

    #[tokio::test(start_paused = true)]
    async fn a_byte_now_and_then_keeps_it_open() {
        let (chunks, body) = watched(&Activity::begin());
        tokio::spawn(send_every(chunks, LIMIT * 9 / 10, 3));
        assert_eq!(body.collect().await.unwrap().to_bytes(), "xxx");
    }

    #[tokio::test(start_paused = true)]
    async fn a_byte_in_one_direction_keeps_the_other_open() {
        let activity = Activity::begin();
        let (request, request_body) = watched(&activity);
        let (response, response_body) = watched(&activity);
        tokio::spawn(send_every(request, LIMIT / 2, 4));
        tokio::spawn(send_every(response, LIMIT * 3 / 2, 1));
        let (request, response) = tokio::join!(request_body.collect(), response_body.collect());
        assert_eq!((request.unwrap().to_bytes(), response.unwrap().to_bytes()), ("xxxx".into(), "x".into()));
    }
}
