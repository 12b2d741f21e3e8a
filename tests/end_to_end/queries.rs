//! What operators ask of the log, held against the log: the queries under `infra/queries`, the workbook, and the table of
//! events in `docs/log-events.md` name only what the real handler writes at its default log level, and the table names all
//! of it.
//!
//! The lines are left in `target/tmp/log-lines.jsonl`, on which `.ci/queries` runs the queries themselves. That Application
//! Insights keeps a line as it was written, only a live workspace can show.

#![expect(clippy::panic, reason = "a file that is missing fails the test with its name")]

mod documents;
mod lines;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::PathBuf,
};

use serde_json::Value;

use self::documents::{Documented, Query, documented, queries, queries_of_the_workbook, read};

/// What every line has.
const COMMON: [&str; 4] = ["timestamp", "level", "event", "message"];

/// Events that no test can provoke from outside, at the default log level.
const NOT_PLAYED: [&str; 4] = ["panicked", "tls_roots", "accept_failed", "stopped_hard"];

/// All names of fields, and the values that are text, of each event that was written.
struct Written {
    lines: Vec<Value>,
    fields: BTreeMap<String, BTreeSet<String>>,
}

impl Written {
    fn of(lines: Vec<Value>) -> Self {
        let mut fields: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for line in &lines {
            let names = line.as_object().unwrap().keys().filter(|name| !COMMON.contains(&name.as_str())).cloned();
            fields.entry(event(line).to_owned()).or_default().extend(names);
        }
        Self { lines, fields }
    }

    fn of_events<'a>(&'a self, events: &'a [String]) -> impl Iterator<Item = &'a Value> {
        self.lines.iter().filter(|line| events.iter().any(|name| name == event(line)))
    }
}

fn event(line: &Value) -> &str {
    line["event"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_and_documents_name_what_the_handler_writes() {
    let written = Written::of(lines::collected().await);
    let mut text = String::new();
    for line in &written.lines {
        let _ = writeln!(text, "{line}");
    }
    std::fs::write(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("log-lines.jsonl"), text).unwrap();

    let documented = documented();
    let mut problems = problems_of_the_table(&written, &documented);
    problems.extend(problems_of_the_audit(&written, &documented));
    for query in queries() {
        problems.extend(problems_of(&query, &written, &documented));
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

fn problems_of_the_table(written: &Written, documented: &Documented) -> Vec<String> {
    let mut problems = Vec::new();
    for (event, fields) in &written.fields {
        let Some(known) = documented.fields.get(event) else {
            problems.push(format!("docs/log-events.md does not have the event {event}"));
            continue;
        };
        problems.extend(fields.difference(known).map(|field| format!("docs/log-events.md: {event} has {field}, too")));
        problems.extend(known.difference(fields).map(|field| format!("docs/log-events.md: {event} has no {field}")));
    }
    for event in documented.fields.keys().filter(|event| !written.fields.contains_key(*event)) {
        if !NOT_PLAYED.contains(&event.as_str()) && !documented.only_in_debug.contains(event) {
            problems.push(format!("docs/log-events.md: nobody wrote the event {event}"));
        }
    }
    problems
}

fn problems_of_the_audit(written: &Written, documented: &Documented) -> Vec<String> {
    let audits = written.lines.iter().filter(|line| event(line) == "audit");
    let missing = audits.flat_map(|line| {
        documented.always_in_audit.iter().filter(|field| line[field.as_str()].is_null()).map(move |field| (field, line))
    });
    missing.map(|(field, line)| format!("docs/log-events.md: {field} is not always in the audit: {line}")).collect()
}

/// A query asks for the fields and compares with the values that its own events have.
fn problems_of(query: &Query, written: &Written, documented: &Documented) -> Vec<String> {
    let file = &query.file;
    let known: BTreeSet<&str> = query
        .events
        .iter()
        .filter_map(|event| documented.fields.get(event))
        .flatten()
        .map(String::as_str)
        .chain(COMMON)
        .collect();
    let unknown_fields = query
        .fields
        .iter()
        .filter(|field| !known.contains(field.as_str()))
        .map(|field| format!("{file}: {} has no field {field}", query.events.join(", ")));
    let values: Vec<&str> = written
        .of_events(&query.events)
        .filter_map(Value::as_object)
        .flat_map(|line| line.values().filter_map(Value::as_str))
        .collect();
    let is_written = |literal: &str| {
        values.iter().any(|value| *value == literal || (literal.ends_with(':') && value.starts_with(literal)))
    };
    let unknown_values = query
        .values
        .iter()
        .filter(|value| !is_written(value) && !NOT_PLAYED.contains(&value.as_str()))
        .map(|value| format!("{file}: no line of {} has the value {value}", query.events.join(", ")));
    let mut problems: Vec<_> = unknown_fields.chain(unknown_values).collect();
    if query.events.is_empty() {
        problems.push(format!("{file} names no event"));
    }
    problems
}

#[test]
fn the_workbook_shows_the_queries_of_the_files() {
    let files: BTreeMap<String, String> = queries().into_iter().map(|query| (query.file, query.text)).collect();
    let shown = queries_of_the_workbook();
    assert_eq!(shown.len(), 3);
    for (name, query) in shown {
        assert_eq!(Some(&query), files.get(&format!("{name}.kql")), "infra/workbook.json shows another {name}");
    }
}

#[test]
fn each_query_says_what_it_answers_and_is_in_its_table() {
    let table = read("infra/queries/README.md");
    for query in queries() {
        let (file, text) = (&query.file, &query.text);
        assert!(text.starts_with("// "), "{file} says what it answers");
        assert!(text.contains("\n// Act ") || text.contains("\n// Put in "), "{file} says what to do");
        let rows: Vec<_> = table.lines().filter(|line| line.starts_with(&format!("| `{file}` |"))).collect();
        let [row] = rows.as_slice() else { panic!("{file} should be in infra/queries/README.md once") };
        let has_thresholds = row.split(" | ").count() == 7;
        assert_eq!(has_thresholds, text.starts_with("// Alert: "), "{file} is an alert, or not");
    }
}

#[test]
fn the_readme_has_the_question_about_bob_as_it_is_in_its_file() {
    let query = queries().into_iter().find(|query| query.file == "attempts.kql").unwrap();
    let code: Vec<_> = query.text.lines().filter(|line| !line.starts_with("//")).collect();
    let block = format!("```kusto\n{}\n```\n", code.join("\n"));
    assert!(read("README.md").contains(&block), "README.md should show attempts.kql:\n{block}");
}
