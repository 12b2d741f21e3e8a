//! What is wrong before Entra is asked to accept the credential: the tenant, the network, the certificate.

use insta::assert_snapshot;

use super::patient::Patient;

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
