//! Proves what is asked and how answers are read. What Azure's model expects, and when it refuses, needs a tenant.

use bytes::Bytes;
use http::HeaderMap;
use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn horizon(until: &str, today: &str) -> Result<Horizon, HorizonError> {
    Horizon::new(until.parse().ok(), day(today))
}

fn query(until: &str, today: &str) -> ForecastQuery {
    ForecastQuery {
        scope: CostScope::Subscription("0b1f6471-1bf0-4dda-aec3-cb9272f09590".parse().unwrap()),
        horizon: horizon(until, today).unwrap(),
        metric: Metric::Actual,
    }
}

fn answer(status: u16, body: &str) -> Result<(Vec<ForecastLine>, Option<String>), CostError> {
    let status = StatusCode::from_u16(status).unwrap();
    let response = ArmResponse { status, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body.as_bytes()) };
    read(&response, UnixTime(0))
}

/// `columns` separated by spaces, `rows` as JSON.
fn table(columns: &str, rows: &str) -> String {
    let columns: Vec<_> = columns.split(' ').map(|name| json!({ "name": name, "type": "Any" })).collect();
    format!(r#"{{"properties":{{"nextLink":null,"columns":{},"rows":{rows}}}}}"#, json!(columns))
}

const COLUMNS: &str = "Cost UsageDate CostStatus Currency";

#[track_caller]
fn lines(body: &str) -> Vec<ForecastLine> {
    answer(200, body).unwrap().0
}

fn shown(lines: &[ForecastLine]) -> String {
    let shown = lines
        .iter()
        .map(|ForecastLine { day, status, cost }| format!("{day} {status:?} {} {}", cost.exact(), cost.currency()));
    shown.collect::<Vec<_>>().join("\n")
}

/// Why a forecast until the end of November is not available, for these rows.
#[track_caller]
fn forecast(rows: &str) -> Forecast {
    Forecast::of(lines(&table(COLUMNS, rows)), horizon("", "2026-11-22").unwrap())
}

#[test]
fn the_request_says_every_choice() {
    assert_snapshot!(query("", "2026-11-22").body().to_string(), @r#"{"dataset":{"aggregation":{"totalCost":{"function":"Sum","name":"Cost"}},"granularity":"Daily"},"includeActualCost":true,"includeFreshPartialCost":true,"timePeriod":{"from":"2026-11-01T00:00:00Z","to":"2026-11-30T23:59:59Z"},"timeframe":"Custom","type":"ActualCost"}"#);
    let amortized = ForecastQuery { metric: Metric::Amortized, ..query("2026-12-05", "2026-11-22") };
    assert_eq!(amortized.body()["type"], "AmortizedCost");
    assert_eq!(amortized.body()["timePeriod"]["to"], "2026-12-05T23:59:59Z");
}

#[test]
fn on_its_last_day_azure_is_asked_a_day_further_and_that_day_is_not_counted() {
    let query = query("", "2026-11-30");
    assert_eq!(query.horizon.until(), day("2026-11-30"));
    assert_eq!(query.body()["timePeriod"]["to"], "2026-12-01T23:59:59Z");
    let rows = r#"[[1.5,20261130,"Actual","EUR"],[2,20261201,"Forecast","EUR"]]"#;
    let Forecast::Available(lines) = Forecast::of(lines(&table(COLUMNS, rows)), query.horizon) else { panic!() };
    assert_snapshot!(shown(&lines), @"2026-11-30 Actual 1.5 EUR");
}

#[test]
fn the_horizon_is_the_present_month_unless_another_day_is_given() {
    let days = |until, today| horizon(until, today).map(|horizon| format!("{} {}", horizon.from(), horizon.until()));
    assert_eq!(days("", "2026-11-22").unwrap(), "2026-11-01 2026-11-30");
    assert_eq!(days("", "2028-02-01").unwrap(), "2028-02-01 2028-02-29");
    assert_eq!(days("2026-11-22", "2026-11-22").unwrap(), "2026-11-01 2026-11-22");
    assert_eq!(days("2026-12-09", "2026-11-22").unwrap(), "2026-11-01 2026-12-09");
    let sentence = |until| horizon(until, "2026-11-22").unwrap_err().to_string();
    assert_snapshot!(sentence("2026-11-21"), @"Argument `until` (2026-11-21) is in the past: today is 2026-11-22 (UTC).");
    assert_snapshot!(sentence("2026-12-10"), @"Argument `until` (2026-12-10) is too far away: from the first of this month Azure looks ahead until 2026-12-09.");
}

#[test]
fn lines_are_read_to_the_last_digit() {
    let rows = r#"[[84.118430275512,20261120,"Actual","EUR"],[-12.5,20261121,"actual","EUR"],[2.6E-06,20261125,"Forecast","usd"]]"#;
    assert_snapshot!(shown(&lines(&table(COLUMNS, rows))), @"
    2026-11-20 Actual 84.118430275512 EUR
    2026-11-21 Actual -12.5 EUR
    2026-11-25 Forecast 0.0000026 USD
    ");
}

#[test]
fn columns_are_found_by_name_whatever_the_agreement_calls_them() {
    for (columns, row) in [
        ("Cost UsageDate CostStatus Currency", r#"[1.5,20261125,"Forecast","EUR"]"#),
        ("PreTaxCost BillingMonth CostStatus Currency", r#"[1.5,"2026-11-25T00:00:00","Forecast","EUR"]"#),
        ("currency coststatus New usagedate TOTALCOST", r#"["EUR","Forecast",{"a":[]},20261125,1.5]"#),
    ] {
        assert_eq!(shown(&lines(&table(columns, &format!("[{row}]")))), "2026-11-25 Forecast 1.5 EUR", "{columns}");
    }
}

#[test]
fn an_answer_of_another_shape_is_an_error() {
    let complaint = |body: &str| match answer(200, body) {
        Err(CostError::BadAnswer(complaint)) => complaint,
        other => panic!("{other:?}"),
    };
    for body in ["", "null", "{}", r#"{"properties":{}}"#, r#"{"properties":{"columns":[],"rows":{}}}"#] {
        assert_eq!(complaint(body), "not a table of columns and rows", "{body}");
    }
    for columns in ["Cost UsageDate Currency", "Cost CostStatus Currency", "UsageDate CostStatus Currency"] {
        assert_eq!(complaint(&table(columns, "[]")), "a column is missing", "{columns}");
    }
    assert_eq!(complaint(&table("Cost PreTaxCost UsageDate CostStatus Currency", "[]")), "a column is there twice");
    for (row, expected) in [
        (r#"[1,20261125,"Guess","EUR"]"#, "costs that are neither actual nor forecast"),
        (r#"[1,20261125,null,"EUR"]"#, "costs that are neither actual nor forecast"),
        (r#"[1,20261325,"Actual","EUR"]"#, "a date that is none"),
        (r#"["1",20261125,"Actual","EUR"]"#, "an amount that is no number, or no sensible one"),
        (r#"[1e30,20261125,"Actual","EUR"]"#, "an amount that is no number, or no sensible one"),
        (r#"[1,20261125,"Actual",""]"#, "a currency that is not a three-letter code"),
        (r#"[1,20261125,"Actual"]"#, "a row with more or fewer cells than columns"),
    ] {
        assert_eq!(complaint(&table(COLUMNS, &format!("[{row}]"))), expected, "{row}");
    }
}

#[test]
fn only_what_lies_ahead_makes_a_forecast() {
    let reason = |rows| match forecast(rows) {
        Forecast::Unavailable { reason, actual } => (reason, actual.len()),
        Forecast::Available(lines) => panic!("{lines:?}"),
    };
    assert_eq!(reason("[]"), (NoForecast::NoCosts, 0));
    assert_eq!(reason(r#"[[1,20261120,"Actual","EUR"]]"#), (NoForecast::TooLittleHistory, 1));
    let both = r#"[[1,20261031,"Actual","EUR"],[1,20261122,"Actual","EUR"],[1,20261122,"Forecast","EUR"]]"#;
    assert!(matches!(forecast(both), Forecast::Available(lines) if lines.len() == 2), "days before are not counted");
}

#[test]
fn that_there_is_no_forecast_is_an_answer_and_every_other_failure_stays_one() {
    let refused = |status, code: &str, message: &str| {
        let body = json!({ "error": { "code": code, "message": message } }).to_string();
        Forecast::refused(answer(status, &body).unwrap_err())
    };
    let reason = |status, message| match refused(status, "BadRequest", message) {
        Ok(Forecast::Unavailable { reason, actual }) if actual.is_empty() => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(reason(204, ""), NoForecast::NoCosts);
    assert_eq!(reason(424, ""), NoForecast::TooLittleHistory);
    assert_eq!(reason(424, "The offer of the subscription is not supported."), NoForecast::UnsupportedOffer);
    assert_eq!(reason(400, "The offer MS-AZR-0243P is not supported."), NoForecast::UnsupportedOffer);
    assert_eq!(
        reason(
            422,
            "Cost Management supports only Enterprise Agreement, Web direct and Microsoft Customer Agreement offer types."
        ),
        NoForecast::UnsupportedOffer
    );
    assert_eq!(reason(400, "Cost management data is not supported for subscription(s)."), NoForecast::UnsupportedOffer);
    assert_eq!(refused(401, "RBACAccessDenied", ""), Err(CostError::AccessDenied));
    assert_eq!(refused(400, "AccountCostDisabled", ""), Err(CostError::AccountCostDisabled));
    for (status, message) in [(400, "Invalid query definition"), (403, ""), (404, ""), (429, ""), (500, ""), (302, "")]
    {
        assert!(refused(status, "x", message).is_err(), "{status}");
    }
}

proptest! {
    #[test]
    fn no_answer_makes_it_panic(body in "[\\[\\]{}\",:a-z0-9eE.\\-]{0,80}", cell in ".{0,20}") {
        let _ = answer(200, &body);
        let _ = answer(200, &table(COLUMNS, &format!("[[{cell}]]")));
        let _ = answer(200, &table(&cell, &body));
    }

    #[test]
    fn azure_is_never_asked_for_more_days_than_it_answers(today in 0_i64..20_000, ahead in 0_i64..60) {
        let today = day("1990-01-01").plus(today);
        let until = today.plus(ahead);
        if let Ok(horizon) = Horizon::new(Some(until), today) {
            let body = ForecastQuery { horizon, ..query("", "2026-11-22") }.body();
            let to = day(&body["timePeriod"]["to"].as_str().unwrap()[..10]);
            prop_assert!(to > today && to >= until);
            // today may have two lines
            prop_assert!(horizon.from().days_until(to) + 1 < 40);
        } else {
            prop_assert!(until > today.last_of_month());
        }
        prop_assert!(Horizon::new(None, today).is_ok());
    }
}
