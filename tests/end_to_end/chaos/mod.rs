//! Every fault of the network, of every dependency, at the start and while the handler runs: what is told of it, and how
//! long it takes until all is well again.
//!
//! `docs/faults.md` is what these tests hold: a few cases in `cargo test`, all of them in `.ci/faults`; with `UPDATE_FAULTS=1`
//! that writes it anew. What is told is compared; how long it took is for people, and judged by deadlines alone. How often a
//! real network fails like this, and how long Azure's own outages last, nobody can prove here.

#![cfg(target_os = "linux")]
#![expect(clippy::panic, reason = "a handler that does not start fails the test with its own words")]

mod case;
mod document;
mod process;
mod stage;
mod told;

use futures_util::StreamExt as _;

use self::{case::Case, stage::Outcome};

/// How many are played at once: most of them wait.
const TOGETHER: usize = 16;

#[tokio::test(flavor = "multi_thread")]
async fn faults_are_told_as_documented() {
    let cases: Vec<_> = case::all().into_iter().filter(Case::is_quick).collect();
    let differences = document::differences(&played(&cases).await);
    assert!(differences.is_empty(), "{differences}\n(UPDATE_FAULTS=1 .ci/faults rewrites docs/faults.md)");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute: .ci/faults"]
async fn every_fault_is_told_as_documented() {
    let cases = case::all();
    let outcomes = played(&cases).await;
    if is_update() {
        document::write(&outcomes);
    }
    let differences = document::differences(&outcomes);
    assert!(differences.is_empty(), "{differences}\n(UPDATE_FAULTS=1 .ci/faults rewrites docs/faults.md)");
}

#[test]
fn the_document_has_every_case_and_no_other() {
    if !is_update() {
        assert_eq!(document::read().into_keys().collect::<Vec<_>>(), document::keys());
    }
}

/// In the order of the cases. One that fails lets the others end first.
async fn played(cases: &[Case]) -> Vec<(&Case, Outcome)> {
    let memory = stage::usual_memory().await;
    let playing = futures_util::stream::iter(cases).map(|case| {
        let own = case.clone();
        async move { (case, tokio::spawn(async move { stage::play(&own, memory).await }).await) }
    });
    let ended: Vec<_> = playing.buffered(TOGETHER).collect().await;
    ended.into_iter().map(|(case, outcome)| (case, outcome.expect("its own words stand above"))).collect()
}

#[expect(clippy::disallowed_methods, reason = "whether the document is rewritten is the tester's to say")]
fn is_update() -> bool {
    std::env::var("UPDATE_FAULTS").is_ok_and(|value| value == "1")
}
