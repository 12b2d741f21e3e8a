//! The `Authorization` header (RFC 6750 section 2.1). A token in a query or a body is never looked for.

use http::{HeaderMap, header::AUTHORIZATION};
use identity::BearerToken;

/// Why there is no bearer token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoBearer {
    /// No `Authorization`, or one of another scheme: the client has not signed in yet.
    Missing,
    /// Two `Authorization` headers, also joined into one on the way (RFC 9110 section 5.3), or one that is not text:
    /// nobody can say which is meant.
    Malformed,
}

/// Takes the token out of the headers; it is not judged here.
pub(super) fn bearer(headers: &HeaderMap) -> Result<BearerToken, NoBearer> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(NoBearer::Missing)?;
    if values.next().is_some() {
        return Err(NoBearer::Malformed);
    }
    let text = value.to_str().map_err(|_| NoBearer::Malformed)?;
    let (scheme, token) = text.split_once(' ').ok_or(NoBearer::Missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(NoBearer::Missing);
    }
    // no token has a comma (RFC 6750 section 2.1)
    if token.contains(',') {
        return Err(NoBearer::Malformed);
    }
    Ok(BearerToken::new(token.trim_matches(' ').to_owned()))
}
