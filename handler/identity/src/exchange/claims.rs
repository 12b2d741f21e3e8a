//! Claims that Entra or Azure demands of the next token, and the claims this server asks for.
//!
//! Source: "Claims challenges, claims requests and client capabilities" (Microsoft identity platform) and OpenID Connect
//! Core 1.0, section 5.5.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde_json::{Map, Value, json};

/// Claims that Entra or Azure demands of the caller's next token: a JSON object that is not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimsChallenge(String);

impl ClaimsChallenge {
    /// No demand of Entra or Azure comes near this; a longer one would not fit into a response header either.
    const LONGEST: usize = 8 * 1024;

    /// Accepts a JSON object with at least one member, of at most 8 KiB: an empty demand could not be met by anything.
    #[must_use]
    pub fn parse(json: &str) -> Option<Self> {
        if json.len() > Self::LONGEST {
            return None;
        }
        let members: Map<String, Value> = serde_json::from_str(json).ok()?;
        (!members.is_empty()).then(|| Self(Value::Object(members).to_string()))
    }

    /// The JSON text, minified.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.0
    }

    /// Reads the `claims` parameter of a `WWW-Authenticate` header: base64 in either alphabet, padded or not, because
    /// Azure's services differ.
    pub(crate) fn from_base64(text: &str) -> Option<Self> {
        const EITHER_PADDING: GeneralPurpose = GeneralPurpose::new(
            &alphabet::STANDARD,
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
        );
        let bytes = EITHER_PADDING.decode(text.replace('-', "+").replace('_', "/")).ok()?;
        Self::parse(std::str::from_utf8(&bytes).ok()?)
    }
}

/// The `claims` parameter of an exchange: that this server can act on a challenge (`cp1`), and what one demanded.
pub(super) fn requested(challenge: Option<&ClaimsChallenge>) -> String {
    let mut claims = challenge
        .and_then(|challenge| serde_json::from_str::<Map<String, Value>>(challenge.json()).ok())
        .unwrap_or_default();
    let access_token = claims.entry("access_token").or_insert_with(|| json!({}));
    if !access_token.is_object() {
        *access_token = json!({});
    }
    if let Some(access_token) = access_token.as_object_mut() {
        access_token.insert("xms_cc".to_owned(), json!({ "values": ["cp1"] }));
    }
    Value::Object(claims).to_string()
}

#[cfg(test)]
mod tests {
    //! Proves what is read and sent; that Entra honours it, only a live tenant can show.

    use super::*;

    #[test]
    fn an_object_is_accepted_and_minified() {
        let challenge = ClaimsChallenge::parse("{ \"access_token\": { \"nbf\": {\"value\": \"1\"} } }").unwrap();
        insta::assert_snapshot!(challenge.json(), @r#"{"access_token":{"nbf":{"value":"1"}}}"#);
    }

    #[test]
    fn anything_but_a_filled_object_is_refused() {
        for text in
            ["", "{}", "[]", "null", "\"{}\"", "{\"a\":1", "{\"a\":1} x", &format!("{{\"a\":{}", "[".repeat(500))]
        {
            assert_eq!(ClaimsChallenge::parse(text), None, "{text}");
        }
        // without the text, `{"a":""}` has 8 bytes
        let of_length = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
        assert_eq!(ClaimsChallenge::parse(&of_length(8192)).unwrap().json(), of_length(8192));
        assert_eq!(ClaimsChallenge::parse(&of_length(8193)), None);
    }

    #[test]
    fn both_base64_alphabets_are_read_with_and_without_padding() {
        // the text is chosen so that its encoding has both of the letters in which the alphabets differ
        let json = r#"{"a":"~~>>??"}"#;
        let standard = base64::engine::general_purpose::STANDARD.encode(json);
        assert!(standard.contains('+') || standard.contains('/'), "{standard}");
        let url_safe = standard.replace('+', "-").replace('/', "_");
        for text in [&standard, &url_safe, standard.trim_end_matches('='), url_safe.trim_end_matches('=')] {
            assert_eq!(ClaimsChallenge::from_base64(text).unwrap().json(), json, "{text}");
        }
        for text in ["", "!", "e30=", "bm8=", "/w=="] {
            assert_eq!(ClaimsChallenge::from_base64(text), None, "{text}");
        }
    }

    #[test]
    fn the_capability_is_merged_deep_into_the_challenge() {
        insta::assert_snapshot!(requested(None), @r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#);
        let challenge = |json| requested(Some(&ClaimsChallenge::parse(json).unwrap()));
        insta::assert_snapshot!(
            challenge(r#"{"access_token":{"acrs":{"essential":true,"values":["p1"]}},"id_token":{"x":null}}"#),
            @r#"{"access_token":{"acrs":{"essential":true,"values":["p1"]},"xms_cc":{"values":["cp1"]}},"id_token":{"x":null}}"#
        );
        insta::assert_snapshot!(
            challenge(r#"{"access_token":null}"#),
            @r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#
        );
    }
}
