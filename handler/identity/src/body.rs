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

/// Reads the body up to `limit` bytes; a larger one is an error, not a truncated success. One that announces more is not
/// read at all.
pub(crate) async fn read_limited(mut response: reqwest::Response, limit: usize) -> Result<Bytes, BodyError> {
    if response.content_length().is_some_and(|announced| announced > limit as u64) {
        return Err(BodyError::TooLarge { limit });
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(BodyError::Broken)? {
        if body.len() + chunk.len() > limit {
            return Err(BodyError::TooLarge { limit });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

#[cfg(test)]
mod tests {
    //! Proves where reading ends, whatever an answer says of its length. How much memory that takes is measured on the real
    //! binary (`tests/end_to_end/chaos`).

    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;
    use crate::caller::testing::http;

    /// Reads at most eight bytes of an answer that begins so and does not end.
    async fn read(answer: &'static str) -> Result<Bytes, BodyError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let server = async {
            let (mut client, _) = listener.accept().await.unwrap();
            client.read_u8().await.unwrap();
            client.write_all(answer.as_bytes()).await.unwrap();
            std::future::pending::<()>().await;
        };
        let reader = async { read_limited(http().get(address).send().await.unwrap(), 8).await };
        tokio::select! {
            read = reader => read,
            () = server => unreachable!("it waits for ever"),
        }
    }

    #[tokio::test]
    async fn an_answer_is_read_up_to_the_limit() {
        let body = read("HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n12345678").await.unwrap();
        assert_eq!(body.as_ref(), b"12345678");
    }

    #[tokio::test]
    async fn an_answer_that_announces_more_than_the_limit_is_not_waited_for() {
        let error = read("HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n").await.unwrap_err();
        assert!(matches!(error, BodyError::TooLarge { limit: 8 }), "{error}");
    }

    #[tokio::test]
    async fn an_answer_that_does_not_say_its_length_ends_at_the_limit() {
        let answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n1234\r\n5\r\n56789\r\n";
        let error = read(answer).await.unwrap_err();
        assert!(matches!(error, BodyError::TooLarge { limit: 8 }), "{error}");
    }
}
