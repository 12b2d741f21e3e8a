//! What Cost Management answered to a query.

use http::StatusCode;
use identity::{ArmResponse, UnixTime};
use serde::{Deserialize, Serialize};

use super::{
    Azure, CostError, CostFailure, CostQuery, Day, Dimension, Granularity, Grouping, Money, Name, PAGE_LIMIT,
    gateway::Question,
    query::{COST_ALIAS, COST_COLUMN, USD_ALIAS, USD_COLUMN},
    table::{Complaint, Place, Row, Table},
};

/// What a tag is called in an answer: two columns, of which only the second is read.
const TAG_VALUE: &str = "TagValue";
/// What a date is called in an answer, by days and by months.
const DATES: [&str; 2] = ["UsageDate", "BillingMonth"];

/// One line of costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostLine {
    /// The value of each grouping, in the order asked for. Chosen by others.
    pub names: Vec<Name>,
    /// The day, or the first day of the month, where the granularity has one.
    pub date: Option<Day>,
    /// What it cost.
    pub cost: Money,
    /// The same in US dollars by Azure's own conversion, where it was asked for.
    pub usd: Option<Money>,
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
pub struct CostPage {
    /// The lines, in Azure's order.
    pub lines: Vec<CostLine>,
    /// Where the next page is.
    pub next: Option<PageAddress>,
}

/// Where a page is, in Azure's words: the query of its link.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct PageAddress(String);

/// One page as it was read: its link is not judged yet.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) lines: Vec<CostLine>,
    link: Option<String>,
}

/// The pages read so far.
#[derive(Default)]
struct Pages {
    lines: Vec<CostLine>,
    read: usize,
    capped: bool,
}

impl Pages {
    /// Takes a page in and names the next, as long as more may be read.
    fn add(&mut self, page: CostPage) -> Option<PageAddress> {
        self.lines.extend(page.lines);
        self.read += 1;
        self.capped = page.next.is_some() && self.read >= PAGE_LIMIT;
        page.next.filter(|_| !self.capped)
    }

    fn finish(self) -> Result<Costs, CostError> {
        if self.lines.is_empty() {
            return Err(CostError::NoData);
        }
        Ok(Costs { lines: self.lines, capped: self.capped })
    }
}

impl Azure<'_> {
    /// Asks for costs and reads every page up to [`PAGE_LIMIT`].
    pub async fn costs(&self, query: &CostQuery) -> Result<Costs, CostFailure> {
        let mut pages = Pages::default();
        let mut address = None;
        loop {
            let page = self.costs_page(query, address.as_ref()).await?;
            address = pages.add(page);
            if address.is_none() {
                return Ok(pages.finish()?);
            }
        }
    }

    /// Asks for one page of costs: the first, or the one at an `address` that an earlier page told of.
    pub async fn costs_page(&self, query: &CostQuery, address: Option<&PageAddress>) -> Result<CostPage, CostFailure> {
        let first = query.request();
        let request = match address {
            Some(PageAddress(address)) => first.page(address).ok_or(CostError::ForeignLink)?,
            None => first.clone(),
        };
        let question = Question { request, scope: Some(&query.scope), units: query.period.units() };
        let page = read(&self.ask(&question).await?, query, self.now())?;
        let next = page.link.map(|link| self.arm.next_page(&first, &link)).transpose()?;
        let next = next.map(|request| PageAddress(request.query().to_owned()));
        Ok(CostPage { lines: page.lines, next })
    }
}

/// Reads one answer to `query`.
pub(super) fn read(response: &ArmResponse, query: &CostQuery, now: UnixTime) -> Result<Page, CostError> {
    match response.status {
        StatusCode::OK => page(&response.body, query).map_err(CostError::BadAnswer),
        StatusCode::NO_CONTENT => Err(CostError::NoData),
        status => Err(CostError::of(status, &response.headers, &response.body, now)),
    }
}

/// Makes a name of text.
type Clean = fn(&str) -> Name;

/// Where everything is in the rows of a page.
struct Columns {
    cost: Place,
    usd: Option<Place>,
    date: Option<Place>,
    names: Vec<(Place, Clean)>,
    currency: Place,
}

fn page(body: &[u8], query: &CostQuery) -> Result<Page, Complaint> {
    let table = Table::read(body)?;
    let columns = Columns::find(&table, query)?;
    let lines = table.rows().map(|row| columns.line(&row?)).collect::<Result<_, _>>()?;
    Ok(Page { lines, link: table.next })
}

impl Columns {
    fn find(table: &Table<'_>, query: &CostQuery) -> Result<Self, Complaint> {
        let usd = query.with_usd.then(|| table.column(&[USD_COLUMN, USD_ALIAS])).transpose()?;
        let date = (query.granularity != Granularity::None).then(|| table.column(&DATES)).transpose()?;
        // the columns of tags all have one name; they come in the order the tags were asked for
        let mut tags = table.places(&[TAG_VALUE]);
        let mut place = |grouping: &Grouping| match grouping {
            Grouping::Dimension(dimension) => table.column(&[dimension.name()]),
            Grouping::Tag(_) => tags.next().ok_or("a column is missing"),
        };
        let name = |grouping| Ok((place(grouping)?, cleaned_as(grouping)));
        Ok(Self {
            cost: table.column(&[COST_COLUMN, COST_ALIAS])?,
            usd,
            date,
            names: query.group_by.iter().map(name).collect::<Result<_, Complaint>>()?,
            currency: table.column(&["Currency"])?,
        })
    }

    fn line(&self, row: &Row<'_>) -> Result<CostLine, Complaint> {
        let usd = |place| row.money(place, super::Currency::USD);
        let name = |(place, clean): &(Place, Clean)| Ok(or_unassigned(clean(&row.text(*place)?)));
        Ok(CostLine {
            names: self.names.iter().map(name).collect::<Result<_, Complaint>>()?,
            date: self.date.map(|place| row.day(place)).transpose()?,
            cost: row.money(self.cost, row.currency(self.currency)?)?,
            usd: self.usd.map(usd).transpose()?,
        })
    }
}

/// How the values of a grouping are cleaned.
fn cleaned_as(grouping: &Grouping) -> Clean {
    match grouping {
        Grouping::Dimension(Dimension::ResourceId) => Name::resource_id,
        Grouping::Dimension(_) | Grouping::Tag(_) => Name::value,
    }
}

fn or_unassigned(name: Name) -> Name {
    // Azure's own word for costs that belong to nothing in particular
    if name.is_empty() { Name::new("Unassigned") } else { name }
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
    use crate::azure::{CostScope, Metric, Period};

    fn answer(status: StatusCode, body: &str) -> Result<Page, CostError> {
        let response = ArmResponse { status, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body.as_bytes()) };
        read(&response, &query(&["ServiceName"]), UnixTime(0))
    }

    fn query(group_by: &[&str]) -> CostQuery {
        CostQuery {
            scope: CostScope::Subscription("0b1f6471-1bf0-4dda-aec3-cb9272f09590".parse().unwrap()),
            period: Period::new(None, None, "2026-11-22".parse().unwrap()).unwrap(),
            metric: Metric::Actual,
            granularity: Granularity::None,
            group_by: group_by.iter().map(|name| name.parse().unwrap()).collect(),
            filters: vec![],
            with_usd: false,
        }
    }

    /// `columns` separated by spaces, `rows` as JSON.
    fn table(columns: &str, rows: &str) -> String {
        let columns: Vec<_> = columns.split(' ').map(|name| json!({ "name": name, "type": "Any" })).collect();
        format!(r#"{{"properties":{{"nextLink":null,"columns":{},"rows":{rows}}}}}"#, json!(columns))
    }

    #[track_caller]
    fn lines(body: &str) -> String {
        let page = answer(StatusCode::OK, body).unwrap();
        page.lines.iter().map(shown).collect::<Vec<_>>().join("\n")
    }

    /// `2026-10-01 a/b: 1.5 EUR (1.6 USD)`
    fn shown(line: &CostLine) -> String {
        let names: Vec<_> = line.names.iter().map(Name::as_str).collect();
        let date = line.date.map(|date| format!("{date} ")).unwrap_or_default();
        let usd = line.usd.as_ref().map(|usd| format!(" ({} {})", usd.exact(), usd.currency())).unwrap_or_default();
        format!("{date}{}: {} {}{usd}", names.join("/"), line.cost.exact(), line.cost.currency())
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
    fn a_name_is_as_long_as_a_filter_takes_it() {
        for (length, whole) in [(256, true), (257, false)] {
            let name = "r".repeat(length);
            let line = lines(&table("Cost ServiceName Currency", &format!(r#"[[1,"{name}","EUR"]]"#)));
            assert_eq!(line == format!("{name}: 1 EUR"), whole, "{length}");
        }
    }

    #[test]
    fn the_id_of_a_resource_keeps_its_end() {
        let id = format!("/subscriptions/{}/resourcegroups/{}/vm-7", "0".repeat(36), "g".repeat(90));
        let body = table("Cost ResourceId Currency", &json!([[1, id, "EUR"]]).to_string());
        let page = page(body.as_bytes(), &query(&["ResourceId"])).unwrap();
        assert_eq!(page.lines[0].names[0].as_str(), id);
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
    fn dates_tags_and_dollars_are_read_where_they_were_asked_for() {
        let read_with = |query: &CostQuery, columns: &str, rows: &str| {
            let body = table(columns, rows);
            page(body.as_bytes(), query).map(|page| page.lines.iter().map(shown).collect::<Vec<_>>().join("\n"))
        };
        let tags = CostQuery { granularity: Granularity::Daily, ..query(&["tag:env", "service"]) };
        let daily = read_with(
            &tags,
            "Cost UsageDate TagKey TagValue ServiceName Currency",
            r#"[[41.2,20261103,"env","prod","Storage","EUR"],[1,20261104,"env",null,"Storage","EUR"]]"#,
        );
        assert_snapshot!(daily.unwrap(), @"
        2026-11-03 prod/Storage: 41.2 EUR
        2026-11-04 Unassigned/Storage: 1 EUR
        ");
        let monthly = CostQuery { granularity: Granularity::Monthly, with_usd: true, ..query(&["tag:a", "tag:b"]) };
        let rows = r#"[[1.5,1.6,"2026-10-01T00:00:00","a","x","b","y","EUR"]]"#;
        let columns = "Cost CostUSD BillingMonth TagKey TagValue TagKey TagValue Currency";
        assert_snapshot!(read_with(&monthly, columns, rows).unwrap(), @"2026-10-01 x/y: 1.5 EUR (1.6 USD)");
        let total = CostQuery { group_by: vec![], ..query(&[]) };
        assert_snapshot!(read_with(&total, "Cost Currency", r#"[[1.5,"EUR"]]"#).unwrap(), @": 1.5 EUR");
        for (date, complaint) in
            [("2026110", true), ("20261301", true), (r#""2026""#, true), (r#""2026-10-01""#, false)]
        {
            let rows = format!(r#"[[1,{date},"a","x","s","EUR"]]"#);
            let read = read_with(&tags, "Cost UsageDate TagKey TagValue ServiceName Currency", &rows);
            assert_eq!(read == Err("a date that is none"), complaint, "{date}");
        }
        assert_eq!(
            read_with(&monthly, "Cost CostUSD UsageDate TagKey TagValue Currency", "[]"),
            Err("a column is missing")
        );
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
        assert_eq!(pages.add(CostPage { lines: empty.lines, next: None }), None);
        assert_eq!(pages.finish(), Err(CostError::NoData));
    }

    #[test]
    fn every_other_status_is_an_error() {
        let good = table("Cost ServiceName Currency", r#"[[1.5,"Storage","EUR"]]"#);
        assert!(matches!(answer(StatusCode::ACCEPTED, &good), Err(CostError::BadAnswer(_))));
        assert_eq!(answer(StatusCode::NOT_FOUND, &good), Err(CostError::NotFound));
    }

    fn page_of(name: &str, next: Option<&str>) -> CostPage {
        let body = table("Cost ServiceName Currency", &format!(r#"[[1,"{name}","EUR"]]"#));
        let page = answer(StatusCode::OK, &body).unwrap();
        CostPage { lines: page.lines, next: next.map(|address| PageAddress(address.to_owned())) }
    }

    #[test]
    fn a_link_is_what_azure_says_and_an_empty_one_is_none() {
        for (link, expected) in [("null", None), (r#""""#, None), (r#""https://x/1""#, Some("https://x/1"))] {
            let body = table("Cost ServiceName Currency", "[]").replace("null", link);
            assert_eq!(answer(StatusCode::OK, &body).unwrap().link.as_deref(), expected);
        }
    }

    #[test]
    fn pages_are_followed_in_order_until_there_is_no_address() {
        let mut pages = Pages::default();
        assert_eq!(pages.add(page_of("a", Some("$skiptoken=1"))), Some(PageAddress("$skiptoken=1".to_owned())));
        assert_eq!(pages.add(page_of("b", None)), None);
        let costs = pages.finish().unwrap();
        assert_eq!(costs.lines.iter().map(|line| line.names[0].as_str()).collect::<String>(), "ab");
        assert!(!costs.capped);
    }

    #[test]
    fn the_tenth_page_is_the_last_and_it_is_said() {
        let mut pages = Pages::default();
        for _ in 1..PAGE_LIMIT {
            assert!(pages.add(page_of("a", Some("$skiptoken=1"))).is_some());
        }
        assert_eq!(pages.add(page_of("a", Some("$skiptoken=1"))), None);
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
