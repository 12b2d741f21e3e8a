//! How much of an unknown peer's request is read.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body_util::BodyExt;

/// All header names and values together.
pub(super) const HEADERS: usize = 64 * 1024;
/// `Authorization` alone. Entra's tokens stay below 8 KiB in practice.
pub(super) const AUTHORIZATION: usize = 16 * 1024;
/// A request's body.
pub(super) const BODY: usize = 1024 * 1024;

/// How much of a body that is refused is still taken in. A peer that is still sending would not read the refusal, and
/// an end of the connection before it is through would throw the refusal away.
const DRAIN: usize = 16 * 1024 * 1024;
/// How long a refused body may still take.
const DRAIN_DEADLINE: Duration = Duration::from_secs(2);

/// Which limit was passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TooLarge {
    /// 431.
    Headers,
    /// 413.
    Body,
}

/// Why there is no body.
#[derive(Debug)]
pub(super) enum NoBody {
    /// 413.
    TooLarge,
    /// The connection broke; nobody will read the answer.
    Broken,
}

/// Judges the headers' size.
pub(super) fn headers(headers: &HeaderMap) -> Result<(), TooLarge> {
    let total: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let authorization = headers.get_all(header::AUTHORIZATION).iter().map(http::HeaderValue::len).max();
    if total > HEADERS || authorization.is_some_and(|length| length > AUTHORIZATION) {
        return Err(TooLarge::Headers);
    }
    Ok(())
}

/// Judges the body's size as announced, before anybody's token is looked at.
pub(super) async fn announced(headers: &HeaderMap, body: Body) -> Result<Body, TooLarge> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > BODY as u64) {
        drain(body).await;
        return Err(TooLarge::Body);
    }
    Ok(body)
}

/// Reads a body whose length nobody announced truthfully.
pub(super) async fn read(mut body: Body) -> Result<Bytes, NoBody> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| NoBody::Broken)?.into_data() else { continue };
        if bytes.len() + data.len() > BODY {
            drain(body).await;
            return Err(NoBody::TooLarge);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.freeze())
}

/// Takes in what still comes, within bounds, and forgets it.
async fn drain(mut body: Body) {
    let forget = async {
        let mut taken = 0;
        while let Some(Ok(frame)) = body.frame().await {
            taken += frame.data_ref().map_or(0, Bytes::len);
            if taken > DRAIN {
                break;
            }
        }
    };
    // whoever sends more or slower loses the refusal, not the server
    let _ = tokio::time::timeout(DRAIN_DEADLINE, forget).await;
}
