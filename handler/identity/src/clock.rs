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
        f64::from(u32::from_be_bytes([a, b, c, d])) / (f64::from(u32::MAX) + 1.0)
    }
}
