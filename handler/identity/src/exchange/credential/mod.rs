//! How this server proves to Entra that it is the registered client.
//!
//! Four kinds, one trait, a file each: a certificate in Key Vault whose key is read (`exportable`) or stays there
//! (`non_exportable`), a certificate in a file (`pem`), and a managed identity that the registration trusts (`federated`).
//! Assertions are made once for all who ask (`reuse`), and certificates are replaced while the server runs (`rotation`).

mod azure_sdk;
mod error;
mod exportable;
mod federated;
mod key_vault;
mod non_exportable;
mod pem;
mod private_key;
mod reuse;
mod rotation;
mod shared_task;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

pub use error::{CertificateSource, CredentialError};
pub use federated::from_federated_identity;
pub use key_vault::{KeyVaultCertificate, VaultIdentity, from_key_vault};
pub use pem::from_file;
#[cfg(test)]
pub(crate) use private_key::CertificateCredential;
pub use rotation::WARN_BEFORE;
use zeroize::Zeroizing;

use super::{
    assertion::UnsignedAssertion,
    certificate::{PublicCertificate, Thumbprint},
};
use crate::{Authority, ClientId, Clock, Random, UnixTime};

/// How long an assertion is used again. It lives ten minutes; the rest is for clocks that differ.
const REUSE: Duration = Duration::from_mins(8);

/// Something that can authenticate this server's registration.
#[async_trait::async_trait]
pub trait Credential: Send + Sync + 'static {
    /// An assertion for the token endpoint.
    async fn assertion(&self) -> Result<ClientAssertion, CredentialError>;

    /// Entra refused `assertion` for a reason that another certificate may cure. Answers whether there is another now.
    async fn refused(&self, _assertion: &ClientAssertion) -> Remedy {
        Remedy::Nothing
    }

    /// For logs and monitoring.
    fn description(&self) -> CredentialDescription;

    /// The last time its source was read; `None` for one that is not read.
    fn last_reload(&self) -> Option<Reload> {
        None
    }
}

/// What a credential can do about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The next assertion is signed with another certificate.
    TryAgain,
    /// There is no other.
    Nothing,
}

/// A JWT that authenticates this server for a while. A secret: no `Debug`, wiped when the last copy is dropped.
#[derive(Clone)]
pub struct ClientAssertion {
    jwt: Arc<Zeroizing<String>>,
    /// The certificate that signed it, where one did.
    signer: Option<Thumbprint>,
}

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

/// One reading of a credential's source, the first included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reload {
    /// When.
    pub at: UnixTime,
    /// What was in memory goes on to serve; the log has the cause.
    pub failed: bool,
}

/// Who signs an assertion, for whom, and when: what every kind of credential has beside its key.
#[derive(Clone)]
pub struct Signatory {
    client: ClientId,
    authority: Authority,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl ClientAssertion {
    /// A JWT that somebody else signed.
    pub(super) fn foreign(jwt: Zeroizing<String>) -> Self {
        Self { jwt: Arc::new(jwt), signer: None }
    }

    pub(super) fn signed_by(signer: Thumbprint, jwt: Zeroizing<String>) -> Self {
        Self { jwt: Arc::new(jwt), signer: Some(signer) }
    }

    pub(crate) fn secret(&self) -> &str {
        &self.jwt
    }
}

impl CredentialDescription {
    fn of_certificate(source: &CertificateSource, certificate: &PublicCertificate) -> Self {
        Self {
            kind: source.to_string(),
            thumbprint: Some(certificate.thumbprint().hex()),
            expires_at: Some(certificate.expires_at()),
        }
    }
}

impl Signatory {
    /// The registration `client` in the tenant of `authority`.
    #[must_use]
    pub fn new(client: ClientId, authority: Authority, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { client, authority, clock, random }
    }

    fn unsigned(&self, signer: Thumbprint, now: UnixTime) -> Option<UnsignedAssertion> {
        UnsignedAssertion::new(signer, self.client, &self.authority.token_endpoint(), self.random.uuid(), now)
    }
}
