//! The tables of `docs/faults.md`, made by the test that plays the cases.

use std::{collections::BTreeMap, fmt::Write as _, path::PathBuf, time::Duration};

use super::{
    case::{self, Case},
    stage::Outcome,
};

const BEGIN: &str = "<!-- faults -->\n";
const END: &str = "<!-- /faults -->";

/// What the document tells of each case, by heading and fault.
pub(super) type Told = BTreeMap<(String, String), String>;

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("docs").join("faults.md")
}

/// The parts before, between and after the marks.
fn parts() -> [String; 3] {
    let document = std::fs::read_to_string(path()).unwrap();
    let (before, rest) = document.split_once(BEGIN).expect("the document marks where the tables are");
    let (tables, after) = rest.split_once(END).expect("the document marks where the tables end");
    [before, tables, after].map(str::to_owned)
}

/// As it stands in the document.
pub(super) fn read() -> Told {
    let [_, tables, _] = parts();
    let (mut told, mut heading) = (Told::new(), String::new());
    for line in tables.lines() {
        if let Some(text) = line.strip_prefix("## ") {
            text.clone_into(&mut heading);
        } else if let Some(row) = line.strip_prefix("| ") {
            let cells: Vec<_> = row.split(" | ").collect();
            if let [fault, reads, _, _] = cells.as_slice() {
                told.insert((heading.clone(), (*fault).to_owned()), (*reads).to_owned());
            }
        }
    }
    // the head of a table and the line below it look like rows
    told.retain(|(_, fault), _| fault != "fault" && fault != "---");
    told
}

/// Writes the tables anew. `outcomes` are of all cases, in their order.
pub(super) fn write(outcomes: &[(&Case, Outcome)]) {
    let [before, _, after] = parts();
    let mut tables = String::new();
    let mut heading = "";
    for (case, outcome) in outcomes {
        if case.heading() != heading {
            let (next, text, _) = case.dependency.section(case.phase);
            heading = next;
            let head = "| fault | what is told | after | all is well again after |\n| --- | --- | --- | --- |";
            let _ = write!(tables, "\n## {heading}\n\n{text}\n\n{head}\n");
        }
        let Outcome { told, answered, recovered } = outcome;
        let recovered = recovered.map_or_else(|| "as told".to_owned(), seconds);
        let _ = writeln!(tables, "| {} | {told} | {} | {recovered} |", case.name, seconds(*answered));
    }
    std::fs::write(path(), format!("{before}{BEGIN}{tables}\n{END}{after}")).unwrap();
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

/// The cases that the document does not tell as they are told now.
pub(super) fn differences(outcomes: &[(&Case, Outcome)]) -> String {
    let document = read();
    let mut text = String::new();
    for (case, outcome) in outcomes {
        let expected = document.get(&key(case)).map_or("nothing", String::as_str);
        if expected != outcome.told {
            let _ = write!(text, "\n{}: {}\n  - {expected}\n  + {}", case.heading(), case.name, outcome.told);
        }
    }
    text
}

fn key(case: &Case) -> (String, String) {
    (case.heading().to_owned(), case.name.to_owned())
}

/// The rows that the document must have, sorted as [`Told`] is.
pub(super) fn keys() -> Vec<(String, String)> {
    let mut keys: Vec<_> = case::all().iter().map(key).collect();
    keys.sort();
    keys
}
