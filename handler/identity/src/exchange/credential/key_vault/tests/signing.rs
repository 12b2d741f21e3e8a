//! Proves that a key which may not leave the vault is never read, when the vault is asked to sign, and that its answer is
//! verified. How long a live vault takes to sign, only a live vault can show.

use super::*;
use crate::exchange::credential::ClientAssertion;

async fn version(signing: Signing) -> (Version, Arc<FakeVault>, Arc<TestClock>) {
    let clock = TestClock::new();
    let (version, vault) = Scene::non_exportable(signing).load_at(&clock).await;
    (version.unwrap_or_else(|error| panic!("{error}")), vault, clock)
}

async fn sign(version: &Version) -> ClientAssertion {
    version.credential.assertion().await.unwrap_or_else(|error| panic!("{error}"))
}

async fn refusal(signing: Signing) -> String {
    let (version, _, _) = version(signing).await;
    let Err(error) = version.credential.assertion().await else { panic!("it was accepted") };
    error.to_string()
}

#[tokio::test(start_paused = true)]
async fn the_key_signs_where_it_is_and_is_never_read() {
    let (version, vault, _) = version(Signing::Faithful).await;
    let assertion = sign(&version).await;
    insta::assert_snapshot!(vault.requests().join("\n"), @"
    /certificates/obo/?api-version=2025-07-01
    /keys/obo/5ec2e7/sign?api-version=2025-07-01
    ");
    let (message, signature) = assertion.secret().rsplit_once('.').unwrap();
    let certificate = TestCertificate::shared().client_certificate();
    assert!(certificate.public().verifies_ps256(message.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()));
}

#[tokio::test(start_paused = true)]
async fn the_vault_signs_once_in_eight_minutes() {
    let (version, vault, clock) = version(Signing::Faithful).await;
    let first = sign(&version).await;
    clock.advance(479);
    assert_eq!(sign(&version).await.secret(), first.secret());
    clock.advance(1);
    assert_ne!(sign(&version).await.secret(), first.secret());
    assert_eq!(vault.requests().len(), 3, "the certificate once, and two signatures");
}

#[tokio::test(start_paused = true)]
async fn callers_who_come_together_share_one_signature_and_whoever_leaves_strands_nobody() {
    let (version, vault, _) = version(Signing::Slow).await;
    let impatient = tokio::time::timeout(Duration::from_secs(1), sign(&version));
    let (left, one, two) = tokio::join!(impatient, sign(&version), sign(&version));
    assert!(left.is_err());
    assert_eq!(one.secret(), two.secret());
    assert_eq!(vault.requests().len(), 2, "the certificate, and one signature");
}

#[tokio::test(start_paused = true)]
async fn each_failure_to_sign_names_the_setting_the_cause_and_the_fix() {
    let mut told = Vec::new();
    for signing in [
        Signing::Answer(403, refused(403, "Forbidden", "ForbiddenByRbac").1),
        Signing::Answer(403, refused(403, "Forbidden", "KeyDisabled").1),
        Signing::Answer(503, String::new()),
        Signing::Answer(200, "{}".to_owned()),
        Signing::Answer(200, "<html>".to_owned()),
        Signing::Forged,
    ] {
        told.push(refusal(signing).await);
    }
    insta::assert_snapshot!(told.join("\n\n"), @r#"
    KEY_VAULT_URL: the vault contoso.vault.azure.net refuses to sign with the key of obo (ForbiddenByRbac); let the identity of KEY_VAULT_IDENTITY sign: az role assignment create --role "Key Vault Crypto User" --assignee-principal-type ServicePrincipal --assignee-object-id <the identity's principal id> --scope <the vault's resource id>

    KEY_VAULT_URL: the vault contoso.vault.azure.net refuses to sign with the key of obo (KeyDisabled); enable it: az keyvault certificate set-attributes --vault-name contoso --enabled true --name <OBO_CERTIFICATE_NAME>

    KEY_VAULT_URL: the vault contoso.vault.azure.net can't be reached (status 503 ); check the address and the network path: az keyvault show --name contoso --query properties.vaultUri

    KEY_VAULT_URL: the answer of contoso.vault.azure.net is not one of Key Vault (no signature in it); check the address, and HTTPS_PROXY if requests leave through a proxy

    KEY_VAULT_URL: the answer of contoso.vault.azure.net is not one of Key Vault (no signature in it); check the address, and HTTPS_PROXY if requests leave through a proxy

    OBO_CERTIFICATE_NAME (obo in contoso.vault.azure.net): the private key does not sign; make another version and register it: az ad app credential reset --id <AZURE_CLIENT_ID> --create-cert --keyvault contoso --cert obo --append
    "#);
}
