//! How this server proves to Entra that it is the registered client.

mod error;
mod key_vault;
mod pem;

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};
use std::time::Duration;

pub use error::{CertificateSource, CredentialError};
pub use key_vault::{KeyVaultCertificate, VaultIdentity};
use zeroize::Zeroizing;

use super::{assertion, certificate::ClientCertificate};
use crate::{ClientId, Clock, Random, UnixTime};

/// How long an assertion is used again. It lives ten minutes; the rest is for clocks that differ.
const REUSE: Duration = Duration::from_mins(8);

/// Something that can authenticate this server's registration.
#[async_trait::async_trait]
pub trait Credential: Send + Sync + 'static {
    /// A signed assertion for `audience`, the address of the token endpoint.
    async fn assertion(&self, audience: &str) -> Result<ClientAssertion, CredentialError>;

    /// For logs and monitoring.
    fn description(&self) -> CredentialDescription;
}

/// A JWT that authenticates this server for a few minutes. A secret: no `Debug`, wiped when the last copy is dropped.
#[derive(Clone)]
pub struct ClientAssertion(Arc<Zeroizing<String>>);

/// What may be said about a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialDescription {
    /// Where it comes from: the setting's name, and in a vault the certificate's.
    pub kind: String,
    /// SHA-256 of the certificate in hexadecimal, where there is one.
    pub thumbprint: Option<String>,
    /// When it ends, where it does.
    pub expires_at: Option<UnixTime>,
}

/// A certificate whose key is held in this process. [`Self::from_pem`] and [`Self::from_key_vault`] load it.
pub struct CertificateCredential {
    certificate: ClientCertificate,
    source: CertificateSource,
    client: ClientId,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    /// Locked while signing, a quarter of a millisecond every eight minutes, so that callers who come together sign once.
    latest: Mutex<Option<Signed>>,
    signatures: AtomicU64,
}

struct Signed {
    assertion: ClientAssertion,
    audience: String,
    at: UnixTime,
}

impl ClientAssertion {
    /// Takes the JWT as it is sent.
    #[must_use]
    pub fn new(jwt: Zeroizing<String>) -> Self {
        Self(Arc::new(jwt))
    }

    pub(crate) fn secret(&self) -> &str {
        &self.0
    }
}

impl Signed {
    fn serves(&self, audience: &str, now: UnixTime) -> bool {
        self.audience == audience && self.at <= now && now < self.at.plus(REUSE)
    }
}

impl CertificateCredential {
    fn new(
        certificate: ClientCertificate,
        source: CertificateSource,
        client: ClientId,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self { certificate, source, client, clock, random, latest: Mutex::new(None), signatures: AtomicU64::new(0) }
    }

    /// How many assertions were signed so far.
    #[must_use]
    pub fn signatures(&self) -> u64 {
        self.signatures.load(Ordering::Relaxed)
    }

    fn sign(&self, audience: &str, now: UnixTime) -> Result<ClientAssertion, CredentialError> {
        self.certificate.check_valid(now).map_err(|fault| self.source.error(fault))?;
        let assertion = assertion::sign(&self.certificate, self.client, audience, self.random.uuid(), now)
            .ok_or_else(|| CredentialError::SigningFailed { certificate: self.source.clone() })?;
        self.signatures.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(
            event = "client_assertion_signed",
            thumbprint = self.certificate.thumbprint().hex(),
            "signed a client assertion"
        );
        Ok(assertion)
    }
}

#[async_trait::async_trait]
impl Credential for CertificateCredential {
    async fn assertion(&self, audience: &str) -> Result<ClientAssertion, CredentialError> {
        let now = self.clock.now();
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(signed) = latest.as_ref().filter(|signed| signed.serves(audience, now)) {
            return Ok(signed.assertion.clone());
        }
        let assertion = self.sign(audience, now)?;
        *latest = Some(Signed { assertion: assertion.clone(), audience: audience.to_owned(), at: now });
        Ok(assertion)
    }

    fn description(&self) -> CredentialDescription {
        CredentialDescription {
            kind: self.source.to_string(),
            thumbprint: Some(self.certificate.thumbprint().hex()),
            expires_at: Some(self.certificate.expires_at()),
        }
    }
}

#[cfg(test)]
mod tests;
