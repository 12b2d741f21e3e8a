//! The queries, the workbook and the table of events, read as far as they can be compared with lines.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use serde_json::Value;

/// A file under `infra/queries`.
pub(super) struct Query {
    pub(super) file: String,
    pub(super) text: String,
    /// What `line.event` is compared with.
    pub(super) events: Vec<String>,
    /// Every `line.<field>`.
    pub(super) fields: BTreeSet<String>,
    /// The other values that something is compared with.
    pub(super) values: BTreeSet<String>,
}

/// `docs/log-events.md`.
pub(super) struct Documented {
    /// The fields of each event.
    pub(super) fields: BTreeMap<String, BTreeSet<String>>,
    /// Events that are written below the default level.
    pub(super) only_in_debug: BTreeSet<String>,
    /// Fields of `audit` that no line lacks.
    pub(super) always_in_audit: BTreeSet<String>,
}

/// A file of the repository.
pub(super) fn read(path: &str) -> String {
    let repository = PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf();
    std::fs::read_to_string(repository.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All queries, by name.
pub(super) fn queries() -> Vec<Query> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../infra/queries");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let queries = paths.filter(|path| path.extension().is_some_and(|extension| extension == "kql"));
    let mut files: Vec<_> = queries.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    files.sort();
    assert!(files.len() >= 9, "the queries are not where they are looked for");
    files.into_iter().map(query).collect()
}

fn query(file: String) -> Query {
    let text = read(&format!("infra/queries/{file}"));
    let code: Vec<_> = text.lines().filter(|line| !line.starts_with("//")).collect();
    let events = code.iter().filter_map(|line| line.split_once("line.event ")).flat_map(|(_, condition)| {
        // the event comes first; what is after `and` is about another field
        quoted(condition.split(" and ").next().unwrap())
    });
    let events: Vec<_> = events.collect();
    let fields = code.iter().flat_map(|line| line.split("line.").skip(1)).map(identifier).collect();
    // `let` has what a person puts in, and the first condition is about the form of the line
    let comparisons = code.iter().filter(|line| !line.starts_with("let ") && !line.contains("message startswith"));
    let values = comparisons.flat_map(|line| quoted(line)).collect();
    Query { file, text, events, fields, values }
}

/// What stands between single quotes.
fn quoted(text: &str) -> Vec<String> {
    text.split('\'').skip(1).step_by(2).map(str::to_owned).collect()
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect()
}

/// The queries of the workbook with their names.
pub(super) fn queries_of_the_workbook() -> Vec<(String, String)> {
    let workbook: Value = serde_json::from_str(&read("infra/workbook.json")).unwrap();
    let items = workbook["items"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    items
        .filter(|item| !item["content"]["query"].is_null())
        .map(|item| (text(&item["name"]), text(&item["content"]["query"])))
        .collect()
}

/// The two tables of `docs/log-events.md`.
pub(super) fn documented() -> Documented {
    let text = read("docs/log-events.md");
    let (events, audit) = text.split_once("\n## `audit`").unwrap();
    let mut documented = Documented {
        fields: BTreeMap::new(),
        only_in_debug: BTreeSet::new(),
        always_in_audit: rows(audit).filter(|row| row[1] == "yes").flat_map(|row| code(row[0])).collect(),
    };
    for row in rows(events) {
        for event in code(row[0]) {
            if row[1] == "debug" {
                documented.only_in_debug.insert(event.clone());
            }
            documented.fields.insert(event, code(row[3]).into_iter().collect());
        }
    }
    let fields_of_audit = rows(audit).flat_map(|row| code(row[0])).collect();
    documented.fields.insert("audit".to_owned(), fields_of_audit);
    documented
}

/// The cells of the rows whose first cell is code.
fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = text.lines().filter(|line| line.starts_with("| `"));
    lines.map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
}

/// The words in backticks that are not in brackets: those are values.
fn code(cell: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut depth = 0_u32;
    for (index, part) in cell.split('`').enumerate() {
        if index % 2 == 0 {
            for letter in part.chars() {
                match letter {
                    '(' => depth += 1,
                    ')' => depth = depth.saturating_sub(1),
                    _ => {}
                }
            }
        } else if depth == 0 {
            words.push(part.to_owned());
        }
    }
    words
}
