//! Answers in pages. A skip token says where the next page begins, and for which request.

use aws_lc_rs::digest;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::Request;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::form_urlencoded;

use super::errors::ArmError;
use crate::server;

/// Parameters that differ from one page to the next.
const CHANGING: [&str; 2] = ["$skiptoken", "api-version"];

/// Which part of an answer a request is for.
pub(super) struct Page {
    offset: usize,
    size: usize,
    /// Binds a skip token to the request it continues.
    binding: String,
}

impl Page {
    /// As large as `$top` says, within limits.
    pub(super) fn read(request: &Request<Bytes>, usual: usize, largest: usize) -> Result<Self, ArmError> {
        let size = match server::parameter(request, "$top") {
            None => usual,
            Some(top) => top
                .parse()
                .ok()
                .filter(|top| (1..=largest).contains(top))
                .ok_or_else(|| ArmError::definition(format_args!("Invalid $top: '{top}'")))?,
        };
        let binding = binding(request);
        let offset = match server::parameter(request, "$skiptoken") {
            None => 0,
            Some(token) => {
                let token = BASE64_URL_SAFE_NO_PAD.decode(token).ok().and_then(|token| String::from_utf8(token).ok());
                let offset = token.as_deref().and_then(|token| token.strip_suffix(&binding)?.strip_suffix(':'));
                let offset = offset.and_then(|offset| offset.parse().ok());
                offset.ok_or_else(|| ArmError::definition("The skip token is not of this query"))?
            }
        };
        Ok(Self { offset, size, binding })
    }

    /// What is on the page.
    pub(super) fn of<T>(&self, items: impl IntoIterator<Item = T>) -> impl Iterator<Item = T> {
        items.into_iter().skip(self.offset).take(self.size)
    }

    /// Where the next page is, if `count` items do not fit on this one and those before.
    pub(super) fn next_link(&self, url: &str, request: &Request<Bytes>, count: usize, version: &str) -> Option<String> {
        let next = self.offset.saturating_add(self.size);
        (next < count).then(|| {
            let mut link = format!("{url}{}?api-version={version}", request.uri().path());
            for (key, value) in lasting_parameters(request) {
                link.extend(["&", &*key, "="]);
                link.extend(utf8_percent_encode(&value, NON_ALPHANUMERIC));
            }
            let token = BASE64_URL_SAFE_NO_PAD.encode(format!("{next}:{}", self.binding));
            link.extend(["&$skiptoken=", &*token]);
            link
        })
    }
}

fn binding(request: &Request<Bytes>) -> String {
    let mut hashed = digest::Context::new(&digest::SHA256);
    hashed.update(request.uri().path().to_ascii_lowercase().as_bytes());
    for (key, value) in lasting_parameters(request) {
        hashed.update(format!("&{key}={value}").as_bytes());
    }
    hashed.update(request.body());
    BASE64_URL_SAFE_NO_PAD.encode(hashed.finish())
}

fn lasting_parameters(request: &Request<Bytes>) -> Vec<(String, String)> {
    let query = request.uri().query().unwrap_or_default().as_bytes();
    let owned = form_urlencoded::parse(query).into_owned();
    owned.filter(|(key, _)| !CHANGING.contains(&key.as_str())).collect()
}
