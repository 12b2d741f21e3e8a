//! Proves how a vault's answers are read, with the Key Vault clients over a transport that answers from a table. That the
//! vault converts to PEM on request (`outContentType`), only a live vault can show.

mod signing;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use azure_core::{
    credentials::{AccessToken, TokenRequestOptions},
    http::{AsyncRawResponse, Body, HttpClient, Request, Transport, headers::Headers},
    time::OffsetDateTime,
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

use super::{super::azure_sdk::BoundedIdentity, *};
use crate::exchange::testing::{TestCertificate, TestClock, signatory};

const CERTIFICATE: &str = "/certificates/obo/";
const SECRET: &str = "/secrets/obo/5ec2e7";
const SIGN: &str = "/keys/obo/5ec2e7/sign";

/// A vault that knows three addresses. A status of 0 is no answer.
#[derive(Debug, Default)]
struct FakeVault {
    answers: HashMap<&'static str, (u16, String)>,
    signing: Signing,
    requests: Mutex<Vec<String>>,
}

#[async_trait::async_trait]
impl HttpClient for FakeVault {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let url = request.url();
        let authorized = request.headers().iter().any(|(name, _)| name.as_str() == "authorization");
        if !authorized {
            let mut headers = Headers::new();
            headers.insert(
                "www-authenticate",
                "Bearer authorization=\"https://login.example/t\", resource=\"https://vault.azure.net\"",
            );
            return Ok(AsyncRawResponse::from_bytes(StatusCode::Unauthorized, headers, Vec::new()));
        }
        self.requests.lock().unwrap().push(format!("{}?{}", url.path(), url.query().unwrap_or_default()));
        if url.path() == SIGN {
            let (status, body) = self.sign(request.body()).await;
            return Ok(AsyncRawResponse::from_bytes(status.into(), Headers::new(), body.into_bytes()));
        }
        let Some((status @ 1.., body)) = self.answers.get(url.path()) else {
            return Err(azure_core::Error::with_message(ErrorKind::Connection, "no route to host"));
        };
        Ok(AsyncRawResponse::from_bytes((*status).into(), Headers::new(), body.clone().into_bytes()))
    }
}

impl FakeVault {
    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    async fn sign(&self, body: &Body) -> (u16, String) {
        let Body::Bytes(body) = body else { panic!("a body in one piece") };
        let asked: Value = serde_json::from_slice(body).unwrap();
        assert_eq!(asked["alg"], "PS256");
        let digest = URL_SAFE_NO_PAD.decode(asked["value"].as_str().unwrap().trim_end_matches('=')).unwrap();
        let signature = match &self.signing {
            Signing::Answer(status, body) => return (*status, body.clone()),
            Signing::Faithful => TestCertificate::shared().sign_digest(&digest),
            Signing::Forged => TestCertificate::new().sign_digest(&digest),
            Signing::Slow => {
                tokio::time::sleep(Duration::from_secs(5)).await;
                TestCertificate::shared().sign_digest(&digest)
            }
        };
        (200, json!({ "kid": "k", "value": URL_SAFE_NO_PAD.encode(signature) }).to_string())
    }
}

/// An identity that has a token, or none.
#[derive(Debug)]
enum FakeIdentity {
    Token,
    Refusing,
    Silent,
}

#[async_trait::async_trait]
impl TokenCredential for FakeIdentity {
    async fn get_token(&self, _: &[&str], _: Option<TokenRequestOptions<'_>>) -> azure_core::Result<AccessToken> {
        match self {
            Self::Token => {
                Ok(AccessToken::new("vault-token", OffsetDateTime::from_unix_timestamp(4_000_000_000).unwrap()))
            }
            Self::Refusing => {
                Err(azure_core::Error::with_message(ErrorKind::Other, "The requested identity has not been assigned"))
            }
            Self::Silent => std::future::pending().await,
        }
    }
}

/// What the vault answers to a digest.
#[derive(Clone, Debug, Default)]
enum Signing {
    /// The signature of the certificate's key.
    #[default]
    Faithful,
    /// The signature of another key.
    Forged,
    Answer(u16, String),
    /// A signature, five seconds later.
    Slow,
}

struct Scene {
    vault: &'static str,
    name: &'static str,
    identity: FakeIdentity,
    certificate: (u16, String),
    secret: (u16, String),
    signing: Signing,
}

fn certificate_body(change: impl FnOnce(&mut Value)) -> (u16, String) {
    let mut body = json!({
        "id": "https://contoso.vault.azure.net/certificates/obo/5ec2e7",
        "cer": STANDARD.encode(TestCertificate::shared().certificate.der()),
        "attributes": { "enabled": true },
        "policy": { "key_props": { "exportable": true, "kty": "RSA", "key_size": 2048 } },
    });
    change(&mut body);
    (200, body.to_string())
}

fn secret_body(change: impl FnOnce(&mut Value)) -> (u16, String) {
    let pem = TestCertificate::shared().pem();
    let mut body = json!({
        "id": "https://contoso.vault.azure.net/secrets/obo/5ec2e7",
        "contentType": "application/x-pem-file",
        "value": pem.as_str(),
    });
    change(&mut body);
    (200, body.to_string())
}

fn refused(status: u16, code: &str, inner: &str) -> (u16, String) {
    (status, json!({ "error": { "code": code, "message": "no", "innererror": { "code": inner } } }).to_string())
}

impl Default for Scene {
    fn default() -> Self {
        Self {
            vault: "https://contoso.vault.azure.net",
            name: "obo",
            identity: FakeIdentity::Token,
            certificate: certificate_body(|_| {}),
            secret: secret_body(|_| {}),
            signing: Signing::Faithful,
        }
    }
}

impl Scene {
    /// A certificate whose key stays in the vault.
    fn non_exportable(signing: Signing) -> Self {
        let certificate = certificate_body(|body| body["policy"]["key_props"]["exportable"] = json!(false));
        Self { certificate, signing, ..Self::default() }
    }

    async fn load(self) -> (Result<Version, CredentialError>, Vec<String>) {
        let (loaded, fake) = self.load_at(&TestClock::new()).await;
        (loaded, fake.requests())
    }

    async fn load_at(self, clock: &Arc<TestClock>) -> (Result<Version, CredentialError>, Arc<FakeVault>) {
        let fake = Arc::new(FakeVault {
            answers: [(CERTIFICATE, self.certificate), (SECRET, self.secret)].into(),
            signing: self.signing,
            ..FakeVault::default()
        });
        let from = KeyVaultCertificate {
            vault: self.vault.parse().unwrap(),
            name: self.name.to_owned(),
            identity: VaultIdentity::SystemAssigned,
        };
        let identity = Arc::new(BoundedIdentity(Arc::new(self.identity)));
        let loaded = match Vault::new(&from, identity, &client_options(Transport::new(fake.clone()))) {
            Ok(vault) => VaultSource { vault: Arc::new(vault), signatory: signatory(clock) }.load().await,
            Err(error) => Err(error),
        };
        (loaded, fake)
    }

    async fn error(self) -> String {
        self.load().await.0.err().expect("it was accepted").to_string()
    }
}

#[tokio::test(start_paused = true)]
async fn certificate_and_key_of_one_version_are_read_as_pem() {
    let (loaded, requests) = Scene::default().load().await;
    let loaded = loaded.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(loaded.thumbprint, TestCertificate::shared().client_certificate().public().thumbprint());
    insta::assert_snapshot!(requests.join("\n"), @"
    /certificates/obo/?api-version=2025-07-01
    /secrets/obo/5ec2e7?api-version=2025-07-01&outContentType=application%2Fx-pem-file
    ");
}

#[tokio::test(start_paused = true)]
async fn each_refusal_names_the_setting_the_cause_and_the_fix() {
    let answers = |certificate, secret| Scene { certificate, secret, ..Scene::default() };
    let with_certificate = |certificate| answers(certificate, secret_body(|_| {}));
    let with_secret = |secret| answers(certificate_body(|_| {}), secret);

    let scenes = [
        with_certificate(refused(404, "CertificateNotFound", "")),
        with_certificate(refused(403, "Forbidden", "ForbiddenByRbac")),
        with_secret(refused(403, "Forbidden", "ForbiddenByFirewall")),
        with_secret(refused(403, "Forbidden", "ForbiddenByConnection")),
        with_secret(refused(403, "Forbidden", "SecretDisabled")),
        with_secret(refused(429, "Throttled", "")),
        with_secret(refused(409, "Conflict", "ObjectIsBeingRecovered")),
        with_secret(refused(503, "ServiceUnavailable", "")),
        with_secret(secret_body(|body| body["contentType"] = json!("application/x-pkcs12"))),
        with_secret(secret_body(|body| body["value"] = json!(TestCertificate::shared().certificate.pem()))),
        with_secret(secret_body(|body| body["value"] = json!(TestCertificate::new().pem().as_str()))),
        Scene { name: "../secrets/other", ..Scene::default() },
        Scene { identity: FakeIdentity::Refusing, ..Scene::default() },
        Scene { identity: FakeIdentity::Silent, ..Scene::default() },
        Scene { vault: "https://contoso.vault.elsewhere.example", ..Scene::default() },
        Scene { vault: "http://contoso.vault.azure.net", ..Scene::default() },
        Scene { certificate: (0, String::new()), ..Scene::default() },
    ];
    let mut told = Vec::new();
    for scene in scenes {
        told.push(scene.error().await);
    }
    insta::assert_snapshot!(told.join("\n\n"), @r#"
    OBO_CERTIFICATE_NAME: the vault contoso.vault.azure.net has no certificate obo; see what it has: az keyvault certificate list --vault-name contoso --output table

    KEY_VAULT_URL: the vault contoso.vault.azure.net refuses to hand out obo (ForbiddenByRbac); let the identity of KEY_VAULT_IDENTITY read it: az role assignment create --role "Key Vault Certificate User" --assignee-principal-type ServicePrincipal --assignee-object-id <the identity's principal id> --scope <the vault's resource id>

    KEY_VAULT_URL: the vault contoso.vault.azure.net refuses to hand out obo (ForbiddenByFirewall); let this app's addresses or network in: az keyvault network-rule add --name contoso

    KEY_VAULT_URL: the vault contoso.vault.azure.net refuses to hand out obo (ForbiddenByConnection); the vault allows private connections only; give this app one, or: az keyvault update --name contoso --public-network-access Enabled

    KEY_VAULT_URL: the vault contoso.vault.azure.net refuses to hand out obo (SecretDisabled); enable it: az keyvault certificate set-attributes --vault-name contoso --enabled true --name <OBO_CERTIFICATE_NAME>

    KEY_VAULT_URL: the vault contoso.vault.azure.net can't be reached (it is throttling); check the address and the network path: az keyvault show --name contoso --query properties.vaultUri

    KEY_VAULT_URL: the answer of contoso.vault.azure.net is not one of Key Vault (status 409 ObjectIsBeingRecovered); check the address, and HTTPS_PROXY if requests leave through a proxy

    KEY_VAULT_URL: the vault contoso.vault.azure.net can't be reached (status 503 ServiceUnavailable); check the address and the network path: az keyvault show --name contoso --query properties.vaultUri

    OBO_CERTIFICATE_NAME: the vault contoso.vault.azure.net hands out obo as application/x-pkcs12 instead of application/x-pem-file; make a version whose policy has secretProperties.contentType application/x-pem-file

    OBO_CERTIFICATE_NAME (obo in contoso.vault.azure.net): no private key; it must hold an unencrypted RSA private key (PKCS#8 or PKCS#1) and its certificate, both in PEM

    OBO_CERTIFICATE_NAME (obo in contoso.vault.azure.net): the private key does not belong to the certificate; make another version and register it: az ad app credential reset --id <AZURE_CLIENT_ID> --create-cert --keyvault contoso --cert obo --append

    OBO_CERTIFICATE_NAME: not a certificate's name; use 1 to 127 letters, digits and hyphens, without the vault's address or a version

    KEY_VAULT_IDENTITY: no token of the identity for the vault (The requested identity has not been assigned); assign the identity to this app (az functionapp identity assign), or name its client id in KEY_VAULT_IDENTITY if it is a user-assigned one

    KEY_VAULT_IDENTITY: no token of the identity for the vault (no answer within 6 seconds); assign the identity to this app (az functionapp identity assign), or name its client id in KEY_VAULT_IDENTITY if it is a user-assigned one

    KEY_VAULT_URL: the answer of contoso.vault.elsewhere.example is not one of Key Vault (challenge resource 'https://vault.azure.net/.default' doesn't match the requested domain 'contoso.vault.elsewhere.example'. Set verify_challenge_resource in client options to disable this validation if necessary. See https://aka.ms/azsdk/blog/vault-uri for more information`); check the address, and HTTPS_PROXY if requests leave through a proxy

    KEY_VAULT_URL: the answer of contoso.vault.azure.net is not one of Key Vault (authorized requests are not permitted for non-TLS protected endpoints); check the address, and HTTPS_PROXY if requests leave through a proxy

    KEY_VAULT_URL: the vault contoso.vault.azure.net can't be reached (no route to host); check the address and the network path: az keyvault show --name contoso --query properties.vaultUri
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_vault_that_does_not_answer_is_asked_three_times() {
    let (loaded, requests) = Scene { certificate: (0, String::new()), ..Scene::default() }.load().await;
    assert!(loaded.is_err());
    assert_eq!(requests.len(), 3);
}

#[test]
fn a_name_has_nothing_that_could_change_a_path() {
    let longest = "a".repeat(127);
    for name in ["a", "OBO-certificate-2", &longest] {
        assert!(is_certificate_name(name), "{name}");
    }
    for name in ["", "a/b", "a_b", "a.b", "a%2fb", "a b", "\u{e4}", &format!("{longest}a")] {
        assert!(!is_certificate_name(name), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_challenge_is_verified_unless_the_vault_is_on_this_machine() {
    for (vault, accepted) in [
        ("https://contoso.vault.azure.net", true),
        ("https://localhost:8443", true),
        ("https://127.0.0.1:8443", true),
        ("https://[::1]:8443", true),
        ("https://localhost.evil.example", false),
        ("https://10.0.0.1", false),
    ] {
        let (loaded, requests) = Scene { vault, ..Scene::default() }.load().await;
        assert_eq!(loaded.is_ok(), accepted, "{vault}");
        assert_eq!(requests.is_empty(), !accepted, "{vault} saw the identity's token");
    }
}

#[tokio::test(start_paused = true)]
async fn a_version_that_could_change_a_path_is_not_asked_for() {
    for id in ["obo", "obo/", "obo/a-b", "obo/a.b", "obo/a%2fb", "obo/%2e%2e"] {
        let id = format!("https://contoso.vault.azure.net/certificates/{id}");
        let certificate = certificate_body(|body| body["id"] = json!(id));
        let (loaded, requests) = Scene { certificate, ..Scene::default() }.load().await;
        let error = loaded.err().expect("it was accepted").to_string();
        assert!(error.contains("(a certificate without a version)"), "{id}: {error}");
        assert_eq!(requests, ["/certificates/obo/?api-version=2025-07-01"], "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_answer_of_a_vault_is_more_than_an_error() {
    let whole = [certificate_body(|_| {}).1, secret_body(|_| {}).1];
    let cuts = |text: &str| (0..text.len()).step_by(97).map(|end| text[..end].to_owned()).collect::<Vec<_>>();
    let mut bodies: Vec<String> =
        ["", "null", "[]", "{}", "<html>", "{\"cer\":5}", "{\"value\":[]}", "{\"id\":\"\"}", "\u{0}"]
            .map(str::to_owned)
            .into();
    bodies.extend(whole.iter().flat_map(|text| cuts(text)));
    for change in [
        |body: &mut Value| body["id"] = json!("https://contoso.vault.azure.net/certificates/obo"),
        |body: &mut Value| body["id"] = json!("https://contoso.vault.azure.net/certificates/obo/%2e%2e"),
        |body: &mut Value| body["id"] = json!("not a URL"),
        |body: &mut Value| body["cer"] = json!("AAAA"),
        |body: &mut Value| body["cer"] = json!("%%%"),
        |body: &mut Value| body["cer"] = json!(""),
    ] {
        bodies.push(certificate_body(change).1);
    }
    for status in [200, 204, 302, 400, 418] {
        for body in &bodies {
            for (certificate, secret) in
                [((status, body.clone()), secret_body(|_| {})), (certificate_body(|_| {}), (status, body.clone()))]
            {
                let (loaded, _) = Scene { certificate, secret, ..Scene::default() }.load().await;
                assert!(loaded.is_err(), "{status} {body}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_vault_hands_out_is_never_part_of_an_error() {
    let secret = |status, value: Value| (status, value.to_string());
    for secret in [
        secret(200, json!({ "value": ["very-secret"], "contentType": "application/x-pem-file" })),
        secret(200, json!({ "value": "very-secret", "contentType": "application/x-pem-file" })),
        secret(200, json!({ "value": "very-secret", "attributes": "very-secret" })),
        secret(200, json!("very-secret")),
        secret(500, json!({ "error": { "code": "x", "message": "very-secret" } })),
    ] {
        let error = Scene { secret, ..Scene::default() }.error().await;
        assert!(!error.contains("very-secret"), "{error}");
    }
}
