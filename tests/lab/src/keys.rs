//! RSA keys, made once per process: making one takes longer than most tests.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use aws_lc_rs::{
    digest,
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256,
        RsaEncoding, RsaKeyPair, UnparsedPublicKey,
    },
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::{LabError, world::lock};

/// The keys of this process; every lab takes them in the same order.
static KEYS: Mutex<Vec<Arc<RsaKey>>> = Mutex::new(Vec::new());

/// Hands out keys, to one lab no key twice.
#[derive(Default)]
pub(crate) struct KeySource {
    used: AtomicUsize,
}

impl KeySource {
    /// The next key this lab has not seen.
    pub(crate) fn next(&self) -> Result<Arc<RsaKey>, LabError> {
        let index = self.used.fetch_add(1, Ordering::Relaxed);
        let mut keys = lock(&KEYS);
        while keys.len() <= index {
            let key = RsaKey::generate()?;
            keys.push(Arc::new(key));
        }
        keys.get(index).cloned().ok_or(LabError::Key)
    }
}

/// How an RSA key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
}

impl Algorithm {
    /// By its JOSE name (RFC 7518, section 3.1).
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            _ => None,
        }
    }

    /// Whether `signature` of `message` is the holder's of `public_key`, in PKCS#1 DER.
    pub(crate) fn verifies(self, public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        let verification: &'static dyn aws_lc_rs::signature::VerificationAlgorithm = match self {
            Self::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
            Self::Ps256 => &RSA_PSS_2048_8192_SHA256,
        };
        UnparsedPublicKey::new(verification, public_key).verify(message, signature).is_ok()
    }
}

/// A 2048-bit RSA key.
pub(crate) struct RsaKey {
    pair: RsaKeyPair,
    pkcs8: Vec<u8>,
}

impl RsaKey {
    fn generate() -> Result<Self, LabError> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| LabError::Key)?;
        let pkcs8 = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(|_| LabError::Key)?.as_ref().to_vec();
        Ok(Self { pair, pkcs8 })
    }

    /// The private key, PKCS#8 DER.
    pub(crate) fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The public key, PKCS#1 DER.
    pub(crate) fn public_key(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// The modulus as JWKs carry it.
    pub(crate) fn modulus(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.pair.public_key().modulus().big_endian_without_leading_zero())
    }

    /// The public exponent as JWKs carry it.
    pub(crate) fn exponent(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.pair.public_key().exponent().big_endian_without_leading_zero())
    }

    /// A name for the key, of the length Entra's have.
    pub(crate) fn id(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, self.public_key()))
    }

    /// Signs `message`.
    pub(crate) fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, LabError> {
        self.sign_as(
            match algorithm {
                Algorithm::Rs256 => &RSA_PKCS1_SHA256,
                Algorithm::Ps256 => &RSA_PSS_SHA256,
            },
            message,
        )
    }

    /// Signs `message` in a way that Entra may not know.
    pub(crate) fn sign_as(&self, encoding: &'static dyn RsaEncoding, message: &[u8]) -> Result<Vec<u8>, LabError> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair.sign(encoding, &SystemRandom::new(), message, &mut signature).map_err(|_| LabError::Key)?;
        Ok(signature)
    }

    /// Signs what has the SHA-256 digest `hash`, as Key Vault does.
    pub(crate) fn sign_digest(&self, algorithm: Algorithm, hash: &[u8]) -> Result<Vec<u8>, LabError> {
        let hash = digest::Digest::import_less_safe(hash, &digest::SHA256).map_err(|_| LabError::Key)?;
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let padding: &'static dyn RsaEncoding = match algorithm {
            Algorithm::Rs256 => &RSA_PKCS1_SHA256,
            Algorithm::Ps256 => &RSA_PSS_SHA256,
        };
        self.pair.sign_digest(padding, &hash, &mut signature).map_err(|_| LabError::Key)?;
        Ok(signature)
    }
}
