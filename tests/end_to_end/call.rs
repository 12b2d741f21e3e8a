//! `cargo xtask call` against the real handler. Proves that its sentences fit what the server really says. Entra's page for
//! device codes is a stand-in's here.

use std::{
    ffi::OsString,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{Router, extract::State, routing::post};
use http::{HeaderMap, StatusCode};
use lab::{Deployment, resource_manager::SHOP_PROD};
use serde_json::{Value, json};
use xtask::call::{self, Arguments, CallError, Command, Ending, Report, Surroundings};

use crate::support::{deployed, reads};

/// Calls with these options, beside the address.
async fn called(deployment: &Deployment, token: Option<&str>, options: &[&str]) -> Result<Report, CallError> {
    let lab = deployment.lab.directory().join("tokens.sh");
    with_lab(deployment, lab, token, options).await.0
}

async fn with_lab(
    deployment: &Deployment,
    lab: PathBuf,
    token: Option<&str>,
    options: &[&str],
) -> (Result<Report, CallError>, String) {
    let arguments = parsed(&[&["--url", deployment.client.endpoint()], options].concat());
    let mut prompt = Vec::new();
    let surroundings = Surroundings { token: token.map(str::to_owned), lab };
    let report = call::run(arguments, &surroundings, &mut prompt).await;
    (report, String::from_utf8(prompt).unwrap())
}

#[track_caller]
fn parsed(line: &[&str]) -> Arguments {
    let command = Command::parse(line.iter().map(OsString::from)).expect("a command line that is understood");
    let Command::Call(arguments) = command else { unreachable!("help") };
    *arguments
}

/// The report as it is read, without what is another in every run.
fn read(report: &Report) -> String {
    let lines = report.advice.lines().map(|line| match line.split_once("Correlation id: ") {
        Some((before, _)) => format!("{before}Correlation id: …"),
        None => line.to_owned(),
    });
    format!("{:?}\n{}", report.ending, without_ports(&lines.collect::<Vec<_>>().join("\n")))
}

/// `localhost:7071` as `localhost`.
fn without_ports(text: &str) -> String {
    let mut parts = text.split("localhost:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| format!("{text}localhost{}", part.trim_start_matches(|c: char| c.is_ascii_digit())))
}

#[tokio::test]
async fn alice_reads_her_costs_and_bob_reads_why_not() {
    let deployment = deployed().await;
    let arguments = json!({ "subscriptionId": SHOP_PROD }).to_string();
    let token = reads(&deployment, deployment.lab.alice());
    let alice = called(&deployment, Some(&token), &["--arguments", &arguments]).await.unwrap();
    assert_eq!((alice.ending, alice.advice.as_str()), (Ending::Answered, ""));
    assert!(alice.answer.starts_with("**Spend by service**"), "{}", alice.answer);
    let bob = reads(&deployment, deployment.lab.bob());
    let bob = called(&deployment, None, &["--token", &bob, "--arguments", &arguments]).await.unwrap();
    assert_eq!((bob.ending, bob.answer.as_str()), (Ending::ToolFailed, ""));
    assert!(bob.advice.starts_with("403: caller (bob@contoso.example) lacks"), "{}", bob.advice);
}

#[tokio::test]
async fn the_lab_lends_its_tokens() {
    let deployment = deployed().await;
    let file = deployment.lab.directory().join("tokens.sh");
    let token = reads(&deployment, deployment.lab.alice());
    let url = deployment.client.endpoint();
    let lines =
        format!("export MCP_SERVER_URL='{url}'\nexport AZURE_SUB='{SHOP_PROD}'\nexport ALICE_TOKEN='{token}'\n");
    std::fs::write(&file, lines).unwrap();
    let costs = called(&deployment, None, &["--lab", "alice"]).await.unwrap();
    assert_eq!(costs.ending, Ending::Answered, "{}", costs.advice);
    let list = called(&deployment, None, &["--lab", "alice", "--list"]).await.unwrap();
    assert!(list.answer.contains("cost_export              cost.export"), "{}", list.answer);
    let body = called(&deployment, None, &["--lab", "alice", "--tool", "whoami", "--json"]).await.unwrap();
    let body: Value = serde_json::from_str(&body.answer).unwrap();
    assert_eq!(body["result"]["structuredContent"]["name"], "alice@contoso.example", "{body}");
    let nobody = called(&deployment, None, &["--lab", "carol"]).await.unwrap_err();
    assert!(nobody.to_string().starts_with("the lab wrote no CAROL_TOKEN"), "{nobody}");
}

#[tokio::test]
async fn each_refusal_is_explained() {
    let deployment = deployed().await;
    let lab = &deployment.lab;
    let token = reads(&deployment, lab.alice());
    let arguments = json!({ "subscriptionId": SHOP_PROD }).to_string();
    let costs = ["--arguments", arguments.as_str()];
    let expired = lab.token(lab.alice()).scope("cost.read").expired().issue().unwrap();
    insta::assert_snapshot!(read(&called(&deployment, Some(&expired), &costs).await.unwrap()), @r"
    Refused
    HTTP 401: the token has expired; renew it
    The token is not accepted. Sign in again: --scope api://3f1d5c1e-7a0b-4d52-9c44-5b8c2f6e9a71/mcp-cost-server/cost.read
    Where to sign in: http://localhost/.well-known/oauth-protected-resource/mcp
    Correlation id: …
    ");
    let export = called(&deployment, Some(&token), &["--tool", "cost_export"]).await.unwrap();
    insta::assert_snapshot!(read(&export), @r"
    Refused
    HTTP 403: missing_scope:cost.export
    Sign in again for the scope the token lacks: --scope api://3f1d5c1e-7a0b-4d52-9c44-5b8c2f6e9a71/mcp-cost-server/cost.export
    What to do: tool cost_export needs the scope api://3f1d5c1e-7a0b-4d52-9c44-5b8c2f6e9a71/mcp-cost-server/cost.export: sign in again asking for it; an administrator may have to consent first
    Correlation id: …
    ");
    lab.entra().withdraw_azure_consent();
    let consent = called(&deployment, Some(&token), &costs).await.unwrap();
    assert_eq!(consent.ending, Ending::Refused);
    let authorize = format!("\nconsent_url: {}", lab.entra().authority());
    let administrator = format!("\nadmin_consent_url: {}", lab.entra().authority());
    assert!(consent.advice.contains(&authorize) && consent.advice.contains(&administrator), "{}", consent.advice);
    lab.entra().consents_to_azure(lab.alice());
    lab.entra().consents_to_azure(lab.bob());
    lab.entra().require_mfa();
    let session = reads(&deployment, lab.alice());
    let claims = read(&called(&deployment, Some(&session), &costs).await.unwrap());
    let sentence = "which a client sends as `claims` when it signs in: {\"access_token\"";
    assert!(claims.starts_with("Refused\n") && claims.contains(sentence), "{claims}");
    lab.entra().remove_policies();
    lab.entra().faults().always(lab::fault::Fault::Throttled(lab::fault::RetryAfter::Seconds(17)));
    let busy = reads(&deployment, lab.bob());
    insta::assert_snapshot!(read(&called(&deployment, Some(&busy), &costs).await.unwrap()), @r"
    TryLater
    HTTP 503: temporarily_unavailable: Microsoft Entra ID is busy or can't be reached; try again in 17 seconds
    What to do: wait 17 seconds and try again
    Correlation id: …
    ");
}

#[tokio::test]
async fn a_server_that_plays_tricks_shows_neither_the_token_nor_control_characters() {
    async fn echo(headers: HeaderMap) -> (StatusCode, String) {
        let token = headers["authorization"].to_str().unwrap();
        let text = format!("{token} \u{1b}]0;owned\u{7}");
        (StatusCode::OK, json!({ "result": { "content": [{ "type": "text", "text": text }] } }).to_string())
    }
    let url = serve(Router::new().route("/mcp", post(echo))).await;
    let endpoint = format!("{url}/mcp");
    let line = ["--url", &endpoint, "--token", "secret", "--tool", "whoami"];
    for (format, expected) in
        [(&["--json"][..], "Bearer [token] \\u001b]0;owned\\u0007"), (&[], "Bearer [token] ]0;owned\n")]
    {
        let arguments = parsed(&[&line, format].concat());
        let surroundings = Surroundings { token: None, lab: PathBuf::new() };
        let report = call::run(arguments, &surroundings, &mut Vec::new()).await.unwrap();
        assert!(report.answer.contains(expected), "{}", report.answer);
        assert!(!format!("{report:?}").contains("secret"));
    }
}

#[tokio::test]
async fn a_person_signs_in_by_device_code() {
    let deployment = deployed().await;
    let token = reads(&deployment, deployment.lab.alice());
    let (authority, asked) = authority(&token).await;
    let registration = ["--tenant", "contoso.example", "--client", "c", "--scope", "api://costs/cost.read"];
    let options = [&registration[..], &["--authority", &authority, "--tool", "whoami"]].concat();
    let (report, prompt) = with_lab(&deployment, PathBuf::new(), None, &options).await;
    let report = report.unwrap();
    assert!(report.answer.contains("alice@contoso.example"), "{report:?}");
    assert_eq!(prompt, "Sign in: open https://login.example/device on any device and enter ABC-DEF\n");
    assert!(!format!("{report:?}{prompt}").contains(&token));
    assert_eq!(asked.load(Ordering::Relaxed), 2, "once while nobody had signed in, and once after");
    let unknown = registration.map(|option| if option == "c" { "unknown" } else { option });
    let options = [&unknown[..], &["--authority", &authority]].concat();
    let (report, _) = with_lab(&deployment, PathBuf::new(), None, &options).await;
    assert_eq!(report.unwrap_err().to_string(), "Entra refused (unauthorized_client): AADSTS700016: not found");
}

/// The two endpoints of the device authorization grant, and how often a token was asked for.
async fn authority(token: &str) -> (String, Arc<AtomicU64>) {
    async fn device(form: String) -> String {
        let answer = if form == "client_id=c&scope=api%3A%2F%2Fcosts%2Fcost.read" {
            json!({
                "device_code": "device", "user_code": "ABC-DEF", "verification_uri": "https://login.example/device",
                "expires_in": 900, "interval": 0, "message": "…",
            })
        } else {
            json!({ "error": "unauthorized_client", "error_description": "AADSTS700016: not found" })
        };
        answer.to_string()
    }
    async fn redeem(State((token, asked)): State<(String, Arc<AtomicU64>)>, form: String) -> String {
        let grant = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code";
        assert_eq!(form, format!("{grant}&client_id=c&device_code=device"));
        let answer = match asked.fetch_add(1, Ordering::Relaxed) {
            0 => json!({ "error": "authorization_pending", "error_description": "AADSTS70016: pending" }),
            _ => json!({ "token_type": "Bearer", "access_token": token, "expires_in": 3599 }),
        };
        answer.to_string()
    }
    let asked = Arc::new(AtomicU64::new(0));
    let routes = Router::new()
        .route("/contoso.example/oauth2/v2.0/devicecode", post(device))
        .route("/contoso.example/oauth2/v2.0/token", post(redeem))
        .with_state((token.to_owned(), Arc::clone(&asked)));
    (serve(routes).await, asked)
}

async fn serve(routes: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    format!("http://{address}")
}
