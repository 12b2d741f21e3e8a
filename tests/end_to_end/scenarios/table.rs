//! The table "When it fails" in the README, made from the folders.

use std::{collections::BTreeMap, fmt::Write as _, path::PathBuf};

use serde_json::Value;

use super::case::{self, Case};

const BEGIN: &str = "<!-- failures -->\n";
const END: &str = "<!-- /failures -->";

/// What makes two outcomes the same, in the order in which they are listed: refusals before tools' errors.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Outcome {
    is_result: bool,
    status: String,
    who: String,
    reason: String,
}

/// How an outcome is shown.
struct Row {
    happened: String,
    reads: String,
    code: Option<i64>,
}

/// The README's path.
pub(super) fn readme() -> PathBuf {
    super::repository().join("README.md")
}

/// The README with the table that the folders make.
pub(super) fn with_table() -> String {
    let readme = std::fs::read_to_string(readme()).unwrap();
    let (before, rest) = readme.split_once(BEGIN).expect("the README marks where the table is");
    let (_, after) = rest.split_once(END).expect("the README marks where the table ends");
    format!("{before}{BEGIN}{}{END}{after}", table())
}

fn table() -> String {
    let mut rows = BTreeMap::new();
    let mut outcomes = BTreeMap::new();
    for case in case::all() {
        let Some((outcome, row)) = read(&case) else { continue };
        outcomes.insert(outcome.clone(), case.name.clone());
        if case.scenario.readme.is_some() {
            let other = rows.insert(outcome, row);
            assert!(other.is_none(), "{}: another scenario shows this outcome in the README", case.name);
        }
    }
    for (outcome, name) in outcomes {
        assert!(rows.contains_key(&outcome), "{name}: no scenario shows its outcome in the README: {outcome:?}");
    }
    let mut text =
        "| what happened | who must act | what the caller reads | HTTP |\n| --- | --- | --- | --- |\n".to_owned();
    for (outcome, row) in rows {
        let Outcome { is_result, status, who, .. } = outcome;
        let code = row.code.map(|code| format!(", {code}")).unwrap_or_default();
        let error = if is_result { ", `isError`" } else { "" };
        let Row { happened, reads, .. } = row;
        let _ = writeln!(text, "| {happened} | {who} | {reads} | {status}{code}{error} |");
    }
    text
}

/// The outcome of a scenario; nothing for a call that succeeded in the end.
fn read(case: &Case) -> Option<(Outcome, Row)> {
    let expected = std::fs::read_to_string(case.folder.join("expected.txt"))
        .unwrap_or_else(|error| panic!("{}: no expected.txt: {error}", case.name));
    let mut parts = expected.split("\n\n");
    let status = parts.next().and_then(|head| head.get(..3)).unwrap_or_default().to_owned();
    let body: Value = parts.next().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
    let text = |place: &str| body.pointer(place).and_then(Value::as_str);
    let (account, reason, reads) = if let Some(account) = body.pointer("/result/_meta/mcp-cost-server~1error") {
        (account, "reason", text("/result/content/0/text")?.lines().next()?)
    } else if let Some(account) = body.pointer("/error/data") {
        (account, "reason", text("/error/message")?)
    } else {
        // before there is a message: `reason` names the check that failed, of which there are many
        (&body, "error", text("/error_description")?)
    };
    let member = |name: &str| account[name].as_str().map(str::to_owned);
    // a message that is a code for clients: the next step stands beside it
    let reads = match member("how") {
        Some(how) if !reads.contains(' ') => format!("{reads}; {how}"),
        _ => reads.to_owned(),
    };
    let outcome = Outcome {
        is_result: body.get("result").is_some(),
        status,
        // nor is there a `who` then: whoever sent the token must act
        who: member("who").unwrap_or_else(|| "user".to_owned()),
        reason: member(reason)?,
    };
    let row = Row {
        happened: case.scenario.readme.clone().unwrap_or_default(),
        reads: short(&reads),
        code: body.pointer("/error/code").and_then(Value::as_i64),
    };
    Some((outcome, row))
}

/// Fit for a cell: long links, ids and bars are left out.
fn short(sentence: &str) -> String {
    let word = |word: &str| match word {
        _ if word.starts_with("[entra]") => "<link>".to_owned(),
        _ if uuid::Uuid::parse_str(word.trim_end_matches([',', ':'])).is_ok() => "<id>".to_owned(),
        _ => word.replace('|', "\\|"),
    };
    let words: Vec<_> = sentence.split(' ').map(word).collect();
    words.join(" ").replace('<', "&lt;").replace('>', "&gt;")
}
