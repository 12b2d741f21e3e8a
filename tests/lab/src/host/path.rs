//! What becomes of a request's path: Kestrel decodes it, the reverse proxy encodes it again, and the result is not
//! always what the client wrote.
//!
//! Kestrel leaves `%2F` as it is, and the proxy does not take `%` for an escape it may keep: a client's `%2F` arrives
//! as `%252F`. The query is not touched at all.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Everything but letters, digits and the `pchar` of RFC 3986 section 3.3, and the slash.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b':')
    .remove(b'=')
    .remove(b'@')
    .remove(b'/');

/// The path as routes are matched against it; `None` for an escaped NUL, which Kestrel answers with 400.
pub(super) fn decode(path: &str) -> Option<String> {
    let mut decoded = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(start) = rest.find('%') {
        let (text, escapes) = rest.split_at(start);
        decoded.push_str(text);
        let length = length_of_escapes(escapes);
        if length == 0 {
            decoded.push('%');
            rest = escapes.get(1..).unwrap_or_default();
        } else {
            let (escapes, after) = escapes.split_at(length);
            decode_escapes(escapes, &mut decoded)?;
            rest = after;
        }
    }
    decoded.push_str(rest);
    Some(without_dot_segments(&decoded))
}

/// The path as it goes to the handler.
pub(super) fn encode(decoded: &str) -> String {
    utf8_percent_encode(decoded, ESCAPED).to_string()
}

/// The path as .NET's `Uri` writes it, which a forwarded request has: escapes that are left are kept.
pub(super) fn encode_display(decoded: &str) -> String {
    let mut encoded = String::with_capacity(decoded.len());
    let mut rest = decoded;
    while let Some(start) = rest.find('%') {
        let (text, escapes) = rest.split_at(start);
        encoded.push_str(&encode(text));
        // at least the sign itself, encoded, if no escape begins here
        let (kept, after) = escapes.split_at(length_of_escapes(escapes).max(1));
        encoded.push_str(if kept == "%" { "%25" } else { kept });
        rest = after;
    }
    encoded.push_str(&encode(rest));
    encoded
}

/// How many bytes at the start are `%XX%XX…`.
fn length_of_escapes(text: &str) -> usize {
    let is_escape =
        |escape: &&[u8]| matches!(escape, [b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit());
    text.as_bytes().chunks(3).take_while(is_escape).count() * 3
}

/// Decodes `%XX%XX…`, but for slashes and what is not UTF-8, which stay escaped.
fn decode_escapes(escapes: &str, decoded: &mut String) -> Option<()> {
    let bytes: Vec<u8> = percent_decode_str(escapes).collect();
    let mut escapes = escapes;
    let mut take = |bytes: usize| {
        let (taken, rest) = escapes.split_at(bytes * 3);
        escapes = rest;
        taken
    };
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            let escape = take(character.len_utf8());
            match character {
                '\0' => return None,
                '/' => decoded.push_str(escape),
                character => decoded.push(character),
            }
        }
        decoded.push_str(take(chunk.invalid().len()));
    }
    Some(())
}

/// RFC 3986 section 5.2.4; Kestrel does so after decoding, so that `%2e%2e` climbs as well.
fn without_dot_segments(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if is_last {
                    kept.push("");
                }
            }
            segment => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    //! Proves the path the handler sees for the path a client wrote. A run of the real host would judge the rarer ones.
    use super::*;

    #[test]
    fn a_path_is_decoded_and_encoded_again() {
        let cases = [
            ("/", "/"),
            ("/mcp", "/mcp"),
            ("/a-._~!$&'()*+,;=:@/b", "/a-._~!$&'()*+,;=:@/b"),
            ("/a%20b", "/a%20b"),
            ("/%6D%63%70", "/mcp"),
            ("/%c3%a9", "/%C3%A9"),
            ("/a%2Fb", "/a%252Fb"),
            ("/a%2fb", "/a%252fb"),
            ("/100%25", "/100%25"),
            ("/50%", "/50%25"),
            ("/%zz", "/%25zz"),
            ("/%ff", "/%25ff"),
            ("/%C3%A9%ff%41", "/%C3%A9%25ffA"),
            ("/a|b", "/a%7Cb"),
            ("/a/../b", "/b"),
            ("/a/%2e%2E/b", "/b"),
            ("/../../etc", "/etc"),
            ("/a/.", "/a/"),
            ("/a/b/..", "/a/"),
            ("/a//b/", "/a//b/"),
        ];
        for (written, seen) in cases {
            assert_eq!(decode(written).as_deref().map(encode).as_deref(), Some(seen), "{written}");
        }
    }

    #[test]
    fn an_escaped_nul_is_no_path() {
        assert_eq!(decode("/a%00b"), None);
    }
}
