//! Makes tokens that Entra would not issue, with the keys it signs with.

use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaEncoding};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use lab::{Lab, entra::HeldKey};
use serde_json::{Map, Value};

/// Alice's token taken apart, and what it takes to put another together.
pub(crate) struct Forge<'lab> {
    pub(crate) lab: &'lab Lab,
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
    keys: Vec<HeldKey>,
}

impl<'lab> Forge<'lab> {
    pub(crate) fn new(lab: &'lab Lab) -> Self {
        let token = lab.token(lab.alice()).scope("cost.read").issue().unwrap();
        let [header, claims, _] = parts(&token);
        Self { lab, header: object(&header), claims: object(&claims), keys: lab.entra().held_keys().unwrap() }
    }

    /// The key in use.
    pub(crate) fn key(&self) -> &HeldKey {
        self.keys.first().unwrap()
    }

    /// The keys that may not have signed this token: published or not.
    pub(crate) fn other_keys(&self) -> &[HeldKey] {
        &self.keys[1..]
    }

    /// A key that Entra publishes for tokens of other tenants alone.
    pub(crate) fn key_of_consumers(&self) -> &HeldKey {
        self.keys.iter().find(|key| key.issuer.as_ref().is_some_and(|issuer| issuer.contains("9188040d"))).unwrap()
    }

    /// A key that Entra never had.
    pub(crate) fn foreign_key(&self) -> &HeldKey {
        self.keys.last().unwrap()
    }

    /// Alice's own claims under this header.
    pub(crate) fn under(&self, header: &Map<String, Value>) -> String {
        self.signed(text(header), text(&self.claims))
    }

    /// Alice's header with one member set.
    pub(crate) fn header(&self, name: &str, value: impl Into<Value>) -> String {
        self.under(&with(&self.header, name, value))
    }

    /// Alice's claims with one set.
    pub(crate) fn claim(&self, name: &str, value: impl Into<Value>) -> String {
        self.of(&with(&self.claims, name, value))
    }

    /// Alice's claims with some set; those set to `null` are left out.
    pub(crate) fn claims(&self, changes: &Value) -> String {
        let mut claims = self.claims.clone();
        claims.extend(changes.as_object().unwrap().clone());
        claims.retain(|_, value| !value.is_null());
        self.of(&claims)
    }

    /// These claims under Alice's header.
    pub(crate) fn of(&self, claims: &Map<String, Value>) -> String {
        self.signed(text(&self.header), text(claims))
    }

    /// This text for claims, JSON or not.
    pub(crate) fn of_text(&self, claims: impl AsRef<[u8]>) -> String {
        self.signed(text(&self.header), claims)
    }

    /// Alice's claims with this text in front of them, in place of the brace.
    pub(crate) fn prefixed(&self, first: &str) -> String {
        self.of_text(text(&self.claims).replacen('{', first, 1))
    }

    /// Header and claims as they are given, encoded and signed.
    pub(crate) fn signed(&self, header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>) -> String {
        self.sealed(&format!("{}.{}", encode(header), encode(claims)))
    }

    /// Encoded or not: signed.
    pub(crate) fn sealed(&self, signed: &str) -> String {
        sealed_by(self.key(), &RSA_PKCS1_SHA256, signed)
    }

    /// The three parts of a valid token, encoded.
    pub(crate) fn valid(&self) -> [String; 3] {
        parts(&self.of(&self.claims))
    }
}

/// `signed` with the signature of `key`.
pub(crate) fn sealed_by(key: &HeldKey, encoding: &'static dyn RsaEncoding, signed: &str) -> String {
    format!("{signed}.{}", encode(key.sign(encoding, signed.as_bytes()).unwrap()))
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn decode(part: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()
}

pub(crate) fn parts(token: &str) -> [String; 3] {
    token.split('.').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap()
}

pub(crate) fn with(members: &Map<String, Value>, name: &str, value: impl Into<Value>) -> Map<String, Value> {
    let mut members = members.clone();
    members.insert(name.to_owned(), value.into());
    members
}

pub(crate) fn text(members: &Map<String, Value>) -> String {
    Value::Object(members.clone()).to_string()
}

/// The bytes of `json` in a second spelling: a bit is set that the last character of its base64url leaves over.
pub(crate) fn respelled(mut bytes: Vec<u8>) -> String {
    // white space at the end is JSON all the same, and makes the last character leave bits over
    if bytes.len().is_multiple_of(3) {
        bytes.push(b' ');
    }
    siblings(&encode(bytes)).remove(0)
}

/// All other spellings of what a part of a token encodes: those that differ in the bits that its last character leaves over.
pub(crate) fn siblings(encoded: &str) -> Vec<String> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let spare = match encoded.len() % 4 {
        2 => 16,
        3 => 4,
        _ => return Vec::new(),
    };
    let (rest, last) = encoded.split_at(encoded.len() - 1);
    let value = ALPHABET.iter().position(|letter| *letter == last.as_bytes()[0]).unwrap();
    (1..spare).map(|bits| format!("{rest}{}", char::from(ALPHABET[value ^ bits]))).collect()
}

fn object(part: &str) -> Map<String, Value> {
    serde_json::from_slice(&decode(part)).unwrap()
}
