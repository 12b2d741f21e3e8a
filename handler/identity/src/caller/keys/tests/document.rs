//! Which keys of a published document count.

use serde_json::{Value, json};

use super::*;
use crate::caller::testing::OTHER_TENANT;

fn parsed(keys: &[Value]) -> Result<KeySet, FetchError> {
    let authority = Authority::new("https://login.example".parse().unwrap(), TENANT.parse().unwrap());
    KeySet::parse(json!({ "keys": keys }).to_string().as_bytes(), &authority)
}

/// The ids that count of a document with these keys.
fn counted(keys: &[Value]) -> Vec<&'static str> {
    let set = parsed(keys);
    let ids = ["entra-key", "next-key"];
    ids.into_iter().filter(|id| set.as_ref().is_ok_and(|set| set.get(id).is_some())).collect()
}

#[test]
fn a_key_counts_only_if_it_signs_for_this_tenant() {
    let own = format!("https://login.example/{TENANT}/v2.0");
    let template = "https://login.example/{tenantid}/v2.0";
    let good = NEXT_KEY.published(template);
    let changed = |name: &str, value: Value| {
        let mut key = ENTRA_KEY.published(&own);
        if value.is_null() {
            key.as_object_mut().unwrap().remove(name)
        } else {
            key[name].take().into()
        };
        if !value.is_null() {
            key[name] = value;
        }
        key
    };
    for (name, key) in [
        ("as published", changed("x5t", json!("x"))),
        ("issuer template", changed("issuer", json!(template))),
        ("alg RS256", changed("alg", json!("RS256"))),
        ("unknown members", changed("cloud_instance_name", json!("login.example"))),
    ] {
        assert_eq!(counted(&[key, good.clone()]), ["entra-key", "next-key"], "{name}");
    }
    let modulus = ENTRA_KEY.published(&own)["n"].as_str().unwrap().to_owned();
    for (name, key) in [
        ("no issuer", changed("issuer", Value::Null)),
        ("issuer of another tenant", changed("issuer", json!(own.replace(TENANT, OTHER_TENANT)))),
        ("issuer of another cloud", changed("issuer", json!(template.replace(".example", ".other")))),
        ("issuer of version 1.0", changed("issuer", json!(format!("https://sts.windows.net/{TENANT}/")))),
        ("no use", changed("use", Value::Null)),
        ("for encryption", changed("use", json!("enc"))),
        ("other algorithm", changed("alg", json!("PS256"))),
        ("not RSA", changed("kty", json!("EC"))),
        ("no kid", changed("kid", Value::Null)),
        ("kid number", changed("kid", json!(1))),
        ("kid too long", changed("kid", json!("k".repeat(129)))),
        ("no modulus", changed("n", Value::Null)),
        ("modulus of 1024 bits", changed("n", json!(&modulus[..168]))),
        ("modulus of more than 8192 bits", changed("n", json!("v".repeat(1368)))),
        ("modulus with leading zero", changed("n", json!(format!("AAAA{modulus}")))),
        ("modulus not base64url", changed("n", json!(format!("{modulus}==")))),
        ("exponent 1", changed("e", json!("AQ"))),
        ("not an object", json!("entra-key")),
        ("a list", json!(["entra-key", "RSA", "sig"])),
    ] {
        assert_eq!(counted(&[key, good.clone()]), ["next-key"], "{name}");
    }
}

#[test]
fn the_log_is_told_how_many_keys_count_and_how_many_do_not() {
    let [own, foreign] = ["{tenantid}", OTHER_TENANT].map(|tenant| format!("https://login.example/{tenant}/v2.0"));
    let keys = [
        ENTRA_KEY.published(&own),
        NEXT_KEY.published(&own),
        NEXT_KEY.published(&foreign),
        json!({"kid": "elliptic", "kty": "EC"}),
        json!(null),
    ];
    let set = parsed(&keys).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((set.count(), set.unused()), (2, 3));
}

#[test]
fn sixty_four_keys_are_read_and_sixty_five_are_not() {
    let key = ENTRA_KEY.published("https://login.example/{tenantid}/v2.0");
    assert_eq!(counted(&vec![key.clone(); 64]), ["entra-key"]);
    assert_eq!(counted(&vec![key; 65]), [""; 0]);
}

#[test]
fn two_different_keys_under_one_id_are_both_refused() {
    let issuer = "https://login.example/{tenantid}/v2.0";
    let (key, other) = (ENTRA_KEY.published(issuer), NEXT_KEY.published(issuer));
    let mut impostor = other.clone();
    impostor["kid"] = key["kid"].clone();
    assert_eq!(counted(&[key.clone(), key.clone(), other.clone()]), ["entra-key", "next-key"], "the same key twice");
    assert_eq!(counted(&[key.clone(), impostor.clone(), other.clone()]), ["next-key"]);
    assert_eq!(counted(&[impostor, key, other]), ["next-key"]);
}
