//! Proves that a token is accepted only if every rule holds, and that each refusal names its rule. The tokens are
//! minted here in Entra's format; that Entra's own look like this is for a live tenant to show.

mod hostile;

use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::caller::testing::*;

/// A server with its keys, and tokens to throw at it.
struct Fixture {
    server: KeyServer,
    validator: Validator,
}

impl Fixture {
    async fn new() -> Self {
        let server = KeyServer::start().await;
        let validator = server.validator(Arc::new(StillClock), &[]);
        Self { server, validator }
    }

    fn claims(&self) -> Value {
        alice(&self.server.authority)
    }

    /// Alice's token with one claim replaced.
    fn claim(&self, name: &str, value: impl Into<Value>) -> String {
        let mut claims = self.claims();
        claims[name] = value.into();
        ENTRA_KEY.mint(&header(), &claims)
    }

    /// Alice's token with several claims replaced; `null` removes one.
    fn claims_with(&self, changes: &Value) -> String {
        ENTRA_KEY.mint(&header(), &merged(self.claims(), changes))
    }

    /// Alice's token without that claim.
    fn no_claim(&self, name: &str) -> String {
        self.claims_with(&json!({ name: null }))
    }

    /// Alice's token with one header member replaced, signed nevertheless.
    fn header(&self, name: &str, value: impl Into<Value>) -> String {
        let mut header = header();
        header[name] = value.into();
        ENTRA_KEY.mint(&header, &self.claims())
    }

    /// Alice's token with that raw text put in front of its claims.
    fn claims_text(&self, first: &str) -> String {
        ENTRA_KEY.mint_text(&header().to_string(), &self.claims().to_string().replacen('{', first, 1))
    }

    /// Alice's token with that raw text as its header.
    fn header_text(&self, header: &str) -> String {
        ENTRA_KEY.mint_text(header, &self.claims().to_string())
    }

    /// Alice's header over that payload, as it is.
    fn payload(&self, payload: &str) -> String {
        ENTRA_KEY.sign(&format!("{}.{payload}", self.parts()[0]), &RSA_PKCS1_SHA256)
    }

    /// Alice's token with as much in it as makes it so long.
    fn of_length(&self, bytes: usize) -> String {
        let mint = |letters: usize, spaces: usize| {
            let claims = merged(self.claims(), &json!({ "x": "x".repeat(letters) }));
            ENTRA_KEY.mint_text(&format!("{}{}", header(), " ".repeat(spaces)), &claims.to_string())
        };
        let about = (bytes - mint(0, 0).len()) / 4 * 3;
        (about - 3..about + 3)
            .flat_map(|letters| (0..3).map(move |spaces| (letters, spaces)))
            .map(|(letters, spaces)| mint(letters, spaces))
            .find(|token| token.len() == bytes)
            .unwrap()
    }

    /// The three parts of Alice's token.
    fn parts(&self) -> [String; 3] {
        let token = ENTRA_KEY.mint(&header(), &self.claims());
        token.split('.').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap()
    }

    async fn judge(&self, token: &str) -> Result<Caller, TokenRefusal> {
        self.validator.validate(BearerToken::new(token.to_owned())).await
    }

    #[track_caller]
    fn assert_refused(&self, runtime: &tokio::runtime::Runtime, name: &str, token: &str, reason: &str) {
        match runtime.block_on(self.judge(token)) {
            Ok(_) => panic!("{name}: accepted"),
            Err(refusal) => {
                assert_eq!(refusal.reason(), reason, "{name}");
                assert_speaks_plainly(&refusal);
            }
        }
    }
}

fn merged(mut claims: Value, changes: &Value) -> Value {
    let members = claims.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap().clone() {
        if value.is_null() {
            members.remove(&name)
        } else {
            members.insert(name, value)
        };
    }
    claims
}

/// Fits an `error_description` (RFC 6750 §3) and repeats nothing that only the token says.
#[track_caller]
fn assert_speaks_plainly(refusal: &TokenRefusal) {
    let text = refusal.to_string();
    assert!(text.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)), "{text}");
    for of_the_token in [ALICE, OTHER_TENANT, "alice@", "entra-key", "evil", "pairwise"] {
        assert!(!text.contains(of_the_token), "{text}");
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[tokio::test]
async fn a_valid_user_token_makes_a_caller_of_its_claims() {
    let fixture = Fixture::new().await;
    let token = ENTRA_KEY.mint(&header(), &fixture.claims());
    let caller = fixture.judge(&token).await.ok().unwrap();
    assert!(caller.is_user());
    assert_eq!(caller.tenant().to_string(), TENANT);
    assert_eq!(caller.object().to_string(), ALICE);
    assert_eq!(caller.client().to_string(), CLIENT);
    assert_eq!(caller.name(), "alice@contoso.example");
    assert_eq!(caller.token_id(), Some("token-1"));
    assert_eq!(caller.expires_at(), UnixTime(NOW + 3300));
    assert_eq!(caller.permissions(), ["cost.read", "cost.export"]);
    assert!(caller.handles_claims_challenges());
    assert!(caller.token().secret() == token);
}

#[tokio::test]
async fn a_valid_app_token_makes_a_caller_of_its_claims() {
    let caller = validate(monitor).await.ok().unwrap();
    assert!(!caller.is_user());
    assert_eq!(caller.permissions(), ["Diagnostics.Read"]);
    assert_eq!(caller.name(), ALICE, "a service has no name but its object id");
    assert!(!caller.handles_claims_challenges());
}

/// What real tokens may have and these rules must not refuse.
#[tokio::test]
async fn harmless_differences_are_accepted() {
    let fixture = Fixture::new().await;
    let upper_case_tenant = TENANT.to_uppercase();
    for (name, token) in [
        ("idtyp of a user", fixture.claim("idtyp", "user")),
        ("roles of a user", fixture.claim("roles", json!(["Some.Role"]))),
        ("no optional claims", fixture.claims_with(&json!({"uti": null, "xms_cc": null, "preferred_username": null}))),
        ("capability as a lone string", fixture.claim("xms_cc", "CP1")),
        ("unknown claims", fixture.claims_with(&json!({"acct": 0, "wids": ["x"], "ctry": {"nested": [1]}}))),
        ("GUID in upper case", fixture.claim("tid", upper_case_tenant)),
        ("no iat", fixture.no_claim("iat")),
        ("deep nesting", fixture.claims_text(&format!("{{\"x\":{}{},", "[".repeat(2000), "]".repeat(2000)))),
        ("clock a minute apart: expired", fixture.claim("exp", NOW - 59)),
        ("clock a minute apart: early", fixture.claims_with(&json!({"nbf": NOW + 60, "iat": NOW + 60}))),
        ("29 hours", fixture.claims_with(&json!({"nbf": NOW, "exp": NOW + 29 * 3600}))),
        ("no typ", fixture.header_text(&format!(r#"{{"alg":"RS256","kid":"{}"}}"#, ENTRA_KEY.id))),
        ("16 KiB", fixture.of_length(16_384)),
        ("spaces in the header", fixture.header_text(&format!(r#"{{ "kid" : "{}", "alg" : "RS256" }}"#, ENTRA_KEY.id))),
    ] {
        assert_eq!(fixture.judge(&token).await.err(), None, "{name}");
    }
    let service_without_roles =
        ENTRA_KEY.mint(&header(), &merged(monitor(&fixture.server.authority), &json!({"roles": null})));
    assert_eq!(fixture.judge(&service_without_roles).await.ok().unwrap().permissions(), [""; 0]);
}

#[tokio::test]
async fn only_listed_clients_may_call_once_there_is_a_list() {
    let server = KeyServer::start().await;
    let token = ENTRA_KEY.mint(&header(), &alice(&server.authority));
    for (allowed, expected) in [
        (vec![], None),
        (vec![CLIENT], None),
        (vec![AUDIENCE, CLIENT], None),
        (vec![AUDIENCE], Some(TokenRefusal::ClientNotAllowed { client: CLIENT.parse().unwrap() })),
    ] {
        let validator = server.validator(Arc::new(StillClock), &allowed);
        assert_eq!(validator.validate(BearerToken::new(token.clone())).await.err(), expected, "{allowed:?}");
    }
}

#[tokio::test]
async fn names_that_could_break_a_line_are_passed_over() {
    for (preferred_username, upn, name) in [
        (Some("alice@contoso.example"), Some("upn"), "alice@contoso.example"),
        (None, Some("bob@contoso.example"), "bob@contoso.example"),
        (None, None, ALICE),
        (Some(""), Some("bob@contoso.example"), "bob@contoso.example"),
        (Some("alice\n@evil"), Some("bob@contoso.example"), "bob@contoso.example"),
        (Some("alice\u{202e}@evil"), Some("b o b"), ALICE),
        (Some("\u{e9}mile@contoso.example"), None, "\u{e9}mile@contoso.example"),
    ] {
        let changes = json!({ "preferred_username": preferred_username, "upn": upn });
        let caller = validate(|authority| merged(alice(authority), &changes)).await.ok().unwrap();
        assert_eq!(caller.name(), name, "{changes}");
    }
    let long = "a".repeat(300);
    let caller = validate(|authority| merged(alice(authority), &json!({ "preferred_username": long }))).await;
    assert_eq!(caller.ok().unwrap().name(), ALICE);
}

/// The texts of `assert_speaks_plainly` reach only refusals that a token can cause in these tests; this is all of them.
#[test]
fn every_refusal_has_a_code_of_its_own_and_a_plain_sentence() {
    let (tenant, client) = (TENANT.parse().unwrap(), AUDIENCE.parse().unwrap());
    let refusals = [
        TokenRefusal::KeysUnavailable { retry_after: Duration::from_secs(5) },
        TokenRefusal::TooLarge,
        TokenRefusal::Malformed,
        TokenRefusal::HeaderMalformed,
        TokenRefusal::HeaderNotAllowed { member: "jku" },
        TokenRefusal::GraphToken,
        TokenRefusal::WrongAlgorithm,
        TokenRefusal::MissingKeyId,
        TokenRefusal::InvalidKeyId,
        TokenRefusal::UnknownKey,
        TokenRefusal::BadSignature,
        TokenRefusal::ClaimsMalformed,
        TokenRefusal::WrongVersion,
        TokenRefusal::WrongIssuer { expected: "https://login.microsoftonline.com/tenant/v2.0".to_owned() },
        TokenRefusal::WrongTenant { expected: tenant },
        TokenRefusal::WrongAudience { expected: client },
        TokenRefusal::MissingClaim { claim: "azp" },
        TokenRefusal::Expired,
        TokenRefusal::NotYetValid,
        TokenRefusal::ImplausibleLifetime,
        TokenRefusal::KeyBound,
        TokenRefusal::IdToken,
        TokenRefusal::NeitherUserNorApp,
        TokenRefusal::ClientNotAllowed { client },
    ];
    let codes: std::collections::BTreeSet<_> = refusals.iter().map(TokenRefusal::reason).collect();
    assert_eq!(codes.len(), refusals.len());
    refusals.iter().for_each(assert_speaks_plainly);
}

#[derive(Clone, Debug)]
enum Mutation {
    Replace(prop::sample::Index, char),
    Insert(prop::sample::Index, char),
    Remove(prop::sample::Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let character = prop_oneof![
        4 => "[A-Za-z0-9_.-]".prop_map(|text| text.chars().next().unwrap()),
        1 => any::<char>(),
    ];
    let index = any::<prop::sample::Index>;
    prop_oneof![
        3 => (index(), character.clone()).prop_map(|(index, character)| Mutation::Replace(index, character)),
        1 => (index(), character).prop_map(|(index, character)| Mutation::Insert(index, character)),
        1 => index().prop_map(Mutation::Remove),
    ]
}

fn apply(token: &str, mutations: &[Mutation]) -> String {
    let mut characters: Vec<char> = token.chars().collect();
    for mutation in mutations {
        match mutation {
            Mutation::Replace(index, character) => *index.get_mut(&mut characters) = *character,
            Mutation::Insert(index, character) => characters.insert(index.index(characters.len() + 1), *character),
            Mutation::Remove(index) => drop(characters.remove(index.index(characters.len()))),
        }
    }
    characters.into_iter().collect()
}

#[test]
fn no_mutation_of_a_valid_token_is_accepted() {
    let runtime = runtime();
    let fixture = runtime.block_on(Fixture::new());
    let token = ENTRA_KEY.mint(&header(), &fixture.claims());
    assert!(runtime.block_on(fixture.judge(&token)).is_ok());
    proptest!(ProptestConfig::with_cases(2000), |(mutations in prop::collection::vec(mutation(), 1..4))| {
        let mutant = apply(&token, &mutations);
        prop_assume!(mutant != token);
        let refusal = runtime.block_on(fixture.judge(&mutant)).err();
        prop_assert!(refusal.is_some(), "accepted");
    });
}
