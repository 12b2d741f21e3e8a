//! A certificate whose policy keeps the key in the vault: every assertion is signed there, and the key is never read.
//!
//! A signature counts only if the certificate verifies it: what a vault answers is a stranger's word.

use std::sync::Arc;

use aws_lc_rs::digest;

use super::{
    CredentialDescription, CredentialError, REUSE, Signatory,
    key_vault::{Vault, VaultCertificate},
    reuse::{Fresh, Issuer, Reusing},
    rotation::Version,
};
use crate::exchange::certificate::PublicCertificate;

struct VaultKey {
    vault: Arc<Vault>,
    version: String,
    certificate: PublicCertificate,
    signatory: Signatory,
}

/// A version whose key stays where it is. Nothing is signed yet.
pub(super) fn version(
    vault: &Arc<Vault>,
    certificate: VaultCertificate,
    signatory: &Signatory,
) -> Result<Version, CredentialError> {
    let clock = signatory.clock.clone();
    let public = PublicCertificate::new(&certificate.der, clock.now()).map_err(|fault| vault.source().error(fault))?;
    let (thumbprint, expires_at) = (public.thumbprint(), public.expires_at());
    let key = VaultKey {
        vault: vault.clone(),
        version: certificate.version,
        certificate: public,
        signatory: signatory.clone(),
    };
    Ok(Version { credential: Arc::new(Reusing::new(key, clock)), thumbprint, expires_at })
}

#[async_trait::async_trait]
impl Issuer for VaultKey {
    async fn issue(&self) -> Result<Fresh, CredentialError> {
        let now = self.signatory.clock.now();
        self.certificate.check_valid(now).map_err(|fault| self.vault.source().error(fault))?;
        let unsigned =
            self.signatory.unsigned(self.certificate.thumbprint(), now).ok_or_else(|| self.vault.signing_failed())?;
        let digest = digest::digest(&digest::SHA256, unsigned.message());
        let signature = self.vault.sign(&self.version, digest.as_ref()).await?;
        if !self.certificate.verifies_ps256(unsigned.message(), &signature) {
            return Err(self.vault.signing_failed());
        }
        Ok(Fresh { assertion: unsigned.signed(&signature), from: now, until: now.plus(REUSE) })
    }

    fn description(&self) -> CredentialDescription {
        CredentialDescription::of_certificate(&self.vault.source(), &self.certificate)
    }
}
