//! When Azure may be asked again.

use std::time::Duration;

use http::{HeaderMap, header::RETRY_AFTER};
use identity::UnixTime;
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

/// The wait of each of Cost Management's limits, in seconds; an answer may carry several, and all must pass.
/// <https://learn.microsoft.com/azure/cost-management-billing/costs/manage-automation#data-latency-and-rate-limits>
const WAITS: [&str; 4] = [
    "x-ms-ratelimit-microsoft.costmanagement-qpu-retry-after",
    "x-ms-ratelimit-microsoft.costmanagement-tenant-retry-after",
    "x-ms-ratelimit-microsoft.costmanagement-clienttype-retry-after",
    "x-ms-ratelimit-microsoft.costmanagement-entity-retry-after",
];
/// Those of them that stop every query of the tenant, whatever it is about: all but the last.
const TENANT_WIDE: usize = 3;
/// Nothing was said: the shortest time after which the limits per minute have passed.
const UNSAID: Duration = Duration::from_mins(1);
/// No limit is longer than an hour; a longer wait is a mistake that nobody should be told.
pub(super) const LONGEST: Duration = Duration::from_hours(1);

/// The longest wait the headers ask for, in whole seconds between one second and an hour; a minute if they name none.
pub(super) fn retry_after(headers: &HeaderMap, now: UnixTime) -> Duration {
    said(headers, now).unwrap_or(UNSAID)
}

/// The longest wait the headers ask for, if they name any.
pub(super) fn said(headers: &HeaderMap, now: UnixTime) -> Option<Duration> {
    let texts = |name: &str| headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let limits = WAITS.into_iter().flat_map(texts).filter_map(seconds);
    let general = texts(RETRY_AFTER.as_str()).filter_map(|text| seconds(text).or_else(|| date(text, now)));
    limits.chain(general).max().map(|wait| wait.clamp(Duration::from_secs(1), LONGEST))
}

/// The longest wait of the limits that stop every query of the tenant.
pub(super) fn tenant_wide(headers: &HeaderMap) -> Option<Duration> {
    let texts = |name: &str| headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let waits = WAITS.into_iter().take(TENANT_WIDE).flat_map(texts).filter_map(seconds);
    waits.max().map(|wait| wait.clamp(Duration::from_secs(1), LONGEST))
}

fn seconds(text: &str) -> Option<Duration> {
    text.trim().parse().ok().map(Duration::from_secs)
}

/// The date form of `Retry-After` (RFC 9110, section 10.2.3).
fn date(text: &str, now: UnixTime) -> Option<Duration> {
    let date = OffsetDateTime::parse(text.trim(), &Rfc2822).ok()?;
    Some(now.until(UnixTime(date.unix_timestamp())))
}

#[cfg(test)]
mod tests {
    //! Proves how waits are read. Which of the headers a given tenant sends, only that tenant shows.

    use http::{HeaderName, HeaderValue};

    use super::*;

    const NOW: UnixTime = UnixTime(1_793_491_200); // 2026-11-01T00:00:00Z

    #[track_caller]
    fn wait(headers: &[(&str, &str)]) -> u64 {
        let headers = headers.iter().map(|(name, value)| {
            (name.parse::<HeaderName>().unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap())
        });
        retry_after(&headers.collect(), NOW).as_secs()
    }

    #[test]
    fn the_longest_wait_counts() {
        assert_eq!(
            wait(&[("Retry-After", "5"), (WAITS[0], "20"), (WAITS[1], "42"), (WAITS[2], "3"), (WAITS[3], "1")]),
            42
        );
        for name in WAITS {
            assert_eq!(wait(&[(name, "17")]), 17, "{name}");
            assert_eq!(wait(&[(name, "17"), ("Retry-After", "18")]), 18, "{name}");
        }
    }

    #[test]
    fn a_limit_of_one_scope_is_not_the_tenant_s() {
        let tenant_wide = |name: &str| {
            let headers = HeaderMap::from_iter([(name.parse::<HeaderName>().unwrap(), HeaderValue::from_static("17"))]);
            tenant_wide(&headers).map(|wait| wait.as_secs())
        };
        assert_eq!(WAITS.map(tenant_wide), [Some(17), Some(17), Some(17), None]);
        assert_eq!(tenant_wide("retry-after"), None);
    }

    #[test]
    fn a_date_is_as_good_as_seconds() {
        assert_eq!(wait(&[("Retry-After", "Sun, 01 Nov 2026 00:01:30 GMT")]), 90);
        assert_eq!(wait(&[("Retry-After", "Sat, 31 Oct 2026 23:59:00 GMT")]), 1);
    }

    #[test]
    fn without_a_wait_that_makes_sense_it_is_a_minute() {
        for value in ["", "soon", "-1", "1.5", "\u{e9}", "Sun, 01 Nov 2026"] {
            assert_eq!(wait(&[("Retry-After", value)]), 60, "{value}");
        }
        assert_eq!(wait(&[]), 60);
    }

    #[test]
    fn it_is_never_nothing_and_never_more_than_an_hour() {
        assert_eq!(wait(&[("Retry-After", "0")]), 1);
        assert_eq!(wait(&[("Retry-After", "18446744073709551615")]), 3600);
    }
}
