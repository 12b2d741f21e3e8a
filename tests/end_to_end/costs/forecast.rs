//! A forecast adds up: what the rows cost so far, and what the lab's model expects. How good Azure's model is, nobody
//! can show.

use std::collections::BTreeMap;

use lab::resource_manager::{ANALYTICS, SHOP_PROD};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use time::Duration;

use super::{
    ledger::Ledger,
    tenant::{Tenant, Totals, each, money, today, totals, with},
};

/// The lab's model: a coming day costs what one of the last 28 did on average.
const HISTORY: i64 = 28;

#[tokio::test]
async fn the_end_is_what_was_spent_and_what_is_expected() {
    let tenant = Tenant::start().await;
    let all = Ledger::of(&tenant);
    let shop = all.of_subscription(SHOP_PROD);
    for (arguments, rows) in [
        (json!({ "subscriptionId": SHOP_PROD }), shop.clone()),
        (json!({ "subscriptionId": SHOP_PROD, "metric": "amortized" }), shop.clone().amortized()),
        (json!({ "subscriptionId": ANALYTICS }), all.of_subscription(ANALYTICS)),
        (
            json!({ "subscriptionId": SHOP_PROD, "resourceGroup": "rg-shop-data" }),
            shop.only(|row| row.resource_group == "rg-shop-data"),
        ),
    ] {
        // never beyond what Azure answers, and always ahead
        for days in [1, 7] {
            let until = (today() + Duration::days(days)).to_string();
            let told = tenant.ask("cost_forecast", with(&arguments, &json!({ "until": until }))).await;
            assert_eq!(told.data["available"], true, "{arguments}");
            let (spent, expected) = (spent(&rows), expected(&rows, days));
            let mut ends = spent.clone();
            for (currency, amount) in &expected {
                *ends.entry(currency.clone()).or_default() += amount;
            }
            let of = |member: &str| -> Totals {
                let amounts = totals(each(&told.data["currencies"]).map(|outlook| &outlook[member]));
                amounts.into_iter().filter(|(_, amount)| !amount.is_zero()).collect()
            };
            assert_eq!(of("actualToDate"), spent, "{arguments}");
            assert_eq!(of("forecastRemaining"), expected, "{arguments}");
            assert_eq!(of("forecastTotal"), ends, "{arguments}");
            assert_eq!(stretches(&told.data), expected, "{arguments}");
        }
    }
}

/// Since the first of the month.
fn spent(rows: &Ledger) -> Totals {
    let spent = rows.between(today().replace_day(1).unwrap(), today()).totals();
    spent.into_iter().filter(|(_, amount)| !amount.is_zero()).collect()
}

fn expected(rows: &Ledger, days: i64) -> Totals {
    let history = rows.between(today() - Duration::days(HISTORY), today() - Duration::DAY).totals();
    let daily = |amount: Decimal| (amount / Decimal::from(HISTORY)).round_dp(15);
    let expected = history.into_iter().map(|(currency, amount)| (currency, daily(amount) * Decimal::from(days)));
    expected.filter(|(_, amount)| !amount.is_zero()).collect()
}

fn stretches(data: &Value) -> Totals {
    let mut sums: Totals = BTreeMap::new();
    for stretch in each(&data["currencies"]).flat_map(|outlook| each(&outlook["remaining"])) {
        let (currency, amount) = money(&stretch["cost"]);
        *sums.entry(currency).or_default() += amount;
    }
    sums
}
