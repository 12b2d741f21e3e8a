//! An endpoint that answers badly or not at all.

use serde_json::{Value, json};

use super::*;
use crate::caller::testing::OTHER_TENANT;

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
async fn a_diagnosis_says_why_there_are_no_keys() {
    let fixture = Fixture::empty().await;
    assert_eq!(fixture.keys.fetch_now().await.map(|status| status.count), Ok(1));
    fixture.server.answer(StatusCode::BAD_REQUEST, "");
    let failure = fixture.keys.fetch_now().await.unwrap_err();
    assert!(!failure.is_unreachable && failure.to_string().contains("400"), "{failure}");
    assert_eq!(fixture.keys.status().count, 1, "the good set stays");
}
