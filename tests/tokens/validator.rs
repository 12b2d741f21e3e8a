//! The validator alone: each token of the corpus is refused, by the rule it breaks.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use identity::{
    Authority, BearerToken, Caller, Scope, SystemClock, SystemRandom, TokenRefusal, Validator,
    caller::{SigningKeys, ValidatorSettings},
};
use lab::{
    Lab,
    people::{MCP_CLIENT_ID, MONITOR_CLIENT_ID, SERVER_CLIENT_ID, TENANT_ID},
};

use crate::corpus::{Class, Forge, Refusal, corpus, siblings};

/// The clients that may call.
pub(crate) fn allowed_clients() -> [&'static str; 2] {
    [MCP_CLIENT_ID, MONITOR_CLIENT_ID]
}

/// A validator of the lab's tokens, with the keys that the lab publishes.
pub(crate) async fn validator(lab: &Lab) -> Validator {
    let authority = Authority::new(lab.entra().authority().parse().unwrap(), TENANT_ID.parse().unwrap());
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let keys = SigningKeys::new(&authority, lab.client().clone(), clock.clone(), random);
    keys.prefetch().await;
    let settings = ValidatorSettings {
        authority,
        audience: SERVER_CLIENT_ID.parse().unwrap(),
        allowed_clients: allowed_clients().map(|client| client.parse().unwrap()).to_vec(),
    };
    Validator::new(settings, keys, clock)
}

pub(crate) async fn judge(validator: &Validator, token: &str) -> Result<Caller, TokenRefusal> {
    validator.validate(BearerToken::new(token.to_owned())).await
}

#[tokio::test]
async fn every_token_of_the_corpus_is_refused_by_the_rule_it_breaks() {
    let lab = Lab::start().await.unwrap();
    let validator = validator(&lab).await;
    let (mut seen, mut classes) = (HashMap::new(), BTreeMap::<Class, usize>::new());
    let mut wrong = Vec::new();
    for hostile in corpus(&lab) {
        let met = match judge(&validator, &hostile.token).await {
            Err(refusal) => Err(Refusal::Token(refusal.reason())),
            Ok(caller) => match caller.as_user(Scope::CostRead) {
                Err(refusal) => Err(Refusal::Permission(refusal.to_string().leak())),
                Ok(_) => Ok(()),
            },
        };
        if met != Err(hostile.refusal) {
            wrong.push(format!("{:?}, {}: {met:?}, not {:?}", hostile.class, hostile.variation, hostile.refusal));
        }
        *classes.entry(hostile.class).or_default() += 1;
        if let Some(other) = seen.insert(hostile.token, hostile.variation.clone()) {
            wrong.push(format!("{:?}, {}: the same token as {other}", hostile.class, hostile.variation));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(seen.len() >= 300, "only {} tokens", seen.len());
    assert_eq!(classes.len(), 22, "a class has no token: {classes:?}");
    println!("corpus: {} tokens, {classes:?}", seen.len());
}

/// Without this the corpus would prove nothing: what its tokens are made of is accepted.
#[tokio::test]
async fn the_token_that_the_corpus_begins_with_is_accepted() {
    let lab = Lab::start().await.unwrap();
    let validator = validator(&lab).await;
    let forge = Forge::new(&lab);
    let caller = judge(&validator, &forge.valid().join(".")).await.ok().unwrap();
    assert!(caller.as_user(Scope::CostRead).is_ok());
    assert!(judge(&validator, &forge.claim("uti", "another")).await.is_ok());
    assert!(judge(&validator, &forge.header("typ", "at+jwt")).await.is_ok());
}

/// RSA signatures are not malleable, but their spelling could be: sixteen last characters decode to the same bytes in a
/// lenient reader. One is accepted.
#[tokio::test]
async fn a_signature_has_one_spelling() {
    let lab = Lab::start().await.unwrap();
    let validator = validator(&lab).await;
    for number in 0..20 {
        let token = Forge::new(&lab).claim("uti", format!("token {number}"));
        assert!(judge(&validator, &token).await.is_ok());
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let siblings = siblings(signature);
        assert_eq!(siblings.len(), 15, "256 bytes leave four bits over");
        for sibling in siblings {
            let refusal = judge(&validator, &format!("{signed}.{sibling}")).await.err();
            assert_eq!(refusal, Some(TokenRefusal::BadSignature), "{signature} as {sibling}");
        }
    }
}
