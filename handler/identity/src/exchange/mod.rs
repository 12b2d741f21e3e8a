//! From a [`UserGrant`] to a token that acts as that user at Azure Resource Manager (On-Behalf-Of).
//!
//! The doctrine of this room:
//!
//! - a token is found again only with the very assertion it was won with. A key of user and scope would hand a token won
//!   with a second factor to a session without one;
//! - however many calls ask with one assertion, Entra is asked once, and a caller who leaves takes nobody along;
//! - what Entra says is read by who must act ([`ExchangeFailure`]), and one user's failure never blocks another;
//! - tokens, assertions and keys have no `Debug`, reach no log, and are wiped when dropped.
//!
//! Source: "Microsoft identity platform and OAuth 2.0 On-Behalf-Of flow".

pub mod advice;
mod answer;
mod assertion;
mod cache;
#[cfg(test)]
mod captured;
mod certificate;
mod claims;
pub mod credential;
mod failure;
mod figures;
mod gate;
mod probe;
mod retry_after;
mod taxonomy;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod token_endpoint;

use std::{sync::Arc, time::Duration};

pub use cache::CallerKey;
pub use claims::ClaimsChallenge;
pub use failure::{EntraDetails, ExchangeFailure};
pub use figures::{ExchangeStatus, Failures, Tally, Uses};
use tokio::time::Instant;
use uuid::Uuid;
use zeroize::Zeroizing;

pub(crate) use self::token_endpoint::cause;
#[cfg(any(fuzzing, test))]
pub(crate) use self::token_endpoint::fuzzing::{requested_claims, token_answer};
use self::{
    answer::Issued,
    cache::{Outcome, TokenCache},
    credential::{ClientAssertion, Credential, Remedy},
    figures::{Counts, Figures},
    gate::Gate,
    token_endpoint::{Demand, Standing, TokenEndpoint},
};
use crate::{Authority, Caller, ClientId, Clock, Found, Random, UserGrant};

/// How often one exchange is repeated because its certificate was refused and there was another: with a newer one, and
/// where Entra does not know that one yet, with the one before.
const REPLACEMENTS: usize = 2;

/// A secret that acts as one caller at Azure Resource Manager. Made only by [`Exchange`] from a [`UserGrant`].
///
/// No `Debug`, no serialisation, wiped when the last copy is dropped. Opaque: it is never parsed.
#[derive(Clone)]
pub struct ArmToken(Arc<Zeroizing<String>>);

impl ArmToken {
    fn new(text: Zeroizing<String>) -> Self {
        Self(Arc::new(text))
    }

    pub(crate) fn secret(&self) -> &str {
        &self.0
    }

    /// The same token from the same exchange; nothing of the secret is compared.
    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// How the exchange is made.
#[derive(Clone, Debug)]
pub struct ExchangeSettings {
    /// The tenant to ask; the caller's own, never `/common`.
    pub authority: Authority,
    /// This server's registration.
    pub client: ClientId,
    /// `<Resource Manager>/.default`.
    pub scope: String,
    /// Upper bound of an entry's life, 60 to 1800 seconds.
    pub cache_ttl: Duration,
    /// Upper bound of the number of entries.
    pub cache_capacity: u64,
}

/// Exchanges grants for tokens, once per assertion however many calls ask at the same time.
pub struct Exchange {
    cache: TokenCache,
    cache_ttl: Duration,
    cache_capacity: u64,
    figures: Figures,
    gate: Gate,
    endpoint: TokenEndpoint,
    credential: Arc<dyn Credential>,
    clock: Arc<dyn Clock>,
}

/// What Azure answered to a token: that its next one must satisfy `claims`.
#[derive(Clone, Copy)]
struct Challenged<'a> {
    token: &'a ArmToken,
    claims: &'a ClaimsChallenge,
}

impl Exchange {
    /// Nothing is asked of Entra until the first call. `http` must not follow redirects.
    #[must_use]
    pub fn new(
        settings: ExchangeSettings,
        credential: Arc<dyn Credential>,
        http: reqwest::Client,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self {
            cache: TokenCache::new(settings.cache_capacity, settings.cache_ttl, clock.clone()),
            cache_ttl: settings.cache_ttl,
            cache_capacity: settings.cache_capacity,
            figures: Figures::new(clock.clone()),
            gate: Gate::new(clock.clone()),
            endpoint: TokenEndpoint::new(settings, http, clock.clone(), random),
            credential,
            clock,
        }
    }

    /// The caller's token for Resource Manager, from the cache or by one exchange.
    ///
    /// `correlation_id` is the call's: Entra logs the exchange under it, if this call is the one that makes it.
    pub async fn token(&self, grant: &UserGrant<'_>, correlation_id: Uuid) -> Result<ArmToken, ExchangeFailure> {
        self.find(grant.caller(), None, correlation_id).await
    }

    /// A token that satisfies `claims`, which Azure demanded in answer to `token`. Calls that were answered alike share
    /// one exchange, and who comes later finds its token in the place of the challenged one.
    pub(crate) async fn token_for_challenge(
        &self,
        grant: &UserGrant<'_>,
        token: &ArmToken,
        claims: &ClaimsChallenge,
        correlation_id: Uuid,
    ) -> Result<ArmToken, ExchangeFailure> {
        self.find(grant.caller(), Some(Challenged { token, claims }), correlation_id).await
    }

    /// How it is doing. Asks nobody.
    #[must_use]
    pub fn status(&self) -> ExchangeStatus {
        let Counts { uses, since_start, lately } = self.figures.counts();
        ExchangeStatus {
            credential: self.credential.description(),
            last_reload: self.credential.last_reload(),
            cache_entries: self.cache.entries(),
            cache_capacity: self.cache_capacity,
            uses,
            since_start,
            lately,
            gate_shut_for: self.gate.shut_for(),
        }
    }

    /// What tells callers apart, and the tokens of one caller.
    pub(crate) fn key(&self, caller: &Caller) -> CallerKey {
        CallerKey::new(caller.tenant(), caller.object(), self.endpoint.scope(), caller.token())
    }

    async fn find(
        &self,
        caller: &Caller,
        challenged: Option<Challenged<'_>>,
        correlation_id: Uuid,
    ) -> Result<ArmToken, ExchangeFailure> {
        let started = Instant::now();
        let key = self.key(caller);
        let exchange = || self.exchange(caller, challenged.map(|challenged| challenged.claims), correlation_id);
        let (outcome, found) = self.cache.find(key, challenged.map(|challenged| challenged.token), exchange).await;
        let result = outcome.at(self.clock.now());
        self.figures.used(found);
        report(&result, found, correlation_id, outcome.exchange_id, started.elapsed());
        result
    }

    /// One exchange. Runs in the task of the caller who came first, for all who wait.
    async fn exchange(&self, caller: &Caller, claims: Option<&ClaimsChallenge>, exchange_id: Uuid) -> Outcome {
        // the time before the question, so that the answer's own travel shortens the entry's life, not lengthens it
        let asked_at = self.clock.now();
        let asked = self.ask(caller, claims, exchange_id).await;
        self.figures.exchanged(asked.as_ref().err());
        match asked {
            Ok(issued) => {
                let fresh_until =
                    cache::token_fresh_until(asked_at, issued.expires_in, self.cache_ttl, caller.expires_at());
                Outcome { result: Ok(issued.token), fresh_until, exchange_id }
            }
            Err(failure) => {
                let failure = failure.or_correlation_id(exchange_id);
                alert_operator(&failure, exchange_id);
                let fresh_until = self.clock.now().plus(taxonomy::remembered_for(&failure));
                Outcome { result: Err(failure), fresh_until, exchange_id }
            }
        }
    }

    async fn ask(
        &self,
        caller: &Caller,
        claims: Option<&ClaimsChallenge>,
        correlation_id: Uuid,
    ) -> Result<Issued, ExchangeFailure> {
        let pass = self
            .gate
            .pass()
            .map_err(|retry_after| ExchangeFailure::Transient { retry_after, details: EntraDetails::default() })?;
        let mut client_assertion = self.client_assertion().await?;
        let demand = Demand { assertion: caller.token(), claims: claims::requested(claims), correlation_id };
        let mut reply = self.endpoint.exchange(&demand, &client_assertion).await;
        for _ in 0..REPLACEMENTS {
            if !reply.result.as_ref().is_err_and(taxonomy::refuses_certificate)
                || self.credential.refused(&client_assertion).await == Remedy::Nothing
            {
                break;
            }
            client_assertion = self.client_assertion().await?;
            reply = self.endpoint.exchange(&demand, &client_assertion).await;
        }
        match reply.standing {
            Standing::Serving => self.gate.answered(pass),
            Standing::Unwell => {}
            Standing::Throttling(wait) => self.gate.shut(wait),
        }
        reply.result
    }

    async fn client_assertion(&self) -> Result<ClientAssertion, ExchangeFailure> {
        self.credential
            .assertion()
            .await
            .map_err(|error| ExchangeFailure::Operator { details: EntraDetails::default(), advice: error.to_string() })
    }
}

/// One `obo` event for each use, cached or not.
///
/// `exchange_id` is the correlation id of the call that made the exchange, under which Entra logged it.
fn report(
    result: &Result<ArmToken, ExchangeFailure>,
    found: Found,
    correlation_id: Uuid,
    exchange_id: Uuid,
    duration: Duration,
) {
    let failure = result.as_ref().err();
    tracing::info!(
        event = "obo",
        outcome = if failure.is_none() { "ok" } else { "failed" },
        class = failure.map(ExchangeFailure::class),
        aadsts = failure.and_then(|failure| failure.details().code()),
        cache = found.name(),
        duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
        %correlation_id,
        %exchange_id,
        "token exchange"
    );
}

/// Cause and fix, once for each exchange, however many calls waited for it.
fn alert_operator(failure: &ExchangeFailure, correlation_id: Uuid) {
    if let ExchangeFailure::Operator { details, advice } = failure {
        tracing::error!(
            event = "obo_operator_fault",
            error = %details.error,
            aadsts = details.code(),
            entra_correlation_id = details.correlation_id,
            trace_id = details.trace_id,
            %correlation_id,
            advice = %advice,
            "the token exchange can't work until this is repaired"
        );
    }
}
