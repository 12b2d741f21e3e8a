//! A certificate whose key is held in this process, wherever it came from.

use std::sync::Arc;

use super::{
    CertificateSource, CredentialDescription, CredentialError, REUSE, Signatory,
    reuse::{Fresh, Issuer, Reusing},
    rotation::Version,
};
use crate::exchange::certificate::ClientCertificate;

/// Signs in process.
pub(crate) struct PrivateKey {
    certificate: ClientCertificate,
    source: CertificateSource,
    signatory: Signatory,
}

/// A certificate with its key as a credential.
pub(crate) type CertificateCredential = Reusing<PrivateKey>;

impl CertificateCredential {
    pub(super) fn of(certificate: ClientCertificate, source: CertificateSource, signatory: Signatory) -> Self {
        let clock = signatory.clock.clone();
        Self::new(PrivateKey { certificate, source, signatory }, clock)
    }
}

impl Version {
    /// A version whose key is here.
    pub(super) fn in_process(certificate: ClientCertificate, source: CertificateSource, signatory: &Signatory) -> Self {
        let (thumbprint, expires_at) = (certificate.public().thumbprint(), certificate.public().expires_at());
        let credential = CertificateCredential::of(certificate, source, signatory.clone());
        Self { credential: Arc::new(credential), thumbprint, expires_at }
    }
}

#[async_trait::async_trait]
impl Issuer for PrivateKey {
    async fn issue(&self) -> Result<Fresh, CredentialError> {
        let failed = || CredentialError::SigningFailed { certificate: self.source.clone() };
        let now = self.signatory.clock.now();
        self.certificate.public().check_valid(now).map_err(|fault| self.source.error(fault))?;
        let unsigned = self.signatory.unsigned(self.certificate.public().thumbprint(), now).ok_or_else(failed)?;
        let signature = self.certificate.sign_ps256(unsigned.message()).ok_or_else(failed)?;
        Ok(Fresh { assertion: unsigned.signed(&signature), from: now, until: now.plus(REUSE) })
    }

    fn description(&self) -> CredentialDescription {
        CredentialDescription::of_certificate(&self.source, self.certificate.public())
    }
}
