//! Claims that Entra did not mean for this server, although it signed them.

use lab::people::{MCP_CLIENT_ID, MONITOR_CLIENT_ID, SERVER_CLIENT_ID, TENANT_ID};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::{
    Class, Corpus,
    forge::{Forge, decode, parts, text, with},
};

const OTHER_TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
const RESOURCE_MANAGER: &str = "797f4846-ba00-4fd7-ba43-dac1f8f63013";

pub(super) fn add(corpus: &mut Corpus, forge: &Forge<'_>) {
    types(corpus, forge);
    absent(corpus, forge);
    duplicates(corpus, forge);
    forms(corpus, forge);
    origins(corpus, forge);
    audiences(corpus, forge);
    times(corpus, forge);
    strangers(corpus, forge);
}

fn types(corpus: &mut Corpus, forge: &Forge<'_>) {
    let mut add = |name: &str, value: &Value| {
        let token = forge.claim(name, value.clone());
        corpus.add(Class::ClaimType, format_args!("{name}: {value}"), token, "claims_malformed");
    };
    let texts = ["ver", "iss", "tid", "aud", "azp", "oid", "scp", "idtyp", "preferred_username", "upn", "uti"];
    for name in texts {
        let right = forge.claims.get(name).cloned().unwrap_or("user".into());
        for value in
            [json!(null), json!(true), json!(2.0), json!([right]), json!([right, "evil"]), json!({ "value": right })]
        {
            add(name, &value);
        }
    }
    for name in ["exp", "nbf", "iat"] {
        let right = forge.claims[name].as_i64().unwrap();
        #[expect(clippy::cast_precision_loss, reason = "seconds are far below 2^53")]
        let fraction = right as f64 + 0.5;
        for value in [
            json!(null),
            json!(true),
            json!(right.to_string()),
            json!(fraction),
            json!(1e300),
            json!(u64::MAX),
            json!([right]),
            json!({ "value": right }),
            json!("9999999999"),
            json!(""),
        ] {
            add(name, &value);
        }
    }
    for value in
        [json!(null), json!("Diagnostics.Read"), json!(7), json!({}), json!([1]), json!([null]), json!([["x"]])]
    {
        add("roles", &value);
    }
    for value in [json!(null), json!(true), json!(1), json!({ "cp1": true }), json!([1])] {
        add("xms_cc", &value);
    }
}

fn absent(corpus: &mut Corpus, forge: &Forge<'_>) {
    let needed = [
        ("ver", "wrong_version"),
        ("iss", "wrong_issuer"),
        ("tid", "wrong_tenant"),
        ("aud", "wrong_audience"),
        ("exp", "missing_claim"),
        ("nbf", "missing_claim"),
        ("azp", "missing_claim"),
        ("oid", "missing_claim"),
        ("scp", "neither_user_nor_app"),
    ];
    for (name, reason) in needed {
        corpus.add(Class::MissingClaim, name, forge.claims(&json!({ name: null })), reason);
        for other in [name.to_uppercase(), format!("{name} "), format!("\u{feff}{name}"), format!("{name}\0")] {
            let mut claims = forge.claims.clone();
            let value = claims.remove(name).unwrap();
            let token = forge.of(&with(&claims, &other, value));
            corpus.add(Class::MissingClaim, format_args!("{name} as {other:?}"), token, reason);
        }
    }
}

/// Two readers that take different ones are how a token says one thing to its judge and another to its user.
fn duplicates(corpus: &mut Corpus, forge: &Forge<'_>) {
    let names = ["ver", "iss", "tid", "aud", "exp", "nbf", "iat", "azp", "oid", "scp", "preferred_username", "uti"];
    for name in names {
        let right = &forge.claims[name];
        let wrong = if right.is_number() { json!(4_000_000_000_u32) } else { json!("evil") };
        let escaped = format!("\\u00{:02x}{}", name.as_bytes()[0], &name[1..]);
        for (how, name, value) in
            [("wrong first", name, &wrong), ("the same", name, right), ("escaped", &escaped, right)]
        {
            let token = forge.prefixed(&format!("{{\"{name}\":{value},"));
            corpus.add(Class::DuplicateClaim, format_args!("{how}: {name}"), token, "claims_malformed");
        }
        let last = text(&forge.claims).trim_end_matches('}').to_owned() + &format!(",\"{name}\":{wrong}}}");
        corpus.add(Class::DuplicateClaim, format_args!("wrong last: {name}"), forge.of_text(last), "claims_malformed");
    }
    for name in ["cnf", "nonce", "roles", "idtyp"] {
        let token = forge.prefixed(&format!("{{\"{name}\":[],\"{name}\":[],"));
        corpus.add(Class::DuplicateClaim, format_args!("both new: {name}"), token, "claims_malformed");
    }
}

fn forms(corpus: &mut Corpus, forge: &Forge<'_>) {
    let claims = text(&forge.claims);
    let array = Value::Array(forge.claims.values().cloned().collect()).to_string();
    let mut add = |variation: &str, claims: &[u8]| {
        corpus.add(Class::ClaimsForm, variation, forge.of_text(claims), "claims_malformed");
    };
    for (variation, claims) in [
        ("an array", array),
        ("a string", json!(claims).to_string()),
        ("null", "null".to_owned()),
        ("not JSON", "oid=alice".to_owned()),
        ("cut off", claims[..claims.len() - 1].to_owned()),
        ("two objects", format!("{claims}{claims}")),
        ("a comma too much", claims.replace('}', ",}")),
        ("a comment", claims.replacen('{', "{/**/", 1)),
        ("a byte order mark", format!("\u{feff}{claims}")),
        ("white space in front", format!("\n{claims}")),
        ("a NUL behind", format!("{claims}\0")),
        ("half a character", claims.replacen("\"oid\"", "\"oid\":\"\\ud800\",\"x\"", 1)),
        ("NaN", claims.replacen("\"exp\":", "\"exp\":NaN,\"x\":", 1)),
        ("hexadecimal time", claims.replacen("\"exp\":", "\"exp\":0xffffffff,\"x\":", 1)),
        ("a plus sign", claims.replacen("\"exp\":", "\"exp\":+", 1)),
        ("a leading zero", claims.replacen("\"exp\":", "\"exp\":0", 1)),
        ("a token", forge.valid().join(".")),
    ] {
        add(variation, claims.as_bytes());
    }
    add("not UTF-8", &[br#"{"oid":""#.as_slice(), b"\xc3\x28\",", &claims.as_bytes()[1..]].concat());
    add("UTF-16", &claims.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>());
}

fn origins(corpus: &mut Corpus, forge: &Forge<'_>) {
    for version in ["1.0", "2", "2.00", "02.0", "2.0 ", " 2.0", "2.0.0", "v2.0", "3.0", "", "\u{ff12}.0"] {
        corpus.add(Class::Version, format_args!("{version:?}"), forge.claim("ver", version), "wrong_version");
    }
    let host = forge.lab.entra().authority();
    let right = forge.lab.entra().issuer();
    let address = host.trim_start_matches("https://");
    for issuer in [
        "",
        &format!("{right}/"),
        &format!("{right} "),
        &format!("{right}\0"),
        &format!("{right}#x"),
        &format!("{right}?x"),
        &format!("{right}.evil.example"),
        &format!("{host}/{OTHER_TENANT}/v2.0"),
        &format!("{host}/common/v2.0"),
        &format!("{host}/organizations/v2.0"),
        &format!("{host}/consumers/v2.0"),
        &format!("{host}/{{tenantid}}/v2.0"),
        &format!("{host}/{TENANT_ID}"),
        &format!("{host}/{TENANT_ID}/"),
        &format!("{host}/{TENANT_ID}/v1.0"),
        &format!("{host}//{TENANT_ID}/v2.0"),
        &format!("{host}/{}/v2.0", TENANT_ID.to_uppercase()),
        &format!("{host}/x/../{TENANT_ID}/v2.0"),
        &format!("http://{address}/{TENANT_ID}/v2.0"),
        &format!("https://user@{address}/{TENANT_ID}/v2.0"),
        &format!("HTTPS://{address}/{TENANT_ID}/v2.0"),
        &format!("https://login.microsoftonline.com/{TENANT_ID}/v2.0"),
        &format!("https://login.microsoftonline.us/{TENANT_ID}/v2.0"),
        &format!("https://sts.windows.net/{TENANT_ID}/"),
        &format!("https://evil.example/{TENANT_ID}/v2.0"),
        &format!("{right} https://evil.example"),
    ] {
        corpus.add(Class::Issuer, format_args!("{issuer:?}"), forge.claim("iss", issuer), "wrong_issuer");
    }
    for tenant in [
        "",
        OTHER_TENANT,
        "common",
        "organizations",
        "contoso.example",
        &TENANT_ID.replace('-', ""),
        &format!("{{{TENANT_ID}}}"),
        &format!("urn:uuid:{TENANT_ID}"),
        &format!("{TENANT_ID} "),
        &format!(" {TENANT_ID}"),
        "00000000-0000-0000-0000-000000000000",
        &format!("{TENANT_ID}\0"),
        &format!("{TENANT_ID},{OTHER_TENANT}"),
    ] {
        corpus.add(Class::Tenant, format_args!("{tenant:?}"), forge.claim("tid", tenant), "wrong_tenant");
    }
    let alice = || forge.lab.token(forge.lab.alice()).scope("cost.read");
    for tenant in [OTHER_TENANT, "72f988bf-86f1-41af-91ab-2d7cd011db47"] {
        let token = alice().tenant(tenant).issue().unwrap();
        corpus.add(Class::Tenant, format_args!("issued by {tenant}"), token, "wrong_issuer");
    }
    corpus.add(Class::Version, "a whole token of it", alice().version_1().issue().unwrap(), "wrong_version");
}

fn audiences(corpus: &mut Corpus, forge: &Forge<'_>) {
    let application = forge.lab.app_id_uri();
    for audience in [
        "",
        "*",
        GRAPH,
        RESOURCE_MANAGER,
        "https://graph.microsoft.com",
        "https://management.azure.com",
        "https://management.azure.com/",
        MCP_CLIENT_ID,
        MONITOR_CLIENT_ID,
        application,
        &format!("{application}/"),
        &format!("api://{SERVER_CLIENT_ID}"),
        &format!("spn:{SERVER_CLIENT_ID}"),
        &format!("{{{SERVER_CLIENT_ID}}}"),
        &format!("{SERVER_CLIENT_ID}/"),
        &format!("{SERVER_CLIENT_ID} "),
        &format!("{SERVER_CLIENT_ID}\0"),
        &format!("{SERVER_CLIENT_ID},{GRAPH}"),
        &format!("{SERVER_CLIENT_ID} {GRAPH}"),
        &SERVER_CLIENT_ID.replace('-', ""),
        forge.lab.resource_manager().url(),
        "00000000-0000-0000-0000-000000000000",
    ] {
        corpus.add(Class::Audience, format_args!("{audience:?}"), forge.claim("aud", audience), "wrong_audience");
    }
    let graph = forge.lab.token(forge.lab.alice()).scope("cost.read").for_graph().issue().unwrap();
    corpus.add(Class::Audience, "a whole token of Graph", graph, "graph_token");
}

fn times(corpus: &mut Corpus, forge: &Forge<'_>) {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let hours = |hours: i64| hours * 3600;
    let mut add = |variation: &str, changes: Value, reason| {
        corpus.add(Class::Time, format_args!("{variation}: {changes}"), forge.claims(&changes), reason);
    };
    for end in [i64::MIN, -now, -1, 0, 1, now / 1000, now - hours(24), now - hours(1), now - 61] {
        add("ended", json!({ "exp": end }), "expired");
    }
    for end in [i64::MAX, now * 1000, now * 1_000_000, now + hours(30), now + hours(24 * 365)] {
        add("never ends", json!({ "exp": end }), "implausible_lifetime");
    }
    // half an hour from now: the clocks of this test and of the server need not agree to the second
    for begin in [i64::MAX, now * 1000, now + hours(1), now + 1800] {
        add("not begun", json!({ "nbf": begin }), "not_yet_valid");
        add("issued in the future", json!({ "iat": begin }), "not_yet_valid");
    }
    for begin in [i64::MIN, -1, 0, now - hours(24 * 365), now - hours(30)] {
        add("began long ago", json!({ "nbf": begin }), "implausible_lifetime");
    }
    add("begins when it ends", json!({ "nbf": now, "exp": now }), "implausible_lifetime");
    add("ends before it begins", json!({ "nbf": now + 20, "exp": now + 10 }), "implausible_lifetime");
    add("no difference fits", json!({ "nbf": i64::MIN, "exp": i64::MAX }), "implausible_lifetime");
}

/// Tokens of others, of another kind, or for somebody who must show a key.
fn strangers(corpus: &mut Corpus, forge: &Forge<'_>) {
    for value in [
        json!({ "jwk": {} }),
        json!({ "kid": "device" }),
        json!({ "x5t#S256": "x" }),
        json!(null),
        json!("x"),
        json!([]),
    ] {
        corpus.add(Class::Binding, format_args!("cnf: {value}"), forge.claim("cnf", value.clone()), "key_bound");
    }
    for name in ["nonce", "c_hash", "at_hash"] {
        for value in [json!("x"), json!(null), json!(0)] {
            corpus.add(Class::Kind, format_args!("{name}: {value}"), forge.claim(name, value.clone()), "id_token");
        }
    }
    let alice = || forge.lab.token(forge.lab.alice()).scope("cost.read");
    corpus.add(Class::Kind, "an ID token", alice().id_token().issue().unwrap(), "id_token");
    let roles = json!(["Diagnostics.Read", "cost.read"]);
    for (variation, changes, reason) in [
        ("an ID token with roles", json!({ "scp": null, "azp": null, "roles": roles }), "missing_claim"),
        ("roles alone", json!({ "scp": null, "roles": roles }), "neither_user_nor_app"),
        ("no scope", json!({ "scp": "" }), "neither_user_nor_app"),
        ("blanks for scopes", json!({ "scp": "   " }), "neither_user_nor_app"),
        ("a service with scopes", json!({ "idtyp": "app" }), "neither_user_nor_app"),
        ("a service with no scopes, said", json!({ "idtyp": "app", "scp": "" }), "neither_user_nor_app"),
        ("a user without scopes", json!({ "idtyp": "user", "scp": null }), "neither_user_nor_app"),
        ("App", json!({ "idtyp": "App", "scp": null }), "neither_user_nor_app"),
        ("USER", json!({ "idtyp": "USER" }), "neither_user_nor_app"),
        ("a device", json!({ "idtyp": "device" }), "neither_user_nor_app"),
        ("no kind", json!({ "idtyp": "" }), "neither_user_nor_app"),
    ] {
        corpus.add(Class::Kind, variation, forge.claims(&changes), reason);
    }
    for name in ["azp", "oid"] {
        for value in ["", "evil", "alice@contoso.example", "../", "c2a4e6f81b3d4f578a9c0e2d4b6f8a1c", "\0"] {
            let token = forge.claim(name, value);
            corpus.add(Class::Kind, format_args!("{name} {value:?}"), token, "claims_malformed");
        }
    }
    for client in
        [SERVER_CLIENT_ID, GRAPH, "00000000-0000-0000-0000-000000000000", "04b07795-8ddb-461a-bbee-02f9e1bf7b46"]
    {
        corpus.add(Class::Client, client, forge.claim("azp", client), "client_not_allowed");
    }
    // the token that the exchange would win: for Azure, not for this server
    let mut azure: Map<String, Value> = serde_json::from_slice(&decode(&parts(&forge.of(&forge.claims))[1])).unwrap();
    azure.extend([
        ("aud".to_owned(), forge.lab.resource_manager().url().into()),
        ("iss".to_owned(), format!("https://sts.windows.net/{TENANT_ID}/").into()),
        ("ver".to_owned(), "1.0".into()),
        ("scp".to_owned(), "user_impersonation".into()),
    ]);
    corpus.add(Class::Audience, "Azure's own", forge.of(&azure), "wrong_version");
}
