//! A managed identity that the registration trusts: its token is the assertion. No certificate, no key, no vault.
//!
//! Source: "Configure an application to trust a managed identity", Microsoft Entra Workload ID. Only a user-assigned
//! identity of the registration's own tenant can be trusted.

use std::{sync::Arc, time::Duration};

use azure_core::credentials::{TokenCredential, TokenRequestOptions};
use zeroize::Zeroizing;

use super::{
    ClientAssertion, Credential, CredentialDescription, CredentialError, Signatory,
    azure_sdk::{self, IdentityFailure},
    reuse::{Fresh, Issuer, Reusing},
};
use crate::{Authority, ClientId, Clock, UnixTime};

/// A token is not used in its last five minutes: the exchange that carries it must still accept it.
const LAST_MINUTES: Duration = Duration::from_mins(5);

const PUBLIC_CLOUD_AUDIENCE: &str = "api://AzureADTokenExchange";

/// By the authority's host; every other cloud, and a local one, has the public cloud's.
const AUDIENCES: [(&str, &str); 5] = [
    ("login.microsoftonline.us", "api://AzureADTokenExchangeUSGov"),
    ("login.partner.microsoftonline.cn", "api://AzureADTokenExchangeChina"),
    ("login.chinacloudapi.cn", "api://AzureADTokenExchangeChina"),
    ("login.sovcloud-identity.fr", "api://AzureADTokenExchangeFrance"),
    ("login.sovcloud-identity.de", "api://AzureADTokenExchangeGermany"),
];

/// The user-assigned `identity` (its client id) as this server's credential. Answers after its first token came: an
/// identity that this app does not have ends the start.
pub async fn from_federated_identity(
    identity: ClientId,
    http: reqwest::Client,
    signatory: Signatory,
) -> Result<Arc<dyn Credential>, CredentialError> {
    let audience = audience(&signatory.authority);
    let options = azure_sdk::client_options(azure_sdk::transport(http));
    let identity = azure_sdk::managed_identity(Some(identity), &options)
        .map_err(|IdentityFailure(cause)| CredentialError::FederatedIdentityFailed { audience, cause })?;
    let credential = credential(identity, audience, signatory.clock);
    credential.assertion().await?;
    Ok(Arc::new(credential))
}

fn credential(
    identity: Arc<dyn TokenCredential>,
    audience: &'static str,
    clock: Arc<dyn Clock>,
) -> Reusing<FederatedIdentity> {
    Reusing::new(FederatedIdentity { identity, audience, clock: clock.clone() }, clock)
}

fn audience(authority: &Authority) -> &'static str {
    let host = authority.host().unwrap_or_default();
    AUDIENCES.iter().find(|(known, _)| *known == host).map_or(PUBLIC_CLOUD_AUDIENCE, |(_, audience)| audience)
}

struct FederatedIdentity {
    identity: Arc<dyn TokenCredential>,
    audience: &'static str,
    clock: Arc<dyn Clock>,
}

#[async_trait::async_trait]
impl Issuer for FederatedIdentity {
    async fn issue(&self) -> Result<Fresh, CredentialError> {
        let failed = |cause: String| CredentialError::FederatedIdentityFailed { audience: self.audience, cause };
        let from = self.clock.now();
        let scope = format!("{}/.default", self.audience);
        let token = self.identity.get_token(&[&scope], None::<TokenRequestOptions<'_>>).await;
        let token = token.map_err(|error| failed(azure_sdk::describe(&error)))?;
        if token.token.secret().is_empty() {
            return Err(failed("an empty token".to_owned()));
        }
        let until = UnixTime(token.expires_on.unix_timestamp().saturating_sub_unsigned(LAST_MINUTES.as_secs()));
        let assertion = ClientAssertion::foreign(Zeroizing::new(token.token.secret().to_owned()));
        Ok(Fresh { assertion, from, until })
    }

    fn description(&self) -> CredentialDescription {
        CredentialDescription {
            kind: "OBO_FEDERATED_IDENTITY_CLIENT_ID".to_owned(),
            thumbprint: None,
            expires_at: None,
        }
    }
}

#[cfg(test)]
mod tests;
