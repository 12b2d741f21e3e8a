//! Whole tokens: nothing is accepted but, byte for byte, a token that Contoso signed.
//!
//! The input is a compact token, or three lines, header, payload and signature, that are encoded into one first: base64
//! keeps the fuzzer from the JSON within.

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use identity::Validator;

use super::contoso::{self, ALICE, MONITOR};

static VALIDATOR: LazyLock<Validator> =
    LazyLock::new(|| contoso::validator(super::client(), contoso::KEYS.as_bytes()).unwrap().0);

/// Whether a token was accepted.
pub fn judge(input: &[u8]) -> bool {
    let accepted = str::from_utf8(input).is_ok_and(is_accepted);
    let parts: Vec<_> = input.splitn(3, |&byte| byte == b'\n').map(|part| URL_SAFE_NO_PAD.encode(part)).collect();
    is_accepted(&parts.join(".")) || accepted
}

fn is_accepted(token: &str) -> bool {
    match contoso::judged(&VALIDATOR, token) {
        Ok(caller) => {
            assert!(token == ALICE || token == MONITOR, "nobody signed this");
            assert_eq!(caller.is_user(), token == ALICE);
            true
        }
        Err(refusal) => {
            assert!(token != ALICE && token != MONITOR, "{refusal}");
            assert!(!refusal.to_string().contains(char::is_control), "{refusal}");
            false
        }
    }
}
