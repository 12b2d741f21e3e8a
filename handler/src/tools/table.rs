//! Tables in Markdown that read well as plain text too: columns are padded, numbers stand right.

/// The widest a column is padded to, in characters. A longer cell stands out and costs nobody else room.
const WIDEST: usize = 40;

/// A table that is being written. Cells are Markdown already: names of others come in through
/// [`Name::markdown`](crate::azure::Name::markdown).
pub(super) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

/// How the cells of a column stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

struct Column {
    side: Side,
    heading: String,
}

impl Table {
    pub(super) fn new() -> Self {
        Self { columns: vec![], rows: vec![] }
    }

    /// Adds a column of text.
    pub(super) fn text(mut self, heading: impl Into<String>) -> Self {
        self.columns.push(Column { side: Side::Left, heading: heading.into() });
        self
    }

    /// Adds a column of numbers.
    pub(super) fn number(mut self, heading: impl Into<String>) -> Self {
        self.columns.push(Column { side: Side::Right, heading: heading.into() });
        self
    }

    /// Adds a row of as many cells as there are columns.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    pub(super) fn into_text(self) -> String {
        let Self { columns, rows } = self;
        let widths: Vec<_> = columns.iter().enumerate().map(|(index, column)| width(index, column, &rows)).collect();
        let headings: Vec<_> = columns.iter().map(|column| column.heading.clone()).collect();
        let ruler: Vec<_> = columns.iter().zip(&widths).map(|(column, &width)| ruler(column.side, width)).collect();
        let mut text = String::new();
        for cells in [&headings, &ruler].into_iter().chain(&rows) {
            for ((column, cell), &width) in columns.iter().zip(cells).zip(&widths) {
                text.push_str("| ");
                column.pad(cell, width, &mut text);
                text.push(' ');
            }
            text.push_str("|\n");
        }
        text
    }
}

impl Column {
    fn pad(&self, cell: &str, width: usize, text: &mut String) {
        let room = std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count()));
        match self.side {
            Side::Left => {
                text.push_str(cell);
                text.extend(room);
            }
            Side::Right => {
                text.extend(room);
                text.push_str(cell);
            }
        }
    }
}

fn width(index: usize, column: &Column, rows: &[Vec<String>]) -> usize {
    let cells = rows.iter().filter_map(|row| row.get(index)).chain([&column.heading]);
    // a ruler has at least three dashes and a colon
    cells.map(|cell| cell.chars().count()).filter(|&width| width <= WIDEST).max().unwrap_or_default().max(4)
}

fn ruler(side: Side, width: usize) -> String {
    let dashes = "-".repeat(width.saturating_sub(1));
    match side {
        Side::Left => format!(":{dashes}"),
        Side::Right => format!("{dashes}:"),
    }
}

#[cfg(test)]
mod tests {
    //! Proves that tables read well as they are. How a client renders Markdown, only that client shows.

    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn columns_are_padded_and_numbers_stand_right() {
        let mut table = Table::new().text("Service").number("EUR").text("");
        table.row(["Virtual Machines", "1842.12", "██████████"]);
        table.row(["Überwachung", "-1.50", ""]);
        table.row(["a".repeat(41).as_str(), "0.01", "█"]);
        assert_snapshot!(table.into_text(), @"
        | Service          |     EUR |            |
        | :--------------- | ------: | :--------- |
        | Virtual Machines | 1842.12 | ██████████ |
        | Überwachung      |   -1.50 |            |
        | aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa |    0.01 | █          |
        ");
    }
}
