//! The caches of some instances in the busiest hour, call by call: the same numbers from the same seed.

use std::collections::{HashMap, VecDeque};

use super::{Assumptions, Plan};

/// In seconds: long enough that every cache is as full as it gets.
const WARM_UP: f64 = 2.0 * 3_600.0;
const HOUR: f64 = 3_600.0;
/// Slots of time for each call that is expected.
const SLOTS: u32 = 10;

/// What happened in the hour after the warm-up.
#[derive(Debug, Clone, Copy, Default)]
pub struct Simulated {
    /// Calls that were made.
    pub calls: u32,
    /// Exchanges at Entra.
    pub exchanges: u32,
    /// Exchanges in the busiest second of all.
    pub most_exchanges_in_a_second: u32,
    /// Exchanged tokens that an instance held at most.
    pub most_tokens: usize,
}

/// Which token of which person.
type Key = (u32, u64);

/// The tokens of an instance: each is used until its time is over, and the oldest leaves when there are too many.
#[derive(Default)]
struct Cache {
    until: HashMap<Key, f64>,
    order: VecDeque<(f64, Key)>,
}

impl Cache {
    fn holds(&self, key: Key, now: f64) -> bool {
        self.until.get(&key).is_some_and(|until| *until > now)
    }

    fn insert(&mut self, key: Key, now: f64, until: f64, capacity: usize) {
        self.until.insert(key, until);
        self.order.push_back((until, key));
        while let Some(&(first, key)) = self.order.front() {
            if first > now && self.until.len() <= capacity {
                break;
            }
            self.order.pop_front();
            self.until.remove(&key);
        }
    }
}

/// People call at random, independently, each call to any instance, as a load balancer without affinity spreads them. Time
/// has slots, and in one of ten somebody calls: nearly a Poisson process, but by arithmetic that is the same on every machine,
/// which a logarithm is not.
#[must_use]
pub fn simulate(plan: &Plan, assumptions: &Assumptions, seed: u64) -> Simulated {
    let mut random = Random(seed);
    let mut caches: Vec<Cache> = (0..plan.instances).map(|_| Cache::default()).collect();
    let phases: Vec<f64> = (0..plan.people).map(|_| random.fraction() * assumptions.token_seconds).collect();
    let mut simulated = Simulated::default();
    let (mut second, mut in_second) = (0.0, 0);
    let slot = 1.0 / (plan.calls_per_second * f64::from(SLOTS));
    let mut now = 0.0;
    loop {
        now += slot;
        if now >= WARM_UP + HOUR {
            return simulated;
        }
        if random.below(SLOTS) != 0 {
            continue;
        }
        let counts = now >= WARM_UP;
        simulated.calls += u32::from(counts);
        let person = random.below(plan.people);
        let Some(cache) = caches.get_mut(random.below(plan.instances) as usize) else { continue };
        let age = now + phases.get(person as usize).copied().unwrap_or_default();
        let generation = (age / assumptions.token_seconds).floor();
        let key = (person, generation.to_bits());
        if cache.holds(key, now) {
            continue;
        }
        let left = (generation + 1.0) * assumptions.token_seconds - age;
        cache.insert(key, now, now + left.min(assumptions.exchanged_seconds), assumptions.capacity);
        if counts {
            simulated.exchanges += 1;
            simulated.most_tokens = simulated.most_tokens.max(cache.until.len());
            in_second = if now.floor() > second { 1 } else { in_second + 1 };
            second = now.floor();
            simulated.most_exchanges_in_a_second = simulated.most_exchanges_in_a_second.max(in_second);
        }
    }
}

/// `SplitMix64` by Sebastiano Vigna: good enough for dice, and the same everywhere.
/// <https://prng.di.unimi.it/splitmix64.c>
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to, but not, 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what an f64 holds exactly")]
    fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    #[expect(clippy::cast_possible_truncation, reason = "less than the bound, which is 32 bits wide")]
    fn below(&mut self, bound: u32) -> u32 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u32
    }
}
