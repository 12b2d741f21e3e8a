//! Cost Management: how a client asks, and how it reads tables.

mod budgets;
mod data;
mod dimensions;
mod forecast;
mod limits;
mod scopes;

use std::collections::BTreeMap;

use lab::{
    Lab,
    resource_manager::{CostRow, Scope},
};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use time::{Date, Duration, OffsetDateTime};

use crate::support::Answer;

#[derive(Deserialize)]
struct Body {
    properties: Table,
}

/// The rows and columns of an answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Table {
    pub(crate) next_link: Option<String>,
    columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<Box<RawValue>>>,
}

#[derive(Deserialize)]
struct Column {
    name: String,
    r#type: String,
}

/// Exact amounts by currency.
pub(crate) type Totals = BTreeMap<String, Decimal>;

impl Table {
    #[track_caller]
    pub(crate) fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{}", answer.text);
        serde_json::from_str::<Body>(&answer.text).unwrap().properties
    }

    pub(crate) fn columns(&self) -> Vec<(&str, &str)> {
        self.columns.iter().map(|column| (&*column.name, &*column.r#type)).collect()
    }

    /// The first column, added up by the last.
    pub(crate) fn totals(&self) -> Totals {
        let mut totals = Totals::new();
        for row in &self.rows {
            *totals.entry(text(row.last().unwrap())).or_default() += amount(&row[0]);
        }
        totals
    }
}

pub(crate) fn amount(cell: &RawValue) -> Decimal {
    cell.get().parse().or_else(|_| Decimal::from_scientific(cell.get())).unwrap()
}

pub(crate) fn text(cell: &RawValue) -> String {
    serde_json::from_str(cell.get()).unwrap()
}

/// The actual costs of the rows that `counts`, from the rows and not from an answer.
pub(crate) fn totals(lab: &Lab, counts: impl Fn(&CostRow) -> bool) -> Totals {
    let mut totals = Totals::new();
    for row in lab.resource_manager().rows().iter().filter(|row| counts(row)) {
        *totals.entry(row.currency.to_string()).or_default() += row.cost;
    }
    totals
}

/// An operation of Cost Management on a scope.
pub(crate) fn url(lab: &Lab, scope: &Scope, operation: &str) -> String {
    let base = lab.resource_manager().url();
    format!("{base}{scope}/providers/Microsoft.CostManagement/{operation}?api-version=2025-03-01")
}

pub(crate) fn query_url(lab: &Lab, subscription: &str) -> String {
    url(lab, &subscription.into(), "query")
}

pub(crate) async fn get(lab: &Lab, token: &str, url: &str) -> Answer {
    Answer::of(lab.client().get(url).bearer_auth(token).header("ClientType", "lab-test")).await
}

pub(crate) async fn post(lab: &Lab, token: &str, url: &str, body: &Value) -> Answer {
    Answer::of(lab.client().post(url).bearer_auth(token).header("ClientType", "lab-test").json(body)).await
}

pub(crate) async fn query(lab: &Lab, token: &str, scope: impl Into<Scope>, body: &Value) -> Answer {
    post(lab, token, &url(lab, &scope.into(), "query"), body).await
}

pub(crate) fn today() -> Date {
    OffsetDateTime::now_utc().date()
}

/// Days from the first to the last, both inclusive.
pub(crate) fn period(from: Date, to: Date) -> Value {
    json!({ "from": format!("{from}T00:00:00Z"), "to": format!("{to}T23:59:59Z") })
}

/// The last `days` days, by service.
pub(crate) fn by_service(days: i64) -> Value {
    json!({
        "type": "ActualCost",
        "timeframe": "Custom",
        "timePeriod": period(today() - Duration::days(days - 1), today()),
        "dataset": {
            "granularity": "None",
            "aggregation": {
                "totalCost": { "name": "Cost", "function": "Sum" },
                "totalCostUSD": { "name": "CostUSD", "function": "Sum" },
            },
            "grouping": [{ "type": "Dimension", "name": "ServiceName" }],
            "sorting": [{ "direction": "Descending", "name": "totalCost" }],
        },
    })
}
