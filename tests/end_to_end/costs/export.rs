//! Exported files, put together again, hold every line once.

use std::collections::BTreeMap;

use csv::StringRecord;
use lab::resource_manager::{CONTOSO_GROUP, FORMULA_NAME, Role, SHOP_PROD, Scope};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use time::{Date, Duration};

use super::{
    ledger::{Ledger, shown},
    tenant::{Tenant, each, today, totals, with},
};

/// All files of an export.
struct Exported {
    first: Value,
    files: usize,
    columns: Vec<String>,
    records: Vec<StringRecord>,
}

async fn export(tenant: &Tenant, arguments: Value) -> Exported {
    let (mut first, mut files, mut records) = (Value::Null, 0, vec![]);
    let mut cursor = json!({});
    loop {
        let data = tenant.ask("cost_export", with(&arguments, &cursor)).await.data;
        let mut reader = csv::Reader::from_reader(data["csv"].as_str().unwrap().as_bytes());
        let columns = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let before = records.len();
        records.extend(reader.records().map(Result::unwrap));
        assert_eq!(data["rowCount"], records.len() - before);
        files += 1;
        assert!(files < 100, "it must end");
        if first.is_null() {
            first = data.clone();
        }
        match data.get("nextCursor") {
            None => return Exported { first, files, columns, records },
            Some(next) => cursor = json!({ "cursor": next }),
        }
    }
}

impl Exported {
    /// Everything but the amount, and the amount. A line that came twice would be lost here, so it must not.
    #[track_caller]
    fn lines(&self) -> BTreeMap<Vec<String>, Decimal> {
        let line = |record: &StringRecord| {
            let mut cells: Vec<_> = record.iter().map(str::to_owned).collect();
            let amount = cells.pop().unwrap().parse().unwrap();
            (cells, amount)
        };
        let lines: BTreeMap<_, _> = self.records.iter().map(line).collect();
        assert_eq!(lines.len(), self.records.len(), "each line comes once");
        lines
    }
}

fn days(from: Date, to: Date) -> Value {
    json!({ "from": from.to_string(), "to": to.to_string() })
}

#[tokio::test]
async fn files_of_more_lines_than_azure_has_on_a_page_hold_every_resource_and_day_once() {
    let tenant = Tenant::start().await;
    let (from, to) = (today() - Duration::days(205), today() - Duration::days(5));
    let rows = Ledger::of(&tenant).of_subscription(SHOP_PROD).between(from, to);
    let question = json!({
        "subscriptionId": SHOP_PROD, "groupBy": ["ResourceId"], "granularity": "daily", "maxRows": 2000,
    });
    let exported = export(&tenant, with(&question, &days(from, to))).await;
    assert_eq!(exported.columns, ["date", "resource", "currency", "cost"]);
    assert!(exported.records.len() > 5_000, "one page of Azure's would prove little: {}", exported.records.len());
    assert!(exported.files > 1);
    assert!(tenant.asked().iter().any(|entry| entry.query.contains("skiptoken")), "Azure's second page was read");

    let expected = rows.by(|row| format!("{} {}", row.date, shown(&row.dimension("ResourceId"))));
    let expected = expected.into_iter().map(|((name, currency), amount)| {
        let (day, resource) = name.split_once(' ').unwrap();
        (vec![day.to_owned(), resource.to_owned(), currency], amount)
    });
    assert_eq!(exported.lines(), expected.collect());
    assert_eq!(totals(each(&exported.first["totals"])), rows.totals(), "the first file counts everything");
}

#[tokio::test]
async fn months_of_tags_over_subscriptions_and_currencies_equal_the_rows() {
    let tenant = Tenant::start().await;
    let (from, to) = (today() - Duration::days(300), today());
    let rows = Ledger::of(&tenant).between(from, to).of_usage();
    let question = json!({
        "managementGroupId": CONTOSO_GROUP, "groupBy": ["tag:team", "SubscriptionName"], "granularity": "monthly",
    });
    let exported = export(&tenant, with(&question, &days(from, to))).await;
    assert_eq!(exported.columns, ["month", "tag:team", "subscription", "currency", "cost"]);
    let mut expected: BTreeMap<Vec<String>, Decimal> = BTreeMap::new();
    for row in rows.counted() {
        let month = row.date.replace_day(1).unwrap().to_string();
        let team = shown(row.tag("team").unwrap_or_default());
        let key = vec![month, team, row.subscription_name.to_string(), row.currency.to_string()];
        *expected.entry(key).or_default() += row.cost;
    }
    assert_eq!(exported.lines(), expected);
    assert!(expected.keys().any(|key| key[3] == "USD") && expected.keys().any(|key| key[3] == "EUR"));
}

#[tokio::test]
async fn a_name_that_a_spreadsheet_would_run_is_text_and_its_amount_a_number() {
    let tenant = Tenant::start().await;
    let (from, to) = (today() - Duration::days(90), today());
    let question = json!({ "subscriptionId": SHOP_PROD, "maxRows": 7 });
    let exported = export(&tenant, with(&question, &days(from, to))).await;
    assert!(exported.files > 1);
    let rows = Ledger::of(&tenant).of_subscription(SHOP_PROD).between(from, to);
    let services = rows.by(|row| match shown(&row.service_name) {
        formula if formula == FORMULA_NAME => format!("'{formula}"),
        name => name,
    });
    let expected = services.into_iter().map(|((name, currency), amount)| (vec![name, currency], amount));
    assert_eq!(exported.lines(), expected.collect());
}

#[tokio::test]
async fn a_cursor_is_of_one_person_and_azure_judges_every_page() {
    let tenant = Tenant::start().await;
    let (alice, bob) = (tenant.deployment.lab.alice(), tenant.deployment.lab.bob());
    let everything = Scope::management_group(CONTOSO_GROUP);
    tenant.azure().assign_role(bob, everything.clone(), Role::Reader);
    let question = json!({ "subscriptionId": SHOP_PROD, "maxRows": 5 });
    let first = tenant.ask("cost_export", question.clone()).await.data;
    let next = with(&question, &json!({ "cursor": first["nextCursor"] }));

    tenant.asked();
    let text = tenant.refusal(&tenant.bob, "cost_export", next.clone()).await;
    assert!(
        text.starts_with("Argument `cursor` belongs to another question, another person or another day."),
        "{text}"
    );
    assert!(tenant.asked().is_empty());

    tenant.azure().remove_role(alice, everything, Role::CostManagementReader);
    tenant.azure().remove_role(alice, SHOP_PROD, Role::CostManagementReader);
    let text = tenant.refusal(&tenant.alice, "cost_export", next).await;
    assert!(text.starts_with("403: caller (alice@contoso.example) lacks Cost Management Reader on"), "{text}");
}
