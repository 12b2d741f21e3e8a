//! Tables as Cost Management answers them: columns with names, rows of cells by position.
//!
//! Neither the order of the columns nor their case is promised, so a cell is found by its column's name. Cells stay the
//! text they are: a number that went through a double would be another amount.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Currency, Day, Money};

/// What is wrong with an answer. For the log.
pub(super) type Complaint = &'static str;

/// One page.
pub(super) struct Table<'a> {
    columns: Vec<Column<'a>>,
    rows: Vec<Vec<&'a RawValue>>,
    /// Where the next page is.
    pub(super) next: Option<String>,
}

/// Where a column is.
#[derive(Clone, Copy)]
pub(super) struct Place(usize);

/// One row, of as many cells as there are columns.
pub(super) struct Row<'a>(&'a [&'a RawValue]);

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    properties: Properties<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties<'a> {
    next_link: Option<String>,
    #[serde(borrow)]
    columns: Vec<Column<'a>>,
    #[serde(borrow)]
    rows: Vec<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct Column<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
}

impl<'a> Table<'a> {
    pub(super) fn read(body: &'a [u8]) -> Result<Self, Complaint> {
        let Body { properties } = serde_json::from_slice(body).map_err(|_| "not a table of columns and rows")?;
        let Properties { next_link, columns, rows } = properties;
        Ok(Self { columns, rows, next: next_link.filter(|link| !link.is_empty()) })
    }

    /// The one column of these names. Two would leave open which one counts.
    pub(super) fn column(&self, names: &[&str]) -> Result<Place, Complaint> {
        let mut found = self.places(names);
        match (found.next(), found.next()) {
            (Some(place), None) => Ok(place),
            (None, _) => Err("a column is missing"),
            (Some(_), Some(_)) => Err("a column is there twice"),
        }
    }

    /// The columns of these names, in their order.
    pub(super) fn places(&self, names: &[&str]) -> impl Iterator<Item = Place> {
        let is_wanted = |column: &Column<'_>| names.iter().any(|name| column.name.eq_ignore_ascii_case(name));
        let found = self.columns.iter().enumerate().filter(move |(_, column)| is_wanted(column));
        found.map(|(index, _)| Place(index))
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = Result<Row<'_>, Complaint>> {
        self.rows.iter().map(|row| {
            let is_whole = row.len() == self.columns.len();
            is_whole.then_some(Row(row)).ok_or("a row with more or fewer cells than columns")
        })
    }
}

impl Row<'_> {
    fn cell(&self, Place(index): Place) -> Result<&str, Complaint> {
        self.0.get(index).map(|cell| cell.get()).ok_or("a missing cell")
    }

    /// Text; nothing for `null`.
    pub(super) fn text(&self, place: Place) -> Result<String, Complaint> {
        let text = serde_json::from_str::<Option<String>>(self.cell(place)?);
        text.map(Option::unwrap_or_default).map_err(|_| "a cell that should be text is not")
    }

    pub(super) fn currency(&self, place: Place) -> Result<Currency, Complaint> {
        self.text(place)?.parse().map_err(|_| "a currency that is not a three-letter code")
    }

    pub(super) fn money(&self, place: Place, currency: Currency) -> Result<Money, Complaint> {
        Money::parse(self.cell(place)?, currency).ok_or("an amount that is no number, or no sensible one")
    }

    /// A day as `20261001`, or the beginning of a month as `"2026-10-01T00:00:00"`.
    pub(super) fn day(&self, place: Place) -> Result<Day, Complaint> {
        const WRONG: Complaint = "a date that is none";
        let cell = self.cell(place)?;
        if cell.starts_with('"') {
            return self.text(place)?.get(..10).and_then(|day| day.parse().ok()).ok_or(WRONG);
        }
        let (Some(year), Some(month), Some(day), 8) = (cell.get(..4), cell.get(4..6), cell.get(6..8), cell.len())
        else {
            return Err(WRONG);
        };
        format!("{year}-{month}-{day}").parse().map_err(|_| WRONG)
    }
}
