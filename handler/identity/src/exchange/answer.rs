//! Reading the token endpoint's answer: typed, bounded, and never searched for a token.
//!
//! `claims` of a refusal contains the words `access_token` too, so only the parsed members decide what was said.

use std::time::Duration;

use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use super::{ArmToken, ClaimsChallenge, EntraDetails, taxonomy::EntraError};

/// A token, and how long Entra says it lives.
pub(super) struct Issued {
    pub(super) token: ArmToken,
    pub(super) expires_in: Duration,
}

/// The body of a success, or nothing when it is not one.
pub(super) fn issued(body: &[u8]) -> Option<Issued> {
    let success: Success = serde_json::from_slice(body).ok()?;
    if !success.token_type.eq_ignore_ascii_case("Bearer") || !is_header_safe(&success.access_token) {
        return None;
    }
    let expires_in = Duration::from_secs(success.expires_in.value()?);
    Some(Issued { token: ArmToken::new(success.access_token), expires_in })
}

/// The body of a refusal, or nothing when it is not one.
pub(super) fn refused(body: &[u8]) -> Option<EntraError> {
    let refusal: Refusal = serde_json::from_slice(body).ok()?;
    let error = word(&refusal.error)?;
    let mut codes: Vec<u32> = refusal.error_codes.iter().flatten().take(16).filter_map(Number::value).collect();
    if codes.is_empty() {
        codes.extend(refusal.error_description.as_deref().and_then(first_aadsts));
    }
    let details = EntraDetails {
        error,
        suberror: refusal.suberror.as_deref().and_then(word),
        codes,
        correlation_id: refusal.correlation_id.as_deref().and_then(word),
        trace_id: refusal.trace_id.as_deref().and_then(word),
    };
    Some(EntraError { details, claims: refusal.claims.as_deref().and_then(ClaimsChallenge::parse) })
}

#[derive(Deserialize)]
struct Success {
    token_type: String,
    #[serde(deserialize_with = "secret")]
    access_token: Zeroizing<String>,
    expires_in: Number,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
    error_description: Option<String>,
    error_codes: Option<Vec<Number>>,
    suberror: Option<String>,
    correlation_id: Option<String>,
    trace_id: Option<String>,
    /// A JSON document inside a JSON string.
    claims: Option<String>,
}

/// Entra has sent numbers as numbers and as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Number(u64),
    Text(String),
}

impl Number {
    fn value<T: TryFrom<u64>>(&self) -> Option<T> {
        let number = match self {
            Self::Number(number) => *number,
            Self::Text(text) => text.parse().ok()?,
        };
        T::try_from(number).ok()
    }
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Zeroizing<String>, D::Error> {
    String::deserialize(deserializer).map(Zeroizing::new)
}

/// A token is sent on in a header: visible ASCII and nothing else, so that it can't carry a second header.
fn is_header_safe(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Codes and ids go to logs and to the caller: a short word, or nothing.
fn word(text: &str) -> Option<String> {
    let is_word = (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    is_word.then(|| text.to_owned())
}

/// `AADSTS53003: Access has been blocked ...` → 53003.
fn first_aadsts(description: &str) -> Option<u32> {
    let (_, rest) = description.split_once("AADSTS")?;
    let digits = rest.split(|letter: char| !letter.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    //! Proves how answers are read, and that no answer can break the reader. The first refusal is the wording of real
    //! ones; which members Entra sends today, only a live tenant can show.

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_success_is_read_whatever_else_it_holds() {
        for expires_in in ["3599", "\"3599\""] {
            let body = format!(
                r#"{{"token_type":"bearer","scope":"x","expires_in":{expires_in},"ext_expires_in":3599,"access_token":"a.b-c_d"}}"#
            );
            let issued = issued(body.as_bytes()).unwrap();
            assert_eq!(issued.token.secret(), "a.b-c_d");
            assert_eq!(issued.expires_in.as_secs(), 3599);
        }
    }

    #[test]
    fn a_success_that_is_none_is_refused() {
        for body in [
            "",
            "{}",
            "null",
            "<html>sign in</html>",
            r#"{"token_type":"Bearer","expires_in":3599}"#,
            r#"{"token_type":"Bearer","expires_in":3599,"access_token":""}"#,
            r#"{"token_type":"Bearer","expires_in":3599,"access_token":null}"#,
            r#"{"token_type":"Bearer","expires_in":3599,"access_token":["a"]}"#,
            r#"{"token_type":"Bearer","expires_in":3599,"access_token":"a b"}"#,
            r#"{"token_type":"Bearer","expires_in":3599,"access_token":"a\r\nX-Evil: 1"}"#,
            r#"{"token_type":"Bearer","expires_in":3599,"access_token":"ä"}"#,
            r#"{"token_type":"Bearer","expires_in":3599,"access_token":"a","access_token":"b"}"#,
            r#"{"token_type":"Bearer","expires_in":-1,"access_token":"a"}"#,
            r#"{"token_type":"Bearer","expires_in":"soon","access_token":"a"}"#,
            r#"{"token_type":"Bearer","expires_in":1e99,"access_token":"a"}"#,
            r#"{"token_type":"pop","expires_in":3599,"access_token":"a"}"#,
            r#"{"token_type":"Bearer","expires_in":3599,"access_token":"a"#,
        ] {
            assert!(issued(body.as_bytes()).is_none(), "{body}");
        }
    }

    #[test]
    fn a_refusal_is_read_with_its_claims() {
        let body = br#"{"error":"invalid_grant","error_description":"AADSTS53003: Access has been blocked by Conditional Access policies.\r\nTrace ID: 11111111-2222-4333-8444-555555555555","error_codes":[53003],"timestamp":"2026-03-07 21:25:44Z","trace_id":"11111111-2222-4333-8444-555555555555","correlation_id":"66666666-7777-4888-8999-aaaaaaaaaaaa","error_uri":"https://login.microsoftonline.com/error?code=53003","suberror":"message_only","claims":"{\"access_token\":{\"capolids\":{\"essential\":true,\"values\":[\"p\"]}}}"}"#;
        insta::assert_debug_snapshot!(refused(body).unwrap(), @r#"
        EntraError {
            details: EntraDetails {
                error: "invalid_grant",
                suberror: Some(
                    "message_only",
                ),
                codes: [
                    53003,
                ],
                correlation_id: Some(
                    "66666666-7777-4888-8999-aaaaaaaaaaaa",
                ),
                trace_id: Some(
                    "11111111-2222-4333-8444-555555555555",
                ),
            },
            claims: Some(
                ClaimsChallenge(
                    "{\"access_token\":{\"capolids\":{\"essential\":true,\"values\":[\"p\"]}}}",
                ),
            ),
        }
        "#);
    }

    #[test]
    fn codes_are_read_as_numbers_as_text_and_from_the_description() {
        let codes = |members: &str| refused(format!(r#"{{"error":"x",{members}}}"#).as_bytes()).unwrap().details.codes;
        assert_eq!(codes(r#""error_codes":[70002,50012]"#), [70002, 50012]);
        assert_eq!(codes(r#""error_codes":["70002","x",50012]"#), [70002, 50012]);
        assert_eq!(codes(r#""error_codes":[],"error_description":"AADSTS65001: no, not AADSTS1""#), [65001]);
        assert_eq!(codes(r#""error_description":"nothing known""#), [0_u32; 0]);
        assert_eq!(codes(r#""error_codes":[99999999999]"#), [0_u32; 0]);
    }

    #[test]
    fn what_entra_says_can_break_neither_a_log_nor_a_header() {
        let error = refused(br#"{"error":"x","suberror":"a\r\nb","trace_id":"<script>","correlation_id":""}"#).unwrap();
        assert_eq!(error.details.suberror, None);
        assert_eq!(error.details.trace_id, None);
        assert_eq!(error.details.correlation_id, None);
        let long = format!(r#"{{"error":"{}"}}"#, "x".repeat(65));
        for body in ["{}", r#"{"error":""}"#, r#"{"error":{"code":"x"}}"#, r#"{"error":"a b"}"#, &long, "<html>"] {
            assert!(refused(body.as_bytes()).is_none(), "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_breaks_the_reader(body in any::<Vec<u8>>(), json in "[\\[\\]{}:,\"a-z0-9]{0,64}") {
            issued(&body);
            refused(&body);
            issued(json.as_bytes());
            refused(json.as_bytes());
        }

        #[test]
        fn a_cut_answer_is_never_a_success(cut in 0_usize..80) {
            let body = br#"{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":"abc"}"#;
            prop_assert!(issued(&body[..cut]).is_none());
        }
    }
}
