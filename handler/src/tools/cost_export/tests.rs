//! Proves that the file is what was read, that nothing in it is a formula, and that its size is bounded and said.
//! Whether a given spreadsheet agrees, only that spreadsheet shows.

use std::sync::LazyLock;

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::{
    azure::{CostScope, Dimension, Metric, Name, PageAddress, Period},
    tools::tests::assert_follows,
};

static OUTPUT: LazyLock<serde_json::Value> = LazyLock::new(|| tool().output);

fn line(name: &str, amount: &str, currency: &str) -> CostLine {
    let cost = Money::parse(amount, currency.parse().unwrap()).unwrap();
    CostLine { names: vec![Name::new(name)], date: None, cost, usd: None }
}

fn query() -> CostQuery {
    let day = |text: &str| text.parse().ok();
    CostQuery {
        scope: CostScope::Subscription("0b1f6471-1bf0-4dda-aec3-cb9272f09590".parse().unwrap()),
        period: Period::new(day("2026-10-01"), day("2026-10-31"), "2026-11-22".parse().unwrap()).unwrap(),
        metric: Metric::Actual,
        granularity: Granularity::None,
        group_by: vec![Grouping::Dimension(Dimension::ServiceName)],
        filters: vec![],
        with_usd: false,
    }
}

/// The answers of an export of these pages, each going on where the one before ended; and how many pages were asked for.
fn answers(query: &CostQuery, pages: &[Vec<CostLine>], max_rows: u64) -> (Vec<Answer>, usize) {
    let (owner, mut asked, mut answers) = (Owner::of("alice", &query.canonical()), 0, vec![]);
    let mut start = None;
    loop {
        let mut export = Export::new(query, max_rows.try_into().unwrap(), start);
        loop {
            let number = export.position.page.as_ref().map_or(0, number);
            asked += 1;
            let next = (number + 1 < pages.len()).then(|| address(number + 1));
            if !export.add(CostPage { lines: pages[number].clone(), next }) {
                break;
            }
        }
        let answer = export.answer(owner, UnixTime(1_795_343_643));
        assert_follows(&answer.data(), &OUTPUT);
        let cursor = answer.data().get("nextCursor").map(|cursor| cursor.as_str().unwrap().to_owned());
        answers.push(answer);
        match cursor {
            Some(cursor) => start = Some(cursor::read(&cursor, owner).unwrap()),
            None => return (answers, asked),
        }
    }
}

fn address(number: usize) -> PageAddress {
    serde_json::from_value(format!("$skiptoken={number}").into()).unwrap()
}

fn number(address: &PageAddress) -> usize {
    let address = serde_json::to_value(address).unwrap();
    address.as_str().unwrap().rsplit_once('=').unwrap().1.parse().unwrap()
}

/// The only answer of an export of one page.
#[track_caller]
fn export(lines: Vec<CostLine>) -> Answer {
    let (mut answers, _) = answers(&query(), &[lines], 500);
    assert_eq!(answers.len(), 1);
    answers.remove(0)
}

fn csv_of(answer: &Answer) -> String {
    answer.data()["csv"].as_str().unwrap().to_owned()
}

#[test]
fn the_text_has_the_summary_and_the_file() {
    let answer = export(vec![
        line("Bandwidth", "-12.5", "EUR"),
        line("Virtual Machines", "1842.118430275512", "EUR"),
        line("Storage", "2.6E-06", "USD"),
    ]);
    assert_snapshot!(answer.text.replace("\r\n", "<CRLF>\n"), @"
    **Cost export**, 2026-10-01 to 2026-10-31

    Subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 cost 1829.62 EUR and <0.01 USD (actual cost, whole UTC days, as of 2026-11-22T10:34:03Z).
    3 rows.

    ```csv
    service,currency,cost<CRLF>
    Virtual Machines,EUR,1842.118430275512<CRLF>
    Bandwidth,EUR,-12.5<CRLF>
    Storage,USD,0.0000026<CRLF>
    ```

    - Tax, support plans and credits are not included.
    ");
    assert!(answer.text.contains(&csv_of(&answer)));
    assert_snapshot!(format!("{:#}", answer.data()), @r#"
    {
      "asOf": "2026-11-22T10:34:03Z",
      "columns": [
        "service",
        "currency",
        "cost"
      ],
      "complete": true,
      "csv": "service,currency,cost\r\nVirtual Machines,EUR,1842.118430275512\r\nBandwidth,EUR,-12.5\r\nStorage,USD,0.0000026\r\n",
      "metric": "actual",
      "notes": [
        "Tax, support plans and credits are not included."
      ],
      "period": {
        "estimate": false,
        "from": "2026-10-01",
        "lastDaysIncomplete": false,
        "to": "2026-10-31",
        "toWasClamped": false
      },
      "rowCount": 3,
      "scope": {
        "subscriptionId": "0b1f6471-1bf0-4dda-aec3-cb9272f09590",
        "type": "subscription"
      },
      "totals": [
        {
          "amount": "1829.62",
          "amountExact": "1829.618430275512",
          "currency": "EUR"
        },
        {
          "amount": "0.00",
          "amountExact": "0.0000026",
          "currency": "USD"
        }
      ],
      "truncated": false
    }
    "#);
}

#[test]
fn hostile_text_is_defused_and_quoted_and_numbers_stay_numbers() {
    let answer = export(vec![
        line("=HYPERLINK(\"http://x\",\"Storage\")", "5", "EUR"),
        line("＝cmd|' /C calc'!A0", "4", "EUR"),
        line("@SUM(1;2), \"a\"\r\n-x", "3", "EUR"),
        line("plain", "-2", "EUR"),
    ]);
    assert_snapshot!(csv_of(&answer).replace("\r\n", "<CRLF>\n"), @r#"
    service,currency,cost<CRLF>
    "'=HYPERLINK(""http://x"",""Storage"")",EUR,5<CRLF>
    '＝cmd|' /C calc'!A0,EUR,4<CRLF>
    "'@SUM(1;2), ""a""  -x",EUR,3<CRLF>
    plain,EUR,-2<CRLF>
    "#);
}

#[test]
fn no_name_closes_the_code_block() {
    let answer = export(vec![line("```` ![](https://evil.example)", "1", "EUR")]);
    assert!(answer.text.contains("\n`````csv\n") && answer.text.contains("\r\n`````\n"), "{}", answer.text);
}

#[test]
fn rows_are_bounded_and_the_rest_has_a_cursor() {
    let lines: Vec<_> = (0..1205).map(|row| line(&format!("s{row}"), "1", "EUR")).collect();
    let (answers, asked) = answers(&query(), &[lines], 500);
    assert_eq!(asked, 3, "one page for each file");
    let counts: Vec<_> = answers.iter().map(|answer| answer.data()["rowCount"].as_u64().unwrap()).collect();
    assert_eq!(counts, [500, 500, 205]);
    let totals: Vec<_> = answers.iter().map(|answer| answer.data()["totals"][0]["amount"].clone()).collect();
    assert_eq!(totals, ["1205.00", "500.00", "205.00"], "of everything at first, then of the file");
    assert_eq!(answers[0].data()["truncated"], true);
    assert_eq!(answers[2].data()["truncated"], false);
    assert_snapshot!(answers[0].data()["notes"][0].as_str().unwrap(), @"Rows are left: call again with the same arguments and nextCursor as cursor. A file has at most maxRows rows (2000 at most) and 61440 bytes.");
    assert!(answers[0].text.contains(&format!("nextCursor: `{}`", answers[0].data()["nextCursor"].as_str().unwrap())));
    assert_snapshot!(answers[1].text.lines().nth(2).unwrap(), @"The next 500 rows, together 500.00 EUR (actual cost, whole UTC days, as of 2026-11-22T10:34:03Z).");
}

#[test]
fn bytes_are_bounded_and_no_row_is_cut_in_half() {
    let lines = (0..1000).map(|row| line(&format!("{row}{}", "ü".repeat(100)), "1", "EUR")).collect();
    let (answers, _) = answers(&query(), &[lines], 2000);
    for answer in &answers {
        let csv = csv_of(answer);
        assert!(csv.len() <= MOST_BYTES && csv.ends_with("\r\n"), "{}", csv.len());
    }
    assert!(csv_of(&answers[0]).len() > MOST_BYTES - 300);
}

#[test]
fn dates_and_both_groupings_have_columns() {
    let query = CostQuery {
        granularity: Granularity::Monthly,
        group_by: vec!["ResourceGroupName".parse().unwrap(), "tag:=team".parse().unwrap()],
        ..query()
    };
    let mut line = line("rg-shop", "1.5", "EUR");
    line.names.push(Name::new("=payments"));
    line.date = "2026-10-01".parse().ok();
    let (answers, _) = answers(&query, &[vec![line]], 500);
    assert_snapshot!(csv_of(&answers[0]), @"
    month,resource_group,tag:=team,currency,cost
    2026-10-01,rg-shop,'=payments,EUR,1.5
    ");
}

#[test]
fn more_pages_than_are_counted_are_still_reached_by_the_cursor() {
    let pages: Vec<_> = (0..PAGE_LIMIT + 2).map(|page| vec![line(&format!("s{page}"), "1", "EUR")]).collect();
    let (answers, _) = answers(&query(), &pages, 500);
    assert_eq!(answers[0].data()["complete"], false);
    let rows: Vec<_> = answers.iter().map(|answer| answer.data()["rowCount"].as_u64().unwrap()).collect();
    assert_eq!(rows, [10, 2]);
}

proptest! {
    // a case is a whole export with all its files
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_file_reads_back_as_what_went_in(
        names in proptest::collection::vec("[=+@\\-＝ \t\r\n'\",;a|`]{0,12}|.{0,30}", 1..40),
        amount in -1e6_f64..1e6,
    ) {
        let lines: Vec<_> = names.iter().map(|name| line(name, &amount.to_string(), "EUR")).collect();
        let answer = export(lines.clone());
        let file = csv_of(&answer);
        let mut reader = csv::Reader::from_reader(file.as_bytes());
        let rows: Vec<[String; 3]> = reader.deserialize().collect::<Result<_, _>>().unwrap();
        let mut sent: Vec<_> = lines.iter().map(|line| line.names[0].csv().into_owned()).collect();
        let mut received: Vec<_> = rows.iter().map(|[service, ..]| service.clone()).collect();
        sent.sort();
        received.sort();
        prop_assert_eq!(sent, received);
        for [service, currency, cost] in rows {
            prop_assert!(!service.trim_start().starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']), "{service}");
            prop_assert_eq!(Money::parse(&cost, currency.parse().unwrap()), Some(lines[0].cost.clone()));
        }
    }

    #[test]
    fn the_files_together_are_everything_once(
        sizes in proptest::collection::vec(0_usize..12, 1..6),
        max_rows in 2_u64..15,
    ) {
        prop_assume!(sizes[0] > 0);
        let pages: Vec<Vec<_>> = sizes.iter().enumerate().map(|(page, size)| {
            (0..*size).map(|row| line(&format!("{page}-{row}"), &row.to_string(), "EUR")).collect()
        }).collect();
        let (answers, _) = answers(&query(), &pages, max_rows);
        let mut received = vec![];
        for answer in &answers {
            let file = csv_of(answer);
            let mut reader = csv::Reader::from_reader(file.as_bytes());
            received.extend(reader.records().map(|record| record.unwrap()[0].to_owned()));
        }
        let mut sent: Vec<_> = pages.iter().flatten().map(|line| line.names[0].as_str().to_owned()).collect();
        sent.sort();
        received.sort();
        prop_assert_eq!(sent, received);
    }
}
