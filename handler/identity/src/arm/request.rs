//! A request below Resource Manager's address: what it may ask for, and what it can't.

use std::hash::{Hash, Hasher};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::{Url, form_urlencoded};

/// Everything but the unreserved characters (RFC 3986, section 2.3).
const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A request below Resource Manager's address. It holds no host, so no token can be sent elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArmRequest {
    method: Method,
    /// Percent-encoded, begins with a slash.
    path: String,
    /// Percent-encoded, without the question mark.
    query: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Hash for ArmRequest {
    /// The headers are compared, but say too little to be hashed.
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.method, &self.path, &self.query, &self.body).hash(state);
    }
}

impl ArmRequest {
    /// `GET` of a path made of `segments`, each percent-encoded here, with query `parameters`.
    ///
    /// No segment can change the path: a slash in it does not divide, and `..` does not climb.
    #[must_use]
    pub fn get(segments: &[&str], parameters: &[(&str, &str)]) -> Self {
        Self {
            method: Method::GET,
            path: segments.iter().flat_map(|segment| ["/".to_owned(), encode_segment(segment)]).collect(),
            query: query(parameters),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    /// `POST` of a JSON `body`.
    #[must_use]
    pub fn post(segments: &[&str], parameters: &[(&str, &str)], body: Bytes) -> Self {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        Self { method: Method::POST, headers, body, ..Self::get(segments, parameters) }
    }

    /// Adds a header. `Authorization`, `Host` and what frames the message are not the request's to set: they are left
    /// out.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        if ![AUTHORIZATION, HOST, CONTENT_LENGTH, TRANSFER_ENCODING].contains(&name) {
            self.headers.insert(name, value);
        }
        self
    }

    /// What the address says after its question mark: for another page, Azure's own words.
    #[must_use]
    pub fn query(&self) -> &str {
        &self.query
    }

    /// This request for the page that `query` tells of, which once came from [`Self::query`]. Only what pages are told
    /// by may be in it.
    #[must_use]
    pub fn page(&self, query: &str) -> Option<Self> {
        const TOLD_BY: [&str; 3] = ["api-version", "$skiptoken", "$top"];
        let is_plain = query.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
        let told = form_urlencoded::parse(query.as_bytes()).all(|(name, _)| TOLD_BY.contains(&name.as_ref()));
        (is_plain && told && !query.is_empty()).then(|| Self { query: query.to_owned(), ..self.clone() })
    }

    pub(super) fn method(&self) -> &Method {
        &self.method
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(super) fn body(&self) -> &Bytes {
        &self.body
    }

    /// At the origin of `base`, whatever else `base` holds.
    pub(super) fn url(&self, base: &Url) -> Url {
        let mut url = base.clone();
        url.set_path(&self.path);
        url.set_query((!self.query.is_empty()).then_some(&self.query));
        url.set_fragment(None);
        url
    }

    /// This request with the query of `link`, if `link` leads to the same origin and path.
    ///
    /// Azure writes paths in its own case and encoding, so they are compared decoded and without regard to case; the
    /// path that is sent stays this request's own.
    pub(super) fn next_page(&self, base: &Url, link: &str) -> Option<Self> {
        let link = Url::parse(link).ok()?;
        let here = self.url(base);
        let same_origin = link.scheme() == here.scheme()
            && link.host() == here.host()
            && link.port_or_known_default() == here.port_or_known_default()
            && link.username().is_empty()
            && link.password().is_none();
        if !same_origin || !same_path(link.path(), here.path()) {
            return None;
        }
        Some(Self { query: link.query()?.to_owned(), ..self.clone() })
    }
}

fn encode_segment(segment: &str) -> String {
    match segment {
        // URL parsers read `%2E` as a dot too, so a lone dot or two are encoded twice: Azure gets `%2E`, not a step up
        "." => "%252E".to_owned(),
        ".." => "%252E%252E".to_owned(),
        segment => utf8_percent_encode(segment, &RESERVED).to_string(),
    }
}

fn query(parameters: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = parameters
        .iter()
        .map(|(name, value)| {
            format!("{}={}", utf8_percent_encode(name, &RESERVED), utf8_percent_encode(value, &RESERVED))
        })
        .collect();
    pairs.join("&")
}

fn same_path(one: &str, other: &str) -> bool {
    let decode = |path| percent_decode_str(path).decode_utf8().map(|path| path.to_lowercase()).ok();
    decode(one).is_some_and(|one| Some(one) == decode(other))
}

#[cfg(test)]
mod tests {
    //! Proves that neither arguments nor Azure's links can lead a token elsewhere.

    use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

    use proptest::prelude::*;

    use super::*;

    const SUBSCRIPTION: &str = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";

    fn azure() -> Url {
        "https://management.azure.com".parse().unwrap()
    }

    fn cost_query() -> ArmRequest {
        ArmRequest::post(
            &[
                "subscriptions",
                SUBSCRIPTION,
                "resourceGroups",
                "rg shop",
                "providers",
                "Microsoft.CostManagement",
                "query",
            ],
            &[("api-version", "2025-03-01")],
            Bytes::from_static(b"{}"),
        )
    }

    #[test]
    fn segments_and_parameters_are_encoded() {
        let request =
            ArmRequest::get(&["subscriptions", "a/b?c#d%2e", "ä"], &[("$filter", "a eq 'b&c'"), ("x", "1+1")]);
        insta::assert_snapshot!(request.url(&azure()), @"https://management.azure.com/subscriptions/a%2Fb%3Fc%23d%252e/%C3%A4?%24filter=a%20eq%20%27b%26c%27&x=1%2B1");
        insta::assert_snapshot!(ArmRequest::get(&["a"], &[]).url(&azure()), @"https://management.azure.com/a");
    }

    #[test]
    fn the_address_is_the_bases_origin_whatever_it_holds() {
        let base = "https://management.azure.com/other/../path?x=1#y".parse().unwrap();
        insta::assert_snapshot!(ArmRequest::get(&["a", ".."], &[]).url(&base), @"https://management.azure.com/a/%252E%252E");
    }

    #[test]
    fn a_request_can_set_neither_authorization_nor_host() {
        let request = ArmRequest::get(&["a"], &[])
            .header(AUTHORIZATION, HeaderValue::from_static("Bearer other"))
            .header(HOST, HeaderValue::from_static("elsewhere.example"))
            .header(CONTENT_LENGTH, HeaderValue::from_static("1"))
            .header(HeaderName::from_static("clienttype"), HeaderValue::from_static("mcp-cost-server"));
        assert_eq!(request.headers().keys().collect::<Vec<_>>(), ["clienttype"]);
    }

    #[test]
    fn requests_are_told_apart_by_all_but_their_headers() {
        let hash = |request: &ArmRequest| BuildHasherDefault::<DefaultHasher>::default().hash_one(request);
        let post = |segment, value, body| ArmRequest::post(&[segment], &[("x", value)], Bytes::from_static(body));
        let request = post("a", "1", b"{}");
        for other in [
            post("b", "1", b"{}"),
            post("a", "2", b"{}"),
            post("a", "1", b"[]"),
            ArmRequest { method: Method::GET, ..request.clone() },
        ] {
            assert!(other != request && hash(&other) != hash(&request), "{other:?}");
        }
        let with_header = request.clone().header(HeaderName::from_static("x"), HeaderValue::from_static("y"));
        assert!(with_header != request && hash(&with_header) == hash(&request));
    }

    #[test]
    fn a_link_to_the_same_place_gives_its_query_and_nothing_else() {
        let place =
            format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/rg%20shop/providers/Microsoft.CostManagement/query");
        for link in [
            format!("https://management.azure.com{place}?api-version=2021-10-01&$skiptoken=a%2Fb"),
            format!("https://MANAGEMENT.azure.com:443{}?api-version=2021-10-01&$skiptoken=a%2Fb", place.to_lowercase()),
            format!(
                "https://management.azure.com{}?api-version=2021-10-01&$skiptoken=a%2Fb#f",
                place.replace('C', "%43")
            ),
        ] {
            let next = cost_query().next_page(&azure(), &link).unwrap();
            let expected = format!("https://management.azure.com{place}?api-version=2021-10-01&$skiptoken=a%2Fb");
            assert_eq!(next.url(&azure()).as_str(), expected, "{link}");
            assert_eq!((next.method(), next.body()), (&Method::POST, cost_query().body()));
        }
    }

    #[test]
    fn a_link_elsewhere_is_refused() {
        let place =
            format!("subscriptions/{SUBSCRIPTION}/resourceGroups/rg%20shop/providers/Microsoft.CostManagement/query");
        for link in [
            "",
            "?$skiptoken=x",
            &format!("/{place}?$skiptoken=x"),
            &format!("//management.azure.com/{place}?$skiptoken=x"),
            &format!("http://management.azure.com/{place}?$skiptoken=x"),
            &format!("https://management.azure.com:444/{place}?$skiptoken=x"),
            &format!("https://management.azure.com.evil.example/{place}?$skiptoken=x"),
            &format!("https://evil.example/{place}?$skiptoken=x"),
            &format!("https://management.azure.com@evil.example/{place}?$skiptoken=x"),
            &format!("https://evil.example\\@management.azure.com/{place}?$skiptoken=x"),
            &format!("https://user@management.azure.com/{place}?$skiptoken=x"),
            &format!("https://user:password@management.azure.com/{place}?$skiptoken=x"),
            &format!("https://:password@management.azure.com/{place}?$skiptoken=x"),
            &format!("https://management.azure.com/{place}/other?$skiptoken=x"),
            &format!("https://management.azure.com/{place}/../other?$skiptoken=x"),
            &format!("https://management.azure.com/{place}"),
            "https://management.azure.com/?$skiptoken=x",
            "file:///etc/passwd?x",
        ] {
            assert_eq!(cost_query().next_page(&azure(), link), None, "{link}");
        }
    }

    #[test]
    fn a_page_is_told_by_azures_words_alone() {
        let first = cost_query();
        let told = "api-version=2021-10-01&%24skiptoken=AQAAAA%3D%3D&$top=5000";
        assert_eq!(first.page(told).unwrap().query(), told);
        assert_eq!(first.page(told).unwrap().url(&azure()).path(), first.url(&azure()).path());
        for other in ["", "$filter=x", "api-version=1&x=y", "a b", "$skiptoken=x#y", "$skiptoken=\u{e9}"] {
            assert_eq!(first.page(other), None, "{other:?}");
        }
    }

    proptest! {
        #[test]
        fn no_segment_changes_the_path(segments in proptest::collection::vec("\\PC{0,8}|[./%\\\\?#:@]{0,4}|\\.\\.|%2e%2e", 1..6)) {
            let borrowed: Vec<&str> = segments.iter().map(String::as_str).collect();
            let url = ArmRequest::get(&borrowed, &[]).url(&azure());
            prop_assert_eq!(url.origin(), azure().origin());
            prop_assert_eq!(url.query(), None);
            let found: Vec<&str> = url.path_segments().unwrap().collect();
            prop_assert_eq!(found.len(), segments.len());
            for (found, given) in found.iter().zip(&segments) {
                let decoded = percent_decode_str(found).decode_utf8().unwrap();
                if given != "." && given != ".." {
                    prop_assert_eq!(&decoded, given);
                }
            }
        }
    }
}
