//! A certificate and its key in one PEM text: the file that `AZURE_CERT_PATH` names.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use zeroize::Zeroizing;

use super::{
    CertificateSource, Credential, CredentialError, Signatory,
    rotation::{Rotating, Source, Version},
};
use crate::{
    UnixTime,
    exchange::certificate::{CertificateFault, ClientCertificate},
};

/// The most bytes of a file that are read.
const LARGEST_FILE: u64 = 1024 * 1024;

/// The file that `AZURE_CERT_PATH` names. It is read again a few times a day: whoever renews it need not restart this.
///
/// It may hold a chain in any order: the certificate that the key belongs to is the one that counts.
pub async fn from_file(path: PathBuf, signatory: Signatory) -> Result<Arc<dyn Credential>, CredentialError> {
    let (clock, random) = (signatory.clock.clone(), signatory.random.clone());
    Ok(Rotating::start(PemFile { path, signatory }, clock, random).await?)
}

struct PemFile {
    path: PathBuf,
    signatory: Signatory,
}

#[async_trait::async_trait]
impl Source for PemFile {
    async fn load(&self) -> Result<Version, CredentialError> {
        let text = read(&self.path)
            .map_err(|error| CredentialError::UnreadableFile { path: self.path.clone(), cause: error.to_string() })?;
        version(&text, &self.signatory)
    }
}

/// A file that ends, and soon: a pipe would be waited for, and a device read for ever.
fn read(path: &Path) -> io::Result<Zeroizing<String>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut text = Zeroizing::new(String::new());
    File::open(path)?.take(LARGEST_FILE + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LARGEST_FILE {
        return Err(io::Error::other("larger than any certificate with its chain"));
    }
    Ok(text)
}

/// The certificate of a PEM text with its key.
pub(super) fn version(pem: &Zeroizing<String>, signatory: &Signatory) -> Result<Version, CredentialError> {
    let source = CertificateSource::File;
    let certificate = certificate_in(pem.as_bytes(), signatory.clock.now()).map_err(|fault| source.error(fault))?;
    Ok(Version::in_process(certificate, source, signatory))
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

#[cfg(test)]
impl super::CertificateCredential {
    /// Without rotation, for tests of what stands on a credential.
    pub(crate) fn from_pem(pem: &Zeroizing<String>, signatory: &Signatory) -> Result<Self, CredentialError> {
        let source = CertificateSource::File;
        let certificate = certificate_in(pem.as_bytes(), signatory.clock.now()).map_err(|fault| source.error(fault))?;
        Ok(Self::of(certificate, source, signatory.clone()))
    }
}
