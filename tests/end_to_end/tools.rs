//! The tools with real data behind them. Proves that sums equal an independent computation over the same rows, and what a
//! client sees of a list. What Cost Management calls its columns today, only a live tenant can show.

use std::collections::BTreeMap;

use http::StatusCode;
use lab::{Deployment, journal::ServiceName, resource_manager::SHOP_PROD};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use time::Date;

use crate::support::{cost_by_service, deployed, events, is_status, reads};

/// The exact sum of the lab's rows, by currency: computed here, from the data and not from an answer.
fn expected(deployment: &Deployment, from: Date, to: Date) -> BTreeMap<String, Decimal> {
    let mut totals = BTreeMap::new();
    for row in deployment.lab.resource_manager().rows().iter() {
        if row.subscription_id == SHOP_PROD && (from..=to).contains(&row.date) {
            *totals.entry(row.currency.to_string()).or_insert(Decimal::ZERO) += row.cost;
        }
    }
    totals
}

#[tokio::test]
async fn totals_equal_an_independent_sum_of_the_same_days() {
    let deployment = deployed().await;
    deployment.lab.entra().admin_consents("cost.export");
    let (lab, today) = (&deployment.lab, time::OffsetDateTime::now_utc().date());
    let token = lab.token(lab.alice()).scope("cost.read").scope("cost.export").issue().unwrap();
    let from = today - time::Duration::days(200);
    let to = today - time::Duration::days(20);
    let expected = expected(&deployment, from, to);
    assert!(expected.len() > 1, "one currency alone would prove little: {expected:?}");
    let arguments = json!({ "subscriptionId": SHOP_PROD, "from": from.to_string(), "to": to.to_string() });

    let answer = deployment.client.call(&token, "cost_by_service", arguments.clone()).await.unwrap();
    is_status(&answer, StatusCode::OK);
    let currencies = answer.structured().unwrap()["currencies"].as_array().unwrap();
    let totals = currencies.iter().map(|currency| {
        let total = &currency["total"];
        (total["currency"].as_str().unwrap().to_owned(), total["amountExact"].as_str().unwrap().parse().unwrap())
    });
    assert_eq!(totals.collect::<BTreeMap<String, Decimal>>(), expected);

    let export = deployment.client.call(&token, "cost_export", arguments).await.unwrap();
    let csv = export.structured().unwrap()["csv"].as_str().unwrap();
    let mut sums: BTreeMap<String, Decimal> = BTreeMap::new();
    for record in csv::Reader::from_reader(csv.as_bytes()).records().map(Result::unwrap) {
        assert!(!record[0].starts_with(['=', '+', '-', '@']), "a formula: {record:?}");
        *sums.entry(record[1].to_owned()).or_default() += record[2].parse::<Decimal>().unwrap();
    }
    assert_eq!(sums, expected);
}

#[tokio::test]
async fn a_request_names_itself_and_its_version() {
    let deployment = deployed().await;
    cost_by_service(&deployment, &reads(&deployment, deployment.lab.alice())).await;
    let asked = deployment.lab.journal().of(ServiceName::ResourceManager);
    assert_eq!(asked.len(), 1, "one query an answer");
    assert_eq!(asked[0].header("clienttype"), "mcp-cost-server");
    assert!(asked[0].query.contains("api-version=2025-03-01"), "{}", asked[0].query);
    let audit = events(&deployment, "audit");
    assert_eq!(audit[0]["correlation_id"], asked[0].header("x-ms-client-request-id"), "one id from log to Azure");
}

#[tokio::test]
async fn everybody_is_shown_the_same_tools_and_a_service_its_own() {
    let deployment = deployed().await;
    let names = |body: &Value| -> Vec<String> {
        let tools = body.pointer("/result/tools").unwrap().as_array().unwrap();
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    };
    let alice = deployment.client.list(&reads(&deployment, deployment.lab.alice())).await.unwrap();
    assert_eq!(names(&alice.body), ["cost_by_service", "cost_export", "cost_query", "whoami"]);
    assert_eq!(alice.body.pointer("/result/cacheScope"), Some(&json!("private")));
    let service =
        deployment.client.list(&deployment.lab.service_token(&["Diagnostics.Read"]).issue().unwrap()).await.unwrap();
    assert_eq!(names(&service.body), ["whoami"]);
}

#[tokio::test]
async fn each_call_leaves_one_line_of_evidence() {
    let deployment = deployed().await;
    let lab = &deployment.lab;
    let (alice, bob) = (reads(&deployment, lab.alice()), reads(&deployment, lab.bob()));
    let arguments = json!({ "subscriptionId": SHOP_PROD });
    for (token, tool) in [(&alice, "cost_by_service"), (&bob, "cost_by_service"), (&bob, "cost_export")] {
        deployment.client.call(token, tool, arguments.clone()).await.unwrap();
    }
    let lines = events(&deployment, "audit");
    let shown: Vec<_> = lines
        .iter()
        .map(|line| {
            let text = |name: &str| line[name].as_str().unwrap_or("-").to_owned();
            assert_eq!(line["subscription_id"], SHOP_PROD);
            assert_eq!(line["tid"], lab::people::TENANT_ID);
            assert!(line["duration_ms"].is_number() && line["uti"].is_string() && line["azp"].is_string(), "{line}");
            format!("{} {} {} {}", text("decision"), text("user"), text("tool"), text("permission"))
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @"
    accept alice@contoso.example cost_by_service cost.read
    deny:rbac bob@contoso.example cost_by_service cost.read
    deny:scope bob@contoso.example cost_export cost.export
    ");
}
