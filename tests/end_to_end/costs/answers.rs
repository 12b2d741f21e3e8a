//! Alice is answered and Bob is refused, by every tool and on every kind of scope. That Azure refuses so, is known from
//! recorded answers only.

use lab::{
    journal::Entry,
    people::Person,
    resource_manager::{CONTOSO_GROUP, CostRow, Denial, Role, SHOP_PROD, Scope},
};
use serde_json::{Value, json};

use super::tenant::{Tenant, with};

/// A tool that reads costs.
struct Tool {
    name: &'static str,
    /// What it must be told beside a scope.
    more: Value,
    /// How its answer begins.
    begins: &'static str,
    /// Azure has an answer for management groups too.
    at_management_groups: bool,
}

/// In alphabetical order.
fn tools() -> Vec<Tool> {
    let tool = |name, begins| Tool { name, more: json!({}), begins, at_management_groups: true };
    vec![
        Tool { at_management_groups: false, ..tool("cost_budgets", "**Budgets**") },
        tool("cost_by_service", "**Spend by service**"),
        tool("cost_compare", "**Why costs changed**"),
        Tool { more: json!({ "dimension": "ServiceName" }), ..tool("cost_dimension_values", "ServiceName has ") },
        tool("cost_export", "**Cost export**"),
        Tool { at_management_groups: false, ..tool("cost_forecast", "**Cost forecast**") },
        tool("cost_query", "**Spend by "),
    ]
}

/// Where costs are asked for.
struct Place {
    arguments: Value,
    scope: Scope,
    /// As sentences name it.
    words: String,
}

const GROUP: &str = "rg-shop-data";

fn places() -> [Place; 3] {
    [
        Place {
            arguments: json!({ "subscriptionId": SHOP_PROD }),
            scope: SHOP_PROD.into(),
            words: format!("subscription {SHOP_PROD}"),
        },
        Place {
            arguments: json!({ "subscriptionId": SHOP_PROD, "resourceGroup": GROUP }),
            scope: Scope::resource_group(SHOP_PROD, GROUP),
            words: format!("resource group {GROUP} of subscription {SHOP_PROD}"),
        },
        Place {
            arguments: json!({ "managementGroupId": CONTOSO_GROUP }),
            scope: Scope::management_group(CONTOSO_GROUP),
            words: format!("management group {CONTOSO_GROUP}"),
        },
    ]
}

impl Place {
    /// Every tool that has an answer here, and what it is asked.
    fn questions(&self) -> impl Iterator<Item = (Tool, Value)> {
        let of_many = self.arguments.get("managementGroupId").is_some();
        let tools = tools().into_iter().filter(move |tool| tool.at_management_groups || !of_many);
        tools.map(|tool| {
            let arguments = with(&self.arguments, &tool.more);
            (tool, arguments)
        })
    }

    /// The line of the audit says who, what, where, and what became of it.
    #[track_caller]
    fn is_told_by(&self, line: &Value, tool: &Tool, user: &str, decision: &str) {
        let permission = if tool.name == "cost_export" { "cost.export" } else { "cost.read" };
        let told = ["decision", "user", "tool", "permission"].map(|field| line[field].as_str().unwrap_or_default());
        assert_eq!(told, [decision, user, tool.name, permission], "{line}");
        for (field, argument) in [("subscription_id", "subscriptionId"), ("management_group_id", "managementGroupId")] {
            assert_eq!(line.get(field), self.arguments.get(argument), "{line}");
        }
    }

    /// Azure was asked about this and nothing else, as this person and nobody else.
    #[track_caller]
    fn was_asked_as(&self, person: &Person, asked: &[Entry]) {
        assert!(!asked.is_empty());
        let begin = format!("{}/providers/Microsoft.CostManagement/", self.scope);
        for entry in asked {
            assert!(entry.path.starts_with(&begin) && entry.is_of(&person.object_id), "{entry:?}");
        }
    }
}

#[tokio::test]
async fn no_tool_that_reads_costs_is_left_out_here() {
    let tenant = Tenant::start().await;
    let others = ["subscriptions_list", "whoami"];
    let names: Vec<_> = tenant.tools().into_iter().filter(|name| !others.contains(name)).collect();
    assert_eq!(names, tools().iter().map(|tool| tool.name).collect::<Vec<_>>());
}

#[tokio::test]
async fn alice_is_answered_by_every_tool_wherever_she_has_the_role() {
    let tenant = Tenant::start().await;
    let alice = tenant.deployment.lab.alice().clone();
    for place in places() {
        for (tool, arguments) in place.questions() {
            let told = tenant.ask(tool.name, arguments).await;
            assert!(told.text.starts_with(tool.begins), "{}", told.text);
            // a sentence may begin with it
            let words = &place.words[1..];
            assert!(told.text.contains(words) && told.text.contains("as of 20"), "{}: {}", tool.name, told.text);
            place.was_asked_as(&alice, &tenant.asked());
            place.is_told_by(tenant.audit().last().unwrap(), &tool, "alice@contoso.example", "accept");
        }
    }
    let listed = tenant.ask("subscriptions_list", json!({})).await;
    assert!(listed.text.starts_with("You see 3 subscriptions."), "{}", listed.text);
}

#[tokio::test]
async fn bob_is_refused_by_every_tool_with_the_role_he_lacks_and_where() {
    let tenant = Tenant::start().await;
    let bob = tenant.deployment.lab.bob().clone();
    for (place, denial) in places()
        .iter()
        .flat_map(|place| [Denial::RbacAccessDenied, Denial::AuthorizationFailed].map(|denial| (place, denial)))
    {
        tenant.azure().set_denial(place.scope.clone(), denial);
        for (tool, arguments) in place.questions() {
            let text = tenant.refusal(&tenant.bob, tool.name, arguments).await;
            let sentence = format!("403: caller (bob@contoso.example) lacks Cost Management Reader on {}", place.words);
            assert_eq!(text.lines().next(), Some(&*sentence), "{} {denial:?}", tool.name);
            let asked = tenant.asked();
            place.was_asked_as(&bob, &asked);
            assert_eq!(asked.len(), 1, "{}: a refusal is not asked for twice", tool.name);
            place.is_told_by(tenant.audit().last().unwrap(), &tool, "bob@contoso.example", "deny:rbac");
        }
    }
    let listed = tenant.call(&tenant.bob, "subscriptions_list", json!({})).await;
    assert!(listed.sentence().starts_with("You see no subscription."), "{}", listed.sentence());
}

#[tokio::test]
async fn a_role_on_a_resource_group_is_enough_for_it_and_for_nothing_else() {
    let tenant = Tenant::start().await;
    let bob = tenant.deployment.lab.bob();
    tenant.azure().assign_role(bob, Scope::resource_group(SHOP_PROD, GROUP), Role::CostManagementReader);
    let [subscription, group, _] = places();
    for (tool, arguments) in group.questions() {
        let answer = tenant.call(&tenant.bob, tool.name, arguments).await;
        assert!(!answer.is_tool_error() && answer.sentence().starts_with(tool.begins), "{}", answer.sentence());
    }
    for (tool, arguments) in subscription.questions() {
        let text = tenant.refusal(&tenant.bob, tool.name, arguments.clone()).await;
        assert!(text.starts_with("403: caller (bob@contoso.example)"), "{text}");
        let elsewhere = with(&arguments, &json!({ "resourceGroup": "rg-shop-network" }));
        let text = tenant.refusal(&tenant.bob, tool.name, elsewhere).await;
        assert!(text.starts_with("403: caller (bob@contoso.example)"), "{text}");
    }
}

#[tokio::test]
async fn a_resource_group_of_the_longest_name_is_named_whole() {
    let tenant = Tenant::start().await;
    let name = format!("rg-{}", "x".repeat(87));
    let all = tenant.azure().rows();
    let rows = all.iter().map(|row| CostRow { resource_group: name.clone().into(), ..row.clone() });
    tenant.azure().set_rows(rows.collect());
    let words = format!("esource group {name} of subscription {SHOP_PROD} ");
    let group = Place {
        arguments: json!({ "subscriptionId": SHOP_PROD, "resourceGroup": name }),
        scope: Scope::resource_group(SHOP_PROD, &name),
        words,
    };
    for (tool, arguments) in group.questions() {
        let told = tenant.ask(tool.name, arguments).await;
        assert!(told.text.contains(&group.words), "{}: {}", tool.name, told.text);
    }
}
