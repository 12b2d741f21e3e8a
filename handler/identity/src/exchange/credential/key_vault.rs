//! A certificate in Azure Key Vault, read once at the start with an identity that can do nothing else.
//!
//! The certificate, its policy and the key of that very version are read; the key arrives as the certificate's secret,
//! which the vault is asked to convert to PEM. Whatever the vault answers is checked like a stranger's.
//!
//! Sources: Key Vault REST API 2025-07-01, "Get Certificate" and "Get Secret"; "About Azure Key Vault certificates".

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    error::ErrorKind,
    http::{ClientOptions, ExponentialRetryOptions, RetryOptions, StatusCode, Transport},
};
use azure_identity::{
    DeveloperToolsCredential, ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId,
};
use azure_security_keyvault_certificates::{
    CertificateClient, CertificateClientOptions, ResourceExt as _, models::Certificate,
};
use azure_security_keyvault_secrets::{
    SecretClient, SecretClientOptions,
    models::{ContentType, Secret, SecretClientGetSecretOptions},
};
use serde::Deserialize;
use url::{Host, Url};
use zeroize::Zeroizing;

use super::{CertificateCredential, CertificateSource, CredentialError, pem};
use crate::{ClientId, Clock, Random, UnixTime, exchange::certificate::ClientCertificate};

/// A token of the identity: its endpoint is on the same machine.
const IDENTITY_DEADLINE: Duration = Duration::from_secs(6);

/// Everything together: the host gives a start 15 seconds.
const DEADLINE: Duration = Duration::from_secs(12);

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

impl CertificateCredential {
    /// Reads certificate and key from the vault. All requests, the identity's too, leave through `http`.
    pub async fn from_key_vault(
        from: &KeyVaultCertificate,
        http: reqwest::Client,
        client: ClientId,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, CredentialError> {
        let options = client_options(Transport::new(Arc::new(http)));
        let identity = identity(from.identity, &options)?;
        let vault = Vault::new(from, identity, &options)?;
        let certificate = tokio::time::timeout(DEADLINE, vault.load(clock.now()))
            .await
            .map_err(|_| vault.unreachable(format!("no answer within {} seconds", DEADLINE.as_secs())))??;
        Ok(Self::new(certificate, vault.source(), client, clock, random))
    }
}

/// One transport for everything, and few retries: a start that waits for minutes says nothing.
fn client_options(transport: Transport) -> ClientOptions {
    ClientOptions {
        transport: Some(transport),
        retry: RetryOptions::exponential(ExponentialRetryOptions {
            max_retries: 2,
            max_total_elapsed: azure_core::time::Duration::seconds(5),
            ..ExponentialRetryOptions::default()
        }),
        ..ClientOptions::default()
    }
}

fn identity(identity: VaultIdentity, options: &ClientOptions) -> Result<Arc<dyn TokenCredential>, CredentialError> {
    let user_assigned_id = match identity {
        VaultIdentity::SystemAssigned => None,
        VaultIdentity::UserAssigned(client) => Some(UserAssignedId::ClientId(client.to_string())),
        VaultIdentity::Developer => {
            let tools = DeveloperToolsCredential::new(None).map_err(|error| identity_failed(&error))?;
            return Ok(Arc::new(BoundedIdentity(tools)));
        }
    };
    let options = ManagedIdentityCredentialOptions { user_assigned_id, client_options: options.clone() };
    let managed = ManagedIdentityCredential::new(Some(options)).map_err(|error| identity_failed(&error))?;
    Ok(Arc::new(BoundedIdentity(managed)))
}

fn identity_failed(error: &azure_core::Error) -> CredentialError {
    CredentialError::IdentityFailed { cause: describe(error) }
}

/// The two clients of one certificate's vault.
struct Vault {
    host: String,
    name: String,
    certificates: CertificateClient,
    secrets: SecretClient,
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
        Ok(Self { host, name: from.name.clone(), certificates, secrets })
    }

    async fn load(&self, now: UnixTime) -> Result<ClientCertificate, CredentialError> {
        let certificate = self.certificate().await?;
        let exportable = certificate
            .policy
            .as_ref()
            .and_then(|policy| policy.key_properties.as_ref())
            .and_then(|key| key.exportable);
        if exportable == Some(false) {
            return Err(CredentialError::NotExportable { host: self.host.clone(), name: self.name.clone() });
        }
        let version = self.version(&certificate)?;
        let der = certificate.cer.ok_or_else(|| self.unexpected("a certificate without its content"))?;
        let key = self.key_text(version).await?;
        let source = self.source();
        let key = pem::private_key(key.as_bytes()).map_err(|fault| source.error(fault))?;
        ClientCertificate::new(&der, &key, now).map_err(|fault| source.error(fault))
    }

    async fn certificate(&self) -> Result<Certificate, CredentialError> {
        let answer = self.certificates.get_certificate(&self.name, None).await.map_err(|error| self.failed(&error))?;
        answer.into_model().map_err(|_| self.unexpected("no certificate in it"))
    }

    /// The version that the certificate was read in: a rotation between the two requests must not mix two versions.
    fn version(&self, certificate: &Certificate) -> Result<String, CredentialError> {
        certificate
            .resource_id()
            .ok()
            .and_then(|id| id.version)
            .filter(|version| !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_alphanumeric()))
            .ok_or_else(|| self.unexpected("a certificate without a version"))
    }

    async fn key_text(&self, version: String) -> Result<Zeroizing<String>, CredentialError> {
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

    fn source(&self) -> CertificateSource {
        CertificateSource::Vault { host: self.host.clone(), name: self.name.clone() }
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
            return CredentialError::IdentityFailed { cause: cause.clone() };
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

/// An identity that answers in time or fails, and whose failures are told from the vault's.
#[derive(Debug)]
struct BoundedIdentity<C: ?Sized>(Arc<C>);

#[derive(Debug)]
struct IdentityFailure(String);

impl fmt::Display for IdentityFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl StdError for IdentityFailure {}

#[async_trait::async_trait]
impl<C: TokenCredential + ?Sized> TokenCredential for BoundedIdentity<C> {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let failure = match tokio::time::timeout(IDENTITY_DEADLINE, self.0.get_token(scopes, options)).await {
            Ok(Ok(token)) => return Ok(token),
            Ok(Err(error)) => describe(&error),
            Err(_) => format!("no answer within {} seconds", IDENTITY_DEADLINE.as_secs()),
        };
        // of a kind that is not retried again on top of the identity's own retries
        Err(azure_core::Error::new(ErrorKind::Credential, IdentityFailure(failure)))
    }
}

fn identity_failure(error: &azure_core::Error) -> Option<&IdentityFailure> {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(failure) = error.downcast_ref() {
            return Some(failure);
        }
        cause = error.source();
    }
    None
}

/// The root of a failure in the SDK's words, where they can't hold anything of an answer's content; a parser's may.
fn describe(error: &azure_core::Error) -> String {
    if matches!(error.kind(), ErrorKind::DataConversion) {
        return "an answer that can't be read".to_owned();
    }
    let mut root: &dyn StdError = error;
    while let Some(cause) = root.source() {
        root = cause;
    }
    match error.http_status() {
        Some(status) => printable(&format!("status {}: {root}", u16::from(status))),
        None => printable(&root.to_string()),
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

/// The words of others in one short line.
fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(300).collect()
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
