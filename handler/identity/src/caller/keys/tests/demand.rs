//! Keys that a caller's token asks for: one fetch for all who ask, and none too often.

use super::*;

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
