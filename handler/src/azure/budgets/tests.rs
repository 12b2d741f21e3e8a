//! Proves how budgets are read and judged. How often Azure evaluates them, only a tenant shows.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::json;

use super::*;

const SUBSCRIPTION: &str = "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590";

fn answer(status: u16, body: &str) -> Result<(Vec<Budget>, Option<String>), CostError> {
    let status = StatusCode::from_u16(status).unwrap();
    let response = ArmResponse { status, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body.as_bytes()) };
    read(&response, UnixTime(0))
}

/// The one budget of these properties, as JSON text.
#[track_caller]
fn budget(properties: &str) -> Budget {
    let body = format!(
        r#"{{"value":[{{"id":"{SUBSCRIPTION}/providers/Microsoft.CostManagement/budgets/b","name":"b","properties":{properties}}}]}}"#
    );
    answer(200, &body).unwrap().0.remove(0)
}

#[track_caller]
fn complaint(properties: &str) -> &'static str {
    match answer(200, &format!(r#"{{"value":[{{"name":"b","properties":{properties}}}]}}"#)) {
        Err(CostError::BadAnswer(complaint)) => complaint,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_budget_is_read_to_the_last_digit_and_without_whom_azure_writes_to() {
    let body = r#"{"value":[{"id":"/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/rg-shop/providers/Microsoft.CostManagement/budgets/shop",
        "name":"shop","type":"Microsoft.CostManagement/budgets","eTag":"\"1d34\"",
        "properties":{"category":"Cost","amount":600.65,"timeGrain":"Monthly",
          "timePeriod":{"startDate":"2026-04-01T00:00:00Z","endDate":"2027-03-31T00:00:00Z"},
          "currentSpend":{"amount":120.890000000000012,"unit":"EUR"},"forecastSpend":{"amount":6.5E+2,"unit":"EUR"},
          "filter":{"and":[{"dimensions":{"name":"ServiceName","operator":"In","values":["Storage","SQL Database"]}},
                           {"tags":{"name":"team","operator":"In","values":["shop"]}}]},
          "notifications":{"Actual_GreaterThan_80_Percent":{"enabled":true,"operator":"GreaterThan","threshold":80,
            "contactEmails":["alice@contoso.example"],"contactRoles":["Owner"],"contactGroups":[]}},
          "new":{"member":[1]}}}],"nextLink":""}"#;
    let (budgets, next) = answer(200, body).unwrap();
    assert_eq!(next, None);
    assert_snapshot!(shown(&budgets[0]), @r#"
    shop of Some("rg-shop")
    120.890000000000012 EUR of 600.65 EUR
    forecast 650 EUR
    Some("Monthly"), Some(Day(2026-04-01)) to Some(Day(2027-03-31))
    ServiceName = Storage or SQL Database and tag:team = shop
    "#);
    let everything = format!("{budgets:?}");
    assert!(!everything.contains('@') && !everything.contains("Owner"), "{everything}");
}

/// One line for each member.
fn shown(budget: &Budget) -> String {
    let money = |money: &Money| format!("{} {}", money.exact(), money.currency());
    let conditions = budget.conditions.iter().map(|BudgetCondition { by, values }| {
        let values: Vec<_> = values.iter().map(Name::as_str).collect();
        format!("{by} = {}", values.join(" or "))
    });
    [
        format!("{} of {:?}", budget.name, budget.resource_group.as_ref().map(Name::as_str)),
        format!("{} of {}", budget.current_spend.as_ref().map(money).unwrap_or_default(), money(&budget.amount)),
        format!("forecast {}", budget.forecast.as_ref().map(money).unwrap_or_default()),
        format!("{:?}, {:?} to {:?}", budget.time_grain.as_ref().map(Name::as_str), budget.from, budget.until),
        conditions.collect::<Vec<_>>().join(" and "),
    ]
    .join("\n")
}

#[test]
fn what_is_missing_is_absent() {
    let budget =
        budget(r#"{"amount":100,"currentSpend":null,"filter":{},"timePeriod":{"endDate":"0001-01-01T00:00:00"}}"#);
    assert_eq!((budget.amount.currency(), budget.amount.exact()), (Currency::UNKNOWN, "100".to_owned()));
    assert_eq!((budget.current_spend, budget.forecast, budget.until, budget.time_grain), (None, None, None, None));
    assert_eq!((budget.conditions.len(), budget.conditions_complete), (0, true));
}

#[test]
fn a_rule_about_reservations_is_no_budget() {
    let body =
        r#"{"value":[{"name":"a","properties":{"category":"ReservationUtilization","timeGrain":"Last30Days"}}]}"#;
    assert_eq!(answer(200, body), Ok((vec![], None)));
}

#[test]
fn nothing_is_an_empty_list() {
    assert_eq!(answer(204, ""), Ok((vec![], None)));
    assert_eq!(answer(200, r#"{"value":[],"nextLink":null}"#), Ok((vec![], None)));
    assert_eq!(answer(404, ""), Err(CostError::NotFound));
}

#[test]
fn the_next_page_is_named() {
    assert_eq!(answer(200, r#"{"value":[],"nextLink":"https://x/1"}"#), Ok((vec![], Some("https://x/1".to_owned()))));
}

#[test]
fn an_answer_of_another_shape_is_an_error() {
    for body in ["", "null", "[]", "{}", r#"{"value":null}"#, r#"{"value":[1]}"#, r#"{"value":[{"name":"b"}]}"#] {
        assert_eq!(answer(200, body), Err(CostError::BadAnswer("not a list of resources")), "{body}");
    }
    for properties in [
        "1",
        "null",
        r#"{"amount":1,"filter":{},"filter":{}}"#,
        r#"{"amount":1,"currentSpend":7}"#,
        r#"{"amount":1,"currentSpend":{"amount":1}}"#,
    ] {
        assert_eq!(complaint(properties), "properties of another shape", "{properties}");
    }
    assert_eq!(complaint("{}"), "a budget without an amount");
    for amount in [r#""1""#, "1e30", "true", "[1]"] {
        assert_eq!(complaint(&format!(r#"{{"amount":{amount}}}"#)), "an amount that is no number, or no sensible one");
    }
    assert_eq!(
        complaint(r#"{"amount":1,"currentSpend":{"amount":1,"unit":"euros"}}"#),
        "a currency that is not a three-letter code"
    );
    assert_eq!(
        complaint(r#"{"amount":1,"currentSpend":{"amount":1,"unit":"EUR"},"forecastSpend":{"amount":1,"unit":"USD"}}"#),
        "a budget in two currencies"
    );
    assert_eq!(complaint(r#"{"amount":1,"timePeriod":{"endDate":"soon"}}"#), "a date that is none");
}

#[test]
fn a_status_is_judged_on_exact_amounts() {
    use BudgetStatus::{Ended, Exceeded, ForecastToExceed, NotEvaluated, Warning, Within};
    let today = "2026-11-22".parse().unwrap();
    for (amount, spent, forecast, expected) in [
        ("100", "79.999999999", None, Within),
        ("100", "80", None, Warning),
        ("100", "80", Some("100"), Warning),
        ("100", "10", Some("100.000000001"), ForecastToExceed),
        ("100", "100", Some("200"), ForecastToExceed),
        ("100", "100", None, Warning),
        ("100", "100.000000001", Some("50"), Exceeded),
        ("100", "-5", None, Within),
        ("0", "0.01", None, Exceeded),
        ("1e3", "2.6E-06", None, Within),
    ] {
        let forecast = forecast.map(|forecast| format!(r#","forecastSpend":{{"amount":{forecast},"unit":"EUR"}}"#));
        let forecast = forecast.unwrap_or_default();
        let properties = format!(r#"{{"amount":{amount},"currentSpend":{{"amount":{spent},"unit":"EUR"}}{forecast}}}"#);
        assert_eq!(budget(&properties).status(today), expected, "{properties}");
    }
    assert_eq!(budget(r#"{"amount":1}"#).status(today), NotEvaluated);
    let until = |day| budget(&format!(r#"{{"amount":1,"timePeriod":{{"endDate":"{day}T00:00:00Z"}}}}"#)).status(today);
    assert_eq!((until("2026-11-21"), until("2026-11-22")), (Ended, NotEvaluated));
}

#[test]
fn a_filter_that_is_not_understood_is_not_passed_over() {
    let complete = |filter: Value| conditions(Some(&filter)).1;
    let known = json!({ "dimensions": { "name": "ServiceName", "operator": "In", "values": ["Storage"] } });
    assert!(complete(json!(null)) && complete(json!({})) && complete(known.clone()));
    assert!(complete(json!({ "and": [known, { "tags": { "name": "team", "values": [] } }] })));
    for filter in [
        json!([]),
        json!("x"),
        json!({ "or": [known] }),
        json!({ "not": known }),
        json!({ "and": known }),
        json!({ "and": [known, { "or": [] }] }),
        json!({ "dimensions": { "name": "ServiceName", "operator": "NotIn", "values": ["Storage"] } }),
        json!({ "dimensions": { "name": "ServiceName", "values": [7] } }),
        json!({ "tags": { "values": ["x"] } }),
    ] {
        assert!(!complete(filter.clone()), "{filter}");
    }
}

proptest! {
    #[test]
    fn no_answer_makes_it_panic(body in "[\\[\\]{}\",:a-z0-9eE.\\-]{0,80}", value in ".{0,30}") {
        let _ = answer(200, &body);
        let _ = answer(200, &format!(r#"{{"value":[{{"name":"b","properties":{{"amount":{value}}}}}]}}"#));
        let _ = conditions(serde_json::from_str(&body).ok().as_ref());
    }

    #[test]
    fn more_spent_is_never_a_better_status(amount in 1_i64..1_000, spent in 0_i64..2_000, more in 0_i64..2_000) {
        let status = |spent: i64| {
            budget(&format!(r#"{{"amount":{amount},"currentSpend":{{"amount":{spent},"unit":"EUR"}}}}"#))
                .status("2026-11-22".parse().unwrap())
        };
        prop_assert!(status(spent + more) <= status(spent));
    }
}
