//! How to try the server that the story left running.

use std::{fs, io, path::Path};

use lab::{
    Deployment,
    people::{self, Person},
};
use serde_json::json;

/// A working day: the tokens shown must last as long as somebody tries things.
const LIFETIME_SECONDS: i64 = 8 * 60 * 60;

/// Prints it, and writes the tokens where a shell and VS Code can read them.
pub(crate) fn show(deployment: &Deployment) -> io::Result<()> {
    let folder = xtask::repository_root().join("target").join("lab");
    fs::create_dir_all(&folder)?;
    let url = deployment.client.endpoint();
    let (alice, bob) = (deployment.lab.alice(), deployment.lab.bob());
    let read = |person| token(deployment, person, &["cost.read"]);
    let export = |person| token(deployment, person, &["cost.read", "cost.export"]);
    let (alice_export, bob_export) = (export(alice)?, export(bob)?);
    let environment = folder.join("tokens.sh");
    // the names that `tests/two_users.rs` reads
    let variables = [
        ("MCP_SERVER_URL", url.to_owned()),
        ("AZURE_SUB", lab::resource_manager::SHOP_PROD.to_owned()),
        ("ALICE_TOKEN", read(alice)?),
        ("BOB_TOKEN", read(bob)?),
        ("ALICE_EXPORT_TOKEN", alice_export.clone()),
        ("BOB_EXPORT_TOKEN", bob_export.clone()),
        // for whoever checks that a token for another resource is refused
        ("FOREIGN_TOKEN", foreign(deployment)?),
        // for whoever follows the metadata to the authorization server
        ("LAB_CERTIFICATE_AUTHORITY", deployment.lab.certificate_authority().display().to_string()),
    ];
    fs::write(&environment, variables.map(|(name, value)| format!("export {name}='{value}'\n")).concat())?;
    let server =
        |token: &str| json!({ "type": "http", "url": url, "headers": { "Authorization": format!("Bearer {token}") } });
    let servers =
        json!({ "servers": { "costs-as-alice": server(&alice_export), "costs-as-bob": server(&bob_export) } });
    let vs_code = folder.join("mcp.json");
    fs::write(&vs_code, format!("{servers:#}\n"))?;
    println!(
        "\nThe server stays up at {url} until Ctrl-C. Tokens for Alice and Bob, with cost.read and (..._EXPORT_TOKEN)\n\
         with cost.export too, valid for eight hours and worth nothing outside this machine, are in {}:\n\n  \
         . {}\n\n\
         MCP Inspector:\n\n  \
         npx @modelcontextprotocol/inspector --cli \"$MCP_SERVER_URL\" --transport http \\\n    \
         --header \"Authorization: Bearer $ALICE_TOKEN\" --method tools/call --tool-name cost_by_service \\\n    \
         --tool-arg subscriptionId=$AZURE_SUB\n\n\
         VS Code: copy {} to .vscode/mcp.json",
        shown(&environment),
        shown(&environment),
        shown(&vs_code),
    );
    Ok(())
}

fn token(deployment: &Deployment, person: &Person, scopes: &[&str]) -> io::Result<String> {
    let request = deployment.lab.token(person).lifetime(LIFETIME_SECONDS);
    scopes.iter().fold(request, |request, scope| request.scope(scope)).issue().map_err(io::Error::other)
}

fn foreign(deployment: &Deployment) -> io::Result<String> {
    let request = deployment
        .lab
        .token(deployment.lab.alice())
        .scope("cost.read")
        .audience(people::MCP_CLIENT_ID)
        .lifetime(LIFETIME_SECONDS);
    request.issue().map_err(io::Error::other)
}

/// The path as somebody at the repository's root would write it.
fn shown(path: &Path) -> String {
    path.strip_prefix(xtask::repository_root()).unwrap_or(path).display().to_string()
}
