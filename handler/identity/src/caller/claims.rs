//! The claims of a verified access token, typed. What they must say is the validator's business.
//!
//! Meanings: <https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference>.

use serde::Deserialize;

use super::{
    jws::VerifiedPayload,
    refusal::TokenRefusal,
    strict::{self, Present},
};

/// Claims this server knows; all others are ignored. Times are seconds since 1970.
#[derive(Deserialize)]
pub(super) struct Claims {
    #[serde(default, deserialize_with = "strict::optional")]
    pub(super) ver: Option<String>,
    #[serde(default, deserialize_with = "strict::optional")]
    pub(super) iss: Option<String>,
    #[serde(default, deserialize_with = "strict::optional")]
    pub(super) tid: Option<String>,
    #[serde(default, deserialize_with = "strict::optional")]
    pub(super) aud: Option<String>,

    #[serde(default, deserialize_with = "strict::optional")]
    pub(super) exp: Option<i64>,
    #[serde(default, deserialize_with = "strict::optional")]
    pub(super) nbf: Option<i64>,
    #[serde(default, deserialize_with = "strict::optional")]
    pub(super) iat: Option<i64>,

    #[serde(default, deserialize_with = "strict::optional")]
    pub(super) azp: Option<String>,
    #[serde(default, deserialize_with = "strict::optional")]
    pub(super) oid: Option<String>,
    #[serde(default, deserialize_with = "strict::optional")]
    pub(super) idtyp: Option<String>,
    #[serde(default, deserialize_with = "strict::optional")]
    pub(super) scp: Option<String>,
    #[serde(default)]
    pub(super) roles: Vec<String>,

    #[serde(default, deserialize_with = "strict::optional")]
    pub(super) preferred_username: Option<String>,
    #[serde(default, deserialize_with = "strict::optional")]
    pub(super) upn: Option<String>,
    #[serde(default, deserialize_with = "strict::optional")]
    pub(super) uti: Option<String>,
    #[serde(default, deserialize_with = "strict::optional")]
    xms_cc: Option<Capabilities>,

    /// Binds the token to a key of the client (RFC 7800).
    #[serde(default)]
    pub(super) cnf: Present,
    #[serde(default)]
    at_hash: Present,
    #[serde(default)]
    c_hash: Present,
    #[serde(default)]
    nonce: Present,
}

/// Entra writes a list. A lone string is read too, because it decides nothing about access.
#[derive(Deserialize)]
#[serde(untagged)]
enum Capabilities {
    One(String),
    Several(Vec<String>),
}

impl Claims {
    /// Reads them from a verified payload, the only place to read them from.
    pub(super) fn read(payload: &VerifiedPayload) -> Result<Self, TokenRefusal> {
        strict::object(payload.bytes()).ok_or(TokenRefusal::ClaimsMalformed)
    }

    /// Claims that only ID tokens have (OpenID Connect Core §2, §3.3.2.11).
    pub(super) fn is_id_token(&self) -> bool {
        self.at_hash.0 || self.c_hash.0 || self.nonce.0
    }

    /// The client declared that it understands claims challenges: `cp1`, in any case.
    pub(super) fn declares_cp1(&self) -> bool {
        let is_cp1 = |capability: &String| capability.eq_ignore_ascii_case("cp1");
        match &self.xms_cc {
            None => false,
            Some(Capabilities::One(capability)) => is_cp1(capability),
            Some(Capabilities::Several(capabilities)) => capabilities.iter().any(is_cp1),
        }
    }
}
