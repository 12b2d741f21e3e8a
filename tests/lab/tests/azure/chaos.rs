//! The proxies do what they are told, and nothing once they recover.

use std::time::Duration;

use lab::{
    Lab,
    chaos::{Fault, HUGE, Length, Proxies, WrongCertificate},
    journal::ServiceName,
};

/// The published keys, through the proxy before Entra.
async fn keys(lab: &Lab) -> reqwest::Result<reqwest::Response> {
    let issuer = lab.entra().issuer();
    let url = format!("{}/discovery/v2.0/keys", issuer.trim_end_matches("/v2.0"));
    lab.client().get(url).timeout(Duration::from_secs(10)).send().await
}

async fn start() -> (Lab, Proxies) {
    Lab::builder().start_behind_proxies().await.unwrap()
}

#[tokio::test]
async fn a_connection_that_fails_has_no_answer_and_the_next_one_has() {
    let (lab, proxies) = start().await;
    let proxy = proxies.to(ServiceName::Entra);
    for fault in [
        Fault::Reset,
        Fault::Certificate(WrongCertificate::OfUnknownAuthority),
        Fault::Certificate(WrongCertificate::OfAnotherName),
        Fault::Certificate(WrongCertificate::Expired),
    ] {
        let before = proxy.met();
        proxy.fails(fault.clone());
        assert!(keys(&lab).await.is_err(), "{fault:?}");
        assert!(proxy.met() > before, "{fault:?}");
        proxy.recovers();
        assert_eq!(keys(&lab).await.unwrap().status(), 200, "{fault:?}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_none() {
    let (lab, proxies) = start().await;
    proxies.to(ServiceName::Entra).fails(Fault::CutOff);
    let answer = keys(&lab).await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.bytes().await.unwrap_err();
}

#[tokio::test]
async fn a_redirect_leads_where_it_is_told_and_a_huge_answer_says_so_or_not() {
    let (lab, proxies) = start().await;
    let proxy = proxies.to(ServiceName::Entra);
    proxy.fails(Fault::Redirect("https://evil.example/".to_owned()));
    let answer = keys(&lab).await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["location"].as_bytes()),
        (307, &b"https://evil.example/"[..])
    );
    for (length, announced) in [(Length::Announced, Some(HUGE)), (Length::Unknown, None)] {
        proxy.fails(Fault::Huge(length));
        let mut answer = keys(&lab).await.unwrap();
        assert_eq!(answer.content_length(), announced);
        assert!(!answer.chunk().await.unwrap().unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_fault_of_some_requests_leaves_the_others_alone() {
    let (lab, proxies) = start().await;
    let proxy = proxies.to(ServiceName::Entra);
    proxy.fails_at("/token", Fault::Silence);
    assert_eq!(keys(&lab).await.unwrap().status(), 200);
    assert_eq!(proxy.met(), 0);
    proxy.fails_at("/keys", Fault::Reset);
    assert!(keys(&lab).await.is_err());
}
