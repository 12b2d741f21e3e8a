//! Faults of the way, the journal under them, and the end of a lab.

use std::time::Duration;

use lab::{
    Lab, Ports,
    fault::{Fault, RetryAfter},
    journal::ServiceName,
    resource_manager::SHOP_PROD,
};

use crate::support::{Answer, arm_token, lab};

/// Alice lists her subscriptions.
async fn list(lab: &Lab, token: &str) -> reqwest::Result<reqwest::Response> {
    let url = format!("{}/subscriptions?api-version=2022-12-01", lab.resource_manager().url());
    lab.client().get(url).bearer_auth(token).send().await
}

#[tokio::test]
async fn an_answer_can_be_cut_in_the_middle() {
    let lab = lab().await;
    let token = arm_token(&lab, lab.alice()).await;
    lab.resource_manager().faults().next(1, &Fault::Truncated);
    let mut response = list(&lab, &token).await.unwrap();
    assert_eq!(response.status(), 200);
    let half = response.chunk().await.unwrap().unwrap();
    assert!(!half.is_empty() && serde_json::from_slice::<serde_json::Value>(&half).is_err());
    response.chunk().await.unwrap_err();
    list(&lab, &token).await.unwrap().text().await.unwrap();
}

#[tokio::test]
async fn a_connection_can_be_reset_and_the_request_is_in_the_journal() {
    let lab = lab().await;
    let token = arm_token(&lab, lab.alice()).await;
    lab.resource_manager().faults().next(1, &Fault::ConnectionReset);
    let error = list(&lab, &token).await.unwrap_err();
    let mut source: Option<&dyn std::error::Error> = Some(&error);
    let mut reset = false;
    while let Some(cause) = source {
        let io = cause.downcast_ref::<std::io::Error>();
        reset |= io.is_some_and(|io| io.kind() == std::io::ErrorKind::ConnectionReset);
        source = cause.source();
    }
    assert!(reset, "{error:?}");
    let entry = lab.journal().of(ServiceName::ResourceManager).pop().unwrap();
    assert!(entry.is_of(&lab.alice().object_id) && entry.status.is_none());
}

#[tokio::test]
async fn faults_queue_up_and_end() {
    let lab = lab().await;
    let token = arm_token(&lab, lab.alice()).await;
    let faults = lab.resource_manager().faults();
    faults.next(1, &Fault::Unavailable(RetryAfter::Date(30)));
    faults.next(2, &Fault::Html(http::StatusCode::BAD_GATEWAY));
    faults.always(Fault::Answer(http::Response::new("{}".into())));
    let response = list(&lab, &token).await.unwrap();
    assert_eq!(response.status(), 503);
    let date = response.headers()["retry-after"].to_str().unwrap();
    assert!(date.len() == 29 && date.ends_with(" GMT"), "{date}");
    for _ in 0..2 {
        let response = list(&lab, &token).await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
        assert_eq!(response.status(), 502);
    }
    for _ in 0..3 {
        assert_eq!(list(&lab, &token).await.unwrap().text().await.unwrap(), "{}");
    }
    faults.clear();
    assert!(list(&lab, &token).await.unwrap().text().await.unwrap().contains(SHOP_PROD));
}

#[tokio::test]
async fn a_slow_answer_is_not_there_before_its_time() {
    let lab = lab().await;
    let token = arm_token(&lab, lab.alice()).await;
    lab.resource_manager().faults().next(1, &Fault::Slow(Duration::from_hours(1)));
    let impatient = tokio::time::timeout(Duration::from_millis(200), list(&lab, &token)).await;
    assert!(impatient.is_err(), "an answer came");
    let entry = lab.journal().of(ServiceName::ResourceManager).pop().unwrap();
    assert_eq!(entry.status, None);
}

#[tokio::test]
async fn the_journal_holds_no_secret() {
    let lab = lab().await;
    let token = arm_token(&lab, lab.alice()).await;
    list(&lab, &token).await.unwrap();
    crate::support::identity_token(&lab, "https://vault.azure.net").await;
    let journal = format!("{:?}", lab.journal().entries());
    let leaked: Vec<_> = lab.secrets().into_iter().filter(|secret| journal.contains(secret.as_str())).collect();
    assert_eq!(leaked, Vec::<String>::new());
    assert!(lab.secrets().contains(&token));
    assert!(lab.secrets().iter().any(|secret| secret.starts_with("-----BEGIN PRIVATE KEY-----")));
}

#[tokio::test]
async fn a_lab_ends_when_it_is_dropped_and_its_port_is_free_again() {
    let first = lab().await;
    let url = first.resource_manager().url().to_owned();
    let port = url.rsplit_once(':').unwrap().1.parse().unwrap();
    let client = first.client().clone();
    let file = first.pem_certificate();
    assert!(file.exists());
    drop(first);
    // the server's task ends at the runtime's next turn
    tokio::task::yield_now().await;
    let ports = Ports { resource_manager: port, ..Ports::default() };
    let second = Lab::builder().ports(ports).start().await.unwrap();
    assert_eq!(second.resource_manager().url(), url);
    assert!(!file.exists());
    Answer::of(client.get(format!("{url}/subscriptions"))).await.is_error(401, "AuthenticationFailed");
}
