//! A deployment for a test, and short ways to ask it.

use std::path::Path;

use http::{HeaderMap, Method, StatusCode};
use lab::{Deployment, Lab, mcp_client::Answer, people::Person, resource_manager::SHOP_PROD};
use serde_json::{Value, json};

/// The handler under test.
pub(crate) fn handler() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_handler"))
}

/// A deployment with the lab's own settings.
pub(crate) async fn deployed() -> Deployment {
    Deployment::start(handler()).await.unwrap()
}

/// A deployment with other settings beside the lab's own.
pub(crate) async fn deployed_with(settings: &[(&str, &str)]) -> Deployment {
    Deployment::of(Lab::start().await.unwrap(), handler(), settings, None).await.unwrap()
}

/// A token with `cost.read`.
#[track_caller]
pub(crate) fn reads(deployment: &Deployment, person: &Person) -> String {
    deployment.lab.token(person).scope("cost.read").issue().unwrap()
}

/// `cost_by_service` of Alice's subscription, with a token.
pub(crate) async fn cost_by_service(deployment: &Deployment, token: &str) -> Answer {
    deployment.client.call(token, "cost_by_service", json!({ "subscriptionId": SHOP_PROD })).await.unwrap()
}

/// The lines of the handler's log with this `event`.
pub(crate) fn events(deployment: &Deployment, event: &str) -> Vec<Value> {
    let lines = deployment.host.console().lines();
    lines
        .iter()
        .filter_map(|line| serde_json::from_str(&line.text).ok())
        .filter(|line: &Value| line["event"] == event)
        .collect()
}

/// A raw request to the deployment.
pub(crate) struct Raw {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Raw {
    pub(crate) fn new(method: Method, path: &'static str) -> Self {
        Self { method, path, headers: Vec::new(), body: Vec::new() }
    }

    /// A POST to `/mcp` with a token and JSON.
    pub(crate) fn post(token: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new(Method::POST, "/mcp")
            .with("authorization", format!("Bearer {token}"))
            .with("content-type", "application/json")
            .body(body)
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(header, _)| *header != name);
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) async fn send(self, deployment: &Deployment) -> Answer {
        let url = format!("{}{}", deployment.host.url(), self.path);
        let mut request = deployment.lab.client().request(self.method, url).body(self.body);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        Answer::read(request.send().await.unwrap()).await.unwrap()
    }
}

/// Status, challenge and the interesting part of a body, readable in a table.
pub(crate) fn summary(answer: &Answer) -> String {
    let reason = answer.body["reason"].as_str().map(str::to_owned);
    let error = answer.rpc_error().map(|(code, message)| format!("{code} {message}"));
    format!("{} {}", answer.status.as_u16(), reason.or(error).unwrap_or_default())
}

#[track_caller]
pub(crate) fn is_status(answer: &Answer, status: StatusCode) {
    assert_eq!(answer.status, status, "{}", answer.body);
}

/// The parameters of the one challenge, read by an independent RFC 9110 parser.
#[track_caller]
pub(crate) fn challenge(headers: &HeaderMap) -> std::collections::BTreeMap<String, String> {
    let value = headers.get("www-authenticate").expect("a challenge").to_str().unwrap();
    let challenges = http_auth::parse_challenges(value).unwrap();
    assert_eq!(challenges.len(), 1, "{value}");
    challenges[0].params.iter().map(|(name, value)| ((*name).to_owned(), value.to_unescaped())).collect()
}
