//! Algorithms that are not RS256, signatures that are not this token's, keys that are not this tenant's.

use aws_lc_rs::{
    hmac,
    signature::{
        RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512,
        RsaEncoding,
    },
};
use serde_json::json;

use super::{
    Class, Corpus,
    forge::{Forge, decode, encode, parts, sealed_by, text, with},
};

/// Other names, and spellings of RS256 that are none.
const ALGORITHMS: [&str; 31] = [
    "none",
    "None",
    "NONE",
    "nOnE",
    "",
    "rs256",
    "Rs256",
    "RS256 ",
    " RS256",
    "RS256\0",
    "RS-256",
    "RSA256",
    "SHA256withRSA",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES256K",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
    "HS256",
    "HS384",
    "HS512",
    "RSA1_5",
    "RSA-OAEP",
    "dir",
    "A256GCM",
];

pub(super) fn add(corpus: &mut Corpus, forge: &Forge<'_>) {
    algorithms(corpus, forge);
    hmac_with_public_key(corpus, forge);
    signatures(corpus, forge);
    foreign_keys(corpus, forge);
}

fn algorithms(corpus: &mut Corpus, forge: &Forge<'_>) {
    let [_, claims, signature] = forge.valid();
    for algorithm in ALGORITHMS {
        let mut add = |how: &str, token| {
            corpus.add(Class::Algorithm, format_args!("{algorithm:?}, {how}"), token, "wrong_algorithm");
        };
        let header = encode(text(&with(&forge.header, "alg", algorithm)));
        add("unsigned", format!("{header}.{claims}."));
        add("signature of RS256", format!("{header}.{claims}.{signature}"));
        add("signed over", forge.sealed(&format!("{header}.{claims}")));
        // ES256 with r = s = 0, which some verifiers took for a signature of anything
        add("64 zeros", format!("{header}.{claims}.{}", encode([0; 64])));
    }
    let encodings: [(&str, &'static dyn RsaEncoding); 5] = [
        ("RS384", &RSA_PKCS1_SHA384),
        ("RS512", &RSA_PKCS1_SHA512),
        ("PS256", &RSA_PSS_SHA256),
        ("PS384", &RSA_PSS_SHA384),
        ("PS512", &RSA_PSS_SHA512),
    ];
    for (name, encoding) in encodings {
        let header = encode(text(&with(&forge.header, "alg", name)));
        let token = sealed_by(forge.key(), encoding, &format!("{header}.{claims}"));
        corpus.add(Class::Algorithm, format_args!("{name}, properly signed"), token, "wrong_algorithm");
        let header = encode(text(&forge.header));
        let token = sealed_by(forge.key(), encoding, &format!("{header}.{claims}"));
        corpus.add(Class::Signature, format_args!("{name} under RS256"), token, "bad_signature");
    }
}

/// The public key is public: whoever takes it for the secret of an HMAC lets everybody sign.
fn hmac_with_public_key(corpus: &mut Corpus, forge: &Forge<'_>) {
    let key = forge.key();
    let pem = |label: &str, line: usize| {
        let text = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, key.public_key());
        let lines: Vec<_> = text.as_bytes().chunks(line).map(|line| String::from_utf8_lossy(line)).collect();
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
    };
    let secrets = [
        ("DER", key.public_key().to_vec()),
        ("modulus", decode(&key.modulus())),
        ("modulus as text", key.modulus().into_bytes()),
        ("PEM", pem("RSA PUBLIC KEY", 64).into_bytes()),
        ("PEM without the last end of line", pem("RSA PUBLIC KEY", 64).trim_end().as_bytes().to_vec()),
        ("PEM in one line", pem("PUBLIC KEY", usize::MAX).into_bytes()),
        ("JWK", json!({ "e": "AQAB", "kty": "RSA", "n": key.modulus() }).to_string().into_bytes()),
        ("kid", key.id().into_bytes()),
        ("nothing", Vec::new()),
    ];
    let [_, claims, _] = forge.valid();
    for (name, algorithm) in [("HS256", hmac::HMAC_SHA256), ("HS384", hmac::HMAC_SHA384), ("HS512", hmac::HMAC_SHA512)]
    {
        for (what, secret) in &secrets {
            let mac = |header: &str| {
                let signed = format!("{header}.{claims}");
                let tag = hmac::sign(&hmac::Key::new(algorithm, secret), signed.as_bytes());
                format!("{signed}.{}", encode(tag))
            };
            let variation = format!("{name} with {what}");
            let token = mac(&encode(text(&with(&forge.header, "alg", name))));
            corpus.add(Class::HmacWithPublicKey, &variation, token, "wrong_algorithm");
            let token = mac(&encode(text(&forge.header)));
            corpus.add(Class::HmacWithPublicKey, format_args!("{variation} under RS256"), token, "bad_signature");
        }
    }
}

fn signatures(corpus: &mut Corpus, forge: &Forge<'_>) {
    let [header, claims, signature] = forge.valid();
    let signature = decode(&signature);
    let modulus = decode(&forge.key().modulus());
    let less_one: Vec<u8> = modulus.iter().copied().take(255).chain(modulus.last().map(|last| last - 1)).collect();
    let one: Vec<u8> = std::iter::repeat_n(0, 255).chain([1]).collect();
    let another = decode(&parts(&forge.claim("uti", "another"))[2]);
    let mut add = |variation: String, bytes: &[u8]| {
        let token = format!("{header}.{claims}.{}", encode(bytes));
        corpus.add(Class::Signature, variation, token, "bad_signature");
    };
    add("empty".into(), &[]);
    add("zero".into(), &[0; 256]);
    add("one".into(), &one);
    add("all ones".into(), &[0xff; 256]);
    add("the modulus".into(), &modulus);
    add("the modulus less one".into(), &less_one);
    add("another token's".into(), &another);
    add("backwards".into(), &signature.iter().rev().copied().collect::<Vec<_>>());
    add("twice".into(), &[signature.clone(), signature.clone()].concat());
    for length in [1, 2, 32, 64, 128, 254, 255] {
        add(format!("the first {length} bytes"), &signature[..length]);
        add(format!("the last {length} bytes"), &signature[256 - length..]);
    }
    for zeros in [1, 2, 256] {
        add(format!("{zeros} zeros in front"), &[vec![0; zeros], signature.clone()].concat());
        add(format!("{zeros} zeros behind"), &[signature.clone(), vec![0; zeros]].concat());
    }
    for index in [0, 1, 127, 128, 254, 255] {
        let mut flipped = signature.clone();
        flipped[index] ^= 1;
        add(format!("a bit of byte {index}"), &flipped);
    }
}

fn foreign_keys(corpus: &mut Corpus, forge: &Forge<'_>) {
    let [header, claims, _] = forge.valid();
    for (number, key) in forge.other_keys().iter().enumerate() {
        let token = sealed_by(key, &RSA_PKCS1_SHA256, &format!("{header}.{claims}"));
        corpus.add(Class::ForeignKey, format_args!("key {number} under the other's id"), token, "bad_signature");
    }
    for (what, key) in [("of consumers", forge.key_of_consumers()), ("unknown", forge.foreign_key())] {
        let header = encode(text(&with(&forge.header, "kid", key.id())));
        let token = sealed_by(key, &RSA_PKCS1_SHA256, &format!("{header}.{claims}"));
        corpus.add(Class::ForeignKey, format_args!("key {what} under its own id"), token, "unknown_key");
        let token = forge.sealed(&format!("{header}.{claims}"));
        corpus.add(Class::ForeignKey, format_args!("our key under the id of the key {what}"), token, "unknown_key");
    }
}
