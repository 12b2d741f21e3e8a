//! Proves which version of a certificate serves, whatever the source and Entra do, on a clock that is moved by hand. How
//! soon Entra knows a certificate after its registration, only a live tenant can show.

use std::sync::atomic::{AtomicUsize, Ordering};

use zeroize::Zeroizing;

use super::*;
use crate::exchange::{
    captured::Captured,
    testing::{NOW, TestClock, TestRandom},
};

/// A version that signs at once and for ever.
struct Signs(&'static str);

#[async_trait::async_trait]
impl Credential for Signs {
    async fn assertion(&self) -> Result<ClientAssertion, CredentialError> {
        if self.0.starts_with("broken") {
            return Err(CredentialError::InvalidName);
        }
        if self.0.starts_with("silent") {
            return Err(CredentialError::Unreachable { host: "vault".to_owned(), cause: "no answer".to_owned() });
        }
        Ok(ClientAssertion::signed_by(Thumbprint::for_tests(self.0), Zeroizing::new(self.0.to_owned())))
    }

    fn description(&self) -> CredentialDescription {
        CredentialDescription { kind: self.0.to_owned(), thumbprint: None, expires_at: None }
    }
}

/// A source whose newest version a test changes; without one it fails.
struct FakeSource {
    newest: Mutex<Option<&'static str>>,
    loads: AtomicUsize,
}

#[async_trait::async_trait]
impl Source for Arc<FakeSource> {
    async fn load(&self) -> Result<Version, CredentialError> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        // long enough for others to come
        time::sleep(Duration::from_secs(1)).await;
        let newest = *self.newest.lock().unwrap();
        let name = newest.ok_or(CredentialError::InvalidName)?;
        Ok(Version {
            credential: Arc::new(Signs(name)),
            thumbprint: Thumbprint::for_tests(name),
            expires_at: NOW.plus(WARN_BEFORE + Duration::from_hours(48)),
        })
    }
}

struct Scene {
    source: Arc<FakeSource>,
    clock: Arc<TestClock>,
    rotating: Arc<Rotating<Arc<FakeSource>>>,
}

impl Scene {
    async fn starting_with(name: &'static str) -> Self {
        let source = Arc::new(FakeSource { newest: Mutex::new(Some(name)), loads: AtomicUsize::new(0) });
        let clock = TestClock::new();
        let rotating = Rotating::start(source.clone(), clock.clone(), Arc::<TestRandom>::default()).await;
        let rotating = rotating.unwrap_or_else(|error| panic!("{error}"));
        // the background task makes its first plan
        time::sleep(Duration::from_secs(1)).await;
        Self { source, clock, rotating }
    }

    fn source_has(&self, newest: Option<&'static str>) {
        *self.source.newest.lock().unwrap() = newest;
    }

    fn loads(&self) -> usize {
        self.source.loads.load(Ordering::SeqCst)
    }

    /// Time goes by, for the clock and for the background task.
    async fn wait(&self, minutes: i64) {
        self.clock.advance(minutes * 60);
        time::sleep(TICK * 2).await;
    }

    #[track_caller]
    fn serves(&self, name: &str) {
        assert_eq!(self.rotating.description().kind, name);
    }

    /// Entra refuses what serves.
    async fn refused(&self) -> Remedy {
        let assertion = self.rotating.assertion().await.unwrap_or_else(|error| panic!("{error}"));
        self.rotating.refused(&assertion).await
    }
}

#[tokio::test(start_paused = true)]
async fn the_source_is_read_again_between_six_and_twelve_hours_later() {
    let scene = Scene::starting_with("one").await;
    scene.source_has(Some("two"));
    scene.wait(9 * 60 - 5).await;
    scene.serves("one");
    assert_eq!(scene.rotating.last_reload(), Some(Reload { at: NOW, failed: false }), "the first reading counts");
    scene.wait(5).await;
    scene.serves("two");
    assert_eq!(scene.rotating.last_reload(), Some(Reload { at: scene.clock.now(), failed: false }));
    assert_eq!(scene.loads(), 2);
    scene.wait(9 * 60 + 5).await;
    assert_eq!(scene.loads(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_changes_nothing() {
    let scene = Scene::starting_with("one").await;
    scene.source_has(None);
    for hours in 1..5 {
        scene.wait(hours * 12 * 60).await;
        scene.serves("one");
        assert!(scene.rotating.assertion().await.is_ok());
        let now = scene.clock.now();
        assert_eq!(scene.rotating.last_reload(), Some(Reload { at: now, failed: true }));
    }
    assert_eq!(scene.loads(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_brings_the_newest_version_at_once_and_once_for_all() {
    let scene = Scene::starting_with("one").await;
    scene.source_has(Some("two"));
    let impatient = time::timeout(Duration::from_millis(1), scene.refused());
    let (left, one, two) = tokio::join!(impatient, scene.refused(), scene.refused());
    assert!(left.is_err());
    assert_eq!((one, two), (Remedy::TryAgain, Remedy::TryAgain));
    scene.serves("two");
    assert_eq!(scene.loads(), 2);
}

#[tokio::test(start_paused = true)]
async fn refusals_make_the_source_be_read_at_most_once_in_five_minutes() {
    let scene = Scene::starting_with("one").await;
    for (minutes, loads) in [(0, 2), (1, 2), (3, 2), (1, 3), (4, 3), (1, 4)] {
        scene.wait(minutes).await;
        assert_eq!(scene.refused().await, Remedy::Nothing);
        assert_eq!(scene.loads(), loads);
    }
    scene.wait(-60).await;
    scene.refused().await;
    assert_eq!(scene.loads(), 5, "a clock that was set back lets nobody wait");
}

#[tokio::test(start_paused = true)]
async fn a_version_that_entra_does_not_know_gives_way_to_the_previous_one_until_it_does() {
    let scene = Scene::starting_with("one").await;
    scene.source_has(Some("two"));
    scene.wait(12 * 60).await;
    scene.serves("two");
    assert_eq!(scene.refused().await, Remedy::TryAgain);
    scene.serves("one");
    scene.wait(60).await;
    scene.serves("one");
    // registered meanwhile: the next reading tries it again
    scene.wait(12 * 60).await;
    scene.serves("two");
}

#[tokio::test(start_paused = true)]
async fn the_previous_version_needs_no_source() {
    let scene = Scene::starting_with("one").await;
    scene.source_has(Some("two"));
    assert_eq!(scene.refused().await, Remedy::TryAgain);
    scene.source_has(None);
    assert_eq!(scene.refused().await, Remedy::TryAgain);
    scene.serves("one");
}

#[tokio::test(start_paused = true)]
async fn when_neither_is_accepted_the_newest_stays_and_nothing_goes_in_circles() {
    let scene = Scene::starting_with("one").await;
    scene.source_has(Some("two"));
    assert_eq!(scene.refused().await, Remedy::TryAgain);
    assert_eq!(scene.refused().await, Remedy::TryAgain);
    assert_eq!(scene.refused().await, Remedy::TryAgain);
    scene.serves("two");
    for _ in 0..10 {
        assert_eq!(scene.refused().await, Remedy::Nothing);
        scene.serves("two");
    }
    assert_eq!(scene.loads(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_does_not_sign_gives_way_too() {
    let scene = Scene::starting_with("broken").await;
    assert!(scene.rotating.assertion().await.is_err());
    scene.source_has(Some("two"));
    scene.wait(5).await;
    let assertion = scene.rotating.assertion().await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(assertion.secret(), "two");
}

#[tokio::test(start_paused = true)]
async fn a_vault_that_does_not_answer_moves_no_version_and_is_not_blamed_on_entra() {
    let captured = Captured::start();
    let scene = Scene::starting_with("one").await;
    scene.source_has(Some("silent"));
    assert_eq!(scene.refused().await, Remedy::TryAgain);
    for _ in 0..3 {
        assert!(matches!(scene.rotating.assertion().await, Err(CredentialError::Unreachable { .. })));
        scene.serves("silent");
    }
    assert_eq!(captured.events("credential_not_registered").len(), 0);
    assert_eq!(scene.loads(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_certificate_is_warned_of_once_a_day_in_its_last_thirty_days() {
    let captured = Captured::start();
    let scene = Scene::starting_with("one").await;
    let mut told = Vec::new();
    for _ in 0..10 {
        scene.wait(8 * 60).await;
        told.push(captured.events("credential_expires").len());
    }
    assert_eq!(told, [0, 0, 0, 0, 0, 1, 1, 1, 2, 2]);
    assert_eq!(captured.events("credential_expires")[0]["days"], 30);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_read_any_more_when_the_credential_is_gone() {
    let scene = Scene::starting_with("one").await;
    let source = scene.source.clone();
    let clock = scene.clock.clone();
    drop(scene);
    clock.advance(86_400);
    time::sleep(TICK * 2).await;
    assert_eq!(source.loads.load(Ordering::SeqCst), 1);
}

#[test]
fn a_reading_is_due_at_its_moment_and_when_that_lies_further_ahead_than_any_can() {
    for (seconds, expected) in [(-1, true), (0, true), (1, false), (12 * 3600, false), (12 * 3600 + 1, true)] {
        assert_eq!(is_due(NOW, UnixTime(NOW.0 + seconds)), expected, "{seconds}");
    }
}
