//! What a request's headers are taken for.

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use crate::http::{
    bearer::{NoBearer, bearer},
    limits::{self, TooLarge},
    origin::{self, Origin},
};

#[test]
fn the_bearer_is_taken_from_one_header_only() {
    let read = |values: &[&str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        bearer(&headers).map(|_| ())
    };
    for accepted in [["Bearer a.b.c"], ["bearer a.b.c"], ["BEARER  a.b.c "]] {
        assert_eq!(read(&accepted), Ok(()), "{accepted:?}");
    }
    for missing in [&[][..], &["Basic YTpi"], &["a.b.c"], &["Bearera.b.c"], &[""]] {
        assert_eq!(read(missing), Err(NoBearer::Missing), "{missing:?}");
    }
    for malformed in [&["Bearer a", "Bearer a"][..], &["Bearer a", "Basic b"], &["Bearer \u{e9}"]] {
        assert_eq!(read(malformed), Err(NoBearer::Malformed), "{malformed:?}");
    }
}

#[test]
fn sizes_are_judged_before_anything_is_read() {
    let judged = |name: &'static str, length: usize| {
        let value = HeaderValue::from_str(&"1".repeat(length)).unwrap();
        limits::headers(&[(HeaderName::from_static(name), value)].into_iter().collect())
    };
    assert_eq!(judged("authorization", limits::AUTHORIZATION), Ok(()));
    assert_eq!(judged("authorization", limits::AUTHORIZATION + 1), Err(TooLarge::Headers));
    assert_eq!(judged("x-any", limits::HEADERS - "x-any".len()), Ok(()));
    assert_eq!(judged("x-any", limits::HEADERS), Err(TooLarge::Headers));
    let announced = |length: usize| {
        let headers = [(header::CONTENT_LENGTH, HeaderValue::from(length))].into_iter().collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(limits::announced(&headers, axum::body::Body::empty())).map(drop)
    };
    assert_eq!(announced(limits::BODY), Ok(()));
    assert_eq!(announced(limits::BODY + 1), Err(TooLarge::Body));
}

#[test]
fn origins_are_compared_exactly() {
    let allowed = ["https://inspector.contoso.example".to_owned()];
    let judged = |values: &[&str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::ORIGIN, value.parse().unwrap());
        }
        Origin::judge(&headers, &allowed)
    };
    assert_eq!(judged(&[]), Origin::None);
    assert!(matches!(judged(&["https://inspector.contoso.example"]), Origin::Listed(_)));
    for foreign in [
        &["https://evil.example"][..],
        &["null"],
        &["https://inspector.contoso.example.evil.example"],
        &["https://INSPECTOR.contoso.example"],
        &["http://inspector.contoso.example"],
        &["https://inspector.contoso.example", "https://inspector.contoso.example"],
    ] {
        assert_eq!(judged(foreign), Origin::Foreign, "{foreign:?}");
    }
}

#[test]
fn only_a_preflight_is_answered_as_one() {
    let mut headers = HeaderMap::new();
    assert!(origin::preflight(&Method::OPTIONS, &headers).is_none());
    headers.insert(header::ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("POST"));
    assert!(origin::preflight(&Method::POST, &headers).is_none());
    assert_eq!(origin::preflight(&Method::OPTIONS, &headers).unwrap().0, StatusCode::NO_CONTENT);
}
