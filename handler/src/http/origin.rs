//! Browsers: which web origins may call, and what they may read of an answer (the Fetch standard's CORS protocol).

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

/// What `Origin` says about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// No browser, or a same-origin request of an old one.
    None,
    /// A listed origin, as it is to be echoed.
    Listed(HeaderValue),
    /// Any other, `null` included: refused, so that no web page can use a person's browser to reach this server.
    Foreign,
}

impl Origin {
    /// Judges the header `Origin` against the exact list of the settings.
    #[must_use]
    pub fn judge(headers: &HeaderMap, allowed: &[String]) -> Self {
        let mut values = headers.get_all(header::ORIGIN).iter();
        match (values.next(), values.next()) {
            (None, _) => Self::None,
            (Some(value), None) if allowed.iter().any(|origin| origin.as_bytes() == value.as_bytes()) => {
                Self::Listed(value.clone())
            }
            _ => Self::Foreign,
        }
    }
}

/// The headers of the 204 to a preflight, if this is one.
pub(super) fn preflight(method: &Method, headers: &HeaderMap) -> Option<(StatusCode, HeaderMap)> {
    if *method != Method::OPTIONS || !headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        return None;
    }
    let mut answer = HeaderMap::new();
    answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
    answer.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("Authorization, Content-Type, MCP-Protocol-Version, Mcp-Method, Mcp-Name"),
    );
    answer.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
    Some((StatusCode::NO_CONTENT, answer))
}

/// Lets a listed origin read the answer and the headers it needs to act on a refusal.
pub(super) fn expose(headers: &mut HeaderMap, origin: &Origin) {
    if let Origin::Listed(value) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value.clone());
        headers
            .insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("WWW-Authenticate, Retry-After"));
    }
    // a cache must not hand one origin's answer to another
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
}
