//! For this crate's tests: keys that stand in for Entra's, tokens minted with them, a server that publishes them, and a
//! clock that moves only when told to.

use std::{
    sync::{
        Arc, LazyLock, Once,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaEncoding, RsaPublicKeyComponents},
};
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{BearerToken, Caller, SigningKeys, TokenRefusal, Validator, ValidatorSettings};
use crate::{Authority, Clock, Random, UnixTime};

pub(crate) const TENANT: &str = "11111111-1111-4111-8111-111111111111";
pub(crate) const OTHER_TENANT: &str = "22222222-2222-4222-8222-222222222222";
/// This server's registration.
pub(crate) const AUDIENCE: &str = "33333333-3333-4333-8333-333333333333";
/// The client application that asks.
pub(crate) const CLIENT: &str = "44444444-4444-4444-8444-444444444444";
pub(crate) const ALICE: &str = "55555555-5555-4555-8555-555555555555";
/// When the tests begin: 2026-01-01T00:00:00Z.
pub(crate) const NOW: i64 = 1_767_225_600;

/// Made once per process; each is "the key of that id" for every test.
pub(crate) static ENTRA_KEY: LazyLock<TestKey> = LazyLock::new(|| TestKey::generate("entra-key"));
pub(crate) static NEXT_KEY: LazyLock<TestKey> = LazyLock::new(|| TestKey::generate("next-key"));

/// A private key and the id it is published under.
pub(crate) struct TestKey {
    pub(crate) id: String,
    pair: KeyPair,
}

impl TestKey {
    fn generate(id: &str) -> Self {
        Self { id: id.to_owned(), pair: KeyPair::generate(KeySize::Rsa2048).unwrap() }
    }

    /// As Entra publishes it: with an issuer, without `alg`.
    pub(crate) fn published(&self, issuer: &str) -> Value {
        let RsaPublicKeyComponents::<Vec<u8>> { n, e } = self.pair.public_key().into();
        let (n, e) = (URL_SAFE_NO_PAD.encode(n), URL_SAFE_NO_PAD.encode(e));
        json!({"kty": "RSA", "use": "sig", "kid": self.id, "x5t": self.id, "n": n, "e": e, "issuer": issuer})
    }

    /// The modulus, which an attacker would try as the secret of an HMAC.
    pub(crate) fn modulus(&self) -> Vec<u8> {
        let RsaPublicKeyComponents::<Vec<u8>> { n, .. } = self.pair.public_key().into();
        n
    }

    pub(crate) fn mint(&self, header: &Value, claims: &Value) -> String {
        self.mint_text(&header.to_string(), &claims.to_string())
    }

    /// Signs whatever the texts say, JSON or not.
    pub(crate) fn mint_text(&self, header: &str, claims: &str) -> String {
        self.sign(&format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims)), &RSA_PKCS1_SHA256)
    }

    pub(crate) fn sign(&self, signed: &str, padding: &'static dyn RsaEncoding) -> String {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair.sign(padding, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// The header Entra writes for [`ENTRA_KEY`].
pub(crate) fn header() -> Value {
    json!({"typ": "JWT", "alg": "RS256", "kid": ENTRA_KEY.id})
}

/// Alice's claims, issued by `authority` five minutes ago for an hour.
pub(crate) fn alice(authority: &Authority) -> Value {
    json!({
        "ver": "2.0", "iss": authority.issuer(), "tid": TENANT, "aud": AUDIENCE, "azp": CLIENT, "azpacr": "0",
        "iat": NOW - 300, "nbf": NOW - 300, "exp": NOW + 3300,
        "oid": ALICE, "sub": "pairwise", "scp": "cost.read cost.export", "uti": "token-1",
        "name": "Alice", "preferred_username": "alice@contoso.example", "xms_cc": ["cp1"], "aio": "opaque",
    })
}

/// A monitoring service's claims: app-only, with the role.
pub(crate) fn monitor(authority: &Authority) -> Value {
    let mut claims = alice(authority);
    let members = claims.as_object_mut().unwrap();
    members.retain(|name, _| !matches!(name.as_str(), "scp" | "name" | "preferred_username" | "xms_cc"));
    members.insert("idtyp".into(), "app".into());
    members.insert("roles".into(), json!(["Diagnostics.Read"]));
    claims
}

/// Tokio's clock as wall clock, so that `tokio::time::advance` moves both, and a way to move the wall clock alone.
pub(crate) struct TestClock {
    started: tokio::time::Instant,
    skipped: AtomicI64,
}

impl TestClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { started: tokio::time::Instant::now(), skipped: AtomicI64::new(0) })
    }

    /// What an instance sees that was frozen meanwhile: the time of day moved, its timers did not.
    pub(crate) fn skip(&self, seconds: i64) {
        self.skipped.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> UnixTime {
        UnixTime(NOW + self.skipped.load(Ordering::SeqCst)).plus(self.started.elapsed())
    }
}

/// It is [`NOW`] all the time: a token that is valid for one more second must be so however slow the machine is.
pub(crate) struct StillClock;

impl Clock for StillClock {
    fn now(&self) -> UnixTime {
        UnixTime(NOW)
    }
}

/// The middle of every range.
pub(crate) struct NoJitter;

impl Random for NoJitter {
    fn uuid(&self) -> uuid::Uuid {
        uuid::Uuid::nil()
    }

    fn fraction(&self) -> f64 {
        0.5
    }
}

/// Holds tokio's time still until dropped or advanced by hand. Paused alone, it would jump to the next timer whenever
/// all tasks wait, also when they wait for a socket; it does not while a blocking task runs.
pub(crate) struct StillTime(
    #[expect(dead_code, reason = "the blocking task ends when this is dropped")] std::sync::mpsc::Sender<()>,
);

impl StillTime {
    pub(crate) fn hold() -> Self {
        tokio::time::pause();
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || receiver.recv());
        Self(sender)
    }
}

/// What the key endpoint answers.
#[derive(Clone)]
pub(crate) enum Answer {
    Document(StatusCode, String),
    /// None, until another answer is set.
    Silence,
}

/// A key endpoint on loopback. Every path answers the same.
pub(crate) struct KeyServer {
    pub(crate) authority: Authority,
    answer: watch::Sender<Answer>,
    asked: watch::Receiver<usize>,
}

impl KeyServer {
    /// Publishes [`ENTRA_KEY`].
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let (answer, answers) = watch::channel(Answer::Silence);
        let (count, asked) = watch::channel(0);
        let router = Router::new().fallback(Self::serve).with_state((answers, Arc::new(count)));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let server = Self { authority: Authority::new(host, TENANT.parse().unwrap()), answer, asked };
        server.publish(&[&ENTRA_KEY]);
        server
    }

    async fn serve(
        State((mut answers, asked)): State<(watch::Receiver<Answer>, Arc<watch::Sender<usize>>)>,
    ) -> (StatusCode, [(header::HeaderName, &'static str); 1], String) {
        asked.send_modify(|count| *count += 1);
        let answer = answers.wait_for(|answer| !matches!(answer, Answer::Silence)).await.unwrap().clone();
        let Answer::Document(status, body) = answer else { unreachable!() };
        (status, [(header::LOCATION, "/elsewhere")], body)
    }

    pub(crate) fn publish(&self, keys: &[&TestKey]) {
        let issuer = self.authority.issuer();
        let keys: Vec<Value> = keys.iter().map(|key| key.published(&issuer)).collect();
        self.answer(StatusCode::OK, &json!({ "keys": keys }).to_string());
    }

    pub(crate) fn answer(&self, status: StatusCode, body: &str) {
        self.answer.send_replace(Answer::Document(status, body.to_owned()));
    }

    pub(crate) fn fall_silent(&self) {
        self.answer.send_replace(Answer::Silence);
    }

    pub(crate) fn times_asked(&self) -> usize {
        *self.asked.borrow()
    }

    /// Returns as soon as it was asked that often. Gives up after ten real seconds, because the test's time may stand
    /// still.
    pub(crate) async fn asked(&self, times: usize) {
        let (_until_here, gone) = std::sync::mpsc::channel::<()>();
        let mut asked = self.asked.clone();
        tokio::select! {
            count = asked.wait_for(|count| *count >= times) => drop(count.unwrap()),
            _ = tokio::task::spawn_blocking(move || gone.recv_timeout(Duration::from_secs(10))) =>
                panic!("the key endpoint was asked {} times, not {times}", self.times_asked()),
        }
    }

    /// Keys of this server, none fetched yet.
    pub(crate) fn keys(&self, clock: Arc<dyn Clock>) -> Arc<SigningKeys> {
        SigningKeys::new(&self.authority, http(), clock, Arc::new(NoJitter))
    }

    /// A validator for this server's tokens; `allowed_clients` as in the settings.
    pub(crate) fn validator(&self, clock: Arc<dyn Clock>, allowed_clients: &[&str]) -> Validator {
        let settings = ValidatorSettings {
            authority: self.authority.clone(),
            audience: AUDIENCE.parse().unwrap(),
            allowed_clients: allowed_clients.iter().map(|client| client.parse().unwrap()).collect(),
        };
        Validator::new(settings, self.keys(Arc::clone(&clock)), clock)
    }
}

/// The way of a real token: minted, sent, validated.
pub(crate) async fn validate(claims: impl FnOnce(&Authority) -> Value) -> Result<Caller, TokenRefusal> {
    let server = KeyServer::start().await;
    let token = ENTRA_KEY.mint(&header(), &claims(&server.authority));
    server.validator(Arc::new(StillClock), &[]).validate(BearerToken::new(token)).await
}

/// As main builds it, but without TLS roots: the servers are on loopback.
#[expect(clippy::disallowed_methods, reason = "tests have no main that builds the client")]
pub(crate) fn http() -> reqwest::Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| rustls::crypto::aws_lc_rs::default_provider().install_default().unwrap());
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .tls_certs_only([])
        .connect_timeout(Duration::from_secs(5))
        .build()
        .unwrap()
}
