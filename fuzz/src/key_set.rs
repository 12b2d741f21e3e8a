//! Published keys: a document lets Alice in only if, by a reading of its own, it has the one key that signed her token.

use serde_json::Value;

use super::contoso::{self, ALICE, KEYS};

/// The most keys of a set.
const MOST: usize = 64;

/// Whether Alice is let in.
pub fn judge(document: &[u8]) -> bool {
    let Some((validator, keys)) = contoso::validator(super::client(), document) else { return false };
    let count = keys.status().count;
    assert!((1..=MOST).contains(&count), "{count} keys");
    let accepted = contoso::judged(&validator, ALICE).is_ok();
    // numbers too large for this reader may stand in members that nobody reads
    if let Ok(document) = serde_json::from_slice::<Value>(document) {
        let published = document["keys"].as_array().unwrap();
        assert!(count <= published.len() && published.len() <= MOST);
        assert!(!accepted || has_only_the_right_key(published), "a key that did not sign it");
    }
    accepted
}

/// There is a key of the right name that may sign for this tenant, and all such are the right one.
fn has_only_the_right_key(published: &[Value]) -> bool {
    let right: Value = serde_json::from_str(KEYS).unwrap();
    let right = &right["keys"][0];
    let issuer = contoso::authority().issuer();
    let mut candidates = published.iter().filter(|key| {
        let fits = |name: &str| key[name] == right[name];
        let filled = key["issuer"].as_str().map(|text| text.replace("{tenantid}", contoso::TENANT));
        ["kid", "kty", "use"].into_iter().all(fits)
            && filled.as_ref() == Some(&issuer)
            && ["n", "e"].into_iter().all(|name| key[name].is_string())
            && (key["alg"].is_null() || key["alg"] == "RS256")
    });
    let first = candidates.next();
    first.into_iter().chain(candidates).all(|key| key["n"] == right["n"]) && first.is_some()
}
