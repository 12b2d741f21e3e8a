//! Files and tables with names of others in them: what readers of others find in them is what was written, cell for
//! cell.
//!
//! The input is names, each ended by the control character U+001E, which no name has.

use handler::{azure::Name, fuzzing};

use super::markdown::{Page, written_cells};

/// The most characters of a name.
const LONGEST: usize = 120;
/// The most bytes of a file.
const LARGEST: usize = 60 * 1024;

/// Whether there was a name with something to see in it.
pub fn judge(input: &[u8]) -> bool {
    let text = String::from_utf8_lossy(input);
    let names: Vec<Name> = text.split('\u{1e}').map(Name::new).collect();
    for name in &names {
        assert!(!name.as_str().contains(is_hidden), "{name:?}");
        assert!(name.as_str().chars().count() <= LONGEST);
    }
    let rows: Vec<(Vec<Name>, String)> =
        names.chunks_exact(2).map(|pair| (pair.to_vec(), "-12.5".to_owned())).collect();
    assert_is_read_back_as_csv(&names, &rows);
    assert_is_read_back_as_markdown(&names);
    names.iter().any(|name| !name.is_empty())
}

/// Of what nobody can see in a line of text, what no library is needed for.
fn is_hidden(character: char) -> bool {
    character.is_control() || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{feff}')
}

#[track_caller]
fn assert_is_read_back_as_csv(names: &[Name], rows: &[(Vec<Name>, String)]) {
    let header: Vec<_> = names.iter().take(2).map(ToString::to_string).chain(["cost".to_owned()]).collect();
    let (csv, written) = fuzzing::csv_file(&header, rows, rows.len());
    assert!(csv.len() <= LARGEST && (written == rows.len() || csv.len() + 2000 > LARGEST));
    assert_eq!(Page::read(&fuzzing::csv_block(&csv)).files, [csv.replace("\r\n", "\n")], "the block ends early");

    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(csv.as_bytes());
    let read: Vec<Vec<String>> = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
    let header: Vec<_> = header.iter().map(|name| Name::new(name)).collect();
    assert_eq!(read.len(), written + 1);
    assert_cells(&read[0], &header);
    for (read, (names, amount)) in read[1..].iter().zip(rows) {
        let (read_amount, read_names) = read.split_last().unwrap();
        assert_eq!(read_amount, amount);
        assert_cells(read_names, names);
    }
}

#[track_caller]
fn assert_cells(read: &[String], written: &[Name]) {
    assert_eq!(read.len(), written.len());
    for (cell, name) in read.iter().zip(written) {
        let formula = cell.trim_start().starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
        assert!(!formula, "{cell:?} is a formula");
        assert!(cell == name.as_str() || cell.strip_prefix('\'') == Some(name.as_str()), "{cell:?} is not {name:?}");
    }
}

#[track_caller]
fn assert_is_read_back_as_markdown(names: &[Name]) {
    let rows: Vec<_> = names.iter().map(|name| (name.clone(), "-12.50".to_owned())).collect();
    let text = fuzzing::markdown_table(&rows);
    let page = Page::read(&text);
    let [table] = page.tables.as_slice() else { panic!("{} tables in\n{text}", page.tables.len()) };
    assert_eq!(written_cells(&text), [vec![2; names.len() + 2]], "{text}");
    assert!(page.set_off.is_empty() && page.files.is_empty());
    let expected: Vec<_> = names.iter().map(|name| [name.as_str(), "-12.50"]).collect();
    assert_eq!(table[0], ["Service", "EUR"]);
    assert_eq!(&table[1..], expected, "{text}");
}
