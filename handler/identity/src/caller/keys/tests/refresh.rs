//! Keys that are fetched though nobody asks.

use super::*;

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
