//! A tenant whose costs Alice reads and exports, and Bob does not.

use std::collections::BTreeMap;

use http::StatusCode;
use jsonschema::Validator;
use lab::{
    Deployment,
    journal::{Entry, ServiceName},
    mcp_client::Answer,
    people::Person,
    resource_manager::{CONTOSO_GROUP, ResourceManager, Role, Scope},
};
use rust_decimal::Decimal;
use serde_json::Value;
use time::{Date, OffsetDateTime};

use crate::support::{deployed_with, events, is_status};

/// Amounts by currency.
pub(super) type Totals = BTreeMap<String, Decimal>;

/// A running deployment, and the sign-ins of both.
pub(super) struct Tenant {
    pub(super) deployment: Deployment,
    pub(super) alice: String,
    pub(super) bob: String,
    /// What the server promises of the answers of each tool.
    schemas: BTreeMap<String, Validator>,
}

/// What a tool answered.
pub(super) struct Told {
    pub(super) text: String,
    pub(super) data: Value,
}

impl Tenant {
    /// Nobody's questions are counted: a test asks more than a person would.
    pub(super) async fn start() -> Self {
        let deployment = deployed_with(&[("CALLER_QUERY_BUDGET", "100000")]).await;
        let lab = &deployment.lab;
        lab.entra().admin_consents("cost.export");
        let everything = Scope::management_group(CONTOSO_GROUP);
        lab.resource_manager().assign_role(lab.alice(), everything, Role::CostManagementReader);
        let token = |person: &Person| lab.token(person).scope("cost.read").scope("cost.export").issue().unwrap();
        let (alice, bob) = (token(lab.alice()), token(lab.bob()));
        let listed = deployment.client.list(&alice).await.unwrap();
        let tools = listed.body.pointer("/result/tools").unwrap().as_array().unwrap();
        let schema = |tool: &Value| {
            let name = tool["name"].as_str().unwrap().to_owned();
            (name, jsonschema::validator_for(&tool["outputSchema"]).unwrap())
        };
        let schemas = tools.iter().map(schema).collect();
        Self { deployment, alice, bob, schemas }
    }

    pub(super) fn azure(&self) -> &ResourceManager {
        self.deployment.lab.resource_manager()
    }

    /// The names of all tools that users are shown.
    pub(super) fn tools(&self) -> Vec<&str> {
        self.schemas.keys().map(String::as_str).collect()
    }

    /// Whatever a tool says to whoever holds the token.
    pub(super) async fn call(&self, token: &str, tool: &str, arguments: Value) -> Answer {
        let answer = self.deployment.client.call(token, tool, arguments).await.unwrap();
        is_status(&answer, StatusCode::OK);
        answer
    }

    /// What a tool answers Alice. It is what the tool's schema promised.
    pub(super) async fn ask(&self, tool: &str, arguments: Value) -> Told {
        let answer = self.call(&self.alice, tool, arguments.clone()).await;
        assert!(!answer.is_tool_error(), "{tool} {arguments}: {}", answer.sentence());
        let data = answer.structured().unwrap().clone();
        let breaches: Vec<_> = self.schemas[tool].iter_errors(&data).map(|error| error.to_string()).collect();
        assert!(breaches.is_empty(), "{tool} {arguments}: {breaches:#?}");
        Told { text: answer.text().unwrap().to_owned(), data }
    }

    /// The text of a tool that has no answer for whoever holds the token.
    pub(super) async fn refusal(&self, token: &str, tool: &str, arguments: Value) -> String {
        let answer = self.call(token, tool, arguments.clone()).await;
        assert!(answer.is_tool_error(), "{tool} {arguments}: {}", answer.sentence());
        assert_eq!(answer.structured(), None, "a client would show it instead of the sentence");
        answer.text().unwrap().to_owned()
    }

    /// What Azure was asked since the last time.
    pub(super) fn asked(&self) -> Vec<Entry> {
        let asked = self.deployment.lab.journal().of(ServiceName::ResourceManager);
        self.deployment.lab.journal().clear();
        asked
    }

    /// The lines of the audit.
    pub(super) fn audit(&self) -> Vec<Value> {
        events(&self.deployment, "audit")
    }
}

pub(super) fn today() -> Date {
    OffsetDateTime::now_utc().date()
}

/// `{"amountExact": "12.5", "currency": "EUR"}`
pub(super) fn money(money: &Value) -> (String, Decimal) {
    (money["currency"].as_str().unwrap().to_owned(), money["amountExact"].as_str().unwrap().parse().unwrap())
}

/// A list of amounts, at most one for each currency.
pub(super) fn totals<'a>(amounts: impl IntoIterator<Item = &'a Value>) -> Totals {
    let mut totals = Totals::new();
    for (currency, amount) in amounts.into_iter().map(money) {
        assert!(totals.insert(currency, amount).is_none(), "a currency comes once");
    }
    totals
}

/// The elements of an array; none where there is no array.
pub(super) fn each(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

pub(super) fn date(text: &Value) -> Date {
    let format = time::macros::format_description!("[year]-[month]-[day]");
    Date::parse(text.as_str().unwrap(), format).unwrap()
}

/// `{"subscriptionId": …}` and other arguments.
pub(super) fn with(arguments: &Value, more: &Value) -> Value {
    let mut arguments = arguments.as_object().unwrap().clone();
    arguments.extend(more.as_object().unwrap().clone());
    Value::Object(arguments)
}
