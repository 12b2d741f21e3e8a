//! Proves that every class of hostile token is refused, each by the rule it breaks. The classes: RFC 8725, and the
//! advisories on libraries that confused types, algorithms or spellings.

use aws_lc_rs::{
    hmac,
    signature::{RSA_PKCS1_SHA384, RSA_PSS_SHA256},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::*;
use crate::caller::{jws::MAX_KEY_ID_LENGTH, testing};

#[test]
fn hostile_signatures_are_refused() {
    let runtime = runtime();
    let fixture = runtime.block_on(Fixture::new());
    let [header, payload, signature] = fixture.parts();
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let with_alg = |alg: &str| encode(&format!(r#"{{"alg":"{alg}","kid":"{}"}}"#, ENTRA_KEY.id));
    let hmac_with_public_key = {
        let signed = format!("{}.{payload}", with_alg("HS256"));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &ENTRA_KEY.modulus()), signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
    };
    let bobs_claims = encode(&merged(fixture.claims(), &json!({"oid": CLIENT})).to_string());
    let flipped =
        |text: &str| if text.starts_with('A') { text.replacen('A', "B", 1) } else { format!("A{}", &text[1..]) };

    for (name, token, reason) in [
        ("alg none", format!("{}.{payload}.", with_alg("none")), "wrong_algorithm"),
        ("alg None", format!("{}.{payload}.", with_alg("None")), "wrong_algorithm"),
        ("alg NONE", format!("{}.{payload}.", with_alg("NONE")), "wrong_algorithm"),
        ("alg nOnE, signed", format!("{}.{payload}.{signature}", with_alg("nOnE")), "wrong_algorithm"),
        ("alg empty", format!("{}.{payload}.{signature}", with_alg("")), "wrong_algorithm"),
        ("alg rs256", format!("{}.{payload}.{signature}", with_alg("rs256")), "wrong_algorithm"),
        ("HS256 with the public key", hmac_with_public_key, "wrong_algorithm"),
        (
            "ES256, psychic signature",
            format!("{}.{payload}.{}", with_alg("ES256"), encode(&"\0".repeat(64))),
            "wrong_algorithm",
        ),
        ("PS256", ENTRA_KEY.sign(&format!("{}.{payload}", with_alg("PS256")), &RSA_PSS_SHA256), "wrong_algorithm"),
        ("RS384", ENTRA_KEY.sign(&format!("{}.{payload}", with_alg("RS384")), &RSA_PKCS1_SHA384), "wrong_algorithm"),
        (
            "PS256 signature under RS256",
            ENTRA_KEY.sign(&format!("{header}.{payload}"), &RSA_PSS_SHA256),
            "bad_signature",
        ),
        (
            "RS384 signature under RS256",
            ENTRA_KEY.sign(&format!("{header}.{payload}"), &RSA_PKCS1_SHA384),
            "bad_signature",
        ),
        ("known kid, other key", NEXT_KEY.mint(&testing::header(), &fixture.claims()), "bad_signature"),
        ("empty signature", format!("{header}.{payload}."), "bad_signature"),
        ("zero signature", format!("{header}.{payload}.{}", encode(&"\0".repeat(256))), "bad_signature"),
        ("altered signature", format!("{header}.{payload}.{}", flipped(&signature)), "bad_signature"),
        ("shortened signature", format!("{header}.{payload}.{}", &signature[..signature.len() - 4]), "bad_signature"),
        ("lengthened signature", format!("{header}.{payload}.{signature}AAAA"), "bad_signature"),
        ("padded signature", format!("{header}.{payload}.{signature}=="), "bad_signature"),
        (
            "signature in base64 of the other alphabet",
            format!("{header}.{payload}.+/{}", &signature[2..]),
            "bad_signature",
        ),
        ("another's claims", format!("{header}.{bobs_claims}.{signature}"), "bad_signature"),
        ("empty claims", format!("{header}..{signature}"), "bad_signature"),
        ("other header", format!("{}.{payload}.{signature}", with_alg("RS256")), "bad_signature"),
        ("line break at the end", format!("{header}.{payload}.{signature}\n"), "bad_signature"),
        ("NUL at the end", format!("{header}.{payload}.{signature}\0"), "bad_signature"),
    ] {
        fixture.assert_refused(&runtime, name, &token, reason);
    }
}

#[test]
fn hostile_headers_are_refused() {
    let runtime = runtime();
    let fixture = runtime.block_on(Fixture::new());
    let [header, payload, signature] = fixture.parts();
    let kid = &ENTRA_KEY.id;
    let embedded = NEXT_KEY.published("evil");

    for (name, token, reason) in [
        ("kid missing", fixture.header_text(r#"{"alg":"RS256"}"#), "missing_key_id"),
        ("kid empty", fixture.header("kid", ""), "invalid_key_id"),
        ("kid null", fixture.header("kid", Value::Null), "header_malformed"),
        ("kid number", fixture.header("kid", 1), "header_malformed"),
        ("kid list", fixture.header("kid", json!([kid])), "header_malformed"),
        ("kid too long", fixture.header("kid", "k".repeat(MAX_KEY_ID_LENGTH + 1)), "invalid_key_id"),
        ("kid of a megabyte", fixture.header("kid", "k".repeat(1 << 20)), "too_large"),
        ("kid with NUL", fixture.header("kid", "entra-key\0"), "invalid_key_id"),
        ("kid not ASCII", fixture.header("kid", "entra-k\u{435}y"), "invalid_key_id"),
        ("kid SQL", fixture.header("kid", "x' UNION SELECT 'evil"), "invalid_key_id"),
        ("kid path", fixture.header("kid", "../../../../dev/null"), "unknown_key"),
        ("kid address", fixture.header("kid", "http://evil.example/key"), "unknown_key"),
        ("kid in another case", fixture.header("kid", "ENTRA-KEY"), "unknown_key"),
        (
            "kid of the other key",
            NEXT_KEY.mint(&json!({"alg": "RS256", "kid": NEXT_KEY.id}), &fixture.claims()),
            "unknown_key",
        ),
        (
            "kid twice",
            fixture.header_text(&format!(r#"{{"alg":"RS256","kid":"{kid}","kid":"evil"}}"#)),
            "header_malformed",
        ),
        (
            "kid twice, escaped",
            fixture.header_text(&format!(r#"{{"alg":"RS256","kid":"{kid}","\u006bid":"{kid}"}}"#)),
            "header_malformed",
        ),
        (
            "alg twice",
            fixture.header_text(&format!(r#"{{"alg":"none","alg":"RS256","kid":"{kid}"}}"#)),
            "header_malformed",
        ),
        ("alg missing", fixture.header_text(&format!(r#"{{"kid":"{kid}"}}"#)), "wrong_algorithm"),
        ("alg number", fixture.header("alg", 256), "header_malformed"),
        ("alg list", fixture.header("alg", json!(["RS256"])), "header_malformed"),
        ("jku", fixture.header("jku", "https://evil.example/keys"), "header_not_allowed"),
        ("jku null", fixture.header("jku", Value::Null), "header_not_allowed"),
        ("x5u", fixture.header("x5u", "https://evil.example/certificate"), "header_not_allowed"),
        ("x5c", fixture.header("x5c", json!(["evil"])), "header_not_allowed"),
        (
            "jwk",
            NEXT_KEY.mint(&json!({"alg": "RS256", "kid": kid, "jwk": embedded}), &fixture.claims()),
            "header_not_allowed",
        ),
        ("crit unknown", fixture.header("crit", json!(["evil"])), "header_not_allowed"),
        ("crit empty", fixture.header("crit", json!([])), "header_not_allowed"),
        ("b64 false", fixture.header("b64", false), "header_not_allowed"),
        (
            "b64 false, crit",
            fixture.header_text(&format!(r#"{{"alg":"RS256","kid":"{kid}","b64":false,"crit":["b64"]}}"#)),
            "header_not_allowed",
        ),
        ("nonce of Microsoft Graph", fixture.header("nonce", "evil"), "graph_token"),
        ("header an array", fixture.header_text(&format!(r#"["RS256","{kid}"]"#)), "header_malformed"),
        ("header a string", fixture.header_text(r#""RS256""#), "header_malformed"),
        ("header not JSON", fixture.header_text("alg=RS256"), "header_malformed"),
        ("header empty", format!(".{payload}.{signature}"), "header_malformed"),
        ("two JSON texts", fixture.header_text(&format!(r#"{{"alg":"RS256","kid":"{kid}"}}{{}}"#)), "header_malformed"),
        ("byte order mark", fixture.header_text(&format!("\u{feff}{}", testing::header())), "header_malformed"),
        ("padding", format!("{header}=.{payload}.{signature}"), "malformed"),
        ("trailing bits", format!("{}.{payload}.{signature}", respelled(&testing::header())), "malformed"),
        ("white space", format!(" {header}.{payload}.{signature}"), "malformed"),
        ("scheme left in", format!("Bearer {header}.{payload}.{signature}"), "malformed"),
        ("line break inside", format!("{header}\r\n.{payload}.{signature}"), "malformed"),
        ("NUL in front", format!("\0{header}.{payload}.{signature}"), "malformed"),
        ("not ASCII", format!("\u{435}{header}.{payload}.{signature}"), "malformed"),
        ("empty", String::new(), "malformed"),
        ("only dots", "..".to_owned(), "header_malformed"),
        ("one part", header.clone(), "malformed"),
        ("two parts", format!("{header}.{payload}"), "malformed"),
        ("four parts", format!("{header}.{payload}.{signature}.{signature}"), "malformed"),
        ("encrypted: five parts", format!("{header}.{payload}.{payload}.{payload}.{signature}"), "malformed"),
        (
            "JSON serialization",
            format!(r#"{{"protected":"{header}","payload":"{payload}","signature":"{signature}"}}"#),
            "malformed",
        ),
        ("16 KiB and a byte", fixture.of_length(16_385), "too_large"),
        ("64 KiB of nothing", "A".repeat(64 * 1024), "too_large"),
    ] {
        fixture.assert_refused(&runtime, name, &token, reason);
    }
}

/// That JSON in a second spelling: a bit is set that the last character of its base64url leaves over.
fn respelled(json: &Value) -> String {
    let mut text = json.to_string();
    text.push_str(if text.len().is_multiple_of(3) { " " } else { "" });
    let mut encoded = URL_SAFE_NO_PAD.encode(text);
    let last = u8::try_from(encoded.pop().unwrap()).unwrap();
    encoded.push(char::from(last + 1));
    encoded
}

#[test]
fn hostile_claims_are_refused_although_signed() {
    let runtime = runtime();
    let fixture = runtime.block_on(Fixture::new());
    let host = fixture.server.authority.issuer().replace(&format!("/{TENANT}/v2.0"), "");
    let issuer = |tenant: &str, end: &str| format!("{host}/{tenant}{end}");
    let v1_issuer = format!("https://sts.windows.net/{TENANT}/");
    let v1 = json!({"ver": "1.0", "iss": v1_issuer, "aud": "api://cost", "azp": null, "appid": CLIENT});
    let id_token = json!({"scp": null, "azp": null, "aud": AUDIENCE, "roles": ["Diagnostics.Read"], "rh": "x"});

    for (name, token, reason) in [
        ("not JSON", ENTRA_KEY.mint_text(&header().to_string(), "evil"), "claims_malformed"),
        ("nested token", ENTRA_KEY.mint_text(&header().to_string(), &fixture.parts().join(".")), "claims_malformed"),
        ("trailing bits", fixture.payload(&respelled(&fixture.claims())), "claims_malformed"),
        ("padding", fixture.payload(&format!("{}=", fixture.parts()[1])), "claims_malformed"),
        ("white space", fixture.payload(&format!("{}\n", fixture.parts()[1])), "claims_malformed"),
        ("an array", ENTRA_KEY.mint_text(&header().to_string(), r#"["2.0"]"#), "claims_malformed"),
        ("nothing", ENTRA_KEY.mint_text(&header().to_string(), ""), "claims_malformed"),
        ("not UTF-8 text", fixture.claims_text("{\"oid\":\"\\ud800\","), "claims_malformed"),
        ("tid twice, first right", fixture.claims_text(&format!(r#"{{"tid":"{TENANT}","#)), "claims_malformed"),
        ("tid twice, first wrong", fixture.claims_text(&format!(r#"{{"tid":"{OTHER_TENANT}","#)), "claims_malformed"),
        ("aud twice, escaped", fixture.claims_text(&format!(r#"{{"\u0061ud":"{AUDIENCE}","#)), "claims_malformed"),
        ("scp twice", fixture.claims_text(r#"{"scp":"cost.export","#), "claims_malformed"),
        ("exp twice", fixture.claims_text(r#"{"exp":9999999999,"#), "claims_malformed"),
        ("roles twice", fixture.claims_text(r#"{"roles":[],"roles":["Diagnostics.Read"],"#), "claims_malformed"),
        ("version 1.0", fixture.claims_with(&v1), "wrong_version"),
        ("ver missing", fixture.no_claim("ver"), "wrong_version"),
        ("ver 2", fixture.claim("ver", "2"), "wrong_version"),
        ("ver number", fixture.claim("ver", 2.0), "claims_malformed"),
        ("ver against iss", fixture.claim("iss", format!("https://sts.windows.net/{TENANT}/")), "wrong_issuer"),
        ("iss missing", fixture.no_claim("iss"), "wrong_issuer"),
        ("iss of another tenant", fixture.claim("iss", issuer(OTHER_TENANT, "/v2.0")), "wrong_issuer"),
        ("iss common", fixture.claim("iss", issuer("common", "/v2.0")), "wrong_issuer"),
        ("iss template", fixture.claim("iss", issuer("{tenantid}", "/v2.0")), "wrong_issuer"),
        ("iss with slash", fixture.claim("iss", issuer(TENANT, "/v2.0/")), "wrong_issuer"),
        ("iss without version", fixture.claim("iss", issuer(TENANT, "/")), "wrong_issuer"),
        ("iss as prefix", fixture.claim("iss", issuer(TENANT, "/v2.0.evil.example")), "wrong_issuer"),
        (
            "iss of another cloud",
            fixture.claim("iss", format!("https://login.microsoftonline.us/{TENANT}/v2.0")),
            "wrong_issuer",
        ),
        ("iss list", fixture.claim("iss", json!([issuer(TENANT, "/v2.0"), "evil"])), "claims_malformed"),
        ("tid against iss", fixture.claim("tid", OTHER_TENANT), "wrong_tenant"),
        ("tid of consumers", fixture.claim("tid", "9188040d-6c67-4c5b-b112-36a304b66dad"), "wrong_tenant"),
        ("tid missing", fixture.no_claim("tid"), "wrong_tenant"),
        ("tid without hyphens", fixture.claim("tid", TENANT.replace('-', "")), "wrong_tenant"),
        ("tid null", fixture.claim("tid", Value::Null), "claims_malformed"),
        ("aud missing", fixture.no_claim("aud"), "wrong_audience"),
        ("aud empty", fixture.claim("aud", ""), "wrong_audience"),
        ("aud of Graph", fixture.claim("aud", "00000003-0000-0000-c000-000000000000"), "wrong_audience"),
        ("aud of Resource Manager", fixture.claim("aud", "https://management.azure.com"), "wrong_audience"),
        ("aud of the client", fixture.claim("aud", CLIENT), "wrong_audience"),
        ("aud as URI", fixture.claim("aud", format!("api://{AUDIENCE}")), "wrong_audience"),
        ("aud list", fixture.claim("aud", json!([AUDIENCE])), "claims_malformed"),
        ("aud object", fixture.claim("aud", json!({"evil": AUDIENCE})), "claims_malformed"),
        ("exp missing", fixture.no_claim("exp"), "missing_claim"),
        ("exp string", fixture.claim("exp", (NOW + 3300).to_string()), "claims_malformed"),
        ("exp float", fixture.claim("exp", 1_767_228_900.0), "claims_malformed"),
        ("exp null", fixture.claim("exp", Value::Null), "claims_malformed"),
        ("exp list", fixture.claim("exp", json!([NOW + 3300])), "claims_malformed"),
        ("exp negative", fixture.claim("exp", -1), "expired"),
        ("exp lowest", fixture.claim("exp", i64::MIN), "expired"),
        ("exp passed", fixture.claim("exp", NOW - 60), "expired"),
        ("exp highest", fixture.claim("exp", i64::MAX), "implausible_lifetime"),
        ("exp beyond 64 bits", fixture.claim("exp", u64::MAX), "claims_malformed"),
        ("exp in milliseconds", fixture.claim("exp", (NOW + 3300) * 1000), "implausible_lifetime"),
        ("nbf missing", fixture.no_claim("nbf"), "missing_claim"),
        ("nbf string", fixture.claim("nbf", "0"), "claims_malformed"),
        ("nbf float", fixture.claim("nbf", 0.5), "claims_malformed"),
        ("nbf in the future", fixture.claim("nbf", NOW + 61), "not_yet_valid"),
        ("nbf lowest", fixture.claim("nbf", i64::MIN), "implausible_lifetime"),
        ("iat in the future", fixture.claim("iat", NOW + 61), "not_yet_valid"),
        ("iat string", fixture.claim("iat", "evil"), "claims_malformed"),
        (
            "29 hours and a second",
            fixture.claims_with(&json!({"nbf": NOW, "exp": NOW + 29 * 3600 + 1})),
            "implausible_lifetime",
        ),
        (
            "ends before it begins",
            fixture.claims_with(&json!({"nbf": NOW + 30, "exp": NOW + 30})),
            "implausible_lifetime",
        ),
        ("bound to a key", fixture.claim("cnf", json!({"jwk": {}})), "key_bound"),
        ("bound to nothing", fixture.claim("cnf", Value::Null), "key_bound"),
        ("ID token: nonce", fixture.claim("nonce", "evil"), "id_token"),
        ("ID token: c_hash", fixture.claim("c_hash", "evil"), "id_token"),
        ("ID token: at_hash", fixture.claim("at_hash", Value::Null), "id_token"),
        ("ID token with roles", fixture.claims_with(&id_token), "missing_claim"),
        ("azp missing", fixture.no_claim("azp"), "missing_claim"),
        ("azp no GUID", fixture.claim("azp", "evil"), "claims_malformed"),
        ("oid missing", fixture.no_claim("oid"), "missing_claim"),
        ("oid no GUID", fixture.claim("oid", "evil"), "claims_malformed"),
        ("oid list", fixture.claim("oid", json!([ALICE])), "claims_malformed"),
        ("neither scp nor idtyp", fixture.no_claim("scp"), "neither_user_nor_app"),
        (
            "roles alone",
            fixture.claims_with(&json!({"scp": null, "roles": ["Diagnostics.Read"]})),
            "neither_user_nor_app",
        ),
        ("idtyp=app with scp", fixture.claim("idtyp", "app"), "neither_user_nor_app"),
        ("idtyp=app with empty scp", fixture.claims_with(&json!({"idtyp": "app", "scp": ""})), "neither_user_nor_app"),
        ("idtyp=user without scp", fixture.claims_with(&json!({"idtyp": "user", "scp": null})), "neither_user_nor_app"),
        ("idtyp=App", fixture.claims_with(&json!({"idtyp": "App", "scp": null})), "neither_user_nor_app"),
        ("idtyp unknown", fixture.claim("idtyp", "device"), "neither_user_nor_app"),
        ("idtyp list", fixture.claim("idtyp", json!(["app"])), "claims_malformed"),
        ("scp empty", fixture.claim("scp", ""), "neither_user_nor_app"),
        ("scp blank", fixture.claim("scp", "  "), "neither_user_nor_app"),
        ("scp list", fixture.claim("scp", json!(["cost.read"])), "claims_malformed"),
        ("scp null", fixture.claim("scp", Value::Null), "claims_malformed"),
        ("roles a string", fixture.claim("roles", "Diagnostics.Read"), "claims_malformed"),
        ("roles of numbers", fixture.claim("roles", json!([1])), "claims_malformed"),
        ("preferred_username list", fixture.claim("preferred_username", json!(["evil"])), "claims_malformed"),
    ] {
        fixture.assert_refused(&runtime, name, &token, reason);
    }
}
