//! AWS Lambda: the same routes, asked through Lambda's Runtime API instead of a socket.
//!
//! An event becomes a request and a response an answer; every judgement stays with the router. What can't become a
//! request is a 400, as it is on a connection. That is why the events are read here, and not by `lambda_http`: it
//! panics on a query, a path or a body that it can't read, and each is a stranger's to choose.
//!
//! Two things differ from a connection. Lambda does not say that the caller has gone, so a call runs to its end or to
//! its deadline. And headers of one name arrive as one, joined by commas; see [`super::bearer`].
//!
//! Served are events of payload format 2.0, those of Function URLs and of HTTP APIs:
//! <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads>.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use axum::{
    Router,
    body::Body,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::BodyExt;
use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn, tower::ServiceExt};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Somebody invokes this function with what is no request: an operator's mistake. Says nothing of what came, because
/// events hold tokens and Lambda logs errors.
const NO_REQUEST: &str =
    "not a request: this function serves a Function URL, or an HTTP API with payload format 2.0, and nothing else";

/// Answers events until the Runtime API fails, and says how it did. Lambda ends this process whenever it likes.
///
/// The settings have proved that the environment is Lambda's: the runtime library panics where it is not.
pub async fn serve_lambda(router: Router) -> Error {
    let answer = service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let router = router.clone();
        async move { answer(router, event.payload.get()).await }
    });
    match Runtime::new(answer).run().await {
        Err(error) => error,
        Ok(()) => "the Runtime API has no more events".into(),
    }
}

async fn answer(router: Router, event: &str) -> Result<Answer, Error> {
    let event: Event = serde_json::from_str(event).map_err(|_| NO_REQUEST)?;
    let response = match event.into_request() {
        Some(request) => router.oneshot(request).await?,
        None => StatusCode::BAD_REQUEST.into_response(),
    };
    Answer::from(response).await
}

/// A request, as Lambda tells it. No `Debug`: its headers hold a token. Cookies and the query are read by nobody.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    raw_path: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
    request_context: RequestContext,
}

#[derive(Deserialize)]
struct RequestContext {
    http: RequestLine,
}

#[derive(Deserialize)]
struct RequestLine {
    method: String,
}

impl Event {
    /// Nothing, if a part of it can't be part of a request.
    fn into_request(self) -> Option<Request<Body>> {
        let mut request = Request::new(self.body()?);
        *request.method_mut() = Method::from_bytes(self.request_context.http.method.as_bytes()).ok()?;
        *request.uri_mut() = http::Uri::builder().path_and_query(self.raw_path).build().ok()?;
        for (name, value) in self.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            // two spellings of one name stay two headers
            request.headers_mut().append(name, HeaderValue::from_bytes(value.as_bytes()).ok()?);
        }
        Some(request)
    }

    fn body(&self) -> Option<Body> {
        match self.body.as_deref() {
            None => Some(Body::empty()),
            Some(body) if self.is_base64_encoded => STANDARD.decode(body).ok().map(Body::from),
            Some(body) => Some(body.to_owned().into()),
        }
    }
}

/// A response, as Lambda wants it told.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
    headers: BTreeMap<String, String>,
    body: String,
    is_base64_encoded: bool,
    /// Always empty, and Lambda does without; the emulator of cargo-lambda does not.
    cookies: [String; 0],
}

impl Answer {
    async fn from(response: Response) -> Result<Self, Error> {
        let (parts, body) = response.into_parts();
        // all that this server says is text
        let body = String::from_utf8(body.collect().await?.to_bytes().into())?;
        Ok(Self {
            status_code: parts.status.as_u16(),
            headers: joined(&parts.headers)?,
            body,
            is_base64_encoded: false,
            cookies: [],
        })
    }
}

/// One value a name, as RFC 9110 section 5.3 joins several. `Set-Cookie`, the exception, is never sent here.
fn joined(headers: &HeaderMap) -> Result<BTreeMap<String, String>, Error> {
    let mut joined = BTreeMap::<String, String>::new();
    for (name, value) in headers {
        let value = value.to_str()?;
        joined
            .entry(name.to_string())
            .and_modify(|before| {
                before.push_str(", ");
                before.push_str(value);
            })
            .or_insert_with(|| value.to_owned());
    }
    Ok(joined)
}
