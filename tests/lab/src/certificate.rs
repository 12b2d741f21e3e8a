//! Certificates: of the app registration, of Entra's signing keys, and of the TLS that Entra and the vault speak.

use aws_lc_rs::digest;
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_RSA_SHA256, SerialNumber,
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use time::{Duration, OffsetDateTime};
use x509_cert::der::Decode;

use crate::{LabError, keys::RsaKey, world};

/// A certificate as the world sees it: no private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    public_key: Vec<u8>,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
}

impl Certificate {
    /// Reads a certificate with an RSA key.
    pub fn from_der(der: &[u8]) -> Result<Self, LabError> {
        let certificate = x509_cert::Certificate::from_der(der).map_err(|_| LabError::CertificateForm)?;
        let certificate = certificate.tbs_certificate;
        let moment = |time: x509_cert::time::Time| OffsetDateTime::from(time.to_system_time());
        Ok(Self {
            der: der.to_vec(),
            public_key: certificate.subject_public_key_info.subject_public_key.raw_bytes().to_vec(),
            not_before: moment(certificate.validity.not_before),
            not_after: moment(certificate.validity.not_after),
        })
    }

    /// Issues a certificate to `key` by itself, valid from yesterday to `not_after`; from a year before that if it has
    /// passed.
    pub(crate) fn self_signed(key: &RsaKey, subject: &str, not_after: OffsetDateTime) -> Result<Self, LabError> {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, subject);
        parameters.serial_number = Some(SerialNumber::from(world::guid().as_bytes().to_vec()));
        parameters.not_before = (world::now() - Duration::DAY).min(not_after - Duration::days(365));
        parameters.not_after = not_after;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let pair = KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(key.pkcs8()), &PKCS_RSA_SHA256)?;
        Self::from_der(parameters.self_signed(&pair)?.der())
    }

    /// DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// PEM, one block.
    #[must_use]
    pub fn pem(&self) -> String {
        pem("CERTIFICATE", &self.der)
    }

    /// The value of `x5t#S256`: base64url of the SHA-256 of the DER, unpadded.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, &self.der))
    }

    /// The value of `x5t`: base64url of the SHA-1 of the DER, unpadded.
    #[must_use]
    pub fn legacy_thumbprint(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &self.der))
    }

    /// When it begins to be valid.
    #[must_use]
    pub fn not_before(&self) -> OffsetDateTime {
        self.not_before
    }

    /// When it ends to be valid.
    #[must_use]
    pub fn not_after(&self) -> OffsetDateTime {
        self.not_after
    }

    pub(crate) fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    pub(crate) fn is_valid_at(&self, moment: OffsetDateTime) -> bool {
        self.not_before <= moment && moment < self.not_after
    }
}

/// The private key of `key`, PEM.
pub(crate) fn private_key_pem(key: &RsaKey) -> String {
    pem("PRIVATE KEY", key.pkcs8())
}

/// RFC 7468: lines of 64 characters.
fn pem(label: &str, der: &[u8]) -> String {
    let body = BASE64_STANDARD.encode(der);
    let lines: Vec<_> = body.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// The lab's own certificate authority, and the certificate it issued to Entra and the vault.
pub(crate) struct TlsCertificates {
    authority: CertifiedIssuer<'static, KeyPair>,
    server: ServerCertificate,
}

/// What a server has to show, and the key to it.
struct ServerCertificate {
    der: Vec<u8>,
    key: Vec<u8>,
}

impl TlsCertificates {
    /// For `localhost`, `127.0.0.1` and any vault name of the public cloud.
    pub(crate) fn issue() -> Result<Self, LabError> {
        Self::issue_by("Lab certificate authority")
    }

    /// The same by an authority of another name, which nobody trusts.
    pub(crate) fn issue_by_a_stranger() -> Result<Self, LabError> {
        Self::issue_by("Nobody's certificate authority")
    }

    fn issue_by(authority: &str) -> Result<Self, LabError> {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, authority);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let authority = CertifiedIssuer::self_signed(parameters, KeyPair::generate()?)?;
        let parameters = server_parameters(&["localhost", "127.0.0.1", "*.vault.azure.net"])?;
        let server = ServerCertificate::issue(&authority, &parameters)?;
        Ok(Self { authority, server })
    }

    /// PEM, for `SSL_CERT_FILE`.
    pub(crate) fn authority_pem(&self) -> String {
        self.authority.pem()
    }

    /// DER, for the lab's own client.
    pub(crate) fn authority_der(&self) -> &[u8] {
        self.authority.der()
    }

    /// How Entra and the vault speak TLS.
    pub(crate) fn server(&self) -> Result<rustls::ServerConfig, LabError> {
        self.server.config()
    }

    /// As [`Self::server`], with the certificate of another host.
    pub(crate) fn server_of_another_name(&self) -> Result<rustls::ServerConfig, LabError> {
        ServerCertificate::issue(&self.authority, &server_parameters(&["other.example"])?)?.config()
    }

    /// As [`Self::server`], with a certificate that expired in 2020.
    pub(crate) fn expired_server(&self) -> Result<rustls::ServerConfig, LabError> {
        let mut parameters = server_parameters(&["localhost", "127.0.0.1"])?;
        parameters.not_before = rcgen::date_time_ymd(2019, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2020, 1, 1);
        ServerCertificate::issue(&self.authority, &parameters)?.config()
    }
}

fn server_parameters(names: &[&str]) -> Result<CertificateParams, LabError> {
    let mut parameters = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())?;
    parameters.distinguished_name.push(DnType::CommonName, "localhost");
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // RFC 5280, section 4.2.1.1: Python from 3.13 on insists
    parameters.use_authority_key_identifier_extension = true;
    Ok(parameters)
}

impl ServerCertificate {
    fn issue(authority: &CertifiedIssuer<'static, KeyPair>, parameters: &CertificateParams) -> Result<Self, LabError> {
        let key = KeyPair::generate()?;
        let certificate = parameters.signed_by(&key, authority)?;
        Ok(Self { der: certificate.der().to_vec(), key: key.serialize_der() })
    }

    fn config(&self) -> Result<rustls::ServerConfig, LabError> {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key.clone()));
        let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        Ok(rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![self.der.clone().into()], key)?)
    }
}
