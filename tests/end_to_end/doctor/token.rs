//! What is wrong with a token that the report was given.

use insta::assert_snapshot;

use super::patient::Patient;

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

/// The part of the report that is about a token.
async fn about_token(patient: &Patient, token: &str) -> String {
    let report = patient.diagnosis(Some(token)).await;
    report.lines().skip_while(|line| !line.contains(" token ")).collect::<Vec<_>>().join("\n")
}
