//! How fast Azure may be asked, and by whom.
//!
//! Cost Management gives a whole tenant a few queries a minute, so one impatient caller could take them from all. Hence:
//!
//! - when Azure asks to wait, everybody who asks about that scope waits, and Azure is left alone meanwhile;
//! - a short wait is waited within the call, once; a longer one is told in seconds;
//! - each person has a budget per instance, in the units Azure counts: one for each month of data.
//!
//! <https://learn.microsoft.com/azure/cost-management-billing/costs/manage-automation#data-latency-and-rate-limits>

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::HeaderMap;
use identity::{Clock, ObjectId, UnixTime};

use super::{CostError, CostScope, throttle};

/// The longest wait that a call waits by itself.
pub(super) const SHORT: Duration = Duration::from_secs(10);
/// A query over the longest period costs so many units: nobody's burst is smaller.
const SMALLEST_BURST: u32 = 13;
/// How much of an hour's budget may be spent at once.
const BURST: u32 = 10;
const SECONDS_PER_HOUR: u64 = 3600;

/// Query processing units: what questions cost at Azure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Units(pub u32);

/// The pace of one instance.
pub(super) struct Pace {
    clock: Arc<dyn Clock>,
    /// The budget of a person, in units an hour.
    hourly: u32,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// When the tenant may ask again.
    tenant: Option<UnixTime>,
    /// When a scope may be asked about again.
    scopes: HashMap<CostScope, UnixTime>,
    people: HashMap<ObjectId, Debt>,
    /// At so many people those who owe nothing are forgotten.
    crowd: usize,
}

/// A few people are never worth a look.
const SMALLEST_CROWD: usize = 64;

/// What a person has spent and not regained, in units times the seconds of an hour, so that nothing is ever rounded.
#[derive(Clone, Copy)]
struct Debt {
    owed: u64,
    at: UnixTime,
}

impl Pace {
    /// `hourly` is the budget of a person.
    pub(super) fn new(Units(hourly): Units, clock: Arc<dyn Clock>) -> Self {
        Self { clock, hourly: hourly.max(1), state: Mutex::default() }
    }

    /// How long Azure must not be asked about `scope`.
    pub(super) fn cooling(&self, scope: &CostScope) -> Option<Duration> {
        let (now, state) = (self.clock.now(), self.state());
        let until = state.tenant.max(state.scopes.get(scope).copied())?;
        // a clock that was set back must not close a scope for longer than Azure ever asks
        Some(now.until(until)).filter(|wait| !wait.is_zero() && *wait <= throttle::LONGEST)
    }

    /// Azure asked to wait, in `headers`, when it was asked about `scope`.
    pub(super) fn cool(&self, scope: &CostScope, headers: &HeaderMap) {
        let now = self.clock.now();
        let mut state = self.state();
        state.scopes.retain(|_, until| now < *until);
        state.scopes.insert(scope.clone(), now.plus(throttle::retry_after(headers, now)));
        let tenant = throttle::tenant_wide(headers).map(|wait| now.plus(wait));
        state.tenant = state.tenant.max(tenant);
    }

    /// Takes `units` from the person's budget.
    ///
    /// # Errors
    /// [`CostError::BudgetSpent`], with the time after which there is enough of it again.
    pub(super) fn spend(&self, person: ObjectId, Units(units): Units) -> Result<(), CostError> {
        let now = self.clock.now();
        let mut state = self.state();
        if state.people.len() >= state.crowd.max(SMALLEST_CROWD) {
            state.people.retain(|_, debt| debt.owed_at(now, self.hourly) > 0);
            state.crowd = state.people.len().saturating_mul(2);
        }
        let owed = state.people.get(&person).map_or(0, |debt| debt.owed_at(now, self.hourly));
        let wanted = owed + u64::from(units) * SECONDS_PER_HOUR;
        let most = u64::from(self.burst()) * SECONDS_PER_HOUR;
        if wanted > most {
            let retry_after = Duration::from_secs((wanted - most).div_ceil(u64::from(self.hourly)));
            return Err(CostError::BudgetSpent { retry_after });
        }
        state.people.insert(person, Debt { owed: wanted, at: now });
        Ok(())
    }

    fn burst(&self) -> u32 {
        (self.hourly / BURST).max(SMALLEST_BURST)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Debt {
    /// A clock that goes back forgives nothing and adds nothing.
    fn owed_at(self, now: UnixTime, hourly: u32) -> u64 {
        self.owed.saturating_sub(self.at.until(now).as_secs().saturating_mul(hourly.into()))
    }
}

#[cfg(test)]
mod tests {
    //! Proves the waits and the budgets on a clock of their own. What Azure's limits are today, only a tenant shows.

    use std::sync::atomic::{AtomicI64, Ordering};

    use http::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    #[derive(Default)]
    struct HandClock(AtomicI64);

    impl Clock for HandClock {
        fn now(&self) -> UnixTime {
            UnixTime(self.0.load(Ordering::SeqCst))
        }
    }

    impl HandClock {
        fn advance(&self, seconds: i64) {
            self.0.fetch_add(seconds, Ordering::SeqCst);
        }
    }

    fn pace(hourly: u32) -> (Arc<HandClock>, Pace) {
        let clock = Arc::new(HandClock(AtomicI64::new(1_800_000_000)));
        (clock.clone(), Pace::new(Units(hourly), clock))
    }

    fn scope(group: &str) -> CostScope {
        CostScope::ManagementGroup(group.parse().unwrap())
    }

    fn person(number: u8) -> ObjectId {
        format!("{number:08}-0000-4000-8000-000000000000").parse().unwrap()
    }

    fn asking(name: &'static str, seconds: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(seconds))])
    }

    const ENTITY: &str = "x-ms-ratelimit-microsoft.costmanagement-entity-retry-after";
    const QPU: &str = "x-ms-ratelimit-microsoft.costmanagement-qpu-retry-after";

    #[test]
    fn a_scope_that_cools_down_leaves_others_alone() {
        let (clock, pace) = pace(300);
        pace.cool(&scope("a"), &asking(ENTITY, "30"));
        assert_eq!(pace.cooling(&scope("a")), Some(Duration::from_secs(30)));
        assert_eq!(pace.cooling(&scope("b")), None);
        clock.advance(29);
        assert_eq!(pace.cooling(&scope("a")), Some(Duration::from_secs(1)));
        clock.advance(1);
        assert_eq!(pace.cooling(&scope("a")), None);
    }

    #[test]
    fn a_limit_of_the_tenant_stops_every_scope() {
        let (clock, pace) = pace(300);
        pace.cool(&scope("a"), &asking(QPU, "20"));
        assert_eq!(pace.cooling(&scope("b")), Some(Duration::from_secs(20)));
        pace.cool(&scope("b"), &asking(QPU, "5"));
        assert_eq!(pace.cooling(&scope("c")), Some(Duration::from_secs(20)), "the longer wait counts");
        clock.advance(20);
        assert_eq!(pace.cooling(&scope("b")), None);
    }

    #[test]
    fn what_has_cooled_down_is_forgotten() {
        let (clock, pace) = pace(300);
        for number in 0..50 {
            pace.cool(&scope(&format!("g{number}")), &asking(ENTITY, "10"));
        }
        clock.advance(10);
        pace.cool(&scope("last"), &asking(ENTITY, "10"));
        assert_eq!(pace.state().scopes.len(), 1);
    }

    #[test]
    fn one_person_s_loop_ends_with_seconds_and_takes_nothing_from_another() {
        let (clock, pace) = pace(300);
        let spent = (0..1000).take_while(|_| pace.spend(person(1), Units(1)).is_ok()).count();
        assert_eq!(spent, 30);
        assert_eq!(
            pace.spend(person(1), Units(1)),
            Err(CostError::BudgetSpent { retry_after: Duration::from_secs(12) })
        );
        assert_eq!(pace.spend(person(2), Units(13)), Ok(()));
        clock.advance(12);
        assert_eq!(pace.spend(person(1), Units(1)), Ok(()));
        assert_eq!(
            pace.spend(person(1), Units(2)),
            Err(CostError::BudgetSpent { retry_after: Duration::from_secs(24) })
        );
    }

    #[test]
    fn a_question_about_a_year_is_possible_on_the_smallest_budget() {
        let (_, pace) = pace(1);
        assert_eq!(pace.spend(person(1), Units(13)), Ok(()));
        assert!(pace.spend(person(1), Units(1)).is_err());
    }

    #[test]
    fn who_owes_nothing_is_forgotten() {
        let (clock, pace) = pace(300);
        for number in 0..64 {
            pace.spend(person(number), Units(1)).unwrap();
        }
        clock.advance(12);
        pace.spend(person(99), Units(1)).unwrap();
        assert_eq!(pace.state().people.len(), 1);
    }

    proptest! {
        /// Over any stretch of time nobody gets more than a burst and what has come in since.
        #[test]
        fn nobody_spends_more_than_burst_and_income(
            steps in proptest::collection::vec((0_i64..100, 0_u32..14), 1..80),
            hourly in 1_u32..2000,
        ) {
            let (clock, pace) = pace(hourly);
            let (mut elapsed, mut spent) = (0_u64, 0_u64);
            for (seconds, units) in steps {
                clock.advance(seconds);
                elapsed += u64::try_from(seconds).unwrap();
                match pace.spend(person(1), Units(units)) {
                    Ok(()) => spent += u64::from(units),
                    Err(CostError::BudgetSpent { retry_after }) => {
                        prop_assert!(retry_after > Duration::ZERO);
                        clock.advance(i64::try_from(retry_after.as_secs()).unwrap());
                        elapsed += retry_after.as_secs();
                        prop_assert_eq!(pace.spend(person(1), Units(units)), Ok(()), "the wait was enough");
                        spent += u64::from(units);
                    }
                    Err(other) => panic!("{other:?}"),
                }
                let income = elapsed * u64::from(hourly);
                prop_assert!(spent * SECONDS_PER_HOUR <= u64::from(pace.burst()) * SECONDS_PER_HOUR + income);
            }
        }

        #[test]
        fn a_clock_that_jumps_breaks_nothing(jumps in proptest::collection::vec(-10_000_i64..10_000, 1..30)) {
            let (clock, pace) = pace(300);
            for jump in jumps {
                clock.advance(jump);
                let _ = pace.spend(person(1), Units(5));
                pace.cool(&scope("a"), &asking(ENTITY, "30"));
                prop_assert!(pace.cooling(&scope("a")).is_none_or(|wait| wait <= throttle::LONGEST));
            }
        }
    }
}
