//! Claims that Azure demands in a 401.
//!
//! Source: "Claims challenges, claims requests and client capabilities" (Microsoft identity platform). Not every 401 is
//! one: Cost Management answers a missing role with 401 `RBACAccessDenied`.

use http::{HeaderMap, StatusCode, header::WWW_AUTHENTICATE};
use http_auth::{ChallengeRef, parser::ChallengeParser};

use super::ArmResponse;
use crate::exchange::ClaimsChallenge;

/// The claims, when the answer is a 401 with `error="insufficient_claims"` and claims that can be read.
pub(super) fn in_answer(response: &ArmResponse) -> Option<ClaimsChallenge> {
    if response.status != StatusCode::UNAUTHORIZED {
        return None;
    }
    in_headers(&response.headers)
}

fn in_headers(headers: &HeaderMap) -> Option<ClaimsChallenge> {
    headers
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        // what comes before a syntax error still counts
        .flat_map(|value| ChallengeParser::new(value).map_while(Result::ok))
        .find_map(|challenge| in_challenge(&challenge))
}

fn in_challenge(challenge: &ChallengeRef<'_>) -> Option<ClaimsChallenge> {
    let is_demand = challenge.scheme.eq_ignore_ascii_case("Bearer")
        && parameter(challenge, "error").as_deref() == Some("insufficient_claims");
    if !is_demand {
        return None;
    }
    ClaimsChallenge::from_base64(&parameter(challenge, "claims")?)
}

/// The parameter, unless it is given twice.
fn parameter(challenge: &ChallengeRef<'_>, name: &str) -> Option<String> {
    let mut values = challenge.params.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    let (_, value) = values.next()?;
    values.next().is_none().then(|| value.to_unescaped())
}

#[cfg(test)]
mod tests {
    //! Proves what is taken for a challenge. The first header has the wording of a published one.

    use proptest::prelude::*;

    use super::*;

    /// `{"access_token":{"nbf":{"essential":true,"value":"1726258122"}}}`
    const CLAIMS: &str = "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxNzI2MjU4MTIyIn19fQ==";

    #[track_caller]
    fn assert_claims(values: &[&str], expected: bool) {
        let headers: HeaderMap = values.iter().map(|value| (WWW_AUTHENTICATE, value.parse().unwrap())).collect();
        let found = in_headers(&headers);
        assert_eq!(found.is_some(), expected, "{values:?}");
        if let Some(claims) = found {
            assert_eq!(claims.json(), r#"{"access_token":{"nbf":{"essential":true,"value":"1726258122"}}}"#);
        }
    }

    #[test]
    fn a_demand_is_found_however_it_is_written() {
        let unpadded = CLAIMS.trim_end_matches('=');
        for value in [
            &format!(
                "Bearer realm=\"\", error_description=\"Continuous access evaluation resulted in challenge\", \
                 error=\"insufficient_claims\", claims=\"{CLAIMS}\""
            ),
            &format!("bearer ERROR=\"insufficient_claims\",Claims=\"{CLAIMS}\""),
            &format!("Bearer error=insufficient_claims, claims={unpadded}"),
            &format!(
                "Bearer error_description=\"say \\\"claims=\\\" twice, please\", error=\"insufficient_claims\", claims=\"{unpadded}\""
            ),
            &format!("Basic realm=\"x\", Bearer error=\"insufficient_claims\", claims=\"{CLAIMS}\""),
            &format!("Bearer error=\"insufficient_claims\", claims=\"{CLAIMS}\", Negotiate"),
        ] {
            assert_claims(&[value], true);
        }
        assert_claims(&["Negotiate", &format!("Bearer error=\"insufficient_claims\", claims=\"{CLAIMS}\"")], true);
    }

    #[test]
    fn everything_else_is_an_ordinary_answer() {
        for value in [
            "",
            "Bearer",
            "Bearer error=\"insufficient_claims\"",
            "Bearer error=\"insufficient_claims\", claims=\"\"",
            "Bearer error=\"insufficient_claims\", claims=\"%%%\"",
            "Bearer error=\"insufficient_claims\", claims=\"e30=\"",
            "Bearer error=\"insufficient_claims\", claims=\"bnVsbA==\"",
            &format!("Bearer claims=\"{CLAIMS}\""),
            &format!("Bearer error=\"invalid_token\", claims=\"{CLAIMS}\""),
            &format!("PoP error=\"insufficient_claims\", claims=\"{CLAIMS}\""),
            &format!("Bearer error=\"insufficient_claims\", claims=\"{CLAIMS}\", claims=\"{CLAIMS}\""),
            &format!("Bearer error_description=\"error=insufficient_claims, claims={CLAIMS}\""),
            &format!("Bearer error=\"insufficient_claims, claims=\"{CLAIMS}"),
        ] {
            assert_claims(&[value], false);
        }
        assert_claims(&[], false);
    }

    proptest! {
        #[test]
        fn no_header_breaks_the_reader(value in "[ -~]{0,60}", inside in "[A-Za-z=,\"\\\\ ]{0,40}") {
            for value in [value, format!("Bearer error=\"insufficient_claims\", claims={inside}")] {
                in_headers(&HeaderMap::from_iter([(WWW_AUTHENTICATE, value.parse().unwrap())]));
            }
        }
    }
}
