//! A service on loopback: reads a request whole, writes it into the journal, lets it meet its fault, answers.
//!
//! A service is a function from a request to a response; it knows neither sockets nor faults.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::{
    body::{Body, Frame, Incoming, SizeHint},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{
    fault::{Fault, Faults, RetryAfter},
    journal::{Journal, Presented, ServiceName},
    world,
};

/// What a part of the local Azure does with a request.
pub(crate) trait Service: Send + Sync + 'static {
    /// Its name in the journal.
    const NAME: ServiceName;

    /// Whose token the request carries.
    fn presented(&self, request: &Request<Bytes>) -> Presented;

    /// The faults that such a request may meet.
    fn faults(&self, request: &Request<Bytes>) -> &Faults;

    /// The proper answer.
    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes>;

    /// The answer of this service when it is throttling (429) or down (503).
    fn failure(&self, request: &Request<Bytes>, status: StatusCode) -> Response<Bytes>;
}

/// A running server; it ends when this is dropped.
pub(crate) struct Running(pub(crate) JoinHandle<()>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Serves `service` on `listener`, over TLS if there is an `acceptor`.
pub(crate) fn serve<S: Service>(
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    service: Arc<S>,
    journal: Journal,
) -> Running {
    Running(tokio::spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let Ok((stream, _)) = listener.accept().await else { continue };
            // as Azure does: a handshake must not wait for the client's delayed acknowledgement
            let _ = stream.set_nodelay(true);
            let (acceptor, service, journal) = (acceptor.clone(), service.clone(), journal.clone());
            connections.spawn(async move {
                match acceptor {
                    None => connection(stream, service, journal).await,
                    // a client that does not trust the certificate ends the handshake, and that is its answer
                    Some(acceptor) => {
                        if let Ok(stream) = acceptor.accept(stream).await {
                            connection(stream, service, journal).await;
                        }
                    }
                }
            });
        }
    }))
}

/// A stream that ends in a socket.
pub(crate) trait Socket: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    fn socket(&self) -> &TcpStream;
}

impl Socket for TcpStream {
    fn socket(&self) -> &TcpStream {
        self
    }
}

impl Socket for TlsStream<TcpStream> {
    fn socket(&self) -> &TcpStream {
        self.get_ref().0
    }
}

async fn connection<S: Service>(stream: impl Socket, service: Arc<S>, journal: Journal) {
    let reset = Arc::new(AtomicBool::new(false));
    let requests = service_fn(|request| {
        let (service, journal, reset) = (service.clone(), journal.clone(), reset.clone());
        Box::pin(async move {
            let answer = exchange(&*service, &journal, request).await;
            reset.store(answer.is_err(), Ordering::Relaxed);
            answer
        })
    });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), requests);
    let _ = poll_fn(|context| connection.poll_without_shutdown(context)).await;
    let mut stream = connection.into_parts().io.into_inner();
    if reset.load(Ordering::Relaxed) {
        // the socket is then closed with a reset instead of an orderly end
        let _ = stream.socket().set_zero_linger();
    } else {
        let _ = stream.shutdown().await;
    }
}

/// One request and its answer; an error resets the connection.
async fn exchange<S: Service>(
    service: &S,
    journal: &Journal,
    request: Request<Incoming>,
) -> Result<Response<Answer>, io::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let request = Request::from_parts(head, body);
    let ticket = journal.arrived(S::NAME, &request, service.presented(&request));
    let response = match service.faults(&request).take() {
        None => Answer::whole(service.answer(&request)),
        Some(Fault::Slow(delay)) => {
            tokio::time::sleep(delay).await;
            Answer::whole(service.answer(&request))
        }
        Some(Fault::Truncated) => Answer::truncated(service.answer(&request)),
        Some(Fault::Throttled(retry_after)) => {
            let failure = service.failure(&request, StatusCode::TOO_MANY_REQUESTS);
            Answer::whole(try_again(failure, retry_after))
        }
        Some(Fault::Unavailable(retry_after)) => {
            let failure = service.failure(&request, StatusCode::SERVICE_UNAVAILABLE);
            Answer::whole(try_again(failure, retry_after))
        }
        Some(Fault::Html(status)) => Answer::whole(html(status)),
        Some(Fault::Answer(response)) => Answer::whole(response),
        Some(Fault::ConnectionReset) => return Err(io::ErrorKind::ConnectionReset.into()),
    };
    journal.answered(&ticket, response.status());
    Ok(response)
}

fn try_again(response: Response<Bytes>, when: RetryAfter) -> Response<Bytes> {
    match when {
        RetryAfter::Unsaid => response,
        RetryAfter::Seconds(seconds) => with_header(response, "retry-after", &seconds.to_string()),
        RetryAfter::Date(seconds) => {
            let moment = world::now() + time::Duration::seconds(i64::from(seconds));
            with_header(response, "retry-after", &world::http_date(moment))
        }
    }
}

fn html(status: StatusCode) -> Response<Bytes> {
    let page = Bytes::from_static(b"<!DOCTYPE html><html><head><title>Gateway</title></head><body>Error</body></html>");
    let mut response = with_header(Response::new(page), "content-type", "text/html; charset=utf-8");
    *response.status_mut() = status;
    response
}

/// A JSON answer.
pub(crate) fn json(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    response
}

/// `response` with one more header.
pub(crate) fn with_header(mut response: Response<Bytes>, name: &'static str, value: &str) -> Response<Bytes> {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

/// The segments of a path; empty ones do not count (the Key Vault libraries write a trailing slash).
pub(crate) fn segments(request: &Request<Bytes>) -> Vec<&str> {
    request.uri().path().split('/').filter(|segment| !segment.is_empty()).collect()
}

/// A parameter of the query, decoded.
pub(crate) fn parameter(request: &Request<Bytes>, name: &str) -> Option<String> {
    let query = request.uri().query().unwrap_or_default().as_bytes();
    url::form_urlencoded::parse(query).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// The bearer token of a request; the scheme's case does not matter (RFC 9110, section 11.1).
pub(crate) fn bearer(request: &Request<Bytes>) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// A body that may end early.
struct Answer {
    length: u64,
    rest: Option<Bytes>,
    end: End,
}

/// What comes after the bytes.
enum End {
    Proper,
    /// One turn to flush what was written, then the cut.
    Flush,
    Cut,
}

impl Answer {
    fn whole(response: Response<Bytes>) -> Response<Self> {
        response.map(|body| Self { length: body.len() as u64, rest: Some(body), end: End::Proper })
    }

    fn truncated(response: Response<Bytes>) -> Response<Self> {
        response.map(|body| {
            let half = body.slice(..body.len() / 2);
            // an empty body can't be cut, so it claims to have had one byte
            Self { length: body.len().max(1) as u64, rest: Some(half), end: End::Flush }
        })
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match (self.rest.take(), &self.end) {
            (Some(bytes), _) if !bytes.is_empty() => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            (_, End::Proper) => Poll::Ready(None),
            (_, End::Flush) => {
                self.end = End::Cut;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            (_, End::Cut) => Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.end, End::Proper) && self.rest.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        let sent = if self.rest.is_some() { 0 } else { self.length };
        SizeHint::with_exact(self.length - sent)
    }
}
