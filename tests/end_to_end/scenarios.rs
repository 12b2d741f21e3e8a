//! Every way a call can fail, one folder each under `tests/scenarios`: what Microsoft Entra ID or Azure answers, who calls
//! which tool, and, in `expected.txt`, all that the caller, the audit and the operator read of it.
//!
//! `UPDATE_SCENARIOS=1` rewrites the expected files and the table in the README; a folder without an expectation fails.
//! The answers are of the shapes that Microsoft documents and people report; which of them a tenant gives today, only
//! that tenant can show.

#![expect(clippy::panic, reason = "a folder that can't be read fails the test with its name")]

mod case;
mod table;
mod told;

use std::{fmt::Write as _, path::PathBuf};

use lab::{Deployment, host::Follow, people::Person};

use self::case::{Case, Who};
use crate::support::{Raw, deployed, reads};

#[tokio::test(flavor = "multi_thread")]
async fn every_failure_is_told_as_expected() {
    let (alone, together): (Vec<_>, Vec<_>) = case::all().into_iter().partition(|case| case.scenario.alone);
    assert!(alone.len() + together.len() >= 35, "the folders are not where they are looked for");
    let shared = async {
        let mut stage = Stage::new().await;
        let mut told = Vec::new();
        for case in &together {
            told.push((case, stage.play(case).await));
        }
        told
    };
    let single = alone.iter().map(|case| async move { (case, Stage::new().await.play(case).await) });
    let (mut told, single) = tokio::join!(shared, futures_util::future::join_all(single));
    told.extend(single);
    let mut differences = String::new();
    for (case, told) in told {
        let file = case.folder.join("expected.txt");
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        if is_update() {
            std::fs::write(&file, told).unwrap();
        } else if told != expected {
            let _ = writeln!(differences, "\n{}: {}{}", case.name, case.scenario.title, difference(&expected, &told));
        }
    }
    if is_update() {
        std::fs::write(table::readme(), table::with_table()).unwrap();
    }
    assert!(differences.is_empty(), "{differences}\n(UPDATE_SCENARIOS=1 rewrites what is expected)");
}

#[test]
fn the_readme_shows_each_outcome() {
    if !is_update() {
        let readme = std::fs::read_to_string(table::readme()).unwrap();
        let told = table::with_table();
        assert!(readme == told, "README.md{}\n(UPDATE_SCENARIOS=1 rewrites it)", difference(&readme, &told));
    }
}

#[expect(clippy::disallowed_methods, reason = "whether the expected files are rewritten is the tester's to say")]
fn is_update() -> bool {
    std::env::var("UPDATE_SCENARIOS").is_ok_and(|value| value == "1")
}

/// Where the repository is.
fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// The lines that differ, without those that both begin and end with.
fn difference(expected: &str, told: &str) -> String {
    let (expected, told): (Vec<_>, Vec<_>) = (expected.lines().collect(), told.lines().collect());
    let begin = expected.iter().zip(&told).take_while(|(expected, told)| expected == told).count();
    let (expected, told) = (&expected[begin..], &told[begin..]);
    let end = expected.iter().rev().zip(told.iter().rev()).take_while(|(expected, told)| expected == told).count();
    let mut text = format!("\n  from line {}", begin + 1);
    for (sign, lines) in [('-', &expected[..expected.len() - end]), ('+', &told[..told.len() - end])] {
        for line in lines {
            let _ = write!(text, "\n  {sign} {line}");
        }
    }
    text
}

/// A deployment on which one scenario is played after another.
struct Stage {
    deployment: Deployment,
    console: Follow,
}

impl Stage {
    async fn new() -> Self {
        let deployment = deployed().await;
        let console = deployment.host.console().follow();
        Self { deployment, console }
    }

    /// Plays one scenario with a fresh token, and tells what everybody read.
    async fn play(&mut self, case: &Case) -> String {
        let Self { deployment, console } = self;
        let lab = &deployment.lab;
        for (faults, answers) in
            [(lab.entra().faults(), &case.scenario.entra), (lab.resource_manager().faults(), &case.scenario.azure)]
        {
            for answer in answers {
                let (times, fault) = answer.fault(&case.folder);
                faults.next(times, &fault);
            }
        }
        lab.journal().clear();
        let answer = ask(deployment, case).await;
        let asked = told::Asked::of(lab.journal());
        lab.entra().faults().clear();
        lab.resource_manager().faults().clear();
        asked.met_all(case);
        let lines = lines_of_one_call(deployment, console).await;
        told::tell(deployment, &answer, &asked, &lines)
    }
}

async fn ask(deployment: &Deployment, case: &Case) -> lab::mcp_client::Answer {
    let lab = &deployment.lab;
    let signed_in = |person: &Person| lab.token(person).scope("cost.read");
    let call = &case.scenario.call;
    let token = match call.who {
        Who::Nobody => {
            let raw = Raw::post("", "{}").without("authorization");
            return raw.send(deployment).await;
        }
        Who::Alice => signed_in(lab.alice()).issue(),
        Who::AliceWithSecondFactor => signed_in(lab.alice()).with_mfa().issue(),
        Who::Bob => signed_in(lab.bob()).issue(),
        Who::Expired => signed_in(lab.alice()).expired().issue(),
        Who::VersionOne => signed_in(lab.alice()).version_1().issue(),
        Who::Service => lab.service_token(&[]).issue(),
    };
    deployment.client.call(&token.unwrap(), &call.tool, call.arguments.clone()).await.unwrap()
}

/// What the handler logged since the last time, up to the line of a call made to mark the end.
async fn lines_of_one_call(deployment: &Deployment, console: &mut Follow) -> Vec<serde_json::Value> {
    let mark = reads(deployment, deployment.lab.bob());
    deployment.client.call(&mark, "whoami", serde_json::json!({})).await.unwrap();
    let mut lines = Vec::new();
    while let Some(line) = console.next().await {
        let Ok(line) = serde_json::from_str::<serde_json::Value>(&line.text) else { continue };
        if line["event"] == "audit" && line["tool"] == "whoami" {
            break;
        }
        lines.push(line);
    }
    lines
}
