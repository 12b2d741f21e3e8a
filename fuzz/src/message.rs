//! HTTP messages as people write them down: a first line, headers, an empty line, and bytes.
//!
//! The inputs of most targets have this form, so that a kept one can be read, and a new one written, with any editor.

use http::{HeaderMap, HeaderName, HeaderValue};

/// A message.
pub struct Message<'a> {
    /// The first line.
    pub start: &'a str,
    /// The headers, without those that no HTTP library would let through.
    pub headers: HeaderMap,
    /// Everything after the first empty line.
    pub body: &'a [u8],
}

impl<'a> Message<'a> {
    /// Reads whatever is there; nothing if the first line is not text.
    #[must_use]
    pub fn read(input: &'a [u8]) -> Option<Self> {
        let (start, mut rest) = line(input);
        let mut headers = HeaderMap::new();
        loop {
            let (header, after) = line(rest);
            rest = after;
            if header.is_empty() {
                break;
            }
            headers.extend(field(header));
        }
        Some(Self { start: str::from_utf8(start).ok()?, headers, body: rest })
    }

    /// The status, which is the last word of the first line that is a number.
    #[must_use]
    pub fn status(&self) -> Option<http::StatusCode> {
        self.start.split(' ').rev().find_map(|word| word.parse().ok())
    }
}

/// The first line, and what comes after it.
fn line(input: &[u8]) -> (&[u8], &[u8]) {
    let end = input.iter().position(|&byte| byte == b'\n');
    let (line, rest) = end.map_or((input, &[][..]), |end| (&input[..end], &input[end + 1..]));
    (line.strip_suffix(b"\r").unwrap_or(line), rest)
}

fn field(header: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = header.iter().position(|&byte| byte == b':')?;
    let value = header[colon + 1..].trim_ascii();
    Some((HeaderName::from_bytes(&header[..colon]).ok()?, HeaderValue::from_bytes(value).ok()?))
}
