//! Nobody ever sees another caller's data: a property of any program of calls, faults and revocations.
//!
//! A program is a list of steps of three people, two with roles of their own and one with none, each with two sessions. It
//! runs on the router of the handler in this process, against a local Azure of its own, and what the people were told and
//! what Azure was asked is judged by [`verdict`]. The local Azure stands in for Azure's own decisions; that Azure decides
//! alike, a live tenant shows (`tests/two_users.rs`).

mod instance;
mod program;
mod run;
mod verdict;
mod world;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner};

use self::{
    program::{Call, Place, Session, Tool, Who},
    run::run,
    world::World,
};

/// Programs of one `cargo test`; `PROPTEST_CASES` asks for more.
const PROGRAMS: u32 = 40;

/// How often a program that failed is tried in each smaller form.
const TRIES: usize = 6;

/// What became of all calls, so that a property of nothing is noticed.
#[derive(Debug, Default)]
struct Tally {
    calls: AtomicUsize,
    answered: AtomicUsize,
    refused: AtomicUsize,
    left: AtomicUsize,
    exchanges: AtomicUsize,
    questions: AtomicUsize,
}

impl Tally {
    fn add(counter: &AtomicUsize, count: usize) {
        counter.fetch_add(count, Ordering::Relaxed);
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

#[expect(clippy::disallowed_methods, reason = "how much to test is the tester's to say")]
fn config() -> Config {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(PROGRAMS);
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/proptest-regressions/isolation.txt");
    Config {
        cases,
        max_shrink_iters: 400,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(file))),
        ..Config::default()
    }
}

#[test]
fn whatever_people_do_azure_is_asked_as_the_caller_and_answers_hold_nothing_of_others() {
    let (runtime, tally) = (runtime(), Tally::default());
    let config = config();
    let cases = config.cases;
    let failed = AtomicBool::new(false);
    let judged = TestRunner::new(config).run(&program::programs(), |program| {
        // who meets whom is a matter of time: a smaller program that passes once may fail all the same
        let tries = if failed.load(Ordering::Relaxed) { TRIES } else { 1 };
        (0..tries).try_for_each(|_| runtime.block_on(run(&program, &tally))).map_err(|reason| {
            failed.store(true, Ordering::Relaxed);
            TestCaseError::fail(reason)
        })
    });
    if let Err(error) = judged {
        panic!("{error}");
    }
    println!("isolation: {cases} programs, {tally:?}");
    if cases >= PROGRAMS {
        for counter in [&tally.answered, &tally.refused, &tally.left, &tally.exchanges, &tally.questions] {
            assert!(counter.load(Ordering::Relaxed) >= cases as usize / 4, "too little happened: {tally:?}");
        }
    }
}

/// Without this the property would prove nothing: what each tool says of a subscription bears the marks of it.
#[test]
fn every_answer_bears_the_marks_of_whose_it_is() {
    let runtime = runtime();
    runtime.block_on(async {
        let world = World::start().await;
        let instance = instance::Instance::start(&world, 1000).await;
        for (who, place) in [(Who::Alice, Place::Prod), (Who::Bob, Place::Dev)] {
            let token = world.sign_in(Session { who, second: false }, "once");
            for tool in Tool::ALL.into_iter().filter(|tool| tool.reads_costs() || *tool == Tool::Subscriptions) {
                let call = Call { session: Session { who, second: false }, tool, place, patience: None };
                let answer = instance.call(1, &token, tool.name(), &call.arguments()).await;
                assert!(!answer.is_tool_error() && answer.structured().is_some(), "{call:?}: {}", answer.body);
                let found = world.marks_in(place, &answer.body.to_string(), &call.arguments().to_string());
                assert!(found.is_some(), "{call:?} bears no mark of it: {}", answer.body);
                for other in Place::ALL.into_iter().filter(|other| !world.may_see(who, *other)) {
                    let found = world.marks_in(other, &answer.body.to_string(), "");
                    assert_eq!(found, None, "{call:?}: {}", answer.body);
                }
            }
        }
    });
}
