//! What Entra refuses: the credential of this server, or the exchange of a person's token.

use bytes::Bytes;
use http::Response;
use insta::assert_snapshot;
use lab::fault::Fault;
use serde_json::{Value, json};

use super::patient::Patient;

/// Entra's refusal of the exchange: the question before it, whether the credential is good, is answered as usual.
fn refuse_exchange(patient: &Patient, body: &Value) {
    let faults = patient.lab.entra().faults();
    faults.next(1, &Fault::Slow(std::time::Duration::ZERO));
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = http::StatusCode::BAD_REQUEST;
    faults.next(1, &Fault::Answer(response));
}

#[tokio::test]
async fn a_certificate_that_is_not_the_registered_one() {
    let patient = Patient::new().await;
    patient.lab.key_vault().rotate().unwrap();
    let report = patient.diagnosis(Some(&patient.alice())).await;
    let (shown, _) = report.split_once("\nexit code").unwrap();
    assert!(include_str!("../../../README.md").contains(shown), "the README shows this report");
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

/// The part of the report that is about the exchange of Alice's token.
async fn on_behalf_of(patient: &Patient) -> String {
    let report = patient.diagnosis(Some(&patient.alice())).await;
    report.lines().skip_while(|line| !line.contains(" on behalf of ")).collect::<Vec<_>>().join("\n")
}
