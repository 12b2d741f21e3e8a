//! Published keys: a document lets Alice in only if, by a reading of its own, it has the key that signed her token.

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
        assert!(!accepted || has_the_right_key(published), "a key that did not sign it");
    }
    accepted
}

/// Whether the right key is there, for this tenant. Another of its name, which makes both worthless, is not looked for:
/// this reader takes the last of two equal members, and the room no key that has them.
fn has_the_right_key(published: &[Value]) -> bool {
    let right: Value = serde_json::from_str(KEYS).unwrap();
    let right = &right["keys"][0];
    let issuer = contoso::authority().issuer();
    published.iter().any(|key| {
        let filled = key["issuer"].as_str().map(|text| text.replace("{tenantid}", contoso::TENANT));
        ["kid", "kty", "use", "n", "e"].into_iter().all(|name| key[name] == right[name])
            && filled.as_ref() == Some(&issuer)
            && (key["alg"].is_null() || key["alg"] == "RS256")
    })
}
