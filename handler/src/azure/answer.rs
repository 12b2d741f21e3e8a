//! What Cost Management answered.
//!
//! An answer is a table: columns with names, rows of cells by position. Neither the order of the columns nor their case
//! is promised, so a cell is found by its column's name.

use std::borrow::Cow;

use http::StatusCode;
use identity::{ArmResponse, UnixTime};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    CostError, Currency, Dimension, Money, Name, PAGE_LIMIT,
    query::{COST_ALIAS, COST_COLUMN},
};

/// The costs of one value of the dimension asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostLine {
    /// The value, for example a service. Chosen by others.
    pub name: Name,
    /// What it cost.
    pub cost: Money,
}

/// All lines that were read, in Azure's order; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Costs {
    /// The lines.
    pub lines: Vec<CostLine>,
    /// Azure has more pages than are read: totals are incomplete.
    pub capped: bool,
}

/// One page of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page {
    lines: Vec<CostLine>,
    next: Option<String>,
}

/// The pages read so far.
#[derive(Default)]
pub(super) struct Pages {
    lines: Vec<CostLine>,
    read: usize,
    capped: bool,
}

impl Pages {
    /// Takes a page in and names the next, as long as more may be read.
    pub(super) fn add(&mut self, page: Page) -> Option<String> {
        self.lines.extend(page.lines);
        self.read += 1;
        self.capped = page.next.is_some() && self.read >= PAGE_LIMIT;
        page.next.filter(|_| !self.capped)
    }

    pub(super) fn finish(self) -> Result<Costs, CostError> {
        if self.lines.is_empty() {
            return Err(CostError::NoData);
        }
        Ok(Costs { lines: self.lines, capped: self.capped })
    }
}

/// Reads one answer to a query grouped by `dimension`.
pub(super) fn read(response: &ArmResponse, dimension: Dimension, now: UnixTime) -> Result<Page, CostError> {
    match response.status {
        StatusCode::OK => page(&response.body, dimension).map_err(CostError::BadAnswer),
        StatusCode::NO_CONTENT => Err(CostError::NoData),
        status => Err(CostError::of(status, &response.headers, &response.body, now)),
    }
}

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
    /// Cells stay the text they are: a number that went through a double would be another amount.
    #[serde(borrow)]
    rows: Vec<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct Column<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
}

fn page(body: &[u8], dimension: Dimension) -> Result<Page, &'static str> {
    let Body { properties } = serde_json::from_slice(body).map_err(|_| "not a table of columns and rows")?;
    let Properties { next_link, columns, rows } = properties;
    let cost = find(&columns, &[COST_COLUMN, COST_ALIAS])?;
    let name = find(&columns, &[dimension.name()])?;
    let currency = find(&columns, &["Currency"])?;
    let lines = rows.iter().map(|row| {
        if row.len() != columns.len() {
            return Err("a row with more or fewer cells than columns");
        }
        let cell = |index: usize| row.get(index).map(|cell| cell.get()).ok_or("a missing cell");
        let currency = text(cell(currency)?)?.parse().map_err(|_| "a currency that is not a three-letter code")?;
        Ok(CostLine { name: name_of(&text(cell(name)?)?), cost: amount(cell(cost)?, currency)? })
    });
    Ok(Page { lines: lines.collect::<Result<_, _>>()?, next: next_link.filter(|link| !link.is_empty()) })
}

/// Where the one column of these names is. Two would leave open which one counts.
fn find(columns: &[Column<'_>], names: &[&str]) -> Result<usize, &'static str> {
    let is_wanted = |column: &Column<'_>| names.iter().any(|name| column.name.eq_ignore_ascii_case(name));
    let mut found = columns.iter().enumerate().filter(|(_, column)| is_wanted(column)).map(|(index, _)| index);
    match (found.next(), found.next()) {
        (Some(index), None) => Ok(index),
        (None, _) => Err("a column is missing"),
        (Some(_), Some(_)) => Err("a column is there twice"),
    }
}

fn text(cell: &str) -> Result<String, &'static str> {
    serde_json::from_str(cell).map(Option::unwrap_or_default).map_err(|_| "a cell that should be text is not")
}

fn name_of(text: &str) -> Name {
    let name = Name::new(text);
    // Azure's own word for costs that belong to nothing in particular
    if name.is_empty() { Name::new("Unassigned") } else { name }
}

fn amount(cell: &str, currency: Currency) -> Result<Money, &'static str> {
    Money::parse(cell, currency).ok_or("an amount that is no number, or no sensible one")
}

#[cfg(test)]
mod tests {
    //! Proves how answers are read, whatever shape they come in. What a given agreement really sends needs its tenant.

    use bytes::Bytes;
    use http::HeaderMap;
    use insta::assert_snapshot;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn answer(status: StatusCode, body: &str) -> Result<Page, CostError> {
        let response = ArmResponse { status, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body.as_bytes()) };
        read(&response, Dimension::ServiceName, UnixTime(0))
    }

    /// `columns` separated by spaces, `rows` as JSON.
    fn table(columns: &str, rows: &str) -> String {
        let columns: Vec<_> = columns.split(' ').map(|name| json!({ "name": name, "type": "Any" })).collect();
        format!(r#"{{"properties":{{"nextLink":null,"columns":{},"rows":{rows}}}}}"#, json!(columns))
    }

    #[track_caller]
    fn lines(body: &str) -> String {
        let page = answer(StatusCode::OK, body).unwrap();
        let line = |line: &CostLine| format!("{}: {} {}", line.name, line.cost.exact(), line.cost.currency());
        page.lines.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[track_caller]
    fn complaint(body: &str) -> &'static str {
        match answer(StatusCode::OK, body) {
            Err(CostError::BadAnswer(complaint)) => complaint,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_answer_is_read_to_the_last_digit() {
        let body = r#"{"id":"subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/providers/Microsoft.CostManagement/query/7d1c",
            "name":"7d1c0f2e","type":"Microsoft.CostManagement/query","location":null,"sku":null,"eTag":null,
            "properties":{"nextLink":null,
             "columns":[{"name":"Cost","type":"Number"},{"name":"ServiceName","type":"String"},{"name":"Currency","type":"String"}],
             "rows":[[1842.118430275512,"Virtual Machines","EUR"],[2.6E-06,"Azure DNS","EUR"],[-12.5,"Bandwidth","EUR"],[0,"","EUR"],[1,null,"EUR"]]}}"#;
        assert_snapshot!(lines(body), @r"
        Virtual Machines: 1842.118430275512 EUR
        Azure DNS: 0.0000026 EUR
        Bandwidth: -12.5 EUR
        Unassigned: 0 EUR
        Unassigned: 1 EUR
        ");
    }

    #[test]
    fn columns_are_found_by_name_in_any_order_and_case() {
        for (columns, row) in [
            ("Cost ServiceName Currency", r#"[1.5,"Storage","EUR"]"#),
            ("Currency Cost ServiceName", r#"["EUR",1.5,"Storage"]"#),
            ("servicename CURRENCY totalCost", r#"["Storage","eur",1.5]"#),
            ("cost CostUSD servicename currency New", r#"[1.5,1.6,"Storage","EUR",{"a":[]}]"#),
        ] {
            assert_eq!(lines(&table(columns, &format!("[{row}]"))), "Storage: 1.5 EUR", "{columns}");
        }
    }

    #[test]
    fn an_answer_of_another_shape_is_an_error() {
        assert_snapshot!(complaint(&table("Cost Currency", "[]")), @"a column is missing");
        assert_snapshot!(complaint(&table("PreTaxCost ServiceName Currency", "[]")), @"a column is missing");
        assert_snapshot!(complaint(&table("Cost totalCost ServiceName Currency", "[]")), @"a column is there twice");
        let rows = |rows| complaint(&table("Cost ServiceName Currency", rows));
        assert_snapshot!(rows(r#"[[1,"a","EUR"],[1,"a"]]"#), @"a row with more or fewer cells than columns");
        assert_snapshot!(rows(r#"[[1,"a","EUR",2]]"#), @"a row with more or fewer cells than columns");
        assert_snapshot!(rows(r#"[["1","a","EUR"]]"#), @"an amount that is no number, or no sensible one");
        assert_snapshot!(rows(r#"[[null,"a","EUR"]]"#), @"an amount that is no number, or no sensible one");
        assert_snapshot!(rows(r#"[[1e30,"a","EUR"]]"#), @"an amount that is no number, or no sensible one");
        assert_snapshot!(rows(r#"[[1,7,"EUR"]]"#), @"a cell that should be text is not");
        assert_snapshot!(rows(r#"[[1,"a",null]]"#), @"a currency that is not a three-letter code");
        assert_snapshot!(rows(r#"[[1,"a","euros"]]"#), @"a currency that is not a three-letter code");
        for body in [
            "",
            "null",
            "[]",
            "{}",
            r#"{"properties":null}"#,
            r#"{"properties":{"columns":{},"rows":[]}}"#,
            r#"{"properties":{"columns":[],"rows":[1]}}"#,
        ] {
            assert_eq!(complaint(body), "not a table of columns and rows", "{body}");
        }
    }

    #[test]
    fn a_truncated_answer_is_an_error_wherever_it_ends() {
        let body = table("Cost ServiceName Currency", r#"[[1.5,"Storage","EUR"]]"#);
        for end in 0..body.len() {
            assert!(matches!(answer(StatusCode::OK, &body[..end]), Err(CostError::BadAnswer(_))), "{}", &body[..end]);
        }
    }

    #[test]
    fn nothing_to_tell_is_no_data() {
        assert_eq!(answer(StatusCode::NO_CONTENT, ""), Err(CostError::NoData));
        let empty = answer(StatusCode::OK, &table("Cost ServiceName Currency", "[]")).unwrap();
        let mut pages = Pages::default();
        assert_eq!(pages.add(empty), None);
        assert_eq!(pages.finish(), Err(CostError::NoData));
    }

    #[test]
    fn every_other_status_is_an_error() {
        let good = table("Cost ServiceName Currency", r#"[[1.5,"Storage","EUR"]]"#);
        assert!(matches!(answer(StatusCode::ACCEPTED, &good), Err(CostError::BadAnswer(_))));
        assert_eq!(answer(StatusCode::NOT_FOUND, &good), Err(CostError::NotFound));
    }

    fn page_of(name: &str, next: Option<&str>) -> Page {
        let link = json!(next);
        let body =
            table("Cost ServiceName Currency", &format!(r#"[[1,"{name}","EUR"]]"#)).replace("null", &link.to_string());
        answer(StatusCode::OK, &body).unwrap()
    }

    #[test]
    fn pages_are_followed_in_order_until_there_is_no_link() {
        let mut pages = Pages::default();
        assert_eq!(pages.add(page_of("a", Some("https://x/1"))).as_deref(), Some("https://x/1"));
        assert_eq!(pages.add(page_of("b", Some(""))), None);
        let costs = pages.finish().unwrap();
        assert_eq!(costs.lines.iter().map(|line| line.name.as_str()).collect::<String>(), "ab");
        assert!(!costs.capped);
    }

    #[test]
    fn the_tenth_page_is_the_last_and_it_is_said() {
        let mut pages = Pages::default();
        for _ in 1..PAGE_LIMIT {
            assert!(pages.add(page_of("a", Some("https://x/1"))).is_some());
        }
        assert_eq!(pages.add(page_of("a", Some("https://x/1"))), None);
        let costs = pages.finish().unwrap();
        assert_eq!((costs.lines.len(), costs.capped), (PAGE_LIMIT, true));
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(body in "[\\[\\]{}\",:a-z0-9eE.\\-]{0,80}", cell in ".{0,20}") {
            let _ = answer(StatusCode::OK, &body);
            let _ = answer(StatusCode::OK, &table("Cost ServiceName Currency", &format!("[[{cell}]]")));
            let _ = answer(StatusCode::OK, &table(&cell, &body));
        }
    }
}
