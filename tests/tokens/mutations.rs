//! Random mutations of valid tokens at the validator: 20,000, or as many as `MUTATIONS` says. `MUTATIONS_SEED` repeats a
//! run, whose seed is printed.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use http::Method;
use identity::{Random as _, SystemRandom, Validator};
use lab::{Lab, journal::ServiceName};

use crate::{
    mutator::Mutator,
    validator::{judge, validator},
};

const DEFAULT: u64 = 20_000;

/// Tokens of two people and a service, of several sessions and kinds.
pub(crate) fn valid_tokens(lab: &Lab) -> Vec<String> {
    lab.entra().admin_consents("cost.export");
    let of = |person| lab.token(person).scope("cost.read");
    [
        of(lab.alice()).issue(),
        of(lab.alice()).issue(),
        of(lab.alice()).scope("cost.export").with_mfa().issue(),
        of(lab.bob()).issue(),
        of(lab.bob()).with_claims_capability().issue(),
        lab.service_token(&["Diagnostics.Read"]).issue(),
    ]
    .map(Result::unwrap)
    .to_vec()
}

/// The seed of this run: told, or random.
pub(crate) fn seed() -> u64 {
    number("MUTATIONS_SEED").unwrap_or_else(|| SystemRandom.uuid().as_u64_pair().1)
}

#[expect(clippy::disallowed_methods, reason = "how much to test is the tester's to say")]
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|value| value.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_mutation_of_a_valid_token_is_accepted() {
    let (count, seed) = (number("MUTATIONS").unwrap_or(DEFAULT), seed());
    println!("mutations: MUTATIONS_SEED={seed} repeats this run");
    let lab = Lab::start().await.unwrap();
    let (validator, valid) = (Arc::new(validator(&lab).await), valid_tokens(&lab));
    for token in &valid {
        assert!(judge(&validator, token).await.is_ok(), "a token that is not valid proves nothing");
    }
    let started = std::time::Instant::now();
    let shares = std::thread::available_parallelism().map_or(2, |cores| cores.get().min(8)) as u64;
    let shares = (0..shares).map(|share| {
        let mutator = Mutator::new(seed.wrapping_add(share), &valid);
        tokio::spawn(refused(validator.clone(), mutator, count.div_ceil(shares)))
    });
    let mut reasons = BTreeMap::<&str, u64>::new();
    for share in shares.collect::<Vec<_>>() {
        for (reason, refused) in share.await.unwrap() {
            *reasons.entry(reason).or_default() += refused;
        }
    }
    let total: u64 = reasons.values().sum();
    assert!(total >= count);
    for token in &valid {
        assert!(judge(&validator, token).await.is_ok(), "the validator is no worse for it");
    }
    let duration = Duration::from_millis(u64::try_from(started.elapsed().as_millis()).unwrap());
    println!("mutations: {total} in {duration:?}, none accepted, refused by reason: {reasons:?}");

    let asked = lab.journal().entries();
    let is_fetch = |entry: &&lab::journal::Entry| entry.service == ServiceName::Entra && entry.method == Method::GET;
    let fetches = asked.iter().filter(is_fetch).count() as u64;
    assert!(fetches <= 2 + duration.as_secs() / 300, "unknown keys may cause one fetch in five minutes: {fetches}");
    assert_eq!(asked.len() as u64, fetches, "nobody was asked for anything but keys");
}

async fn refused(validator: Arc<Validator>, mutator: Mutator, count: u64) -> BTreeMap<&'static str, u64> {
    let mut reasons = BTreeMap::new();
    for (mutation, token) in mutator.take(usize::try_from(count).unwrap()) {
        match judge(&validator, &token).await {
            Ok(_) => panic!("accepted after {mutation:?}: {token}"),
            Err(refusal) => *reasons.entry(refusal.reason()).or_default() += 1,
        }
        tokio::task::consume_budget().await;
    }
    reasons
}
