//! Proves what `cost_budgets` accepts and says, for answers given here. Real budgets and alerts need a tenant.

use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::tools::{
    arguments::{self, BadArgument},
    tests::assert_follows,
};

const NOW: UnixTime = UnixTime(1_795_343_643); // 2026-11-22T10:34:03Z
const SUBSCRIPTION: &str = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";

fn money(amount: &str, currency: &str) -> Money {
    Money::parse(amount, currency.parse().unwrap()).unwrap()
}

fn budget(name: &str, amount: &str, spent: &str, forecast: &str) -> Budget {
    let optional = |amount: &str| (!amount.is_empty()).then(|| money(amount, "EUR"));
    Budget {
        name: Name::new(name),
        resource_group: None,
        amount: money(amount, if spent.is_empty() { "XXX" } else { "EUR" }),
        current_spend: optional(spent),
        forecast: optional(forecast),
        time_grain: Some(Name::new("Monthly")),
        from: "2026-04-01".parse().ok(),
        until: "2027-03-31".parse().ok(),
        conditions: vec![],
        conditions_complete: true,
    }
}

fn condition(by: &str, values: &[&str]) -> BudgetCondition {
    BudgetCondition { by: Name::new(by), values: values.iter().map(|value| Name::new(value)).collect() }
}

fn alert(kind: &str, status: &str, budget: &str, created: &str) -> Alert {
    Alert {
        kind: Name::new(kind),
        status: Name::new(status),
        budget: (!budget.is_empty()).then(|| Name::new(budget)),
        resource_group: None,
        threshold: Percent::of_fraction("0.8"),
        amount: Some(money("1000", "EUR")),
        spend: Some(money("800.01", "EUR")),
        created: created.parse().ok(),
    }
}

#[track_caller]
fn answered(budgets: Vec<Budget>, alerts: Option<Vec<Alert>>) -> Answer {
    let scope = CostScope::Subscription(SUBSCRIPTION.parse().unwrap());
    let today = "2026-11-22".parse().unwrap();
    let answer = answer(scope, (budgets, false), alerts.map(|alerts| (alerts, false)), NOW, today);
    assert_follows(&answer.data(), &tool().output);
    answer
}

fn november() -> Vec<Budget> {
    vec![
        budget("calm", "1000", "79.999", "100"),
        budget("close", "1000", "800", ""),
        Budget {
            conditions: vec![
                condition("ServiceName", &["Storage", "SQL Database"]),
                condition("tag:team", &["a", "b", "c", "d", "e"]),
            ],
            ..budget("growing", "1000", "500.000000000000001", "1000.01")
        },
        Budget { resource_group: Some(Name::new("rg-shop")), ..budget("over", "1000", "1234.5", "2000") },
        Budget { until: "2026-10-31".parse().ok(), ..budget("past", "1000", "1234.5", "") },
        Budget { time_grain: None, ..budget("new", "1000", "", "") },
    ]
}

#[test]
fn the_text_is_the_whole_answer_the_most_pressing_first() {
    let alerts = vec![
        alert("Budget", "Dismissed", "over", "2026-11-21"),
        Alert { resource_group: Some(Name::new("rg-shop")), ..alert("Budget", "Active", "over", "2026-11-10") },
        alert("BudgetForecast", "Active", "growing", "2026-11-20"),
        Alert { threshold: None, amount: None, spend: None, ..alert("General", "None", "", "") },
    ];
    let answer = answered(november(), Some(alerts));
    assert_snapshot!(answer.text, @r"
    **Budgets**

    Subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 has 6 budgets: 1 exceeded, 1 forecast to exceed, 1 at 80 % or more, 1 within, 1 not evaluated yet, 1 ended (as of 2026-11-22T10:34:03Z).

    | Budget  | Status             |    Used |            |       Spent |      Amount |    Forecast | Period                            | Counts                 |
    | :------ | :----------------- | ------: | :--------- | ----------: | ----------: | ----------: | :-------------------------------- | :--------------------- |
    | over    | exceeded           | 123.5 % | ██████████ | 1234.50 EUR | 1000.00 EUR | 2000.00 EUR | Monthly, 2026-04-01 to 2027-03-31 | resource group rg-shop |
    | growing | forecast to exceed |  50.0 % | ██████░░░░ |  500.00 EUR | 1000.00 EUR | 1000.01 EUR | Monthly, 2026-04-01 to 2027-03-31 | ServiceName = Storage or SQL Database and tag\:team = a or b or c or 2 more |
    | close   | at 80 % or more    |  80.0 % | ████████░░ |  800.00 EUR | 1000.00 EUR |             | Monthly, 2026-04-01 to 2027-03-31 | everything             |
    | calm    | within             |   8.0 % | █░░░░░░░░░ |   80.00 EUR | 1000.00 EUR |  100.00 EUR | Monthly, 2026-04-01 to 2027-03-31 | everything             |
    | new     | not evaluated yet  |         |            |             |     1000.00 |             | 2026-04-01 to 2027-03-31          | everything             |
    | past    | ended              | 123.5 % | ██████████ | 1234.50 EUR | 1000.00 EUR |             | Monthly, 2026-04-01 to 2026-10-31 | everything             |

    Azure raised 4 alerts, 2 active.

    | Created    | Type           | Status    | Budget                       | Threshold | Spent or expected |      Amount |
    | :--------- | :------------- | :-------- | :--------------------------- | --------: | ----------------: | ----------: |
    | 2026-11-20 | BudgetForecast | Active    | growing                      |    80.0 % |        800.01 EUR | 1000.00 EUR |
    | 2026-11-10 | Budget         | Active    | over, resource group rg-shop |    80.0 % |        800.01 EUR | 1000.00 EUR |
    | 2026-11-21 | Budget         | Dismissed | over                         |    80.0 % |        800.01 EUR | 1000.00 EUR |
    |            | General        | None      |                              |           |                   |             |

    - Azure names the currency of a budget when it has evaluated it for the first time.
    - What was spent is what Azure found when it evaluated the budget last, about once a day; usage arrives hours later.
    - A budget warns; it stops nothing.
    ");
}

#[test]
fn the_data_says_the_same() {
    let budgets = november().into_iter().filter(|budget| budget.name.as_str() == "growing").collect();
    let answer = answered(budgets, Some(vec![alert("Budget", "Active", "close", "2026-11-10")]));
    assert_snapshot!(format!("{:#}", answer.data()), @r#"
    {
      "alertCount": 1,
      "alerts": [
        {
          "amount": {
            "amount": "1000.00",
            "amountExact": "1000",
            "currency": "EUR"
          },
          "budget": "close",
          "created": "2026-11-10",
          "spend": {
            "amount": "800.01",
            "amountExact": "800.01",
            "currency": "EUR"
          },
          "status": "Active",
          "thresholdPercent": "80.0",
          "type": "Budget"
        }
      ],
      "asOf": "2026-11-22T10:34:03Z",
      "budgetCount": 1,
      "budgets": [
        {
          "amount": {
            "amount": "1000.00",
            "amountExact": "1000",
            "currency": "EUR"
          },
          "conditions": [
            {
              "by": "ServiceName",
              "values": [
                "Storage",
                "SQL Database"
              ]
            },
            {
              "by": "tag:team",
              "values": [
                "a",
                "b",
                "c",
                "d",
                "e"
              ]
            }
          ],
          "conditionsComplete": true,
          "currentSpend": {
            "amount": "500.00",
            "amountExact": "500.000000000000001",
            "currency": "EUR"
          },
          "forecast": {
            "amount": "1000.01",
            "amountExact": "1000.01",
            "currency": "EUR"
          },
          "from": "2026-04-01",
          "name": "growing",
          "percentUsed": "50.0",
          "status": "forecastToExceed",
          "timeGrain": "Monthly",
          "until": "2027-03-31"
        }
      ],
      "complete": true,
      "notes": [
        "What was spent is what Azure found when it evaluated the budget last, about once a day; usage arrives hours later.",
        "A budget warns; it stops nothing."
      ],
      "scope": {
        "subscriptionId": "0b1f6471-1bf0-4dda-aec3-cb9272f09590",
        "type": "subscription"
      }
    }
    "#);
}

#[test]
fn no_budgets_are_a_sentence_and_no_error() {
    let answer = answered(vec![], Some(vec![]));
    assert_snapshot!(answer.text, @"
    **Budgets**

    Subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 has no budgets (as of 2026-11-22T10:34:03Z). To be warned before costs grow too high, create one in the Azure portal under Cost Management, Budgets.

    Azure raised no alerts.
    ");
    let answer = answered(vec![], None);
    assert_eq!((answer.data().get("alerts"), answer.data().get("alertCount")), (None, None));
    assert!(!answer.text.contains("alert"));
}

#[test]
fn what_is_not_shown_is_said() {
    let budgets: Vec<_> = (0..60).map(|index| budget(&format!("b{index:02}"), "10", "1", "")).collect();
    let alerts: Vec<_> = (0..30).map(|_| alert("Budget", "Resolved", "b", "2026-11-10")).collect();
    let many = BudgetCondition { values: vec![Name::new("x"); 11], ..condition("ServiceName", &[]) };
    let mut budgets_with_conditions = budgets.clone();
    budgets_with_conditions[0].conditions = vec![many];
    let scope = CostScope::Subscription(SUBSCRIPTION.parse().unwrap());
    let today = "2026-11-22".parse().unwrap();
    let answer = answer(scope, (budgets_with_conditions, true), Some((alerts, false)), NOW, today);
    assert_follows(&answer.data(), &tool().output);
    assert_eq!(answer.data()["complete"], false);
    assert_eq!(answer.data()["budgetCount"], 60);
    assert_eq!(answer.data()["budgets"].as_array().unwrap().len(), MOST_BUDGETS);
    assert_eq!(answer.data()["alerts"].as_array().unwrap().len(), MOST_ALERTS);
    let notes: Vec<_> = answer.text.lines().filter(|line| line.starts_with("- ")).collect();
    assert_snapshot!(notes.join("\n"), @"
    - Azure has more than 10 pages; the rest was not read. Ask for a resource group.
    - The 50 most pressing of 60 budgets are shown.
    - The first 20 alerts are shown: active ones, then the newest.
    - Some conditions of budgets are not shown: there are too many, or of a kind not known here.
    - What was spent is what Azure found when it evaluated the budget last, about once a day; usage arrives hours later.
    - A budget warns; it stops nothing.
    ");
}

#[test]
fn a_hostile_name_stays_in_its_cell() {
    let hostile = "x | **9999.99** |\r\n| ![](https://evil.example/?q=\u{e0041}) <script> \u{202e}";
    let budgets = vec![Budget {
        resource_group: Some(Name::new(hostile)),
        conditions: vec![condition(hostile, &[hostile])],
        time_grain: Some(Name::new(hostile)),
        ..budget(hostile, "10", "1", "")
    }];
    let answer = answered(budgets, Some(vec![alert(hostile, hostile, hostile, "2026-11-10")]));
    assert_eq!(answer.text.lines().filter(|line| line.starts_with("| x ")).count(), 1);
    assert_eq!(answer.text.lines().filter(|line| line.starts_with("| 2026-11-10 | x ")).count(), 1);
    for unsafe_text in ["**9999", "<script>", "![", "https://", "\u{202e}", "\u{e0041}"] {
        assert!(!answer.text.contains(unsafe_text), "{unsafe_text}: {}", answer.text);
    }
}

#[test]
fn nobody_s_address_and_nobody_s_role_is_in_the_answer() {
    let budgets = r#"{"value":[{
        "id":"/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/alice@contoso.example/providers/Microsoft.CostManagement/budgets/b",
        "name":"of alice@contoso.example",
        "properties":{"category":"Cost","amount":100,"timeGrain":"alice@contoso.example",
          "currentSpend":{"amount":90,"unit":"EUR"},
          "filter":{"and":[{"tags":{"name":"bob@contoso.example","operator":"In","values":["x alice＠contoso.example","bob\u200b@contoso.example"]}},
                           {"dimensions":{"name":"alice@contoso.example","operator":"In","values":["mailto:bob@contoso.example"]}}]},
          "notifications":{"alice@contoso.example":{"contactEmails":["alice@contoso.example"],"contactRoles":["Owner"],
            "contactGroups":["/subscriptions/x/actionGroups/bob@contoso.example"]}}}}]}"#;
    let alerts = r#"{"value":[{"id":"/subscriptions/x/resourceGroups/bob@contoso.example/y","name":"alice@contoso.example",
        "properties":{"definition":{"type":"alice@contoso.example"},"description":"alice@contoso.example",
          "source":"alice@contoso.example","status":"alice@contoso.example","costEntityId":"alice@contoso.example",
          "statusModificationUserName":"bob@contoso.example",
          "details":{"unit":"alice@contoso.example","triggeredBy":"alice@contoso.example",
            "contactEmails":["alice@contoso.example"],"contactRoles":["Owner"],"contactGroups":["bob"]}}}]}"#;
    let answer = answered(Budget::all_of(budgets), Some(Alert::all_of(alerts)));
    let everything = format!("{}{}", answer.text, answer.data());
    assert_eq!(answer.data()["budgets"][0]["name"], "of (address)");
    for secret in ["@", "＠", "alice", "bob", "contoso", "Owner", "actionGroups", "contact"] {
        assert!(!everything.contains(secret), "{secret}: {everything}");
    }
}

#[test]
fn the_schemas_are_written_out() {
    assert_snapshot!(format!("{:#}", tool().input), @r#"
    {
      "additionalProperties": false,
      "properties": {
        "includeAlerts": {
          "description": "Whether to ask for alerts too, which is a second request to Azure. Default: true.",
          "examples": [
            false
          ],
          "type": "boolean"
        },
        "resourceGroup": {
          "description": "Only this resource group of the subscription: its name. A role on it is enough.",
          "examples": [
            "rg-shop-prod"
          ],
          "maxLength": 90,
          "minLength": 1,
          "type": "string"
        },
        "subscriptionId": {
          "description": "The subscription's id: a GUID, not a name.",
          "examples": [
            "0b1f6471-1bf0-4dda-aec3-cb9272f09590"
          ],
          "pattern": "^(/subscriptions/)?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
          "type": "string"
        }
      },
      "required": [
        "subscriptionId"
      ],
      "type": "object"
    }
    "#);
    assert_snapshot!(tool().output.to_string(), @r#"{"properties":{"alertCount":{"description":"How many alerts there are; absent where they were not asked for.","minimum":0,"type":"integer"},"alerts":{"description":"Active ones first, then the newest; absent where they were not asked for.","items":{"properties":{"amount":{"description":"The budget's amount.","properties":{"amount":{"description":"Rounded to the currency's places.","pattern":"^-?[0-9]+(\\.[0-9]+)?$","type":"string"},"amountExact":{"description":"Not rounded.","pattern":"^-?[0-9]+(\\.[0-9]+)?$","type":"string"},"currency":{"description":"ISO 4217.","pattern":"^[A-Z]{3}$","type":"string"}},"required":["amount","amountExact","currency"],"type":"object"},"budget":{"description":"The budget it is of. Chosen by others.","type":"string"},"created":{"description":"The day it was raised (UTC).","examples":["2026-10-01"],"pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}$","type":"string"},"resourceGroup":{"description":"Of this resource group; absent if of the whole subscription.","type":"string"},"spend":{"description":"What was spent, or expected to be, when it was raised.","properties":{"amount":{"description":"Rounded to the currency's places.","pattern":"^-?[0-9]+(\\.[0-9]+)?$","type":"string"},"amountExact":{"description":"Not rounded.","pattern":"^-?[0-9]+(\\.[0-9]+)?$","type":"string"},"currency":{"description":"ISO 4217.","pattern":"^[A-Z]{3}$","type":"string"}},"required":["amount","amountExact","currency"],"type":"object"},"status":{"description":"Whether anybody has seen to it, in Azure's word.","type":"string"},"thresholdPercent":{"description":"The part of the amount that was crossed.","pattern":"^-?[0-9]+\\.[0-9]$","type":"string"},"type":{"description":"What it is about, in Azure's word.","type":"string"}},"required":["type","status"],"type":"object"},"type":"array"},"asOf":{"description":"When Azure was asked, as RFC 3339 in UTC. What was spent is older: Azure looks about once a day.","type":"string"},"budgetCount":{"description":"How many budgets there are.","minimum":0,"type":"integer"},"budgets":{"description":"The most pressing first: exceeded, forecast to exceed, 80 percent used, within, not evaluated yet, ended.","items":{"properties":{"amount":{"description":"What may be spent each time. The currency is XXX where Azure has not named it yet.","properties":{"amount":{"description":"Rounded to the currency's places.","pattern":"^-?[0-9]+(\\.[0-9]+)?$","type":"string"},"amountExact":{"description":"Not rounded.","pattern":"^-?[0-9]+(\\.[0-9]+)?$","type":"string"},"currency":{"description":"ISO 4217.","pattern":"^[A-Z]{3}$","type":"string"}},"required":["amount","amountExact","currency"],"type":"object"},"conditions":{"description":"Only these costs count; all must hold. None: everything counts.","items":{"description":"Only costs of these values count for a budget.","properties":{"by":{"description":"The dimension, or `tag:<key>`. Chosen by others.","type":"string"},"values":{"description":"One of these. Chosen by others.","items":{"type":"string"},"type":"array"}},"required":["by","values"],"type":"object"},"type":"array"},"conditionsComplete":{"description":"Whether these are all conditions with all their values.","type":"boolean"},"currentSpend":{"description":"What was spent when Azure looked last.","properties":{"amount":{"description":"Rounded to the currency's places.","pattern":"^-?[0-9]+(\\.[0-9]+)?$","type":"string"},"amountExact":{"description":"Not rounded.","pattern":"^-?[0-9]+(\\.[0-9]+)?$","type":"string"},"currency":{"description":"ISO 4217.","pattern":"^[A-Z]{3}$","type":"string"}},"required":["amount","amountExact","currency"],"type":"object"},"forecast":{"description":"What Azure expects to be spent at the end.","properties":{"amount":{"description":"Rounded to the currency's places.","pattern":"^-?[0-9]+(\\.[0-9]+)?$","type":"string"},"amountExact":{"description":"Not rounded.","pattern":"^-?[0-9]+(\\.[0-9]+)?$","type":"string"},"currency":{"description":"ISO 4217.","pattern":"^[A-Z]{3}$","type":"string"}},"required":["amount","amountExact","currency"],"type":"object"},"from":{"description":"First day (UTC).","examples":["2026-10-01"],"pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}$","type":"string"},"name":{"description":"Chosen by others.","type":"string"},"percentUsed":{"description":"Of the amount.","pattern":"^-?[0-9]+\\.[0-9]$","type":"string"},"resourceGroup":{"description":"Of this resource group; absent if of the whole subscription.","type":"string"},"status":{"description":"How a budget stands, the most pressing first.","enum":["exceeded","forecastToExceed","warning","within","notEvaluated","ended"],"type":"string"},"timeGrain":{"description":"How often it begins anew, in Azure's word.","type":"string"},"until":{"description":"Last day (UTC).","examples":["2026-10-01"],"pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}$","type":"string"}},"required":["name","status","amount","conditionsComplete"],"type":"object"},"type":"array"},"complete":{"description":"Whether everything Azure has is here.","type":"boolean"},"notes":{"items":{"type":"string"},"type":"array"},"scope":{"description":"How a scope is written in answers.","properties":{"managementGroupId":{"type":"string"},"resourceGroup":{"type":"string"},"subscriptionId":{"description":"The subscription's id: a GUID, not a name.","examples":["0b1f6471-1bf0-4dda-aec3-cb9272f09590"],"pattern":"^(/subscriptions/)?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$","type":"string"},"type":{"enum":["subscription","resourceGroup","managementGroup"],"type":"string"}},"required":["type"],"type":"object"}},"required":["scope","asOf","complete","budgetCount","budgets","notes"],"type":"object"}"#);
}

/// The sentence for arguments that can't be used, else `fine`.
fn complaint(given: &Value) -> String {
    let input = tool().input;
    let arguments = arguments::Arguments::new(given.as_object().unwrap(), &input);
    let read = || {
        arguments.read::<SubscriptionArguments>()?.scope();
        arguments.read::<Arguments>()
    };
    match read() {
        Ok(_) => "fine".to_owned(),
        Err(BadArgument { sentence, how }) => format!("{sentence} {how}"),
    }
}

#[test]
fn arguments_are_read_or_named_with_an_example_of_the_right_form() {
    for given in [
        json!({ "subscriptionId": SUBSCRIPTION }),
        json!({ "subscriptionId": format!("/subscriptions/{SUBSCRIPTION}"), "resourceGroup": "rg-shop" }),
        json!({ "subscriptionId": SUBSCRIPTION, "includeAlerts": false }),
        json!({ "subscriptionId": SUBSCRIPTION, "includeAlerts": "False" }),
        json!({ "subscriptionId": SUBSCRIPTION, "includeAlerts": null }),
    ] {
        assert_eq!(complaint(&given), "fine", "{given}");
    }
    let with = |name: &str, value: Value| complaint(&json!({ "subscriptionId": SUBSCRIPTION, name: value }));
    assert_snapshot!(complaint(&json!({})), @r#"Argument `subscriptionId` is missing. The subscription's id: a GUID, not a name. For example: `{"subscriptionId":"0b1f6471-1bf0-4dda-aec3-cb9272f09590"}`."#);
    assert_snapshot!(with("includeAlerts", "maybe".into()), @r#"Argument `includeAlerts` is not valid. Whether to ask for alerts too, which is a second request to Azure. Default: true. For example: `{"includeAlerts":false}`."#);
    assert_snapshot!(with("include_alerts", true.into()), @"There is no argument `include_alerts`. This tool takes `includeAlerts`, `resourceGroup`, `subscriptionId`.");
}

proptest! {
    // each case compiles the schema
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_budget_is_counted_and_the_most_pressing_are_shown(
        spends in proptest::collection::vec((0_u32..2_000, 0_u32..2_000), 0..120),
    ) {
        let budgets: Vec<_> = spends.iter().enumerate().map(|(index, (spent, forecast))| {
            budget(&index.to_string(), "1000", &spent.to_string(), &forecast.to_string())
        }).collect();
        let exceeded = spends.iter().filter(|(spent, _)| *spent > 1_000).count();
        let answer = answered(budgets, None);
        let data = answer.data();
        let shown = data["budgets"].as_array().unwrap();
        prop_assert_eq!(&data["budgetCount"], &json!(spends.len()));
        let shown_exceeded = shown.iter().filter(|budget| budget["status"] == "exceeded").count();
        prop_assert_eq!(shown_exceeded, exceeded.min(MOST_BUDGETS));
        prop_assert!(shown.iter().take(shown_exceeded).all(|budget| budget["status"] == "exceeded"));
        let said = format!("{exceeded} exceeded");
        prop_assert_eq!(exceeded > 0, answer.text.contains(&said));
    }
}
