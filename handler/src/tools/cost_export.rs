//! `cost_export`: costs as a CSV file, in parts if it is long.

mod cursor;

use cursor::{Owner, Position};
use identity::{Scope, UnixTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    count::Count,
    csv_file::{Cell, CsvFile, MOST_BYTES, MOST_ROWS},
    facts::{self, Facts},
    group_by::GroupBy,
    registry::{Answer, Run, THEIRS, Tool, UserCall},
    schema,
    stop::Stop,
    subject::{CostArguments, PeriodArguments, ScopeArguments},
};
use crate::azure::{
    Azure, CostError, CostFailure, CostLine, CostPage, CostQuery, Granularity, Grouping, Money, PAGE_LIMIT, Totals,
};

/// The definition.
pub(super) fn tool() -> Tool {
    Tool {
        name: "cost_export",
        title: "Azure cost as CSV",
        description: format!(
            "The costs of a subscription, a resource group or a management group over a period as a CSV file to be \
             saved: exact amounts, by service unless groupBy says otherwise, by day or month with granularity. A file \
             has at most maxRows rows; nextCursor gets the next ones. Use cost_by_service or cost_query to answer a \
             question. Runs as the signed-in user: Azure decides what they may see. {THEIRS}"
        ),
        input: schema::input(&[
            schema::part::<ScopeArguments>(),
            schema::part::<PeriodArguments>(),
            schema::part::<CostArguments>(),
            schema::part::<Arguments>(),
        ]),
        output: schema::output::<CostExport>(),
        run: Run::User(Scope::CostExport, |call| Box::pin(run(call))),
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Arguments {
    group_by: Option<GroupBy>,
    /// Lines for the whole period (`none`), each month (`monthly`) or each day (`daily`). Default: none.
    #[schemars(extend("examples" = ["monthly"]))]
    granularity: Option<Granularity>,
    /// The most rows of one file, 1 to 2000. Default: 500.
    max_rows: Option<MaxRows>,
    /// `nextCursor` of the last answer, with the same other arguments: the rows after those.
    #[schemars(length(max = 8192))]
    cursor: Option<String>,
}

/// How many rows a file may have.
type MaxRows = Count<500, MOST_ROWS>;

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CostExport {
    #[serde(flatten)]
    facts: Facts,
    /// The names of the columns.
    columns: Vec<String>,
    /// Rows of the file, without its header.
    row_count: usize,
    /// Whether rows are left for another call.
    truncated: bool,
    /// What gets the rows that are left: the same call with this as `cursor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// Of everything, with the first file; of its own rows with each later one. One for each currency; they are never
    /// added together.
    totals: Vec<Money>,
    /// The file: RFC 4180, UTF-8, exact amounts. Text that looks like a formula begins with an apostrophe.
    csv: String,
}

async fn run(call: UserCall<'_>) -> Result<Answer, Stop> {
    let Arguments { group_by, granularity, max_rows, cursor } = call.arguments()?;
    let costs: CostArguments = call.arguments()?;
    let scope = call.arguments::<ScopeArguments>()?.scope()?;
    let query = CostQuery {
        period: call.arguments::<PeriodArguments>()?.period(call.today())?,
        metric: costs.metric.unwrap_or_default(),
        granularity: granularity.unwrap_or_default(),
        group_by: group_by.unwrap_or_default().at(&scope)?,
        filters: costs.filters()?,
        with_usd: false,
        scope,
    };
    let owner = Owner::of(&call.caller().object().to_string(), &query.canonical());
    let start = cursor.map(|cursor| cursor::read(&cursor, owner)).transpose()?;
    let mut export = Export::new(&query, max_rows.unwrap_or_default(), start);
    let now = call.now();
    let azure = call.azure().await?;
    export.read(&azure).await.map_err(|failure| Stop::failed(failure, &query.scope))?;
    Ok(export.answer(owner, now))
}

/// A file that is being filled from Azure's pages.
struct Export<'a> {
    query: &'a CostQuery,
    file: CsvFile,
    columns: Vec<String>,
    /// A later file holds its own rows only; the first one counts everything.
    is_first: bool,
    /// Where reading is.
    position: Position,
    /// The first row that is not in the file.
    rest: Option<Position>,
    counted: Vec<Money>,
    pages: usize,
    /// Azure has more pages than are read.
    capped: bool,
}

impl<'a> Export<'a> {
    fn new(query: &'a CostQuery, max_rows: MaxRows, start: Option<Position>) -> Self {
        let columns = columns(query);
        Self {
            file: CsvFile::new(&columns, max_rows.get()),
            is_first: start.is_none(),
            position: start.unwrap_or_default(),
            query,
            columns,
            rest: None,
            counted: vec![],
            pages: 0,
            capped: false,
        }
    }

    async fn read(&mut self, azure: &Azure<'_>) -> Result<(), CostFailure> {
        while self.add(azure.costs_page(self.query, self.position.page.as_ref()).await?) {}
        if self.counted.is_empty() {
            return Err(CostError::NoData.into());
        }
        Ok(())
    }

    /// Takes a page in, and says whether the next one is wanted.
    fn add(&mut self, page: CostPage) -> bool {
        let CostPage { mut lines, next } = page;
        // within a page, so that a cursor finds the same rows again
        lines.sort_by(|a, b| {
            let dates = a.date.cmp(&b.date).then_with(|| a.cost.currency().cmp(&b.cost.currency()));
            dates.then_with(|| b.cost.compare(&a.cost)).then_with(|| a.names.cmp(&b.names))
        });
        for line in lines.into_iter().skip(self.position.row) {
            let is_full = self.rest.is_some();
            if !is_full && !self.file.push(cells(&line)) {
                self.rest = Some(self.position.clone());
            }
            if self.is_first || self.rest.is_none() {
                self.counted.push(line.cost);
            }
            self.position.row += 1;
        }
        self.pages += 1;
        let wanted = self.is_first || self.rest.is_none();
        match next {
            Some(address) if wanted => {
                self.position = Position { page: Some(address), row: 0 };
                self.capped = self.pages >= PAGE_LIMIT;
                if self.capped && self.rest.is_none() {
                    self.rest = Some(self.position.clone());
                }
                !self.capped
            }
            // a file that ends with its page goes on with the next one
            Some(_) | None => false,
        }
    }

    fn answer(self, owner: Owner, now: UnixTime) -> Answer {
        let mut facts = Facts::of(self.query, self.capped && self.is_first, now);
        let row_count = self.file.rows();
        if self.rest.is_some() {
            facts.note(format!(
                "Rows are left: call again with the same arguments and nextCursor as cursor. A file has at most maxRows \
                 rows ({MOST_ROWS} at most) and {MOST_BYTES} bytes."
            ));
        }
        let totals = Totals::of(&self.counted);
        let data = CostExport {
            facts,
            columns: self.columns,
            row_count,
            truncated: self.rest.is_some(),
            next_cursor: self.rest.map(|rest| cursor::write(&rest, owner)),
            totals: totals.iter().cloned().collect(),
            csv: self.file.into_text(),
        };
        Answer::new(text(&data, self.is_first), &data)
    }
}

/// `month,service,currency,cost`
fn columns(query: &CostQuery) -> Vec<String> {
    let date = match query.granularity {
        Granularity::None => None,
        Granularity::Daily => Some("date".to_owned()),
        Granularity::Monthly => Some("month".to_owned()),
    };
    let groupings = query.group_by.iter().map(Grouping::column);
    date.into_iter().chain(groupings).chain(["currency", "cost"].map(str::to_owned)).collect()
}

fn cells(line: &CostLine) -> impl Iterator<Item = Cell> {
    let date = line.date.map(|date| Cell::Ours(date.to_string()));
    let names = line.names.iter().cloned().map(Cell::Theirs);
    let amount = [line.cost.currency().to_string(), line.cost.exact()].map(Cell::Ours);
    date.into_iter().chain(names).chain(amount)
}

fn text(data: &CostExport, is_first: bool) -> String {
    let CostExport { facts, row_count, totals, csv, next_cursor, .. } = data;
    let fence = fence(csv);
    let sentence = if is_first {
        format!("{}{row_count} rows.", facts.sentence(totals))
    } else {
        format!("The next {row_count} rows, together {} ({}).", facts::amounts(totals), facts.how())
    };
    let more = next_cursor.as_ref().map(|cursor| format!("nextCursor: `{cursor}`\n\n")).unwrap_or_default();
    format!("{}{sentence}\n\n{fence}csv\n{csv}{fence}\n\n{more}{}", facts.title("Cost export"), facts.list())
}

/// More backticks than the file has in a row: nothing in it can end the code block and become markup.
pub(super) fn fence(csv: &str) -> String {
    let longest = csv.split(|character| character != '`').map(str::len).max().unwrap_or_default();
    "`".repeat(longest.max(2) + 1)
}

#[cfg(test)]
mod tests;
