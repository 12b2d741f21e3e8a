//! Outcomes of exchanges, each under the assertion it was won with.
//!
//! One map holds tokens and failures alike, so a failing exchange is shared by those who wait for it as a successful one
//! is. Freshness is wall-clock time, checked at each use: an instance that was frozen wakes with old entries. The map's
//! own time limit only wipes what nobody asks for again, and who shares an exchange with whom is [`SingleFlight`]'s.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::digest;
use moka::sync::Cache;
use uuid::Uuid;

use super::{ArmToken, ExchangeFailure};
use crate::{BearerToken, Clock, Found, ObjectId, SingleFlight, TenantId, UnixTime};

/// A token is not handed out in its last five minutes: the request that carries it must still be accepted.
const LAST_MINUTES: Duration = Duration::from_mins(5);

/// One caller with one token: SHA-256 over tenant, object id, scope and the assertion, each preceded by its length.
///
/// Whatever is shared between calls is kept under it, so that it is never shared between two people, nor between two
/// sessions of one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CallerKey([u8; 32]);

/// What one exchange came to.
#[derive(Clone)]
pub(super) struct Outcome {
    pub(super) result: Result<ArmToken, ExchangeFailure>,
    /// The first moment at which it is not used any more. In the past for what is not to be kept: whoever waited for
    /// the exchange shares it all the same.
    pub(super) fresh_until: UnixTime,
    /// The correlation id under which Entra logged the exchange: that of the call that made it.
    pub(super) exchange_id: Uuid,
}

pub(super) struct TokenCache {
    outcomes: Cache<CallerKey, Outcome>,
    exchanges: SingleFlight<CallerKey, Outcome>,
    clock: Arc<dyn Clock>,
}

impl CallerKey {
    pub(super) fn new(tenant: TenantId, object: ObjectId, scope: &str, assertion: &BearerToken) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in [tenant.to_string().as_str(), object.to_string().as_str(), scope, assertion.secret()] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        let mut key = [0; 32];
        for (byte, digest) in key.iter_mut().zip(context.finish().as_ref()) {
            *byte = *digest;
        }
        Self(key)
    }
}

impl Outcome {
    fn is_fresh(&self, now: UnixTime) -> bool {
        now < self.fresh_until
    }

    fn holds(&self, token: &ArmToken) -> bool {
        self.result.as_ref().is_ok_and(|held| held.is(token))
    }

    /// The result as seen at `now`: the wait of a remembered failure shrinks as time passes.
    pub(super) fn at(&self, now: UnixTime) -> Result<ArmToken, ExchangeFailure> {
        match &self.result {
            Err(ExchangeFailure::Transient { details, .. }) if self.is_fresh(now) => {
                Err(ExchangeFailure::Transient { retry_after: now.until(self.fresh_until), details: details.clone() })
            }
            result => result.clone(),
        }
    }
}

impl Found {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Joined => "joined",
        }
    }
}

impl TokenCache {
    pub(super) fn new(capacity: u64, ttl: Duration, clock: Arc<dyn Clock>) -> Self {
        let outcomes = Cache::builder().max_capacity(capacity).time_to_live(ttl).build();
        Self { outcomes, exchanges: SingleFlight::new(), clock }
    }

    /// About how many outcomes it holds.
    pub(super) fn entries(&self) -> u64 {
        self.outcomes.entry_count()
    }

    /// The fresh outcome under `key`, unless it is the `challenged` token; else that of `exchange`.
    ///
    /// Concurrent callers share one exchange. It runs inside the first caller's future; when that is dropped, the next
    /// one who waits runs their own.
    pub(super) async fn find<E: Future<Output = Outcome>>(
        &self,
        key: CallerKey,
        challenged: Option<&ArmToken>,
        exchange: impl FnOnce() -> E,
    ) -> (Outcome, Found) {
        let look = || {
            let now = self.clock.now();
            let usable =
                |outcome: &Outcome| outcome.is_fresh(now) && !challenged.is_some_and(|token| outcome.holds(token));
            self.outcomes.get(&key).filter(usable)
        };
        let exchange = async || {
            let outcome = exchange().await;
            self.outcomes.insert(key, outcome.clone());
            outcome
        };
        self.exchanges.find(key, look, exchange).await
    }
}

/// Until when a token is handed out again: the shortest of the time to live, the token's own life without its last five
/// minutes, and what the caller's token has left.
pub(super) fn token_fresh_until(
    asked_at: UnixTime,
    expires_in: Duration,
    ttl: Duration,
    caller_expires_at: UnixTime,
) -> UnixTime {
    asked_at.plus(ttl.min(expires_in.saturating_sub(LAST_MINUTES))).min(caller_expires_at)
}

#[cfg(test)]
mod tests {
    //! Proves the key, the time to live, and that whoever waits outlasts every end of those who lead. The sharing is
    //! proven with whole exchanges in `exchange::tests`, and in every order of its steps in `tests/single_flight.rs`.

    use std::{
        future::{pending, ready},
        panic::{AssertUnwindSafe, catch_unwind},
        pin::{Pin, pin},
        task::{Context, Poll, Wake, Waker},
    };

    use proptest::prelude::*;
    use zeroize::Zeroizing;

    use super::*;
    use crate::exchange::testing::{CALL, NOW, TestClock};

    const TENANT: &str = "11111111-1111-4111-8111-111111111111";
    const ALICE: &str = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";

    fn key(tenant: &str, object: &str, scope: &str, assertion: &str) -> CallerKey {
        let assertion = BearerToken::new(assertion.to_owned());
        CallerKey::new(tenant.parse().unwrap(), object.parse().unwrap(), scope, &assertion)
    }

    fn cache() -> TokenCache {
        TokenCache::new(10, Duration::from_mins(30), TestClock::new())
    }

    fn a_key() -> CallerKey {
        key(TENANT, ALICE, "scope", "assertion")
    }

    fn an_outcome() -> Outcome {
        let token = ArmToken::new(Zeroizing::new("token".to_owned()));
        Outcome { result: Ok(token), fresh_until: NOW.plus(Duration::from_mins(30)), exchange_id: CALL }
    }

    /// Where a call's outcome was found, if it is there.
    fn poll(call: Pin<&mut impl Future<Output = (Outcome, Found)>>, waker: &Waker) -> Option<Found> {
        match call.poll(&mut Context::from_waker(waker)) {
            Poll::Ready((_, found)) => Some(found),
            Poll::Pending => None,
        }
    }

    #[test]
    fn who_waits_outlasts_any_number_of_leaders_who_leave() {
        let cache = cache();
        let mut leader = Box::pin(cache.find(a_key(), None, pending));
        assert_eq!(poll(leader.as_mut(), Waker::noop()), None);
        let mut patient = pin!(cache.find(a_key(), None, || ready(an_outcome())));
        for _ in 0..1000 {
            assert_eq!(poll(patient.as_mut(), Waker::noop()), None);
            drop(leader);
            // comes before the one who waits gets their turn
            leader = Box::pin(cache.find(a_key(), None, pending));
            assert_eq!(poll(leader.as_mut(), Waker::noop()), None);
        }
        assert_eq!(poll(patient.as_mut(), Waker::noop()), None);
        drop(leader);
        assert_eq!(poll(patient.as_mut(), Waker::noop()), Some(Found::Miss));
        assert!(cache.exchanges.is_idle());
    }

    #[test]
    fn a_leader_who_panics_strands_nobody() {
        let cache = cache();
        let exchange = async || {
            tokio::task::yield_now().await;
            panic!("a bug")
        };
        let mut leader = Box::pin(cache.find(a_key(), None, exchange));
        assert_eq!(poll(leader.as_mut(), Waker::noop()), None);
        let mut patient = pin!(cache.find(a_key(), None, || ready(an_outcome())));
        assert_eq!(poll(patient.as_mut(), Waker::noop()), None);
        assert!(catch_unwind(AssertUnwindSafe(|| poll(leader.as_mut(), Waker::noop()))).is_err());
        assert_eq!(poll(patient.as_mut(), Waker::noop()), Some(Found::Miss));
        assert!(cache.exchanges.is_idle());
    }

    #[test]
    fn who_leaves_is_not_woken_any_more() {
        struct Sleeper;
        impl Wake for Sleeper {
            fn wake(self: Arc<Self>) {}
        }
        let (cache, sleeper) = (cache(), Arc::new(Sleeper));
        let mut leader = pin!(cache.find(a_key(), None, pending));
        assert_eq!(poll(leader.as_mut(), Waker::noop()), None);
        let mut passenger = Box::pin(cache.find(a_key(), None, pending));
        let waker = Waker::from(sleeper.clone());
        assert_eq!(poll(passenger.as_mut(), &waker), None);
        assert_eq!(poll(passenger.as_mut(), &waker), None);
        drop(waker);
        assert_eq!(Arc::strong_count(&sleeper), 2, "it is kept once");
        drop(passenger);
        assert_eq!(Arc::strong_count(&sleeper), 1, "nothing of it is kept while the leader lives");
    }

    #[test]
    fn the_key_depends_on_each_part() {
        let other = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb";
        let alice = key(TENANT, ALICE, "scope", "assertion");
        assert!(alice == key(TENANT, ALICE, "scope", "assertion"));
        assert!(alice != key(other, ALICE, "scope", "assertion"));
        assert!(alice != key(TENANT, other, "scope", "assertion"));
        assert!(alice != key(TENANT, ALICE, "other", "assertion"));
        assert!(alice != key(TENANT, ALICE, "scope", "other"));
        assert!(key(TENANT, ALICE, "ab", "c") != key(TENANT, ALICE, "a", "bc"), "the lengths keep the parts apart");
    }

    proptest! {
        #[test]
        fn a_token_is_kept_no_longer_than_any_of_its_bounds(
            now in 0_i64..4_000_000_000,
            expires_in in 0_u64..200_000,
            ttl in 60_u64..=1800,
            caller_left in -100_i64..100_000,
        ) {
            let caller_expires_at = UnixTime(now + caller_left);
            let until = token_fresh_until(
                UnixTime(now),
                Duration::from_secs(expires_in),
                Duration::from_secs(ttl),
                caller_expires_at,
            );
            let token_left = i64::try_from(expires_in).unwrap() - 300;
            let bounds = [i64::try_from(ttl).unwrap(), token_left.max(0), caller_left];
            prop_assert_eq!(until.0 - now, bounds.into_iter().min().unwrap());
        }
    }
}
