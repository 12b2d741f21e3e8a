//! Proves what is counted lately, whatever the clock does. What is counted for whom is proven with whole exchanges in
//! `exchange::tests::status`.

use proptest::prelude::*;

use super::*;
use crate::exchange::{EntraDetails, testing::TestClock};

fn operator() -> ExchangeFailure {
    ExchangeFailure::Operator { details: EntraDetails::default(), advice: String::new() }
}

/// One of each class.
fn failures() -> [ExchangeFailure; 6] {
    let details = EntraDetails::default;
    [
        ExchangeFailure::InteractionRequired { claims: None, details: details() },
        ExchangeFailure::AssertionRefused { details: details() },
        ExchangeFailure::ConsentRequired { details: details() },
        ExchangeFailure::AccessBlocked { details: details() },
        operator(),
        ExchangeFailure::Transient { retry_after: Duration::from_secs(1), details: details() },
    ]
}

struct Scene {
    clock: Arc<TestClock>,
    figures: Figures,
}

impl Scene {
    fn new() -> Self {
        let clock = TestClock::new();
        Self { figures: Figures::new(clock.clone()), clock }
    }

    fn lately(&self) -> u64 {
        self.figures.counts().lately.total()
    }
}

#[test]
fn each_class_is_counted_by_itself() {
    let Scene { figures, .. } = Scene::new();
    figures.exchanged(None);
    for (times, failure) in failures().iter().enumerate() {
        (0..=times).for_each(|_| figures.exchanged(Some(failure)));
    }
    let Counts { since_start, lately, .. } = figures.counts();
    let failures = Failures {
        interaction_required: 1,
        assertion_refused: 2,
        consent_required: 3,
        access_blocked: 4,
        operator_fault: 5,
        temporarily_unavailable: 6,
    };
    assert_eq!(since_start, Tally { ok: 1, failures });
    assert_eq!(lately, since_start);
    assert_eq!((failures.total(), since_start.total()), (21, 22));
}

#[test]
fn uses_are_no_exchanges() {
    let Scene { figures, .. } = Scene::new();
    for found in [Found::Hit, Found::Miss, Found::Joined, Found::Joined, Found::Hit, Found::Hit] {
        figures.used(found);
    }
    let Counts { uses, since_start, lately } = figures.counts();
    assert_eq!(uses, Uses { hits: 3, misses: 1, joined: 2 });
    assert_eq!((since_start, lately), (Tally::default(), Tally::default()));
}

#[test]
fn a_quarter_of_an_hour_later_an_exchange_counts_only_in_all() {
    let Scene { clock, figures } = &Scene::new();
    figures.exchanged(Some(&operator()));
    clock.advance(14 * 60);
    figures.exchanged(None);
    let failures = Failures { operator_fault: 1, ..Failures::default() };
    assert_eq!(figures.counts().lately, Tally { ok: 1, failures });
    clock.advance(60);
    assert_eq!(figures.counts().lately, Tally { ok: 1, failures: Failures::default() });
    assert_eq!(figures.counts().since_start, Tally { ok: 1, failures });
}

#[test]
fn an_instance_that_was_frozen_wakes_with_nothing_lately() {
    let scene = Scene::new();
    (0..1000).for_each(|_| scene.figures.exchanged(Some(&operator())));
    assert_eq!(scene.figures.counted().window.0.len(), 1, "one tally a minute, however many exchanges");
    scene.clock.advance(8 * 3600);
    assert_eq!(scene.lately(), 0);
    scene.figures.exchanged(None);
    assert_eq!(scene.lately(), 1);
}

/// What lies ahead is not lately, and does not come back when the clock gets there again.
#[test]
fn a_clock_that_is_set_back_forgets_what_lies_ahead() {
    let scene = Scene::new();
    scene.figures.exchanged(None);
    scene.clock.advance(-3600);
    assert_eq!(scene.lately(), 0);
    scene.figures.exchanged(None);
    assert_eq!(scene.lately(), 1);
    scene.clock.advance(3600);
    assert_eq!(scene.lately(), 0);
    assert_eq!(scene.figures.counts().since_start.ok, 2);
}

#[test]
fn a_clock_at_either_end_of_time_breaks_nothing() {
    let scene = Scene::new();
    for seconds in [i64::MAX - crate::exchange::testing::NOW.0, 1, -1] {
        // it wraps around
        scene.clock.advance(seconds);
        scene.figures.exchanged(None);
        assert!(scene.lately() >= 1);
    }
}

proptest! {
    /// However the clock moves: against a list of single exchanges that forgets by the same rule.
    #[test]
    fn lately_is_what_a_list_of_single_exchanges_says(
        steps in prop::collection::vec((prop_oneof![0_i64..200, -200_i64..0, Just(20_000)], any::<bool>()), 0..80),
    ) {
        let scene = Scene::new();
        let mut all: Vec<(i64, bool)> = Vec::new();
        for (seconds, ok) in steps {
            scene.clock.advance(seconds);
            let minute = scene.clock.now().0.div_euclid(60);
            all.retain(|(counted, _)| *counted > minute - WINDOW_MINUTES && *counted <= minute);
            all.push((minute, ok));
            scene.figures.exchanged((!ok).then(operator).as_ref());
            let lately = |wanted| all.iter().filter(|(_, ok)| *ok == wanted).count() as u64;
            let counts = scene.figures.counts();
            prop_assert_eq!(counts.lately.ok, lately(true));
            prop_assert_eq!(counts.lately.failures.operator_fault, lately(false));
            let kept = scene.figures.counted().window.0.len();
            prop_assert!(kept <= usize::try_from(WINDOW_MINUTES).unwrap(), "{kept} minutes are kept");
        }
    }
}
