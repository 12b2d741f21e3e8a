//! This server's certificate and the key that belongs to it.

use std::fmt::Write as _;

use aws_lc_rs::{
    digest,
    rand::SystemRandom,
    rsa::KeyPair,
    signature::{KeyPair as _, RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256, UnparsedPublicKey},
};
use rustls_pki_types::PrivateKeyDer;
use x509_cert::{
    Certificate,
    der::{Decode as _, Reader as _, SliceReader, asn1::UintRef, oid::ObjectIdentifier},
    time::Time,
};

use crate::UnixTime;

/// `rsaEncryption` (RFC 8017, appendix C).
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// Entra accepts no shorter key.
const SHORTEST_KEY_BITS: usize = 2048;

/// What everybody may know of an RSA certificate.
pub(super) struct PublicCertificate {
    /// `RSAPublicKey` in DER.
    public_key: Vec<u8>,
    thumbprint: Thumbprint,
    not_before: UnixTime,
    not_after: UnixTime,
}

/// A certificate with its private key, checked to belong together. No `Debug`; the key is wiped when dropped.
pub(super) struct ClientCertificate {
    public: PublicCertificate,
    key: KeyPair,
}

/// SHA-256 of the certificate: how Entra finds the registered one (`x5t#S256`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Thumbprint([u8; 32]);

/// Why a certificate can't be used, before it is known where it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CertificateFault {
    Unreadable(&'static str),
    NotRsa,
    TooShort { bits: usize },
    KeyMismatch,
    NotYetValid { from: UnixTime },
    Expired { since: UnixTime },
}

impl Thumbprint {
    /// That of no certificate, for tests.
    #[cfg(test)]
    pub(super) fn for_tests(name: &str) -> Self {
        Self::of(name.as_bytes())
    }

    fn of(certificate: &[u8]) -> Self {
        let mut thumbprint = [0; 32];
        for (byte, digest) in thumbprint.iter_mut().zip(digest::digest(&digest::SHA256, certificate).as_ref()) {
            *byte = *digest;
        }
        Self(thumbprint)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As `openssl x509 -fingerprint -sha256` prints it, in lower case without colons.
    pub(super) fn hex(&self) -> String {
        self.0.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

impl PublicCertificate {
    /// From DER. Fails unless it is valid at `now` and its key is one that Entra accepts.
    pub(super) fn new(certificate: &[u8], now: UnixTime) -> Result<Self, CertificateFault> {
        let parsed = Self::parse(certificate)?;
        parsed.check_valid(now)?;
        Ok(parsed)
    }

    fn parse(certificate: &[u8]) -> Result<Self, CertificateFault> {
        let parsed =
            Certificate::from_der(certificate).map_err(|_| CertificateFault::Unreadable("no X.509 certificate"))?;
        let validity = parsed.tbs_certificate.validity;
        Ok(Self {
            public_key: rsa_public_key(&parsed)?.to_vec(),
            thumbprint: Thumbprint::of(certificate),
            not_before: unix_time(validity.not_before),
            not_after: unix_time(validity.not_after),
        })
    }

    /// The validity period includes its last second (RFC 5280, section 4.1.2.5).
    pub(super) fn check_valid(&self, now: UnixTime) -> Result<(), CertificateFault> {
        if now < self.not_before {
            return Err(CertificateFault::NotYetValid { from: self.not_before });
        }
        if now > self.not_after {
            return Err(CertificateFault::Expired { since: self.not_after });
        }
        Ok(())
    }

    pub(super) fn thumbprint(&self) -> Thumbprint {
        self.thumbprint
    }

    pub(super) fn expires_at(&self) -> UnixTime {
        self.not_after
    }

    /// Whether `signature` is this certificate's RSASSA-PSS signature with SHA-256 over `message`.
    pub(super) fn verifies_ps256(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, &self.public_key).verify(message, signature).is_ok()
    }
}

impl ClientCertificate {
    /// `certificate` is DER. Fails unless the key is the certificate's and the certificate is valid at `now`.
    pub(super) fn new(certificate: &[u8], key: &PrivateKeyDer<'_>, now: UnixTime) -> Result<Self, CertificateFault> {
        let public = PublicCertificate::parse(certificate)?;
        let key = key_pair(key)?;
        if key.public_key().as_ref() != public.public_key {
            return Err(CertificateFault::KeyMismatch);
        }
        public.check_valid(now)?;
        Ok(Self { public, key })
    }

    pub(super) fn public(&self) -> &PublicCertificate {
        &self.public
    }

    /// RSASSA-PSS with SHA-256 (`PS256`, RFC 7518, section 3.5).
    pub(super) fn sign_ps256(&self, message: &[u8]) -> Option<Vec<u8>> {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PSS_SHA256, &SystemRandom::new(), message, &mut signature).ok()?;
        Some(signature)
    }
}

/// The certificate's `RSAPublicKey` (RFC 8017, appendix A.1.1) in DER, at least 2048 bits long.
fn rsa_public_key(certificate: &Certificate) -> Result<&[u8], CertificateFault> {
    let info = &certificate.tbs_certificate.subject_public_key_info;
    if info.algorithm.oid != RSA_ENCRYPTION {
        return Err(CertificateFault::NotRsa);
    }
    let unreadable = CertificateFault::Unreadable("no RSA public key in the certificate");
    let public_key = info.subject_public_key.as_bytes().ok_or(unreadable)?;
    let bits = modulus_bits(public_key).map_err(|_| unreadable)?;
    if bits < SHORTEST_KEY_BITS {
        return Err(CertificateFault::TooShort { bits });
    }
    Ok(public_key)
}

fn modulus_bits(rsa_public_key: &[u8]) -> x509_cert::der::Result<usize> {
    SliceReader::new(rsa_public_key)?.sequence(|reader| {
        let modulus = UintRef::decode(reader)?;
        UintRef::decode(reader)?;
        let leading_zeros = modulus.as_bytes().first().map_or(0, |byte| byte.leading_zeros() as usize);
        Ok((modulus.as_bytes().len() * 8).saturating_sub(leading_zeros))
    })
}

fn key_pair(key: &PrivateKeyDer<'_>) -> Result<KeyPair, CertificateFault> {
    let key = match key {
        PrivateKeyDer::Pkcs8(key) => KeyPair::from_pkcs8(key.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(key) => KeyPair::from_der(key.secret_pkcs1_der()),
        _ => return Err(CertificateFault::NotRsa),
    };
    key.map_err(|_| CertificateFault::Unreadable("no RSA private key of 2048 to 8192 bits"))
}

fn unix_time(time: Time) -> UnixTime {
    UnixTime(i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    //! Proves the thumbprint and the validity. Which certificates are accepted is proven in `credential::tests`.

    use super::*;
    use crate::exchange::testing::TestCertificate;

    #[test]
    fn the_thumbprint_is_sha_256() {
        // FIPS 180-2, appendix B.1
        let thumbprint = Thumbprint::of(b"abc");
        assert_eq!(thumbprint.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(thumbprint.bytes(), digest::digest(&digest::SHA256, b"abc").as_ref());
    }

    #[test]
    fn the_first_and_the_last_second_are_valid() {
        // 2023-01-01 and 2033-01-01
        let (from, since) = (UnixTime(1_672_531_200), UnixTime(1_988_150_400));
        let certificate = TestCertificate::shared().client_certificate();
        for (now, expected) in [
            (UnixTime(from.0 - 1), Err(CertificateFault::NotYetValid { from })),
            (from, Ok(())),
            (since, Ok(())),
            (UnixTime(since.0 + 1), Err(CertificateFault::Expired { since })),
        ] {
            assert_eq!(certificate.public().check_valid(now), expected, "{now:?}");
        }
        assert_eq!(certificate.public().expires_at(), since);
    }
}
