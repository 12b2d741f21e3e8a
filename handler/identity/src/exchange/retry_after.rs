//! The `Retry-After` header (RFC 9110, section 10.2.3).

use std::time::Duration;

use http::{HeaderMap, header::RETRY_AFTER};
use time::{PrimitiveDateTime, macros::format_description};

use crate::UnixTime;

/// Nobody is told to wait longer than this, and no gate stays shut longer: Entra may recover earlier than it promised.
pub(super) const LONGEST: Duration = Duration::from_mins(1);

/// Nobody is told to come back in no time: a moment that has passed is one second away.
const SHORTEST: Duration = Duration::from_secs(1);

/// What the header says, in seconds or as a date, between [`SHORTEST`] and [`LONGEST`]; nothing when it is absent or
/// unreadable.
pub(super) fn read(headers: &HeaderMap, now: UnixTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = seconds(text).or_else(|| http_date(text).map(|date| now.until(date)))?;
    Some(wait.clamp(SHORTEST, LONGEST))
}

fn seconds(text: &str) -> Option<Duration> {
    text.parse().ok().map(Duration::from_secs)
}

/// The preferred format of RFC 9110, section 5.6.7; the two obsolete ones are not read.
fn http_date(text: &str) -> Option<UnixTime> {
    let format =
        format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    let date = PrimitiveDateTime::parse(text, format).ok()?;
    Some(UnixTime(date.assume_utc().unix_timestamp()))
}

#[cfg(test)]
mod tests {
    //! Proves how the header is read.

    use super::*;

    #[test]
    fn seconds_and_dates_are_read_and_capped() {
        // Tue, 14 Nov 2023 22:13:20 GMT
        let now = UnixTime(1_700_000_000);
        for (text, expected) in [
            ("7", Some(7)),
            (" 7 ", Some(7)),
            ("0", Some(1)),
            ("3600", Some(60)),
            ("18446744073709551615", Some(60)),
            ("Tue, 14 Nov 2023 22:13:50 GMT", Some(30)),
            ("Tue, 14 Nov 2023 22:13:10 GMT", Some(1)),
            ("Wed, 15 Nov 2023 22:13:10 GMT", Some(60)),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
            ("99999999999999999999", None),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            assert_eq!(read(&headers, now), expected.map(Duration::from_secs), "{text:?}");
        }
        assert_eq!(read(&HeaderMap::new(), now), None);
    }
}
