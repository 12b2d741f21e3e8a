//! Days, by the calendar of UTC.

use std::{borrow::Cow, fmt, str::FromStr};

use identity::UnixTime;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use time::{
    Date, Duration, OffsetDateTime, PrimitiveDateTime,
    format_description::{BorrowedFormatItem, well_known::Rfc3339},
    macros,
};

const ISO: &[BorrowedFormatItem<'_>] = macros::format_description!("[year]-[month]-[day]");
const WITH_TIME: &[BorrowedFormatItem<'_>] = macros::format_description!(
    version = 2,
    "[year]-[month]-[day][first [T] [ ]][hour]:[minute][optional [:[second][optional [.[subsecond]]]]]"
);

/// A calendar day, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(Date);

/// The text is no day, or leaves open which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no day as YYYY-MM-DD")]
pub struct MalformedDay;

impl Day {
    /// A day that is known to exist.
    pub(super) const fn of_date(date: Date) -> Self {
        Self(date)
    }

    /// The day of a moment.
    #[must_use]
    pub fn of(moment: UnixTime) -> Self {
        // by a clock beyond year 9999 it is 1970, before there is data: every period is refused
        Self(OffsetDateTime::from_unix_timestamp(moment.0).unwrap_or(OffsetDateTime::UNIX_EPOCH).date())
    }

    /// The first day of its month.
    #[must_use]
    pub fn first_of_month(self) -> Self {
        Self(self.0.replace_day(1).unwrap_or(self.0))
    }

    /// The last day of its month.
    #[must_use]
    pub fn last_of_month(self) -> Self {
        Self(self.0.replace_day(self.0.month().length(self.0.year())).unwrap_or(self.0))
    }

    /// So many days later, or earlier.
    #[must_use]
    pub fn plus(self, days: i64) -> Self {
        Self(self.0.saturating_add(Duration::days(days)))
    }

    /// How many days `later` is after this one.
    #[must_use]
    pub fn days_until(self, later: Self) -> i64 {
        (later.0 - self.0).whole_days()
    }

    /// The day of its month, from 1.
    #[must_use]
    pub fn day_of_month(self) -> u8 {
        self.0.day()
    }

    /// `YYYY-MM`.
    #[must_use]
    pub fn month(self) -> String {
        format!("{:04}-{:02}", self.0.year(), u8::from(self.0.month()))
    }
}

impl FromStr for Day {
    type Err = MalformedDay;

    /// `YYYY-MM-DD`. A time of day is left out, as long as it is in UTC: elsewhere it may be another day.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let utc = || OffsetDateTime::parse(text, &Rfc3339).ok().filter(|moment| moment.offset().is_utc());
        let unsaid = || PrimitiveDateTime::parse(text, WITH_TIME).map(PrimitiveDateTime::date).ok();
        let date = Date::parse(text, ISO).ok();
        date.or_else(|| utc().map(OffsetDateTime::date)).or_else(unsaid).map(Self).ok_or(MalformedDay)
    }
}

impl TryFrom<String> for Day {
    type Error = MalformedDay;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

impl fmt::Display for Day {
    /// `YYYY-MM-DD`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl JsonSchema for Day {
    fn schema_name() -> Cow<'static, str> {
        "Day".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A day as YYYY-MM-DD (UTC).",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
            "examples": ["2026-10-01"],
        })
    }
}

#[cfg(test)]
mod tests {
    //! Proves what is taken for a day.

    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn a_time_of_day_in_utc_is_left_out() {
        for text in [
            "2026-10-01",
            " 2026-10-01\n",
            "2026-10-01T00:00:00Z",
            "2026-10-01T23:59:59.999Z",
            "2026-10-01T00:00:00+00:00",
            "2026-10-01T00:00:00",
            "2026-10-01 12:30",
        ] {
            assert_eq!(text.parse(), Ok(day("2026-10-01")), "{text:?}");
        }
    }

    #[test]
    fn what_leaves_open_which_day_is_none() {
        for text in [
            "",
            "today",
            "2026-1-1",
            "01.10.2026",
            "10/01/2026",
            "2026/10/01",
            "20261001",
            "2026-13-01",
            "2023-02-29",
            "2026-10-01T00:00:00+02:00",
            "2026-10-01T25:00:00Z",
            "2026-10-01T",
        ] {
            assert_eq!(text.parse::<Day>(), Err(MalformedDay), "{text:?}");
        }
    }

    #[test]
    fn the_day_follows_utc_midnight() {
        assert_eq!(Day::of(UnixTime(1_793_491_199)), day("2026-10-31"));
        assert_eq!(Day::of(UnixTime(1_793_491_200)), day("2026-11-01"));
        assert_eq!(Day::of(UnixTime(i64::MAX)), day("1970-01-01"));
    }

    #[test]
    fn the_calendar_is_that_of_the_months() {
        assert_eq!(day("2024-02-10").last_of_month(), day("2024-02-29"));
        assert_eq!(day("2026-12-31").plus(1), day("2027-01-01"));
        assert_eq!(day("2026-10-01").days_until(day("2026-10-31")), 30);
        assert_eq!(day("2026-10-01").month(), "2026-10");
    }
}
