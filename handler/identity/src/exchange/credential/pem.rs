//! A certificate and its key in one PEM text, as `AZURE_CERT_PATH` and Key Vault give them.

use std::sync::Arc;

use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use zeroize::Zeroizing;

use super::{CertificateCredential, CertificateSource, CredentialError};
use crate::{
    ClientId, Clock, Random, UnixTime,
    exchange::certificate::{CertificateFault, ClientCertificate},
};

impl CertificateCredential {
    /// From the text of the file that `AZURE_CERT_PATH` names.
    ///
    /// It may hold a chain in any order: the certificate that the key belongs to is the one that counts.
    pub fn from_pem(
        pem: &Zeroizing<String>,
        client: ClientId,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, CredentialError> {
        let source = CertificateSource::File;
        let certificate = certificate_in(pem.as_bytes(), clock.now()).map_err(|fault| source.error(fault))?;
        Ok(Self::new(certificate, source, client, clock, random))
    }
}

fn certificate_in(pem: &[u8], now: UnixTime) -> Result<ClientCertificate, CertificateFault> {
    let key = private_key(pem)?;
    let mut fault = CertificateFault::Unreadable("no certificate");
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| CertificateFault::Unreadable("a broken certificate"))?;
        match ClientCertificate::new(&certificate, &key, now) {
            Err(CertificateFault::KeyMismatch) => fault = CertificateFault::KeyMismatch,
            decided => return decided,
        }
    }
    Err(fault)
}

/// The first private key of the text.
pub(super) fn private_key(pem: &[u8]) -> Result<Zeroizing<PrivateKeyDer<'static>>, CertificateFault> {
    match PrivateKeyDer::from_pem_slice(pem) {
        Ok(key) => Ok(Zeroizing::new(key)),
        Err(rustls_pki_types::pem::Error::NoItemsFound) => Err(CertificateFault::Unreadable("no private key")),
        Err(_) => Err(CertificateFault::Unreadable("a broken private key")),
    }
}
