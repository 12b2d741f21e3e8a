//! What a person must get through the Rust SDK (`rmcp`): see `story.mjs`, which says the same for JavaScript. The argument is
//! the SDK's version.

use std::{env, error::Error};

use rmcp::{
    RoleClient, ServiceExt,
    model::{CallToolRequestParams, CallToolResult, ProtocolVersion},
    service::{ClientLifecycleMode, ClientServiceExt, RunningService},
    transport::{
        StreamableHttpClientTransport,
        streamable_http_client::{InsufficientScopeError, StreamableHttpClientTransportConfig},
    },
};
use serde_json::json;

type Session = RunningService<RoleClient, ()>;
type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let version = env::args().nth(1).ok_or("usage: rust_sdk VERSION")?;
    for (name, modern) in [("ordinary", false), ("pinned", true)] {
        println!("{}", judge(&format!("Rust SDK {version}, {name}"), modern).await?);
    }
    Ok(())
}

async fn judge(client: &str, modern: bool) -> Outcome<String> {
    let alice = connect(&environment("ALICE_TOKEN")?, modern).await?;
    let revision = alice.peer_info().ok_or("no revision was agreed upon")?.protocol_version.clone();
    let tools = alice.list_all_tools().await?.len();
    expect(&call(&alice, "whoami").await?, "alice@contoso.example")?;
    let costs = call(&alice, "cost_by_service").await?;
    expect(&costs, "**Spend by service**")?;
    let step = match call(&alice, "cost_export").await {
        Ok(result) => text(&result),
        Err(error) => shown(error.as_ref()),
    };
    if !step.contains("cost.export") {
        return Err(format!("no scope is named: {step}").into());
    }
    alice.cancel().await?;

    let bob = connect(&environment("BOB_TOKEN")?, modern).await?;
    let refused = call(&bob, "cost_by_service").await?;
    expect(&refused, "403: caller (bob@contoso.example) lacks Cost Management Reader on subscription ")?;
    bob.cancel().await?;
    let (refused, step) = (one_line(&text(&refused)), one_line(&step));
    Ok(format!("| {client} | {revision} | {tools} tools | yes | `{refused}` | `{step}` |"))
}

async fn connect(token: &str, modern: bool) -> Outcome<Session> {
    let config = StreamableHttpClientTransportConfig::with_uri(environment("MCP_SERVER_URL")?).auth_header(token);
    let transport = StreamableHttpClientTransport::from_config(config);
    Ok(if modern {
        let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
        ().serve_with_lifecycle(transport, ClientLifecycleMode::Discover { preferred_versions }).await?
    } else {
        ().serve(transport).await?
    })
}

async fn call(session: &Session, tool: &'static str) -> Outcome<CallToolResult> {
    let mut call = CallToolRequestParams::new(tool);
    if tool != "whoami" {
        call.arguments = json!({ "subscriptionId": environment("AZURE_SUB")? }).as_object().cloned();
    }
    Ok(session.call_tool(call).await?)
}

fn expect(result: &CallToolResult, part: &str) -> Outcome<()> {
    let text = text(result);
    if text.contains(part) { Ok(()) } else { Err(format!("{part:?} is not in {text:?}").into()) }
}

fn text(result: &CallToolResult) -> String {
    result.content.iter().filter_map(|block| Some(block.as_text()?.text.as_str())).collect()
}

/// The scope is no part of the SDK's message, but a field of the error behind it: there a program reads it.
fn shown(error: &(dyn Error + 'static)) -> String {
    let mut cause = Some(error);
    while let Some(current) = cause {
        if let Some(scope) = current.downcast_ref().and_then(|it: &InsufficientScopeError| it.required_scope.as_ref()) {
            return format!("InsufficientScopeError: required_scope {scope}");
        }
        cause = current.source();
    }
    error.to_string()
}

fn one_line(shown: &str) -> String {
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[expect(
    clippy::disallowed_methods,
    reason = "what `.ci/judges` tells every client; this is no setting of the product"
)]
fn environment(name: &str) -> Outcome<String> {
    env::var(name).map_err(|error| format!("{name}: {error}").into())
}
