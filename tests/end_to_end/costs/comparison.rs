//! Why costs changed: every change is the rows' own, and what happened in the lab's year is told.

use std::collections::{BTreeMap, BTreeSet};

use lab::resource_manager::{
    CONTOSO_GROUP, CostRow, NEW_METER, NEW_SERVICE, OLD_METER, ONE_TIME_PURCHASE, REMOVED_SERVICE, SHOP_PROD,
};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use time::{Date, Duration};

use super::{
    ledger::{Ledger, shown},
    tenant::{Tenant, Told, date, each, money, today, with},
};

/// Base, current, and the change from one to the other, by name and currency.
type Changes = BTreeMap<(String, String), [Decimal; 3]>;

/// The rows of both periods, which the answer itself names.
fn periods(data: &Value, rows: &Ledger) -> [Ledger; 2] {
    let period = |period: &Value| rows.between(date(&period["from"]), date(&period["to"]));
    [period(&data["basePeriod"]), period(&data["period"])]
}

fn changes([base, current]: &[Ledger; 2], name: impl Fn(&CostRow) -> String) -> Changes {
    let (base, current) = (base.by(&name), current.by(&name));
    let keys: BTreeSet<_> = base.keys().chain(current.keys()).cloned().collect();
    let of = |sums: &BTreeMap<_, Decimal>, key: &_| sums.get(key).copied().unwrap_or_default();
    let change = |key: (String, String)| {
        let (base, current) = (of(&base, &key), of(&current, &key));
        (key, [base, current, current - base])
    };
    keys.into_iter().map(change).collect()
}

fn amounts(change: &Value) -> [Decimal; 3] {
    ["base", "current", "change"].map(|member| money(&change[member]).1)
}

/// All movers of an answer.
fn movers(data: &Value) -> Changes {
    let movers = each(&data["currencies"]).flat_map(|currency| each(&currency["movers"]));
    let mover = |mover: &Value| {
        let names: Vec<_> = each(&mover["names"]).map(|name| name.as_str().unwrap()).collect();
        ((names.join(" / "), money(&mover["change"]).0), amounts(mover))
    };
    movers.map(mover).collect()
}

fn names(items: &Value) -> BTreeSet<String> {
    each(items).map(|item| item["names"][0].as_str().unwrap().to_owned()).collect()
}

async fn compare(tenant: &Tenant, more: Value) -> Told {
    tenant.ask("cost_compare", with(&json!({ "subscriptionId": SHOP_PROD, "top": 50 }), &more)).await
}

#[tokio::test]
async fn changes_equal_the_rows_of_both_periods() {
    let tenant = Tenant::start().await;
    let all = Ledger::of(&tenant);
    let shop = all.of_subscription(SHOP_PROD);
    let amortized = shop.clone().amortized();
    let day = |ago| (today() - Duration::days(ago)).to_string();
    let days = json!({ "from": day(40), "to": day(10), "baseFrom": day(150), "baseTo": day(101) });
    let many = json!({ "managementGroupId": CONTOSO_GROUP, "groupBy": "SubscriptionName", "top": 50 });
    for (told, rows, by) in [
        (compare(&tenant, json!({})).await, shop.clone(), "ServiceName"),
        (compare(&tenant, with(&days, &json!({ "groupBy": "Meter" }))).await, shop.clone(), "Meter"),
        (compare(&tenant, json!({ "from": last_month().0.to_string() })).await, shop.clone(), "ServiceName"),
        (
            compare(&tenant, json!({ "metric": "amortized", "groupBy": "ResourceGroupName" })).await,
            amortized,
            "ResourceGroupName",
        ),
        (tenant.ask("cost_compare", many).await, all.of_usage(), "SubscriptionName"),
    ] {
        let periods = periods(&told.data, &rows);
        assert_eq!(movers(&told.data), changes(&periods, |row| shown(&row.dimension(by))), "{by}");
        let whole = changes(&periods, |_| String::new());
        for currency in each(&told.data["currencies"]) {
            let code = money(&currency["total"]["change"]).0;
            assert_eq!(amounts(&currency["total"]), whole[&(String::new(), code)], "{by}");
        }
        assert_eq!(each(&told.data["currencies"]).count(), whole.len());
    }
}

#[tokio::test]
async fn what_is_not_shown_is_the_rest_of_the_change() {
    let tenant = Tenant::start().await;
    let told = compare(&tenant, json!({ "top": 2 })).await;
    for currency in each(&told.data["currencies"]) {
        let parts: Vec<_> = each(&currency["movers"]).chain(currency.get("other")).map(amounts).collect();
        let sum = |index: usize| parts.iter().map(|part| part[index]).sum::<Decimal>();
        assert_eq!([sum(0), sum(1), sum(2)], amounts(&currency["total"]));
    }
}

#[tokio::test]
async fn the_last_month_is_explained_by_what_happened_in_it() {
    let tenant = Tenant::start().await;
    let told = compare(&tenant, json!({})).await;
    let (first, last) = last_month();
    assert_eq!(date(&told.data["period"]["from"]), first);
    // in the first days of a month, the last one is still open
    assert!(date(&told.data["period"]["to"]) == last || today().day() <= 3);
    let in_currency = |code: &str| {
        each(&told.data["currencies"]).find(|currency| money(&currency["total"]["change"]).0 == code).unwrap()
    };
    let (euros, dollars) = (in_currency("EUR"), in_currency("USD"));
    assert_eq!(names(&euros["new"]), BTreeSet::from([NEW_SERVICE.to_owned()]));
    assert!(names(&euros["removed"]).contains(REMOVED_SERVICE), "{}", euros["removed"]);
    assert_eq!(euros["movers"][0]["names"][0], "Virtual Machines", "twice the machine is the largest change");
    assert_eq!(euros["total"]["kind"], "increased");
    let purchase = each(&dollars["oneTime"]).find(|charge| charge["names"][0] == ONE_TIME_PURCHASE).unwrap();
    assert_eq!(
        (purchase["chargeType"].as_str(), money(&purchase["current"]).1),
        (Some("purchase"), Decimal::from(1_450))
    );
    for name in [NEW_SERVICE, REMOVED_SERVICE, ONE_TIME_PURCHASE, "Virtual Machines"] {
        assert!(told.text.contains(name), "{name} is told: {}", told.text);
    }
}

#[tokio::test]
async fn behind_the_largest_change_are_the_meters_that_replaced_each_other() {
    let tenant = Tenant::start().await;
    let told = compare(&tenant, json!({ "drillDown": true })).await;
    let deeper = &told.data["drillDown"];
    assert_eq!((&deeper["item"], &deeper["addsUp"]), (&json!("Virtual Machines"), &json!(true)));
    let rows = Ledger::of(&tenant).of_subscription(SHOP_PROD).only(|row| row.service_name == "Virtual Machines");
    let expected =
        changes(&periods(&told.data, &rows), |row| format!("{} / {}", shown(&row.dimension("ResourceId")), row.meter));
    assert_eq!(movers(&json!({ "currencies": [deeper] })), expected);
    assert!(told.text.contains(OLD_METER) && told.text.contains(NEW_METER), "{}", told.text);
}

fn last_month() -> (Date, Date) {
    let last = today().replace_day(1).unwrap() - Duration::DAY;
    (last.replace_day(1).unwrap(), last)
}
