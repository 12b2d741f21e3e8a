//! What the clients of the Azure SDK share: one transport, few retries, and tokens of identities that come in time or fail.

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    error::ErrorKind,
    http::{AsyncRawResponse, ClientOptions, ExponentialRetryOptions, HttpClient, Request, RetryOptions, Transport},
};
use azure_identity::{
    DeveloperToolsCredential, ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId,
};
use futures_util::StreamExt as _;

use crate::ClientId;

/// A token of the identity: its endpoint is on the same machine.
const IDENTITY_DEADLINE: Duration = Duration::from_secs(6);

/// A certificate with its key and its chain has a few kilobytes.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// Requests of the SDK leave through `http`, which must not follow redirects. No answer is read further than
/// [`LARGEST_ANSWER`], and a redirect is none.
pub(super) fn transport(http: reqwest::Client) -> Transport {
    Transport::new(Arc::new(Guarded(http)))
}

/// The SDK reads an answer whole, however long it is, and says of a redirect no more than that the request failed.
#[derive(Debug)]
struct Guarded<C>(C);

#[async_trait::async_trait]
impl<C: HttpClient> HttpClient for Guarded<C> {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let (status, headers, body) = self.0.execute_request(request).await?.deconstruct();
        if (300..400).contains(&u16::from(status)) {
            return Err(unacceptable("a redirect, which is not followed".to_owned()));
        }
        let mut left = LARGEST_ANSWER;
        let body = body.map(move |piece| {
            let piece = piece?;
            left = left.checked_sub(piece.len()).ok_or_else(too_large)?;
            Ok(piece)
        });
        Ok(AsyncRawResponse::new(status, headers, Box::pin(body)))
    }
}

fn too_large() -> azure_core::Error {
    unacceptable(format!("an answer of more than {LARGEST_ANSWER} bytes"))
}

/// Of a kind that is not retried: whoever answers so would do it again.
fn unacceptable(what: String) -> azure_core::Error {
    azure_core::Error::with_message(ErrorKind::Other, what)
}

/// One transport for everything, and few retries: a start that waits for minutes says nothing.
pub(super) fn client_options(transport: Transport) -> ClientOptions {
    ClientOptions {
        transport: Some(transport),
        retry: RetryOptions::exponential(few_retries()),
        ..ClientOptions::default()
    }
}

fn few_retries() -> ExponentialRetryOptions {
    ExponentialRetryOptions {
        max_retries: 2,
        max_total_elapsed: azure_core::time::Duration::seconds(5),
        ..ExponentialRetryOptions::default()
    }
}

/// The identity of the app itself, or a user-assigned one by its client id.
pub(super) fn managed_identity(
    user_assigned: Option<ClientId>,
    options: &ClientOptions,
) -> Result<Arc<dyn TokenCredential>, IdentityFailure> {
    let options = ManagedIdentityCredentialOptions {
        user_assigned_id: user_assigned.map(|client| UserAssignedId::ClientId(client.to_string())),
        client_options: options.clone(),
    };
    let managed = ManagedIdentityCredential::new(Some(options)).map_err(|error| IdentityFailure(describe(&error)))?;
    Ok(Arc::new(BoundedIdentity(managed)))
}

/// The sign-in of `az` or `azd` on this machine.
pub(super) fn developer() -> Result<Arc<dyn TokenCredential>, IdentityFailure> {
    let tools = DeveloperToolsCredential::new(None).map_err(|error| IdentityFailure(describe(&error)))?;
    Ok(Arc::new(BoundedIdentity(tools)))
}

/// An identity that answers in time or fails, and whose failures are told from the vault's.
#[derive(Debug)]
pub(super) struct BoundedIdentity<C: ?Sized>(pub(super) Arc<C>);

#[derive(Debug)]
pub(super) struct IdentityFailure(pub(super) String);

impl fmt::Display for IdentityFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl StdError for IdentityFailure {}

#[async_trait::async_trait]
impl<C: TokenCredential + ?Sized> TokenCredential for BoundedIdentity<C> {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let failure = match tokio::time::timeout(IDENTITY_DEADLINE, self.0.get_token(scopes, options)).await {
            Ok(Ok(token)) => return Ok(token),
            Ok(Err(error)) => describe(&error),
            Err(_) => format!("no answer within {} seconds", IDENTITY_DEADLINE.as_secs()),
        };
        // of a kind that is not retried again on top of the identity's own retries
        Err(azure_core::Error::new(ErrorKind::Credential, IdentityFailure(failure)))
    }
}

pub(super) fn identity_failure(error: &azure_core::Error) -> Option<&IdentityFailure> {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(failure) = error.downcast_ref() {
            return Some(failure);
        }
        cause = error.source();
    }
    None
}

/// The root of a failure in the SDK's words, where they can't hold anything of an answer's content; a parser's may.
pub(super) fn describe(error: &azure_core::Error) -> String {
    if matches!(error.kind(), ErrorKind::DataConversion) {
        return "an answer that can't be read".to_owned();
    }
    let mut root: &dyn StdError = error;
    while let Some(cause) = root.source() {
        root = cause;
    }
    match error.http_status() {
        Some(status) => printable(&format!("status {}: {root}", u16::from(status))),
        None => printable(&root.to_string()),
    }
}

/// The words of others in one short line.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(300).collect()
}

#[cfg(test)]
mod tests {
    //! Proves that an answer without an end is not read to its end, and that a redirect is no answer. How much memory that
    //! saves is measured on the real binary (`tests/end_to_end/chaos`).

    use std::sync::atomic::{AtomicUsize, Ordering};

    use azure_core::{
        Bytes,
        http::{Context, Method, StatusCode, headers::Headers},
    };
    use futures_util::stream;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    const PIECE: usize = 16 * 1024;

    /// Answers with so many pieces, and counts those that were taken.
    #[derive(Debug)]
    struct Generous {
        status: StatusCode,
        pieces: usize,
        taken: Arc<AtomicUsize>,
    }

    #[async_trait::async_trait]
    impl HttpClient for Generous {
        async fn execute_request(&self, _: &Request) -> azure_core::Result<AsyncRawResponse> {
            let taken = self.taken.clone();
            let pieces = stream::iter(0..self.pieces).map(move |_| {
                taken.fetch_add(1, Ordering::Relaxed);
                Ok(Bytes::from_static(&[b' '; PIECE]))
            });
            Ok(AsyncRawResponse::new(self.status, Headers::new(), Box::pin(pieces)))
        }
    }

    /// How much of such an answer was read, or what ended it; and how many pieces were taken.
    async fn read(status: StatusCode, pieces: usize) -> (Result<usize, String>, usize) {
        let taken = Arc::new(AtomicUsize::new(0));
        let transport = Guarded(Generous { status, pieces, taken: taken.clone() });
        let request = Request::new("https://vault.example/".parse().unwrap(), Method::Get);
        let read = match transport.execute_request(&request).await {
            Ok(answer) => answer.try_into_raw_response().await,
            Err(error) => Err(error),
        };
        let length = read.map(|answer| answer.body().len()).map_err(|error| describe(&error));
        (length, taken.load(Ordering::Relaxed))
    }

    #[tokio::test]
    async fn the_largest_answer_is_read_and_no_larger_one() {
        let most = LARGEST_ANSWER / PIECE;
        assert_eq!(read(StatusCode::Ok, most).await, (Ok(LARGEST_ANSWER), most));
        let refused = Err("an answer of more than 1048576 bytes".to_owned());
        assert_eq!(read(StatusCode::Ok, usize::MAX).await, (refused, most + 1));
    }

    #[tokio::test]
    async fn a_redirect_is_refused_unread() {
        let refused = Err("a redirect, which is not followed".to_owned());
        assert_eq!(read(StatusCode::TemporaryRedirect, 1).await, (refused, 0));
    }

    #[tokio::test]
    async fn what_the_sdk_is_given_is_guarded() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut request =
            Request::new(format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap(), Method::Get);
        let server = async {
            let (mut client, _) = listener.accept().await.unwrap();
            client.read_u8().await.unwrap();
            client.write_all(b"HTTP/1.1 307 \r\nlocation: /\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            std::future::pending::<()>().await;
        };
        let (transport, context) = (transport(crate::caller::testing::http()), Context::new());
        let error = tokio::select! {
            answer = transport.send(&context, &mut request) => answer.map(|answer| answer.status()).unwrap_err(),
            () = server => unreachable!("it waits for ever"),
        };
        assert_eq!(describe(&error), "a redirect, which is not followed");
    }

    /// Else the operator would read that nothing answered, and not what did.
    #[test]
    fn the_last_retry_begins_before_anybody_stops_waiting() {
        assert!(few_retries().max_total_elapsed < IDENTITY_DEADLINE);
    }
}
