//! The story as five tests, on the local Azure or unchanged against a deployed server.
//!
//! Against a deployed server (`MCP_SERVER_URL`, `AZURE_SUB`, `ALICE_TOKEN`, `BOB_TOKEN`, `ALICE_EXPORT_TOKEN`,
//! `BOB_EXPORT_TOKEN`) they prove what two people of a real tenant get. On the local Azure they also prove *as whom* Azure
//! was asked: its journal holds the verified identity of every token that reached Resource Manager. Two service principals
//! could not stand in for two people: Entra refuses to exchange app-only tokens.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::path::Path;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use lab::{
    Deployment,
    journal::ServiceName,
    mcp_client::{Answer, McpClient},
    people::Person,
    resource_manager::SHOP_PROD,
};
use serde_json::{Value, json};

/// Where the tests run, and the tokens they run with.
struct World {
    client: McpClient,
    subscription: String,
    tokens: Tokens,
    /// Only on the local Azure.
    local: Option<Deployment>,
}

/// A token, or why there is none.
type Token = Result<String, String>;

struct Tokens {
    alice: Token,
    bob: Token,
    alice_export: Token,
    bob_export: Token,
}

impl World {
    async fn new() -> Self {
        match variable("MCP_SERVER_URL") {
            Some(url) => Self::deployed(&url),
            None => Self::local().await,
        }
    }

    fn deployed(url: &str) -> Self {
        let tokens = Tokens {
            alice: given("ALICE_TOKEN", &["cost.read"], &[]),
            bob: given("BOB_TOKEN", &["cost.read"], &["cost.export"]),
            alice_export: given("ALICE_EXPORT_TOKEN", &["cost.export"], &[]),
            bob_export: given("BOB_EXPORT_TOKEN", &["cost.export"], &[]),
        };
        let subscription = variable("AZURE_SUB").expect("AZURE_SUB names the subscription that Alice may read");
        Self { client: McpClient::anywhere(url).unwrap(), subscription, tokens, local: None }
    }

    async fn local() -> Self {
        let deployment = Deployment::start(Path::new(env!("CARGO_BIN_EXE_handler"))).await.unwrap();
        let lab = &deployment.lab;
        let read = |person| lab.token(person).scope("cost.read").issue().map_err(|error| error.to_string());
        let (alice, bob) = (read(lab.alice()), read(lab.bob()));
        lab.entra().admin_consents("cost.export");
        let export = |person| {
            let request = lab.token(person).scope("cost.read").scope("cost.export");
            request.issue().map_err(|error| error.to_string())
        };
        let tokens = Tokens { alice, bob, alice_export: export(lab.alice()), bob_export: export(lab.bob()) };
        let client = deployment.client.clone();
        Self { client, subscription: SHOP_PROD.to_owned(), tokens, local: Some(deployment) }
    }

    async fn call(&self, token: &str, tool: &str) -> Answer {
        self.client.call(token, tool, json!({ "subscriptionId": self.subscription })).await.unwrap()
    }

    /// On the local Azure: every request that reached Resource Manager was this person's, and there was one.
    #[track_caller]
    fn azure_was_asked_as(&self, person: impl Fn(&Deployment) -> Person) {
        let Some(deployment) = &self.local else { return };
        let asked = deployment.lab.journal().of(ServiceName::ResourceManager);
        let person = person(deployment);
        assert!(!asked.is_empty(), "Azure was not asked");
        for entry in &asked {
            assert!(entry.is_of(&person.object_id), "Azure was asked as {:?}", entry.presented);
        }
    }

    #[track_caller]
    fn azure_was_not_asked(&self) {
        let Some(deployment) = &self.local else { return };
        let asked = deployment.lab.journal().of(ServiceName::ResourceManager);
        assert!(asked.is_empty(), "{asked:?}");
    }
}

fn alice(deployment: &Deployment) -> Person {
    deployment.lab.alice().clone()
}

fn bob(deployment: &Deployment) -> Person {
    deployment.lab.bob().clone()
}

#[expect(clippy::disallowed_methods, reason = "which server to test is the tester's to say")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The token of a variable, if its scopes fit the test.
fn given(name: &str, needed: &[&str], forbidden: &[&str]) -> Token {
    let token = variable(name).ok_or(format!("{name} is not set"))?;
    let claims = token.split('.').nth(1).and_then(|claims| BASE64_URL_SAFE_NO_PAD.decode(claims).ok());
    let claims: Value = claims.and_then(|claims| serde_json::from_slice(&claims).ok()).unwrap_or_default();
    let held: Vec<_> = claims["scp"].as_str().unwrap_or_default().split(' ').collect();
    if let Some(missing) = needed.iter().find(|scope| !held.contains(scope)) {
        return Err(format!("{name} lacks the scope {missing}"));
    }
    match forbidden.iter().find(|scope| held.contains(scope)) {
        Some(scope) => Err(format!("{name} must not hold the scope {scope}")),
        None => Ok(token),
    }
}

/// The token, or the end of the test with a word about it.
macro_rules! token_or_not_run {
    ($token:expr) => {
        match &$token {
            Ok(token) => token,
            Err(why) => {
                println!("not run: {why}");
                return;
            }
        }
    };
}

#[track_caller]
fn is_refused_by_azure(answer: &Answer, subscription: &str) {
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.is_tool_error(), "{}", answer.body);
    assert!(answer.structured().is_none(), "a refusal has no data: {}", answer.body);
    let sentence = answer.text().unwrap();
    assert!(sentence.starts_with("403: caller ("), "{sentence}");
    assert!(sentence.contains(&format!("lacks Cost Management Reader on subscription {subscription}")), "{sentence}");
}

#[tokio::test]
async fn alice_reads_the_costs_of_her_subscription() {
    let world = World::new().await;
    let token = token_or_not_run!(world.tokens.alice);
    let answer = world.call(token, "cost_by_service").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(!answer.is_tool_error(), "{}", answer.body);
    assert!(answer.text().unwrap().starts_with("**Spend by service**"), "{}", answer.sentence());
    assert!(answer.structured().is_some());
    world.azure_was_asked_as(alice);
}

#[tokio::test]
async fn bob_is_refused_by_azure_itself() {
    let world = World::new().await;
    let token = token_or_not_run!(world.tokens.bob);
    is_refused_by_azure(&world.call(token, "cost_by_service").await, &world.subscription);
    world.azure_was_asked_as(bob);
}

#[tokio::test]
async fn without_the_scope_nobody_exports_and_azure_is_not_asked() {
    let world = World::new().await;
    let token = token_or_not_run!(world.tokens.bob);
    let answer = world.call(token, "cost_export").await;
    assert_eq!(answer.status, 403, "{}", answer.body);
    assert_eq!(answer.rpc_error(), Some((-31403, "missing_scope:cost.export")));
    let challenge = answer.challenge().unwrap();
    let [challenge] = http_auth::parse_challenges(challenge).unwrap().try_into().unwrap();
    let parameter = |name: &str| {
        challenge.params.iter().find(|(found, _)| *found == name).map(|(_, value)| value.to_unescaped()).unwrap()
    };
    assert_eq!(parameter("error"), "insufficient_scope");
    assert!(parameter("scope").ends_with("/cost.export"), "{challenge:?}");
    assert!(parameter("resource_metadata").ends_with("/.well-known/oauth-protected-resource/mcp"), "{challenge:?}");
    world.azure_was_not_asked();
}

#[tokio::test]
async fn alice_exports_with_the_scope() {
    let world = World::new().await;
    let token = token_or_not_run!(world.tokens.alice_export);
    let answer = world.call(token, "cost_export").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(!answer.is_tool_error(), "{}", answer.body);
    let csv = answer.structured().unwrap()["csv"].as_str().unwrap();
    assert!(csv.lines().next().unwrap().contains("service"), "{csv}");
    world.azure_was_asked_as(alice);
}

#[tokio::test]
async fn the_scope_does_not_help_bob_at_azure() {
    let world = World::new().await;
    let token = token_or_not_run!(world.tokens.bob_export);
    is_refused_by_azure(&world.call(token, "cost_export").await, &world.subscription);
    world.azure_was_asked_as(bob);
}
