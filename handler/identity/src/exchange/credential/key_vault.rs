//! A certificate in Azure Key Vault, read and used with an identity that can do nothing else.
//!
//! The certificate's own policy decides how its key serves: exportable, and it is read (`exportable`); not
//! exportable, and it signs in the vault (`non_exportable`). Whatever the vault answers is checked like a
//! stranger's.
//!
//! Sources: Key Vault REST API 2025-07-01, "Get Certificate", "Get Secret" and "Sign"; "About Azure Key Vault
//! certificates".

use std::{sync::Arc, time::Duration};

use azure_core::{
    credentials::TokenCredential,
    error::ErrorKind,
    http::{ClientOptions, StatusCode},
};
use azure_security_keyvault_certificates::{
    CertificateClient, CertificateClientOptions, ResourceExt as _, models::Certificate,
};
use azure_security_keyvault_keys::{
    KeyClient, KeyClientOptions,
    models::{KeyClientSignOptions, KeyOperationResult, SignParameters, SignatureAlgorithm},
};
use azure_security_keyvault_secrets::{
    SecretClient, SecretClientOptions,
    models::{ContentType, Secret, SecretClientGetSecretOptions},
};
use serde::Deserialize;
use url::{Host, Url};
use zeroize::Zeroizing;

use super::{
    CertificateSource, Credential, CredentialError, Signatory,
    azure_sdk::{self, IdentityFailure, client_options, describe, identity_failure, printable},
    exportable, non_exportable,
    rotation::{Rotating, Source, Version},
};
use crate::ClientId;

/// Everything that is read together: the host gives a start 15 seconds.
const DEADLINE: Duration = Duration::from_secs(12);

/// One signature: the caller who waits for it still needs the exchange and Azure.
const SIGN_DEADLINE: Duration = Duration::from_secs(8);

/// Where the certificate is, and as whom it is read.
#[derive(Clone, Debug)]
pub struct KeyVaultCertificate {
    /// `KEY_VAULT_URL`, always `https`.
    pub vault: Url,
    /// `OBO_CERTIFICATE_NAME`.
    pub name: String,
    /// `KEY_VAULT_IDENTITY`.
    pub identity: VaultIdentity,
}

/// The identity that reads the certificate, and is used for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VaultIdentity {
    /// The app's own identity.
    SystemAssigned,
    /// A user-assigned identity, by its client id.
    UserAssigned(ClientId),
    /// The sign-in of `az` or `azd` on a laptop.
    Developer,
}

/// The certificate of the vault as its policy wants it used. All requests, the identity's too, leave through `http`.
///
/// Answers after a first assertion was signed: a vault that hands out the certificate but does not sign with its key ends
/// the start. The certificate is read again a few times a day, so a renewed one is used without a restart.
pub async fn from_key_vault(
    from: &KeyVaultCertificate,
    http: reqwest::Client,
    signatory: Signatory,
) -> Result<Arc<dyn Credential>, CredentialError> {
    let options = client_options(azure_sdk::transport(http));
    let identity = identity(from.identity, &options)?;
    let vault = Arc::new(Vault::new(from, identity, &options)?);
    let (clock, random) = (signatory.clock.clone(), signatory.random.clone());
    let credential = Rotating::start(VaultSource { vault, signatory }, clock, random).await?;
    credential.assertion().await?;
    Ok(credential)
}

struct VaultSource {
    vault: Arc<Vault>,
    signatory: Signatory,
}

#[async_trait::async_trait]
impl Source for VaultSource {
    async fn load(&self) -> Result<Version, CredentialError> {
        let loading = tokio::time::timeout(DEADLINE, load(&self.vault, &self.signatory));
        loading.await.map_err(|_| self.vault.too_late(DEADLINE))?
    }
}

async fn load(vault: &Arc<Vault>, signatory: &Signatory) -> Result<Version, CredentialError> {
    let certificate = vault.certificate().await?;
    if certificate.exportable {
        exportable::version(vault, &certificate, signatory).await
    } else {
        non_exportable::version(vault, certificate, signatory)
    }
}

fn identity(identity: VaultIdentity, options: &ClientOptions) -> Result<Arc<dyn TokenCredential>, CredentialError> {
    let token = match identity {
        VaultIdentity::SystemAssigned => azure_sdk::managed_identity(None, options),
        VaultIdentity::UserAssigned(client) => azure_sdk::managed_identity(Some(client), options),
        VaultIdentity::Developer => azure_sdk::developer(),
    };
    token.map_err(|failure| identity.failed(failure))
}

impl VaultIdentity {
    fn failed(self, IdentityFailure(cause): IdentityFailure) -> CredentialError {
        match self {
            Self::SystemAssigned | Self::UserAssigned(_) => CredentialError::IdentityFailed { cause },
            Self::Developer => CredentialError::DeveloperFailed { cause },
        }
    }
}

/// The three clients of one certificate's vault.
pub(super) struct Vault {
    host: String,
    name: String,
    identity: VaultIdentity,
    certificates: CertificateClient,
    keys: KeyClient,
    secrets: SecretClient,
}

/// One version of the certificate, as the vault describes it.
pub(super) struct VaultCertificate {
    pub(super) der: Vec<u8>,
    /// A rotation between two requests must not mix two versions.
    pub(super) version: String,
    /// Whether the policy lets the key leave the vault.
    pub(super) exportable: bool,
}

impl Vault {
    fn new(
        from: &KeyVaultCertificate,
        identity: Arc<dyn TokenCredential>,
        options: &ClientOptions,
    ) -> Result<Self, CredentialError> {
        if !is_certificate_name(&from.name) {
            return Err(CredentialError::InvalidName);
        }
        let host = from.vault.host_str().unwrap_or_default().to_owned();
        // a vault on this machine can't have the name of the cloud's
        let verify_challenge_resource = Some(!is_loopback(&from.vault));
        let unusable = |error: azure_core::Error| CredentialError::UnexpectedAnswer {
            host: from.vault.host_str().unwrap_or_default().to_owned(),
            cause: describe(&error),
        };
        let certificates = CertificateClient::new(
            from.vault.as_str(),
            identity.clone(),
            Some(CertificateClientOptions {
                client_options: options.clone(),
                verify_challenge_resource,
                ..CertificateClientOptions::default()
            }),
        )
        .map_err(unusable)?;
        let keys = KeyClient::new(
            from.vault.as_str(),
            identity.clone(),
            Some(KeyClientOptions {
                client_options: options.clone(),
                verify_challenge_resource,
                ..KeyClientOptions::default()
            }),
        )
        .map_err(unusable)?;
        let secrets = SecretClient::new(
            from.vault.as_str(),
            identity,
            Some(SecretClientOptions {
                client_options: options.clone(),
                verify_challenge_resource,
                ..SecretClientOptions::default()
            }),
        )
        .map_err(unusable)?;
        Ok(Self { host, name: from.name.clone(), identity: from.identity, certificates, keys, secrets })
    }

    async fn certificate(&self) -> Result<VaultCertificate, CredentialError> {
        let answer = self.certificates.get_certificate(&self.name, None).await.map_err(|error| self.failed(&error))?;
        let certificate: Certificate = answer.into_model().map_err(|_| self.unexpected("no certificate in it"))?;
        let policy = certificate.policy.as_ref().and_then(|policy| policy.key_properties.as_ref());
        let exportable = policy.and_then(|key| key.exportable) != Some(false);
        let version = certificate
            .resource_id()
            .ok()
            .and_then(|id| id.version)
            .filter(|version| !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_alphanumeric()))
            .ok_or_else(|| self.unexpected("a certificate without a version"))?;
        let der = certificate.cer.ok_or_else(|| self.unexpected("a certificate without its content"))?;
        Ok(VaultCertificate { der, version, exportable })
    }

    /// The secret of that version: the certificate with its key, as PEM.
    pub(super) async fn key_text(&self, version: String) -> Result<Zeroizing<String>, CredentialError> {
        let options = SecretClientGetSecretOptions {
            out_content_type: Some(ContentType::Pem),
            secret_version: Some(version),
            ..SecretClientGetSecretOptions::default()
        };
        let answer = self.secrets.get_secret(&self.name, Some(options)).await.map_err(|error| self.failed(&error))?;
        let secret: Secret = answer.into_model().map_err(|_| self.unexpected("no secret in it"))?;
        let text = Zeroizing::new(secret.value.unwrap_or_default());
        match secret.content_type.as_deref() {
            Some("application/x-pem-file") => Ok(text),
            found => Err(CredentialError::WrongContentType {
                host: self.host.clone(),
                name: self.name.clone(),
                found: printable(found.unwrap_or("text of no type")),
            }),
        }
    }

    /// The signature of that version's key over a SHA-256 digest (`PS256`). The caller verifies it.
    pub(super) async fn sign(&self, version: &str, digest: &[u8]) -> Result<Vec<u8>, CredentialError> {
        let parameters = SignParameters { algorithm: Some(SignatureAlgorithm::Ps256), value: Some(digest.to_vec()) };
        let parameters = parameters.try_into().map_err(|_| self.signing_failed())?;
        let options = KeyClientSignOptions { key_version: Some(version.to_owned()), ..KeyClientSignOptions::default() };
        let asked = self.keys.sign(&self.name, parameters, Some(options));
        let answer = tokio::time::timeout(SIGN_DEADLINE, asked).await.map_err(|_| self.too_late(SIGN_DEADLINE))?;
        let answer = answer.map_err(|error| self.failed(&error).of_signing())?;
        let result: KeyOperationResult = answer.into_model().map_err(|_| self.unexpected("no signature in it"))?;
        result.result.ok_or_else(|| self.unexpected("no signature in it"))
    }

    pub(super) fn signing_failed(&self) -> CredentialError {
        CredentialError::SigningFailed { certificate: self.source() }
    }

    pub(super) fn source(&self) -> CertificateSource {
        CertificateSource::Vault { host: self.host.clone(), name: self.name.clone() }
    }

    fn too_late(&self, deadline: Duration) -> CredentialError {
        self.unreachable(format!("no answer within {} seconds", deadline.as_secs()))
    }

    fn unreachable(&self, cause: String) -> CredentialError {
        CredentialError::Unreachable { host: self.host.clone(), cause }
    }

    fn unexpected(&self, cause: &str) -> CredentialError {
        CredentialError::UnexpectedAnswer { host: self.host.clone(), cause: cause.to_owned() }
    }

    /// What a failed request means.
    fn failed(&self, error: &azure_core::Error) -> CredentialError {
        if let Some(IdentityFailure(cause)) = identity_failure(error) {
            return self.identity.failed(IdentityFailure(cause.clone()));
        }
        match error.kind() {
            ErrorKind::HttpResponse { status, error_code, raw_response } => {
                let body = raw_response.as_ref().map(|response| response.body().as_ref());
                let code = body.and_then(innermost_code).or_else(|| error_code.clone()).unwrap_or_default();
                self.refused(*status, printable(&code))
            }
            ErrorKind::Connection | ErrorKind::Io => self.unreachable(describe(error)),
            _ => self.unexpected(&describe(error)),
        }
    }

    fn refused(&self, status: StatusCode, code: String) -> CredentialError {
        let (host, name) = (self.host.clone(), self.name.clone());
        match status {
            StatusCode::NotFound => CredentialError::NotFound { host, name },
            StatusCode::Unauthorized | StatusCode::Forbidden => CredentialError::Forbidden { host, name, code },
            StatusCode::TooManyRequests => self.unreachable("it is throttling".to_owned()),
            status if status.is_server_error() => self.unreachable(format!("status {} {code}", u16::from(status))),
            status => self.unexpected(&format!("status {} {code}", u16::from(status))),
        }
    }
}

/// Key Vault says `Forbidden` and inside why: `{"error":{"code":..,"innererror":{"code":..}}}`.
fn innermost_code(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Body {
        error: Fault,
    }
    #[derive(Deserialize)]
    struct Fault {
        code: Option<String>,
        innererror: Option<Box<Fault>>,
    }
    let mut fault = serde_json::from_slice::<Body>(body).ok()?.error;
    while let Some(inner) = fault.innererror.take() {
        let code = inner.code.filter(|code| !code.is_empty()).or(fault.code);
        fault = Fault { code, innererror: inner.innererror };
    }
    fault.code
}

/// "The name may contain only alphanumeric characters and dashes" (Key Vault, object names): nothing that could change
/// a path.
fn is_certificate_name(name: &str) -> bool {
    (1..=127).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_loopback(vault: &Url) -> bool {
    match vault.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests;
