//! Claims that Contoso did sign, whatever they say: who is accepted is who they name, by a reading of its own.
//!
//! The input is the payload. It is signed here with a key of this process, so that what lies behind the signature is
//! reached.

use std::sync::LazyLock;

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaPublicKeyComponents},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use identity::{Caller, Validator};
use serde_json::{Value, json};

use super::contoso::{self, AUDIENCE, NOW, TENANT};

static CONTOSO: LazyLock<(KeyPair, Validator)> = LazyLock::new(|| {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let RsaPublicKeyComponents::<Vec<u8>> { n, .. } = pair.public_key().into();
    let issuer = contoso::authority().issuer();
    let key =
        json!({"kty": "RSA", "use": "sig", "kid": "k", "n": URL_SAFE_NO_PAD.encode(n), "e": "AQAB", "issuer": issuer});
    let document = json!({ "keys": [key] }).to_string();
    (pair, contoso::validator(super::client(), document.as_bytes()).unwrap().0)
});

/// Whether the payload makes a caller.
pub fn judge(payload: &[u8]) -> bool {
    let (pair, validator) = &*CONTOSO;
    match contoso::judged(validator, &signed(pair, payload)) {
        Ok(caller) => {
            // numbers too large for this reader may stand in claims that nobody reads
            if let Ok(claims) = serde_json::from_slice(payload) {
                assert_names(&claims, &caller);
            }
            true
        }
        Err(refusal) => {
            let reason = refusal.reason();
            assert!(!matches!(reason, "bad_signature" | "unknown_key" | "malformed"), "{refusal}");
            assert!(!refusal.to_string().contains(char::is_control), "{refusal}");
            false
        }
    }
}

fn signed(pair: &KeyPair, payload: &[u8]) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","kid":"k"}"#);
    let token = format!("{header}.{}", URL_SAFE_NO_PAD.encode(payload));
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), token.as_bytes(), &mut signature).unwrap();
    format!("{token}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[track_caller]
fn assert_names(claims: &Value, caller: &Caller) {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let is = |name: &str, expected: &str| text(name).is_some_and(|text| text.eq_ignore_ascii_case(expected));
    let moment = |name: &str| claims[name].as_i64().unwrap();

    assert_eq!(text("ver"), Some("2.0"));
    assert_eq!(text("iss"), Some(contoso::authority().issuer().as_str()));
    assert!(is("tid", TENANT) && is("aud", AUDIENCE));
    assert!(is("oid", &caller.object().to_string()) && is("azp", &caller.client().to_string()));

    let (begins, ends) = (moment("nbf"), moment("exp"));
    assert!(begins <= NOW + 60 && NOW - 60 < ends && begins < ends && ends - begins <= 29 * 3600);
    assert!(claims.get("iat").is_none_or(|_| moment("iat") <= NOW + 60));
    assert_eq!(caller.expires_at().0, ends);

    for name in ["cnf", "nonce", "c_hash", "at_hash"] {
        assert!(claims.get(name).is_none(), "{name}");
    }
    if caller.is_user() {
        let scopes: Vec<_> = text("scp").unwrap().split(' ').filter(|scope| !scope.is_empty()).collect();
        assert_eq!(caller.permissions(), scopes);
        assert!(!scopes.is_empty() && text("idtyp").is_none_or(|kind| kind == "user"));
    } else {
        assert_eq!(text("idtyp"), Some("app"));
        assert!(claims.get("scp").is_none());
        assert_eq!(Value::from(caller.permissions()), claims.get("roles").cloned().unwrap_or(json!([])));
    }
    assert!(!caller.name().is_empty() && !caller.name().contains(|c: char| c.is_control() || c.is_whitespace()));
}
