//! What the text of a setting may be, whichever setting it is. An error is the end of a sentence that begins with the
//! variable.

use std::{fmt::Display, str::FromStr};

use url::Url;

/// Whichever id it is. An Application ID URI in its place is common enough for words of its own.
pub(super) fn guid<Id: FromStr>(text: &str) -> Result<Id, String> {
    text.parse().map_err(|_| {
        if text.contains("://") {
            "is an address, not a GUID".to_owned()
        } else {
            "is not a GUID such as 0b1f6471-1bf0-4dda-aec3-cb9272f09590".to_owned()
        }
    })
}

/// A whole number, both bounds included.
pub(super) fn within<N: Copy + Display + FromStr + PartialOrd>(text: &str, least: N, most: N) -> Result<N, String> {
    match text.parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(format!("is not a whole number from {least} to {most}")),
    }
}

/// An origin: scheme, host, optional port, and nothing after it but slashes.
fn origin(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| "is not an address such as https://example.com".to_owned())?;
    let bare = url.path().trim_end_matches('/').is_empty() && url.query().is_none() && url.fragment().is_none();
    let anonymous = url.username().is_empty() && url.password().is_none();
    if !bare || !anonymous || !url.host().as_ref().is_some_and(is_plain) {
        return Err("must be an origin: scheme, host and perhaps a port, nothing else".into());
    }
    Ok(url)
}

/// An address, or a name that DNS can have. The URL standard lets more through, for example quotes, which would end a
/// parameter of a challenge early, and asterisks, which would be no wildcard.
fn is_plain(host: &url::Host<&str>) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    match host {
        url::Host::Domain(name) => !name.is_empty() && name.bytes().all(is_letter),
        url::Host::Ipv4(_) | url::Host::Ipv6(_) => true,
    }
}

/// An origin of a service that gets tokens: `https`, or `http` on this very machine.
pub(super) fn cloud_address(text: &str) -> Result<Url, String> {
    let url = origin(text)?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if url.host_str().is_some_and(identity::is_loopback) => Ok(url),
        _ => Err("must begin with https:// (http:// only for a loopback host)".into()),
    }
}

/// The vault's address: `https`, on this very machine too.
pub(super) fn vault_address(text: &str) -> Result<Url, String> {
    let url = origin(text)?;
    if url.scheme() == "https" { Ok(url) } else { Err("must begin with https://".into()) }
}

/// The name of an object in Key Vault, as its documentation has it: 1 to 127 letters, digits and hyphens.
pub(super) fn certificate_name(text: &str) -> Result<String, String> {
    let is_valid = text.len() <= 127 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_valid { Ok(text.to_owned()) } else { Err("is not a Key Vault object name (letters, digits, hyphens)".into()) }
}

/// As browsers and clients write it: lower case, no default port, no trailing slash.
pub(super) fn public_origin(text: &str) -> Result<String, String> {
    cloud_address(text).map(|url| url.origin().ascii_serialization())
}

/// As the `Origin` header has it, of any web page.
pub(super) fn browser_origin(text: &str) -> Result<String, String> {
    let url = origin(text)?;
    if matches!(url.scheme(), "http" | "https") {
        Ok(url.origin().ascii_serialization())
    } else {
        Err("is not a web origin".into())
    }
}

/// `api://…` or `https://…`, safe inside a quoted header parameter (RFC 6750 section 3).
pub(super) fn application_id_uri(text: &str) -> Result<String, String> {
    let text = text.trim_end_matches('/');
    let after_scheme = text.strip_prefix("api://").or_else(|| text.strip_prefix("https://"));
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b'?' | b'#' | b',');
    match after_scheme {
        Some(rest) if !rest.is_empty() && rest.bytes().all(plain) => Ok(text.to_owned()),
        _ => Err("is not an Application ID URI (api://… or https://…)".into()),
    }
}

/// A level, and levels by target.
pub(super) fn tracing_filter(text: &str) -> Result<String, String> {
    match text.parse::<tracing_subscriber::filter::Targets>() {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err("is not a tracing filter".into()),
    }
}

/// `localhost:7071`, `127.0.0.1`, `[::1]:80`.
pub(super) fn is_loopback_authority(authority: &str) -> bool {
    Url::parse(&format!("http://{authority}")).is_ok_and(|url| url.host_str().is_some_and(identity::is_loopback))
}
