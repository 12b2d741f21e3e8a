//! The real handler on the local Azure: what is refused has asked nobody for anything.

use std::{collections::BTreeMap, path::Path};

use http::Method;
use lab::{
    Deployment, Lab,
    journal::{Entry, ServiceName},
    resource_manager::SHOP_PROD,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    corpus::{Forge, Hostile, Refusal, corpus},
    mutations::{seed, valid_tokens},
    mutator::Mutator,
    validator::allowed_clients,
};

/// The longest value of `Authorization` that is read.
const LONGEST: usize = 16 * 1024;

async fn deployed() -> Deployment {
    let settings = [("ALLOWED_CLIENT_IDS", &*allowed_clients().join(","))];
    let handler = Path::new(env!("CARGO_BIN_EXE_handler"));
    Deployment::of(Lab::start().await.unwrap(), handler, &settings, None).await.unwrap()
}

/// Asks for Alice's costs, with whatever there is after `Bearer`. Written by hand: no library would send it.
async fn ask(deployment: &Deployment, token: &str) -> (u16, Value) {
    let params = json!({ "name": "cost_by_service", "arguments": { "subscriptionId": SHOP_PROD } });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }).to_string();
    let url = deployment.host.url();
    let host = url.trim_start_matches("http://");
    let request = format!(
        "POST /mcp HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(host.replace("localhost", "127.0.0.1")).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split(' ').nth(1).unwrap_or_else(|| panic!("no answer: {answer}")).parse().unwrap();
    let json = answer.find('{').zip(answer.rfind('}')).map_or("null", |(start, end)| &answer[start..=end]);
    (status, serde_json::from_str(json).unwrap_or_default())
}

/// Status and reason.
fn told((status, body): (u16, Value)) -> String {
    let reason = body["reason"].as_str().or_else(|| body.pointer("/error/message")?.as_str()).unwrap_or_default();
    format!("{status} {reason}")
}

/// What must be answered. Some tokens fail before anybody judges them as such: HTTP can't carry them, or no token has them.
fn contract(hostile: &Hostile) -> String {
    let token = &hostile.token;
    match hostile.refusal {
        _ if "Bearer ".len() + token.len() > LONGEST => "431 headers_too_large".to_owned(),
        _ if token.is_empty() => "401 missing_bearer".to_owned(),
        _ if token.chars().any(|letter| letter.is_ascii_control() && letter != '\t') => "400 ".to_owned(),
        _ if !token.is_ascii() || token.contains(',') => "400 malformed_authorization".to_owned(),
        Refusal::Token("client_not_allowed") => "403 client_not_allowed".to_owned(),
        Refusal::Token(reason) => format!("401 {reason}"),
        Refusal::Permission(reason) => format!("403 {reason}"),
    }
}

/// An end of the line ends the header: what is behind it would be another one.
fn can_be_sent(token: &str) -> bool {
    !token.contains(['\r', '\n'])
}

/// Alice is answered; it takes an exchange if she is new, and one request to Azure.
async fn is_answered(deployment: &Deployment, token: &str, exchanges: usize) {
    deployment.lab.journal().clear();
    let (status, body) = ask(deployment, token).await;
    assert_eq!((status, &body["result"]["isError"]), (200, &json!(false)), "{body}");
    assert_eq!(exchanges, asked_entra(deployment));
    assert_eq!(deployment.lab.journal().of(ServiceName::ResourceManager).len(), 1);
    deployment.lab.journal().clear();
}

/// How often Entra was asked for anything but keys.
fn asked_entra(deployment: &Deployment) -> usize {
    let is_exchange = |entry: &&Entry| entry.method != Method::GET;
    deployment.lab.journal().of(ServiceName::Entra).iter().filter(is_exchange).count()
}

#[track_caller]
fn nobody_was_asked(deployment: &Deployment) {
    let asked = deployment.lab.journal().entries();
    let others = asked.iter().filter(|entry| entry.service != ServiceName::Entra).collect::<Vec<_>>();
    assert!(others.is_empty(), "{others:?}");
    assert_eq!(asked_entra(deployment), 0, "{asked:?}");
    assert!(asked.len() <= 1, "unknown keys may cause one fetch in five minutes: {asked:?}");
}

#[tokio::test]
async fn the_corpus_is_refused_and_neither_entra_nor_azure_is_asked() {
    let deployment = deployed().await;
    let alice = Forge::new(&deployment.lab).valid().join(".");
    is_answered(&deployment, &alice, 1).await;
    let (mut answers, mut wrong) = (BTreeMap::<String, usize>::new(), Vec::new());
    for hostile in corpus(&deployment.lab).iter().filter(|hostile| can_be_sent(&hostile.token)) {
        let (expected, told) = (contract(hostile), told(ask(&deployment, &hostile.token).await));
        if expected != told {
            wrong.push(format!("{:?}, {}: {told}, not {expected}", hostile.class, hostile.variation));
        }
        *answers.entry(told).or_default() += 1;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    nobody_was_asked(&deployment);
    let count: usize = answers.values().sum();
    assert!(count >= 300, "only {count} tokens");
    is_answered(&deployment, &alice, 0).await;
    assert_eq!(deployment.host.restarts(), 0);
    println!("corpus at the endpoint: {count} tokens, {answers:?}");
}

#[tokio::test]
async fn mutations_are_refused_and_neither_entra_nor_azure_is_asked() {
    let deployment = deployed().await;
    let (valid, seed) = (valid_tokens(&deployment.lab), seed());
    println!("mutations at the endpoint: MUTATIONS_SEED={seed} repeats this run");
    is_answered(&deployment, &valid[0], 1).await;
    // HTTP takes white space around a value away, and an end of the line for its end
    let sent = Mutator::new(seed, &valid).filter(|(_, token)| can_be_sent(token) && token.trim() == token).take(500);
    for (mutation, token) in sent {
        let (status, body) = ask(&deployment, &token).await;
        assert!(matches!(status, 400 | 401 | 431), "{status} after {mutation:?}: {token} {body}");
    }
    nobody_was_asked(&deployment);
    is_answered(&deployment, &valid[0], 0).await;
    assert_eq!(deployment.host.restarts(), 0);
}
