//! Forecasts: what may be asked, and what the days to come will cost.

use std::collections::BTreeMap;

use lab::resource_manager::{Role, SHOP_PROD, SPONSORED, Scope, WARNED};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use time::{Date, Duration};

use super::{Table, Totals, amount, period, post, text, today, totals, url};
use crate::support::{Answer, arm_token, lab};

/// What a test does to a good definition.
type Change = &'static dyn Fn(&mut Value);

/// From `from` days before today to `to` days after it.
fn forecast(from: i64, to: i64) -> Value {
    json!({
        "type": "ActualCost",
        "timeframe": "Custom",
        "timePeriod": period(today() - Duration::days(from), today() + Duration::days(to)),
        "dataset": {
            "granularity": "Daily",
            "aggregation": { "totalCost": { "name": "Cost", "function": "Sum" } },
        },
        "includeActualCost": true,
        "includeFreshPartialCost": false,
    })
}

async fn ask(lab: &lab::Lab, token: &str, scope: impl Into<Scope>, body: &Value) -> Answer {
    post(lab, token, &url(lab, &scope.into(), "forecast"), body).await
}

fn day(date: Date) -> String {
    date.to_string().replace('-', "")
}

/// Status of each day.
fn statuses(table: &Table) -> BTreeMap<String, String> {
    table.rows.iter().map(|row| (row[1].get().to_owned(), text(&row[2]))).collect()
}

/// The exact sum of the rows by currency, of the last 28 whole days, by day.
fn average(lab: &lab::Lab, group: Option<&str>) -> Totals {
    let sums = totals(lab, |row| {
        row.subscription_id == SHOP_PROD
            && group.is_none_or(|name| row.resource_group == name)
            && row.date < today()
            && row.date >= today() - Duration::days(28)
    });
    sums.into_iter().map(|(currency, sum)| (currency, (sum / Decimal::from(28)).round_dp(15))).collect()
}

#[tokio::test]
async fn days_to_come_cost_what_days_cost_on_average() {
    let lab = lab().await;
    let token = arm_token(&lab, lab.alice()).await;
    for group in [None, Some("rg-shop-data")] {
        let scope = group.map_or(SHOP_PROD.into(), |name| Scope::resource_group(SHOP_PROD, name));
        let table = Table::of(&ask(&lab, &token, scope, &forecast(3, 2)).await);
        let columns = [("Cost", "Number"), ("UsageDate", "Number"), ("CostStatus", "String"), ("Currency", "String")];
        assert_eq!(table.columns(), columns);
        let on = |date: Date| {
            let rows = table.rows.iter().filter(|row| row[1].get() == day(date));
            rows.map(|row| (text(&row[3]), amount(&row[0]))).collect::<Totals>()
        };
        for days in 0..=2 {
            assert_eq!(on(today() + Duration::days(days)), average(&lab, group));
        }
        for days in 1..=3 {
            let date = today() - Duration::days(days);
            let expected = totals(&lab, |row| {
                let is_in_group = group.is_none_or(|name| row.resource_group == name);
                row.subscription_id == SHOP_PROD && is_in_group && row.date == date
            });
            assert_eq!(on(date), expected, "{days} days ago");
        }
    }
}

#[tokio::test]
async fn the_past_is_told_only_if_it_is_asked_for() {
    let lab = lab().await;
    let token = arm_token(&lab, lab.alice()).await;
    let (yesterday, now, tomorrow) = (day(today() - Duration::DAY), day(today()), day(today() + Duration::DAY));
    for (actual, fresh, expected) in [
        (false, false, vec![(&now, "Forecast"), (&tomorrow, "Forecast")]),
        (true, false, vec![(&yesterday, "Actual"), (&now, "Forecast"), (&tomorrow, "Forecast")]),
        (true, true, vec![(&yesterday, "Actual"), (&now, "Actual"), (&tomorrow, "Forecast")]),
    ] {
        let mut body = forecast(1, 1);
        body["includeActualCost"] = actual.into();
        body["includeFreshPartialCost"] = fresh.into();
        let table = Table::of(&ask(&lab, &token, SHOP_PROD, &body).await);
        let expected = expected.into_iter().map(|(day, status)| (day.clone(), status.to_owned())).collect();
        assert_eq!(statuses(&table), expected, "{actual} {fresh}");
    }
    let mut monthly = forecast(1, 1);
    monthly["dataset"]["granularity"] = "Monthly".into();
    let table = Table::of(&ask(&lab, &token, SHOP_PROD, &monthly).await);
    assert_eq!(table.columns()[1], ("BillingMonth", "Datetime"));
}

#[tokio::test]
async fn a_forecast_that_makes_no_sense_is_refused() {
    let lab = lab().await;
    let token = arm_token(&lab, lab.alice()).await;
    let changes: [(&str, Change); 7] = [
        ("grouped", &|body| body["dataset"]["grouping"] = json!([{ "type": "Dimension", "name": "ServiceName" }])),
        ("of a preset", &|body| {
            body["timeframe"] = "MonthToDate".into();
            body["timePeriod"].take();
        }),
        ("of the past", &|body| body["timePeriod"] = period(today() - Duration::days(9), today())),
        ("of today alone without yesterday", &|body| {
            body["includeActualCost"] = false.into();
            body["includeFreshPartialCost"] = true.into();
        }),
        ("without granularity", &|body| {
            body["dataset"].as_object_mut().unwrap().remove("granularity");
        }),
        ("unknown dimension", &|body| {
            body["dataset"]["filter"] = json!({ "dimensions": { "name": "X", "operator": "In", "values": ["x"] } });
        }),
        ("sorted", &|body| body["dataset"]["sorting"] = json!([])),
    ];
    for (what, change) in changes {
        let mut body = forecast(1, 1);
        change(&mut body);
        let answer = ask(&lab, &token, SHOP_PROD, &body).await;
        assert_eq!(answer.status, 400, "{what}: {}", answer.text);
        answer.is_error(400, "BadRequest");
    }
    let bob = arm_token(&lab, lab.bob()).await;
    ask(&lab, &bob, SHOP_PROD, &forecast(1, 1)).await.is_error(401, "RBACAccessDenied");
}

#[tokio::test]
async fn without_four_weeks_of_costs_there_is_no_forecast() {
    let lab = lab().await;
    let arm = lab.resource_manager();
    let token = arm_token(&lab, lab.alice()).await;
    for subscription in [SPONSORED, WARNED] {
        arm.assign_role(lab.alice(), subscription, Role::Reader);
    }
    ask(&lab, &token, SPONSORED, &forecast(1, 1)).await.is_error(424, "FailedDependency");
    assert_eq!(ask(&lab, &token, WARNED, &forecast(1, 1)).await.status, 204, "no costs ever");
    let young = |days| arm.rows().iter().filter(|row| row.date >= today() - Duration::days(days)).cloned().collect();
    let rows: Vec<_> = young(28);
    arm.set_rows(rows);
    assert_eq!(ask(&lab, &token, SHOP_PROD, &forecast(1, 1)).await.status, 200);
    let rows: Vec<_> = young(27);
    arm.set_rows(rows);
    ask(&lab, &token, SHOP_PROD, &forecast(1, 1)).await.is_error(424, "FailedDependency");
}
