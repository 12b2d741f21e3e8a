//! Work that is done once for all who ask for the same thing at the same time.
//!
//! - The work runs inside the future of the caller who leads, and nothing is spawned: a client that has gone drops its
//!   work, and whoever waited for it does their own.
//! - Whoever comes to lead looks once more at what is kept: between a caller's look and their lead, another flight may
//!   have landed.
//! - An end wakes everybody who waits. One who was woken alone might be leaving too, and the others would sleep on.
//! - A flight is in the map for exactly as long as its leader lives, so nothing is left behind.
//! - No lock is held while work runs, an outcome is copied or a waker is called, copied or dropped.
//!
//! `tests/single_flight.rs` puts this very file under a model checker, with locks that it schedules in the place of
//! `super::sync`.

use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    hash::Hash,
    mem,
    pin::Pin,
    sync::{Arc, PoisonError},
    task::{Context, Poll, Waker},
};

use super::sync::{Mutex, MutexGuard};

/// The work under way, each under the key that it is shared by.
pub struct SingleFlight<K, V> {
    flights: Mutex<HashMap<K, Arc<Flight<V>>>>,
}

/// Where an outcome came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Work that was done earlier.
    Hit,
    /// This caller's own work.
    Miss,
    /// Work that another caller had begun.
    Joined,
}

struct Flight<V> {
    phase: Mutex<Phase<V>>,
}

enum Phase<V> {
    /// Its leader lives. Those who wait, in the order in which they came.
    UnderWay(BTreeMap<usize, Waker>),
    /// There is no outcome when the leader left before they had one.
    Over(Option<Arc<V>>),
}

enum Seat<'a, K: Eq + Hash, V> {
    Leader(Leader<'a, K, V>),
    Passenger(Passenger<V>),
}

/// Who does the work. However they end, the flight ends with them.
struct Leader<'a, K: Eq + Hash, V> {
    flights: &'a SingleFlight<K, V>,
    key: K,
    flight: Arc<Flight<V>>,
    outcome: Option<Arc<V>>,
}

/// Waits for the end of a flight.
struct Passenger<V> {
    flight: Arc<Flight<V>>,
    /// Under which its waker is kept, if it is.
    number: Option<usize>,
}

impl<K, V> Default for SingleFlight<K, V> {
    fn default() -> Self {
        Self { flights: Mutex::new(HashMap::new()) }
    }
}

impl<K: Clone + Eq + Hash, V: Clone> SingleFlight<K, V> {
    /// Nothing is under way.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What `look` finds; else the outcome of the work that is under way for `key`; else that of `work`.
    ///
    /// `work` is begun by who comes to lead, and must leave what is to be kept where `look` finds it.
    pub async fn find<W: Future<Output = V>>(
        &self,
        key: K,
        look: impl Fn() -> Option<V>,
        work: impl FnOnce() -> W,
    ) -> (V, Found) {
        loop {
            if let Some(kept) = look() {
                return (kept, Found::Hit);
            }
            match self.board(&key) {
                Seat::Passenger(passenger) => {
                    if let Some(outcome) = passenger.await {
                        return (V::clone(&outcome), Found::Joined);
                    }
                }
                Seat::Leader(mut leader) => {
                    if let Some(kept) = look() {
                        return (kept, Found::Hit);
                    }
                    // on the heap, because most callers never lead
                    let outcome = Box::pin(work()).await;
                    leader.outcome = Some(Arc::new(outcome.clone()));
                    return (outcome, Found::Miss);
                }
            }
        }
    }

    fn board(&self, key: &K) -> Seat<'_, K, V> {
        match self.flights().entry(key.clone()) {
            Entry::Occupied(entry) => Seat::Passenger(Passenger { flight: entry.get().clone(), number: None }),
            Entry::Vacant(entry) => {
                let flight = Arc::new(Flight { phase: Mutex::new(Phase::UnderWay(BTreeMap::new())) });
                entry.insert(flight.clone());
                Seat::Leader(Leader { flights: self, key: key.clone(), flight, outcome: None })
            }
        }
    }

    /// Whether nothing is under way.
    #[cfg(test)]
    pub(crate) fn is_idle(&self) -> bool {
        self.flights().is_empty()
    }
}

impl<K, V> SingleFlight<K, V> {
    fn flights(&self) -> MutexGuard<'_, HashMap<K, Arc<Flight<V>>>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V> Flight<V> {
    fn phase(&self) -> MutexGuard<'_, Phase<V>> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash, V> Drop for Leader<'_, K, V> {
    fn drop(&mut self) {
        // bound to names, as below, so that they are dropped after the lock is released
        let _entry = self.flights.flights().remove_entry(&self.key);
        let phase = mem::replace(&mut *self.flight.phase(), Phase::Over(self.outcome.take()));
        if let Phase::UnderWay(waiting) = phase {
            waiting.into_values().for_each(Waker::wake);
        }
    }
}

impl<V> Future for Passenger<V> {
    type Output = Option<Arc<V>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { flight, number } = &mut *self;
        let waker = context.waker().clone();
        let (poll, _unused) = match &mut *flight.phase() {
            Phase::Over(outcome) => (Poll::Ready(outcome.clone()), Some(waker)),
            Phase::UnderWay(waiting) => {
                let next = || waiting.last_key_value().map_or(0, |(last, _)| last + 1);
                let number = *number.get_or_insert_with(next);
                (Poll::Pending, waiting.insert(number, waker))
            }
        };
        poll
    }
}

impl<V> Drop for Passenger<V> {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let _waker = match &mut *self.flight.phase() {
            Phase::Over(_) => None,
            Phase::UnderWay(waiting) => waiting.remove(&number),
        };
    }
}
