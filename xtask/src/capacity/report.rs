//! The plan as a Markdown table: a column for each number of people.

use std::fmt::Write as _;

use super::{Assumptions, Plan, UNITS_PER_HOUR, simulate};

/// Always the same dice: the table must not change by itself.
const SEED: u64 = 1;

/// A table with a column for each number of people.
#[must_use]
pub fn report(people: &[u32], instances: Option<u32>, assumptions: &Assumptions) -> String {
    let columns: Vec<_> = people.iter().map(|people| column(*people, instances, assumptions)).collect();
    let mut table = String::new();
    for (number, heading) in HEADINGS.iter().enumerate() {
        let cells: Vec<_> = columns.iter().filter_map(|column| column.get(number).map(String::as_str)).collect();
        let _ = writeln!(table, "| {heading} | {} |", cells.join(" | "));
        if number == 0 {
            let _ = writeln!(table, "| --- |{}", " ---: |".repeat(cells.len()));
        }
    }
    table
}

const HEADINGS: [&str; 9] = [
    "people who call in the busiest hour",
    "calls a second",
    "instances",
    "exchanges in the hour, by the formula",
    "exchanges in the hour, simulated",
    "exchanges in the busiest second, simulated",
    "tokens in an instance at most, simulated",
    "units of Cost Management in the hour (of 600)",
    "platform, EUR a month",
];

fn column(people: u32, instances: Option<u32>, assumptions: &Assumptions) -> [String; 9] {
    let plan = Plan::new(people, instances, assumptions);
    let simulated = simulate(&plan, assumptions, SEED);
    let units = format!("{:.0} ({:.0} %)", plan.units_per_hour, plan.units_per_hour / UNITS_PER_HOUR * 100.0);
    [
        plan.people.to_string(),
        format!("{:.2}", plan.calls_per_second),
        plan.instances.to_string(),
        format!("{:.0}", plan.exchanges_per_hour),
        simulated.exchanges.to_string(),
        simulated.most_exchanges_in_a_second.to_string(),
        simulated.most_tokens.to_string(),
        units,
        format!("{:.2}", plan.euros_per_month),
    ]
}
