//! Puts the single flight of exchanges and queries under a model checker: every order in which its callers' steps can follow
//! each other is tried, and none strands a caller, makes an exchange too many or leaves anything behind. It is the
//! source file of the product, with loom's locks in the place of the standard library's.
//!
//! Source: <https://docs.rs/loom>.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../src/single_flight.rs"]
#[expect(unreachable_pub, reason = "it is public where it belongs")]
mod single_flight;

use std::{
    collections::BTreeMap,
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::Poll,
};

use loom::{
    future::block_on,
    sync::{self, Mutex},
    thread,
};
use single_flight::{Found, SingleFlight};

/// A cache, and what its callers did. The counters are no part of the model: nobody waits for them.
struct World {
    flights: SingleFlight<Key, Number>,
    cache: Mutex<BTreeMap<Key, Number>>,
    begun: AtomicUsize,
    ended: AtomicUsize,
}

/// An assertion.
type Key = &'static str;

/// That of an exchange, in the order in which they end; the first is 1.
type Number = usize;

/// What a caller does.
#[derive(Clone, Copy)]
enum Caller {
    /// Waits for the outcome.
    Stays,
    /// Goes when they would have to wait.
    LeavesAtOnce,
    /// Goes when they are woken, without a look at what for.
    LeavesWhenWoken,
}

/// All orders of three callers are too many to try. Of known faults nearly all show with two preemptions.
const PREEMPTIONS: usize = 3;

use Caller::{LeavesAtOnce, LeavesWhenWoken, Stays};

impl World {
    fn new() -> Self {
        Self {
            flights: SingleFlight::new(),
            cache: Mutex::new(BTreeMap::new()),
            begun: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
        }
    }

    /// Finds what is in the cache, or makes an exchange, which waits once and leaves its number in the cache.
    async fn find(&self, key: Key) -> (Number, Found) {
        let look = || self.cache.lock().unwrap().get(key).copied();
        let exchange = async || {
            self.begun.fetch_add(1, Relaxed);
            wait().await;
            let number = self.ended.fetch_add(1, Relaxed) + 1;
            let earlier = self.cache.lock().unwrap().insert(key, number);
            assert_eq!(earlier, None, "no exchange is made twice");
            number
        };
        self.flights.find(key, look, exchange).await
    }

    /// The outcome, unless the caller leaves before there is one.
    fn call(&self, key: Key, caller: Caller) -> Option<(Number, Found)> {
        block_on(async {
            let mut call = pin!(self.find(key));
            let mut polls = 0;
            poll_fn(|context| {
                polls += 1;
                if matches!((caller, polls), (LeavesWhenWoken, 2..)) {
                    return Poll::Ready(None);
                }
                match (call.as_mut().poll(context), caller) {
                    (Poll::Pending, LeavesAtOnce) => Poll::Ready(None),
                    (poll, _) => poll.map(Some),
                }
            })
            .await
        })
    }
}

/// Waits once, for nothing in particular.
async fn wait() {
    let mut waited = false;
    poll_fn(|context| {
        if waited {
            return Poll::Ready(());
        }
        waited = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Tries every order in which the steps of `callers` can follow each other, each caller on a thread of their own. With
/// more than two callers: every order in which at most [`PREEMPTIONS`] times one is halted who could go on.
///
/// In each, whoever stays gets an outcome (loom reports a deadlock when one is stranded), no exchange is made twice, none
/// is begun in vain but by those who leave, and nothing is left behind. `also` sees what everybody got.
#[track_caller]
fn in_every_order(callers: &'static [(Key, Caller)], also: fn(&[Option<(Number, Found)>])) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = (callers.len() > 2).then_some(PREEMPTIONS);
    model.check(move || {
        let world = Arc::new(World::new());
        let call = |&(key, caller): &(Key, Caller)| {
            let world = world.clone();
            move || world.call(key, caller)
        };
        // the first runs on the model's own thread: one less to schedule
        let (first, others) = callers.split_first().unwrap();
        let others: Vec<_> = others.iter().map(|other| thread::spawn(call(other))).collect();
        let mut outcomes = vec![call(first)()];
        outcomes.extend(others.into_iter().map(|other| other.join().unwrap()));

        let stays = |caller: Caller| matches!(caller, Stays);
        let served = callers.iter().zip(&outcomes).all(|((_, caller), outcome)| outcome.is_some() || !stays(*caller));
        assert!(served, "whoever stays gets an outcome");
        let leaving = callers.iter().filter(|(_, caller)| !stays(*caller)).count();
        let (begun, ended) = (world.begun.load(Relaxed), world.ended.load(Relaxed));
        assert!(begun <= ended + leaving, "{begun} were begun and {ended} ended, though {leaving} left");
        assert!(world.flights.is_idle(), "nothing is left behind");
        also(&outcomes);
    });
}

fn nothing_else(_: &[Option<(Number, Found)>]) {}

/// One made the exchange; the others found it or waited for it.
fn all_have_the_one(outcomes: &[Option<(Number, Found)>]) {
    assert!(outcomes.iter().flatten().all(|(number, _)| *number == 1), "{outcomes:?}");
    assert_eq!(outcomes.iter().flatten().filter(|(_, found)| *found == Found::Miss).count(), 1, "{outcomes:?}");
}

#[test]
fn two_callers_share_one_exchange() {
    in_every_order(&[("a", Stays), ("a", Stays)], all_have_the_one);
}

#[test]
fn three_callers_share_one_exchange() {
    in_every_order(&[("a", Stays), ("a", Stays), ("a", Stays)], all_have_the_one);
}

#[test]
fn one_who_leaves_strands_nobody() {
    in_every_order(&[("a", LeavesAtOnce), ("a", Stays)], all_have_the_one);
    in_every_order(&[("a", LeavesWhenWoken), ("a", Stays)], nothing_else);
}

#[test]
fn one_who_leaves_strands_neither_of_two() {
    in_every_order(&[("a", LeavesAtOnce), ("a", Stays), ("a", Stays)], all_have_the_one);
}

#[test]
fn two_who_leave_one_after_the_other_strand_nobody() {
    in_every_order(&[("a", LeavesAtOnce), ("a", LeavesWhenWoken), ("a", Stays)], nothing_else);
}

#[test]
fn when_all_leave_nothing_is_left_behind() {
    in_every_order(&[("a", LeavesAtOnce), ("a", LeavesWhenWoken)], nothing_else);
}

#[test]
fn two_keys_know_nothing_of_each_other() {
    in_every_order(&[("a", Stays), ("b", Stays)], |outcomes| {
        assert!(outcomes.iter().flatten().all(|(_, found)| *found == Found::Miss), "{outcomes:?}");
    });
    in_every_order(&[("a", Stays), ("b", LeavesAtOnce), ("b", Stays)], nothing_else);
}
