//! The report as a whole: for people, for machines, and the exit code.

use insta::assert_snapshot;
use lab::Lab;
use serde_json::Value;

use super::patient::Patient;

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
