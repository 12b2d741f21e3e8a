//! A certificate is replaced while the server runs, and no caller notices.
//!
//! Key Vault renews a certificate by itself, but Entra knows only what somebody registers. So the newest version is used,
//! the one before stays at hand, and which of them serves is decided by what Entra refuses:
//!
//! - the source is read again every 6 to 12 hours, and at once when Entra refuses the certificate, at most once in five
//!   minutes;
//! - a refused version gives way to a newer one, and where there is none to the one before it;
//! - a source that fails changes nothing: what was loaded goes on to serve. Nor does a vault that does not sign because it
//!   does not answer.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::time;

use super::{
    ClientAssertion, Credential, CredentialDescription, CredentialError, Reload, Remedy, shared_task::SharedTask,
};
use crate::{Clock, Random, UnixTime, exchange::certificate::Thumbprint};

/// From one reading of the source to the next: this and up to as much again, so that instances do not come in step.
const RELOAD: Duration = Duration::from_hours(6);

/// Between two readings that a refusal caused, and before a refused version is tried again.
const PAUSE: Duration = Duration::from_mins(5);

/// How long before its end a certificate is warned of.
pub const WARN_BEFORE: Duration = Duration::from_hours(30 * 24);

/// How often it is warned of.
const WARN_EVERY: Duration = Duration::from_hours(24);

/// How often the wall clock is looked at: an instance that was frozen must not sleep on for hours.
const TICK: Duration = Duration::from_mins(1);

/// Where a certificate comes from, again and again.
#[async_trait::async_trait]
pub(super) trait Source: Send + Sync + 'static {
    /// The newest version there is.
    async fn load(&self) -> Result<Version, CredentialError>;
}

/// One version of the certificate, ready to serve.
#[derive(Clone)]
pub(super) struct Version {
    pub(super) credential: Arc<dyn Credential>,
    pub(super) thumbprint: Thumbprint,
    pub(super) expires_at: UnixTime,
}

/// The credential of a source whose certificate changes.
pub(super) struct Rotating<S> {
    shared: Arc<Shared<S>>,
    replacing: SharedTask<()>,
}

struct Shared<S> {
    source: S,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    versions: Mutex<Versions>,
}

struct Versions {
    newest: Version,
    previous: Option<Version>,
    in_use: InUse,
    /// When Entra refused the previous version, since it is the previous one.
    previous_refused_at: Option<UnixTime>,
    /// When a refusal last made the source be read.
    asked_at: Option<UnixTime>,
    last_reload: Reload,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum InUse {
    Newest,
    Previous,
}

impl<S: Source> Rotating<S> {
    /// Loads the first version; without one there is no credential. The source is read again until this is dropped.
    pub(super) async fn start(
        source: S,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Arc<Self>, CredentialError> {
        let newest = source.load().await?;
        let versions = Versions {
            newest,
            previous: None,
            in_use: InUse::Newest,
            previous_refused_at: None,
            asked_at: None,
            last_reload: Reload { at: clock.now(), failed: false },
        };
        let shared = Arc::new(Shared { source, clock, random, versions: Mutex::new(versions) });
        tokio::spawn(keep_fresh(Arc::downgrade(&shared)));
        Ok(Arc::new(Self { shared, replacing: SharedTask::new() }))
    }

    /// Answers whether another version than `refused` serves now. Callers who come together cause one replacement.
    async fn give_way(&self, refused: Thumbprint) -> Remedy {
        let shared = self.shared.clone();
        self.replacing.join(|| async move { shared.replace(refused).await }).await;
        if self.shared.versions().serving().thumbprint == refused { Remedy::Nothing } else { Remedy::TryAgain }
    }
}

#[async_trait::async_trait]
impl<S: Source> Credential for Rotating<S> {
    async fn assertion(&self) -> Result<ClientAssertion, CredentialError> {
        let Version { credential, thumbprint, .. } = self.shared.versions().serving().clone();
        match credential.assertion().await {
            // another version lies in the same vault: it would be asked as long, and blamed on Entra
            Err(error) if error.is_outage() => Err(error),
            // expired, or disabled in the vault: another version may serve
            Err(error) if self.give_way(thumbprint).await == Remedy::Nothing => Err(error),
            Err(_) => {
                let credential = self.shared.versions().serving().credential.clone();
                credential.assertion().await
            }
            signed => signed,
        }
    }

    async fn refused(&self, assertion: &ClientAssertion) -> Remedy {
        match assertion.signer {
            Some(signer) => self.give_way(signer).await,
            None => Remedy::Nothing,
        }
    }

    fn description(&self) -> CredentialDescription {
        self.shared.versions().serving().credential.description()
    }

    fn last_reload(&self) -> Option<Reload> {
        Some(self.shared.versions().last_reload)
    }
}

/// Reads the source again when it is due, and warns of the certificate's end, until the credential is dropped.
async fn keep_fresh<S: Source>(shared: Weak<Shared<S>>) {
    let Some((mut reload_at, mut warned_at)) = shared.upgrade().map(|shared| (shared.next_reload(), None)) else {
        return;
    };
    while let Some(shared) = shared.upgrade() {
        let now = shared.clock.now();
        if is_due(now, reload_at) {
            shared.reload().await;
            reload_at = shared.next_reload();
        }
        let serving = shared.versions().serving().clone();
        if is_past(warned_at, WARN_EVERY, now) && now.until(serving.expires_at) <= WARN_BEFORE {
            serving.warn_of_its_end(now);
            warned_at = Some(now);
        }
        drop(shared);
        time::sleep(TICK).await;
    }
}

impl<S: Source> Shared<S> {
    fn versions(&self) -> MutexGuard<'_, Versions> {
        self.versions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_reload(&self) -> UnixTime {
        self.clock.now().plus(RELOAD + RELOAD.mul_f64(self.random.fraction().clamp(0.0, 1.0)))
    }

    async fn replace(&self, refused: Thumbprint) {
        // whoever came before may have done it
        if self.versions().serving().thumbprint != refused {
            return;
        }
        let now = self.clock.now();
        if self.versions().may_ask(now) {
            self.reload().await;
        }
        let mut versions = self.versions();
        if versions.serving().thumbprint == refused {
            versions.fall_back(now);
        }
    }

    async fn reload(&self) {
        let loaded = self.source.load().await;
        self.versions().last_reload = Reload { at: self.clock.now(), failed: loaded.is_err() };
        match loaded {
            Ok(version) => self.versions().adopt(version),
            Err(error) => {
                tracing::warn!(
                    event = "credential_reload_failed",
                    %error,
                    "the certificate could not be read again; the one in memory goes on to serve"
                );
            }
        }
    }
}

impl Versions {
    fn serving(&self) -> &Version {
        match (self.in_use, &self.previous) {
            (InUse::Previous, Some(previous)) => previous,
            _ => &self.newest,
        }
    }

    /// Whether a refusal may make the source be read now. A permission is used up by the question.
    fn may_ask(&mut self, now: UnixTime) -> bool {
        let may = is_past(self.asked_at, PAUSE, now);
        if may {
            self.asked_at = Some(now);
        }
        may
    }

    /// The newest version serves, even if it was refused before: it may have been registered since.
    fn adopt(&mut self, loaded: Version) {
        if loaded.thumbprint != self.newest.thumbprint {
            let replaced = self.serving().clone();
            tracing::info!(
                event = "credential_rotated",
                thumbprint = loaded.thumbprint.hex(),
                previous = replaced.thumbprint.hex(),
                "a new version of the certificate serves"
            );
            self.previous = Some(replaced);
            self.previous_refused_at = None;
            self.newest = loaded;
        }
        self.in_use = InUse::Newest;
    }

    /// The version that serves was refused, and the source has no other.
    fn fall_back(&mut self, now: UnixTime) {
        match (self.in_use, &self.previous) {
            (InUse::Newest, Some(previous)) if is_past(self.previous_refused_at, PAUSE, now) => {
                tracing::warn!(
                    event = "credential_not_registered",
                    thumbprint = self.newest.thumbprint.hex(),
                    previous = previous.thumbprint.hex(),
                    "Entra does not accept the newest version of the certificate, so the previous one serves again; \
                     register the newest: az ad app credential reset --id <AZURE_CLIENT_ID> --append --cert \
                     @<certificate.pem>"
                );
                self.in_use = InUse::Previous;
            }
            (InUse::Newest, _) => {}
            (InUse::Previous, _) => {
                // neither is accepted; the newest is the one that its operator will register
                self.previous_refused_at = Some(now);
                self.in_use = InUse::Newest;
            }
        }
    }
}

impl Version {
    fn warn_of_its_end(&self, now: UnixTime) {
        let days = now.until(self.expires_at).as_secs() / 86_400;
        tracing::warn!(
            event = "credential_expires",
            thumbprint = self.thumbprint.hex(),
            days,
            "the certificate expires soon: make a new version and register it; it is used without a restart"
        );
    }
}

/// Whether `pause` has gone by since `last`, or there was none. A clock that was set back lets nobody wait.
fn is_past(last: Option<UnixTime>, pause: Duration, now: UnixTime) -> bool {
    last.is_none_or(|last| now < last || now >= last.plus(pause))
}

/// Whether a reload's moment has come; one further ahead than any can be was set by a clock that went back.
fn is_due(now: UnixTime, at: UnixTime) -> bool {
    let left = now.until(at);
    left.is_zero() || left > RELOAD * 2
}

#[cfg(test)]
mod tests;
