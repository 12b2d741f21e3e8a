//! How the exchange is doing: what callers found, and what exchanges came to, in all and lately.
//!
//! Numbers only. Nothing here knows who called, so nothing of it can tell. What is counted is bounded: the last
//! minutes are one tally a minute. They are told apart by the wall clock, because an instance that was frozen must not
//! report last night's exchanges as the last quarter of an hour.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    ExchangeFailure,
    credential::{CredentialDescription, Reload},
};
use crate::{Clock, Found};

/// What counts as lately, in minutes: the minute that runs and those before it.
const WINDOW_MINUTES: i64 = 15;

/// What monitoring may know about the exchange: numbers, and what may be said about the credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExchangeStatus {
    /// What proves to Entra who this server is.
    pub credential: CredentialDescription,
    /// When the credential's source was last read; `None` for one that is not read.
    pub last_reload: Option<Reload>,
    /// Outcomes in the cache, also those that are not fresh any more and not yet wiped.
    pub cache_entries: u64,
    /// How many the cache holds at most.
    pub cache_capacity: u64,
    /// How callers came by their outcome, since the start.
    pub uses: Uses,
    /// What exchanges came to, since the start.
    pub since_start: Tally,
    /// What exchanges came to in the minute that runs and the 14 before it.
    pub lately: Tally,
    /// How long Entra is not asked because it can take no more; `None` while it is asked.
    pub gate_shut_for: Option<Duration>,
}

/// How callers came by an outcome, good or bad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// By an earlier exchange.
    pub hits: u64,
    /// By an exchange of their own.
    pub misses: u64,
    /// By an exchange that another caller had begun.
    pub joined: u64,
}

/// What exchanges came to. One exchange counts once, however many waited for it; one that was abandoned because every
/// caller left does not count. One that the shut gate refused has failed: its caller got no token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Exchanges that brought a token.
    pub ok: u64,
    /// Exchanges that did not.
    pub failures: Failures,
}

/// Exchanges that brought no token, by [`ExchangeFailure::class`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// [`ExchangeFailure::InteractionRequired`].
    pub interaction_required: u64,
    /// [`ExchangeFailure::AssertionRefused`].
    pub assertion_refused: u64,
    /// [`ExchangeFailure::ConsentRequired`].
    pub consent_required: u64,
    /// [`ExchangeFailure::AccessBlocked`].
    pub access_blocked: u64,
    /// [`ExchangeFailure::Operator`].
    pub operator_fault: u64,
    /// [`ExchangeFailure::Transient`].
    pub temporarily_unavailable: u64,
}

/// Counts.
pub(super) struct Figures {
    clock: Arc<dyn Clock>,
    counted: Mutex<Counted>,
}

/// What was counted, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) uses: Uses,
    pub(super) since_start: Tally,
    pub(super) lately: Tally,
}

#[derive(Default)]
struct Counted {
    uses: Uses,
    since_start: Tally,
    window: Window,
}

/// One tally for each of the last minutes in which there was an exchange, the oldest first.
#[derive(Default)]
struct Window(VecDeque<(i64, Tally)>);

impl Tally {
    /// All exchanges.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.ok + self.failures.total()
    }

    /// One more.
    fn count(&mut self, failure: Option<&ExchangeFailure>) {
        *failure.map_or(&mut self.ok, |failure| self.failures.of(failure)) += 1;
    }

    fn add(&mut self, other: &Self) {
        self.ok += other.ok;
        self.failures.add(&other.failures);
    }
}

impl Failures {
    /// Of every class.
    #[must_use]
    pub fn total(&self) -> u64 {
        let Self {
            interaction_required,
            assertion_refused,
            consent_required,
            access_blocked,
            operator_fault,
            temporarily_unavailable,
        } = self;
        interaction_required
            + assertion_refused
            + consent_required
            + access_blocked
            + operator_fault
            + temporarily_unavailable
    }

    fn of(&mut self, failure: &ExchangeFailure) -> &mut u64 {
        match failure {
            ExchangeFailure::InteractionRequired { .. } => &mut self.interaction_required,
            ExchangeFailure::AssertionRefused { .. } => &mut self.assertion_refused,
            ExchangeFailure::ConsentRequired { .. } => &mut self.consent_required,
            ExchangeFailure::AccessBlocked { .. } => &mut self.access_blocked,
            ExchangeFailure::Operator { .. } => &mut self.operator_fault,
            ExchangeFailure::Transient { .. } => &mut self.temporarily_unavailable,
        }
    }

    fn add(&mut self, other: &Self) {
        self.interaction_required += other.interaction_required;
        self.assertion_refused += other.assertion_refused;
        self.consent_required += other.consent_required;
        self.access_blocked += other.access_blocked;
        self.operator_fault += other.operator_fault;
        self.temporarily_unavailable += other.temporarily_unavailable;
    }
}

impl Figures {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, counted: Mutex::default() }
    }

    /// A caller got an outcome.
    pub(super) fn used(&self, found: Found) {
        let uses = &mut self.counted().uses;
        match found {
            Found::Hit => uses.hits += 1,
            Found::Miss => uses.misses += 1,
            Found::Joined => uses.joined += 1,
        }
    }

    /// An exchange is over.
    pub(super) fn exchanged(&self, failure: Option<&ExchangeFailure>) {
        let (mut counted, minute) = self.counted_now();
        counted.since_start.count(failure);
        counted.window.count(minute, failure);
    }

    pub(super) fn counts(&self) -> Counts {
        let (mut counted, minute) = self.counted_now();
        Counts { uses: counted.uses, since_start: counted.since_start, lately: counted.window.sum(minute) }
    }

    /// The clock is read under the lock: of two exchanges that end at the turn of a minute, the later is never first.
    fn counted_now(&self) -> (MutexGuard<'_, Counted>, i64) {
        let counted = self.counted();
        let minute = self.clock.now().0.div_euclid(60);
        (counted, minute)
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    /// One more exchange, in the minute that runs.
    fn count(&mut self, minute: i64, failure: Option<&ExchangeFailure>) {
        self.forget(minute);
        match self.0.back_mut() {
            Some((latest, tally)) if *latest == minute => tally.count(failure),
            _ => {
                let mut tally = Tally::default();
                tally.count(failure);
                self.0.push_back((minute, tally));
            }
        }
    }

    fn sum(&mut self, minute: i64) -> Tally {
        self.forget(minute);
        let mut sum = Tally::default();
        self.0.iter().for_each(|(_, tally)| sum.add(tally));
        sum
    }

    /// What is too old, and what lies ahead because the clock was set back: nobody can tell how long ago that was.
    fn forget(&mut self, minute: i64) {
        self.0.retain(|(counted, _)| (minute.saturating_sub(WINDOW_MINUTES) + 1..=minute).contains(counted));
    }
}

#[cfg(test)]
mod tests;
