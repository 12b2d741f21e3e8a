//! What the tests of this crate stand on: a clock that is moved by hand, two people, and servers on loopback.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_lc_rs::{
    digest::{self, Digest},
    signature::RSA_PSS_SHA256,
};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, Method, Response, Uri},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, RsaKeySize, date_time_ymd};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject as _};
use tokio::sync::{OwnedRwLockWriteGuard, RwLock, watch};
use url::Url;
use uuid::Uuid;
use zeroize::Zeroizing;

pub(crate) use crate::caller::testing::http;

use super::{
    ArmToken, Exchange, ExchangeFailure, ExchangeSettings,
    certificate::ClientCertificate,
    credential::{CertificateCredential, Credential, Signatory},
};
use crate::{Authority, Caller, Clock, Random, Scope, TenantId, UnixTime};

/// Tue, 14 Nov 2023 22:13:20 GMT.
pub(crate) const NOW: UnixTime = UnixTime(1_700_000_000);
pub(crate) const CLIENT: &str = "c0ffee00-0000-4000-8000-000000000001";
pub(crate) const TENANT: &str = "11111111-1111-4111-8111-111111111111";
const ALICE: &str = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
const BOB: &str = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb";

/// A clock that stands until it is moved.
pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(NOW.0)))
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> UnixTime {
        UnixTime(self.0.load(Ordering::SeqCst))
    }
}

/// Ids that count up, and always the middle of the jitter.
#[derive(Default)]
pub(crate) struct TestRandom(AtomicU64);

impl Random for TestRandom {
    fn uuid(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::SeqCst)) + 1)
    }

    fn fraction(&self) -> f64 {
        0.5
    }
}

/// Alice with the token `assertion`, which has an hour left.
pub(crate) fn alice(assertion: &str) -> Caller {
    person(ALICE, assertion, NOW.plus(Duration::from_hours(1)))
}

/// Bob with the token `assertion`, which has an hour left.
pub(crate) fn bob(assertion: &str) -> Caller {
    person(BOB, assertion, NOW.plus(Duration::from_hours(1)))
}

/// Alice with a token that ends at `expires_at`.
pub(crate) fn alice_until(assertion: &str, expires_at: UnixTime) -> Caller {
    person(ALICE, assertion, expires_at)
}

fn person(object: &str, assertion: &str, expires_at: UnixTime) -> Caller {
    let tenant: TenantId = TENANT.parse().unwrap();
    Caller::for_tests(tenant, object.parse().unwrap(), assertion, expires_at)
}

/// A self-signed certificate of 2023 to 2033 with an RSA key of 2048 bits.
pub(crate) struct TestCertificate {
    pub(crate) key: KeyPair,
    pub(crate) certificate: rcgen::Certificate,
}

impl TestCertificate {
    /// Keys are slow to make, so the tests share one.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<TestCertificate> = OnceLock::new();
        SHARED.get_or_init(Self::new)
    }

    pub(crate) fn new() -> Self {
        Self::with_key(KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap())
    }

    pub(crate) fn with_key(key: KeyPair) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.not_before = date_time_ymd(2023, 1, 1);
        params.not_after = date_time_ymd(2033, 1, 1);
        let certificate = params.self_signed(&key).unwrap();
        Self { key, certificate }
    }

    pub(crate) fn pem(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{}{}", self.key.serialize_pem(), self.certificate.pem()))
    }

    pub(super) fn client_certificate(&self) -> ClientCertificate {
        let key = PrivateKeyDer::from_pem_slice(self.key.serialize_pem().as_bytes()).unwrap();
        ClientCertificate::new(self.certificate.der(), &key, NOW).unwrap_or_else(|fault| panic!("{fault:?}"))
    }

    pub(crate) fn x5t_s256(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, self.certificate.der()))
    }

    /// What a vault does with the key: `PS256` over a digest that it is given.
    pub(crate) fn sign_digest(&self, digest: &[u8]) -> Vec<u8> {
        let key = aws_lc_rs::rsa::KeyPair::from_pkcs8(&self.key.serialize_der()).unwrap();
        let digest = Digest::import_less_safe(digest, &digest::SHA256).unwrap();
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign_digest(&RSA_PSS_SHA256, &digest, &mut signature).unwrap();
        signature
    }

    pub(crate) fn public_key(&self) -> &[u8] {
        self.key.public_key_raw()
    }
}

/// A request as a stub saw it.
pub(crate) struct Received {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    pub(crate) fn form(&self) -> HashMap<String, String> {
        url::form_urlencoded::parse(&self.body).into_owned().collect()
    }

    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

/// What a stub answers.
#[derive(Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    never: bool,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), never: false }
    }

    /// A success of the token endpoint.
    pub(crate) fn token(token: &str, expires_in: u64) -> Self {
        Self::new(200, format!(r#"{{"token_type":"Bearer","expires_in":{expires_in},"access_token":"{token}"}}"#))
    }

    /// A refusal of the token endpoint; `more` is further members, each with a comma before it.
    pub(crate) fn refusal(status: u16, error: &str, code: u32, more: &str) -> Self {
        Self::new(status, format!(r#"{{"error":"{error}","error_codes":[{code}]{more}}}"#))
    }

    /// No answer, ever.
    pub(crate) fn never() -> Self {
        Self { never: true, ..Self::new(200, "") }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// A server on loopback that answers what it was told, in that order, and then with its habit.
pub(crate) struct Stub {
    pub(crate) url: Url,
    state: Arc<StubState>,
}

struct StubState {
    next: Mutex<VecDeque<Reply>>,
    habit: Box<dyn Fn(usize) -> Reply + Send + Sync>,
    journal: Mutex<Vec<Received>>,
    count: watch::Sender<usize>,
    held: Arc<RwLock<()>>,
}

impl Stub {
    pub(crate) async fn start(habit: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Self {
        let state = Arc::new(StubState {
            next: Mutex::default(),
            habit: Box::new(habit),
            journal: Mutex::default(),
            count: watch::Sender::default(),
            held: Arc::default(),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let router = axum::Router::new().fallback(answer).with_state(state.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, state }
    }

    /// Entra: the n-th exchange gives `token-<n>`, which lives an hour.
    pub(crate) async fn entra() -> Self {
        Self::start(|number| Reply::token(&format!("token-{number}"), 3600)).await
    }

    /// What is answered next.
    pub(crate) fn then(&self, reply: Reply) -> &Self {
        self.state.next.lock().unwrap().push_back(reply);
        self
    }

    /// Answers nothing while the guard lives.
    pub(crate) async fn hold(&self) -> OwnedRwLockWriteGuard<()> {
        self.state.held.clone().write_owned().await
    }

    /// Waits for the n-th request.
    pub(crate) async fn received(&self, count: usize) {
        let mut counted = self.state.count.subscribe();
        let wait = counted.wait_for(|seen| *seen >= count);
        tokio::time::timeout(Duration::from_secs(10), wait).await.expect("the request comes").unwrap();
    }

    pub(crate) fn count(&self) -> usize {
        self.state.journal.lock().unwrap().len()
    }

    /// Something about the n-th request, the first being 1.
    #[track_caller]
    pub(crate) fn request<T>(&self, number: usize, read: impl FnOnce(&Received) -> T) -> T {
        read(&self.state.journal.lock().unwrap()[number - 1])
    }
}

async fn answer(
    State(state): State<Arc<StubState>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let number = {
        let mut journal = state.journal.lock().unwrap();
        journal.push(Received { method, uri, headers, body });
        journal.len()
    };
    let reply = state.next.lock().unwrap().pop_front().unwrap_or_else(|| (state.habit)(number));
    state.count.send_replace(number);
    drop(state.held.read().await);
    if reply.never {
        std::future::pending::<()>().await;
    }
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(reply.body)).unwrap()
}

/// An exchange with a stub of Entra.
pub(crate) struct World {
    pub(crate) clock: Arc<TestClock>,
    pub(crate) entra: Stub,
    pub(crate) credential: Arc<CertificateCredential>,
    pub(crate) exchange: Arc<Exchange>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let entra = Stub::entra().await;
        let clock = TestClock::new();
        let credential = credential(&clock);
        let exchange = Arc::new(exchange(&entra.url, &clock, credential.clone()));
        Self { clock, entra, credential, exchange }
    }

    pub(crate) async fn token(&self, caller: &Caller) -> Result<ArmToken, ExchangeFailure> {
        token(&self.exchange, caller).await
    }

    /// The token's text.
    pub(crate) async fn expect(&self, caller: &Caller) -> String {
        self.token(caller).await.unwrap_or_else(|failure| panic!("{failure:?}")).secret().to_owned()
    }

    /// The failure's class.
    pub(crate) async fn class(&self, caller: &Caller) -> &'static str {
        self.token(caller).await.map_or_else(|failure| failure.class(), |_| "ok")
    }
}

/// The correlation id of the one call that a test makes.
pub(crate) const CALL: Uuid = Uuid::from_u128(0xca11);

pub(crate) async fn token(exchange: &Exchange, caller: &Caller) -> Result<ArmToken, ExchangeFailure> {
    exchange.token(&caller.as_user(Scope::CostRead).unwrap(), CALL).await
}

pub(crate) fn credential(clock: &Arc<TestClock>) -> Arc<CertificateCredential> {
    let pem = TestCertificate::shared().pem();
    Arc::new(CertificateCredential::from_pem(&pem, &signatory(clock)).unwrap())
}

/// This server's registration at `https://login.example`.
pub(crate) fn signatory(clock: &Arc<TestClock>) -> Signatory {
    let authority = Authority::new("https://login.example".parse().unwrap(), TENANT.parse().unwrap());
    Signatory::new(CLIENT.parse().unwrap(), authority, clock.clone(), Arc::<TestRandom>::default())
}

pub(crate) fn exchange(entra: &Url, clock: &Arc<TestClock>, credential: Arc<dyn Credential>) -> Exchange {
    exchange_for("https://management.azure.com", entra, clock, credential)
}

pub(crate) fn exchange_for(
    resource: &str,
    entra: &Url,
    clock: &Arc<TestClock>,
    credential: Arc<dyn Credential>,
) -> Exchange {
    let settings = ExchangeSettings {
        authority: Authority::new(entra.clone(), TENANT.parse().unwrap()),
        client: CLIENT.parse().unwrap(),
        scope: format!("{resource}/.default"),
        cache_ttl: Duration::from_mins(30),
        cache_capacity: 1000,
    };
    Exchange::new(settings, credential, http(), clock.clone(), Arc::<TestRandom>::default())
}
