//! Costs by one or two things, by day and by month, equal the rows.

use std::collections::BTreeMap;

use lab::resource_manager::{ANALYTICS, CONTOSO_GROUP, CostRow, SHOP_PROD};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use time::{Date, Duration};

use super::{
    ledger::{Ledger, Sums, shown},
    tenant::{Tenant, date, each, money, today, totals, with},
};

/// A question, the rows that answer it, and what each of them is called in the answer.
struct Question {
    arguments: Value,
    rows: Ledger,
    name: fn(&CostRow) -> String,
}

fn tag(row: &CostRow, key: &str) -> String {
    shown(row.tag(key).unwrap_or_default())
}

/// The names of an item, in their order.
fn name(item: &Value) -> String {
    let names: Vec<_> = each(&item["names"]).map(|name| name.as_str().unwrap()).collect();
    names.join(" / ")
}

fn items(of: &Value) -> Sums {
    let sum = |item: &Value| {
        let (currency, amount) = money(&item["cost"]);
        ((name(item), currency), amount)
    };
    each(&of["items"]).map(sum).collect()
}

fn between(from: Date, to: Date) -> Value {
    json!({ "from": from.to_string(), "to": to.to_string(), "top": 50 })
}

#[tokio::test]
async fn one_or_two_groupings_equal_the_rows() {
    let tenant = Tenant::start().await;
    let (from, to) = (today() - Duration::days(200), today() - Duration::days(10));
    let all = Ledger::of(&tenant).between(from, to);
    let shop = all.of_subscription(SHOP_PROD);
    for Question { arguments, rows, name } in [
        Question {
            arguments: json!({ "subscriptionId": SHOP_PROD, "groupBy": "ResourceGroupName" }),
            rows: shop.clone(),
            name: |row| shown(&row.resource_group),
        },
        Question {
            arguments: json!({ "subscriptionId": SHOP_PROD, "groupBy": ["ResourceGroupName", "tag:team"] }),
            rows: shop.clone(),
            name: |row| format!("{} / {}", shown(&row.resource_group), tag(row, "team")),
        },
        Question {
            arguments: json!({ "subscriptionId": SHOP_PROD, "groupBy": ["tag:team", "tag:env"] }),
            rows: shop.clone(),
            name: |row| format!("{} / {}", tag(row, "team"), tag(row, "env")),
        },
        Question {
            arguments: json!({ "subscriptionId": SHOP_PROD, "groupBy": ["ResourceId", "Meter"] }),
            rows: shop.clone(),
            name: |row| format!("{} / {}", row.dimension("ResourceId"), shown(&row.meter)),
        },
        Question {
            arguments: json!({
                "subscriptionId": SHOP_PROD, "groupBy": ["PricingModel", "ChargeType"], "metric": "amortized",
            }),
            rows: shop.amortized(),
            name: |row| format!("{} / {}", row.pricing_model, row.charge_type),
        },
        Question {
            arguments: json!({ "managementGroupId": CONTOSO_GROUP }),
            rows: all.of_usage(),
            name: |row| format!("{} / {}", row.subscription_name, row.subscription_id),
        },
        Question {
            arguments: json!({
                "managementGroupId": CONTOSO_GROUP, "groupBy": ["tag:env", "SubscriptionName"],
                "filters": { "by": "ServiceName", "values": ["Virtual Machines", "SQL Database"] },
            }),
            rows: all.of_usage().only(|row| ["Virtual Machines", "SQL Database"].contains(&&*row.service_name)),
            name: |row| format!("{} / {}", tag(row, "env"), row.subscription_name),
        },
    ] {
        let told = tenant.ask("cost_query", with(&arguments, &between(from, to))).await;
        let currencies = &told.data["currencies"];
        assert_eq!(each(currencies).flat_map(items).collect::<Sums>(), rows.by(name), "{arguments}");
        assert_eq!(totals(each(currencies).map(|one| &one["total"])), rows.totals(), "{arguments}");
    }
}

#[tokio::test]
async fn days_and_months_equal_the_rows() {
    let tenant = Tenant::start().await;
    let all = Ledger::of(&tenant);
    let days_of = |row: &CostRow| row.date.to_string();
    let months_of = |row: &CostRow| row.date.replace_day(1).unwrap().to_string();
    for (granularity, length, date_of) in
        [("daily", 30, &days_of as &dyn Fn(&CostRow) -> String), ("monthly", 300, &months_of)]
    {
        let (from, to) = (today() - Duration::days(length), today());
        let shop = all.of_subscription(SHOP_PROD).between(from, to);
        for (subject, rows) in [
            (json!({ "subscriptionId": SHOP_PROD, "groupBy": "ServiceName" }), shop),
            (
                json!({ "subscriptionId": ANALYTICS, "groupBy": "ServiceName" }),
                all.of_subscription(ANALYTICS).between(from, to),
            ),
            (json!({ "managementGroupId": CONTOSO_GROUP, "groupBy": "ServiceName" }), all.of_usage().between(from, to)),
        ] {
            let question = with(&with(&subject, &between(from, to)), &json!({ "granularity": granularity }));
            let told = tenant.ask("cost_query", question).await;
            let by_name = rows.by(|row| format!("{} {}", date_of(row), shown(&row.service_name)));
            let mut series = Sums::new();
            for point in each(&told.data["currencies"]).flat_map(|currency| each(&currency["series"])) {
                let (currency, total) = money(&point["total"]);
                let day = date(&point["date"]).to_string();
                let parts: BTreeMap<_, _> = items(point);
                for ((name, currency), amount) in &parts {
                    let expected = by_name.get(&(format!("{day} {name}"), currency.clone())).copied();
                    assert_eq!(*amount, expected.unwrap_or_default(), "{subject} {day} {name}");
                }
                let rest = point.get("other").map_or(Decimal::ZERO, |other| money(other).1);
                assert_eq!(parts.values().sum::<Decimal>() + rest, total, "{subject} {day}");
                series.insert((day, currency), total);
            }
            assert_eq!(series, rows.by(date_of), "{subject} {granularity}");
        }
    }
}

#[tokio::test]
async fn us_dollars_of_a_management_group_are_azure_s_own() {
    let tenant = Tenant::start().await;
    let (from, to) = (today() - Duration::days(100), today() - Duration::days(10));
    let rows = Ledger::of(&tenant).of_usage().between(from, to);
    let question = with(&json!({ "managementGroupId": CONTOSO_GROUP }), &between(from, to));
    let told = tenant.ask("cost_query", question).await;
    assert!(rows.totals().len() > 1, "one currency needs no conversion");
    let dollars = rows.counted().map(|row| row.cost_usd).sum::<Decimal>();
    assert_eq!(money(&told.data["totalUsd"]), ("USD".to_owned(), dollars));
}
