//! The tenant's signing keys: fetched, refreshed, and kept when a fetch fails.
//!
//! A caller whose key is known never waits. All others share one fetch, and what they can cause is bounded: one fetch
//! per five minutes for unknown keys, one per five seconds while there is no key at all. The intervals follow
//! <https://learn.microsoft.com/entra/identity-platform/signing-key-rollover>.

mod document;
#[cfg(any(fuzzing, test))]
mod fuzzing;

use std::{
    error::Error,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

pub(super) use document::KeySet;
use http::StatusCode;
use jsonwebtoken::DecodingKey;
use tokio::{sync::watch, time};

use super::TokenRefusal;
use crate::{
    Authority, Clock, Random, UnixTime,
    body::{BodyError, read_limited},
};

/// Between refreshes, give or take a tenth.
const REFRESH: Duration = Duration::from_hours(1);
/// After a refresh that failed while the last good set still serves.
const REFRESH_AFTER_FAILURE: Duration = Duration::from_mins(5);
/// Between fetches for unknown keys.
const UNKNOWN_KEY_INTERVAL: Duration = Duration::from_mins(5);
/// Between fetches while there is no key at all.
const NO_KEYS_INTERVAL: Duration = Duration::from_secs(5);
/// What a caller is told to wait at least.
const SHORTEST_RETRY_AFTER: Duration = Duration::from_secs(1);
/// How long the last good set serves without another.
const KEPT_FOR: Duration = Duration::from_hours(24);
/// For a whole fetch, body included.
const FETCH_DEADLINE: Duration = Duration::from_secs(5);
/// Entra's document has about 15 KB.
const MAX_DOCUMENT_BYTES: usize = 256 * 1024;
/// The longest sleep between looks at the wall clock: the platform may freeze an instance, and its timers with it.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);

/// The keys that this tenant's tokens are signed with.
pub struct SigningKeys {
    authority: Authority,
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    /// The last good set.
    current: RwLock<Option<Fetched>>,
    /// The last fetch brought none.
    failed: AtomicBool,
    flight: Mutex<Flight>,
}

/// What monitoring may know about the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeysStatus {
    /// Keys that tokens can be validated with.
    pub count: usize,
    /// When they were fetched; `None` without keys.
    pub fetched_at: Option<UnixTime>,
    /// Whether the last refresh failed. The last good set goes on to serve for 24 hours; the log has the cause.
    pub refresh_failed: bool,
}

/// Why [`SigningKeys::fetch_now`] brought no keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct KeysFailure {
    /// Nothing answered; otherwise something did that is not this tenant's key endpoint.
    pub is_unreachable: bool,
    cause: String,
}

#[derive(Clone)]
struct Fetched {
    set: Arc<KeySet>,
    at: UnixTime,
}

/// The latest fetch, running or over. At most one runs, and whoever needs its outcome waits for the same one.
struct Flight {
    started: Option<UnixTime>,
    started_for_unknown_key: Option<UnixTime>,
    progress: watch::Receiver<Progress>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Running,
    Succeeded,
    Failed,
}

/// Why a fetch is wanted, which decides how often it may start.
#[derive(Clone, Copy)]
enum Need {
    /// The regular refresh.
    Refresh,
    /// There is no key at all.
    AnyKey,
    /// A token names a key that is not in the set.
    UnknownKey,
}

/// Why a fetch brought no keys. For the log; the operator acts, if anyone.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    /// No whole answer in time. Entra or the network is slow.
    #[error("no whole answer within {} seconds", FETCH_DEADLINE.as_secs())]
    Deadline,
    /// No connection. Check name resolution, proxy, firewall and the system's TLS roots.
    #[error("no connection: {}", root_cause(.0))]
    Unreachable(#[source] reqwest::Error),
    /// Not the answer of a key endpoint. Check `AZURE_AUTHORITY_HOST` and `AZURE_TENANT_ID`; otherwise Entra is down.
    #[error("the answer has status {0}")]
    Status(StatusCode),
    /// The answer is too large or broke off.
    #[error(transparent)]
    Body(BodyError),
    /// No JSON object with a list of keys. Check `AZURE_AUTHORITY_HOST`; a proxy may have answered.
    #[error("the answer is not a key set")]
    NotAKeySet,
    /// More keys than any tenant has.
    #[error("the answer has {published} keys")]
    TooManyKeys { published: usize },
    /// None of the keys is an RSA signing key of this tenant's issuer. Check `AZURE_AUTHORITY_HOST`.
    #[error("none of the {published} published keys signs this tenant's tokens")]
    NoUsableKey { published: usize },
}

impl SigningKeys {
    /// An empty set; nothing is fetched yet.
    #[must_use]
    pub fn new(
        authority: &Authority,
        http: reqwest::Client,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Arc<Self> {
        let (_, progress) = watch::channel(Progress::Failed);
        let flight = Flight { started: None, started_for_unknown_key: None, progress };
        Arc::new(Self {
            authority: authority.clone(),
            http,
            clock,
            random,
            current: RwLock::new(None),
            failed: AtomicBool::new(false),
            flight: Mutex::new(flight),
        })
    }

    /// Fetches once, and logs a failure: its absence does not end the start.
    pub async fn prefetch(self: &Arc<Self>) {
        self.fetch_shared(Need::Refresh).await;
    }

    /// Fetches now, whatever was fetched before, and says why it failed: for a diagnosis.
    pub async fn fetch_now(&self) -> Result<KeysStatus, KeysFailure> {
        let set = self.fetch_in_time().await.map_err(|error| KeysFailure {
            is_unreachable: matches!(error, FetchError::Unreachable(_) | FetchError::Deadline),
            cause: error.to_string(),
        })?;
        self.replace(set);
        Ok(self.status())
    }

    /// Refreshes hourly with jitter, every 5 s while there are no keys, until dropped. Run it as a task.
    pub async fn keep_fresh(self: Arc<Self>) {
        loop {
            let (need, retry) = match self.usable() {
                None => (Need::AnyKey, NO_KEYS_INTERVAL),
                Some(fetched) => {
                    self.sleep_until(fetched.at.plus(self.until_refresh())).await;
                    (Need::Refresh, REFRESH_AFTER_FAILURE)
                }
            };
            if !self.fetch_shared(need).await {
                time::sleep(retry).await;
            }
        }
    }

    /// How many keys there are, of when, and whether a newer set could not be had.
    #[must_use]
    pub fn status(&self) -> KeysStatus {
        let usable = self.usable();
        KeysStatus {
            count: usable.as_ref().map_or(0, |fetched| fetched.set.count()),
            fetched_at: usable.map(|fetched| fetched.at),
            refresh_failed: self.failed.load(Ordering::Relaxed),
        }
    }

    /// The key of that id. When it is unknown, the outcome of a fetch decides; when no fetch may start, the outcome of
    /// the last one does, at once.
    pub(super) async fn find(self: &Arc<Self>, key_id: &str) -> Result<Arc<DecodingKey>, TokenRefusal> {
        let need = match self.usable() {
            None => Need::AnyKey,
            Some(fetched) => match fetched.set.get(key_id) {
                Some(key) => return Ok(key),
                None => Need::UnknownKey,
            },
        };
        let is_up_to_date = self.fetch_shared(need).await;
        match self.usable().and_then(|fetched| fetched.set.get(key_id)) {
            Some(key) => Ok(key),
            None if is_up_to_date => Err(TokenRefusal::UnknownKey),
            None => {
                let wait = self.flight().wait(need, self.clock.now());
                Err(TokenRefusal::KeysUnavailable { retry_after: wait.max(SHORTEST_RETRY_AFTER) })
            }
        }
    }

    /// The last good set, unless it is too old.
    fn usable(&self) -> Option<Fetched> {
        let fetched = self.current.read().unwrap_or_else(PoisonError::into_inner).clone()?;
        (self.clock.now() < fetched.at.plus(KEPT_FOR)).then_some(fetched)
    }

    /// Starts a fetch if `need` may, joins one that runs, and tells whether the latest succeeded.
    async fn fetch_shared(self: &Arc<Self>, need: Need) -> bool {
        let mut progress = self.take_off(need);
        // an error means that the task died without an outcome
        progress.wait_for(|progress| *progress != Progress::Running).await.is_ok_and(|at| *at == Progress::Succeeded)
    }

    fn take_off(self: &Arc<Self>, need: Need) -> watch::Receiver<Progress> {
        let now = self.clock.now();
        let mut flight = self.flight();
        if !flight.is_running() && flight.wait(need, now).is_zero() {
            let (sender, receiver) = watch::channel(Progress::Running);
            flight.start(need, now, receiver);
            let keys = Arc::clone(self);
            // a task of its own: a caller who hangs up must not take the others' answer along
            tokio::spawn(async move { sender.send_replace(keys.refresh().await) });
        }
        flight.progress.clone()
    }

    fn flight(&self) -> MutexGuard<'_, Flight> {
        self.flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One fetch. Only a good one replaces the set.
    async fn refresh(&self) -> Progress {
        match self.fetch_in_time().await {
            Ok(set) => {
                let (count, unused) = (set.count(), set.unused());
                self.replace(set);
                tracing::info!(event = "signing_keys", outcome = "fetched", count, unused, "signing keys fetched");
                Progress::Succeeded
            }
            Err(error) => {
                self.failed.store(true, Ordering::Relaxed);
                let count = self.status().count;
                let reason = error.reason();
                tracing::warn!(event = "signing_keys", outcome = "failed", count, reason, "signing keys: {error}");
                Progress::Failed
            }
        }
    }

    fn replace(&self, set: KeySet) {
        let fetched = Fetched { set: Arc::new(set), at: self.clock.now() };
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(fetched);
        self.failed.store(false, Ordering::Relaxed);
    }

    async fn fetch_in_time(&self) -> Result<KeySet, FetchError> {
        time::timeout(FETCH_DEADLINE, self.fetch()).await.unwrap_or(Err(FetchError::Deadline))
    }

    async fn fetch(&self) -> Result<KeySet, FetchError> {
        let answer = self.http.get(self.authority.keys()).send().await.map_err(FetchError::Unreachable)?;
        if answer.status() != StatusCode::OK {
            return Err(FetchError::Status(answer.status()));
        }
        let body = read_limited(answer, MAX_DOCUMENT_BYTES).await.map_err(FetchError::Body)?;
        KeySet::parse(&body, &self.authority)
    }

    /// 54 to 66 minutes, so that instances started together do not ask together.
    fn until_refresh(&self) -> Duration {
        let factor = 0.9 + 0.2 * self.random.fraction();
        Duration::try_from_secs_f64(REFRESH.as_secs_f64() * factor).unwrap_or(REFRESH)
    }

    async fn sleep_until(&self, due: UnixTime) {
        loop {
            let left = self.clock.now().until(due);
            if left.is_zero() {
                return;
            }
            time::sleep(left.min(LONGEST_SLEEP)).await;
        }
    }
}

impl Flight {
    fn is_running(&self) -> bool {
        // a task that died has closed its channel
        *self.progress.borrow() == Progress::Running && self.progress.has_changed().is_ok()
    }

    /// How long until a fetch may start for this `need`; zero when it may.
    fn wait(&self, need: Need, now: UnixTime) -> Duration {
        let (last, interval) = match need {
            Need::Refresh => return Duration::ZERO,
            Need::AnyKey => (self.started, NO_KEYS_INTERVAL),
            Need::UnknownKey => (self.started_for_unknown_key, UNKNOWN_KEY_INTERVAL),
        };
        match last {
            Some(last) if last <= now => now.until(last.plus(interval)),
            // never yet, or the clock was set back
            _ => Duration::ZERO,
        }
    }

    fn start(&mut self, need: Need, now: UnixTime, progress: watch::Receiver<Progress>) {
        self.started = Some(now);
        if matches!(need, Need::UnknownKey) {
            self.started_for_unknown_key = Some(now);
        }
        self.progress = progress;
    }
}

impl FetchError {
    /// The stable code for the log.
    fn reason(&self) -> &'static str {
        match self {
            Self::Deadline => "deadline",
            Self::Unreachable(_) => "unreachable",
            Self::Status(_) => "status",
            Self::Body(BodyError::TooLarge { .. }) => "too_large",
            Self::Body(BodyError::Broken(_)) => "broken",
            Self::NotAKeySet => "not_a_key_set",
            Self::TooManyKeys { .. } => "too_many_keys",
            Self::NoUsableKey { .. } => "no_usable_key",
        }
    }
}

/// The innermost cause says what is wrong; the outer ones repeat the address.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests;
