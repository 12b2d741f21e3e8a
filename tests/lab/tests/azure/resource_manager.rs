//! Resource Manager: whose costs, how they add up, and how the others are refused.

use std::collections::BTreeMap;

use lab::{
    journal::ServiceName,
    resource_manager::{ANALYTICS, Denial, FORMULA_NAME, INSTRUCTION_NAME, Role, SHOP_DEV, SHOP_PROD, Subscription},
};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use time::Duration;

use crate::{
    costs::{Table, amount, by_service, get, post, query, query_url, text, today},
    support::{Answer, Exchange, arm_token, claims, identity_token, lab},
};

/// What a test does to a good definition.
type Change = &'static dyn Fn(&mut Value);

#[tokio::test]
async fn a_query_adds_up_to_what_the_rows_say() {
    let lab = lab().await;
    let token = arm_token(&lab, lab.alice()).await;
    let answer = query(&lab, &token, SHOP_PROD, &by_service(90)).await;
    let table = Table::of(&answer);
    let columns = [("Cost", "Number"), ("CostUSD", "Number"), ("ServiceName", "String"), ("Currency", "String")];
    assert_eq!(table.columns(), columns);
    let mut expected: BTreeMap<(String, String), (Decimal, Decimal)> = BTreeMap::new();
    let first = today() - Duration::days(89);
    for row in lab.resource_manager().rows().iter() {
        if row.subscription_id == SHOP_PROD && row.date >= first {
            let sum = expected.entry((row.service_name.to_string(), row.currency.to_string())).or_default();
            *sum = (sum.0 + row.cost, sum.1 + row.cost_usd);
        }
    }
    let actual: BTreeMap<_, _> =
        table.rows.iter().map(|row| ((text(&row[2]), text(&row[3])), (amount(&row[0]), amount(&row[1])))).collect();
    assert_eq!(actual, expected);
    let costs: Vec<_> = table.rows.iter().map(|row| amount(&row[0])).collect();
    assert!(costs.is_sorted_by(|left, right| left >= right), "sorted by an alias");

    let entry = lab.journal().of(ServiceName::ResourceManager).pop().unwrap();
    assert!(entry.is_of(&lab.alice().object_id));
    assert_eq!(entry.header("clienttype"), "lab-test");
    assert_eq!(serde_json::from_slice::<Value>(&entry.body).unwrap(), by_service(90));
}

#[tokio::test]
async fn the_data_has_what_real_data_has() {
    let lab = lab().await;
    let token = arm_token(&lab, lab.alice()).await;
    let answer = query(&lab, &token, SHOP_PROD, &by_service(364)).await;
    let rows = Table::of(&answer).rows;
    let services: Vec<_> = rows.iter().map(|row| text(&row[2])).collect();
    assert!(services.len() >= 30, "{}", services.len());
    for name in [FORMULA_NAME, INSTRUCTION_NAME, "Azure OpenAI", "Virtual WAN"] {
        assert!(services.iter().any(|service| service == name), "{name} is missing");
    }
    let currencies: std::collections::BTreeSet<_> = rows.iter().map(|row| text(&row[3])).collect();
    assert_eq!(currencies.into_iter().collect::<Vec<_>>(), ["EUR", "USD"]);
    let dns = rows.iter().find(|row| text(&row[2]) == "Azure DNS").unwrap();
    assert!(dns[0].get().contains("E-0"), "{}", dns[0]);

    let mut refunds = by_service(364);
    refunds["dataset"]["filter"] =
        json!({ "dimensions": { "name": "ChargeType", "operator": "In", "values": ["Refund"] } });
    let answer = query(&lab, &token, SHOP_PROD, &refunds).await;
    assert!(Table::of(&answer).rows.iter().all(|row| amount(&row[0]) < Decimal::ZERO));
}

#[tokio::test]
async fn days_months_tags_and_filters_have_azures_columns() {
    let lab = lab().await;
    let token = arm_token(&lab, lab.alice()).await;
    let mut body = by_service(40);
    body["dataset"] = json!({
        "granularity": "Daily",
        "aggregation": { "totalCost": { "name": "PreTaxCost", "function": "Sum" } },
        "grouping": [{ "type": "TagKey", "name": "env" }],
        "filter": { "and": [
            { "dimensions": { "name": "ServiceName", "operator": "In", "values": ["Storage", "SQL Database"] } },
            { "or": [
                { "tags": { "name": "env", "operator": "In", "values": ["prod"] } },
                { "dimensions": { "name": "PublisherType", "operator": "In", "values": ["Azure"] } },
            ] },
        ] },
    });
    let daily = Table::of(&query(&lab, &token, SHOP_PROD, &body).await);
    let columns = [
        ("PreTaxCost", "Number"),
        ("UsageDate", "Number"),
        ("TagKey", "String"),
        ("TagValue", "String"),
        ("Currency", "String"),
    ];
    assert_eq!(daily.columns(), columns);
    let day = daily.rows[0][1].get();
    assert!(day.len() == 8 && day.parse::<u32>().is_ok(), "{day}");
    assert!(daily.rows.iter().any(|row| row[3].get() == "null"), "resources without the tag");
    let total: Decimal = daily.rows.iter().map(|row| amount(&row[0])).sum();

    body["dataset"]["granularity"] = "Monthly".into();
    let monthly = Table::of(&query(&lab, &token, SHOP_PROD, &body).await);
    assert_eq!(monthly.columns()[1], ("BillingMonth", "Datetime"));
    assert!(text(&monthly.rows[0][1]).ends_with("-01T00:00:00"));
    assert!(monthly.rows.len() < daily.rows.len());
    assert_eq!(monthly.rows.iter().map(|row| amount(&row[0])).sum::<Decimal>(), total);
}

#[tokio::test]
async fn pages_follow_one_another_and_miss_nothing() {
    let lab = lab().await;
    let token = arm_token(&lab, lab.alice()).await;
    let mut body = by_service(300);
    body["dataset"]["granularity"] = "Daily".into();
    let whole = Table::of(&post(&lab, &token, &format!("{}&$top=5000", query_url(&lab, SHOP_PROD)), &body).await);
    let mut pages = Vec::new();
    let mut next = Some(query_url(&lab, SHOP_PROD));
    let mut rows: Vec<String> = Vec::new();
    let take = |page: &Table| page.rows.iter().map(|row| serde_json::to_string(row).unwrap()).collect::<Vec<_>>();
    while let Some(url) = next {
        let page = Table::of(&post(&lab, &token, &url, &body).await);
        pages.push(page.rows.len());
        if rows.len() < 5_000 {
            rows.extend(take(&page));
        }
        next = page.next_link;
        if let Some(link) = &next {
            assert!(
                link.starts_with(lab.resource_manager().url()) && link.contains("api-version=2021-10-01"),
                "{link}"
            );
        }
    }
    assert!(pages.len() > 5 && pages[..pages.len() - 1].iter().all(|rows| *rows == 1_000), "{pages:?}");
    assert_eq!(rows, take(&whole));

    let link = whole.next_link.unwrap();
    post(&lab, &token, &link, &by_service(30)).await.is_error(400, "BadRequest");
    let bob = arm_token(&lab, lab.bob()).await;
    post(&lab, &bob, &link, &body).await.is_error(401, "RBACAccessDenied");
}

#[tokio::test]
async fn without_data_there_is_no_body() {
    let lab = lab().await;
    let token = arm_token(&lab, lab.alice()).await;
    let mut body = by_service(30);
    body["dataset"]["filter"] =
        json!({ "dimensions": { "name": "ServiceName", "operator": "In", "values": ["None"] } });
    let answer = query(&lab, &token, SHOP_PROD, &body).await;
    assert_eq!((answer.status.as_u16(), &*answer.text), (204, ""));
    lab.resource_manager().set_rows(Vec::new());
    assert_eq!(query(&lab, &token, SHOP_PROD, &by_service(30)).await.status, 204);
}

#[tokio::test]
async fn roles_count_from_one_request_to_the_next() {
    let lab = lab().await;
    let arm = lab.resource_manager();
    let token = arm_token(&lab, lab.bob()).await;
    let ask = || async { query(&lab, &token, SHOP_PROD, &by_service(30)).await };
    let denied = ask().await;
    denied.is_error(401, "RBACAccessDenied");
    assert_eq!(denied.header("www-authenticate"), "", "the token is fine, so there is no challenge");
    arm.set_denial(SHOP_PROD, Denial::AuthorizationFailed);
    let denied = ask().await;
    denied.is_error(403, "AuthorizationFailed");
    let message = denied.body["error"]["message"].as_str().unwrap();
    assert!(message.contains(&lab.bob().object_id) && message.contains("/query/read"), "{message}");

    arm.assign_role(lab.bob(), SHOP_PROD, Role::VirtualMachineContributor);
    ask().await.is_error(403, "AuthorizationFailed");
    arm.assign_role(lab.bob(), SHOP_PROD, Role::CostManagementReader);
    assert_eq!(ask().await.status, 200);
    arm.remove_role(lab.bob(), SHOP_PROD, Role::CostManagementReader);
    ask().await.is_error(403, "AuthorizationFailed");
}

#[tokio::test]
async fn the_list_shows_what_a_person_has_a_role_on() {
    let lab = lab().await;
    let (alice, bob) = (arm_token(&lab, lab.alice()).await, arm_token(&lab, lab.bob()).await);
    let url = format!("{}/subscriptions", lab.resource_manager().url());
    let list = async |token: &str| {
        let answer = Answer::of(lab.client().get(format!("{url}?api-version=2022-12-01")).bearer_auth(token)).await;
        let value = answer.body["value"].as_array().unwrap().clone();
        value.iter().map(|each| each["displayName"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(list(&alice).await, ["shop-prod"]);
    assert_eq!(list(&bob).await, Vec::<String>::new());
    lab.resource_manager().assign_role(lab.bob(), SHOP_DEV, Role::VirtualMachineContributor);
    lab.resource_manager().assign_role(lab.bob(), ANALYTICS, Role::Reader);
    assert_eq!(list(&bob).await, ["shop-dev", "analytics"]);

    let ask = |url: String| Answer::of(lab.client().get(url).bearer_auth(&alice));
    ask(url.clone()).await.is_error(400, "MissingApiVersionParameter");
    ask(format!("{url}?api-version=2000-01-01")).await.is_error(400, "InvalidApiVersionParameter");
    ask(format!("{url}/x?api-version=2022-12-01")).await.is_error(404, "NotFound");
}

#[tokio::test]
async fn a_wrong_scope_or_version_is_refused() {
    let lab = lab().await;
    let token = arm_token(&lab, lab.alice()).await;
    let body = by_service(30);
    let unknown = "00000000-0000-4000-8000-000000000000";
    query(&lab, &token, unknown, &body).await.is_error(404, "SubscriptionNotFound");
    query(&lab, &token, "shop-prod", &body).await.is_error(400, "InvalidSubscriptionId");
    let url = query_url(&lab, SHOP_PROD);
    post(&lab, &token, url.split_once('?').unwrap().0, &body).await.is_error(400, "MissingApiVersionParameter");
    post(&lab, &token, &url.replace("2025", "1999"), &body).await.is_error(400, "NoRegisteredProviderFound");
    post(&lab, &token, &format!("{url}&$top=5001"), &body).await.is_error(400, "BadRequest");
    Answer::of(lab.client().get(&url).bearer_auth(&token)).await.is_error(405, "MethodNotAllowed");
    // paths are case-insensitive
    assert_eq!(post(&lab, &token, &url.replace("Microsoft", "MICROSOFT"), &body).await.status, 200);
}

#[tokio::test]
async fn a_definition_is_judged_as_cost_management_judges_it() {
    let lab = lab().await;
    let token = arm_token(&lab, lab.alice()).await;
    let refusal = async |change: &dyn Fn(&mut Value)| {
        let mut body = by_service(30);
        change(&mut body);
        let answer = query(&lab, &token, SHOP_PROD, &body).await;
        answer.is_error(400, "BadRequest");
        answer.body["error"]["message"].as_str().unwrap().to_owned()
    };
    let year = "Invalid query definition: The time period for pulling the data cannot exceed 1 year(s)";
    let long =
        refusal(&|body| body["timePeriod"] = json!({ "from": "2023-11-20T00:00:00Z", "to": "2024-11-20T23:59:59Z" }));
    assert_eq!(long.await, year);
    let dimension = refusal(&|body| body["dataset"]["grouping"][0]["name"] = "BillingPeriod".into()).await;
    let valid =
        "Invalid query definition: Invalid dataset grouping: 'BillingPeriod'; valid values: 'ResourceGroupName',";
    assert!(dimension.starts_with(valid), "{dimension}");
    let changes: [(&str, Change); 12] = [
        ("three groupings", &|body| {
            body["dataset"]["grouping"] = json!(vec![json!({"type":"Dimension","name":"Meter"}); 3]);
        }),
        ("no aggregation", &|body| body["dataset"]["aggregation"] = json!({})),
        ("average", &|body| body["dataset"]["aggregation"]["totalCost"]["function"] = "Avg".into()),
        ("unknown measure", &|body| body["dataset"]["aggregation"]["totalCost"]["name"] = "Price".into()),
        ("hourly", &|body| body["dataset"]["granularity"] = "Hourly".into()),
        ("unknown type", &|body| body["type"] = "Forecast".into()),
        ("custom without a period", &|body| body["timePeriod"] = Value::Null),
        ("backwards", &|body| body["timePeriod"] = json!({ "from": "2026-11-20", "to": "2026-11-19" })),
        ("not a day", &|body| body["timePeriod"]["from"] = "yesterday".into()),
        ("and of one", &|body| {
            let one = json!({ "dimensions": { "name": "Meter", "operator": "In", "values": ["x"] } });
            body["dataset"]["filter"] = json!({ "and": [one] });
        }),
        ("no values", &|body| {
            body["dataset"]["filter"] = json!({ "dimensions": { "name": "Meter", "operator": "In", "values": [] } });
        }),
        ("sorted by no column", &|body| body["dataset"]["sorting"][0]["name"] = "Price".into()),
    ];
    for (what, change) in changes {
        let message = refusal(change).await;
        assert!(message.starts_with("Invalid query definition: "), "{what}: {message}");
    }
    let mut year_exactly = by_service(30);
    year_exactly["timePeriod"] = json!({ "from": "2023-11-20", "to": "2024-11-20" });
    assert_eq!(query(&lab, &token, SHOP_PROD, &year_exactly).await.status, 204, "accepted, and long before any data");
}

#[tokio::test]
async fn only_a_token_for_resource_manager_counts() {
    let lab = lab().await;
    let url = query_url(&lab, SHOP_PROD);
    let answer = Answer::of(lab.client().post(&url)).await;
    answer.is_error(401, "AuthenticationFailed");
    assert!(answer.header("www-authenticate").contains("error=\"invalid_token\""));
    let user = lab.token(lab.alice()).scope("cost.read").issue().unwrap();
    let vault = identity_token(&lab, "https://vault.azure.net").await;
    let arm_like = || {
        let token = lab.token(lab.alice()).scope("cost.read").version_1();
        token.audience(lab.resource_manager().url())
    };
    post(&lab, &arm_like().issue().unwrap(), &url, &by_service(1)).await.body["properties"].as_object().unwrap();
    for (token, code) in [
        (user, "InvalidAuthenticationTokenAudience"),
        (vault, "InvalidAuthenticationTokenAudience"),
        (arm_like().expired().issue().unwrap(), "ExpiredAuthenticationToken"),
        (arm_like().tenant(SHOP_DEV).issue().unwrap(), "InvalidAuthenticationTokenTenant"),
        (arm_like().signed_by_unknown_key().issue().unwrap(), "InvalidAuthenticationToken"),
        ("x".to_owned(), "InvalidAuthenticationToken"),
    ] {
        post(&lab, &token, &url, &by_service(1)).await.is_error(401, code);
    }
}

#[tokio::test]
async fn a_revoked_session_is_challenged_and_only_a_newer_sign_in_answers_the_challenge() {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let lab = lab().await;
    let old = lab.token(lab.alice()).scope("cost.read").issue().unwrap();
    let deaf = Exchange::of(&lab, &old).send().await.token().to_owned();
    let answer = Exchange::of(&lab, &old).claims(json!({})).send().await;
    let told = answer.token().to_owned();
    assert_eq!(claims(&told)["xms_cc"], json!(["cp1"]));
    assert_eq!(answer.body["expires_in"], 86_399);
    lab.entra().revoke(lab.alice());

    let ask = async |token: &str| query(&lab, token, SHOP_PROD, &by_service(1)).await;
    assert_eq!(ask(&deaf).await.status, 200, "who did not declare cp1 keeps its token to the end");
    let answer = ask(&told).await;
    answer.is_error(401, "InvalidAuthenticationToken");
    let challenge = answer.header("www-authenticate");
    assert!(
        challenge.starts_with("Bearer realm=\"\", ") && challenge.contains("error=\"insufficient_claims\""),
        "{challenge}"
    );
    let demanded = challenge.split_once(" claims=\"").unwrap().1.trim_end_matches('"');
    let demanded: Value = serde_json::from_slice(&BASE64_STANDARD.decode(demanded).unwrap()).unwrap();
    assert_eq!(demanded["access_token"]["nbf"]["essential"], true);

    let answer = Exchange::of(&lab, &old).claims(demanded.clone()).send().await;
    answer.is_refused(400, "interaction_required", 50_173);
    assert_eq!(answer.body["claims"], demanded.to_string());
    let new = lab.token(lab.alice()).scope("cost.read").issue().unwrap();
    let answer = Exchange::of(&lab, &new).claims(demanded).send().await;
    assert_eq!(ask(answer.token()).await.status, 200);
}

#[tokio::test]
async fn cost_management_throttles_with_headers_of_its_own() {
    let lab = lab().await;
    let token = arm_token(&lab, lab.alice()).await;
    lab.resource_manager().throttle(1, 42);
    let answer = query(&lab, &token, SHOP_PROD, &by_service(1)).await;
    answer.is_error(429, "429");
    assert_eq!(answer.header("x-ms-ratelimit-microsoft.costmanagement-qpu-retry-after"), "42");
    assert_eq!(answer.header("retry-after"), "");
    assert_eq!(query(&lab, &token, SHOP_PROD, &by_service(1)).await.status, 200);
}

#[tokio::test]
async fn the_list_comes_in_pages_with_offers_states_and_names_of_others() {
    let lab = lab().await;
    let arm = lab.resource_manager();
    let hostile = Subscription::new("c1a6f3e8-2d4b-4790-9e5a-b8d7c0f21364", FORMULA_NAME, "CSP_2015-05-01");
    let mut subscriptions = arm.subscriptions().to_vec();
    subscriptions.push(hostile);
    for subscription in &subscriptions {
        arm.assign_role(lab.alice(), &*subscription.id, Role::Reader);
    }
    arm.set_subscriptions(subscriptions);
    arm.set_page_size(3);
    let token = arm_token(&lab, lab.alice()).await;
    let mut next = Some(format!("{}/subscriptions?api-version=2022-12-01", arm.url()));
    let mut pages = Vec::new();
    while let Some(url) = next {
        let answer = get(&lab, &token, &url).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let describe = |each: &Value| {
            let offer = text(&each["subscriptionPolicies"]["quotaId"]);
            format!("{} {} {}", text(&each["displayName"]), offer.split('_').next().unwrap(), text(&each["state"]))
        };
        pages.push(answer.body["value"].as_array().unwrap().iter().map(describe).collect::<Vec<_>>());
        next = answer.body["nextLink"].as_str().map(str::to_owned);
    }
    let formula = format!("{FORMULA_NAME} CSP Enabled");
    assert_eq!(
        pages,
        [
            vec![
                "shop-prod EnterpriseAgreement Enabled",
                "shop-dev MSDNDevTest Enabled",
                "analytics PayAsYouGo Enabled"
            ],
            vec!["hackathon Sponsored Enabled", "pilot MSDN Warned", "archive PayAsYouGo Disabled"],
            vec![&*formula],
        ]
    );
    get(&lab, &token, &format!("{}/subscriptions?api-version=2022-12-01&$skiptoken=x", arm.url()))
        .await
        .is_error(400, "BadRequest");
}
