//! Proves how keys are fetched, shared and kept, against a key endpoint on loopback and a clock that moves by hand. How
//! Entra itself rolls its keys over is for a live tenant to show.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use serde_json::{Value, json};

use super::*;
use crate::caller::testing::{ENTRA_KEY, KeyServer, NEXT_KEY, OTHER_TENANT, StillTime, TENANT, TestClock};

struct Fixture {
    server: KeyServer,
    clock: Arc<TestClock>,
    keys: Arc<SigningKeys>,
    _still: StillTime,
}

impl Fixture {
    /// Nothing fetched yet.
    async fn empty() -> Self {
        let still = StillTime::hold();
        let (server, clock) = (KeyServer::start().await, TestClock::new());
        let keys = server.keys(Arc::clone(&clock) as Arc<dyn Clock>);
        Self { server, clock, keys, _still: still }
    }

    /// Entra's key is known; the endpoint was asked once.
    async fn fetched() -> Self {
        let fixture = Self::empty().await;
        fixture.keys.prefetch().await;
        fixture.assert_known(&ENTRA_KEY.id).await;
        fixture
    }

    async fn find(&self, key_id: &str) -> Option<TokenRefusal> {
        self.keys.find(key_id).await.err()
    }

    async fn assert_known(&self, key_id: &str) {
        assert_eq!(self.find(key_id).await, None, "{key_id}");
    }

    async fn assert_unknown(&self, key_id: &str) {
        assert_eq!(self.find(key_id).await, Some(TokenRefusal::UnknownKey), "{key_id}");
    }

    async fn assert_unavailable(&self, key_id: &str, seconds: u64) {
        let expected = TokenRefusal::KeysUnavailable { retry_after: Duration::from_secs(seconds) };
        assert_eq!(self.find(key_id).await, Some(expected), "{key_id}");
    }

    #[track_caller]
    fn assert_asked(&self, times: usize) {
        assert_eq!(self.server.times_asked(), times, "requests to the key endpoint");
    }

    /// A search for that key in a task of its own.
    fn search(&self, key_id: &str) -> tokio::task::JoinHandle<Option<TokenRefusal>> {
        let (keys, key_id) = (Arc::clone(&self.keys), key_id.to_owned());
        tokio::spawn(async move { keys.find(&key_id).await.err() })
    }
}

/// Moves the time. Timers fire at the next whole millisecond, hence one more.
async fn advance(duration: Duration) {
    time::advance(duration + Duration::from_millis(1)).await;
}

/// The answer that needs no waiting.
#[track_caller]
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the answer has to wait"),
    }
}

#[tokio::test]
async fn a_key_that_appears_is_fetched_and_one_that_disappears_is_dropped() {
    let fixture = Fixture::fetched().await;
    fixture.server.publish(&[&NEXT_KEY]);
    fixture.assert_known(&ENTRA_KEY.id).await;
    fixture.assert_asked(1);
    fixture.assert_known(&NEXT_KEY.id).await;
    fixture.assert_asked(2);
    fixture.assert_unknown(&ENTRA_KEY.id).await;
}

#[tokio::test]
async fn the_first_caller_fetches_when_nothing_was_prefetched() {
    let fixture = Fixture::empty().await;
    fixture.assert_known(&ENTRA_KEY.id).await;
    fixture.assert_unknown("evil").await;
    fixture.assert_asked(2);
}

#[tokio::test]
async fn a_flood_of_unknown_keys_causes_one_fetch_in_five_minutes() {
    let fixture = Fixture::fetched().await;
    fixture.server.fall_silent();
    let flood: Vec<_> = (0..200).map(|number| fixture.search(&format!("evil-{number}"))).collect();
    fixture.server.asked(2).await;
    fixture.server.publish(&[&ENTRA_KEY]);
    for search in flood {
        assert_eq!(search.await.unwrap(), Some(TokenRefusal::UnknownKey));
    }
    // two hundred answers may have used up what tokio lets a task do at once
    tokio::task::yield_now().await;
    assert_eq!(at_once(fixture.find("evil")), Some(TokenRefusal::UnknownKey));
    advance(Duration::from_secs(299)).await;
    assert_eq!(at_once(fixture.find("evil")), Some(TokenRefusal::UnknownKey));
    fixture.assert_asked(2);

    advance(Duration::from_secs(1)).await;
    fixture.assert_unknown("evil").await;
    fixture.assert_asked(3);
}

#[tokio::test]
async fn callers_join_the_fetch_that_runs_already() {
    let fixture = Fixture::empty().await;
    fixture.server.fall_silent();
    let keys = Arc::clone(&fixture.keys);
    let prefetch = tokio::spawn(async move { keys.prefetch().await });
    fixture.server.asked(1).await;
    fixture.clock.skip(3600);
    let search = fixture.search(&ENTRA_KEY.id);
    settle().await;

    fixture.server.publish(&[&ENTRA_KEY]);
    prefetch.await.unwrap();
    assert_eq!(search.await.unwrap(), None);
    fixture.assert_asked(1);
}

#[tokio::test]
async fn callers_with_known_keys_never_wait() {
    let fixture = Fixture::fetched().await;
    fixture.server.fall_silent();
    let search = fixture.search(&NEXT_KEY.id);
    fixture.server.asked(2).await;
    assert_eq!(at_once(fixture.find(&ENTRA_KEY.id)), None);

    fixture.server.publish(&[&ENTRA_KEY, &NEXT_KEY]);
    assert_eq!(search.await.unwrap(), None);
}

#[tokio::test]
async fn a_caller_who_hangs_up_does_not_take_the_others_answer_along() {
    let fixture = Fixture::fetched().await;
    fixture.server.fall_silent();
    let (first, second) = (fixture.search(&NEXT_KEY.id), fixture.search(&NEXT_KEY.id));
    fixture.server.asked(2).await;
    first.abort();
    assert!(first.await.is_err());

    fixture.server.publish(&[&NEXT_KEY]);
    assert_eq!(second.await.unwrap(), None);
    fixture.assert_asked(2);
}

#[tokio::test]
async fn no_keys_means_unavailable_and_a_retry_after_five_seconds() {
    let fixture = Fixture::empty().await;
    fixture.server.answer(StatusCode::SERVICE_UNAVAILABLE, "");
    fixture.assert_unavailable(&ENTRA_KEY.id, 5).await;
    fixture.assert_asked(1);
    advance(Duration::from_secs(3)).await;
    fixture.assert_unavailable(&ENTRA_KEY.id, 2).await;
    fixture.assert_asked(1);
    assert_eq!(fixture.keys.status(), KeysStatus { count: 0, fetched_at: None, refresh_failed: true });

    fixture.server.publish(&[&ENTRA_KEY]);
    advance(Duration::from_secs(2)).await;
    fixture.assert_known(&ENTRA_KEY.id).await;
    let fetched_at = Some(fixture.clock.now());
    assert_eq!(fixture.keys.status(), KeysStatus { count: 1, fetched_at, refresh_failed: false });
}

/// Whether the token is good cannot be told, so it is not called bad.
#[tokio::test]
async fn a_key_that_could_not_be_looked_up_is_not_called_unknown() {
    let fixture = Fixture::fetched().await;
    fixture.server.answer(StatusCode::BAD_GATEWAY, "");
    fixture.assert_unavailable(&NEXT_KEY.id, 300).await;
    advance(Duration::from_secs(100)).await;
    fixture.assert_unavailable(&NEXT_KEY.id, 200).await;
    fixture.assert_known(&ENTRA_KEY.id).await;
    fixture.assert_asked(2);
    assert!(fixture.keys.status().refresh_failed);
}

#[tokio::test]
async fn a_silent_endpoint_is_given_up_after_the_deadline() {
    let fixture = Fixture::fetched().await;
    fixture.server.fall_silent();
    let search = fixture.search(&NEXT_KEY.id);
    fixture.server.asked(2).await;
    advance(FETCH_DEADLINE).await;
    let expected = TokenRefusal::KeysUnavailable { retry_after: Duration::from_secs(295) };
    assert_eq!(search.await.unwrap(), Some(expected));
}

#[tokio::test]
async fn nobody_is_told_to_come_back_at_once() {
    let fixture = Fixture::empty().await;
    fixture.server.fall_silent();
    let search = fixture.search(&ENTRA_KEY.id);
    fixture.server.asked(1).await;
    advance(FETCH_DEADLINE).await;
    let expected = TokenRefusal::KeysUnavailable { retry_after: Duration::from_secs(1) };
    assert_eq!(search.await.unwrap(), Some(expected), "although the next fetch may start now");
}

#[tokio::test]
async fn a_clock_that_is_set_back_delays_no_fetch() {
    let fixture = Fixture::fetched().await;
    fixture.assert_unknown("evil").await;
    fixture.clock.skip(-3600);
    fixture.assert_unknown("evil").await;
    fixture.assert_asked(3);
}

#[tokio::test]
async fn a_fetch_that_died_without_an_outcome_blocks_no_other() {
    let fixture = Fixture::empty().await;
    fixture.keys.flight().progress = watch::channel(Progress::Running).1;
    fixture.assert_known(&ENTRA_KEY.id).await;
}

#[tokio::test]
async fn the_last_good_set_survives_every_bad_answer_for_a_day() {
    let fixture = Fixture::fetched().await;
    let key = ENTRA_KEY.published(&fixture.server.authority.issuer());
    let foreign = ENTRA_KEY.published(&fixture.server.authority.issuer().replace(TENANT, OTHER_TENANT));
    for (status, body, reason) in [
        (StatusCode::INTERNAL_SERVER_ERROR, String::new(), "status"),
        (StatusCode::FOUND, json!({"keys": [key]}).to_string(), "status"),
        (StatusCode::NOT_FOUND, json!({"keys": [key]}).to_string(), "status"),
        (StatusCode::OK, String::new(), "not_a_key_set"),
        (StatusCode::OK, "<html>sign in to the proxy</html>".to_owned(), "not_a_key_set"),
        (StatusCode::OK, json!([key]).to_string(), "not_a_key_set"),
        (StatusCode::OK, json!({"keys": {}}).to_string(), "not_a_key_set"),
        (StatusCode::OK, json!({"keys": []}).to_string(), "no_usable_key"),
        (StatusCode::OK, json!({"keys": [foreign]}).to_string(), "no_usable_key"),
        (StatusCode::OK, json!({"keys": vec![&key; 65]}).to_string(), "too_many_keys"),
        (StatusCode::OK, document_of(262_145, &key), "too_large"),
    ] {
        fixture.server.answer(status, &body);
        assert_eq!(fixture.keys.fetch().await.err().map(|error| error.reason()), Some(reason));
        assert!(fixture.keys.refresh().await == Progress::Failed, "{reason}");
        assert_eq!(at_once(fixture.find(&ENTRA_KEY.id)), None, "{reason}");
    }

    fixture.clock.skip(24 * 3600 - 1);
    fixture.assert_known(&ENTRA_KEY.id).await;
    fixture.clock.skip(1);
    fixture.assert_unavailable(&ENTRA_KEY.id, 5).await;
}

/// A good document that is so long.
fn document_of(bytes: usize, key: &Value) -> String {
    let short = json!({"keys": [key], "x": ""}).to_string().len();
    json!({"keys": [key], "x": "x".repeat(bytes - short)}).to_string()
}

#[tokio::test]
async fn a_document_of_256_kib_is_read() {
    let fixture = Fixture::empty().await;
    let key = ENTRA_KEY.published(&fixture.server.authority.issuer());
    fixture.server.answer(StatusCode::OK, &document_of(262_144, &key));
    fixture.assert_known(&ENTRA_KEY.id).await;
}

#[tokio::test]
async fn an_unreachable_endpoint_is_an_outage_like_any_other() {
    let fixture = Fixture::empty().await;
    let nowhere = Authority::new("http://127.0.0.1:1".parse().unwrap(), TENANT.parse().unwrap());
    let keys = SigningKeys { authority: nowhere, ..Arc::into_inner(fixture.keys).unwrap() };
    let Err(error) = keys.fetch().await else { panic!("something answered") };
    assert_eq!(error.reason(), "unreachable");
    let text = error.to_string();
    assert!(text.contains("refused") && !text.contains("127.0.0.1"), "the innermost cause alone: {text}");
}

#[tokio::test]
async fn keys_are_refreshed_every_hour() {
    let fixture = Fixture::fetched().await;
    let task = tokio::spawn(Arc::clone(&fixture.keys).keep_fresh());
    for refreshes in 1..=3 {
        fixture.server.publish(&[if refreshes % 2 == 1 { &NEXT_KEY } else { &ENTRA_KEY }]);
        for _ in 0..59 {
            advance(Duration::from_mins(1)).await;
            settle().await;
        }
        fixture.assert_asked(refreshes);
        advance(Duration::from_mins(1)).await;
        fixture.server.asked(refreshes + 1).await;
        while fixture.keys.flight().is_running() {
            settle().await;
        }
    }
    fixture.assert_known(&NEXT_KEY.id).await;
    task.abort();
}

#[tokio::test]
async fn a_refresh_that_failed_is_tried_again_after_five_minutes() {
    let fixture = Fixture::fetched().await;
    fixture.server.answer(StatusCode::SERVICE_UNAVAILABLE, "");
    let task = tokio::spawn(Arc::clone(&fixture.keys).keep_fresh());
    settle().await;
    for _ in 0..60 {
        advance(Duration::from_mins(1)).await;
        settle().await;
    }
    for times in 2..=3 {
        fixture.server.asked(times).await;
        while fixture.keys.flight().is_running() {
            settle().await;
        }
        settle().await;
        advance(Duration::from_secs(299)).await;
        settle().await;
        fixture.assert_asked(times);
        advance(Duration::from_secs(1)).await;
    }
    fixture.server.asked(4).await;
    task.abort();
}

#[tokio::test]
async fn an_instance_that_was_frozen_refreshes_within_a_minute_of_waking() {
    let fixture = Fixture::fetched().await;
    let task = tokio::spawn(Arc::clone(&fixture.keys).keep_fresh());
    settle().await;
    fixture.clock.skip(5 * 3600);
    advance(LONGEST_SLEEP).await;
    fixture.server.asked(2).await;
    task.abort();
}

#[tokio::test]
async fn without_keys_the_task_asks_every_five_seconds_until_there_are_some() {
    let fixture = Fixture::empty().await;
    fixture.server.answer(StatusCode::SERVICE_UNAVAILABLE, "");
    let task = tokio::spawn(Arc::clone(&fixture.keys).keep_fresh());
    for times in 1..=4 {
        fixture.server.asked(times).await;
        while fixture.keys.flight().is_running() {
            settle().await;
        }
        fixture.assert_unavailable(&ENTRA_KEY.id, 5).await;
        if times == 4 {
            fixture.server.publish(&[&ENTRA_KEY]);
        }
        settle().await;
        advance(NO_KEYS_INTERVAL).await;
    }
    fixture.server.asked(5).await;
    fixture.assert_known(&ENTRA_KEY.id).await;
    task.abort();
}

/// Lets every task that can run do so.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn refreshes_are_spread_over_a_tenth_of_an_hour_on_either_side() {
    struct Fraction(f64);
    impl Random for Fraction {
        fn uuid(&self) -> uuid::Uuid {
            uuid::Uuid::nil()
        }
        fn fraction(&self) -> f64 {
            self.0
        }
    }
    let authority = Authority::new("http://127.0.0.1:1".parse().unwrap(), TENANT.parse().unwrap());
    for (fraction, minutes) in [(0.0, 54), (0.5, 60), (0.999_999, 65)] {
        let http = crate::caller::testing::http();
        let keys = SigningKeys::new(&authority, http, Arc::new(crate::SystemClock), Arc::new(Fraction(fraction)));
        assert_eq!(keys.until_refresh().as_secs() / 60, minutes, "{fraction}");
    }
}

fn parsed(keys: &[Value]) -> Result<KeySet, FetchError> {
    let authority = Authority::new("https://login.example".parse().unwrap(), TENANT.parse().unwrap());
    KeySet::parse(json!({ "keys": keys }).to_string().as_bytes(), &authority)
}

/// The ids that count of a document with these keys.
fn counted(keys: &[Value]) -> Vec<&'static str> {
    let set = parsed(keys);
    let ids = ["entra-key", "next-key"];
    ids.into_iter().filter(|id| set.as_ref().is_ok_and(|set| set.get(id).is_some())).collect()
}

#[test]
fn a_key_counts_only_if_it_signs_for_this_tenant() {
    let own = format!("https://login.example/{TENANT}/v2.0");
    let template = "https://login.example/{tenantid}/v2.0";
    let good = NEXT_KEY.published(template);
    let changed = |name: &str, value: Value| {
        let mut key = ENTRA_KEY.published(&own);
        if value.is_null() {
            key.as_object_mut().unwrap().remove(name)
        } else {
            key[name].take().into()
        };
        if !value.is_null() {
            key[name] = value;
        }
        key
    };
    for (name, key) in [
        ("as published", changed("x5t", json!("x"))),
        ("issuer template", changed("issuer", json!(template))),
        ("alg RS256", changed("alg", json!("RS256"))),
        ("unknown members", changed("cloud_instance_name", json!("login.example"))),
    ] {
        assert_eq!(counted(&[key, good.clone()]), ["entra-key", "next-key"], "{name}");
    }
    let modulus = ENTRA_KEY.published(&own)["n"].as_str().unwrap().to_owned();
    for (name, key) in [
        ("no issuer", changed("issuer", Value::Null)),
        ("issuer of another tenant", changed("issuer", json!(own.replace(TENANT, OTHER_TENANT)))),
        ("issuer of another cloud", changed("issuer", json!(template.replace(".example", ".other")))),
        ("issuer of version 1.0", changed("issuer", json!(format!("https://sts.windows.net/{TENANT}/")))),
        ("no use", changed("use", Value::Null)),
        ("for encryption", changed("use", json!("enc"))),
        ("other algorithm", changed("alg", json!("PS256"))),
        ("not RSA", changed("kty", json!("EC"))),
        ("no kid", changed("kid", Value::Null)),
        ("kid number", changed("kid", json!(1))),
        ("kid too long", changed("kid", json!("k".repeat(129)))),
        ("no modulus", changed("n", Value::Null)),
        ("modulus of 1024 bits", changed("n", json!(&modulus[..168]))),
        ("modulus of more than 8192 bits", changed("n", json!("v".repeat(1368)))),
        ("modulus with leading zero", changed("n", json!(format!("AAAA{modulus}")))),
        ("modulus not base64url", changed("n", json!(format!("{modulus}==")))),
        ("exponent 1", changed("e", json!("AQ"))),
        ("not an object", json!("entra-key")),
        ("a list", json!(["entra-key", "RSA", "sig"])),
    ] {
        assert_eq!(counted(&[key, good.clone()]), ["next-key"], "{name}");
    }
}

#[test]
fn the_log_is_told_how_many_keys_count_and_how_many_do_not() {
    let [own, foreign] = ["{tenantid}", OTHER_TENANT].map(|tenant| format!("https://login.example/{tenant}/v2.0"));
    let keys = [
        ENTRA_KEY.published(&own),
        NEXT_KEY.published(&own),
        NEXT_KEY.published(&foreign),
        json!({"kid": "elliptic", "kty": "EC"}),
        json!(null),
    ];
    let set = parsed(&keys).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((set.count(), set.unused()), (2, 3));
}

#[test]
fn sixty_four_keys_are_read_and_sixty_five_are_not() {
    let key = ENTRA_KEY.published("https://login.example/{tenantid}/v2.0");
    assert_eq!(counted(&vec![key.clone(); 64]), ["entra-key"]);
    assert_eq!(counted(&vec![key; 65]), [""; 0]);
}

#[test]
fn two_different_keys_under_one_id_are_both_refused() {
    let issuer = "https://login.example/{tenantid}/v2.0";
    let (key, other) = (ENTRA_KEY.published(issuer), NEXT_KEY.published(issuer));
    let mut impostor = other.clone();
    impostor["kid"] = key["kid"].clone();
    assert_eq!(counted(&[key.clone(), key.clone(), other.clone()]), ["entra-key", "next-key"], "the same key twice");
    assert_eq!(counted(&[key.clone(), impostor.clone(), other.clone()]), ["next-key"]);
    assert_eq!(counted(&[impostor, key, other]), ["next-key"]);
}

#[tokio::test]
async fn a_diagnosis_says_why_there_are_no_keys() {
    let fixture = Fixture::empty().await;
    assert_eq!(fixture.keys.fetch_now().await.map(|status| status.count), Ok(1));
    fixture.server.answer(StatusCode::BAD_REQUEST, "");
    let failure = fixture.keys.fetch_now().await.unwrap_err();
    assert!(!failure.is_unreachable && failure.to_string().contains("400"), "{failure}");
    assert_eq!(fixture.keys.status().count, 1, "the good set stays");
}
