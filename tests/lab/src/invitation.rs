//! How to try the server that the story left running.

use std::{fs, io, path::Path};

use lab::{Deployment, people::Person};
use serde_json::json;

/// A working day: the tokens shown must last as long as somebody tries things.
const LIFETIME_SECONDS: i64 = 8 * 60 * 60;

/// Prints it, and writes the tokens where a shell and VS Code can read them.
pub(crate) fn show(deployment: &Deployment) -> io::Result<()> {
    let folder = xtask::repository_root().join("target").join("lab");
    fs::create_dir_all(&folder)?;
    let url = deployment.client.endpoint();
    let (alice, bob) = (token(deployment, deployment.lab.alice())?, token(deployment, deployment.lab.bob())?);
    let environment = folder.join("tokens.sh");
    fs::write(&environment, format!("export MCP_SERVER_URL='{url}' ALICE_TOKEN='{alice}' BOB_TOKEN='{bob}'\n"))?;
    let server =
        |token: &str| json!({ "type": "http", "url": url, "headers": { "Authorization": format!("Bearer {token}") } });
    let servers = json!({ "servers": { "costs-as-alice": server(&alice), "costs-as-bob": server(&bob) } });
    let vs_code = folder.join("mcp.json");
    fs::write(&vs_code, format!("{servers:#}\n"))?;
    println!(
        "\nThe server stays up at {url} until Ctrl-C. Tokens for Alice and Bob, valid for eight hours and worth\n\
         nothing outside this machine, are in {}:\n\n  \
         . {}\n\n\
         MCP Inspector:\n\n  \
         npx @modelcontextprotocol/inspector --cli \"$MCP_SERVER_URL\" --transport http \\\n    \
         --header \"Authorization: Bearer $ALICE_TOKEN\" --method tools/call --tool-name cost_by_service \\\n    \
         --tool-arg subscriptionId={}\n\n\
         VS Code: copy {} to .vscode/mcp.json",
        shown(&environment),
        shown(&environment),
        lab::resource_manager::SHOP_PROD,
        shown(&vs_code),
    );
    Ok(())
}

fn token(deployment: &Deployment, person: &Person) -> io::Result<String> {
    let request = deployment.lab.token(person).scope("cost.read").scope("cost.export").lifetime(LIFETIME_SECONDS);
    request.issue().map_err(io::Error::other)
}

/// The path as somebody at the repository's root would write it.
fn shown(path: &Path) -> String {
    path.strip_prefix(xtask::repository_root()).unwrap_or(path).display().to_string()
}
