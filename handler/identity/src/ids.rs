//! Identifiers of the directory, one type each, so that a tenant can't be passed for a client.

use std::{fmt, str::FromStr};

use url::Url;
use uuid::Uuid;

/// The text is not a GUID such as `0b1f6471-1bf0-4dda-aec3-cb9272f09590`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a GUID such as 0b1f6471-1bf0-4dda-aec3-cb9272f09590")]
pub struct NotAGuid;

macro_rules! guid {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl FromStr for $name {
            type Err = NotAGuid;

            /// Accepts the hyphenated form only, in either case.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                // of the forms that `Uuid` accepts, only the hyphenated one is this long
                let hyphenated = text.len() == uuid::fmt::Hyphenated::LENGTH;
                let guid = hyphenated.then(|| Uuid::try_parse(text).ok()).flatten();
                guid.map(Self).ok_or(NotAGuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(formatter)
            }
        }
    };
}

guid! {
    /// A Microsoft Entra tenant (`tid`).
    TenantId
}
guid! {
    /// The client id of an app registration or of a user-assigned identity (`azp`, `aud` of v2.0 tokens).
    ClientId
}
guid! {
    /// The object id of a user or a service principal in its tenant (`oid`).
    ObjectId
}

/// One tenant of one cloud's Microsoft Entra ID, and the addresses that follow from it.
///
/// They are built, never discovered: a discovery document could only repeat them or lead elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    host: Url,
    tenant: TenantId,
}

impl Authority {
    /// `host` is an origin such as `https://login.microsoftonline.com`; anything after the authority is dropped.
    #[must_use]
    pub fn new(mut host: Url, tenant: TenantId) -> Self {
        host.set_path("");
        host.set_query(None);
        host.set_fragment(None);
        Self { host, tenant }
    }

    /// The host's name.
    pub(crate) fn host(&self) -> Option<&str> {
        self.host.host_str()
    }

    /// The only tenant accepted.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// `iss` of this tenant's v2.0 tokens.
    #[must_use]
    pub fn issuer(&self) -> String {
        self.endpoint("v2.0")
    }

    /// Where the signing keys are published.
    #[must_use]
    pub fn keys(&self) -> String {
        self.endpoint("discovery/v2.0/keys")
    }

    /// Where tokens are exchanged; also the audience of a client assertion.
    #[must_use]
    pub fn token_endpoint(&self) -> String {
        self.endpoint("oauth2/v2.0/token")
    }

    /// Where people sign in and consent.
    #[must_use]
    pub fn authorization_endpoint(&self) -> String {
        self.endpoint("oauth2/v2.0/authorize")
    }

    /// Where an administrator consents for the whole tenant.
    #[must_use]
    pub fn admin_consent_endpoint(&self) -> String {
        self.endpoint("v2.0/adminconsent")
    }

    fn endpoint(&self, path: &str) -> String {
        // `Url` prints an origin with its slash
        format!("{}{}/{path}", self.host, self.tenant)
    }
}

/// Whether a URL's host is this very machine: `localhost` or a loopback address.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    //! Proves which texts are identifiers, which addresses follow from a tenant, and which hosts are this machine.

    use super::*;

    const TENANT: &str = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";

    #[test]
    fn only_the_hyphenated_form_is_a_guid_in_either_case() {
        for text in [TENANT, &TENANT.to_uppercase()] {
            assert_eq!(text.parse::<TenantId>().unwrap().to_string(), TENANT);
        }
        let simple = TENANT.replace('-', "");
        for text in [
            "",
            &simple,
            &format!("{simple}0000"),
            &format!("{{{TENANT}}}"),
            &format!("urn:uuid:{TENANT}"),
            &format!("{TENANT} "),
            &TENANT.replace('0', "g"),
        ] {
            assert_eq!(text.parse::<ObjectId>(), Err(NotAGuid), "{text}");
        }
    }

    #[test]
    fn addresses_are_built_from_host_and_tenant_alone() {
        let host = "https://login.example:8443/other/path?x=1#y".parse().unwrap();
        let authority = Authority::new(host, TENANT.parse().unwrap());
        assert_eq!(authority.host(), Some("login.example"));
        assert_eq!(authority.tenant().to_string(), TENANT);
        for (address, path) in [
            (authority.issuer(), "v2.0"),
            (authority.keys(), "discovery/v2.0/keys"),
            (authority.token_endpoint(), "oauth2/v2.0/token"),
            (authority.authorization_endpoint(), "oauth2/v2.0/authorize"),
            (authority.admin_consent_endpoint(), "v2.0/adminconsent"),
        ] {
            assert_eq!(address, format!("https://login.example:8443/{TENANT}/{path}"));
        }
    }

    #[test]
    fn this_machine_is_localhost_or_a_loopback_address() {
        for host in ["localhost", "LocalHost", "127.0.0.1", "127.255.0.9", "::1", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["", "localhost.evil.example", "10.0.0.1", "0.0.0.0", "[::]", "[2001:db8::1]", "127.0.0.1.nip.io"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
