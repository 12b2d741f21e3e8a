//! `WWW-Authenticate`: what a server that refuses wants to see (RFC 9110 section 11.6.1, RFC 6750, RFC 9728).

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, header};

/// What API Gateway calls the header.
const REMAPPED: &str = "x-amzn-remapped-www-authenticate";

/// The parameters of a `Bearer` challenge.
#[derive(Debug, Default)]
pub(super) struct Challenge {
    parameters: BTreeMap<String, String>,
    /// The header came under a name that no other client reads.
    pub(super) renamed: bool,
}

impl Challenge {
    /// Nothing, if there is none that can be read.
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        let (renamed, values) = match headers.get_all(header::WWW_AUTHENTICATE) {
            none if none.iter().next().is_none() => (true, headers.get_all(REMAPPED)),
            values => (false, values),
        };
        let texts: Vec<&str> = values.iter().filter_map(|value| value.to_str().ok()).collect();
        let challenges = texts.iter().filter_map(|text| http_auth::parse_challenges(text).ok()).flatten();
        let bearer = challenges.into_iter().find(|challenge| challenge.scheme.eq_ignore_ascii_case("bearer"))?;
        let parameters =
            bearer.params.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.to_unescaped())).collect();
        Some(Self { parameters, renamed })
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// The claims that the next token must satisfy, as JSON.
    pub(super) fn claims(&self) -> Option<String> {
        String::from_utf8(STANDARD.decode(self.get("claims")?).ok()?).ok()
    }
}
