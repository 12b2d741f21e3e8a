//! What a request has been through in Azure before the host's own work: the front end that took it, and the middleware
//! that is only there. (`JobHostCorsMiddleware`, `AppServiceHeaderFixupMiddleware` of the host.)

use http::header::{ACCESS_CONTROL_REQUEST_METHOD, HOST, HeaderMap, ORIGIN};
use http::{HeaderValue, Method, request};

/// A browser's question before it asks for something from another origin. On Flex Consumption the host answers it, even
/// where no origin is configured: no function ever sees it.
pub(super) fn is_preflight(head: &request::Parts) -> bool {
    let has = |name| head.headers.contains_key(name);
    head.method == Method::OPTIONS && has(ORIGIN) && has(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Takes the name that the client used from the front end's header.
pub(super) fn restore_host(headers: &mut HeaderMap) {
    if let Some(host) = headers.get("disguised-host").cloned() {
        headers.insert(HOST, host);
    }
}

/// The scheme that the client used, the first one where proxies have added theirs.
pub(super) fn scheme(headers: &HeaderMap) -> Option<HeaderValue> {
    let schemes = headers.get("x-forwarded-proto")?.to_str().ok()?;
    HeaderValue::from_str(schemes.split(',').next()?.trim()).ok()
}
