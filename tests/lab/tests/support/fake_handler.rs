//! A handler without a product: it shows what it got from the host, and dies on request.
//!
//! Environment: `FAKE_STDOUT` and `FAKE_STDERR` are written at the start, `FAKE_EXIT` ends it there with that code,
//! `FAKE_WAIT_FOR` is a file without which it does not listen, `FAKE_NEVER_LISTEN` keeps it from listening at all.
//! Paths: see `router`.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    if let Some(text) = setting("FAKE_STDOUT") {
        println!("{text}");
    }
    if let Some(text) = setting("FAKE_STDERR") {
        eprintln!("{text}");
    }
    if let Some(code) = setting("FAKE_EXIT") {
        exit(&code);
    }
    if setting("FAKE_NEVER_LISTEN").is_some() {
        std::future::pending::<()>().await;
    }
    if let Some(file) = setting("FAKE_WAIT_FOR") {
        while !Path::new(&file).exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    #[cfg(unix)]
    tokio::spawn(tell_of_a_polite_request_to_end());
    let port = setting("FUNCTIONS_CUSTOMHANDLER_PORT").and_then(|port| port.parse().ok()).unwrap_or_default();
    axum::serve(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?, router()).await
}

/// `GET /` answers 404 like every unknown path does elsewhere: for the host that is an answer.
fn router() -> Router {
    Router::new().fallback(|request: Request| async move {
        let path = request.uri().path().to_owned();
        match path.as_str() {
            "/" => StatusCode::NOT_FOUND.into_response(),
            "/environment" => environment(),
            "/same-body" => Response::new(request.into_body()),
            "/no-content" => StatusCode::NO_CONTENT.into_response(),
            "/redirect" => redirect(),
            "/until-left" => until_left().await,
            _ => match path.strip_prefix("/exit/") {
                Some(code) => exit(code),
                None => describe(request).await,
            },
        }
    })
}

/// The request as it arrived, as JSON.
async fn describe(request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let description = json!({
        "method": head.method.as_str(),
        "target": head.uri.to_string(),
        "headers": listing(&head.headers),
        "body": String::from_utf8_lossy(&body),
    });
    description.to_string().into_response()
}

fn listing(headers: &HeaderMap) -> Vec<String> {
    headers.iter().map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))).collect()
}

fn environment() -> Response {
    let variables: BTreeMap<_, _> = std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
        .collect();
    json!({ "variables": variables, "directory": std::env::current_dir().unwrap_or_default() })
        .to_string()
        .into_response()
}

/// What a proxy must leave alone, and what it must drop.
fn redirect() -> Response {
    let mut response = StatusCode::FOUND.into_response();
    for (name, value) in [
        ("location", "https://elsewhere.example/"),
        ("set-cookie", "a=1"),
        ("www-authenticate", "Bearer"),
        ("content-encoding", "gzip"),
        ("alt-svc", "h3"),
        ("proxy-authenticate", "Basic"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Answers never, and says on the console when nobody waits any more.
async fn until_left() -> Response {
    struct Left;
    impl Drop for Left {
        fn drop(&mut self) {
            println!("the client has left");
        }
    }
    let _left = Left;
    println!("a client waits");
    std::future::pending().await
}

#[cfg(unix)]
async fn tell_of_a_polite_request_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    if let Ok(mut signals) = signal(SignalKind::terminate()) {
        signals.recv().await;
        println!("asked to end");
    }
}

fn exit(code: &str) -> ! {
    std::process::exit(code.parse().unwrap_or(99))
}

#[expect(clippy::disallowed_methods, reason = "how a test tells this program what to do")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
