//! What this server is called from outside: its addresses, its scopes, and where people consent.

use identity::{Authority, ClientId, Scope};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::settings::Settings;

/// Everything but the unreserved characters of RFC 3986 section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Names that go into metadata, challenges and links. All come from settings, never from a request.
#[derive(Clone, Debug)]
pub struct Face {
    /// Public origin, without a trailing slash.
    pub(crate) public_url: String,
    /// Application ID URI, without a trailing slash.
    pub(crate) application: String,
    /// The tenant.
    pub(crate) authority: Authority,
    /// This server's registration.
    pub(crate) client: ClientId,
    /// Scope of Azure Resource Manager, `<address>/.default`.
    pub(crate) azure_scope: String,
}

impl Face {
    /// As the operator decided.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        Self {
            public_url: settings.public_url.clone(),
            application: settings.application.clone(),
            authority: settings.authority.clone(),
            client: settings.client,
            azure_scope: settings.azure_scope(),
        }
    }

    /// The protected resource (RFC 9728 `resource`): the MCP endpoint.
    #[must_use]
    pub fn resource(&self) -> String {
        format!("{}/mcp", self.public_url)
    }

    /// Where the protected resource metadata is (RFC 9728 section 3.1, path inserted).
    #[must_use]
    pub fn metadata_url(&self) -> String {
        format!("{}/.well-known/oauth-protected-resource/mcp", self.public_url)
    }

    /// The name a client asks Entra for. A bare name would be resolved against Microsoft Graph (AADSTS650053).
    #[must_use]
    pub fn full_scope(&self, scope: Scope) -> String {
        format!("{}/{}", self.application, scope.name())
    }

    /// Where a user consents to this server reading Azure for them.
    #[must_use]
    pub fn consent_url(&self) -> String {
        format!(
            "{}?client_id={}&response_type=code&redirect_uri={}&scope={}&prompt=consent",
            self.authority.authorization_endpoint(),
            self.client,
            encoded(&self.redirect()),
            encoded(&self.azure_scope),
        )
    }

    /// Where an administrator consents for everybody in the tenant.
    #[must_use]
    pub fn admin_consent_url(&self) -> String {
        format!(
            "{}?client_id={}&redirect_uri={}&scope={}",
            self.authority.admin_consent_endpoint(),
            self.client,
            encoded(&self.redirect()),
            encoded(&self.azure_scope),
        )
    }

    fn redirect(&self) -> String {
        format!("{}/consented", self.public_url)
    }
}

fn encoded(text: &str) -> impl std::fmt::Display {
    utf8_percent_encode(text, RESERVED)
}
