//! An assertion is made once and used until it is too old, by all who ask.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use super::{ClientAssertion, Credential, CredentialDescription, CredentialError, shared_task::SharedTask};
use crate::{Clock, UnixTime};

/// Makes assertions: the part in which the kinds of credentials differ.
#[async_trait::async_trait]
pub(crate) trait Issuer: Send + Sync + 'static {
    /// A new assertion.
    async fn issue(&self) -> Result<Fresh, CredentialError>;

    fn description(&self) -> CredentialDescription;
}

/// A new assertion and how long it is used.
#[derive(Clone)]
pub(crate) struct Fresh {
    pub(super) assertion: ClientAssertion,
    /// From when. Earlier than this only a clock that was set back can be.
    pub(super) from: UnixTime,
    /// The first moment at which it is not used any more.
    pub(super) until: UnixTime,
}

/// The credential that an issuer makes: callers who come together share one assertion, and one failure.
pub(crate) struct Reusing<I> {
    shared: Arc<Shared<I>>,
    flight: SharedTask<Result<ClientAssertion, CredentialError>>,
}

struct Shared<I> {
    issuer: I,
    clock: Arc<dyn Clock>,
    latest: Mutex<Option<Fresh>>,
    issued: AtomicU64,
}

impl Fresh {
    fn serves(&self, now: UnixTime) -> bool {
        self.from <= now && now < self.until
    }
}

impl<I: Issuer> Reusing<I> {
    pub(super) fn new(issuer: I, clock: Arc<dyn Clock>) -> Self {
        let shared = Shared { issuer, clock, latest: Mutex::new(None), issued: AtomicU64::new(0) };
        Self { shared: Arc::new(shared), flight: SharedTask::new() }
    }

    /// How many assertions were made so far.
    #[cfg(test)]
    pub(crate) fn signatures(&self) -> u64 {
        self.shared.issued.load(Ordering::Relaxed)
    }
}

impl<I: Issuer> Shared<I> {
    fn held(&self) -> Option<ClientAssertion> {
        let now = self.clock.now();
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.as_ref().filter(|fresh| fresh.serves(now)).map(|fresh| fresh.assertion.clone())
    }

    async fn held_or_issued(&self) -> Result<ClientAssertion, CredentialError> {
        // work that ended between a caller's look and their own has left its assertion
        if let Some(assertion) = self.held() {
            return Ok(assertion);
        }
        let fresh = self.issuer.issue().await?;
        let number = self.issued.fetch_add(1, Ordering::Relaxed) + 1;
        let thumbprint = self.issuer.description().thumbprint;
        tracing::debug!(event = "client_assertion_signed", thumbprint, number, "a new client assertion");
        let assertion = fresh.assertion.clone();
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(fresh);
        Ok(assertion)
    }
}

#[async_trait::async_trait]
impl<I: Issuer> Credential for Reusing<I> {
    async fn assertion(&self) -> Result<ClientAssertion, CredentialError> {
        if let Some(assertion) = self.shared.held() {
            return Ok(assertion);
        }
        let shared = self.shared.clone();
        match self.flight.join(|| async move { shared.held_or_issued().await }).await {
            Some(outcome) => outcome,
            None => self.shared.held_or_issued().await,
        }
    }

    fn description(&self) -> CredentialDescription {
        self.shared.issuer.description()
    }
}
