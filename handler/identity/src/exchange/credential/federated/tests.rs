//! Proves for whom the identity's token is asked, how long it is used, and what the operator is told without one. That a
//! registration trusts the identity, only a live tenant can show.

use std::sync::atomic::{AtomicU64, Ordering};

use azure_core::{credentials::AccessToken, error::ErrorKind, time::OffsetDateTime};

use super::*;
use crate::exchange::testing::{NOW, TENANT, TestClock};

/// An identity whose n-th token is `token-<n>` and lives a day, or that has none.
#[derive(Debug, Default)]
struct FakeIdentity {
    asked: AtomicU64,
    refusing: bool,
}

#[async_trait::async_trait]
impl TokenCredential for FakeIdentity {
    async fn get_token(&self, scopes: &[&str], _: Option<TokenRequestOptions<'_>>) -> azure_core::Result<AccessToken> {
        assert_eq!(scopes, ["api://AzureADTokenExchange/.default"]);
        // long enough for others to come
        tokio::time::sleep(Duration::from_secs(1)).await;
        let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        if self.refusing {
            return Err(azure_core::Error::with_message(ErrorKind::Credential, "No User Assigned Identity found"));
        }
        let expires_on = OffsetDateTime::from_unix_timestamp(NOW.0 + 86_400).unwrap();
        Ok(AccessToken::new(format!("token-{number}"), expires_on))
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_serves_all_callers_until_its_last_five_minutes() {
    let (clock, identity) = (TestClock::new(), Arc::new(FakeIdentity::default()));
    let credential = credential(identity.clone(), PUBLIC_CLOUD_AUDIENCE, clock.clone());
    let token = async || credential.assertion().await.unwrap_or_else(|error| panic!("{error}")).secret().to_owned();
    let (one, two) = tokio::join!(token(), token());
    assert_eq!((one.as_str(), two.as_str()), ("token-1", "token-1"));
    clock.advance(86_400 - 301);
    assert_eq!(token().await, "token-1");
    clock.advance(1);
    assert_eq!(token().await, "token-2");
    assert_eq!(identity.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn an_identity_without_a_token_is_the_operators_to_assign() {
    let identity = Arc::new(FakeIdentity { refusing: true, ..FakeIdentity::default() });
    let identity = Arc::new(azure_sdk::BoundedIdentity(identity));
    let credential = credential(identity, PUBLIC_CLOUD_AUDIENCE, TestClock::new());
    let Err(error) = credential.assertion().await else { panic!("it has a token") };
    insta::assert_snapshot!(error, @"OBO_FEDERATED_IDENTITY_CLIENT_ID: no token of the identity for api://AzureADTokenExchange (No User Assigned Identity found); assign the user-assigned identity to this app (az functionapp identity assign --identities <its resource id>) and set its client id, not its principal id");
}

#[test]
fn the_audience_is_the_clouds() {
    for (host, expected) in [
        ("https://login.microsoftonline.com", "api://AzureADTokenExchange"),
        ("https://login.microsoftonline.us", "api://AzureADTokenExchangeUSGov"),
        ("https://login.partner.microsoftonline.cn", "api://AzureADTokenExchangeChina"),
        ("http://127.0.0.1:7070", "api://AzureADTokenExchange"),
    ] {
        let authority = Authority::new(host.parse().unwrap(), TENANT.parse().unwrap());
        assert_eq!(audience(&authority), expected, "{host}");
    }
}
