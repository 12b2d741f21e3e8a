//! Proves the signature layer and the choice of keys against the public vectors of C2SP/wycheproof (`testvectors_v1`,
//! `json_web_signature_test.json` and `json_web_key_test.json`). `WYCHEPROOF_DIR` names the folder that holds them.
//!
//! Every result that differs from the vector's is in a table here with its reason; one that is not fails the test, and
//! so does an entry that no longer differs.

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::{jws::Jws, keys::KeySet};
use crate::{Authority, caller::testing::TENANT};

#[derive(Deserialize)]
struct Vectors {
    #[serde(rename = "testGroups")]
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    public: Option<Value>,
    private: Option<Value>,
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct Test {
    #[serde(rename = "tcId")]
    id: u32,
    comment: String,
    jws: String,
    result: String,
}

/// Vectors judged otherwise here, and why.
type Deviations = &'static [(&'static str, &'static [u32])];

const SIGNATURE_DEVIATIONS: Deviations = &[
    ("HS256 is valid in the vector; RS256 alone is accepted", &[1, 348, 352, 357, 358, 359, 372, 373, 376, 377]),
    ("ES256 or ES512 is valid in the vector; RS256 alone is accepted", &[18, 347, 351, 378]),
    ("RS384 or RS512 is valid in the vector; RS256 alone is accepted", &[264, 265, 266, 267, 268, 269, 270, 271]),
    (
        "PS256, PS384 or PS512 is valid in the vector; RS256 alone is accepted",
        &[272, 273, 274, 275, 287, 288, 320, 321, 322, 323, 325, 326, 327, 328, 346, 350],
    ),
    (
        "the vector's key has no `use`; Entra marks every signing key, so others do not count",
        &[259, 260, 261, 262, 263, 349],
    ),
];

const KEY_DEVIATIONS: Deviations = &[
    ("HMAC is valid in the vector; RSA keys alone count", &[2, 13, 14, 15]),
    ("weak key generation (ROCA) is not looked for: the keys come from the tenant's own endpoint alone", &[7]),
];

#[test]
fn signatures_are_judged_as_the_vectors_say() {
    run("json_web_signature_test.json", 401, SIGNATURE_DEVIATIONS);
}

#[test]
fn keys_are_judged_as_the_vectors_say() {
    run("json_web_key_test.json", 26, KEY_DEVIATIONS);
}

#[expect(clippy::disallowed_methods, reason = "the vectors are not part of the repository")]
fn folder() -> Option<PathBuf> {
    std::env::var_os("WYCHEPROOF_DIR").map(PathBuf::from)
}

fn run(file: &str, count: usize, deviations: Deviations) {
    let Some(folder) = folder() else {
        eprintln!("not run: set WYCHEPROOF_DIR to the folder with {file}");
        return;
    };
    let vectors: Vectors = serde_json::from_slice(&fs::read(folder.join(file)).unwrap()).unwrap();
    let reasons: BTreeMap<u32, &str> =
        deviations.iter().flat_map(|(reason, ids)| ids.iter().map(move |id| (*id, *reason))).collect();
    let tests = vectors.groups.iter().flat_map(|group| group.tests.iter().map(move |test| (group, test)));
    let mut judged = 0;
    let mut accepted = 0;
    let mut wrong = Vec::new();
    for (group, test) in tests {
        let is_accepted = is_accepted(group, &test.jws);
        if (is_accepted == (test.result == "valid")) == reasons.contains_key(&test.id) {
            wrong.push((test.id, &test.comment, &test.result, is_accepted));
        }
        judged += 1;
        accepted += usize::from(is_accepted);
    }
    assert!(wrong.is_empty(), "neither as the vector says nor in the table, or needlessly in it: {wrong:#?}");
    assert_eq!(judged, count, "vectors");
    assert!(accepted > 0, "nothing was accepted: the keys are not read");
    eprintln!("{file}: {judged} vectors, {accepted} accepted, {} deviations", reasons.len());
}

/// The way of a real token through both layers: published keys, header, key, signature.
fn is_accepted(group: &Group, jws: &str) -> bool {
    let authority = Authority::new("https://login.example".parse().unwrap(), TENANT.parse().unwrap());
    let Ok(keys) = KeySet::parse(document(group, &authority).to_string().as_bytes(), &authority) else { return false };
    Jws::parse(jws).is_ok_and(|jws| keys.get(jws.key_id()).is_some_and(|key| jws.verify(&key).is_ok()))
}

/// The group's keys as a published set. Entra's keys name their issuer, the vectors' keys do not.
fn document(group: &Group, authority: &Authority) -> Value {
    let keys = group.public.as_ref().or(group.private.as_ref()).unwrap();
    let mut keys = keys.get("keys").and_then(Value::as_array).cloned().unwrap_or_else(|| vec![keys.clone()]);
    for key in &mut keys {
        key["issuer"] = authority.issuer().into();
    }
    serde_json::json!({ "keys": keys })
}
