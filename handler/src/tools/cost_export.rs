//! `cost_export`: the costs of a subscription as a CSV file.

use identity::{Scope, UnixTime};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    breakdown,
    csv_file::{Cell, CsvFile, MOST_BYTES, MOST_ROWS},
    facts::Facts,
    registry::{Answer, Run, THEIRS, Tool, UserCall},
    schema,
    stop::Stop,
    subject::{CostArguments, PeriodArguments, ScopeArguments},
};
use crate::azure::{CostQuery, Costs, Dimension, Granularity, Grouping, Money, Totals};

/// The file's header.
const COLUMNS: [&str; 3] = ["service", "currency", "cost"];

/// The definition.
pub(super) fn tool() -> Tool {
    Tool {
        name: "cost_export",
        title: "Azure cost as CSV",
        description: format!(
            "The costs of one Azure subscription over a period, by Azure service, as a CSV file to be saved: exact \
             amounts, at most {MOST_ROWS} rows. Use cost_by_service to answer a question. Actual cost in the billing \
             currency, whole UTC days, the month to date by default. Runs as the signed-in user: Azure decides what \
             they may see. {THEIRS}"
        ),
        input: schema::input(&[
            schema::part::<ScopeArguments>(),
            schema::part::<PeriodArguments>(),
            schema::part::<CostArguments>(),
        ]),
        output: schema::output::<CostExport>(),
        run: Run::User(Scope::CostExport, |call| Box::pin(run(call))),
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CostExport {
    #[serde(flatten)]
    facts: Facts,
    /// The names of the columns.
    columns: [&'static str; 3],
    /// Rows of the file, without its header.
    row_count: usize,
    /// Whether rows were left out of the file. The totals count them.
    truncated: bool,
    /// One for each currency; they are never added together.
    totals: Vec<Money>,
    /// The file: RFC 4180, UTF-8, exact amounts. Text that looks like a formula begins with an apostrophe.
    csv: String,
}

async fn run(call: UserCall<'_>) -> Result<Answer, Stop> {
    let costs: CostArguments = call.arguments()?;
    let query = CostQuery {
        scope: call.arguments::<ScopeArguments>()?.scope()?,
        period: call.arguments::<PeriodArguments>()?.period(call.today())?,
        metric: costs.metric.unwrap_or_default(),
        granularity: Granularity::None,
        group_by: vec![Grouping::Dimension(Dimension::ServiceName)],
        filters: costs.filters()?,
        with_usd: false,
    };
    let now = call.now();
    let costs = call.azure().await?.costs(&query).await.map_err(|failure| Stop::failed(failure, &query.scope))?;
    Ok(answer(&query, costs, now))
}

fn answer(query: &CostQuery, costs: Costs, now: UnixTime) -> Answer {
    let Costs { mut lines, capped } = costs;
    breakdown::sort(&mut lines);
    let totals = Totals::of(lines.iter().map(|line| &line.cost));
    let file = CsvFile::write(
        COLUMNS,
        lines.iter().filter_map(|line| {
            let (name, cost) = (line.names.first()?, &line.cost);
            Some([Cell::Theirs(name), Cell::Ours(cost.currency().to_string()), Cell::Ours(cost.exact())])
        }),
    );
    let mut facts = Facts::of(query, capped, now);
    if file.truncated {
        let left_out = lines.len() - file.rows;
        facts.note(format!(
            "The last {left_out} rows were left out: a file has at most {MOST_ROWS} rows and {MOST_BYTES} bytes. \
             The totals count them. Ask for fewer days.",
        ));
    }
    let data = CostExport {
        facts,
        columns: COLUMNS,
        row_count: file.rows,
        truncated: file.truncated,
        totals: totals.iter().cloned().collect(),
        csv: file.text,
    };
    Answer::new(text(&data), &data)
}

fn text(data: &CostExport) -> String {
    let CostExport { facts, row_count, totals, csv, .. } = data;
    let fence = fence(csv);
    format!(
        "{}{}{row_count} rows.\n\n{fence}csv\n{csv}{fence}\n\n{}",
        facts.title("Cost export"),
        facts.sentence(totals),
        facts.list(),
    )
}

/// More backticks than the file has in a row: nothing in it can end the code block and become markup.
fn fence(csv: &str) -> String {
    let longest = csv.split(|character| character != '`').map(str::len).max().unwrap_or_default();
    "`".repeat(longest.max(2) + 1)
}

#[cfg(test)]
mod tests;
