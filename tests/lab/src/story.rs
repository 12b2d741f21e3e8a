//! The story, as a person would want to read it. Every sentence it prints about an outcome was checked before.

use lab::{Deployment, journal::ServiceName, mcp_client::Answer, people::Person, resource_manager::SHOP_PROD};
use serde_json::{Value, json};

/// Why the story does not hold. Whoever changed the code last must act.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error("no answer: {0}")]
    NoAnswer(#[from] reqwest::Error),
    #[error("Entra did not issue a token: {0}")]
    NoToken(#[from] lab::entra::EntraError),
    #[error("{who} should have got {expected}, and got: {got}")]
    Otherwise { who: String, expected: &'static str, got: String },
}

/// What must come of a call.
#[derive(Clone, Copy)]
enum Expected {
    /// The tool's answer.
    Answer,
    /// Azure's refusal, as a tool result.
    RefusedByAzure,
    /// This server's refusal for the scope; Azure is not asked.
    MissingScope,
}

/// Tells it, or says where it breaks.
pub(crate) async fn tell(deployment: &Deployment) -> Result<(), Broken> {
    let lab = &deployment.lab;
    let (alice, bob) = (lab.alice(), lab.bob());
    println!(
        "\nA local Azure is up: Entra ID, Key Vault, managed identity, Resource Manager. The handler runs behind a stand-in\n\
         for the Functions host at {}. It has no role in Azure. Neither has Bob. Alice is Cost\n\
         Management Reader on subscription {SHOP_PROD}.",
        deployment.host.url()
    );
    let arguments = json!({ "subscriptionId": SHOP_PROD });

    chapter(1, "Alice and Bob sign in for cost.read and ask cost_by_service");
    for (person, expected) in [(alice, Expected::Answer), (bob, Expected::RefusedByAzure)] {
        ask(deployment, person, "cost.read", "cost_by_service", &arguments, expected).await?;
    }

    chapter(2, "Both ask cost_export, which needs a scope their tokens lack");
    for person in [alice, bob] {
        ask(deployment, person, "cost.read", "cost_export", &arguments, Expected::MissingScope).await?;
    }

    chapter(3, "An administrator grants cost.export, and both sign in again");
    lab.entra().admin_consents("cost.export");
    for (person, expected) in [(alice, Expected::Answer), (bob, Expected::RefusedByAzure)] {
        ask(deployment, person, "cost.read cost.export", "cost_export", &arguments, expected).await?;
    }

    chapter(4, "What the audit log keeps");
    audit(deployment);
    println!("\nThe story holds: each was themselves, and Azure decided.");
    Ok(())
}

fn chapter(number: u8, title: &str) {
    println!("\n{number}. {title}\n");
}

async fn ask(
    deployment: &Deployment,
    person: &Person,
    scopes: &str,
    tool: &str,
    arguments: &Value,
    expected: Expected,
) -> Result<(), Broken> {
    let mut request = deployment.lab.token(person);
    for scope in scopes.split(' ') {
        request = request.scope(scope);
    }
    let token = request.issue()?;
    let before = deployment.lab.journal().of(ServiceName::ResourceManager).len();
    let answer = deployment.client.call(&token, tool, arguments.clone()).await?;
    let asked = deployment.lab.journal().of(ServiceName::ResourceManager).split_off(before);
    let as_themselves = !asked.is_empty() && asked.iter().all(|entry| entry.is_of(&person.object_id));
    let (holds, description, azure) = match expected {
        Expected::Answer => (answer.structured().is_some() && as_themselves, "an answer", "Azure was asked as"),
        Expected::RefusedByAzure => (
            answer.is_tool_error() && answer.sentence().starts_with("403: ") && as_themselves,
            "Azure's refusal",
            "Azure said no to",
        ),
        Expected::MissingScope => (
            answer.status == 403
                && answer.challenge().is_some_and(|it| it.contains("insufficient_scope"))
                && asked.is_empty(),
            "a refusal for the scope",
            "Azure was not asked for",
        ),
    };
    show(person, tool, &answer);
    if !holds {
        let got = format!("{} (HTTP {})", answer.sentence(), answer.status.as_u16());
        return Err(Broken::Otherwise { who: person.display_name.clone(), expected: description, got });
    }
    println!("     ({azure} {})", person.user_principal_name);
    Ok(())
}

/// The first lines of what the person reads.
fn show(person: &Person, tool: &str, answer: &Answer) {
    const LINES: usize = 9;
    println!("   {} › {tool} → HTTP {}", person.display_name, answer.status.as_u16());
    let how = answer.body.pointer("/error/data/how").and_then(Value::as_str);
    let sentence = answer.sentence();
    let mut lines = sentence.lines().chain(how).flat_map(wrapped);
    for line in lines.by_ref().take(LINES) {
        println!("     │ {line}");
    }
    let left = lines.count();
    if left > 0 {
        println!("     │ … {left} more lines");
    }
}

/// A line in pieces that fit a terminal, broken at spaces.
fn wrapped(line: &str) -> Vec<String> {
    const WIDTH: usize = 100;
    let mut pieces = vec![String::new()];
    for word in line.split(' ') {
        if let Some(piece) = pieces.last_mut().filter(|piece| piece.len() + word.len() < WIDTH || piece.is_empty()) {
            if !piece.is_empty() {
                piece.push(' ');
            }
            piece.push_str(word);
        } else {
            pieces.push(word.to_owned());
        }
    }
    pieces
}

/// One line for each decision, as the handler wrote it.
fn audit(deployment: &Deployment) {
    for line in deployment.host.console().lines() {
        let Ok(event) = serde_json::from_str::<Value>(&line.text) else { continue };
        if event["event"] == "audit" {
            let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
            println!("   {:<11} {:<22} {:<16} {}", text("decision"), text("user"), text("tool"), text("reason"));
        }
    }
}
