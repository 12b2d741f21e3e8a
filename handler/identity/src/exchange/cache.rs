//! Outcomes of exchanges, each under the assertion it was won with.
//!
//! One map holds tokens and failures alike, so a failing exchange is shared by those who wait for it as a successful one
//! is. Freshness is wall-clock time, checked at each use: an instance that was frozen wakes with old entries. The map's
//! own time limit only wipes what nobody asks for again.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::digest;
use moka::future::Cache;
use uuid::Uuid;

use super::{ArmToken, ExchangeFailure};
use crate::{BearerToken, Clock, ObjectId, TenantId, UnixTime};

/// A token is not handed out in its last five minutes: the request that carries it must still be accepted.
const LAST_MINUTES: Duration = Duration::from_mins(5);

/// SHA-256 over tenant, object id, scope and the assertion, each preceded by its length.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct CacheKey([u8; 32]);

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

/// Where an outcome came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// An earlier exchange.
    Hit,
    /// This caller's own exchange.
    Miss,
    /// An exchange that another caller had begun.
    Joined,
}

pub(super) struct TokenCache {
    outcomes: Cache<CacheKey, Outcome>,
    clock: Arc<dyn Clock>,
}

impl CacheKey {
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
        Self { outcomes: Cache::builder().max_capacity(capacity).time_to_live(ttl).build(), clock }
    }

    /// About how many outcomes it holds.
    pub(super) fn entries(&self) -> u64 {
        self.outcomes.entry_count()
    }

    /// The fresh outcome under `key`, unless it is the `challenged` token; else that of `exchange`.
    ///
    /// Concurrent callers share one exchange. It runs inside the first caller's future; when that is dropped, the next
    /// one who waits runs their own.
    pub(super) async fn find(
        &self,
        key: CacheKey,
        challenged: Option<&ArmToken>,
        exchange: impl Future<Output = Outcome>,
    ) -> (Outcome, Found) {
        let mut usable = false;
        let replace_if = |outcome: &Outcome| {
            usable = outcome.is_fresh(self.clock.now()) && !challenged.is_some_and(|token| outcome.holds(token));
            !usable
        };
        let entry = self.outcomes.entry(key).or_insert_with_if(exchange, replace_if).await;
        let found = match (entry.is_fresh(), usable) {
            (true, _) => Found::Miss,
            (false, true) => Found::Hit,
            (false, false) => Found::Joined,
        };
        (entry.into_value(), found)
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
    //! Proves the key and the time to live; the sharing is proven with whole exchanges in `exchange::tests`.

    use proptest::prelude::*;

    use super::*;

    const TENANT: &str = "11111111-1111-4111-8111-111111111111";
    const ALICE: &str = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";

    fn key(tenant: &str, object: &str, scope: &str, assertion: &str) -> CacheKey {
        let assertion = BearerToken::new(assertion.to_owned());
        CacheKey::new(tenant.parse().unwrap(), object.parse().unwrap(), scope, &assertion)
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
