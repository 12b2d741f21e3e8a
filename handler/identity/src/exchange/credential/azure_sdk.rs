//! What the clients of the Azure SDK share: one transport, few retries, and tokens of identities that come in time or fail.

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    error::ErrorKind,
    http::{ClientOptions, ExponentialRetryOptions, RetryOptions, Transport},
};
use azure_identity::{
    DeveloperToolsCredential, ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId,
};

use crate::ClientId;

/// A token of the identity: its endpoint is on the same machine.
const IDENTITY_DEADLINE: Duration = Duration::from_secs(6);

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
    //! Proves how long the SDK tries. How often, and what it says at the end, is proven with the vault's clients.

    use super::*;

    /// Else the operator would read that nothing answered, and not what did.
    #[test]
    fn the_last_retry_begins_before_anybody_stops_waiting() {
        assert!(few_retries().max_total_elapsed < IDENTITY_DEADLINE);
    }
}
