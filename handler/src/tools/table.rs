//! Tables in Markdown: the first column is text, the others are numbers.

use std::fmt::Write;

/// A table that is being written. Cells are Markdown already: names of others come in through
/// [`Name::markdown`](crate::azure::Name::markdown).
pub(super) struct Table(String);

impl Table {
    pub(super) fn new<const COLUMNS: usize>(header: [&str; COLUMNS]) -> Self {
        let mut table = Self(String::new());
        table.row(header);
        let mut alignment = ["---:"; COLUMNS];
        if let Some(first) = alignment.first_mut() {
            *first = ":---";
        }
        table.row(alignment);
        table
    }

    pub(super) fn row<const COLUMNS: usize>(&mut self, cells: [&str; COLUMNS]) {
        // writing to a string can't fail
        let _ = writeln!(self.0, "| {} |", cells.join(" | "));
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }
}
