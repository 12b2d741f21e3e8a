//! Proves what is told of each state of an instance. That the figures are those of real exchanges, and that nobody is
//! named in them, is proven end to end.

use std::time::Duration;

use identity::exchange::{
    Failures, Tally, Uses,
    credential::{CredentialDescription, Reload},
};
use insta::assert_snapshot;

use super::*;
use crate::tools::tests::assert_follows;

/// Sat, 1 Nov 2025 12:00:00 GMT.
const NOW: UnixTime = UnixTime(1_761_998_400);

const DAY: i64 = SECONDS_A_DAY;

fn ago(seconds: i64) -> UnixTime {
    UnixTime(NOW.0 - seconds)
}

fn well() -> Instance {
    let failures = Failures { interaction_required: 2, consent_required: 1, ..Failures::default() };
    Instance {
        version: "1.2.3",
        started_at: ago(3 * DAY + 4 * 3600 + 5 * 60),
        now: NOW,
        keys: KeysStatus { count: 4, fetched_at: Some(ago(754)), refresh_failed: false },
        exchange: ExchangeStatus {
            credential: CredentialDescription {
                kind: "OBO_CERTIFICATE_NAME (mcp-cost-server-obo in contoso.vault.azure.net)".to_owned(),
                thumbprint: Some("0a1b".to_owned()),
                expires_at: Some(UnixTime(NOW.0 + 200 * DAY)),
            },
            last_reload: Some(Reload { at: ago(7200), failed: false }),
            cache_entries: 120,
            cache_capacity: 10_000,
            uses: Uses { hits: 5200, misses: 400, joined: 31 },
            since_start: Tally { ok: 397, failures },
            lately: Tally { ok: 21, failures: Failures { interaction_required: 1, ..Failures::default() } },
            gate_shut_for: None,
        },
    }
}

#[track_caller]
fn told(instance: &Instance) -> Answer {
    let answer = answer(instance);
    assert_follows(&answer.data(), &tool().output);
    answer
}

/// The problems of a well instance after `change`.
#[track_caller]
fn problems(change: impl FnOnce(&mut Instance)) -> String {
    let mut instance = well();
    change(&mut instance);
    let answer = told(&instance);
    let (text, data) = (&answer.text, answer.data());
    let problems: Vec<String> = serde_json::from_value(data["problems"].clone()).unwrap();
    assert_eq!(data["well"], problems.is_empty());
    assert!(problems.iter().all(|problem| text.contains(&format!("\n- {problem}\n"))), "{text}");
    assert_eq!(text.starts_with("**Diagnostics**: this instance is well.\n"), problems.is_empty(), "{text}");
    problems.join("\n")
}

#[test]
fn a_well_instance_is_told_in_full() {
    let answer = told(&well());
    assert_snapshot!(answer.text, @"
    **Diagnostics**: this instance is well.

    Version 1.2.3, started 2025-10-29T07:55:00Z, up 3 days 4 hours.

    - Signing keys: 4, fetched 2025-11-01T11:47:26Z (12 minutes 34 seconds ago)
    - Credential: OBO_CERTIFICATE_NAME (mcp-cost-server-obo in contoso.vault.azure.net), SHA-256 0a1b, ends 2026-05-20T12:00:00Z (200 days left), last read 2025-11-01T10:00:00Z
    - Gate to Entra: open
    - Cache: 120 of 10000 entries

    | Exchanges               | Last 15 minutes | Since start |
    | :---------------------- | --------------: | ----------: |
    | all                     |              22 |         400 |
    | ok                      |              21 |         397 |
    | failed                  |               1 |           3 |
    | failure rate in percent |               5 |           1 |
    | interaction_required    |               1 |           2 |
    | assertion_refused       |               0 |           0 |
    | consent_required        |               0 |           1 |
    | access_blocked          |               0 |           0 |
    | operator_fault          |               0 |           0 |
    | temporarily_unavailable |               0 |           0 |

    | Calls came by their token by | Since start |
    | :--------------------------- | ----------: |
    | an earlier exchange          |        5200 |
    | an exchange of their own     |         400 |
    | another call's exchange      |          31 |
    ");
    assert_snapshot!(format!("{:#}", answer.data()), @r#"
    {
      "cache": {
        "capacity": 10000,
        "entries": 120
      },
      "credential": {
        "daysLeft": 200,
        "expiresAt": "2026-05-20T12:00:00Z",
        "kind": "OBO_CERTIFICATE_NAME (mcp-cost-server-obo in contoso.vault.azure.net)",
        "lastReload": {
          "at": "2025-11-01T10:00:00Z",
          "failed": false
        },
        "thumbprint": "0a1b"
      },
      "entraGate": {
        "shut": false
      },
      "exchanges": {
        "last15Minutes": {
          "failed": 1,
          "failedByClass": {
            "accessBlocked": 0,
            "assertionRefused": 0,
            "consentRequired": 0,
            "interactionRequired": 1,
            "operatorFault": 0,
            "temporarilyUnavailable": 0
          },
          "failureRatePercent": 5,
          "ok": 21,
          "total": 22
        },
        "sinceStart": {
          "failed": 3,
          "failedByClass": {
            "accessBlocked": 0,
            "assertionRefused": 0,
            "consentRequired": 1,
            "interactionRequired": 2,
            "operatorFault": 0,
            "temporarilyUnavailable": 0
          },
          "failureRatePercent": 1,
          "ok": 397,
          "total": 400
        }
      },
      "problems": [],
      "signingKeys": {
        "ageSeconds": 754,
        "count": 4,
        "fetchedAt": "2025-11-01T11:47:26Z",
        "lastRefreshFailed": false
      },
      "startedAt": "2025-10-29T07:55:00Z",
      "uptimeSeconds": 273900,
      "uses": {
        "hits": 5200,
        "joined": 31,
        "misses": 400
      },
      "version": "1.2.3",
      "well": true
    }
    "#);
}

#[test]
fn everything_that_can_be_wrong_at_once() {
    let mut instance = well();
    instance.keys.refresh_failed = true;
    instance.exchange.credential.expires_at = Some(ago(DAY + 1));
    instance.exchange.last_reload = Some(Reload { at: ago(60), failed: true });
    instance.exchange.gate_shut_for = Some(Duration::from_secs(12));
    instance.exchange.lately.failures =
        Failures { operator_fault: 3, temporarily_unavailable: 40, ..Failures::default() };
    let answer = told(&instance);
    let (problems, _) = answer.text.split_once("\n\n| Exchanges").unwrap();
    assert_snapshot!(problems, @"
    **Diagnostics**: this instance is not well.

    - The last refresh of the signing keys failed. The last good ones serve until they are 24 hours old; signing_keys in the log has the cause.
    - The certificate ended on 2025-10-31T11:59:59Z: no exchange can succeed until a new one is registered and read.
    - 3 of 64 exchanges in the last 15 minutes failed because the registration, the credential or a setting is wrong; obo_operator_fault in the log has cause and fix.
    - Entra can take no more: it is asked again in 12 seconds at most.
    - 40 of 64 exchanges in the last 15 minutes found Entra throttling or down.
    - The certificate could not be read again at 2025-11-01T11:59:00Z. The one in memory goes on to serve; credential_reload_failed in the log has the cause.

    Version 1.2.3, started 2025-10-29T07:55:00Z, up 3 days 4 hours.

    - Signing keys: 4, fetched 2025-11-01T11:47:26Z (12 minutes 34 seconds ago); the last refresh failed
    - Credential: OBO_CERTIFICATE_NAME (mcp-cost-server-obo in contoso.vault.azure.net), SHA-256 0a1b, ended 2025-10-31T11:59:59Z, last read 2025-11-01T11:59:00Z (failed)
    - Gate to Entra: shut for another 12 seconds at most
    - Cache: 120 of 10000 entries
    ");
}

#[test]
fn what_only_people_can_cure_is_no_problem_of_the_instance() {
    let failures = Failures {
        interaction_required: 100,
        assertion_refused: 100,
        consent_required: 100,
        access_blocked: 100,
        ..Failures::default()
    };
    assert_eq!(problems(|instance| instance.exchange.lately.failures = failures), "");
}

#[test]
fn old_keys_serve_but_that_they_are_old_is_a_problem() {
    assert_snapshot!(problems(|instance| instance.keys.refresh_failed = true), @"The last refresh of the signing keys failed. The last good ones serve until they are 24 hours old; signing_keys in the log has the cause.");
}

#[test]
fn a_certificate_is_warned_of_in_its_last_thirty_days() {
    let ends_in = |seconds: i64| problems(|instance| instance.exchange.credential.expires_at = Some(ago(-seconds)));
    assert_eq!(ends_in(30 * DAY + 1), "");
    assert_snapshot!(ends_in(30 * DAY), @"The certificate ends in 30 days: make a new version and register it.");
    assert_snapshot!(ends_in(2 * DAY - 1), @"The certificate ends in 1 day: make a new version and register it.");
    assert_snapshot!(ends_in(DAY - 1), @"The certificate ends in less than a day: make a new version and register it.");
    assert_snapshot!(ends_in(0), @"The certificate ended on 2025-11-01T12:00:00Z: no exchange can succeed until a new one is registered and read.");
}

#[test]
fn days_are_counted_downwards() {
    for (seconds, days) in [(2 * DAY, 2), (2 * DAY - 1, 1), (1, 0), (0, 0), (-1, -1), (-DAY - 1, -2)] {
        assert_eq!(days_left(ago(-seconds), NOW), days, "{seconds}");
    }
}

#[test]
fn a_managed_identity_has_no_certificate_to_tell_of() {
    let mut instance = well();
    let kind = "OBO_FEDERATED_IDENTITY_CLIENT_ID".to_owned();
    instance.exchange.credential = CredentialDescription { kind, thumbprint: None, expires_at: None };
    instance.exchange.last_reload = None;
    let answer = told(&instance);
    assert!(answer.text.contains("\n- Credential: OBO_FEDERATED_IDENTITY_CLIENT_ID\n"), "{}", answer.text);
    assert_eq!(answer.data()["credential"], serde_json::json!({ "kind": "OBO_FEDERATED_IDENTITY_CLIENT_ID" }));
}

#[test]
fn one_exchange_in_ten_that_finds_entra_unwell_is_a_problem() {
    let of = |ok, temporarily_unavailable| {
        let failures = Failures { temporarily_unavailable, ..Failures::default() };
        problems(|instance| instance.exchange.lately = Tally { ok, failures })
    };
    assert_eq!(of(10, 1), "");
    assert_snapshot!(of(9, 1), @"1 of 10 exchanges in the last 15 minutes found Entra throttling or down.");
    assert_snapshot!(of(0, 1), @"1 of 1 exchange in the last 15 minutes found Entra throttling or down.");
}

#[test]
fn rates_are_rounded_and_absent_without_exchanges() {
    let rate = |ok, failed| {
        let failures = Failures { access_blocked: failed, ..Failures::default() };
        super::Tally::of(&Tally { ok, failures }).failure_rate_percent
    };
    for (ok, failed, percent) in [
        (0, 0, None),
        (1, 0, Some(0)),
        (0, 1, Some(100)),
        (2, 1, Some(33)),
        (1, 2, Some(67)),
        (199, 1, Some(1)),
        (200, 1, Some(0)),
    ] {
        assert_eq!(rate(ok, failed), percent, "{failed} of {ok}");
    }
}

#[test]
fn an_instance_that_just_started_has_nothing_to_tell() {
    let mut instance = well();
    instance.started_at = NOW;
    instance.exchange.uses = Uses::default();
    instance.exchange.since_start = Tally::default();
    instance.exchange.lately = Tally::default();
    let answer = told(&instance);
    assert!(answer.text.contains("up 0 seconds."), "{}", answer.text);
    assert!(answer.text.contains("| failure rate in percent |               – |           – |"), "{}", answer.text);
}
