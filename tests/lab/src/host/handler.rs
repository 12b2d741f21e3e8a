//! Asks the handler: as a proxy, which streams both bodies, or with a request of the host's own, which has them whole.
//!
//! Whichever it is, a call that takes longer than `functionTimeout` ends with the handler.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, TRANSFER_ENCODING};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Either, Full, LengthLimitError, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::activity::{Activity, Watched};
use super::configuration::Passing;
use super::connect::{HandlerConnector, TRIES};
use super::console::{Console, Level};
use super::proxy::Origin;
use super::{forwarding, proxy};

/// The host's own, or the handler's as it comes.
pub(super) type Answer = Response<Either<Full<Bytes>, Watched<Timed>>>;

/// A request whose body may be too long.
pub(super) type Question = Request<Limited<Incoming>>;

pub(super) struct Handler {
    port: u16,
    client: AnyClient,
    patience: Patience,
}

enum AnyClient {
    Proxying(Client<HandlerConnector, Watched<Limited<Incoming>>>),
    Forwarding(Client<HandlerConnector, Full<Bytes>>),
}

impl Handler {
    pub(super) fn new(port: u16, passing: Passing, patience: Patience) -> Self {
        let client = Client::builder(TokioExecutor::new());
        let client = match passing {
            Passing::Proxying => AnyClient::Proxying(client.build(HandlerConnector { port, tries: TRIES })),
            Passing::Forwarding => AnyClient::Forwarding(client.build(HandlerConnector { port, tries: 1 })),
        };
        Self { port, client, patience }
    }

    /// 500 without a body for whatever goes wrong before the answer begins.
    pub(super) async fn ask(&self, question: Question, path: &str, origin: &Origin) -> Answer {
        let invocation = proxy::new_id();
        let limit = self.patience.begin(&invocation);
        let answer = match &self.client {
            AnyClient::Proxying(client) => self.proxy(client, question, path, origin, &invocation, limit).await,
            AnyClient::Forwarding(client) => self.forward(client, question, path, &invocation, limit).await,
        };
        answer.unwrap_or_else(empty)
    }

    /// Streams the request to the handler and hands back its answer as it comes; a client that leaves closes both.
    async fn proxy(
        &self,
        client: &Client<HandlerConnector, Watched<Limited<Incoming>>>,
        question: Question,
        path: &str,
        origin: &Origin,
        invocation: &str,
        limit: Option<Limit>,
    ) -> Result<Answer, StatusCode> {
        let destination = proxy::destination(self.port, path, question.uri().query());
        let destination = destination.map_err(|_| StatusCode::BAD_REQUEST)?;
        let (mut head, body) = question.into_parts();
        proxy::transform_request(&mut head, destination, origin, invocation);
        let activity = Activity::begin();
        let request = Request::from_parts(head, activity.watch(body));
        let response = tokio::select! {
            response = client.request(request) => response.map_err(|error| status_of(&error))?,
            () = activity.clone().until_idle() => return Err(StatusCode::INTERNAL_SERVER_ERROR),
        };
        let (mut head, body) = response.into_parts();
        proxy::transform_response(&mut head);
        Ok(Response::from_parts(head, Either::Right(activity.watch(Timed { body, _limit: limit }))))
    }

    /// Sends a request of the host's own and reads the answer whole. The handler does not learn that a client has left.
    async fn forward(
        &self,
        client: &Client<HandlerConnector, Full<Bytes>>,
        question: Question,
        path: &str,
        invocation: &str,
        limit: Option<Limit>,
    ) -> Result<Answer, StatusCode> {
        let destination = forwarding::destination(self.port, path, question.uri().query());
        let destination = destination.map_err(|_| StatusCode::BAD_REQUEST)?;
        let (mut head, body) = question.into_parts();
        if forwarding::is_chunked(&head) {
            return Err(StatusCode::INTERNAL_SERVER_ERROR);
        }
        let body = body.collect().await.map_err(|error| status_of(&*error))?.to_bytes();
        forwarding::transform_request(&mut head, destination, !body.is_empty(), invocation);
        let client = client.clone();
        let asking = tokio::spawn(async move {
            let _limit = limit;
            let (head, body) = client.request(Request::from_parts(head, Full::from(body))).await.ok()?.into_parts();
            Some((head, body.collect().await.ok()?.to_bytes()))
        });
        let answer = asking.await.ok().flatten();
        let (mut head, body) = answer.ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
        for name in [CONNECTION, TRANSFER_ENCODING] {
            head.headers.remove(name);
        }
        Ok(Response::from_parts(head, Either::Left(Full::from(body))))
    }
}

/// Kills a handler that takes too long.
pub(super) struct Patience {
    /// `functionTimeout`; `None` for ever.
    pub(super) limit: Option<Duration>,
    pub(super) console: Console,
    /// Tells the worker.
    pub(super) overdue: Arc<Notify>,
}

/// The time of one call; dropped, it no longer runs.
struct Limit(JoinHandle<()>);

impl Patience {
    fn begin(&self, invocation: &str) -> Option<Limit> {
        let limit = self.limit?;
        let (console, overdue) = (self.console.clone(), Arc::clone(&self.overdue));
        let text = format!(
            "A function timeout has occurred. Restarting worker process executing invocationId '{invocation}'."
        );
        Some(Limit(tokio::spawn(async move {
            sleep(limit).await;
            console.host(Level::Error, text);
            // who does not wait now is about to start another handler anyway
            overdue.notify_waiters();
        })))
    }
}

impl Drop for Limit {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A body that belongs to a call: when it is over, the call is.
pub(super) struct Timed {
    body: Incoming,
    _limit: Option<Limit>,
}

impl Body for Timed {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer of the host's own.
pub(super) fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Either::Left(Full::default()));
    *answer.status_mut() = status;
    answer
}

fn status_of(error: &(dyn Error + 'static)) -> StatusCode {
    let mut causes = std::iter::successors(Some(error), |&error| error.source());
    if causes.any(<dyn Error>::is::<LengthLimitError>) {
        StatusCode::PAYLOAD_TOO_LARGE
    } else {
        StatusCode::INTERNAL_SERVER_ERROR
    }
}
