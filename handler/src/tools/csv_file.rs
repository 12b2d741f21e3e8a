//! CSV files: RFC 4180, harmless to spreadsheets, of a limited size.

use crate::azure::Name;

/// The most rows of a file, without its header.
pub(super) const MOST_ROWS: usize = 2000;
/// The most bytes of a file. Clients refuse answers of more than some 25 000 tokens, and three bytes are about one.
pub(super) const MOST_BYTES: usize = 60 * 1024;

/// A cell: whose text it is decides how it is written.
pub(super) enum Cell<'a> {
    /// Text of others: never taken for a formula.
    Theirs(&'a Name),
    /// A number or a code written by this server, as it is: `-12.5` stays a number.
    Ours(String),
}

/// A file, whole or cut.
pub(super) struct CsvFile {
    pub(super) text: String,
    pub(super) rows: usize,
    /// Rows were left out.
    pub(super) truncated: bool,
}

impl CsvFile {
    /// Writes as many of the `rows` as fit.
    pub(super) fn write<'a, const COLUMNS: usize>(
        header: [&str; COLUMNS],
        rows: impl IntoIterator<Item = [Cell<'a>; COLUMNS]>,
    ) -> Self {
        let text = record(header.map(str::as_bytes)).unwrap_or_default();
        let mut file = Self { text, rows: 0, truncated: false };
        for row in rows {
            let cells = row.map(|cell| match cell {
                Cell::Theirs(name) => name.csv().into_owned(),
                Cell::Ours(text) => text,
            });
            match record(cells.each_ref().map(String::as_bytes)) {
                Some(record) if file.rows < MOST_ROWS && file.text.len() + record.len() <= MOST_BYTES => {
                    file.text.push_str(&record);
                    file.rows += 1;
                }
                _ => {
                    file.truncated = true;
                    break;
                }
            }
        }
        file
    }
}

/// One line with its end. Writing to memory does not fail; if it did, the row would count as left out.
fn record<const COLUMNS: usize>(cells: [&[u8]; COLUMNS]) -> Option<String> {
    let terminator = csv::Terminator::CRLF;
    let mut writer = csv::WriterBuilder::new().terminator(terminator).buffer_capacity(512).from_writer(Vec::new());
    writer.write_record(cells).ok()?;
    String::from_utf8(writer.into_inner().ok()?).ok()
}
