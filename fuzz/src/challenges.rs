//! `WWW-Authenticate`: whatever a challenge is about, a parser of others reads in it what was meant.
//!
//! The input is four parts, each but the last ended by a line's end: the application id URI, the public address, the
//! claims, the description. The first two count as far as the settings let them through.

use handler::{fuzzing, http::Face};
use http::HeaderValue;
use http_auth::parser::ChallengeParser;
use identity::{Scope, exchange::ClaimsChallenge};

use super::settings;

/// Used where the input has no claims.
const CLAIMS: &str = r#"{"access_token":{"nbf":{"essential":true,"value":"1726258122"}}}"#;

/// Whether the addresses are usable, so that there are challenges.
pub fn judge(input: &[u8]) -> bool {
    let text = String::from_utf8_lossy(input);
    let mut parts = text.splitn(4, '\n');
    let mut part = || parts.next().unwrap_or_default();
    let environment = format!("{}\nAPP_ID_URI={}\nPUBLIC_URL={}", settings::COMPLETE, part(), part());
    let Some(settings) = settings::read(&environment) else { return false };
    let face = Face::of(&settings);
    let claims = ClaimsChallenge::parse(part()).unwrap_or(ClaimsChallenge::parse(CLAIMS).unwrap());
    let description = part();
    let read_as: String = description.chars().map(|c| if (' '..='~').contains(&c) { c } else { '\'' }).collect();
    let read_as = read_as.replace(['"', '\\'], "'");

    let metadata = format!("{}/.well-known/oauth-protected-resource/mcp", settings.public_url);
    let scope = |scope: Scope| format!("{}/{}", settings.application, scope.name());
    let asked = fuzzing::challenges(&face, Scope::CostExport, description, &claims);
    let [sign_in, invalid_token, insufficient_scope, insufficient_claims] =
        asked.map(|challenge| parameters(&challenge));

    let start = [("resource_metadata", metadata.as_str()), ("scope", &scope(Scope::CostRead))];
    assert_eq!(sign_in, owned(&start));
    let rest = [("error", "invalid_token"), ("error_description", &read_as)];
    assert_eq!(invalid_token, owned(&[start, rest].concat()));
    let expected = [
        ("error", "insufficient_scope"),
        ("scope", &scope(Scope::CostExport)),
        ("resource_metadata", &metadata),
        ("error_description", &read_as),
    ];
    assert_eq!(insufficient_scope, owned(&expected));
    let encoded = &insufficient_claims.iter().find(|(name, _)| name == "claims").unwrap().1;
    let decoded = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, encoded).unwrap();
    assert_eq!(decoded, claims.json().as_bytes());
    let expected = [
        ("realm", settings.authority.tenant().to_string().as_str()),
        ("authorization_uri", &settings.authority.authorization_endpoint()),
        ("error", "insufficient_claims"),
        ("claims", encoded),
        ("resource_metadata", &metadata),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(insufficient_claims, expected);
    true
}

/// The parameters of the one challenge that another parser finds.
#[track_caller]
fn parameters(value: &HeaderValue) -> Vec<(String, String)> {
    let text = value.to_str().unwrap();
    let challenges: Vec<_> = ChallengeParser::new(text).collect::<Result<_, _>>().unwrap();
    let [challenge] = challenges.as_slice() else { panic!("{} challenges in {text}", challenges.len()) };
    assert_eq!(challenge.scheme, "Bearer");
    challenge.params.iter().map(|(name, value)| ((*name).to_owned(), value.to_unescaped())).collect()
}

fn owned(parameters: &[(&str, &str)]) -> Vec<(String, String)> {
    parameters.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}
