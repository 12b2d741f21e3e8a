//! Proves which certificates are accepted, what the operator is told about the others, and when assertions are signed.

use std::sync::Arc;

use rcgen::KeyPair;
use zeroize::Zeroizing;

use super::{CertificateCredential, Credential as _, CredentialError, from_file};
use crate::exchange::{
    captured::Captured,
    testing::{TestCertificate, TestClock, signatory},
};

fn load_at(clock: &Arc<TestClock>, pem: &str) -> Result<CertificateCredential, CredentialError> {
    CertificateCredential::from_pem(&Zeroizing::new(pem.to_owned()), &signatory(clock))
}

fn load(pem: &str) -> Result<CertificateCredential, CredentialError> {
    load_at(&TestClock::new(), pem)
}

#[track_caller]
fn refusal(pem: &str) -> String {
    let Err(error) = load(pem) else { panic!("it was accepted") };
    let text = error.to_string();
    assert!(text.starts_with("AZURE_CERT_PATH: "), "{text}");
    text
}

/// The key in the form of RFC 8017, which `openssl rsa -traditional` writes.
fn pkcs1_pem(key: &KeyPair) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    // PKCS#8 wraps it: 26 bytes of version, algorithm and lengths come first for an RSA key of 2048 bits
    let der = &key.serialize_der()[26..];
    format!("-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----\n", STANDARD.encode(der))
}

#[test]
fn key_and_certificate_are_accepted_in_any_order_and_form() {
    let test = TestCertificate::shared();
    let other = TestCertificate::with_key(
        KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_3072).unwrap(),
    );
    let (key, certificate) = (test.key.serialize_pem(), test.certificate.pem());
    for pem in [
        format!("{key}{certificate}"),
        format!("{certificate}{key}"),
        format!("{certificate}{}", pkcs1_pem(&test.key)),
        format!("Bag Attributes\n{key}\nissuer\n{}{certificate}", other.certificate.pem()),
        format!("{key}{certificate}").replace('\n', "\r\n"),
    ] {
        let description = load(&pem).unwrap_or_else(|error| panic!("{error}\n{pem}")).description();
        assert_eq!(description.kind, "AZURE_CERT_PATH");
        assert_eq!(description.thumbprint, Some(test.client_certificate().public().thumbprint().hex()));
        assert_eq!(description.expires_at.unwrap().0, 1_988_150_400, "2033-01-01");
    }
}

#[test]
fn each_fault_names_the_setting_the_cause_and_the_fix() {
    let test = TestCertificate::shared();
    let (key, certificate) = (test.key.serialize_pem(), test.certificate.pem());
    let elliptic = TestCertificate::with_key(KeyPair::generate().unwrap());
    let other = TestCertificate::new();

    let told = [
        "",
        &certificate,
        &key,
        &format!("{key}{}", certificate.replace("MII", "!!!")),
        &format!("{key}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        &format!("{}{certificate}", key.replace("MII", "AAA")),
        &format!("{}{certificate}", key.replace("PRIVATE", "ENCRYPTED PRIVATE")),
        &format!("{}{certificate}", other.key.serialize_pem()),
        &elliptic.pem(),
        &format!("{key}{}", include_str!("fixtures/rsa-1024.pem")),
    ]
    .map(refusal);
    insta::assert_snapshot!(told.join("\n\n"), @"
    AZURE_CERT_PATH: no private key; it must hold an unencrypted RSA private key (PKCS#8 or PKCS#1) and its certificate, both in PEM

    AZURE_CERT_PATH: no private key; it must hold an unencrypted RSA private key (PKCS#8 or PKCS#1) and its certificate, both in PEM

    AZURE_CERT_PATH: no certificate; it must hold an unencrypted RSA private key (PKCS#8 or PKCS#1) and its certificate, both in PEM

    AZURE_CERT_PATH: a broken certificate; it must hold an unencrypted RSA private key (PKCS#8 or PKCS#1) and its certificate, both in PEM

    AZURE_CERT_PATH: no X.509 certificate; it must hold an unencrypted RSA private key (PKCS#8 or PKCS#1) and its certificate, both in PEM

    AZURE_CERT_PATH: no RSA private key of 2048 to 8192 bits; it must hold an unencrypted RSA private key (PKCS#8 or PKCS#1) and its certificate, both in PEM

    AZURE_CERT_PATH: no private key; it must hold an unencrypted RSA private key (PKCS#8 or PKCS#1) and its certificate, both in PEM

    AZURE_CERT_PATH: the private key does not belong to the certificate; make another and register it: az ad app credential reset --id <AZURE_CLIENT_ID> --create-cert --append

    AZURE_CERT_PATH: the certificate's key is not an RSA key, which Entra requires; make another and register it: az ad app credential reset --id <AZURE_CLIENT_ID> --create-cert --append

    AZURE_CERT_PATH: the certificate's key has 1024 bits, at least 2048 are needed; make another and register it: az ad app credential reset --id <AZURE_CLIENT_ID> --create-cert --append
    ");
}

#[test]
fn a_certificate_is_accepted_within_its_validity_only() {
    let pem = TestCertificate::shared().pem();
    for (years, expected) in [
        (-1, Some("AZURE_CERT_PATH: the certificate is not valid before 2023-01-01T00:00:00Z; ")),
        (0, None),
        (9, None),
        (10, Some("AZURE_CERT_PATH: the certificate expired on 2033-01-01T00:00:00Z; ")),
    ] {
        let clock = TestClock::new();
        clock.advance(years * 365 * 86_400);
        let error = load_at(&clock, &pem).err().map(|error| error.to_string());
        let told = error.as_ref().map(|error| error.split_inclusive("; ").next().unwrap());
        assert_eq!(told, expected, "{years}");
    }
}

#[tokio::test]
async fn nothing_is_signed_after_the_certificate_has_expired() {
    let clock = TestClock::new();
    let credential = load_at(&clock, &TestCertificate::shared().pem()).unwrap_or_else(|error| panic!("{error}"));
    assert!(credential.assertion().await.is_ok());
    clock.advance(10 * 365 * 86_400);
    assert!(matches!(credential.assertion().await, Err(CredentialError::Expired { .. })));
    assert_eq!(credential.signatures(), 1);
}

#[tokio::test]
async fn an_assertion_is_used_for_eight_minutes() {
    let captured = Captured::start();
    let clock = TestClock::new();
    let credential = load_at(&clock, &TestCertificate::shared().pem()).unwrap_or_else(|error| panic!("{error}"));
    let sign = async || credential.assertion().await.unwrap_or_else(|error| panic!("{error}")).secret().to_owned();
    let first = sign().await;
    clock.advance(479);
    assert_eq!(sign().await, first);
    clock.advance(1);
    assert_ne!(sign().await, first);
    clock.advance(-3600);
    sign().await;
    assert_eq!(credential.signatures(), 3, "an assertion of the future is not used");
    let signed = captured.events("client_assertion_signed");
    assert_eq!(signed.iter().map(|event| event["number"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_named() {
    let Err(error) = from_file("/nowhere/obo.pem".into(), signatory(&TestClock::new())).await else {
        panic!("it was accepted")
    };
    assert!(error.to_string().starts_with("AZURE_CERT_PATH: /nowhere/obo.pem can't be read ("), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn what_never_ends_is_not_read() {
    for (path, cause) in [("/dev/zero", "not a regular file"), ("/", "not a regular file")] {
        let refused = from_file(path.into(), signatory(&TestClock::new())).await;
        let Err(CredentialError::UnreadableFile { cause: told, .. }) = refused else { panic!("{path} was read") };
        assert_eq!(told, cause, "{path}");
    }
}

#[tokio::test]
async fn a_file_that_is_larger_than_any_certificate_is_not_read() {
    let file = std::env::temp_dir().join(format!("large-{}.pem", std::process::id()));
    let pem = TestCertificate::shared().pem();
    for (bytes, is_read) in [(1_048_576, true), (1_048_577, false)] {
        std::fs::write(&file, format!("{}{}", pem.as_str(), "\n".repeat(bytes - pem.len()))).unwrap();
        let loaded = from_file(file.clone(), signatory(&TestClock::new())).await;
        assert_eq!(loaded.is_ok(), is_read, "{bytes}");
        assert!(is_read || matches!(loaded, Err(CredentialError::UnreadableFile { .. })));
    }
    std::fs::remove_file(&file).unwrap();
}
