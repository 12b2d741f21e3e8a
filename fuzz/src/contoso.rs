//! A tenant at a standstill: its key, two tokens signed with it, and the second in which they are valid.
//!
//! The key pair was made for these files alone. Its private half was deleted when the two tokens had been signed, and
//! nothing but this directory has ever known the public half.

use std::sync::Arc;

use identity::{
    Authority, BearerToken, Caller, Clock, Random, TokenRefusal, UnixTime, Validator,
    caller::{SigningKeys, ValidatorSettings},
    fuzzing,
};

use super::ready::ready;

/// The tenant.
pub const TENANT: &str = "11111111-1111-4111-8111-111111111111";
/// This server's registration.
pub const AUDIENCE: &str = "33333333-3333-4333-8333-333333333333";
/// 2026-01-01T00:00:00Z.
pub const NOW: i64 = 1_767_225_600;
/// Alice's token.
pub const ALICE: &str = include_str!("../contoso/alice.jwt");
/// A service's token.
pub const MONITOR: &str = include_str!("../contoso/monitor.jwt");
/// What the tenant publishes: the key that signed both.
pub const KEYS: &str = include_str!("../contoso/keys.json");

/// It is always [`NOW`], and chance does nothing.
#[derive(Clone, Copy)]
pub struct Standstill;

impl Clock for Standstill {
    fn now(&self) -> UnixTime {
        UnixTime(NOW)
    }
}

impl Random for Standstill {
    fn uuid(&self) -> uuid::Uuid {
        uuid::Uuid::nil()
    }

    fn fraction(&self) -> f64 {
        0.5
    }
}

/// Contoso's tenant.
#[must_use]
pub fn authority() -> Authority {
    Authority::new("https://login.contoso.example/".parse().unwrap(), TENANT.parse().unwrap())
}

/// The judge of tokens of a tenant that publishes `document`; nothing if that is no key set.
#[must_use]
pub fn validator(http: reqwest::Client, document: &[u8]) -> Option<(Validator, Arc<SigningKeys>)> {
    let authority = authority();
    let keys = SigningKeys::new(&authority, http, Arc::new(Standstill), Arc::new(Standstill));
    let settings = ValidatorSettings { authority, audience: AUDIENCE.parse().unwrap(), allowed_clients: vec![] };
    let validator = Validator::new(settings, Arc::clone(&keys), Arc::new(Standstill));
    fuzzing::published(&keys, document).then_some((validator, keys))
}

/// Judges a token. No key is ever asked for again.
pub fn judged(validator: &Validator, token: &str) -> Result<Caller, TokenRefusal> {
    ready(validator.validate(BearerToken::new(token.to_owned())))
}
