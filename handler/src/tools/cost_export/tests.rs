//! Proves that the file is what was read, that nothing in it is a formula, and that its size is bounded and said.
//! Whether a given spreadsheet agrees, only that spreadsheet shows.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::{
    azure::{CostLine, CostScope, Metric, Name, Period},
    tools::tests::assert_follows,
};

fn line(name: &str, amount: &str, currency: &str) -> CostLine {
    let cost = Money::parse(amount, currency.parse().unwrap()).unwrap();
    CostLine { names: vec![Name::new(name)], date: None, cost, usd: None }
}

#[track_caller]
fn export(lines: Vec<CostLine>) -> Answer {
    let day = |text: &str| text.parse().ok();
    let query = CostQuery {
        scope: CostScope::Subscription("0b1f6471-1bf0-4dda-aec3-cb9272f09590".parse().unwrap()),
        period: Period::new(day("2026-10-01"), day("2026-10-31"), "2026-11-22".parse().unwrap()).unwrap(),
        metric: Metric::Actual,
        granularity: Granularity::None,
        group_by: vec![Grouping::Dimension(Dimension::ServiceName)],
        filters: vec![],
        with_usd: false,
    };
    let answer = answer(&query, Costs { lines, capped: false }, UnixTime(1_795_343_643));
    assert_follows(&answer.structured, &tool().output);
    answer
}

fn csv_of(answer: &Answer) -> &str {
    answer.structured["csv"].as_str().unwrap()
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
    assert!(answer.text.contains(csv_of(&answer)));
    assert_snapshot!(format!("{:#}", answer.structured), @r#"
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
fn rows_are_bounded_and_the_cut_is_said_and_counted() {
    let answer = export((0..MOST_ROWS + 5).map(|row| line(&format!("s{row}"), "1", "EUR")).collect());
    assert_eq!((&answer.structured["rowCount"], &answer.structured["truncated"]), (&MOST_ROWS.into(), &true.into()));
    assert_eq!(answer.structured["totals"][0]["amount"], "2005.00");
    assert_eq!(csv_of(&answer).lines().count(), MOST_ROWS + 1);
    assert_snapshot!(answer.structured["notes"][0].as_str().unwrap(), @"The last 5 rows were left out: a file has at most 2000 rows and 61440 bytes. The totals count them. Ask for fewer days.");
}

#[test]
fn bytes_are_bounded_and_no_row_is_cut_in_half() {
    let answer = export((0..1000).map(|row| line(&format!("{row}{}", "ü".repeat(100)), "1", "EUR")).collect());
    let csv = csv_of(&answer);
    assert!(csv.len() <= MOST_BYTES && csv.len() > MOST_BYTES - 300, "{}", csv.len());
    assert!(csv.ends_with("\r\n"));
    assert_eq!(answer.structured["truncated"], true);
}

proptest! {
    #[test]
    fn the_file_reads_back_as_what_went_in(
        names in proptest::collection::vec("[=+@\\-＝ \t\r\n'\",;a|`]{0,12}|.{0,30}", 1..40),
        amount in -1e6_f64..1e6,
    ) {
        let lines: Vec<_> = names.iter().map(|name| line(name, &amount.to_string(), "EUR")).collect();
        let answer = export(lines.clone());
        let mut reader = csv::Reader::from_reader(csv_of(&answer).as_bytes());
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
}
