//! The limits of Cost Management: what is counted, what is said about it, and who has to wait.
//!
//! Queries cost units (QPU), one for each month of data:
//! <https://learn.microsoft.com/azure/cost-management-billing/costs/manage-automation#data-latency-and-rate-limits>.
//! That other operations cost units too, and which, is not described: forecasts and dimensions do here, lists do not.

use std::{
    collections::VecDeque,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use http::Response;
use time::{Duration, OffsetDateTime};

use super::{errors::ArmError, scope::Scope};
use crate::{server::with_header, world::lock};

/// One of the limits, as the headers of a 429 name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Units of the tenant.
    Units,
    /// Requests on one scope.
    Entity,
    /// Requests of the tenant.
    Tenant,
    /// Requests of one `ClientType`.
    ClientType,
}

/// Units a tenant may use within a time.
const UNITS: [(Duration, u32); 3] = [(Duration::HOUR, 600), (Duration::MINUTE, 60), (Duration::seconds(10), 12)];

/// Requests on one scope within a minute.
const REQUESTS: usize = 4;

/// Counts, and refuses if it is to.
#[derive(Default)]
pub(super) struct Throttle {
    enforced: AtomicBool,
    ledger: Mutex<Ledger>,
}

/// What was used within the last hour.
#[derive(Default)]
struct Ledger(VecDeque<Usage>);

/// What one request used.
pub(super) struct Usage {
    pub(super) at: OffsetDateTime,
    pub(super) scope: Scope,
    pub(super) units: u32,
}

/// What the headers of an answer say about the limits.
pub(super) struct Meter {
    consumed: u32,
    /// Units left in the hour, the minute, and ten seconds.
    units: [u32; 3],
    requests: usize,
}

impl Limit {
    /// The header that says how long to wait.
    pub(super) fn retry_after(self) -> &'static str {
        match self {
            Self::Units => "x-ms-ratelimit-microsoft.costmanagement-qpu-retry-after",
            Self::Entity => "x-ms-ratelimit-microsoft.costmanagement-entity-retry-after",
            Self::Tenant => "x-ms-ratelimit-microsoft.costmanagement-tenant-retry-after",
            Self::ClientType => "x-ms-ratelimit-microsoft.costmanagement-clienttype-retry-after",
        }
    }
}

impl Throttle {
    pub(super) fn enforce(&self, enforce: bool) {
        self.enforced.store(enforce, Ordering::Relaxed);
    }

    /// Counts a request, or refuses it.
    pub(super) fn admit(&self, usage: Usage, client_type: Option<&str>) -> Result<Meter, ArmError> {
        let mut ledger = lock(&self.ledger);
        ledger.0.retain(|older| older.at > usage.at - Duration::HOUR);
        if self.enforced.load(Ordering::Relaxed) && usage.units > 0 {
            if client_type.is_none_or(str::is_empty) {
                // the bucket that all such callers of a tenant share is empty, and nobody says for how long
                let name = "x-ms-ratelimit-remaining-microsoft.costmanagement-clienttype-requests";
                return Err(ArmError::throttled().with_header(name, "DefaultQuota:0"));
            }
            ledger.has_room_for(&usage)?;
        }
        let (at, scope, units) = (usage.at, usage.scope.clone(), usage.units);
        ledger.0.push_back(usage);
        Ok(ledger.meter(at, &scope, units))
    }
}

impl Ledger {
    /// Refuses `next` with the time to wait for each limit that it would break.
    fn has_room_for(&self, next: &Usage) -> Result<(), ArmError> {
        let waits = [(Limit::Units, self.units_wait(next)), (Limit::Entity, self.requests_wait(next))];
        let mut waits = waits.into_iter().filter_map(|(limit, wait)| Some((limit, wait?))).peekable();
        if waits.peek().is_none() {
            return Ok(());
        }
        let meter = self.meter(next.at, &next.scope, 0).texts();
        let error = meter.into_iter().fold(ArmError::throttled(), |error, (name, text)| error.with_header(name, text));
        Err(waits.fold(error, |error, (limit, wait)| error.with_header(limit.retry_after(), seconds(wait).to_string())))
    }

    /// How long until every limit of units has room for `next`.
    fn units_wait(&self, next: &Usage) -> Option<Duration> {
        let wait = |(window, limit): (Duration, u32)| {
            let mut used = self.used(next.at, window) + next.units;
            let mut recent = self.0.iter().filter(|usage| usage.at > next.at - window);
            let mut wait = None;
            while used > limit {
                let Some(oldest) = recent.next() else { break };
                used -= oldest.units;
                wait = Some(oldest.at + window - next.at);
            }
            wait
        };
        UNITS.into_iter().filter_map(wait).max()
    }

    /// How long until the scope has room for `next`.
    fn requests_wait(&self, next: &Usage) -> Option<Duration> {
        let recent: Vec<_> = self.recent_on(&next.scope, next.at).collect();
        let oldest = recent.len().checked_sub(REQUESTS).and_then(|index| recent.get(index))?;
        Some(oldest.at + Duration::MINUTE - next.at)
    }

    fn used(&self, now: OffsetDateTime, window: Duration) -> u32 {
        self.0.iter().filter(|usage| usage.at > now - window).map(|usage| usage.units).sum()
    }

    fn recent_on(&self, scope: &Scope, now: OffsetDateTime) -> impl Iterator<Item = &Usage> {
        let since = now - Duration::MINUTE;
        self.0.iter().filter(move |usage| usage.units > 0 && usage.scope == *scope && usage.at > since)
    }

    fn meter(&self, now: OffsetDateTime, scope: &Scope, consumed: u32) -> Meter {
        Meter {
            consumed,
            units: UNITS.map(|(window, limit)| limit.saturating_sub(self.used(now, window))),
            requests: REQUESTS.saturating_sub(self.recent_on(scope, now).count()),
        }
    }
}

impl Meter {
    pub(super) fn mark(&self, response: Response<Bytes>) -> Response<Bytes> {
        self.texts().into_iter().fold(response, |response, (name, text)| with_header(response, name, &text))
    }

    fn texts(&self) -> [(&'static str, String); 3] {
        let [hour, minute, ten_seconds] = self.units;
        [
            ("x-ms-ratelimit-microsoft.costmanagement-qpu-consumed", self.consumed.to_string()),
            (
                "x-ms-ratelimit-microsoft.costmanagement-qpu-remaining",
                format!("QueriesPerHour:{hour},QueriesPerMin:{minute},QueriesPer10Sec:{ten_seconds}"),
            ),
            (
                "x-ms-ratelimit-remaining-microsoft.costmanagement-entity-requests",
                format!("DefaultQuota:{}", self.requests),
            ),
        ]
    }
}

/// Begun seconds count.
fn seconds(wait: Duration) -> i64 {
    wait.whole_seconds() + i64::from(wait.subsec_nanoseconds() > 0)
}

#[cfg(test)]
mod tests {
    //! Proves when there is room again. That Azure counts in sliding windows is an assumption.

    use super::*;

    const START: OffsetDateTime = time::macros::datetime!(2026-11-01 00:00 UTC);

    fn usage(second: i64, scope: &str, units: u32) -> Usage {
        Usage { at: START + Duration::seconds(second), scope: Scope::subscription(scope), units }
    }

    #[test]
    fn whoever_asks_too_much_waits_until_there_is_room() {
        let throttle = Throttle::default();
        throttle.enforce(true);
        // second, scope, units, and the waits for units and scope
        for (second, scope, units, waits) in [
            (0, "a", 6, None),
            (1, "a", 6, None),
            (2, "b", 1, Some((Some(8), None))),
            (2, "b", 7, Some((Some(9), None))),
            (10, "b", 6, None),
            (12, "a", 1, None),
            (13, "a", 1, None),
            (14, "a", 1, Some((None, Some(46)))),
            (15, "b", 12, Some((Some(8), None))),
            (61, "a", 1, None),
        ] {
            let answer = throttle.admit(usage(second, scope, units), Some("test"));
            let refused = answer.err().map(|error| {
                let response = error.response();
                let wait = |limit: Limit| {
                    let value = response.headers().get(limit.retry_after())?;
                    Some(value.to_str().unwrap().parse::<i64>().unwrap())
                };
                (wait(Limit::Units), wait(Limit::Entity))
            });
            assert_eq!(refused, waits, "second {second}");
        }
    }

    #[test]
    fn an_hour_has_its_own_limit() {
        let throttle = Throttle::default();
        throttle.enforce(true);
        for minute in 0..50 {
            assert!(throttle.admit(usage(60 * minute, "a", 12), Some("test")).is_ok(), "minute {minute}");
        }
        assert!(throttle.admit(usage(3_001, "a", 1), Some("test")).is_err());
        assert!(throttle.admit(usage(3_600, "a", 1), Some("test")).is_ok());
    }

    #[test]
    fn without_enforcement_everything_is_counted_and_nothing_refused() {
        let throttle = Throttle::default();
        for _ in 0..20 {
            throttle.admit(usage(0, "a", 12), None).ok().unwrap();
        }
        let meter = throttle.admit(usage(0, "a", 12), None).ok().unwrap();
        assert_eq!((meter.consumed, meter.units, meter.requests), (12, [348, 0, 0], 0));
    }
}
