//! JSON Web Tokens, written and read by hand (RFC 7515, section 3.1).
//!
//! Not with the library the handler uses: two readings of one standard find what one would miss. And hostile tokens
//! need a header no library lets one write.

use base64::{
    Engine,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    prelude::BASE64_URL_SAFE_NO_PAD,
};
use serde_json::{Map, Value};

use crate::{
    LabError,
    keys::{Algorithm, RsaKey},
};

/// base64url with or without padding: MSAL for Python pads, MSAL for Node does not, and Entra takes both.
pub(crate) const BASE64_URL: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Writes a token.
pub(crate) fn sign(key: &RsaKey, algorithm: Algorithm, header: &Value, claims: &Value) -> Result<String, LabError> {
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = key.sign(algorithm, signed.as_bytes())?;
    Ok(format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
}

/// `token` with another header, which its signature does not cover.
pub(crate) fn with_header(token: &str, header: &Value) -> String {
    let rest = token.split_once('.').map_or(token, |(_, rest)| rest);
    format!("{}.{rest}", part(header))
}

fn part(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A token taken apart; nothing about it is verified.
#[derive(Debug)]
pub(crate) struct Jwt {
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
    signed: String,
    signature: Vec<u8>,
}

impl Jwt {
    /// Takes `token` apart; `None` if it has not the form.
    pub(crate) fn parse(token: &str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        Some(Self {
            header: object(header)?,
            claims: object(claims)?,
            signed: signed.to_owned(),
            signature: BASE64_URL.decode(signature).ok()?,
        })
    }

    /// Whether the holder of `public_key` (PKCS#1 DER) signed it with `algorithm`.
    pub(crate) fn is_signed_by(&self, public_key: &[u8], algorithm: Algorithm) -> bool {
        algorithm.verifies(public_key, self.signed.as_bytes(), &self.signature)
    }

    /// A member of the header, if it is a string.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.header.get(name)?.as_str()
    }

    /// A claim, if it is a string.
    pub(crate) fn claim(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// A moment in seconds. A string (MSAL for .NET) and a fraction (MSAL for Python) count too.
    pub(crate) fn moment(&self, name: &str) -> Option<i64> {
        match self.claims.get(name)? {
            Value::String(text) => text.parse().ok(),
            // a moment with a fraction of a second lies within its second
            #[expect(clippy::cast_possible_truncation, reason = "moments are far below 2^53")]
            Value::Number(number) => number.as_i64().or_else(|| Some(number.as_f64()? as i64)),
            _ => None,
        }
    }

    /// Whether a claim that is a list holds `item`.
    pub(crate) fn lists(&self, name: &str, item: &str) -> bool {
        self.claims.get(name).and_then(Value::as_array).is_some_and(|list| list.iter().any(|each| each == item))
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&BASE64_URL.decode(part).ok()?).ok()
}
