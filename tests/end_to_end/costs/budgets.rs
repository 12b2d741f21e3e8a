//! Budgets and alerts are those of the scope, with what was spent and how much of the budget that is.

use std::collections::BTreeMap;

use lab::resource_manager::{AlertStatus, Budget, SHOP_PROD, Scope};
use rust_decimal::Decimal;
use serde_json::json;
use time::Duration;

use super::{
    ledger::{Ledger, percent, shown},
    tenant::{Tenant, each, money, today},
};

#[tokio::test]
async fn budgets_are_those_of_the_scope_and_percent_are_of_their_amounts() {
    let tenant = Tenant::start().await;
    // lists come in pages
    tenant.azure().set_page_size(2);
    for (arguments, scope) in [
        (json!({ "subscriptionId": SHOP_PROD }), Scope::subscription(SHOP_PROD)),
        (
            json!({ "subscriptionId": SHOP_PROD, "resourceGroup": "rg-shop-data" }),
            Scope::resource_group(SHOP_PROD, "rg-shop-data"),
        ),
    ] {
        let told = tenant.ask("cost_budgets", arguments).await;
        let listed: BTreeMap<_, _> = each(&told.data["budgets"])
            .map(|budget| {
                let spent = money(&budget["currentSpend"]);
                let (name, used) = (budget["name"].as_str().unwrap(), budget["percentUsed"].as_str().unwrap());
                (name.to_owned(), (money(&budget["amount"]), spent, used.to_owned(), status(budget["status"].as_str())))
            })
            .collect();
        let expected = |budget: &Budget| {
            let Budget { amount, current_spend, .. } = *budget;
            let of = |amount| (budget.currency.to_string(), amount);
            let used = percent(current_spend, amount);
            (shown(&budget.name), (of(amount), of(current_spend), used, expected_status(budget)))
        };
        let budgets = tenant.azure().budgets();
        let budgets: BTreeMap<_, _> = budgets.iter().filter(|budget| budget.scope == scope).map(expected).collect();
        assert_eq!(listed, budgets);
        assert_eq!(told.data["budgetCount"], budgets.len());
        assert_eq!(told.data["complete"], true);
    }
}

fn status(status: Option<&str>) -> &'static str {
    ["exceeded", "forecastToExceed", "warning", "within"].into_iter().find(|known| status == Some(known)).unwrap()
}

fn expected_status(budget: &Budget) -> &'static str {
    if budget.current_spend > budget.amount {
        "exceeded"
    } else if budget.forecast_spend.is_some_and(|forecast| forecast > budget.amount) {
        "forecastToExceed"
    } else if budget.current_spend * Decimal::ONE_HUNDRED >= budget.amount * Decimal::from(80) {
        "warning"
    } else {
        "within"
    }
}

#[tokio::test]
async fn what_was_spent_is_what_the_rows_cost_up_to_yesterday() {
    let tenant = Tenant::start().await;
    let told = tenant.ask("cost_budgets", json!({ "subscriptionId": SHOP_PROD })).await;
    let monthly = each(&told.data["budgets"]).find(|budget| budget["name"] == "shop-prod-month").unwrap();
    let (first, yesterday) = (today().replace_day(1).unwrap(), today() - Duration::DAY);
    let totals = Ledger::of(&tenant).of_subscription(SHOP_PROD).between(first, yesterday).totals();
    assert_eq!(money(&monthly["currentSpend"]).1, totals.get("EUR").copied().unwrap_or_default());
}

#[tokio::test]
async fn alerts_are_shown_with_what_was_crossed_and_without_anybody_s_address() {
    let tenant = Tenant::start().await;
    let told = tenant.ask("cost_budgets", json!({ "subscriptionId": SHOP_PROD })).await;
    let alerts = tenant.azure().alerts();
    assert_eq!(told.data["alertCount"], alerts.len());
    let active = alerts.iter().filter(|alert| alert.status == AlertStatus::Active).count();
    let sentence = format!("Azure raised {} alerts, {active} active.", alerts.len());
    assert!(told.text.contains(&sentence), "{}", told.text);
    let mut spends: Vec<_> = each(&told.data["alerts"]).filter_map(|alert| alert.get("spend")).map(money).collect();
    let mut expected: Vec<_> = alerts.iter().map(|alert| (alert.currency.to_string(), alert.current_spend)).collect();
    spends.sort();
    expected.sort();
    assert_eq!(spends, expected);
    assert!(!told.text.contains('@') && !told.data.to_string().contains('@'), "{}", told.text);
}
