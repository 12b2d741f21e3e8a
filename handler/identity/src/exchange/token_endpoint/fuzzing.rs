//! A token endpoint that answers what the fuzzer says, without a network.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::{Answer, ExchangeFailure, Issued, retry_after};
use crate::{
    UnixTime,
    exchange::{ClaimsChallenge, claims},
};

/// The token and its life, or why there is none.
pub(crate) fn token_answer(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: UnixTime,
) -> Result<(String, Duration), ExchangeFailure> {
    let retry_after = retry_after::read(headers, now);
    let Issued { token, expires_in } =
        Answer { status, retry_after, body: Bytes::copy_from_slice(body) }.read().result?;
    Ok((token.secret().to_owned(), expires_in))
}

/// The `claims` of the next exchange after a demand.
pub(crate) fn requested_claims(demand: Option<&ClaimsChallenge>) -> String {
    claims::requested(demand)
}
