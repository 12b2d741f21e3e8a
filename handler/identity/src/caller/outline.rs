//! What a token says of itself, for an operator who wants to know why it is refused.
//!
//! The one place that reads claims before a signature is verified: anybody may have written them. So nothing comes out
//! but verdicts of this server's own words, no text of the token and no [`Caller`](super::Caller), and nothing that
//! decides about access may ask here.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::{AppRole, BearerToken, Scope, ValidatorSettings, jws::MAX_TOKEN_BYTES, validator::LEEWAY};
use crate::{TenantId, UnixTime};

/// Microsoft Graph, by its address and by its client id, which is the same in every tenant.
const MICROSOFT_GRAPH: [&str; 2] = ["https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"];

/// Azure Resource Manager, likewise, with the address of its predecessor.
const RESOURCE_MANAGER: [&str; 3] =
    ["https://management.azure.com", "https://management.core.windows.net", "797f4846-ba00-4fd7-ba43-dac1f8f63013"];

/// Verdicts about an unverified token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenOutline {
    /// `ver`.
    pub version: Version,
    /// `aud`.
    pub audience: Audience,
    /// Whether `tid` is the only tenant accepted.
    pub is_of_this_tenant: bool,
    /// `exp` and `nbf`.
    pub lifetime: Lifetime,
    /// `scp`, `idtyp`, and what only ID tokens have.
    pub kind: Kind,
    /// `scp` of a user's token, `roles` of another.
    pub permissions: Permissions,
}

/// The version a token says it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 1.0: its registration does not ask for version 2.0.
    One,
    /// 2.0: the only one accepted.
    Two,
    /// None, or one that does not exist.
    Unknown,
}

/// Whom a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// This server, by its client id: the only one accepted.
    ThisServer,
    /// This server, by its application id URI, as version 1.0 tokens name it.
    ApplicationIdUri,
    /// Microsoft Graph, by the audience or by the `nonce` in the header.
    MicrosoftGraph,
    /// Azure Resource Manager itself.
    ResourceManager,
    /// Somebody else, or nobody.
    Other,
}

/// How long a token still lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// So many seconds.
    Left(u64),
    /// It ended so many seconds ago.
    Ended(u64),
    /// It begins in so many seconds.
    Begins(u64),
    /// `exp` or `nbf` is absent or no number.
    Unknown,
}

/// Whose token it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A person's.
    User,
    /// A service's own.
    Service,
    /// An ID token, which opens nothing.
    IdToken,
    /// Neither `scp` nor `idtyp` tells.
    Unknown,
}

/// Which of this server's permissions a token names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permissions {
    /// Scopes of this server.
    pub scopes: Vec<Scope>,
    /// App roles of this server.
    pub roles: Vec<AppRole>,
    /// Scopes of this server that are named in another case, and therefore don't count.
    pub misspelt: Vec<Scope>,
    /// How many other names there are.
    pub others: usize,
}

impl TokenOutline {
    /// What `token` says, against what is expected of it; nothing if it is no signed JWT with a JSON object in it.
    #[must_use]
    pub fn of(token: &BearerToken, expected: &ValidatorSettings, application: &str, now: UnixTime) -> Option<Self> {
        let text = Some(token.secret()).filter(|text| text.len() <= MAX_TOKEN_BYTES)?;
        let [header, payload, _] = text.split('.').collect::<Vec<_>>().try_into().ok()?;
        let (header, claims) = (object(header)?, object(payload)?);
        let claim = |name: &str| claims.get(name).and_then(Value::as_str);
        let tenant = claim("tid").and_then(|tenant| tenant.parse::<TenantId>().ok());
        Some(Self {
            version: version(claim("ver")),
            audience: audience(claim("aud").unwrap_or_default(), header.contains_key("nonce"), expected, application),
            is_of_this_tenant: tenant == Some(expected.authority.tenant()),
            lifetime: lifetime(&claims, now),
            kind: kind(&claims),
            permissions: permissions(&claims),
        })
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn version(ver: Option<&str>) -> Version {
    match ver {
        Some("1.0") => Version::One,
        Some("2.0") => Version::Two,
        _ => Version::Unknown,
    }
}

fn audience(audience: &str, has_nonce: bool, expected: &ValidatorSettings, application: &str) -> Audience {
    let bare = audience.trim_end_matches('/');
    match () {
        () if audience.parse() == Ok(expected.audience) => Audience::ThisServer,
        () if bare == application.trim_end_matches('/') => Audience::ApplicationIdUri,
        () if has_nonce || MICROSOFT_GRAPH.contains(&bare) => Audience::MicrosoftGraph,
        () if RESOURCE_MANAGER.contains(&bare) => Audience::ResourceManager,
        () => Audience::Other,
    }
}

fn lifetime(claims: &Map<String, Value>, now: UnixTime) -> Lifetime {
    let moment = |name: &str| claims.get(name).and_then(Value::as_i64).map(UnixTime);
    let (Some(expires_at), Some(not_before)) = (moment("exp"), moment("nbf")) else { return Lifetime::Unknown };
    if now >= expires_at.plus(LEEWAY) {
        return Lifetime::Ended(expires_at.until(now).as_secs());
    }
    if not_before > now.plus(LEEWAY) {
        return Lifetime::Begins(now.until(not_before).as_secs());
    }
    Lifetime::Left(now.until(expires_at).as_secs())
}

fn kind(claims: &Map<String, Value>) -> Kind {
    let has = |name: &str| claims.contains_key(name);
    let idtyp = claims.get("idtyp").and_then(Value::as_str);
    if ["at_hash", "c_hash", "nonce"].into_iter().any(has) {
        return Kind::IdToken;
    }
    match (has("scp"), idtyp) {
        (true, None | Some("user")) => Kind::User,
        (false, Some("app")) => Kind::Service,
        _ => Kind::Unknown,
    }
}

fn permissions(claims: &Map<String, Value>) -> Permissions {
    let mut permissions = Permissions::default();
    let scopes = claims.get("scp").and_then(Value::as_str).unwrap_or_default();
    for name in scopes.split(' ').filter(|name| !name.is_empty()) {
        let known = Scope::ALL.into_iter().find(|scope| scope.name().eq_ignore_ascii_case(name));
        match known {
            Some(scope) if scope.name() == name => permissions.scopes.push(scope),
            Some(scope) => permissions.misspelt.push(scope),
            None => permissions.others += 1,
        }
    }
    for name in claims.get("roles").and_then(Value::as_array).into_iter().flatten() {
        match AppRole::ALL.into_iter().find(|role| name == role.name()) {
            Some(role) => permissions.roles.push(role),
            None => permissions.others += 1,
        }
    }
    permissions
}

#[cfg(test)]
mod tests {
    //! Proves which verdict each claim gets, and that no text can break the reader.

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{
        Authority,
        caller::testing::{AUDIENCE, ENTRA_KEY, NOW, OTHER_TENANT, TENANT, alice, header, monitor},
    };

    const APPLICATION: &str = "api://contoso/mcp-cost-server";

    fn expected() -> ValidatorSettings {
        let host = "https://login.example".parse().unwrap();
        let authority = Authority::new(host, TENANT.parse().unwrap());
        ValidatorSettings { authority, audience: AUDIENCE.parse().unwrap(), allowed_clients: Vec::new() }
    }

    fn outline_of(text: &str) -> Option<TokenOutline> {
        TokenOutline::of(&BearerToken::new(text.to_owned()), &expected(), APPLICATION, UnixTime(NOW))
    }

    /// Alice's token with other claims.
    #[track_caller]
    fn outline(change: &Value) -> TokenOutline {
        let mut claims = alice(&expected().authority);
        let members = claims.as_object_mut().unwrap();
        for (name, value) in change.as_object().unwrap() {
            if value.is_null() {
                members.remove(name)
            } else {
                members.insert(name.clone(), value.clone())
            };
        }
        outline_of(&ENTRA_KEY.mint(&header(), &claims)).unwrap()
    }

    #[test]
    fn a_good_token_has_good_verdicts_also_when_its_signature_is_wrong() {
        let token = ENTRA_KEY.mint(&header(), &alice(&expected().authority));
        let forged = format!("{}.AAAA", token.rsplit_once('.').unwrap().0);
        let expected = TokenOutline {
            version: Version::Two,
            audience: Audience::ThisServer,
            is_of_this_tenant: true,
            lifetime: Lifetime::Left(3300),
            kind: Kind::User,
            permissions: Permissions { scopes: vec![Scope::CostRead, Scope::CostExport], ..Permissions::default() },
        };
        assert_eq!(outline_of(&token), Some(expected.clone()));
        assert_eq!(outline_of(&forged), Some(expected));
    }

    #[test]
    fn each_claim_has_its_verdict() {
        for (ver, expected) in [("1.0", Version::One), ("2.0", Version::Two), ("3.0", Version::Unknown)] {
            assert_eq!(outline(&json!({ "ver": ver })).version, expected, "{ver}");
        }
        for (aud, expected) in [
            (AUDIENCE, Audience::ThisServer),
            ("api://contoso/mcp-cost-server/", Audience::ApplicationIdUri),
            ("00000003-0000-0000-c000-000000000000", Audience::MicrosoftGraph),
            ("https://graph.microsoft.com/", Audience::MicrosoftGraph),
            ("https://management.azure.com/", Audience::ResourceManager),
            ("https://vault.azure.net", Audience::Other),
        ] {
            assert_eq!(outline(&json!({ "aud": aud })).audience, expected, "{aud}");
        }
        assert!(!outline(&json!({ "tid": OTHER_TENANT })).is_of_this_tenant);
        for (exp, nbf, expected) in [
            (json!(NOW - 60), json!(NOW - 900), Lifetime::Ended(60)),
            (json!(NOW - 59), json!(NOW - 900), Lifetime::Left(0)),
            (json!(NOW + 900), json!(NOW + 60), Lifetime::Left(900)),
            (json!(NOW + 900), json!(NOW + 61), Lifetime::Begins(61)),
            (json!("soon"), json!(NOW), Lifetime::Unknown),
            (json!(i64::MIN), json!(i64::MAX), Lifetime::Ended(i64::MAX.unsigned_abs())),
        ] {
            assert_eq!(outline(&json!({ "exp": exp, "nbf": nbf })).lifetime, expected, "{exp} {nbf}");
        }
        for (change, expected) in [
            (json!({ "idtyp": "user" }), Kind::User),
            (json!({ "scp": null, "idtyp": "app" }), Kind::Service),
            (json!({ "scp": null, "c_hash": "x" }), Kind::IdToken),
            (json!({ "scp": null }), Kind::Unknown),
            (json!({ "idtyp": "app" }), Kind::Unknown),
        ] {
            assert_eq!(outline(&change).kind, expected, "{change}");
        }
    }

    #[test]
    fn permissions_count_in_their_own_spelling_only() {
        let permissions = outline(&json!({ "scp": "Cost.Read cost.export cost.read.all User.Read" })).permissions;
        assert_eq!(permissions.scopes, [Scope::CostExport]);
        assert_eq!(permissions.misspelt, [Scope::CostRead]);
        assert_eq!(permissions.others, 2);
        let service = outline_of(&ENTRA_KEY.mint(&header(), &monitor(&expected().authority))).unwrap();
        assert_eq!(service.permissions.roles, [AppRole::DiagnosticsRead]);
        let roles = json!({ "scp": null, "roles": ["diagnostics.read", "Diagnostics.Read", "Other", 1] });
        let permissions = outline(&roles).permissions;
        assert_eq!((permissions.roles.as_slice(), permissions.others), ([AppRole::DiagnosticsRead].as_slice(), 3));
    }

    #[test]
    fn a_nonce_in_the_header_tells_graph() {
        let mut header = header();
        header["nonce"] = "x".into();
        let mut claims = alice(&expected().authority);
        claims["aud"] = "anything".into();
        assert_eq!(outline_of(&ENTRA_KEY.mint(&header, &claims)).unwrap().audience, Audience::MicrosoftGraph);
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in ".{0,200}", json in "[\\[\\]{}:,\"a-z0-9]{0,64}") {
            outline_of(&text);
            let part = URL_SAFE_NO_PAD.encode(json);
            outline_of(&format!("{part}.{part}.{part}"));
        }
    }
}
