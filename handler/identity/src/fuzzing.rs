//! The fuzzer's door: readers of this crate that are private in every build that is shipped.
//!
//! It exists where `cargo fuzz` compiles, which sets `cfg(fuzzing)` for everything, and in this crate's own tests,
//! which replay what the fuzzer kept. No feature and no setting opens it. It leads past no check: nothing here makes a
//! [`Caller`](crate::Caller), a grant or a token for Azure.

use std::time::Duration;

use http::{HeaderMap, StatusCode};

use crate::{
    ArmResponse, ExchangeFailure, UnixTime, arm,
    caller::SigningKeys,
    exchange::{self, ClaimsChallenge},
};

/// Takes `document` for the answer of the tenant's key endpoint, and says whether it was a key set. After one that was,
/// the endpoint is not asked again.
#[must_use]
pub fn published(keys: &SigningKeys, document: &[u8]) -> bool {
    keys.published(document)
}

/// What an answer of the token endpoint means: the token with its life, or who must act. The token is the fuzzer's own.
pub fn token_answer(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: UnixTime,
) -> Result<(String, Duration), ExchangeFailure> {
    exchange::token_answer(status, headers, body, now)
}

/// The `claims` parameter of the exchange after a demand.
#[must_use]
pub fn requested_claims(demand: Option<&ClaimsChallenge>) -> String {
    exchange::requested_claims(demand)
}

/// The claims that an answer of Azure demands.
#[must_use]
pub fn demanded_claims(answer: &ArmResponse) -> Option<ClaimsChallenge> {
    arm::demanded_claims(answer)
}

#[cfg(test)]
mod tests;
