//! Answers to an exchange: a token comes out only of a success that has it, and every other answer names who must act.
//!
//! The input is a response of HTTP. Its headers and body are also read as Azure's, which may demand claims.

use bytes::Bytes;
use http::StatusCode;
use identity::{
    ArmResponse, ExchangeFailure, UnixTime,
    exchange::{ClaimsChallenge, EntraDetails},
    fuzzing,
};
use serde_json::Value;

use super::{contoso::NOW, message::Message};

/// Nobody is told to wait longer, in seconds.
const LONGEST_WAIT: u64 = 60;

/// Whether there is a token.
pub fn judge(input: &[u8]) -> bool {
    let Some(message) = Message::read(input) else { return false };
    let Some(status) = message.status() else { return false };
    let Message { headers, body, .. } = message;

    let demand = ArmResponse { status: StatusCode::UNAUTHORIZED, headers, body: Bytes::new() };
    assert_demand(fuzzing::demanded_claims(&demand).as_ref());
    assert_eq!(fuzzing::demanded_claims(&ArmResponse { status: StatusCode::FORBIDDEN, ..demand.clone() }), None);

    match fuzzing::token_answer(status, &demand.headers, body, UnixTime(NOW)) {
        Ok((token, life)) => {
            assert!(status.is_success());
            assert!(!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()));
            if let Ok(answer) = serde_json::from_slice::<Value>(body) {
                assert_is_issued(&answer, &token, life.as_secs());
            }
            true
        }
        Err(failure) => {
            assert_names_who_must_act(status, &failure);
            false
        }
    }
}

#[track_caller]
fn assert_is_issued(answer: &Value, token: &str, life: u64) {
    // a struct may also be written as the list of its members
    let member = |name: &str, index: usize| answer.get(name).or_else(|| answer.get(index)).unwrap_or(&Value::Null);
    assert!(member("token_type", 0).as_str().unwrap().eq_ignore_ascii_case("Bearer"));
    assert_eq!(member("access_token", 1), token);
    let said = member("expires_in", 2);
    assert_eq!(said.as_u64().or_else(|| said.as_str()?.parse().ok()), Some(life));
}

#[track_caller]
fn assert_names_who_must_act(status: StatusCode, failure: &ExchangeFailure) {
    assert_is_short(failure.details());
    match failure {
        ExchangeFailure::Transient { retry_after, .. } => {
            assert!((1..=LONGEST_WAIT).contains(&retry_after.as_secs()), "{retry_after:?}");
        }
        _ if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() => {
            panic!("{status} asks somebody to act: {failure}")
        }
        ExchangeFailure::InteractionRequired { claims, .. } => assert_demand(claims.as_ref()),
        ExchangeFailure::Operator { advice, .. } => assert!(!advice.contains(char::is_control), "{advice:?}"),
        _ => {}
    }
    assert!(!status.is_success() || matches!(failure, ExchangeFailure::Operator { .. }), "{status}: {failure}");
}

/// What goes to logs and to the caller is words.
#[track_caller]
fn assert_is_short(details: &EntraDetails) {
    let EntraDetails { error, suberror, codes, correlation_id, trace_id } = details;
    for word in [Some(error), suberror.as_ref(), correlation_id.as_ref(), trace_id.as_ref()].into_iter().flatten() {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        assert!(word.len() <= 64 && word.bytes().all(plain), "{word:?}");
    }
    assert!(codes.len() <= 16);
}

/// A demand is an object with something in it, and the next exchange asks for all of that and for `cp1`.
#[track_caller]
fn assert_demand(claims: Option<&ClaimsChallenge>) {
    let next: Value = serde_json::from_str(&fuzzing::requested_claims(claims)).unwrap();
    assert_eq!(next["access_token"]["xms_cc"]["values"][0], "cp1");
    let Some(claims) = claims else { return };
    let demanded: Value = serde_json::from_str(claims.json()).unwrap();
    let members = demanded.as_object().unwrap();
    assert!(!members.is_empty());
    for (name, demand) in members.iter().filter(|(name, _)| *name != "access_token") {
        assert_eq!(&next[name], demand);
    }
    for (name, demand) in members.get("access_token").and_then(Value::as_object).into_iter().flatten() {
        assert!(name == "xms_cc" || &next["access_token"][name] == demand, "{name} is lost");
    }
}
