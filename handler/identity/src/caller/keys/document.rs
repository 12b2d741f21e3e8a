//! The published key set (RFC 7517 §5) as Entra writes it, and which of its keys count.
//!
//! Entra's keys have an `issuer`, often the template `…/{tenantid}/v2.0`, and no `alg`. The public cloud's document has
//! carried keys of other clouds and of the consumer tenant, so a key counts only when its issuer is this tenant's.

use std::{collections::HashMap, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::FetchError;
use crate::{
    Authority,
    caller::{jws::is_key_id, strict},
};

/// Entra publishes about ten.
const MAX_KEYS: usize = 64;

/// Bytes of an RSA modulus: 2048 to 8192 bits, the range that the verifier accepts.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// The keys that count, by `kid`. Never empty.
pub(in crate::caller) struct KeySet {
    keys: HashMap<String, Arc<DecodingKey>>,
    /// How many were published.
    published: usize,
}

#[derive(Deserialize)]
struct Document<'json> {
    /// Read one by one: a key of an unknown kind must not spoil the others.
    #[serde(borrow)]
    keys: Vec<&'json RawValue>,
}

/// Members that decide; `x5t`, `x5c` and others are ignored.
#[derive(Deserialize)]
struct PublishedKey {
    kid: String,
    kty: String,
    #[serde(rename = "use")]
    usage: String,
    alg: Option<String>,
    n: String,
    e: String,
    issuer: String,
}

impl KeySet {
    /// The keys of the `document` that sign this `authority`'s tokens; at least one, or it is no key set.
    pub(in crate::caller) fn parse(document: &[u8], authority: &Authority) -> Result<Self, FetchError> {
        let Document { keys } = strict::object(document).ok_or(FetchError::NotAKeySet)?;
        let published = keys.len();
        if published > MAX_KEYS {
            return Err(FetchError::TooManyKeys { published });
        }
        let usable: Vec<PublishedKey> = keys
            .into_iter()
            .filter_map(|key| strict::object::<PublishedKey>(key.get().as_bytes()))
            .filter(|key| key.signs_for(authority))
            .collect();
        // two different keys under one id: neither is trusted
        let is_unambiguous = |key: &&PublishedKey| !usable.iter().any(|other| other.kid == key.kid && other.n != key.n);
        let keys: HashMap<_, _> = usable
            .iter()
            .filter(is_unambiguous)
            .filter_map(|key| Some((key.kid.clone(), Arc::new(key.decoding_key()?))))
            .collect();
        if keys.is_empty() { Err(FetchError::NoUsableKey { published }) } else { Ok(Self { keys, published }) }
    }

    pub(in crate::caller) fn get(&self, key_id: &str) -> Option<Arc<DecodingKey>> {
        self.keys.get(key_id).cloned()
    }

    pub(super) fn count(&self) -> usize {
        self.keys.len()
    }

    /// Published keys that do not count.
    pub(super) fn unused(&self) -> usize {
        self.published.saturating_sub(self.keys.len())
    }
}

impl PublishedKey {
    fn signs_for(&self, authority: &Authority) -> bool {
        let issuer = self.issuer.replace("{tenantid}", &authority.tenant().to_string());
        issuer == authority.issuer()
            && self.kty == "RSA"
            && self.usage == "sig"
            && self.alg.as_ref().is_none_or(|algorithm| algorithm == "RS256")
            && is_key_id(&self.kid)
    }

    /// Built once per key. An exponent other than 65537 is none that a certificate authority would certify.
    fn decoding_key(&self) -> Option<DecodingKey> {
        let modulus = URL_SAFE_NO_PAD.decode(&self.n).ok()?;
        let is_sound = MODULUS_BYTES.contains(&modulus.len()) && !modulus.starts_with(&[0]) && self.e == "AQAB";
        if is_sound { DecodingKey::from_rsa_components(&self.n, &self.e).ok() } else { None }
    }
}
