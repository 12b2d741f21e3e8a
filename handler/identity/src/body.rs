//! Reading an answer without trusting its length.

use bytes::{Bytes, BytesMut};

/// Why an answer could not be read whole.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// More than the limit arrived; the rest was not read.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// In bytes.
        limit: usize,
    },
    /// The connection ended early or stalled past its deadline.
    #[error("the answer broke off: {0}")]
    Broken(#[source] reqwest::Error),
}

/// Reads the body up to `limit` bytes; a larger one is an error, not a truncated success.
pub(crate) async fn read_limited(mut response: reqwest::Response, limit: usize) -> Result<Bytes, BodyError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(BodyError::Broken)? {
        if body.len() + chunk.len() > limit {
            return Err(BodyError::TooLarge { limit });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}
