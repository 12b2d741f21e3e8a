//! The host's own HTTP server: matches a request to a function, and waits for the handler before it is asked.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{Either, Full, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::environment::Environment;
use super::function::Function;
use super::handler::{Answer, Handler, empty};
use super::proxy::Origin;
use super::worker::{State, Status};
use super::{Place, front_end, path};

/// 100 MiB, unless `FUNCTIONS_REQUEST_BODY_SIZE_LIMIT` says otherwise.
const REQUEST_BODY_LIMIT: usize = 104_857_600;

/// How long to wait when no connection can be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

pub(super) struct Server {
    functions: Vec<Function>,
    place: Place,
    has_home_page: bool,
    body_limit: usize,
    handler: Handler,
    status: watch::Receiver<Status>,
}

impl Server {
    pub(super) fn new(
        functions: Vec<Function>,
        place: Place,
        environment: &Environment,
        handler: Handler,
        status: watch::Receiver<Status>,
    ) -> Self {
        let limit = environment.get("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT").and_then(|bytes| bytes.parse().ok());
        let is_disabled =
            environment.get("AzureWebJobsDisableHomepage").is_some_and(|it| it.eq_ignore_ascii_case("true"));
        Self {
            functions,
            place,
            has_home_page: !is_disabled,
            body_limit: limit.unwrap_or(REQUEST_BODY_LIMIT),
            handler,
            status,
        }
    }

    /// Serves until the handler has failed for good: then the real host ends, and so does everything that is still
    /// open.
    pub(super) async fn serve(self, listener: TcpListener) {
        let status = self.status.clone();
        tokio::select! {
            () = until_failed(status) => {}
            () = Arc::new(self).accept_connections(listener) => {}
        }
    }

    async fn accept_connections(self: Arc<Self>, listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        connections.spawn(Arc::clone(&self).serve_connection(stream, peer.ip()));
                    }
                    // the client is gone already, or there are too many open files
                    Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }

    async fn serve_connection(self: Arc<Self>, stream: TcpStream, peer: IpAddr) {
        let service = service_fn(|request| {
            let server = Arc::clone(&self);
            async move { Ok::<_, Infallible>(server.answer(request, peer).await) }
        });
        // whatever goes wrong on a connection ends it, and the client knows; without a delay each chunk goes out at
        // once
        let _ = stream.set_nodelay(true);
        let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    }

    async fn answer(&self, request: Request<Incoming>, peer: IpAddr) -> Answer {
        let Some(path) = path::decode(request.uri().path()) else { return empty(StatusCode::BAD_REQUEST) };
        let (mut head, body) = request.into_parts();
        let mut scheme = HeaderValue::from_static("http");
        if self.place == Place::Azure {
            if front_end::is_preflight(&head) {
                return empty(StatusCode::NO_CONTENT);
            }
            front_end::restore_host(&mut head.headers);
            scheme = front_end::scheme(&head.headers).unwrap_or(scheme);
        }
        // the host's own interface comes first, and is not modelled
        if is_reserved(&path) {
            return empty(StatusCode::NOT_FOUND);
        }
        if !self.functions.iter().any(|function| function.matches(head.method.as_str(), &path)) {
            return if path == "/" && head.method == Method::GET {
                self.home_page()
            } else {
                empty(StatusCode::NOT_FOUND)
            };
        }
        if announced_length(&body) > self.body_limit {
            return empty(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let mut status = self.status.clone();
        // an error means that the worker's task is gone: then nobody listens, and the request fails like any other
        let _ = status.wait_for(|status| status.state != State::Starting).await;
        let request = Request::from_parts(head, Limited::new(body, self.body_limit));
        self.handler.ask(request, &path, &Origin { peer, scheme }).await
    }

    fn home_page(&self) -> Answer {
        if !self.has_home_page {
            return empty(StatusCode::NO_CONTENT);
        }
        let page = "<!DOCTYPE html><title>Functions</title><p>The Functions host stand-in is running.</p>\n";
        let mut answer = Response::new(Either::Left(Full::from(page)));
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
        answer
    }
}

async fn until_failed(mut status: watch::Receiver<Status>) {
    if status.wait_for(|status| matches!(status.state, State::Failed(_))).await.is_err() {
        // the worker's task is gone for another reason: only a stop ends the host
        std::future::pending::<()>().await;
    }
}

fn is_reserved(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    path == "/admin" || path.starts_with("/admin/") || path.starts_with("/runtime/webhooks/")
}

/// The `Content-Length`, or 0 where there is none: then the limit is found out on the way.
fn announced_length(body: &Incoming) -> usize {
    usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX)
}
