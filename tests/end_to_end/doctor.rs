//! `handler doctor` as an operator runs it, on deployments that are ill in one way each. Proves the whole report and the
//! exit code; the numbers Entra gives today, only a live tenant can show.

use std::process::Stdio;

use bytes::Bytes;
use http::Response;
use insta::assert_snapshot;
use lab::{
    Lab,
    fault::Fault,
    people::{Person, SERVER_CLIENT_ID, TENANT_ID},
};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::support::handler;

/// A lab and what the command is given.
struct Patient {
    lab: Lab,
    settings: Vec<(String, String)>,
}

impl Patient {
    async fn new() -> Self {
        let lab = Lab::start().await.unwrap();
        let settings = lab.settings();
        Self { lab, settings }.with("PUBLIC_URL", "https://costs.contoso.example")
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Alice's token for reading.
    fn alice(&self) -> String {
        self.reads(self.lab.alice())
    }

    fn reads(&self, person: &Person) -> String {
        self.lab.token(person).scope("cost.read").issue().unwrap()
    }

    /// Exit code and report, with everything replaced that differs from run to run.
    async fn diagnosis(&self, token: Option<&str>) -> String {
        let (code, report) = self.examine(&[], token).await;
        format!("{}\nexit code {code}", self.masked(&report))
    }

    async fn examine(&self, options: &[&str], token: Option<&str>) -> (i32, String) {
        let mut command = tokio::process::Command::new(handler());
        command.arg("doctor").args(options).args(token.map(|_| "--token-stdin"));
        command.env_clear().envs(self.settings.clone()).kill_on_drop(true);
        let mut doctor = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // a command that does not read its input may be gone already
        let _ = doctor.stdin.take().unwrap().write_all(token.unwrap_or_default().as_bytes()).await;
        let output = doctor.wait_with_output().await.unwrap();
        let shown = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        for secret in self.lab.secrets() {
            assert!(!shown.contains(&secret), "a secret was shown: {shown}");
        }
        assert!(!shown.contains("eyJ"), "something like a token was shown: {shown}");
        (output.status.code().unwrap(), shown)
    }

    fn masked(&self, report: &str) -> String {
        let report = report
            .replace(self.lab.entra().authority(), "<authority>")
            .replace(self.lab.resource_manager().url(), "<arm>")
            .replace(&self.lab.resource_manager().url().replace(':', "%3A").replace('/', "%2F"), "<arm>")
            .replace(TENANT_ID, "<tenant>")
            .replace(SERVER_CLIENT_ID, "<client>");
        let report = masked(&report, 64, |text| text.bytes().all(|byte| byte.is_ascii_hexdigit()), "<thumbprint>");
        let report = masked(&report, 36, |text| text.parse::<identity::ObjectId>().is_ok(), "<id>");
        let report = masked(&report, 10, is_day, "<day>");
        report.replace("(in 365 days)", "(in 364 days)").replace("75 minutes", "74 minutes")
    }
}

/// Replaces each part of `length` bytes that `is` what is looked for.
fn masked(text: &str, length: usize, is: impl Fn(&str) -> bool, name: &str) -> String {
    let (mut masked, mut rest) = (String::new(), text);
    while let Some(letter) = rest.chars().next() {
        if rest.get(..length).is_some_and(&is) {
            masked.push_str(name);
            rest = &rest[length..];
        } else {
            masked.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    masked
}

fn is_day(text: &str) -> bool {
    text.bytes().enumerate().all(|(at, byte)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() })
}

/// Entra's refusal of the exchange: the question before it, whether the credential is good, is answered as usual.
fn refuse_exchange(patient: &Patient, body: &Value) {
    let faults = patient.lab.entra().faults();
    faults.next(1, &Fault::Slow(std::time::Duration::ZERO));
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = http::StatusCode::BAD_REQUEST;
    faults.next(1, &Fault::Answer(response));
}

#[tokio::test]
async fn a_healthy_deployment_and_a_good_token() {
    let patient = Patient::new().await;
    patient.lab.entra().admin_consents("cost.export");
    let token = patient.lab.token(patient.lab.alice()).scope("cost.read").scope("cost.export").issue().unwrap();
    assert_snapshot!(patient.diagnosis(Some(&token)).await, @"
    ✓ settings           complete and valid
    ! public url         APP_ID_URI is api://<tenant>/mcp-cost-server, the MCP endpoint https://costs.contoso.example/mcp: Entra refuses clients that send the endpoint as RFC 8707 resource (AADSTS9010010, resource and scope don't match)
                         fix: on a verified domain: az ad app update --id <client> --identifier-uris api://<tenant>/mcp-cost-server https://costs.contoso.example/mcp, then set APP_ID_URI to https://costs.contoso.example/mcp
    ✓ tls roots          1 certificate authority is trusted
    ✓ authority          <authority>/<tenant>/v2.0 publishes 2 signing keys
    ✓ credential         OBO_CERTIFICATE_NAME (mcp-cost-server-obo in localhost), SHA-256 <thumbprint>, ends on <day> (in 364 days)
    ✓ registration       Entra accepts the credential for AZURE_CLIENT_ID <client>
    ✓ token version      2.0
    ✓ token audience     this server's client id
    ✓ token tenant       AZURE_TENANT_ID
    ✓ token lifetime     74 minutes left
    ✓ token kind         a person's
    ✓ token permissions  cost.read, cost.export
    ✓ token accepted     this server accepts it
    ✓ on behalf of       Entra gives a token for <arm>/ as this person

    0 failed, 1 to be warned of, 0 not checked

    exit code 0
    ");
}

#[tokio::test]
async fn nothing_is_asked_for_a_token_that_is_not_given() {
    let application = "https://costs.contoso.example/mcp";
    let lab = Lab::builder().app_id_uri(application).start().await.unwrap();
    let settings = lab.settings();
    let patient = Patient { lab, settings }.with("PUBLIC_URL", "https://costs.contoso.example");
    assert_snapshot!(patient.diagnosis(None).await, @"
    ✓ settings           complete and valid
    ✓ public url         APP_ID_URI is the address of the MCP endpoint
    ✓ tls roots          1 certificate authority is trusted
    ✓ authority          <authority>/<tenant>/v2.0 publishes 2 signing keys
    ✓ credential         OBO_CERTIFICATE_NAME (mcp-cost-server-obo in localhost), SHA-256 <thumbprint>, ends on <day> (in 364 days)
    ✓ registration       Entra accepts the credential for AZURE_CLIENT_ID <client>
    – not checked        token version, token audience, token tenant, token lifetime, token kind, token permissions, token accepted, on behalf of: no token was given; see handler doctor --help

    0 failed, 0 to be warned of, 8 not checked

    exit code 0
    ");
}

#[tokio::test]
async fn a_machine_reads_the_same_as_json() {
    let patient = Patient::new().await.with("AZURE_TENANT_ID", "contoso").with("PUBLIC_URL", "");
    let (code, report) = patient.examine(&["--json"], None).await;
    let findings: Vec<Value> = serde_json::from_str(&report).unwrap();
    let statuses: Vec<_> =
        findings.iter().map(|finding| format!("{} {}", finding["check"], finding["status"])).collect();
    assert_snapshot!(format!("{}\nexit code {code}", statuses.join("\n").replace('"', "")), @"
    settings failed
    settings failed
    public_url not_checked
    tls_roots ok
    authority not_checked
    credential not_checked
    registration not_checked
    token_version not_checked
    token_audience not_checked
    token_tenant not_checked
    token_lifetime not_checked
    token_kind not_checked
    token_permissions not_checked
    token_accepted not_checked
    on_behalf_of not_checked
    exit code 1
    ");
    assert_snapshot!(patient.masked(&format!("{:#}", findings[0])), @r#"
    {
      "check": "settings",
      "detail": "AZURE_TENANT_ID is not a GUID such as <id>",
      "fix": "set it to the tenant's GUID: az account show --query tenantId",
      "status": "failed"
    }
    "#);
}

#[tokio::test]
async fn a_vault_that_forbids() {
    let patient = Patient::new().await;
    patient.lab.key_vault().forbid();
    assert_snapshot!(patient.diagnosis(Some(&patient.alice())).await, @r#"
    ✓ settings           complete and valid
    ! public url         APP_ID_URI is api://<tenant>/mcp-cost-server, the MCP endpoint https://costs.contoso.example/mcp: Entra refuses clients that send the endpoint as RFC 8707 resource (AADSTS9010010, resource and scope don't match)
                         fix: on a verified domain: az ad app update --id <client> --identifier-uris api://<tenant>/mcp-cost-server https://costs.contoso.example/mcp, then set APP_ID_URI to https://costs.contoso.example/mcp
    ✓ tls roots          1 certificate authority is trusted
    ✓ authority          <authority>/<tenant>/v2.0 publishes 2 signing keys
    ✗ credential         KEY_VAULT_URL: the vault localhost refuses to hand out mcp-cost-server-obo (ForbiddenByRbac)
                         fix: let the identity of KEY_VAULT_IDENTITY read it: az role assignment create --role "Key Vault Certificate User" --assignee-principal-type ServicePrincipal --assignee-object-id <the identity's principal id> --scope <the vault's resource id>
    – registration       not checked: there is no credential
    ✓ token version      2.0
    ✓ token audience     this server's client id
    ✓ token tenant       AZURE_TENANT_ID
    ✓ token lifetime     74 minutes left
    ✓ token kind         a person's
    ! token permissions  cost.read, but not cost.export: its tools answer missing_scope:cost.export
                         fix: let the client sign in for api://<tenant>/mcp-cost-server/cost.export; if nobody has consented to it: az ad app permission grant --id <client id of the client> --api <client> --scope cost.export
    ✓ token accepted     this server accepts it
    – on behalf of       not checked: Entra must accept this server's credential first

    1 failed, 2 to be warned of, 2 not checked

    exit code 1
    "#);
}

#[tokio::test]
async fn a_certificate_that_is_not_the_registered_one() {
    let patient = Patient::new().await;
    patient.lab.key_vault().rotate().unwrap();
    let report = patient.diagnosis(Some(&patient.alice())).await;
    let (shown, _) = report.split_once("\nexit code").unwrap();
    assert!(include_str!("../../README.md").contains(shown), "the README shows this report");
    assert_snapshot!(report, @"
    ✓ settings           complete and valid
    ! public url         APP_ID_URI is api://<tenant>/mcp-cost-server, the MCP endpoint https://costs.contoso.example/mcp: Entra refuses clients that send the endpoint as RFC 8707 resource (AADSTS9010010, resource and scope don't match)
                         fix: on a verified domain: az ad app update --id <client> --identifier-uris api://<tenant>/mcp-cost-server https://costs.contoso.example/mcp, then set APP_ID_URI to https://costs.contoso.example/mcp
    ✓ tls roots          1 certificate authority is trusted
    ✓ authority          <authority>/<tenant>/v2.0 publishes 2 signing keys
    ✓ credential         OBO_CERTIFICATE_NAME (mcp-cost-server-obo in localhost), SHA-256 <thumbprint>, ends on <day> (in 364 days)
    ✗ registration       AADSTS700027 (invalid_client): the certificate that signed is not registered, or the signature does not verify
                         fix: see what is registered: az ad app credential list --id <client> --cert; register this one: az ad app credential reset --id <client> --append --keyvault localhost --cert mcp-cost-server-obo
    ✓ token version      2.0
    ✓ token audience     this server's client id
    ✓ token tenant       AZURE_TENANT_ID
    ✓ token lifetime     74 minutes left
    ✓ token kind         a person's
    ! token permissions  cost.read, but not cost.export: its tools answer missing_scope:cost.export
                         fix: let the client sign in for api://<tenant>/mcp-cost-server/cost.export; if nobody has consented to it: az ad app permission grant --id <client id of the client> --api <client> --scope cost.export
    ✓ token accepted     this server accepts it
    – on behalf of       not checked: Entra must accept this server's credential first

    1 failed, 2 to be warned of, 1 not checked

    exit code 1
    ");
}

#[tokio::test]
async fn a_certificate_that_ends_soon() {
    let patient = Patient::new().await;
    let vault = patient.lab.key_vault();
    let certificate = vault.set_expiry(time::OffsetDateTime::now_utc() + time::Duration::days(10)).unwrap();
    patient.lab.entra().register(&certificate);
    let report = patient.diagnosis(None).await;
    let line = report.lines().skip_while(|line| !line.contains("credential")).take(2).collect::<Vec<_>>().join("\n");
    assert_snapshot!(line.replace("in 10 days", "in 9 days"), @"
    ! credential         OBO_CERTIFICATE_NAME (mcp-cost-server-obo in localhost), SHA-256 <thumbprint>, ends on <day> (in 9 days)
                         fix: make another version, register it while this one still serves, and let this server use it
    ");
    assert!(report.ends_with("exit code 0"), "{report}");
}

#[tokio::test]
async fn a_tenant_that_does_not_exist() {
    let patient = Patient::new().await.with("AZURE_TENANT_ID", "00000000-0000-4000-8000-000000000001");
    assert_snapshot!(patient.diagnosis(Some(&patient.alice())).await, @"
    ✓ settings           complete and valid
    ! public url         APP_ID_URI is api://<tenant>/mcp-cost-server, the MCP endpoint https://costs.contoso.example/mcp: Entra refuses clients that send the endpoint as RFC 8707 resource (AADSTS9010010, resource and scope don't match)
                         fix: on a verified domain: az ad app update --id <client> --identifier-uris api://<tenant>/mcp-cost-server https://costs.contoso.example/mcp, then set APP_ID_URI to https://costs.contoso.example/mcp
    ✓ tls roots          1 certificate authority is trusted
    ✗ authority          no signing keys of <authority>/<id>/v2.0: the answer has status 400 Bad Request
                         fix: check AZURE_TENANT_ID and AZURE_AUTHORITY_HOST: az account show --query tenantId
    ✓ credential         OBO_CERTIFICATE_NAME (mcp-cost-server-obo in localhost), SHA-256 <thumbprint>, ends on <day> (in 364 days)
    ✗ registration       AADSTS90002 (invalid_request): no such tenant in this cloud
                         fix: check AZURE_TENANT_ID and AZURE_AUTHORITY_HOST: az account show --query tenantId
    ✓ token version      2.0
    ✓ token audience     this server's client id
    ✗ token tenant       not AZURE_TENANT_ID (<id>), the only one accepted
                         fix: sign in to that tenant, as a guest if need be: az login --tenant <id>
    ✓ token lifetime     74 minutes left
    ✓ token kind         a person's
    ! token permissions  cost.read, but not cost.export: its tools answer missing_scope:cost.export
                         fix: let the client sign in for api://<tenant>/mcp-cost-server/cost.export; if nobody has consented to it: az ad app permission grant --id <client id of the client> --api <client> --scope cost.export
    – token accepted     not checked: there are no signing keys to verify it with
    – on behalf of       not checked: the token must be acceptable first

    3 failed, 2 to be warned of, 2 not checked

    exit code 1
    ");
}

#[tokio::test]
async fn another_registration_than_this_server_s() {
    let patient = Patient::new().await.with("AZURE_CLIENT_ID", "00000000-0000-4000-8000-000000000002");
    assert_snapshot!(patient.diagnosis(Some(&patient.alice())).await, @"
    ✓ settings           complete and valid
    ! public url         APP_ID_URI is api://<tenant>/mcp-cost-server, the MCP endpoint https://costs.contoso.example/mcp: Entra refuses clients that send the endpoint as RFC 8707 resource (AADSTS9010010, resource and scope don't match)
                         fix: on a verified domain: az ad app update --id <id> --identifier-uris api://<tenant>/mcp-cost-server https://costs.contoso.example/mcp, then set APP_ID_URI to https://costs.contoso.example/mcp
    ✓ tls roots          1 certificate authority is trusted
    ✓ authority          <authority>/<tenant>/v2.0 publishes 2 signing keys
    ✓ credential         OBO_CERTIFICATE_NAME (mcp-cost-server-obo in localhost), SHA-256 <thumbprint>, ends on <day> (in 364 days)
    ✗ registration       AADSTS700016 (unauthorized_client): no such registration in this tenant
                         fix: check AZURE_CLIENT_ID and AZURE_TENANT_ID: az ad app show --id <id>
    ✓ token version      2.0
    ✗ token audience     another API; or AZURE_CLIENT_ID (<id>) is not this server's registration
                         fix: ask for this server's scope by its full name: az account get-access-token --tenant <tenant> --scope api://<tenant>/mcp-cost-server/cost.read --query accessToken --output tsv
    ✓ token tenant       AZURE_TENANT_ID
    ✓ token lifetime     74 minutes left
    ✓ token kind         a person's
    ! token permissions  cost.read, but not cost.export: its tools answer missing_scope:cost.export
                         fix: let the client sign in for api://<tenant>/mcp-cost-server/cost.export; if nobody has consented to it: az ad app permission grant --id <client id of the client> --api <id> --scope cost.export
    ✗ token accepted     refused, wrong_audience: the token is not for this server, whose audience is <id>
                         fix: ask for a token with this server's scope
    – on behalf of       not checked: the token must be acceptable first

    3 failed, 2 to be warned of, 1 not checked

    exit code 1
    ");
}

#[tokio::test]
async fn a_token_of_version_1() {
    let patient = Patient::new().await;
    let token = patient.lab.token(patient.lab.alice()).scope("cost.read").version_1().issue().unwrap();
    assert_snapshot!(about_token(&patient, &token).await, @r#"
    ✗ token version      1.0, and only 2.0 is accepted: this server's registration decides it, whichever endpoint a client uses
                         fix: az rest --method patch --url "https://graph.microsoft.com/v1.0/applications(appId='<client>')" --body '{"api":{"requestedAccessTokenVersion":2}}'
    ✗ token audience     APP_ID_URI, as in version 1.0; in version 2.0 it is always the client id <client>
                         fix: az rest --method patch --url "https://graph.microsoft.com/v1.0/applications(appId='<client>')" --body '{"api":{"requestedAccessTokenVersion":2}}'
    ✓ token tenant       AZURE_TENANT_ID
    ✓ token lifetime     74 minutes left
    ✓ token kind         a person's
    ! token permissions  cost.read, but not cost.export: its tools answer missing_scope:cost.export
                         fix: let the client sign in for api://<tenant>/mcp-cost-server/cost.export; if nobody has consented to it: az ad app permission grant --id <client id of the client> --api <client> --scope cost.export
    ✗ token accepted     refused, wrong_version: token is version 1.0: set `requestedAccessTokenVersion` to 2 in this server's app registration, if the token was issued for it
    – on behalf of       not checked: the token must be acceptable first

    3 failed, 2 to be warned of, 1 not checked

    exit code 1
    "#);
}

#[tokio::test]
async fn a_token_for_graph() {
    let patient = Patient::new().await;
    let token = patient.lab.token(patient.lab.alice()).scope("cost.read").for_graph().issue().unwrap();
    assert_snapshot!(about_token(&patient, &token).await, @"
    ✓ token version      2.0
    ✗ token audience     Microsoft Graph: the client asked for a scope of Graph, or for one without this server's prefix
                         fix: ask for this server's scope by its full name: az account get-access-token --tenant <tenant> --scope api://<tenant>/mcp-cost-server/cost.read --query accessToken --output tsv
    ✓ token tenant       AZURE_TENANT_ID
    ✓ token lifetime     74 minutes left
    ✓ token kind         a person's
    ! token permissions  cost.read, but not cost.export: its tools answer missing_scope:cost.export
                         fix: let the client sign in for api://<tenant>/mcp-cost-server/cost.export; if nobody has consented to it: az ad app permission grant --id <client id of the client> --api <client> --scope cost.export
    ✗ token accepted     refused, graph_token: the token is for Microsoft Graph, not for this server
                         fix: ask for a token with this server's scope
    – on behalf of       not checked: the token must be acceptable first

    2 failed, 2 to be warned of, 1 not checked

    exit code 1
    ");
}

#[tokio::test]
async fn a_token_with_scopes_but_none_of_this_server() {
    let patient = Patient::new().await;
    let foreign = patient.lab.token(patient.lab.alice()).scope("cost.read").claim("scp", "Cost.Read User.Read").issue();
    assert_snapshot!(about_token(&patient, &foreign.unwrap()).await, @"
    ✓ token version      2.0
    ✓ token audience     this server's client id
    ✓ token tenant       AZURE_TENANT_ID
    ✓ token lifetime     74 minutes left
    ✓ token kind         a person's
    ✗ token permissions  scp names this server's scope in another case, and case counts: its tools answer missing_scope:cost.read
                         fix: let the client sign in for api://<tenant>/mcp-cost-server/cost.read; if nobody has consented to it: az ad app permission grant --id <client id of the client> --api <client> --scope cost.read
    ✓ token accepted     this server accepts it
    – on behalf of       not checked: the token holds no scope of this server

    1 failed, 1 to be warned of, 1 not checked

    exit code 1
    ");
}

#[tokio::test]
async fn tokens_of_other_kinds() {
    let patient = Patient::new().await;
    let alice = || patient.lab.token(patient.lab.alice()).scope("cost.read");
    let mut reports = Vec::new();
    for (what, token) in [
        ("expired", alice().expired().issue().unwrap()),
        ("of another tenant", alice().tenant("00000000-0000-4000-8000-000000000001").issue().unwrap()),
        ("an ID token", alice().id_token().issue().unwrap()),
        ("for Resource Manager", alice().audience("https://management.azure.com/").issue().unwrap()),
        ("a service's", patient.lab.service_token(&[]).issue().unwrap()),
        ("forged", alice().signed_by_unknown_key().issue().unwrap()),
        ("no token", "not-a-token".to_owned()),
    ] {
        let report = about_token(&patient, &token).await;
        let wrong = report.lines().filter(|line| line.starts_with(['✗', '–']) || line.starts_with("exit"));
        reports.push(format!("{what}:\n{}", wrong.collect::<Vec<_>>().join("\n")));
    }
    assert_snapshot!(reports.join("\n"), @"
    expired:
    ✗ token lifetime     ended 60 minutes ago
    ✗ token accepted     refused, expired: the token has expired
    – on behalf of       not checked: the token must be acceptable first
    exit code 1
    of another tenant:
    ✗ token tenant       not AZURE_TENANT_ID (<tenant>), the only one accepted
    ✗ token accepted     refused, wrong_issuer: the token is not issued by <authority>/<tenant>/v2.0
    – on behalf of       not checked: the token must be acceptable first
    exit code 1
    an ID token:
    ✗ token kind         an ID token, which opens nothing
    – token permissions  not checked: it is no access token
    ✗ token accepted     refused, id_token: this is an ID token
    – on behalf of       not checked: the token must be acceptable first
    exit code 1
    for Resource Manager:
    ✗ token audience     Azure Resource Manager itself: such a token is never sent to this server
    ✗ token accepted     refused, wrong_audience: the token is not for this server, whose audience is <client>
    – on behalf of       not checked: the token must be acceptable first
    exit code 1
    a service's:
    – on behalf of       not checked: a service's own token is never exchanged
    exit code 0
    forged:
    ✗ token accepted     refused, unknown_key: the token is signed with a key that this server's tenant does not publish
    – on behalf of       not checked: the token must be acceptable first
    exit code 1
    no token:
    – not checked        token version, token audience, token tenant, token lifetime: the token must be acceptable first
    ✗ token kind         this is no signed JWT
    – token permissions  not checked: the token must be acceptable first
    ✗ token accepted     refused, malformed: the token is not a signed JWT
    – on behalf of       not checked: the token must be acceptable first
    exit code 1
    ");
}

#[tokio::test]
async fn a_consent_that_was_withdrawn() {
    let patient = Patient::new().await;
    patient.lab.entra().withdraw_azure_consent();
    assert_snapshot!(on_behalf_of(&patient).await, @"
    ✗ on behalf of       AADSTS65001 (invalid_grant): nobody has consented to this server reading Azure for this person
                         fix: az ad app permission admin-consent --id <client>, or as an administrator open <authority>/<tenant>/v2.0/adminconsent?client_id=<client>&redirect_uri=https%3A%2F%2Fcosts.contoso.example%2Fconsented&scope=<arm>%2F.default

    1 failed, 2 to be warned of, 0 not checked

    exit code 1
    ");
}

#[tokio::test]
async fn a_registration_without_user_impersonation() {
    let patient = Patient::new().await;
    patient.lab.entra().remove_azure_permission();
    assert_snapshot!(on_behalf_of(&patient).await, @"
    ✗ on behalf of       AADSTS650057 (invalid_resource): the registration does not ask for Azure Resource Manager
                         fix: add Azure Service Management / user_impersonation: az ad app permission add --id <client> --api <id> --api-permissions <id>=Scope; then az ad app permission admin-consent --id <client>, or as an administrator open <authority>/<tenant>/v2.0/adminconsent?client_id=<client>&redirect_uri=https%3A%2F%2Fcosts.contoso.example%2Fconsented&scope=<arm>%2F.default

    1 failed, 2 to be warned of, 0 not checked

    exit code 1
    ");
}

#[tokio::test]
async fn a_policy_that_demands_a_second_factor() {
    let patient = Patient::new().await;
    patient.lab.entra().require_mfa();
    assert_snapshot!(on_behalf_of(&patient).await, @"
    ✗ on behalf of       AADSTS50076 (interaction_required): Conditional Access demands a second factor for Azure
                         fix: sign in again in the client and satisfy it; a client that ignores claims challenges must sign out and in again. Which policy it is: Entra's sign-in log, correlation id <id>

    1 failed, 2 to be warned of, 0 not checked

    exit code 1
    ");
}

#[tokio::test]
async fn a_policy_that_demands_an_external_challenge() {
    let patient = Patient::new().await;
    refuse_exchange(
        &patient,
        &json!({
            "error": "interaction_required",
            "suberror": "additional_action",
            "error_description": "AADSTS50158: External security challenge not satisfied.",
            "error_codes": [50158],
            "correlation_id": "00000000-0000-4000-8000-000000000003",
            "claims": r#"{"access_token":{"capolids":{"essential":true,"values":["p"]}}}"#,
        }),
    );
    assert_snapshot!(on_behalf_of(&patient).await, @"
    ✗ on behalf of       AADSTS50158 (interaction_required): Conditional Access demands an external challenge, for example another provider's second factor
                         fix: sign in again in the client and satisfy it; a client that ignores claims challenges must sign out and in again. Which policy it is: Entra's sign-in log, correlation id <id>

    1 failed, 2 to be warned of, 0 not checked

    exit code 1
    ");
}

#[tokio::test]
async fn a_policy_that_blocks() {
    let patient = Patient::new().await;
    patient.lab.entra().block_access();
    assert_snapshot!(on_behalf_of(&patient).await, @"
    ✗ on behalf of       AADSTS53003 (invalid_grant): a policy or the state of the account blocks this person
                         fix: signing in again does not help; an administrator finds the cause in Entra's sign-in log, correlation id <id>

    1 failed, 2 to be warned of, 0 not checked

    exit code 1
    ");
}

#[tokio::test]
async fn a_token_that_is_for_another_application_than_the_one_that_exchanges_it() {
    let patient = Patient::new().await;
    refuse_exchange(&patient, &json!({ "error": "invalid_grant", "error_codes": [500_131] }));
    assert_snapshot!(on_behalf_of(&patient).await, @"
    ✗ on behalf of       AADSTS500131 (invalid_grant): the caller's token is for another application than the one that exchanges it
                         fix: AZURE_CLIENT_ID must be the audience of the callers' tokens

    1 failed, 2 to be warned of, 0 not checked

    exit code 1
    ");
}

#[tokio::test]
async fn codes_of_the_credential_have_their_fix() {
    let patient = Patient::new().await;
    let mut reports = Vec::new();
    for (error, code) in [("invalid_client", 7_000_222), ("invalid_client", 700_024), ("invalid_client", 424_242)] {
        let mut response = Response::new(Bytes::from(json!({ "error": error, "error_codes": [code] }).to_string()));
        *response.status_mut() = http::StatusCode::UNAUTHORIZED;
        patient.lab.entra().faults().next(1, &Fault::Answer(response));
        let report = patient.diagnosis(None).await;
        let lines = report.lines().skip_while(|line| !line.contains("registration")).take(2);
        reports.extend(lines.map(str::to_owned));
    }
    assert_snapshot!(reports.join("\n"), @"
    ✗ registration       AADSTS7000222 (invalid_client): the registration's credential is invalid or has expired
                         fix: see what is registered: az ad app credential list --id <client> --cert; register this one: az ad app credential reset --id <client> --append --keyvault localhost --cert mcp-cost-server-obo
    ✗ registration       AADSTS700024 (invalid_client): the client assertion is outside its validity
                         fix: correct this machine's clock; an assertion lives ten minutes
    ✗ registration       AADSTS424242 (invalid_client): Entra refused for a reason that this server does not know
                         fix: look the code up at https://login.microsoftonline.com/error, and the correlation id in the sign-in log of Microsoft Entra ID
    ");
}

#[tokio::test]
async fn nothing_answers() {
    let nowhere = "http://127.0.0.1:1";
    let patient = Patient::new()
        .await
        .with("AZURE_AUTHORITY_HOST", nowhere)
        .with("KEY_VAULT_URL", "https://localhost:1")
        .with("IDENTITY_ENDPOINT", nowhere)
        .with("SSL_CERT_FILE", "/nowhere");
    assert_snapshot!(patient.diagnosis(Some(&patient.alice())).await, @"
    ✓ settings           complete and valid
    ! public url         APP_ID_URI is api://<tenant>/mcp-cost-server, the MCP endpoint https://costs.contoso.example/mcp: Entra refuses clients that send the endpoint as RFC 8707 resource (AADSTS9010010, resource and scope don't match)
                         fix: on a verified domain: az ad app update --id <client> --identifier-uris api://<tenant>/mcp-cost-server https://costs.contoso.example/mcp, then set APP_ID_URI to https://costs.contoso.example/mcp
    ✗ tls roots          no certificate authority is trusted: every https request fails
                         fix: install the system's ca-certificates, or set SSL_CERT_FILE to a PEM file with the authorities
    ✗ authority          no signing keys of http://127.0.0.1:1/<tenant>/v2.0: no connection: Connection refused (os error 111)
                         fix: check the network path, HTTPS_PROXY and AZURE_AUTHORITY_HOST: curl --verbose http://127.0.0.1:1/<tenant>/discovery/v2.0/keys
    ✗ credential         KEY_VAULT_URL: the vault localhost can't be reached (Connection refused (os error 111))
                         fix: check the address and the network path: az keyvault show --name localhost --query properties.vaultUri
    – registration       not checked: there is no credential
    ✓ token version      2.0
    ✓ token audience     this server's client id
    ✓ token tenant       AZURE_TENANT_ID
    ✓ token lifetime     74 minutes left
    ✓ token kind         a person's
    ! token permissions  cost.read, but not cost.export: its tools answer missing_scope:cost.export
                         fix: let the client sign in for api://<tenant>/mcp-cost-server/cost.export; if nobody has consented to it: az ad app permission grant --id <client id of the client> --api <client> --scope cost.export
    – token accepted     not checked: there are no signing keys to verify it with
    – on behalf of       not checked: the token must be acceptable first

    3 failed, 2 to be warned of, 3 not checked

    exit code 1
    ");
}

#[tokio::test]
async fn arguments_that_are_wrong_end_with_2_and_help_with_0() {
    let patient = Patient::new().await;
    let token = patient.alice();
    for arguments in [vec!["--verbose"], vec![token.as_str()], vec!["--token"], vec!["--json", "--json"]] {
        assert_eq!(patient.examine(&arguments, None).await.0, 2, "{arguments:?}");
    }
    assert_eq!(patient.examine(&[], Some(" \n")).await.0, 2);
    let (code, help) = patient.examine(&["--help"], None).await;
    assert!(code == 0 && help.starts_with("Usage: handler doctor"), "{help}");
    assert_eq!(patient.examine(&["--token", &token], None).await.0, 0);
}

/// The part of the report that is about a token.
async fn about_token(patient: &Patient, token: &str) -> String {
    let report = patient.diagnosis(Some(token)).await;
    report.lines().skip_while(|line| !line.contains(" token ")).collect::<Vec<_>>().join("\n")
}

/// The part of the report that is about the exchange of Alice's token.
async fn on_behalf_of(patient: &Patient) -> String {
    let report = patient.diagnosis(Some(&patient.alice())).await;
    report.lines().skip_while(|line| !line.contains(" on behalf of ")).collect::<Vec<_>>().join("\n")
}
