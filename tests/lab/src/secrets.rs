//! Everything secret the lab made or saw, so that a test can prove that none of it was ever written anywhere.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use base64::{Engine, prelude::BASE64_STANDARD};

use crate::{certificate, keys::RsaKey, world::lock};

/// The secrets of one lab.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Arc<Mutex<BTreeSet<String>>>);

impl Secrets {
    /// Remembers `secret`.
    pub(crate) fn remember(&self, secret: &str) {
        if !secret.is_empty() {
            lock(&self.0).insert(secret.to_owned());
        }
    }

    /// Remembers a private key in the two forms in which it could leak: PEM, and base64 in one line.
    pub(crate) fn remember_key(&self, key: &RsaKey) {
        self.remember(&certificate::private_key_pem(key));
        self.remember(&BASE64_STANDARD.encode(key.pkcs8()));
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<String> {
        lock(&self.0).iter().cloned().collect()
    }
}
