//! The signature layer (RFC 7515): a compact JWS whose header is judged first and whose payload is closed until its
//! signature is verified.
//!
//! The algorithm is a constant of this file. Neither the token nor the published key has a say in it (RFC 8725 §3.1).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;

use super::{
    refusal::TokenRefusal,
    strict::{self, Present},
};

/// Longer tokens are not looked at. Entra's own are 1 to 4 KB.
pub(super) const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Longer key ids are not looked up. Entra's are 27 or 43 characters.
pub(super) const MAX_KEY_ID_LENGTH: usize = 128;

/// A compact JWS with an acceptable header. Its payload is unread and its signature unverified.
pub(super) struct Jws<'token> {
    key_id: String,
    /// Header, dot and payload as they came: what the signature covers.
    signed: &'token str,
    payload: &'token str,
    signature: &'token str,
}

/// The bytes of a payload whose signature was verified. Made only by [`Jws::verify`].
pub(super) struct VerifiedPayload(Vec<u8>);

#[derive(Deserialize)]
struct Header {
    #[serde(default, deserialize_with = "strict::optional")]
    alg: Option<String>,
    #[serde(default, deserialize_with = "strict::optional")]
    kid: Option<String>,
    #[serde(default)]
    b64: Present,
    #[serde(default)]
    crit: Present,
    #[serde(default)]
    jku: Present,
    #[serde(default)]
    jwk: Present,
    #[serde(default)]
    nonce: Present,
    #[serde(default)]
    x5c: Present,
    #[serde(default)]
    x5u: Present,
}

impl<'token> Jws<'token> {
    /// Splits the token and judges its header, without any key.
    pub(super) fn parse(token: &'token str) -> Result<Self, TokenRefusal> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenRefusal::TooLarge);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenRefusal::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenRefusal::Malformed)?;
        // an encrypted token (JWE) has five parts
        if payload.contains('.') {
            return Err(TokenRefusal::Malformed);
        }
        let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| TokenRefusal::Malformed)?;
        let header: Header = strict::object(&header).ok_or(TokenRefusal::HeaderMalformed)?;
        Ok(Self { key_id: header.judge()?, signed, payload, signature })
    }

    /// Which key claims to have signed: nothing but a key of a map.
    pub(super) fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Verifies the signature and opens the payload.
    pub(super) fn verify(&self, key: &DecodingKey) -> Result<VerifiedPayload, TokenRefusal> {
        match jsonwebtoken::crypto::verify(self.signature, self.signed.as_bytes(), key, Algorithm::RS256) {
            Ok(true) => {
                URL_SAFE_NO_PAD.decode(self.payload).map(VerifiedPayload).map_err(|_| TokenRefusal::ClaimsMalformed)
            }
            Ok(false) | Err(_) => Err(TokenRefusal::BadSignature),
        }
    }
}

impl VerifiedPayload {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Header {
    /// The key id of an acceptable header.
    fn judge(self) -> Result<String, TokenRefusal> {
        if self.nonce.0 {
            return Err(TokenRefusal::GraphToken);
        }
        if let Some(member) = self.refused_member() {
            return Err(TokenRefusal::HeaderNotAllowed { member });
        }
        if self.alg.as_deref() != Some("RS256") {
            return Err(TokenRefusal::WrongAlgorithm);
        }
        let key_id = self.kid.ok_or(TokenRefusal::MissingKeyId)?;
        if is_key_id(&key_id) { Ok(key_id) } else { Err(TokenRefusal::InvalidKeyId) }
    }

    /// Members that bring a key along or change what is signed (RFC 7515 §4.1, RFC 7797). Entra sends none of them.
    fn refused_member(&self) -> Option<&'static str> {
        [
            ("b64", self.b64),
            ("crit", self.crit),
            ("jku", self.jku),
            ("jwk", self.jwk),
            ("x5c", self.x5c),
            ("x5u", self.x5u),
        ]
        .into_iter()
        .find_map(|(name, present)| present.0.then_some(name))
    }
}

/// One rule for the tokens' key ids and the published ones.
pub(super) fn is_key_id(text: &str) -> bool {
    (1..=MAX_KEY_ID_LENGTH).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}
