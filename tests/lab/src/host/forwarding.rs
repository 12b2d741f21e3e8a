//! What becomes of a request that is forwarded and not proxied: the host builds another one, and not everything is in it.
//!
//! The rules are those of the host's `ToHttpRequestMessage` and of .NET's `HttpRequestMessage`. Beside proxying they show
//! why host.json asks for the other: no stream, no chunks, no repeated key in the query.

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, TRANSFER_ENCODING, USER_AGENT};
use http::uri::InvalidUri;
use http::{HeaderValue, Uri, Version, request};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{path, proxy};

/// Headers of a body in .NET, but for the two that are set with it: they are not copied.
const DROPPED: [&str; 9] = [
    "allow",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-location",
    "content-md5",
    "content-range",
    "expires",
    "last-modified",
];

/// What .NET's `UrlEncoder` leaves in a query.
const ESCAPED_IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b',')
    .remove(b';')
    .remove(b'@');

/// The address of a request at the handler.
pub(super) fn destination(port: u16, decoded_path: &str, query: Option<&str>) -> Result<Uri, InvalidUri> {
    let path = path::encode_display(decoded_path);
    let query = query.map(join_repeated_keys).filter(|query| !query.is_empty());
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("http://127.0.0.1:{port}{path}{query}").parse()
}

/// Whether it has a body that is not announced by its length: .NET refuses to send that header without the body.
pub(super) fn is_chunked(head: &request::Parts) -> bool {
    head.headers.contains_key(TRANSFER_ENCODING)
}

/// Changes the head of a request. `Host`, and what a client claims about its origin, stay as they came.
pub(super) fn transform_request(head: &mut request::Parts, destination: Uri, has_body: bool, invocation: &str) {
    head.uri = destination;
    head.version = Version::HTTP_11;
    let headers = &mut head.headers;
    for name in DROPPED {
        headers.remove(name);
    }
    headers.remove(CONTENT_LENGTH);
    if !has_body {
        headers.remove(CONTENT_TYPE);
    }
    append(headers, "x-azure-functions-hostversion", Some(proxy::HOST_VERSION));
    append(headers, "x-azure-functions-invocationid", HeaderValue::from_str(invocation).ok());
    let product = format!("Azure-Functions-Host/{}", proxy::HOST_VERSION.to_str().unwrap_or_default());
    let agent = match headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()) {
        Some(agent) => format!("{agent} {product}"),
        None => product,
    };
    if let Ok(agent) = HeaderValue::from_str(&agent) {
        headers.insert(USER_AGENT, agent);
    }
}

/// A client's own value stays, and comes first.
fn append(headers: &mut HeaderMap, name: &'static str, value: Option<HeaderValue>) {
    if let Some(value) = value {
        headers.append(HeaderName::from_static(name), value);
    }
}

/// A dictionary has each key once, so the host writes `a=1&a=2` as `a=1,2`.
fn join_repeated_keys(query: &str) -> String {
    let mut joined: Vec<(String, String)> = Vec::new();
    for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match joined.iter_mut().find(|(other, _)| other.eq_ignore_ascii_case(&key)) {
            Some((_, values)) => {
                values.push(',');
                values.push_str(&value);
            }
            None => joined.push((key.into_owned(), value.into_owned())),
        }
    }
    let encode = |text: &str| utf8_percent_encode(text, ESCAPED_IN_QUERY).to_string();
    let pairs: Vec<_> = joined.iter().map(|(key, value)| format!("{}={}", encode(key), encode(value))).collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    //! Proves the address of a forwarded request. The rarer escapes only the real host would show.
    use super::*;

    #[test]
    fn a_repeated_key_is_joined_and_everything_encoded_anew() {
        for (written, seen) in [
            ("a=1&b=2", "?a=1&b=2"),
            ("a=1&b=2&a=3", "?a=1,3&b=2"),
            ("a=1&A=2", "?a=1,2"),
            ("a=x+y%20z&b=%2F%26", "?a=x%20y%20z&b=%2F%26"),
            ("a&b=", "?a=&b="),
            ("", ""),
        ] {
            let uri = destination(4711, "/x", Some(written)).unwrap();
            assert_eq!(uri.to_string(), format!("http://127.0.0.1:4711/x{seen}"), "{written}");
        }
    }

    #[test]
    fn an_escaped_slash_stays_as_it_is() {
        assert_eq!(destination(4711, "/a%2Fb c", None).unwrap().path(), "/a%2Fb%20c");
    }
}
