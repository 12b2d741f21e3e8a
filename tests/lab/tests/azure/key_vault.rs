//! Key Vault: the challenge, the roles, and what the certificate's policy lets out.

use std::sync::Arc;

use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    http::{ClientOptions, Transport},
};
use azure_security_keyvault_certificates::{CertificateClient, CertificateClientOptions};
use azure_security_keyvault_secrets::{
    SecretClient, SecretClientOptions,
    models::{ContentType as SecretContentType, SecretClientGetSecretOptions},
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use lab::{
    Lab,
    certificate::Certificate,
    fault::{Fault, RetryAfter},
    journal::ServiceName,
    key_vault::{CERTIFICATE_NAME, ContentType},
    people::{SYSTEM_IDENTITY_OBJECT_ID, TENANT_ID},
};
use serde_json::json;

use crate::support::{Answer, ClientAssertion, Exchange, der, identity_token, lab};

const VAULT: &str = "https://vault.azure.net";

/// Asks the vault as the host's system-assigned identity, api-version 2025-07-01.
async fn get(lab: &Lab, path: &str) -> Answer {
    get_with(lab, &format!("{path}?api-version=2025-07-01"), &identity_token(lab, VAULT).await).await
}

async fn get_with(lab: &Lab, path: &str, token: &str) -> Answer {
    Answer::of(lab.client().get(format!("{}/{path}", lab.key_vault().url())).bearer_auth(token)).await
}

fn certificates() -> String {
    format!("certificates/{CERTIFICATE_NAME}")
}

fn secrets() -> String {
    format!("secrets/{CERTIFICATE_NAME}")
}

/// The secret's query that asks for PEM.
async fn pem(lab: &Lab) -> Answer {
    let path = format!("{}/?api-version=2025-07-01&outContentType=application/x-pem-file", secrets());
    get_with(lab, &path, &identity_token(lab, VAULT).await).await
}

#[tokio::test]
async fn the_challenge_leads_to_the_certificate_and_the_certificate_to_an_exchange() {
    let lab = lab().await;
    let url = format!("{}/{}?api-version=2025-07-01", lab.key_vault().url(), certificates());
    let answer = Answer::of(lab.client().get(url)).await;
    answer.is_error(401, "Unauthorized");
    let authority = lab.entra().authority();
    let challenge = format!("Bearer authorization=\"{authority}/{TENANT_ID}\", resource=\"{VAULT}\"");
    assert_eq!(answer.header("www-authenticate"), challenge);

    let answer = get(&lab, &certificates()).await;
    let der = BASE64_STANDARD.decode(answer.body["cer"].as_str().unwrap()).unwrap();
    let certificate = Certificate::from_der(&der).unwrap();
    assert_eq!(answer.body["x5t"], certificate.legacy_thumbprint());
    assert_eq!(answer.body["policy"]["key_props"]["exportable"], true);
    assert_eq!(answer.body["policy"]["secret_props"]["contentType"], "application/x-pkcs12");
    assert_eq!(answer.body["attributes"]["exp"], certificate.not_after().unix_timestamp());
    let version = answer.body["id"].as_str().unwrap().rsplit('/').next().unwrap();
    assert_eq!(get(&lab, &format!("{}/{version}", certificates())).await.body, answer.body);

    let secret = pem(&lab).await;
    assert_eq!(secret.body["contentType"], "application/x-pem-file");
    assert_eq!((&secret.body["id"], &secret.body["managed"]), (&answer.body["sid"], &json!(true)));
    let pem = secret.body["value"].as_str().unwrap();
    let user = lab.token(lab.alice()).scope("cost.read").issue().unwrap();
    Exchange::of(&lab, &user).client(&ClientAssertion::with_pem(&lab, pem)).send().await.token();

    let entries = lab.journal().of(ServiceName::KeyVault);
    assert!(entries[0].presented.identity().is_none());
    assert!(entries[1..].iter().all(|entry| entry.is_of(SYSTEM_IDENTITY_OBJECT_ID)));
}

/// The lab's managed identity, as the Azure SDK sees one.
#[derive(Debug)]
struct Identity {
    token: String,
}

#[async_trait::async_trait]
impl TokenCredential for Identity {
    async fn get_token(&self, scopes: &[&str], _: Option<TokenRequestOptions<'_>>) -> azure_core::Result<AccessToken> {
        assert_eq!(scopes, ["https://vault.azure.net/.default"]);
        let expires_on = time::OffsetDateTime::now_utc() + time::Duration::HOUR;
        Ok(AccessToken::new(self.token.clone(), expires_on))
    }
}

#[tokio::test]
async fn microsofts_own_library_accepts_the_vault() {
    let lab = lab().await;
    let identity = Arc::new(Identity { token: identity_token(&lab, VAULT).await });
    let transport = || Some(Transport::new(Arc::new(lab.client().clone())));
    let client_options = || ClientOptions { transport: transport(), ..Default::default() };
    let options = CertificateClientOptions {
        client_options: client_options(),
        verify_challenge_resource: Some(false),
        ..Default::default()
    };
    let client = CertificateClient::new(lab.key_vault().url(), identity.clone(), Some(options)).unwrap();
    let certificate = client.get_certificate(CERTIFICATE_NAME, None).await.unwrap().into_model().unwrap();
    let der = certificate.cer.unwrap();
    assert_eq!(Some(Certificate::from_der(&der).unwrap()), lab.key_vault().certificate());
    assert_eq!(certificate.policy.unwrap().key_properties.unwrap().exportable, Some(true));

    let options = SecretClientOptions {
        client_options: client_options(),
        verify_challenge_resource: Some(false),
        ..Default::default()
    };
    let client = SecretClient::new(lab.key_vault().url(), identity, Some(options)).unwrap();
    let options = SecretClientGetSecretOptions { out_content_type: Some(SecretContentType::Pem), ..Default::default() };
    let secret = client.get_secret(CERTIFICATE_NAME, Some(options)).await.unwrap().into_model().unwrap();
    assert!(secret.value.unwrap().starts_with("-----BEGIN PRIVATE KEY-----"));

    lab.key_vault().forbid();
    let refusal = client.get_secret(CERTIFICATE_NAME, None).await.unwrap_err();
    assert_eq!(refusal.http_status().map(u16::from), Some(403));
}

#[tokio::test]
async fn only_a_token_for_the_vault_counts() {
    let lab = lab().await;
    let path = format!("{}?api-version=2025-07-01", certificates());
    let user = lab.token(lab.alice()).scope("cost.read");
    let vault_like = || {
        let token = lab.service_token(&[]).audience(VAULT);
        token.claim("iss", format!("https://sts.windows.net/{TENANT_ID}/")).claim("oid", SYSTEM_IDENTITY_OBJECT_ID)
    };
    get_with(&lab, &path, &vault_like().issue().unwrap()).await.body["cer"].as_str().unwrap();
    for (token, message) in [
        (vault_like().expired(), "[TokenExpired]"),
        (vault_like().signed_by_unknown_key(), "[BearerReadAccessTokenFailed]"),
        (vault_like().audience(lab.resource_manager().url()), "AKV10022: Invalid audience."),
        (vault_like().tenant(lab::people::MCP_CLIENT_ID), "AKV10032: Invalid issuer."),
        (user, "AKV10032: Invalid issuer."),
    ] {
        let answer = get_with(&lab, &path, &token.issue().unwrap()).await;
        answer.is_error(401, "Unauthorized");
        assert!(answer.body["error"]["message"].as_str().unwrap().starts_with(message), "{}", answer.text);
        assert!(answer.header("www-authenticate").starts_with("Bearer authorization="));
    }
    let stranger = vault_like().claim("oid", &*lab.alice().object_id).issue().unwrap();
    let answer = get_with(&lab, &path, &stranger).await;
    answer.is_error(403, "Forbidden");
    assert_eq!(answer.body["error"]["innererror"]["code"], "ForbiddenByRbac");
}

#[tokio::test]
async fn the_api_version_is_judged() {
    let lab = lab().await;
    let token = identity_token(&lab, VAULT).await;
    get_with(&lab, &certificates(), &token).await.is_error(400, "BadParameter");
    get_with(&lab, &format!("{}?api-version=2024-01-01", certificates()), &token).await.is_error(400, "BadParameter");
    for (version, content_type) in [
        ("7.6", "application/x-pkcs12"), // does not know the conversion
        ("2025-07-01", "application/x-pem-file"),
        ("2026-04-01", "application/x-pem-file"),
    ] {
        let path = format!("{}?api-version={version}&outContentType=application/x-pem-file", secrets());
        assert_eq!(get_with(&lab, &path, &token).await.body["contentType"], content_type, "{version}");
    }
    let path = format!("{}?api-version=2025-07-01&outContentType=text/plain", secrets());
    get_with(&lab, &path, &token).await.is_error(400, "BadParameter");
}

/// That others can read the PKCS#12 is for `.ci/judges` to find.
#[tokio::test]
async fn the_secret_is_given_as_the_policy_keeps_it() {
    let lab = lab().await;
    let private_key = der(&std::fs::read_to_string(lab.pem_certificate()).unwrap());
    let certificate = lab.key_vault().certificate().unwrap();
    let file = async || {
        let answer = get(&lab, &secrets()).await;
        assert_eq!(answer.body["contentType"], "application/x-pkcs12");
        assert!(lab.secrets().contains(&answer.body["value"].as_str().unwrap().to_owned()));
        BASE64_STANDARD.decode(answer.body["value"].as_str().unwrap()).unwrap()
    };
    let holds = |file: &[u8], part: &[u8]| file.windows(part.len()).any(|window| window == part);
    let exported = file().await;
    assert!(holds(&exported, certificate.der()) && holds(&exported, &private_key));
    assert_eq!(file().await, exported, "one version, one file");
    lab.key_vault().set_exportable(false);
    let public = file().await;
    assert!(holds(&public, certificate.der()) && !holds(&public, &private_key));
    lab.key_vault().set_exportable(true);
    lab.key_vault().set_content_type(ContentType::Pem);
    assert!(get(&lab, &secrets()).await.body["value"].as_str().unwrap().contains("PRIVATE KEY"));
}

#[tokio::test]
async fn versions_are_listed_with_what_is_known_without_reading_them() {
    let lab = lab().await;
    let first = get(&lab, &certificates()).await.body;
    lab.key_vault().set_enabled(false);
    let second = lab.key_vault().rotate().unwrap();
    let list = async |object: &str| get(&lab, &format!("{object}/{CERTIFICATE_NAME}/versions")).await.body;
    let listed = list("certificates").await;
    assert_eq!((&listed["value"][0]["id"], &listed["value"][0]["x5t"]), (&first["id"], &first["x5t"]));
    assert_eq!(listed["value"][0]["attributes"]["enabled"], false);
    assert_eq!(listed["value"][1]["x5t"], second.legacy_thumbprint());
    assert_eq!((listed["value"].as_array().unwrap().len(), &listed["nextLink"]), (2, &json!(null)));
    assert_eq!(list("secrets").await["value"][1]["contentType"], "application/x-pkcs12");
    assert_eq!(list("keys").await["value"][0]["kid"], first["kid"]);
    assert_eq!(get(&lab, "keys/other/versions").await.body["value"], json!([]), "no versions, no error");
    lab.key_vault().forbid();
    let answer = get(&lab, &format!("{}/versions", secrets())).await;
    answer.is_error(403, "Forbidden");
    assert!(answer.text.contains("secrets/readMetadata/action"), "{}", answer.text);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let lab = lab().await;
    get(&lab, "certificates/other").await.is_error(404, "CertificateNotFound");
    get(&lab, "secrets/other").await.is_error(404, "SecretNotFound");
    get(&lab, "keys/other").await.is_error(404, "KeyNotFound");
    get(&lab, &format!("{}/0123456789abcdef0123456789abcdef", certificates()))
        .await
        .is_error(404, "CertificateNotFound");
    lab.key_vault().remove_certificate();
    get(&lab, &certificates()).await.is_error(404, "CertificateNotFound");
    pem(&lab).await.is_error(404, "SecretNotFound");
}

#[tokio::test]
async fn the_policy_and_the_state_of_a_version_decide() {
    let lab = lab().await;
    lab.key_vault().set_exportable(false);
    let answer = pem(&lab).await;
    let value = answer.body["value"].as_str().unwrap();
    assert!(value.starts_with("-----BEGIN CERTIFICATE-----") && !value.contains("PRIVATE"), "{value}");
    assert_eq!(get(&lab, &certificates()).await.body["policy"]["key_props"]["exportable"], false);

    lab.key_vault().set_enabled(false);
    for (answer, inner) in [
        (pem(&lab).await, "SecretDisabled"),
        (get(&lab, &certificates()).await, "CertificateDisabled"),
        (get(&lab, &format!("keys/{CERTIFICATE_NAME}")).await, "KeyDisabled"),
    ] {
        answer.is_error(403, "Forbidden");
        assert_eq!(answer.body["error"]["innererror"]["code"], inner);
    }
    lab.key_vault().set_enabled(true);

    lab.key_vault().set_expiry(time::OffsetDateTime::now_utc() - time::Duration::DAY).unwrap();
    let answer = pem(&lab).await;
    answer.is_error(403, "Forbidden");
    assert_eq!(answer.body["error"]["innererror"]["code"], "SecretExpired");
    assert_eq!(get(&lab, &certificates()).await.status, 200, "the certificate itself stays readable");
}

#[tokio::test]
async fn a_rotation_adds_a_version_that_entra_does_not_know() {
    let lab = lab().await;
    let old = get(&lab, &certificates()).await.body["id"].as_str().unwrap().to_owned();
    let certificate = lab.key_vault().rotate().unwrap();
    let answer = get(&lab, &certificates()).await;
    assert_eq!(answer.body["cer"], BASE64_STANDARD.encode(certificate.der()));
    assert_eq!(get(&lab, old.strip_prefix(lab.key_vault().url()).unwrap()).await.body["id"], old);

    let user = lab.token(lab.alice()).scope("cost.read").issue().unwrap();
    let secret = pem(&lab).await;
    let client = ClientAssertion::with_pem(&lab, secret.body["value"].as_str().unwrap());
    Exchange::of(&lab, &user).client(&client).send().await.is_refused(401, "invalid_client", 700_027);
    lab.entra().register(&certificate);
    Exchange::of(&lab, &user).client(&client).send().await.token();

    lab.key_vault().set_enabled(false);
    assert_eq!(get(&lab, &certificates()).await.body["id"], old, "without a version, the newest that is enabled");
}

#[tokio::test]
async fn the_vault_signs_with_a_key_that_never_leaves_it() {
    let lab = lab().await;
    lab.key_vault().set_exportable(false);
    let key = get(&lab, &certificates()).await.body["kid"].as_str().unwrap().to_owned();
    let token = identity_token(&lab, VAULT).await;
    let sign = async |body: serde_json::Value| {
        let request = lab.client().post(format!("{key}/sign?api-version=2025-07-01")).bearer_auth(&token).json(&body);
        Answer::of(request).await
    };
    let unsigned = ClientAssertion::signed_with(
        &lab,
        &std::fs::read_to_string(lab.pem_certificate()).unwrap(),
        &lab.key_vault().certificate().unwrap(),
    );
    let signed = unsigned.sign();
    let content = signed.rsplit_once('.').unwrap().0;
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, content.as_bytes());
    let answer = sign(json!({ "alg": "PS256", "value": BASE64_URL_SAFE_NO_PAD.encode(hash) })).await;
    assert_eq!(answer.body["kid"], key);
    let assertion = format!("{content}.{}", answer.body["value"].as_str().unwrap());
    let user = lab.token(lab.alice()).scope("cost.read").issue().unwrap();
    Exchange::of(&lab, &user).field("client_assertion", &assertion).send().await.token();

    sign(json!({ "alg": "PS256", "value": "AAAA" })).await.is_error(400, "BadParameter");
    sign(json!({ "alg": "HS256", "value": BASE64_URL_SAFE_NO_PAD.encode(hash) })).await.is_error(400, "BadParameter");
    lab.key_vault().forbid();
    sign(json!({ "alg": "PS256", "value": BASE64_URL_SAFE_NO_PAD.encode(hash) })).await.is_error(403, "Forbidden");
}

#[tokio::test]
async fn a_throttled_vault_says_so_in_its_own_form() {
    let lab = lab().await;
    let token = identity_token(&lab, VAULT).await;
    lab.key_vault().faults().next(1, &Fault::Throttled(RetryAfter::Seconds(4)));
    let answer = get_with(&lab, &format!("{}?api-version=2025-07-01", certificates()), &token).await;
    answer.is_error(429, "Throttled");
    assert_eq!(answer.header("retry-after"), "4");
}
