//! What is changed on a request on its way to the handler and on the answer on its way back, and nothing else.
//!
//! The rules are those of YARP with the Functions host's transforms. The headers about where a request comes from are
//! set by the host: whatever a client wrote in them is lost, so a handler may believe them, but not `X-Forwarded-For`,
//! which in Azure is the front end's address.

use std::net::IpAddr;

use http::header::{CONTENT_LENGTH, HOST, HeaderName};
use http::uri::{Authority, InvalidUri};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, Version, request, response};

/// Never passed on, in either direction (YARP `RequestUtilities`).
const DROPPED: [&str; 17] = [
    "alpn",
    "alt-svc",
    "close",
    "connection",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "proxy-connection",
    "proxy-features",
    "proxy-instruction",
    "security-scheme",
    "te",
    "transfer-encoding",
    "upgrade",
    "upgrade-insecure-requests",
];

/// What this models, as the host says it of itself.
pub(super) const HOST_VERSION: HeaderValue = HeaderValue::from_static("4.1052.200");

/// Where a request comes from, as the host knows it.
pub(super) struct Origin {
    /// Who opened the connection: in Azure the front end.
    pub(super) peer: IpAddr,
    /// What the client used, as far as the host can tell.
    pub(super) scheme: HeaderValue,
}

/// The address of a request at the handler: the path encoded anew, the query byte for byte.
pub(super) fn destination(port: u16, decoded_path: &str, query: Option<&str>) -> Result<Uri, InvalidUri> {
    let path = super::path::encode(decoded_path);
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("http://127.0.0.1:{port}{path}{query}").parse()
}

/// Changes the head of a request. The `Host` header is left to the client, which takes it from the destination.
pub(super) fn transform_request(head: &mut request::Parts, destination: Uri, origin: &Origin, invocation: &str) {
    let authority = head.uri.authority().map(Authority::as_str).and_then(|name| HeaderValue::from_str(name).ok());
    let original_host = head.headers.remove(HOST).or(authority);
    head.uri = destination;
    head.version = Version::HTTP_11;
    let headers = &mut head.headers;
    drop_hop_by_hop(headers);
    headers.remove("forwarded");
    headers.remove("x-forwarded-prefix");
    set(headers, "x-forwarded-for", HeaderValue::from_str(&origin.peer.to_string()).ok());
    set(headers, "x-forwarded-host", original_host);
    set(headers, "x-forwarded-proto", Some(origin.scheme.clone()));
    let invocation = HeaderValue::from_str(invocation).ok();
    set(headers, "x-azure-functions-hostversion", Some(HOST_VERSION));
    set(headers, "x-azure-functions-invocationid", invocation.clone());
    set(headers, "x-ms-invocation-id", invocation);
}

/// Changes the head of an answer.
pub(super) fn transform_response(head: &mut response::Parts) {
    head.version = Version::HTTP_11;
    drop_hop_by_hop(&mut head.headers);
    let has_no_body =
        head.status.is_informational() || matches!(head.status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT);
    if has_no_body && head.headers.get(CONTENT_LENGTH).is_some_and(|length| length == "0") {
        head.headers.remove(CONTENT_LENGTH);
    }
}

#[expect(clippy::disallowed_methods, reason = "an id to tell invocations apart; the product never decides by it")]
pub(super) fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

fn drop_hop_by_hop(headers: &mut HeaderMap) {
    for name in DROPPED {
        headers.remove(name);
    }
}

/// Replaces what a client may have sent, with nothing if there is no value.
fn set(headers: &mut HeaderMap, name: &'static str, value: Option<HeaderValue>) {
    headers.remove(name);
    if let Some(value) = value {
        headers.insert(HeaderName::from_static(name), value);
    }
}

#[cfg(test)]
mod tests {
    //! Proves the header contract of the proxy in both directions. Only Azure's front end shows what it adds before.
    use super::*;

    fn sent_on(request: http::Request<()>) -> request::Parts {
        let (mut head, ()) = request.into_parts();
        let destination = destination(4711, "/mcp", None).unwrap();
        let origin = Origin { peer: IpAddr::from([192, 0, 2, 1]), scheme: HeaderValue::from_static("http") };
        transform_request(&mut head, destination, &origin, "the-invocation");
        head
    }

    fn listing(headers: &HeaderMap) -> Vec<String> {
        headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect()
    }

    #[test]
    fn hop_by_hop_headers_stay_behind_in_both_directions() {
        let mut request = http::Request::new(());
        let mut response = http::Response::new(());
        for name in DROPPED {
            request.headers_mut().insert(name, HeaderValue::from_static("x"));
            response.headers_mut().insert(name, HeaderValue::from_static("x"));
        }
        response.headers_mut().insert("www-authenticate", HeaderValue::from_static("Bearer"));
        let head = sent_on(request);
        assert!(DROPPED.iter().all(|name| !head.headers.contains_key(*name)));
        let (mut head, ()) = response.into_parts();
        transform_response(&mut head);
        assert_eq!(listing(&head.headers), ["www-authenticate: Bearer"]);
    }

    #[test]
    fn what_a_client_claims_about_its_origin_is_replaced() {
        let request = http::Request::builder()
            .header("host", "public.example")
            .header("forwarded", "for=198.51.100.7")
            .header("x-forwarded-for", "198.51.100.7")
            .header("x-forwarded-for", "198.51.100.8")
            .header("x-forwarded-host", "evil.example")
            .header("x-forwarded-proto", "https")
            .header("x-forwarded-prefix", "/evil")
            .header("x-azure-functions-hostversion", "0")
            .header("x-azure-functions-invocationid", "forged")
            .header("x-ms-invocation-id", "forged");
        let expected = [
            "x-forwarded-for: 192.0.2.1",
            "x-forwarded-host: public.example",
            "x-forwarded-proto: http",
            "x-azure-functions-hostversion: 4.1052.200",
            "x-azure-functions-invocationid: the-invocation",
            "x-ms-invocation-id: the-invocation",
        ];
        let mut expected = expected.map(str::to_owned).to_vec();
        let mut actual = listing(&sent_on(request.body(()).unwrap()).headers);
        expected.sort();
        actual.sort();
        assert_eq!(actual, expected);
    }

    #[test]
    fn the_query_is_sent_on_byte_for_byte() {
        let query = "a=1&a=2&b=%2F+%20&c&=&%zz?";
        let uri = destination(4711, "/a b", Some(query)).unwrap();
        assert_eq!(uri.to_string(), format!("http://127.0.0.1:4711/a%20b?{query}"));
    }

    #[test]
    fn an_answer_without_a_body_says_nothing_about_its_length() {
        let cases = [(204, "0", false), (205, "0", false), (200, "0", true), (304, "0", true), (200, "5", true)];
        for (status, length, is_kept) in cases {
            let response = http::Response::builder().status(status).header(CONTENT_LENGTH, length).body(());
            let (mut head, ()) = response.unwrap().into_parts();
            transform_response(&mut head);
            assert_eq!(head.headers.contains_key(CONTENT_LENGTH), is_kept, "{status} {length}");
        }
    }
}
