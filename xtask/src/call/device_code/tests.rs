//! Proves the rhythm of RFC 8628 with scripted answers and time that is moved by hand. What Entra answers today, and that
//! its page takes the code, only a tenant shows.

use serde_json::{Value, json};

use super::*;

/// Which seconds were asked at, and how it ended.
async fn redeemed(interval: Option<u64>, answers: &[Value]) -> (Vec<u64>, Result<String, SignInError>) {
    let started = Started {
        device_code: "device".to_owned(),
        user_code: "ABC".to_owned(),
        verification_uri: "https://login.example/device".to_owned(),
        expires_in: 60,
        interval,
    };
    let (begin, mut asked, mut answers) = (Instant::now(), Vec::new(), answers.iter().cycle());
    let token = redeem(&started, async || {
        asked.push(begin.elapsed().as_secs());
        read(answers.next().unwrap().to_string().as_bytes())
    })
    .await;
    (asked, token.map(|token| token.secret().to_owned()))
}

fn error(error: &str) -> Value {
    json!({ "error": error, "error_description": format!("AADSTS70000: about {error}\u{1b}[2J"), "error_codes": [70000] })
}

#[tokio::test(start_paused = true)]
async fn it_waits_for_the_person_in_the_rhythm_it_is_told() {
    let token = json!({ "token_type": "Bearer", "access_token": "secret", "expires_in": 3599 });
    let pending = error("authorization_pending");
    let (asked, outcome) = redeemed(Some(2), &[pending.clone(), pending.clone(), token.clone()]).await;
    assert_eq!((asked, outcome.unwrap().as_str()), (vec![2, 4, 6], "secret"));
    let (asked, outcome) = redeemed(None, &[pending.clone(), error("slow_down"), pending, token]).await;
    assert_eq!((asked, outcome.unwrap().as_str()), (vec![5, 10, 20, 30], "secret"));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_waited_for_longer_than_the_code_lives() {
    let (asked, outcome) = redeemed(Some(25), &[error("authorization_pending")]).await;
    assert_eq!(asked, [25, 50]);
    assert!(matches!(outcome, Err(SignInError::Expired)));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_ends_it_and_is_told() {
    for (code, expected) in [
        ("authorization_declined", "the sign-in was declined"),
        ("access_denied", "the sign-in was declined"),
        ("expired_token", "nobody entered the code in time: start again"),
        ("bad_verification_code", "Entra refused (bad_verification_code): AADSTS70000: about bad_verification_code[2J"),
    ] {
        let (asked, outcome) = redeemed(Some(1), &[error(code)]).await;
        assert_eq!((asked.len(), outcome.unwrap_err().to_string().as_str()), (1, expected));
    }
    let (_, outcome) = redeemed(Some(1), &[json!("<html>")]).await;
    assert!(matches!(outcome, Err(SignInError::NotEntra(_))));
}
