//! For the fuzzer's door: the two writers that put text of others into a format with a syntax.

use super::{
    cost_export,
    csv_file::{Cell, CsvFile},
    table::Table,
};
use crate::azure::Name;

/// A CSV file of these rows, names of others before an amount of ours, and how many there was room for.
#[must_use]
pub fn csv_file(header: &[String], rows: &[(Vec<Name>, String)], most_rows: usize) -> (String, usize) {
    let mut file = CsvFile::new(header, most_rows);
    for (names, amount) in rows {
        let names = names.iter().cloned().map(Cell::Theirs);
        if !file.push(names.chain([Cell::Ours(amount.clone())])) {
            break;
        }
    }
    let rows = file.rows();
    (file.into_text(), rows)
}

/// A CSV file within a text.
#[must_use]
pub fn csv_block(csv: &str) -> String {
    let fence = cost_export::fence(csv);
    format!("{fence}csv\n{csv}{fence}\n")
}

/// A Markdown table of a name of others and an amount of ours in each row.
#[must_use]
pub fn markdown_table(rows: &[(Name, String)]) -> String {
    let mut table = Table::new().text("Service").number("EUR");
    for (name, amount) in rows {
        table.row([name.markdown(), amount.clone()]);
    }
    table.into_text()
}
