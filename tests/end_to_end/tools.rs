//! The tools with real data behind them. Proves that sums equal an independent computation over the same rows, and what a
//! client sees of a list. What Cost Management calls its columns today, only a live tenant can show.

use std::collections::BTreeMap;

use http::StatusCode;
use lab::{
    Deployment,
    fault::Fault,
    journal::ServiceName,
    resource_manager::{ANALYTICS, Role, SHOP_DEV, SHOP_PROD},
};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use time::Date;

use crate::support::{cost_by_service, deployed, deployed_with, events, is_status, reads};

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
    assert_eq!(
        names(&alice.body),
        [
            "cost_budgets",
            "cost_by_service",
            "cost_compare",
            "cost_dimension_values",
            "cost_export",
            "cost_forecast",
            "cost_query",
            "subscriptions_list",
            "whoami"
        ]
    );
    assert_eq!(alice.body.pointer("/result/cacheScope"), Some(&json!("private")));
    for (roles, shown) in [(&["Diagnostics.Read"][..], &["diagnostics", "whoami"][..]), (&[], &["whoami"])] {
        let token = deployment.lab.service_token(roles).issue().unwrap();
        let service = deployment.client.list(&token).await.unwrap();
        assert_eq!(names(&service.body), shown);
        assert_eq!(service.body.pointer("/result/cacheScope"), Some(&json!("private")));
    }
}

#[tokio::test]
async fn a_disabled_tool_is_to_everybody_as_if_it_had_never_been() {
    let deployment = deployed_with(&[("DISABLED_TOOLS", "cost_export")]).await;
    deployment.lab.entra().admin_consents("cost.export");
    let token = deployment.lab.token(deployment.lab.alice()).scope("cost.read").scope("cost.export").issue().unwrap();
    let listed = deployment.client.list(&token).await.unwrap().body.to_string();
    assert!(listed.contains("subscriptions_list") && !listed.contains(r#""name":"cost_export""#), "{listed}");
    let call = async |tool| deployment.client.call(&token, tool, json!({ "subscriptionId": SHOP_PROD })).await.unwrap();
    let (disabled, made_up) = (call("cost_export").await, call("cost_import").await);
    assert_eq!(disabled.status, made_up.status);
    assert_eq!(disabled.rpc_error().unwrap(), (made_up.rpc_error().unwrap().0, "Unknown tool: cost_export"));
    let whoami = deployment.client.call(&token, "whoami", json!({})).await.unwrap();
    let standings = whoami.structured().unwrap()["tools"].to_string();
    assert!(standings.contains("cost_by_service") && !standings.contains(r#""tool":"cost_export""#), "{standings}");
    let audit = events(&deployment, "audit");
    assert_eq!((&audit[0]["tool"], &audit[0]["reason"]), (&Value::Null, &json!("unknown_tool")));
    assert!(deployment.lab.journal().of(ServiceName::ResourceManager).is_empty(), "Azure was not asked");
}

#[tokio::test]
async fn each_sees_the_subscriptions_that_azure_shows_them() {
    let deployment = deployed().await;
    let list = async |person| {
        let token = reads(&deployment, person);
        let answer = deployment.client.call(&token, "subscriptions_list", json!({ "nameContains": "SHOP-P" })).await;
        answer.unwrap()
    };
    let alice = list(deployment.lab.alice()).await;
    let items = &alice.structured().unwrap()["items"];
    assert_eq!(items.as_array().unwrap().len(), 1, "{items}");
    assert_eq!((&items[0]["subscriptionId"], &items[0]["name"]), (&json!(SHOP_PROD), &json!("shop-prod")));
    assert_eq!(items[0]["costSupported"], "yes");
    let asked = deployment.lab.journal().of(ServiceName::ResourceManager);
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].query, "api-version=2022-12-01");

    for id in [SHOP_PROD, SHOP_DEV, ANALYTICS] {
        for role in [Role::Reader, Role::CostManagementReader, Role::VirtualMachineContributor] {
            deployment.lab.resource_manager().remove_role(deployment.lab.bob(), id, role);
        }
    }
    let bob = list(deployment.lab.bob()).await;
    assert!(!bob.is_tool_error() && bob.sentence().starts_with("You see no subscription."), "{}", bob.sentence());

    // any role shows a subscription; its costs are another question
    deployment.lab.resource_manager().assign_role(deployment.lab.bob(), SHOP_PROD, Role::VirtualMachineContributor);
    let bob = list(deployment.lab.bob()).await;
    assert_eq!(bob.structured().unwrap()["items"][0]["subscriptionId"], SHOP_PROD);
    let costs = cost_by_service(&deployment, &reads(&deployment, deployment.lab.bob())).await;
    assert!(costs.is_tool_error(), "{}", costs.sentence());
    let shown: Vec<_> = events(&deployment, "audit").iter().map(|line| line["decision"].clone()).collect();
    assert_eq!(shown, ["accept", "accept", "accept", "deny:rbac"]);
}

/// A page of one subscription, `number`, and the link to the next page.
fn page(number: usize, next: &str) -> Fault {
    let id = format!("0b1f6471-1bf0-4dda-aec3-{number:012}");
    let body = json!({ "value": [{ "subscriptionId": id, "displayName": "paged" }], "nextLink": next });
    let answer = http::Response::builder().header("content-type", "application/json");
    Fault::Answer(answer.body(body.to_string().into()).unwrap())
}

#[tokio::test]
async fn the_pages_of_a_list_are_followed_at_azure_alone_and_not_for_ever() {
    let deployment = deployed().await;
    let (azure, token) = (deployment.lab.resource_manager(), reads(&deployment, deployment.lab.alice()));
    let list = async || deployment.client.call(&token, "subscriptions_list", json!({})).await.unwrap();
    let asked = || deployment.lab.journal().of(ServiceName::ResourceManager);
    let link = format!("{}/subscriptions?api-version=2022-12-01&%24skiptoken=2", azure.url().trim_end_matches('/'));

    azure.set_page_size(1);
    azure.assign_role(deployment.lab.alice(), SHOP_DEV, Role::Reader);
    let two = list().await;
    let items = two.structured().unwrap()["items"].to_string();
    assert!(items.contains(r#""name":"shop-dev""#) && items.contains(r#""name":"shop-prod""#), "{items}");
    assert_eq!(two.structured().unwrap()["complete"], true);
    assert!(asked().len() > 1 && asked()[1].query.contains("skiptoken"), "{}", asked()[1].query);

    deployment.lab.journal().clear();
    azure.faults().always(page(1, &link));
    let capped = list().await;
    assert_eq!((asked().len(), &capped.structured().unwrap()["complete"]), (10, &json!(false)));
    azure.faults().clear();

    deployment.lab.journal().clear();
    azure.faults().next(1, &page(1, "https://evil.example/subscriptions?x=1"));
    let foreign = list().await;
    assert!(foreign.is_tool_error() && foreign.sentence().contains("was not followed"), "{}", foreign.sentence());
    assert_eq!(asked().len(), 1);
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

#[tokio::test]
async fn a_comparison_is_one_query_and_its_drill_down_a_second() {
    let deployment = deployed().await;
    let token = reads(&deployment, deployment.lab.alice());
    let compare = async |arguments| deployment.client.call(&token, "cost_compare", arguments).await.unwrap();
    let asked = || deployment.lab.journal().of(ServiceName::ResourceManager).len();

    let answer = compare(json!({ "subscriptionId": SHOP_PROD })).await;
    assert!(!answer.is_tool_error(), "{}", answer.sentence());
    assert!(!answer.structured().unwrap()["currencies"][0]["movers"].as_array().unwrap().is_empty());
    assert_eq!(asked(), 1);

    let deeper = compare(json!({ "subscriptionId": SHOP_PROD, "drillDown": true })).await;
    assert_eq!(deeper.structured().unwrap()["drillDown"]["addsUp"], true, "{}", deeper.body);
    assert_eq!(asked(), 3);
}
