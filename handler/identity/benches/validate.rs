//! What the rules cost: a whole validation against the bare signature check of the library, same key, same token.
//!
//! `cargo bench -p identity --bench validate`. Validation should stay within 1.3 times the library's `decode`.

#![expect(clippy::unwrap_used, reason = "a benchmark that can't be set up must stop")]

use std::{hint::black_box, sync::Arc};

use aws_lc_rs::{
    rand::SystemRandom as Entropy,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaPublicKeyComponents},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use identity::{
    Authority, BearerToken, Clock, SystemClock, SystemRandom, Validator,
    caller::{SigningKeys, ValidatorSettings},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::json;
use tokio::{net::TcpListener, runtime::Runtime};

const TENANT: &str = "11111111-1111-4111-8111-111111111111";
const AUDIENCE: &str = "33333333-3333-4333-8333-333333333333";

/// The claims that the library checks.
#[derive(serde::Deserialize)]
struct BareClaims {
    #[expect(dead_code, reason = "read by the library")]
    exp: i64,
}

fn validate(criterion: &mut Criterion) {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let RsaPublicKeyComponents::<Vec<u8>> { n, e } = pair.public_key().into();
    let (n, e) = (URL_SAFE_NO_PAD.encode(n), URL_SAFE_NO_PAD.encode(e));

    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let host = format!("http://{}", listener.local_addr().unwrap());
    let authority = Authority::new(host.parse().unwrap(), TENANT.parse().unwrap());
    let document = json!({"keys": [
        {"kty": "RSA", "use": "sig", "kid": "key", "n": n, "e": e, "issuer": authority.issuer()},
    ]});
    let router = axum::Router::new().fallback(move || std::future::ready(document.to_string()));
    runtime.spawn(async move { axum::serve(listener, router).await });
    let token = sign(&pair, &authority);

    let (clock, http) = (Arc::new(SystemClock), http());
    let keys = SigningKeys::new(&authority, http, Arc::clone(&clock) as Arc<dyn Clock>, Arc::new(SystemRandom));
    runtime.block_on(keys.prefetch());
    let settings = ValidatorSettings {
        authority: authority.clone(),
        audience: AUDIENCE.parse().unwrap(),
        allowed_clients: vec![],
    };
    let validator = Validator::new(settings, keys, clock);

    let key = DecodingKey::from_rsa_components(&n, &e).unwrap();
    let mut rules = Validation::new(Algorithm::RS256);
    rules.set_audience(&[AUDIENCE]);
    rules.set_issuer(&[authority.issuer()]);
    rules.validate_nbf = true;

    let mut group = criterion.benchmark_group("RS256");
    group.throughput(Throughput::Elements(1));
    group.bench_function("jsonwebtoken decode", |bencher| {
        bencher.iter(|| decode::<BareClaims>(black_box(&token), &key, &rules).unwrap());
    });
    group.bench_function("validate", |bencher| {
        bencher.iter(|| {
            let token = BearerToken::new(black_box(&token).clone());
            runtime.block_on(validator.validate(token)).ok().unwrap()
        });
    });
    group.finish();
}

/// A token of about 2 KB, as Entra issues them.
fn sign(pair: &KeyPair, authority: &Authority) -> String {
    let now = SystemClock.now().0;
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": "key"});
    let claims = json!({
        "ver": "2.0", "iss": authority.issuer(), "tid": TENANT, "aud": AUDIENCE,
        "azp": "44444444-4444-4444-8444-444444444444", "azpacr": "0",
        "iat": now, "nbf": now, "exp": now + 3600,
        "oid": "55555555-5555-4555-8555-555555555555", "sub": "x".repeat(43), "sid": "x".repeat(36),
        "scp": "cost.read cost.export", "uti": "x".repeat(22), "rh": "x".repeat(60), "aio": "x".repeat(700),
        "name": "Alice", "preferred_username": "alice@contoso.example", "xms_cc": ["cp1"], "xms_ftd": "x".repeat(60),
    });
    let signed =
        format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &Entropy::new(), signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[expect(clippy::disallowed_methods, reason = "a benchmark has no main that builds the client")]
fn http() -> reqwest::Client {
    rustls::crypto::aws_lc_rs::default_provider().install_default().unwrap();
    reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap()
}

criterion_group!(benches, validate);
criterion_main!(benches);
