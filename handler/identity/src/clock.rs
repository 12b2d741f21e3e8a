//! Time and randomness, injected so that tests can hold them still.

use std::time::{Duration, SystemTime};

/// Seconds since 1970-01-01T00:00:00Z, the unit of `exp`, `nbf` and every expiry kept here.
///
/// Wall-clock time on purpose: an instance that the platform freezes must not wake up with expired entries it believes
/// to be fresh, and a monotonic clock may stand still while it sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(pub i64);

impl UnixTime {
    /// This moment `duration` later, whole seconds only; saturates.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)))
    }

    /// How long until `later`; zero when it has passed.
    #[must_use]
    pub fn until(self, later: Self) -> Duration {
        Duration::from_secs(u64::try_from(later.0.saturating_sub(self.0)).unwrap_or(0))
    }
}

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// The wall-clock time.
    fn now(&self) -> UnixTime;
}

/// Makes what must not be guessed or must not come at the same moment everywhere.
pub trait Random: Send + Sync + 'static {
    /// A version 4 UUID (`jti`, correlation ids).
    fn uuid(&self) -> uuid::Uuid;
    /// A fraction in `0.0..1.0`, for jitter.
    fn fraction(&self) -> f64;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn now(&self) -> UnixTime {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        UnixTime(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
    }
}

/// The operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(clippy::disallowed_methods, reason = "the one place that takes randomness")]
    fn uuid(&self) -> uuid::Uuid {
        uuid::Uuid::new_v4()
    }

    fn fraction(&self) -> f64 {
        // 32 of the 122 random bits are enough for jitter and fit a double exactly
        let [a, b, c, d, ..] = *self.uuid().as_bytes();
        below_one(u32::from_be_bytes([a, b, c, d]))
    }
}

/// `bits` spread evenly over `0.0..1.0`.
fn below_one(bits: u32) -> f64 {
    f64::from(bits) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    //! Proves that what must not be guessed differs each time, and that jitter stays within its bounds.

    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_ids_are_alike() {
        let ids: HashSet<_> = (0..100).map(|_| SystemRandom.uuid()).collect();
        assert_eq!(ids.len(), 100);
        assert!(ids.iter().all(|id| id.get_version_num() == 4));
    }

    #[test]
    fn a_fraction_is_anywhere_below_one() {
        let fractions: Vec<f64> = (0..100).map(|_| SystemRandom.fraction()).collect();
        assert!(fractions.iter().all(|fraction| (0.0..1.0).contains(fraction)), "{fractions:?}");
        // each is missed by all of them once in 2^100 runs
        assert!(fractions.iter().any(|fraction| *fraction < 0.5), "{fractions:?}");
        assert!(fractions.iter().any(|fraction| *fraction >= 0.5), "{fractions:?}");
    }

    #[test]
    fn the_bits_are_spread_evenly() {
        for (bits, least, most) in [(0, 0.0, 0.000_1), (1 << 30, 0.25, 0.250_1), (u32::MAX, 0.999_9, 0.999_999_999_9)] {
            assert!((least..=most).contains(&below_one(bits)), "{bits}");
        }
    }

    /// 2025-01-01T00:00:00Z: a clock that was never set would refuse every token.
    #[test]
    fn the_machines_clock_tells_the_time_of_today() {
        assert!(SystemClock.now() > UnixTime(1_735_689_600));
    }
}
