//! The same as the data, for a person.

use std::fmt::Write as _;

use super::{Cache, Credential, Diagnosis, Exchanges, Gate, SigningKeys, Tally, Uses, problems::count};
use crate::tools::table::Table;

pub(super) fn write(diagnosis: &Diagnosis) -> String {
    let Diagnosis { well, problems, version, started_at, uptime_seconds, cache: Cache { entries, capacity }, .. } =
        diagnosis;
    let verdict = if *well { "this instance is well" } else { "this instance is not well" };
    let mut list = problems.iter().flat_map(|problem| ["- ", problem, "\n"]).collect::<String>();
    if !well {
        list.push('\n');
    }
    format!(
        "**Diagnostics**: {verdict}.\n\n{list}Version {version}, started {started_at}, up {}.\n\n\
         - Signing keys: {}\n- Credential: {}\n- Gate to Entra: {}\n- Cache: {entries} of {capacity} entries\n\n{}\n{}",
        duration(*uptime_seconds),
        signing_keys(&diagnosis.signing_keys),
        credential(&diagnosis.credential),
        gate(&diagnosis.entra_gate),
        exchanges(&diagnosis.exchanges),
        uses(&diagnosis.uses),
    )
}

fn signing_keys(SigningKeys { count, fetched_at, age_seconds, last_refresh_failed }: &SigningKeys) -> String {
    let mut text = count.to_string();
    if let (Some(at), Some(age)) = (fetched_at, age_seconds) {
        let _ = write!(text, ", fetched {at} ({} ago)", duration(*age));
    }
    if *last_refresh_failed {
        text.push_str("; the last refresh failed");
    }
    text
}

fn credential(Credential { kind, thumbprint, expires_at, days_left, last_reload }: &Credential) -> String {
    let mut text = kind.clone();
    if let Some(thumbprint) = thumbprint {
        let _ = write!(text, ", SHA-256 {thumbprint}");
    }
    if let (Some(expires_at), Some(days)) = (expires_at, days_left) {
        let _ = match days {
            ..0 => write!(text, ", ended {expires_at}"),
            _ => write!(text, ", ends {expires_at} ({days} days left)"),
        };
    }
    if let Some(reload) = last_reload {
        let _ = write!(text, ", last read {}{}", reload.at, if reload.failed { " (failed)" } else { "" });
    }
    text
}

fn gate(gate: &Gate) -> String {
    match gate.seconds_left {
        Some(seconds) => format!("shut for another {} at most", count(seconds, "second")),
        None => "open".to_owned(),
    }
}

fn exchanges(Exchanges { since_start, last_15_minutes }: &Exchanges) -> String {
    let mut table = Table::new().text("Exchanges").number("Last 15 minutes").number("Since start");
    for ((name, lately), (_, all)) in figures(last_15_minutes).into_iter().zip(figures(since_start)) {
        let [lately, all] = [lately, all].map(|figure| figure.map_or_else(|| "–".to_owned(), |it| it.to_string()));
        table.row([name, &lately, &all]);
    }
    table.into_text()
}

/// The classes in the words of the log.
fn figures(tally: &Tally) -> [(&'static str, Option<u64>); 10] {
    let by_class = &tally.failed_by_class;
    [
        ("all", Some(tally.total)),
        ("ok", Some(tally.ok)),
        ("failed", Some(tally.failed)),
        ("failure rate in percent", tally.failure_rate_percent),
        ("interaction_required", Some(by_class.interaction_required)),
        ("assertion_refused", Some(by_class.assertion_refused)),
        ("consent_required", Some(by_class.consent_required)),
        ("access_blocked", Some(by_class.access_blocked)),
        ("operator_fault", Some(by_class.operator_fault)),
        ("temporarily_unavailable", Some(by_class.temporarily_unavailable)),
    ]
}

fn uses(Uses { hits, misses, joined }: &Uses) -> String {
    let mut table = Table::new().text("Calls came by their token by").number("Since start");
    for (name, figure) in
        [("an earlier exchange", hits), ("an exchange of their own", misses), ("another call's exchange", joined)]
    {
        table.row([name, &figure.to_string()]);
    }
    table.into_text()
}

/// The two largest units: `3 days 4 hours`, `40 seconds`.
fn duration(seconds: u64) -> String {
    let units = [("day", 86_400, u64::MAX), ("hour", 3_600, 24), ("minute", 60, 60), ("second", 1, 60)];
    let parts = units.map(|(unit, length, modulus)| (seconds / length % modulus, unit));
    let parts: Vec<_> = parts.into_iter().skip_while(|(number, _)| *number == 0).take(2).collect();
    let shown: Vec<_> = parts.into_iter().filter(|(number, _)| *number > 0).map(|(n, unit)| count(n, unit)).collect();
    if shown.is_empty() { "0 seconds".to_owned() } else { shown.join(" ") }
}
