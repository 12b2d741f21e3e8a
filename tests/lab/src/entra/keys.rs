//! Entra's signing keys and the document that publishes them.
//!
//! The document has what the real one has and what trips readers: no `alg`, an `issuer` for each key (a template, this
//! tenant's, or the consumer tenant's), and keys that sign nothing today.

use std::sync::{Arc, Mutex};

use aws_lc_rs::signature::RsaEncoding;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use time::Duration;

use crate::{
    LabError,
    certificate::Certificate,
    keys::{KeySource, RsaKey},
    people::TENANT_ID,
    world::{self, lock},
};

/// The tenant of personal accounts, whose keys stand in every tenant's document.
pub(super) const CONSUMER_TENANT_ID: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// The keys, the published and the others.
pub(crate) struct SigningKeys {
    authority: String,
    source: Arc<KeySource>,
    ring: Mutex<Ring>,
}

/// A signing key in other hands: for tokens that Entra never issues, signed as if it had.
pub struct HeldKey {
    key: Arc<RsaKey>,
    /// Whose tokens it signs, as published; nobody's if it is not.
    pub issuer: Option<String>,
}

impl HeldKey {
    /// `kid`.
    #[must_use]
    pub fn id(&self) -> String {
        self.key.id()
    }

    /// `n`, as published.
    #[must_use]
    pub fn modulus(&self) -> String {
        self.key.modulus()
    }

    /// The public key, PKCS#1 DER.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        self.key.public_key()
    }

    /// Signs `message` in any way an RSA key can.
    pub fn sign(&self, encoding: &'static dyn RsaEncoding, message: &[u8]) -> Result<Vec<u8>, LabError> {
        self.key.sign_as(encoding, message)
    }
}

struct Ring {
    keys: Vec<SigningKey>,
    current: Arc<RsaKey>,
}

struct SigningKey {
    key: Arc<RsaKey>,
    certificate: Certificate,
    issuer: String,
    published: bool,
}

impl SigningKeys {
    /// Three published keys: the one in use, the one to be used next, and one of the consumer tenant.
    pub(crate) fn new(authority: &str, source: Arc<KeySource>) -> Result<Self, LabError> {
        let issuers = ["{tenantid}", TENANT_ID, CONSUMER_TENANT_ID];
        let keys = issuers
            .into_iter()
            .map(|tenant| SigningKey::new(source.next()?, format!("{authority}/{tenant}/v2.0"), true))
            .collect::<Result<Vec<_>, _>>()?;
        let current = keys.first().map(|first| first.key.clone()).ok_or(LabError::Key)?;
        Ok(Self { authority: authority.to_owned(), source, ring: Mutex::new(Ring { keys, current }) })
    }

    /// Signs with a new key from now on.
    pub(crate) fn roll_over(&self, published: bool) -> Result<(), LabError> {
        let key = SigningKey::new(self.source.next()?, format!("{}/{{tenantid}}/v2.0", self.authority), published)?;
        let mut ring = lock(&self.ring);
        ring.current = key.key.clone();
        ring.keys.push(key);
        Ok(())
    }

    /// Publishes all keys, or none.
    pub(crate) fn publish(&self, published: bool) {
        lock(&self.ring).keys.iter_mut().for_each(|key| key.published = published);
    }

    /// The key in use.
    pub(crate) fn current(&self) -> Arc<RsaKey> {
        lock(&self.ring).current.clone()
    }

    /// Every key: first the one in use, last one that Entra never had.
    pub(crate) fn held(&self) -> Result<Vec<HeldKey>, LabError> {
        let foreign = HeldKey { key: self.foreign()?, issuer: None };
        let ring = lock(&self.ring);
        let mut held: Vec<_> =
            ring.keys.iter().map(|key| HeldKey { key: key.key.clone(), issuer: Some(key.issuer.clone()) }).collect();
        held.sort_by_key(|held| !Arc::ptr_eq(&held.key, &ring.current));
        held.push(foreign);
        Ok(held)
    }

    /// A key that Entra never had.
    pub(crate) fn foreign(&self) -> Result<Arc<RsaKey>, LabError> {
        self.source.next()
    }

    /// The key `id` of this tenant, published or not. A key of the consumer tenant signs nothing here.
    pub(crate) fn find(&self, id: &str) -> Option<Arc<RsaKey>> {
        let ring = lock(&self.ring);
        let ours = ring.keys.iter().filter(|key| !key.issuer.contains(CONSUMER_TENANT_ID));
        ours.map(|key| &key.key).find(|key| key.id() == id).cloned()
    }

    /// The document at `/discovery/v2.0/keys`.
    pub(crate) fn document(&self) -> Value {
        let ring = lock(&self.ring);
        json!({ "keys": ring.keys.iter().filter(|key| key.published).map(SigningKey::published).collect::<Vec<_>>() })
    }
}

impl SigningKey {
    fn new(key: Arc<RsaKey>, issuer: String, published: bool) -> Result<Self, LabError> {
        let not_after = world::now() + Duration::days(5 * 365);
        let certificate = Certificate::self_signed(&key, "accounts.accesscontrol.windows.net", not_after)?;
        Ok(Self { key, certificate, issuer, published })
    }

    fn published(&self) -> Value {
        json!({
            "kty": "RSA",
            "use": "sig",
            "kid": self.key.id(),
            "x5t": self.key.id(),
            "n": self.key.modulus(),
            "e": self.key.exponent(),
            "x5c": [BASE64_STANDARD.encode(self.certificate.der())],
            "cloud_instance_name": "microsoftonline.com",
            "issuer": self.issuer,
        })
    }
}
