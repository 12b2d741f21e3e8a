//! Services, dimensions and their values equal the rows they come from, to the last digit.

use std::collections::BTreeSet;

use lab::resource_manager::{ANALYTICS, CONTOSO_GROUP, SHOP_DEV, SHOP_GROUP, SHOP_PROD};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use time::Duration;

use super::{
    ledger::{Ledger, Sums, percent, shown},
    tenant::{Tenant, each, money, today, totals, with},
};

/// A question, and the rows that answer it.
struct Question {
    about: &'static str,
    arguments: Value,
    rows: Ledger,
}

/// Half a year, so that there are a reservation, purchases every month, and credits.
fn questions(tenant: &Tenant) -> Vec<Question> {
    let (from, to) = (today() - Duration::days(200), today() - Duration::days(10));
    let all = Ledger::of(tenant).between(from, to);
    let (shop, usage) = (all.of_subscription(SHOP_PROD), all.of_usage());
    let question = |about, arguments, rows| {
        let days = json!({ "from": from.to_string(), "to": to.to_string() });
        Question { about, arguments: with(&arguments, &days), rows }
    };
    let of = |id: &str, more| with(&json!({ "subscriptionId": id }), &more);
    let of_group = |id: &str, more| with(&json!({ "managementGroupId": id }), &more);
    let filters = |filters: Value| json!({ "filters": filters });
    vec![
        question("a subscription", of(SHOP_PROD, json!({})), shop.clone()),
        question("another one", of(SHOP_DEV, json!({})), all.of_subscription(SHOP_DEV)),
        question("two currencies", of(ANALYTICS, json!({})), all.of_subscription(ANALYTICS)),
        question("amortized", of(SHOP_PROD, json!({ "metric": "amortized" })), shop.clone().amortized()),
        question(
            "a resource group, in another case",
            of(SHOP_PROD, json!({ "resourceGroup": "RG-Shop-Data" })),
            shop.only(|row| row.resource_group == "rg-shop-data"),
        ),
        question("a management group", of_group(CONTOSO_GROUP, json!({})), usage.clone()),
        question(
            "the one below it",
            of_group(SHOP_GROUP, json!({})),
            usage.only(|row| row.subscription_id != ANALYTICS),
        ),
        question(
            "the marketplace",
            of(SHOP_PROD, filters(json!([{ "by": "PublisherType", "values": ["marketplace"] }]))),
            shop.only(|row| row.publisher_type == "Marketplace"),
        ),
        question(
            "credits",
            of(SHOP_PROD, filters(json!([{ "by": "ChargeType", "values": ["Refund"] }]))),
            shop.only(|row| row.charge_type == "Refund"),
        ),
        question(
            "a tag over subscriptions",
            of_group(CONTOSO_GROUP, filters(json!({ "by": "tag:env", "values": ["dev"] }))),
            usage.only(|row| row.tag("env") == Some("dev")),
        ),
        question(
            "two conditions",
            of(
                SHOP_PROD,
                filters(json!([
                    { "by": "ResourceGroupName", "values": ["rg-shop-prod", "rg-shop-network"] },
                    { "by": "tag:team", "values": ["shop"] },
                ])),
            ),
            shop.only(|row| {
                ["rg-shop-prod", "rg-shop-network"].contains(&&*row.resource_group) && row.tag("team") == Some("shop")
            }),
        ),
    ]
}

fn services(data: &Value) -> Sums {
    let items = each(&data["currencies"]).flat_map(|currency| each(&currency["items"]));
    let sum = |item: &Value| {
        let (currency, amount) = money(&item["cost"]);
        ((item["names"][0].as_str().unwrap().to_owned(), currency), amount)
    };
    items.map(sum).collect()
}

#[tokio::test]
async fn services_equal_the_rows_at_every_scope_by_every_metric_and_filter() {
    let tenant = Tenant::start().await;
    for Question { about, arguments, rows } in questions(&tenant) {
        let told = tenant.ask("cost_by_service", with(&arguments, &json!({ "top": 50 }))).await;
        assert_eq!(totals(each(&told.data["currencies"]).map(|currency| &currency["total"])), rows.totals(), "{about}");
        assert_eq!(services(&told.data), rows.by(|row| shown(&row.service_name)), "{about}");
        let marketplace = rows.only(|row| row.publisher_type == "Marketplace").totals();
        assert_eq!(totals(each(&told.data["marketplace"])), marketplace, "{about}");
    }
}

#[tokio::test]
async fn what_is_not_shown_is_the_rest_and_shares_are_parts_of_the_total() {
    let tenant = Tenant::start().await;
    for Question { about, arguments, rows } in questions(&tenant) {
        let told = tenant.ask("cost_by_service", with(&arguments, &json!({ "top": 3 }))).await;
        let all = rows.by(|row| shown(&row.service_name));
        for currency in each(&told.data["currencies"]) {
            let (code, total) = money(&currency["total"]);
            let count = all.keys().filter(|(_, currency)| *currency == code).count();
            let items: Vec<_> = each(&currency["items"]).chain(currency.get("other")).collect();
            assert_eq!(items.iter().map(|item| money(&item["cost"]).1).sum::<Decimal>(), total, "{about}");
            let rest = currency.get("other").map_or(json!(0), |other| other["count"].clone());
            assert_eq!(rest, count.saturating_sub(3), "{about}");
            for item in items {
                let share = Some(percent(money(&item["cost"]).1, total)).filter(|_| total > Decimal::ZERO);
                assert_eq!(item["sharePercent"].as_str(), share.as_deref(), "{about}: {item}");
            }
        }
    }
}

#[tokio::test]
async fn a_dimension_has_the_values_of_the_rows() {
    let tenant = Tenant::start().await;
    let rows = Ledger::of(&tenant).of_subscription(SHOP_PROD);
    for dimension in [
        "ServiceName",
        "ResourceGroupName",
        "ResourceId",
        "ResourceType",
        "ResourceLocation",
        "MeterCategory",
        "MeterSubcategory",
        "Meter",
        "ChargeType",
        "PublisherType",
        "PricingModel",
        "SubscriptionId",
        "SubscriptionName",
    ] {
        let arguments = json!({ "subscriptionId": SHOP_PROD, "dimension": dimension, "top": 200 });
        let told = tenant.ask("cost_dimension_values", arguments).await;
        let values: BTreeSet<_> = each(&told.data["values"]).map(|value| value.as_str().unwrap().to_owned()).collect();
        // the values of a filter: what has none is the empty text
        let value = |raw: &str| if raw.is_empty() { String::new() } else { shown(raw) };
        let expected: BTreeSet<_> = rows.rows().map(|row| value(&row.dimension(dimension))).collect();
        assert_eq!(values, expected, "{dimension}");
        assert_eq!((told.data["total"].as_u64(), &told.data["complete"]), (Some(values.len() as u64), &json!(true)));
    }
}
