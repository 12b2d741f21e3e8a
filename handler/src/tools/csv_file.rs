//! CSV files: RFC 4180, harmless to spreadsheets, of a limited size.

use crate::azure::Name;

/// The most rows of a file, without its header.
pub(super) const MOST_ROWS: usize = 2000;
/// The most bytes of a file. Clients refuse answers of more than some 25 000 tokens, and three bytes are about one.
pub(super) const MOST_BYTES: usize = 60 * 1024;

/// A cell: whose text it is decides how it is written.
pub(super) enum Cell {
    /// Text of others: never taken for a formula.
    Theirs(Name),
    /// A number or a code written by this server, as it is: `-12.5` stays a number.
    Ours(String),
}

/// A file that is being written.
pub(super) struct CsvFile {
    text: String,
    rows: usize,
    most_rows: usize,
}

impl CsvFile {
    /// Begins with its header, in which keys of tags may stand.
    pub(super) fn new(header: &[String], most_rows: usize) -> Self {
        let header = header.iter().map(|name| Cell::Theirs(Name::new(name)));
        Self { text: record(header).unwrap_or_default(), rows: 0, most_rows: most_rows.min(MOST_ROWS) }
    }

    /// Adds a row if there is room for it.
    pub(super) fn push(&mut self, row: impl IntoIterator<Item = Cell>) -> bool {
        let record = record(row).filter(|record| self.text.len() + record.len() <= MOST_BYTES);
        match record {
            Some(record) if self.rows < self.most_rows => {
                self.text.push_str(&record);
                self.rows += 1;
                true
            }
            _ => false,
        }
    }

    /// Rows without the header.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

/// One line with its end. Writing to memory does not fail; if it did, the row would count as left out.
fn record(cells: impl IntoIterator<Item = Cell>) -> Option<String> {
    let terminator = csv::Terminator::CRLF;
    let mut writer = csv::WriterBuilder::new().terminator(terminator).buffer_capacity(512).from_writer(Vec::new());
    for cell in cells {
        match cell {
            Cell::Theirs(name) => writer.write_field(name.csv().as_bytes()).ok()?,
            Cell::Ours(text) => writer.write_field(text).ok()?,
        }
    }
    writer.write_record(None::<&[u8]>).ok()?;
    String::from_utf8(writer.into_inner().ok()?).ok()
}
