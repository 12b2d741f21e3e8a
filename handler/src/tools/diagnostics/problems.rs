//! What is not well, each in a sentence with what to do about it and the log event that has the cause.
//!
//! What a user or an administrator must cure (a second factor, a consent) is no problem of this instance, however often
//! it comes.

use identity::{UnixTime, exchange::credential::WARN_BEFORE};

use super::{Instance, days_left, rfc3339};

/// All of them, those that stop most callers first.
pub(super) fn find(instance: &Instance) -> Vec<String> {
    let rules = [signing_keys, credential_end, operator_faults, gate, entra_unwell, reload];
    rules.into_iter().filter_map(|rule| rule(instance)).collect()
}

/// Without any keys there is no answer: monitoring's own token could not be validated.
fn signing_keys(instance: &Instance) -> Option<String> {
    instance.keys.refresh_failed.then(|| {
        "The last refresh of the signing keys failed. The last good ones serve until they are 24 hours old; signing_keys \
         in the log has the cause."
            .to_owned()
    })
}

fn credential_end(instance: &Instance) -> Option<String> {
    let &Instance { now, ref exchange, .. } = instance;
    let end: UnixTime = exchange.credential.expires_at?;
    if end <= now {
        return Some(format!(
            "The certificate ended on {}: no exchange can succeed until a new one is registered and read.",
            rfc3339(end)
        ));
    }
    (now.until(end) <= WARN_BEFORE).then(|| {
        let left = match days_left(end, now) {
            0 => "less than a day".to_owned(),
            days => count(days.unsigned_abs(), "day"),
        };
        format!("The certificate ends in {left}: make a new version and register it.")
    })
}

fn operator_faults(instance: &Instance) -> Option<String> {
    let lately = instance.exchange.lately;
    let faults = lately.failures.operator_fault;
    (faults > 0).then(|| {
        format!(
            "{} of {} in the last 15 minutes failed because the registration, the credential or a setting is wrong; \
             obo_operator_fault in the log has cause and fix.",
            faults,
            count(lately.total(), "exchange")
        )
    })
}

fn gate(instance: &Instance) -> Option<String> {
    let left = instance.exchange.gate_shut_for?;
    Some(format!("Entra can take no more: it is asked again in {} at most.", count(left.as_secs(), "second")))
}

/// From one in ten: single ones pass, and one user's loop is that user's.
fn entra_unwell(instance: &Instance) -> Option<String> {
    let lately = instance.exchange.lately;
    let failed = lately.failures.temporarily_unavailable;
    (failed > 0 && failed.saturating_mul(10) >= lately.total()).then(|| {
        format!(
            "{} of {} in the last 15 minutes found Entra throttling or down.",
            failed,
            count(lately.total(), "exchange")
        )
    })
}

fn reload(instance: &Instance) -> Option<String> {
    let reload = instance.exchange.last_reload.filter(|reload| reload.failed)?;
    Some(format!(
        "The certificate could not be read again at {}. The one in memory goes on to serve; credential_reload_failed in \
         the log has the cause.",
        rfc3339(reload.at)
    ))
}

/// `1 day`, `2 days`.
pub(super) fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
