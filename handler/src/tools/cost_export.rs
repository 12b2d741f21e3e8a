//! `cost_export`: the costs of a subscription as a CSV file.

use identity::Scope;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    breakdown,
    csv_file::{Cell, CsvFile, MOST_BYTES, MOST_ROWS},
    notes,
    registry::{Answer, Run, THEIRS, Tool, UserCall},
    schema,
    stop::Stop,
};
use crate::azure::{CostQuery, Costs, Day, Dimension, Money, OutOfRange, Period, SubscriptionId, Totals};

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
        input: schema::input::<Arguments>(),
        output: schema::output::<CostExport>(),
        run: Run::User(Scope::CostExport, |call| Box::pin(run(call))),
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Arguments {
    subscription_id: SubscriptionId,
    /// First day, inclusive, as YYYY-MM-DD (UTC), not before 2014-05-01. Default: the first of the month of `to`.
    from: Option<Day>,
    /// Last day, inclusive, as YYYY-MM-DD (UTC), at most 364 days in all. Default: today.
    #[schemars(extend("examples" = ["2026-10-31"]))]
    to: Option<Day>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CostExport {
    subscription_id: SubscriptionId,
    period: Period,
    /// Always `ActualCost`.
    metric: &'static str,
    /// The names of the columns.
    columns: [&'static str; 3],
    /// Rows of the file, without its header.
    row_count: usize,
    /// Whether rows were left out of the file. The totals count them.
    truncated: bool,
    /// Whether everything Azure has is counted.
    complete: bool,
    /// One for each currency; they are never added together.
    totals: Vec<Money>,
    /// The file: RFC 4180, UTF-8, exact amounts. Text that looks like a formula begins with an apostrophe.
    csv: String,
    notes: Vec<String>,
}

async fn run(call: UserCall<'_>) -> Result<Answer, Stop> {
    let Arguments { subscription_id: subscription, from, to } = call.arguments()?;
    let period = call.period(from, to)?;
    let query = CostQuery { subscription, period, group_by: Dimension::ServiceName };
    let costs = call.costs(&query).await?;
    answer(&query, costs).map_err(|error| Stop::azure(error, subscription))
}

fn answer(query: &CostQuery, costs: Costs) -> Result<Answer, OutOfRange> {
    let Costs { mut lines, capped } = costs;
    breakdown::sort(&mut lines);
    let totals = Totals::of(lines.iter().map(|line| line.cost))?;
    let file = CsvFile::write(
        COLUMNS,
        lines.iter().map(|line| {
            let cost = line.cost;
            [Cell::Theirs(&line.name), Cell::Ours(cost.currency().to_string()), Cell::Ours(cost.exact())]
        }),
    );
    let mut notes = notes::notes(&query.period, capped);
    if file.truncated {
        let left_out = lines.len() - file.rows;
        notes.insert(
            0,
            format!(
                "The last {left_out} rows were left out: a file has at most {MOST_ROWS} rows and {MOST_BYTES} bytes. \
             The totals count them. Ask for fewer days.",
            ),
        );
    }
    let data = CostExport {
        subscription_id: query.subscription,
        period: query.period,
        metric: "ActualCost",
        columns: COLUMNS,
        row_count: file.rows,
        truncated: file.truncated,
        complete: !capped,
        totals: totals.iter().collect(),
        csv: file.text,
        notes,
    };
    Ok(Answer::new(text(&data), &data))
}

fn text(data: &CostExport) -> String {
    let CostExport { subscription_id, period, row_count, totals, csv, notes, .. } = data;
    let fence = fence(csv);
    format!(
        "**Cost export**, {} to {}\n\nSubscription {subscription_id} cost {} (actual cost, whole UTC days): \
         {row_count} rows.\n\n{fence}csv\n{csv}{fence}\n\n{}",
        period.from(),
        period.to(),
        notes::amounts(totals.iter().copied()),
        notes::list(notes),
    )
}

/// More backticks than the file has in a row: nothing in it can end the code block and become markup.
fn fence(csv: &str) -> String {
    let longest = csv.split(|character| character != '`').map(str::len).max().unwrap_or_default();
    "`".repeat(longest.max(2) + 1)
}

#[cfg(test)]
mod tests;
