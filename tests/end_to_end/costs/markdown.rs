//! A text as a client shows it: read by a Markdown parser that the handler has no part in.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// What a text is made of. Paragraphs are not kept.
#[derive(Default)]
pub(super) struct Page {
    /// Rows of cells; the first row is the heading.
    pub(super) tables: Vec<Vec<Vec<String>>>,
    /// What is bold, an item of a list, or code within a line.
    pub(super) set_off: Vec<String>,
    /// Blocks of CSV.
    pub(super) files: Vec<String>,
}

/// Where text goes.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Cell,
    SetOff(usize),
    File,
}

/// Everything that clients are known to render, so that nothing is missed.
const EXTENSIONS: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_TASKLISTS)
    .union(Options::ENABLE_FOOTNOTES)
    .union(Options::ENABLE_HEADING_ATTRIBUTES)
    .union(Options::ENABLE_MATH)
    .union(Options::ENABLE_GFM)
    .union(Options::ENABLE_DEFINITION_LIST)
    .union(Options::ENABLE_WIKILINKS);

impl Page {
    /// Reads a text that has nothing but paragraphs, tables, lists, bold, code in a line, and blocks of CSV: anything
    /// else was made of data.
    #[track_caller]
    pub(super) fn read(text: &str) -> Self {
        let (mut page, mut places) = (Self::default(), Vec::new());
        for event in Parser::new_ext(text, EXTENSIONS) {
            match event {
                Event::Start(Tag::Paragraph | Tag::List(None))
                | Event::End(
                    TagEnd::Paragraph | TagEnd::List(_) | TagEnd::Table | TagEnd::TableHead | TagEnd::TableRow,
                )
                | Event::SoftBreak => {}
                Event::Start(Tag::Table(_)) => page.tables.push(vec![]),
                Event::Start(Tag::TableHead | Tag::TableRow) => page.tables.last_mut().unwrap().push(vec![]),
                Event::Start(Tag::TableCell) => {
                    page.row().push(String::new());
                    places.push(Place::Cell);
                }
                Event::Start(Tag::Strong | Tag::Item) => {
                    places.push(Place::SetOff(page.set_off.len()));
                    page.set_off.push(String::new());
                }
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(kind))) if &*kind == "csv" => {
                    page.files.push(String::new());
                    places.push(Place::File);
                }
                Event::End(TagEnd::TableCell | TagEnd::Strong | TagEnd::Item | TagEnd::CodeBlock) => {
                    places.pop();
                }
                Event::Text(text) => page.add(&places, &text),
                Event::Code(code) => page.set_off.push(code.into_string()),
                other => unreachable!("{other:?} was made of data in:\n{text}"),
            }
        }
        page
    }

    fn row(&mut self) -> &mut Vec<String> {
        self.tables.last_mut().unwrap().last_mut().unwrap()
    }

    fn add(&mut self, places: &[Place], text: &str) {
        for place in places {
            let part = match place {
                Place::Cell => self.row().last_mut().unwrap(),
                Place::SetOff(index) => &mut self.set_off[*index],
                Place::File => self.files.last_mut().unwrap(),
            };
            part.push_str(text);
        }
    }

    /// How many rows each table has, without its heading.
    pub(super) fn rows(&self) -> Vec<usize> {
        self.tables.iter().map(|table| table.len() - 1).collect()
    }

    pub(super) fn cells(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().flatten().flatten().map(String::as_str)
    }
}

/// How many cells each row of the tables has as it is written, one list for each table: a parser drops the cells that
/// are too many.
pub(super) fn written_cells(text: &str) -> Vec<Vec<usize>> {
    let rows: Vec<_> = text.lines().map(|line| line.starts_with('|').then(|| cells_of(line))).collect();
    let tables = rows.split(Option::is_none).filter(|table| !table.is_empty());
    tables.map(|table| table.iter().copied().flatten().collect()).collect()
}

fn cells_of(line: &str) -> usize {
    let (mut bars, mut escaped) = (0, false);
    for character in line.chars() {
        bars += usize::from(character == '|' && !escaped);
        escaped = character == '\\' && !escaped;
    }
    bars - 1
}
