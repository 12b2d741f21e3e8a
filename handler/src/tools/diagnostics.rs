//! `diagnostics`: how this instance is, for monitoring. Numbers, moments and what may be said about the credential;
//! never anything about a caller.
//!
//! Each instance counts for itself and begins anew when it starts: `startedAt` tells two of them apart.

mod problems;
mod text;

use identity::{
    AppRole, UnixTime,
    caller::KeysStatus,
    exchange::{self, ExchangeStatus},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    arguments::BadArgument,
    facts::rfc3339,
    registry::{Answer, AppCall, Run, Tool},
    schema,
};

const SECONDS_A_DAY: i64 = 24 * 60 * 60;

/// The definition.
pub(super) fn tool() -> Tool {
    Tool {
        name: "diagnostics",
        title: "Diagnostics",
        description: "Whether the instance of this server that answers is well and what is not: signing keys, the \
                      credential and its end, the cache of exchanged tokens, exchanges since the start and in the last \
                      15 minutes by class of failure. For monitoring: services with the app role Diagnostics.Read. Each \
                      instance counts for itself. It asks neither Entra nor Azure and names no caller."
            .to_owned(),
        input: schema::input(&[schema::part::<Arguments>()]),
        output: schema::output::<Diagnosis>(),
        run: Run::App(AppRole::DiagnosticsRead, run),
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Arguments {}

/// What is known of this instance, at one moment.
pub(super) struct Instance {
    pub(super) version: &'static str,
    pub(super) started_at: UnixTime,
    pub(super) now: UnixTime,
    pub(super) keys: KeysStatus,
    pub(super) exchange: ExchangeStatus,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Diagnosis {
    /// Whether there is no problem.
    well: bool,
    /// What is not well, each with what to do about it.
    problems: Vec<String>,
    /// Of this server.
    version: &'static str,
    /// When this instance started (RFC 3339, UTC). Counting began then.
    started_at: String,
    uptime_seconds: u64,
    signing_keys: SigningKeys,
    credential: Credential,
    cache: Cache,
    /// How calls came by their exchanged token, since the start.
    uses: Uses,
    exchanges: Exchanges,
    entra_gate: Gate,
}

/// The tenant's keys, which callers' tokens are validated with.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct SigningKeys {
    count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    fetched_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    age_seconds: Option<u64>,
    last_refresh_failed: bool,
}

/// What proves to Entra who this server is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Credential {
    /// The setting it comes from.
    kind: String,
    /// SHA-256 of the certificate in hexadecimal; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbprint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    /// Whole days until the certificate ends; negative when it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    days_left: Option<i64>,
    /// The last time the certificate was read, the start included; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_reload: Option<Reload>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Reload {
    at: String,
    /// The certificate in memory goes on to serve.
    failed: bool,
}

/// Exchanged tokens that are remembered, and failures for a minute.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Cache {
    /// About how many; also those that are not used any more and not yet wiped.
    entries: u64,
    capacity: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Uses {
    /// By an earlier exchange.
    hits: u64,
    /// By an exchange of their own.
    misses: u64,
    /// By an exchange that another call had begun.
    joined: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Exchanges {
    since_start: Tally,
    last_15_minutes: Tally,
}

/// Exchanges that were made, each once, however many calls waited for it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Tally {
    total: u64,
    ok: u64,
    failed: u64,
    /// Rounded; absent without exchanges. Counts also what people must cure, such as a second factor.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_rate_percent: Option<u64>,
    failed_by_class: FailedByClass,
}

/// By who must act, in the words of the log's `obo` events.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct FailedByClass {
    /// The user: a policy demands more of the sign-in.
    interaction_required: u64,
    /// The user: the sign-in is over.
    assertion_refused: u64,
    /// The user or an administrator.
    consent_required: u64,
    /// An administrator of the tenant: a policy or the account's state blocks access.
    access_blocked: u64,
    /// This server's operator.
    operator_fault: u64,
    /// Nobody: Entra throttles or is down.
    temporarily_unavailable: u64,
}

/// A pause of all exchanges that Entra asked for.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Gate {
    shut: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds_left: Option<u64>,
}

fn run(call: &AppCall<'_>) -> Result<Answer, BadArgument> {
    let Arguments {} = call.arguments()?;
    Ok(answer(&call.instance))
}

fn answer(instance: &Instance) -> Answer {
    let diagnosis = Diagnosis::of(instance);
    Answer::new(text::write(&diagnosis), &diagnosis)
}

impl Diagnosis {
    fn of(instance: &Instance) -> Self {
        let &Instance { version, started_at, now, keys, ref exchange } = instance;
        let problems = problems::find(instance);
        Self {
            well: problems.is_empty(),
            problems,
            version,
            started_at: rfc3339(started_at),
            uptime_seconds: started_at.until(now).as_secs(),
            signing_keys: SigningKeys {
                count: keys.count,
                fetched_at: keys.fetched_at.map(rfc3339),
                age_seconds: keys.fetched_at.map(|fetched_at| fetched_at.until(now).as_secs()),
                last_refresh_failed: keys.refresh_failed,
            },
            credential: Credential::of(exchange, now),
            cache: Cache { entries: exchange.cache_entries, capacity: exchange.cache_capacity },
            uses: Uses::of(exchange.uses),
            exchanges: Exchanges {
                since_start: Tally::of(&exchange.since_start),
                last_15_minutes: Tally::of(&exchange.lately),
            },
            entra_gate: Gate {
                shut: exchange.gate_shut_for.is_some(),
                seconds_left: exchange.gate_shut_for.map(|left| left.as_secs()),
            },
        }
    }
}

impl Credential {
    fn of(exchange: &ExchangeStatus, now: UnixTime) -> Self {
        let description = &exchange.credential;
        Self {
            kind: description.kind.clone(),
            thumbprint: description.thumbprint.clone(),
            expires_at: description.expires_at.map(rfc3339),
            days_left: description.expires_at.map(|expires_at| days_left(expires_at, now)),
            last_reload: exchange.last_reload.map(|reload| Reload { at: rfc3339(reload.at), failed: reload.failed }),
        }
    }
}

impl Uses {
    fn of(exchange::Uses { hits, misses, joined }: exchange::Uses) -> Self {
        Self { hits, misses, joined }
    }
}

impl Tally {
    fn of(tally: &exchange::Tally) -> Self {
        let (total, failed) = (tally.total(), tally.failures.total());
        let exchange::Failures {
            interaction_required,
            assertion_refused,
            consent_required,
            access_blocked,
            operator_fault,
            temporarily_unavailable,
        } = tally.failures;
        Self {
            total,
            ok: tally.ok,
            failed,
            failure_rate_percent: (failed * 100 + total / 2).checked_div(total),
            failed_by_class: FailedByClass {
                interaction_required,
                assertion_refused,
                consent_required,
                access_blocked,
                operator_fault,
                temporarily_unavailable,
            },
        }
    }
}

/// Whole days, downwards: the last day is day 0, and one that has passed is negative.
fn days_left(end: UnixTime, now: UnixTime) -> i64 {
    end.0.saturating_sub(now.0).div_euclid(SECONDS_A_DAY)
}

#[cfg(test)]
mod tests;
