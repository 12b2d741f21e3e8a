//! A certificate whose policy lets the key leave the vault: it is read as the certificate's secret, which the vault is
//! asked to convert to PEM, and signs in process.

use super::{
    CredentialError, Signatory,
    key_vault::{Vault, VaultCertificate},
    pem,
    rotation::Version,
};
use crate::exchange::certificate::ClientCertificate;

/// Reads the key of that very version.
pub(super) async fn version(
    vault: &Vault,
    certificate: &VaultCertificate,
    signatory: &Signatory,
) -> Result<Version, CredentialError> {
    let key = vault.key_text(certificate.version.clone()).await?;
    let source = vault.source();
    let key = pem::private_key(key.as_bytes()).map_err(|fault| source.error(fault))?;
    let certificate =
        ClientCertificate::new(&certificate.der, &key, signatory.clock.now()).map_err(|fault| source.error(fault))?;
    Ok(Version::in_process(certificate, source, signatory))
}
