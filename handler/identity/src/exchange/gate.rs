//! A pause for the whole instance when Entra says that it, not a user, can take no more.
//!
//! Only a 429 or a 503 that names no user shuts the gate. Anything else would let one user's trouble stop the
//! exchange of another. Shut, it still lets one probe through every five seconds, so that recovery is noticed early.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::retry_after;
use crate::{Clock, UnixTime};

/// How often a shut gate lets one exchange through.
const PROBE_EVERY: Duration = Duration::from_secs(5);

pub(super) struct Gate {
    clock: Arc<dyn Clock>,
    shut: Mutex<Option<Shut>>,
}

#[derive(Clone, Copy)]
struct Shut {
    until: UnixTime,
    next_probe: UnixTime,
}

/// Leave to ask Entra once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// The gate is open.
    Free,
    /// The gate is shut; this exchange finds out whether it may open.
    Probe,
}

impl Shut {
    /// `None` when it is over. More than the longest pause is left only after the clock was set back.
    fn left(self, now: UnixTime) -> Option<Duration> {
        Some(now.until(self.until)).filter(|left| !left.is_zero() && *left <= retry_after::LONGEST)
    }
}

impl Gate {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, shut: Mutex::new(None) }
    }

    /// Leave to ask Entra, or how long to wait.
    pub(super) fn pass(&self) -> Result<Pass, Duration> {
        let now = self.clock.now();
        let mut gate = self.shut.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(shut) = &mut *gate else { return Ok(Pass::Free) };
        let Some(left) = shut.left(now) else {
            *gate = None;
            return Ok(Pass::Free);
        };
        if now < shut.next_probe {
            return Err(left);
        }
        shut.next_probe = now.plus(PROBE_EVERY);
        Ok(Pass::Probe)
    }

    /// How long it is shut, if it is. Uses no probe up.
    pub(super) fn shut_for(&self) -> Option<Duration> {
        let shut = *self.shut.lock().unwrap_or_else(PoisonError::into_inner);
        shut?.left(self.clock.now())
    }

    /// Entra can take no more for `wait`.
    pub(super) fn shut(&self, wait: Duration) {
        let now = self.clock.now();
        let shut = Shut { until: now.plus(wait.min(retry_after::LONGEST)), next_probe: now.plus(PROBE_EVERY) };
        *self.shut.lock().unwrap_or_else(PoisonError::into_inner) = Some(shut);
    }

    /// Entra answered. Only a probe's answer opens the gate: any other exchange may have begun before it was shut.
    pub(super) fn answered(&self, pass: Pass) {
        if pass == Pass::Probe {
            *self.shut.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}

#[cfg(test)]
mod tests {
    //! Proves when the gate is shut, for how long, and what opens it.

    use super::*;
    use crate::exchange::testing::TestClock;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_shut_gate_lets_one_probe_through_every_five_seconds() {
        let clock = TestClock::new();
        let gate = Gate::new(clock.clone());
        assert_eq!(gate.pass(), Ok(Pass::Free));
        assert_eq!(gate.shut_for(), None);
        gate.shut(seconds(12));
        assert_eq!(gate.pass(), Err(seconds(12)));
        clock.advance(4);
        assert_eq!(gate.pass(), Err(seconds(8)));
        clock.advance(1);
        assert_eq!(gate.shut_for(), Some(seconds(7)), "to look uses no probe up");
        assert_eq!(gate.pass(), Ok(Pass::Probe));
        assert_eq!(gate.pass(), Err(seconds(7)));
        clock.advance(5);
        assert_eq!(gate.pass(), Ok(Pass::Probe));
        clock.advance(2);
        assert_eq!(gate.shut_for(), None);
        assert_eq!(gate.pass(), Ok(Pass::Free));
    }

    #[test]
    fn it_never_stays_shut_longer_than_a_minute() {
        let clock = TestClock::new();
        let gate = Gate::new(clock.clone());
        gate.shut(seconds(3600));
        assert_eq!(gate.pass(), Err(seconds(60)));
        clock.advance(60);
        assert_eq!(gate.pass(), Ok(Pass::Free));
    }

    #[test]
    fn a_clock_that_is_set_back_opens_it() {
        let clock = TestClock::new();
        let gate = Gate::new(clock.clone());
        gate.shut(seconds(60));
        clock.advance(-3600);
        assert_eq!(gate.shut_for(), None);
        assert_eq!(gate.pass(), Ok(Pass::Free));
    }

    #[test]
    fn only_an_answer_to_a_probe_opens_it_early() {
        let clock = TestClock::new();
        let gate = Gate::new(clock.clone());
        gate.shut(seconds(30));
        gate.answered(Pass::Free);
        assert_eq!(gate.pass(), Err(seconds(30)));
        clock.advance(5);
        gate.answered(gate.pass().unwrap());
        assert_eq!(gate.pass(), Ok(Pass::Free));
    }
}
