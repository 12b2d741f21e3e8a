//! Starts that must not succeed. Proves that the handler exits loudly and names setting, cause and fix; how the platform
//! shows that, only a deployment can.

use std::process::{Output, Stdio};

use lab::{
    Deployment, Lab,
    fault::{Fault, RetryAfter},
};
use serde_json::Value;
use tokio::io::AsyncReadExt;

use crate::support::{deployed_with, events, handler};

/// Runs the handler by itself until it exits.
pub(crate) async fn exits(settings: Vec<(String, String)>) -> Output {
    let mut command = tokio::process::Command::new(handler());
    command.env_clear().envs(settings).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(std::time::Duration::from_secs(20), command.output());
    output.await.expect("it listens or exits within 15 seconds").unwrap()
}

pub(crate) fn with(lab: &Lab, settings: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut environment = lab.settings();
    environment.retain(|(name, _)| !settings.iter().any(|(other, _)| name == other));
    environment.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    environment.push(("PUBLIC_URL".into(), "http://localhost:8080".into()));
    environment
}

#[track_caller]
fn refused(output: &Output, expected: &[&str]) {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let stderr = String::from_utf8_lossy(&output.stderr);
    let summary = stderr.lines().last().unwrap();
    assert!(summary.starts_with("mcp-cost-server can't start: "), "the summary comes last: {stderr}");
    for part in expected {
        assert!(stderr.contains(part), "{part:?} is missing: {stderr}");
    }
    let stdout = String::from_utf8_lossy(&output.stdout);
    let last: Value = serde_json::from_str(stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["event"], "start_failed", "{stdout}");
}

#[tokio::test]
async fn without_settings_all_that_is_missing_is_named() {
    let expected = ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "APP_ID_URI", "PUBLIC_URL", "KEY_VAULT_URL"];
    refused(&exits(Vec::new()).await, &expected);
}

#[tokio::test]
async fn a_tool_that_is_not_there_can_not_be_disabled() {
    let lab = Lab::start().await.unwrap();
    let expected = ["DISABLED_TOOLS entry 2", "cost_by_service", "cost_export", "whoami"];
    refused(&exits(with(&lab, &[("DISABLED_TOOLS", "cost_export,cost_exprot")])).await, &expected);
}

#[tokio::test]
async fn a_vault_that_forbids_is_named_with_the_role_to_grant() {
    let lab = Lab::start().await.unwrap();
    lab.key_vault().forbid();
    refused(&exits(with(&lab, &[])).await, &["KEY_VAULT_URL", "role"]);
}

#[tokio::test]
async fn a_certificate_that_is_not_there_is_named() {
    let lab = Lab::start().await.unwrap();
    refused(&exits(with(&lab, &[("OBO_CERTIFICATE_NAME", "nope")])).await, &["OBO_CERTIFICATE_NAME", "nope"]);
}

#[tokio::test]
async fn an_unreachable_vault_ends_the_start() {
    let lab = Lab::start().await.unwrap();
    refused(&exits(with(&lab, &[("KEY_VAULT_URL", "https://localhost:1")])).await, &["KEY_VAULT_URL"]);
}

#[tokio::test]
async fn a_proxy_gets_tunnels_and_never_a_request_in_the_clear() {
    // the identity endpoint is plain http and its header a secret, so `HTTP_PROXY` must mean nothing
    let clear = deployed_with(&[("HTTP_PROXY", "http://127.0.0.1:1"), ("ALL_PROXY", "http://127.0.0.1:1")]).await;
    assert_eq!(events(&clear, "started").len(), 1);

    let proxy = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    let lab = Lab::start().await.unwrap();
    let start = tokio::spawn(exits(with(&lab, &[("HTTPS_PROXY", &address)])));
    let (mut asked, _) = proxy.accept().await.unwrap();
    let mut line = [0; 18];
    asked.read_exact(&mut line).await.unwrap();
    assert_eq!(&line, b"CONNECT localhost:");
    drop((asked, proxy));
    refused(&start.await.unwrap(), &["KEY_VAULT_URL"]);
}

#[tokio::test]
async fn a_hostile_vault_ends_the_start() {
    for fault in [
        Fault::Html(http::StatusCode::OK),
        Fault::Truncated,
        Fault::Answer(http::Response::new("[".repeat(100_000).into())),
    ] {
        let lab = Lab::start().await.unwrap();
        lab.key_vault().faults().always(fault.clone());
        let output = exits(with(&lab, &[])).await;
        refused(&output, &["KEY_VAULT_URL"]);
    }
}

#[tokio::test]
async fn a_vault_or_an_identity_that_never_answers_ends_the_start_in_time() {
    let (silent_vault, silent_identity) = (Lab::start().await.unwrap(), Lab::start().await.unwrap());
    let never = Fault::Slow(std::time::Duration::from_mins(10));
    silent_vault.key_vault().faults().always(never.clone());
    silent_identity.managed_identity().faults().always(never);
    let (vault, identity) = tokio::join!(exits(with(&silent_vault, &[])), exits(with(&silent_identity, &[])));
    refused(&vault, &["KEY_VAULT_URL"]);
    refused(&identity, &["KEY_VAULT_IDENTITY"]);
}

#[tokio::test]
async fn an_unreadable_pem_file_ends_the_start() {
    let lab = Lab::start().await.unwrap();
    let file =
        |path: &str| with(&lab, &[("KEY_VAULT_URL", ""), ("OBO_CERTIFICATE_NAME", ""), ("AZURE_CERT_PATH", path)]);
    refused(&exits(file("/nowhere/obo.pem")).await, &["AZURE_CERT_PATH"]);
    refused(&exits(file("/dev/null")).await, &["AZURE_CERT_PATH"]);
}

fn federated(lab: &Lab, identity: &str, endpoint: Option<&str>) -> Vec<(String, String)> {
    let mut settings =
        vec![("KEY_VAULT_URL", ""), ("OBO_CERTIFICATE_NAME", ""), ("OBO_FEDERATED_IDENTITY_CLIENT_ID", identity)];
    settings.extend(endpoint.map(|endpoint| ("IDENTITY_ENDPOINT", endpoint)));
    with(lab, &settings)
}

#[tokio::test]
async fn a_federated_identity_that_is_not_there_ends_the_start() {
    let lab = Lab::start().await.unwrap();
    let expected = ["OBO_FEDERATED_IDENTITY_CLIENT_ID", "az functionapp identity assign"];
    refused(&exits(federated(&lab, "00000000-1111-4222-8333-444444444444", None)).await, &expected);
    let here = lab::people::USER_ASSIGNED_IDENTITY_CLIENT_ID;
    refused(&exits(federated(&lab, here, Some("http://127.0.0.1:1/msi/token"))).await, &expected);
    lab.managed_identity().faults().always(Fault::Slow(std::time::Duration::from_mins(1)));
    refused(&exits(federated(&lab, here, None)).await, &expected);
}

#[tokio::test]
async fn a_vault_that_does_not_sign_ends_the_start() {
    let lab = Lab::start().await.unwrap();
    lab.key_vault().set_exportable(false);
    lab.key_vault().forbid_signing();
    refused(&exits(with(&lab, &[])).await, &["KEY_VAULT_URL", "Key Vault Crypto User"]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_developer_who_is_not_signed_in_is_told_to() {
    let lab = Lab::start().await.unwrap();
    let settings = with(&lab, &[("KEY_VAULT_IDENTITY", "developer"), ("PATH", "/nowhere")]);
    refused(&exits(settings).await, &["KEY_VAULT_IDENTITY", "az login"]);
}

#[tokio::test]
async fn a_user_assigned_identity_reads_the_vault() {
    let identity = lab::people::USER_ASSIGNED_IDENTITY_CLIENT_ID;
    let deployment = deployed_with(&[("KEY_VAULT_IDENTITY", identity)]).await;
    let started = events(&deployment, "started");
    assert_eq!(started.len(), 1);
}

#[tokio::test]
async fn a_handler_that_exits_is_started_again_and_then_given_up_loudly() {
    let lab = Lab::start().await.unwrap();
    lab.key_vault().forbid();
    let Err(error) = Deployment::of(lab, handler(), &[], None).await else { panic!("it started") };
    assert!(error.to_string().contains("KEY_VAULT_URL"), "the host shows the handler's last words: {error}");
}

#[tokio::test]
async fn a_throttling_vault_is_asked_again() {
    let lab = Lab::start().await.unwrap();
    lab.key_vault().faults().next(1, &Fault::Throttled(RetryAfter::Seconds(1)));
    let deployment = Deployment::of(lab, handler(), &[], None).await.unwrap();
    assert_eq!(deployment.host.restarts(), 0);
}
