//! Proves what `cost_compare` asks, accepts and says, for answers given here. Whether Azure takes both periods in one
//! query over months, and which charge types an agreement has, needs its tenant.

mod answer;
mod drill_down;
mod question;

use serde_json::{Value, json};

use super::*;
use crate::{
    azure::{CostLine, Money, Name},
    tools::{arguments, tests::assert_follows},
};

const NOW: UnixTime = UnixTime(1_795_343_643); // 2026-11-22T10:34:03Z
const SUBSCRIPTION: &str = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";

/// With a subscription, unless there is a management group.
fn read(mut given: Value) -> Result<Question, BadArgument> {
    if given.get("managementGroupId").is_none() {
        given["subscriptionId"] = SUBSCRIPTION.into();
    }
    let input = tool().input;
    let arguments = arguments::Arguments::new(given.as_object().unwrap(), &input);
    let periods = arguments.read::<PeriodArguments>()?.periods("2026-11-22".parse().unwrap())?;
    Question::of(arguments.read::<ScopeArguments>()?.scope()?, periods, arguments.read()?, arguments.read()?)
}

#[track_caller]
fn question(given: Value) -> Question {
    read(given).unwrap_or_else(|wrong| panic!("{wrong:?}"))
}

/// `date names… amount currency`, the names as in the answer.
fn line(date: &str, names: &[&str], amount: &str, currency: &str) -> CostLine {
    CostLine {
        names: names.iter().copied().map(Name::value).collect(),
        date: Some(date.parse().unwrap()),
        cost: Money::parse(amount, currency.parse().unwrap()).unwrap(),
        usd: None,
    }
}

fn costs(lines: Vec<CostLine>) -> Costs {
    Costs { lines, capped: false }
}

/// September and October, of usage: `(service, September, October)`.
fn months(services: &[(&str, &str, &str)]) -> Vec<CostLine> {
    let of_month = |(service, september, october): &(&str, &str, &str)| {
        [("2026-09-01", *september), ("2026-10-01", *october)]
            .into_iter()
            .filter(|(_, amount)| !amount.is_empty())
            .map(|(month, amount)| line(month, &[service, "Usage"], amount, "EUR"))
            .collect::<Vec<_>>()
    };
    services.iter().flat_map(of_month).collect()
}

#[track_caller]
fn judged(compared: &Compared) -> Answer {
    let answer = compared.answer();
    assert_follows(&answer.data(), &tool().output);
    answer
}

#[track_caller]
fn answered(given: Value, lines: Vec<CostLine>) -> Answer {
    judged(&question(given).compared(costs(lines), NOW).unwrap())
}

/// The first answer, then the second.
#[track_caller]
fn drilled(given: Value, lines: Vec<CostLine>, behind: Vec<CostLine>) -> Answer {
    let question = question(given);
    let mut compared = question.compared(costs(lines), NOW).unwrap();
    let target = question.target(&compared).unwrap();
    compared.deepen(&question, target, costs(behind));
    judged(&compared)
}

fn october() -> Vec<CostLine> {
    let mut lines = months(&[
        ("Virtual Machines", "1641.288430275512", "1842.118430275512"),
        ("SQL Database", "520.5", "611.0273940012"),
        ("Storage", "98.4420013", "98.4420013"),
        ("Bandwidth", "", "-12.5"),
        ("Azure DNS", "2.6E-06", ""),
        ("Azure Firewall", "", "40"),
        ("API Management", "32.5", ""),
    ]);
    lines.push(line("2026-10-01", &["Virtual Machines", "Purchase"], "500", "EUR"));
    lines.push(line("2026-09-01", &["SQL Database", "refund"], "-20", "EUR"));
    lines
}
