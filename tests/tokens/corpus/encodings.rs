//! Parts that are base64url to a lenient reader only, and texts that are not three parts.

use serde_json::json;

use super::{
    Class, Corpus,
    forge::{Forge, decode, encode, respelled, siblings},
};

pub(super) fn add(corpus: &mut Corpus, forge: &Forge<'_>) {
    headers(corpus, forge);
    claims(corpus, forge);
    signatures(corpus, forge);
    forms(corpus, forge);
}

/// What a lenient reader would take for the same bytes.
fn spellings(part: &str) -> Vec<(&'static str, String)> {
    let (front, back) = part.split_at(part.len() / 2);
    vec![
        ("padded", format!("{part}=")),
        ("padded twice", format!("{part}==")),
        ("padded in the middle", format!("{front}={back}")),
        ("white space", format!("{front} {back}")),
        ("a tab", format!("{front}\t{back}")),
        ("an end of line", format!("{front}\r\n{back}")),
        ("a NUL", format!("{front}\0{back}")),
        ("a letter that looks alike", format!("{front}\u{435}{back}")),
        ("percent-encoded", format!("{front}%41{back}")),
        ("characters too much", format!("{part}AAAA")),
        ("letters of the other alphabet", format!("{front}+/{back}")),
        ("a comma", format!("{front},{back}")),
    ]
}

fn headers(corpus: &mut Corpus, forge: &Forge<'_>) {
    let [header, claims, _] = forge.valid();
    let mut add = |variation: &str, header: String, reason| {
        corpus.add(
            Class::Encoding,
            format_args!("header, {variation}"),
            forge.sealed(&format!("{header}.{claims}")),
            reason,
        );
    };
    for (variation, header) in spellings(&header) {
        // they are read, as garbage behind the object
        let reason = if variation == "characters too much" { "header_malformed" } else { "malformed" };
        add(variation, header, reason);
    }
    add("trailing bits", respelled(decode(&header)), "malformed");
    add("hexadecimal", hexadecimal(&decode(&header)), "malformed");
}

fn claims(corpus: &mut Corpus, forge: &Forge<'_>) {
    let [header, claims, signature] = forge.valid();
    let mut add = |variation: &str, claims: String| {
        let variation = format!("claims, {variation}");
        corpus.add(Class::Encoding, &variation, forge.sealed(&format!("{header}.{claims}")), "claims_malformed");
        // as it would be altered on the way: the signature covers the spelling, not the bytes
        let altered = format!("{header}.{claims}.{signature}");
        corpus.add(Class::Encoding, format_args!("{variation}, not signed over"), altered, "bad_signature");
    };
    for (variation, claims) in spellings(&claims) {
        add(variation, claims);
    }
    add("trailing bits", respelled(decode(&claims)));
    add("encoded twice", encode(&claims));
    add("hexadecimal", hexadecimal(&decode(&claims)));
    add("not encoded", String::from_utf8(decode(&claims)).unwrap().replace('.', ""));
    add("empty", String::new());
}

fn signatures(corpus: &mut Corpus, forge: &Forge<'_>) {
    let [header, claims, signature] = forge.valid();
    let mut add = |variation: &str, signature: String| {
        let token = format!("{header}.{claims}.{signature}");
        corpus.add(Class::Encoding, format_args!("signature, {variation}"), token, "bad_signature");
    };
    for (variation, signature) in spellings(&signature) {
        add(variation, signature);
    }
    for (number, signature) in siblings(&signature).into_iter().enumerate() {
        add(&format!("trailing bits {number}"), signature);
    }
    add("encoded twice", encode(&signature));
    add("hexadecimal", hexadecimal(&decode(&signature)));
}

fn backwards(text: &str) -> String {
    text.chars().rev().collect()
}

fn forms(corpus: &mut Corpus, forge: &Forge<'_>) {
    let [header, claims, signature] = forge.valid();
    let token = format!("{header}.{claims}.{signature}");
    let flattened = json!({ "payload": claims, "protected": header, "signature": signature });
    let general = json!({ "payload": claims, "signatures": [{ "protected": header, "signature": signature }] });
    for (variation, token, reason) in [
        ("empty", String::new(), "malformed"),
        ("one part", header.clone(), "malformed"),
        ("two parts", format!("{header}.{claims}"), "malformed"),
        ("one dot", ".".to_owned(), "malformed"),
        ("two dots", "..".to_owned(), "header_malformed"),
        ("three dots", "...".to_owned(), "malformed"),
        ("a dot behind", format!("{token}."), "malformed"),
        ("a dot in front", format!(".{token}"), "malformed"),
        ("four parts", format!("{token}.{signature}"), "malformed"),
        ("five parts, as if encrypted", format!("{header}.{claims}.{claims}.{claims}.{signature}"), "malformed"),
        ("twice", format!("{token}{token}"), "malformed"),
        ("two tokens", format!("{token} {token}"), "malformed"),
        // not the whole token: whether a signature is base64url from behind too depends on how it begins
        ("the header backwards", format!("{}.{claims}.{signature}", backwards(&header)), "header_malformed"),
        ("parts exchanged", format!("{claims}.{header}.{signature}"), "wrong_algorithm"),
        ("the signature first", format!("{signature}.{header}.{claims}"), "header_malformed"),
        ("flattened JSON", flattened.to_string(), "malformed"),
        ("general JSON", general.to_string(), "malformed"),
        ("in quotes", format!("\"{token}\""), "malformed"),
        ("in brackets", format!("<{token}>"), "malformed"),
        ("with its scheme", format!("Bearer {token}"), "malformed"),
        ("as a parameter", format!("token={token}"), "malformed"),
        ("percent-encoded", token.replace('.', "%2E"), "malformed"),
        ("other dots", token.replace('.', "\u{3002}"), "malformed"),
        ("commas for dots", token.replace('.', ","), "malformed"),
        ("encoded whole", encode(&token), "malformed"),
        ("upper case", token.to_uppercase(), "header_malformed"),
        ("a NUL behind", format!("{token}\0"), "bad_signature"),
        ("an end of line behind", format!("{token}\r\nX-Injected: 1"), "bad_signature"),
        ("a byte order mark", format!("\u{feff}{token}"), "malformed"),
        ("no header", format!(".{claims}.{signature}"), "header_malformed"),
        ("17 KiB", format!("{header}.{}.{signature}", "A".repeat(17 * 1024)), "too_large"),
        ("17 KiB, signed", forge.claim("padding", "A".repeat(17 * 1024)), "too_large"),
        ("17 KiB of dots", ".".repeat(17 * 1024), "too_large"),
        ("a word", "token".to_owned(), "malformed"),
        ("a GUID", lab::people::SERVER_CLIENT_ID.to_owned(), "malformed"),
        ("null", "null".to_owned(), "malformed"),
        ("undefined", "undefined".to_owned(), "malformed"),
    ] {
        corpus.add(Class::Form, variation, token, reason);
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0xf])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}
