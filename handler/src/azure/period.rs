//! Which days are asked about: whole UTC days, both ends included.

use std::{borrow::Cow, fmt, str::FromStr};

use identity::UnixTime;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime, format_description::BorrowedFormatItem, macros};

/// The longest period asked for, in days. The API refuses more than a year, and counts a partial day as one.
const LONGEST_DAYS: i64 = 364;
/// Cost Management has no older data.
const EARLIEST: Day = Day(macros::date!(2014 - 05 - 01));
/// A month's costs may still change until this day of the next one.
/// <https://learn.microsoft.com/azure/cost-management-billing/costs/understand-cost-mgt-data>
const SETTLED_AFTER_DAY: u8 = 5;

const ISO: &[BorrowedFormatItem<'_>] = macros::format_description!("[year]-[month]-[day]");

/// A calendar day, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(Date);

/// Whole UTC days from `from` to `to`, both included, at most 364 of them and none in the future.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Period {
    /// First day, inclusive (UTC).
    from: Day,
    /// Last day, inclusive (UTC).
    to: Day,
    /// Whether a later `to` was asked for and replaced by today.
    to_was_clamped: bool,
    /// Whether Azure may still change these costs.
    estimate: bool,
}

/// Why two days make no period. The sentence is for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PeriodError {
    /// It would begin after today.
    #[error("Argument `from` ({from}) is in the future: today is {today} (UTC).")]
    Future {
        /// As asked.
        from: Day,
        /// By the clock.
        today: Day,
    },
    /// It would end before it begins.
    #[error("Argument `from` ({from}) is after `to` ({to}).")]
    Reversed {
        /// As asked.
        from: Day,
        /// As asked.
        to: Day,
    },
    /// It would begin before there is data.
    #[error("The period begins on {from}; Cost Management has no data before {EARLIEST}.")]
    TooEarly {
        /// As asked.
        from: Day,
    },
    /// It is longer than Azure answers.
    #[error("The period {from} to {to} has {days} days; at most {LONGEST_DAYS} are possible. Ask for a shorter one.")]
    TooLong {
        /// As asked.
        from: Day,
        /// As asked, or today.
        to: Day,
        /// Both ends included.
        days: i64,
    },
}

impl Day {
    /// The day of a moment.
    #[must_use]
    pub fn of(moment: UnixTime) -> Self {
        // by a clock beyond year 9999 it is 1970, before there is data: every period is refused
        Self(OffsetDateTime::from_unix_timestamp(moment.0).unwrap_or(OffsetDateTime::UNIX_EPOCH).date())
    }

    fn first_of_month(self) -> Self {
        Self(self.0.replace_day(1).unwrap_or(self.0))
    }

    fn previous(self) -> Self {
        Self(self.0.previous_day().unwrap_or(self.0))
    }
}

impl Period {
    /// By default the month up to today, or up to `to`. A later `to` than `today` becomes today.
    pub fn new(from: Option<Day>, to: Option<Day>, today: Day) -> Result<Self, PeriodError> {
        let asked = to.unwrap_or(today);
        let to = asked.min(today);
        let from = from.unwrap_or_else(|| to.first_of_month());
        let days = (to.0 - from.0).whole_days() + 1;
        if from > asked {
            Err(PeriodError::Reversed { from, to: asked })
        } else if from > today {
            Err(PeriodError::Future { from, today })
        } else if from < EARLIEST {
            Err(PeriodError::TooEarly { from })
        } else if days > LONGEST_DAYS {
            Err(PeriodError::TooLong { from, to, days })
        } else {
            Ok(Self { from, to, to_was_clamped: asked > to, estimate: to >= first_unsettled(today) })
        }
    }

    /// First day, inclusive.
    #[must_use]
    pub fn from(&self) -> Day {
        self.from
    }

    /// Last day, inclusive.
    #[must_use]
    pub fn to(&self) -> Day {
        self.to
    }

    /// Whether a later `to` was asked for and replaced by today.
    #[must_use]
    pub fn to_was_clamped(&self) -> bool {
        self.to_was_clamped
    }

    /// Whether Azure may still change these costs: a month stays open until the fifth of the next.
    #[must_use]
    pub fn is_estimate(&self) -> bool {
        self.estimate
    }
}

/// The first day whose month is still open.
fn first_unsettled(today: Day) -> Day {
    let this_month = today.first_of_month();
    if today.0.day() > SETTLED_AFTER_DAY { this_month } else { this_month.previous().first_of_month() }
}

impl FromStr for Day {
    type Err = time::error::Parse;

    /// Accepts `YYYY-MM-DD` only.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Date::parse(text, ISO).map(Self)
    }
}

impl TryFrom<String> for Day {
    type Error = time::error::Parse;

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
    //! Proves the rules of a period against fixed days. That Azure takes 364 days and refuses a year needs a tenant.

    use insta::assert_snapshot;

    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[track_caller]
    fn period(from: &str, to: &str, today: &str) -> Result<Period, PeriodError> {
        let optional = |text: &str| (!text.is_empty()).then(|| day(text));
        Period::new(optional(from), optional(to), day(today))
    }

    #[track_caller]
    fn days(from: &str, to: &str, today: &str) -> String {
        let period = period(from, to, today).unwrap();
        format!("{} to {}", period.from(), period.to())
    }

    #[test]
    fn without_arguments_it_is_the_month_to_date() {
        assert_eq!(days("", "", "2026-11-22"), "2026-11-01 to 2026-11-22");
        assert_eq!(days("", "", "2026-11-01"), "2026-11-01 to 2026-11-01");
    }

    #[test]
    fn one_end_implies_the_other() {
        assert_eq!(days("2026-09-10", "", "2026-11-22"), "2026-09-10 to 2026-11-22");
        assert_eq!(days("", "2026-09-10", "2026-11-22"), "2026-09-01 to 2026-09-10");
    }

    #[test]
    fn a_future_end_is_clamped_to_today_and_remembered() {
        let clamped = period("2026-11-01", "2026-11-30", "2026-11-22").unwrap();
        assert_eq!(clamped.to(), day("2026-11-22"));
        assert!(clamped.to_was_clamped());
        assert!(!period("2026-11-01", "2026-11-22", "2026-11-22").unwrap().to_was_clamped());
    }

    #[test]
    fn the_length_counts_both_ends_and_a_leap_day() {
        assert_eq!(days("2025-11-01", "2026-10-30", "2026-11-22"), "2025-11-01 to 2026-10-30");
        assert!(matches!(
            period("2025-11-01", "2026-10-31", "2026-11-22"),
            Err(PeriodError::TooLong { days: 365, .. })
        ));
        assert!(matches!(
            period("2024-01-01", "2024-12-30", "2026-11-22"),
            Err(PeriodError::TooLong { days: 365, .. })
        ));
        assert_eq!(days("2024-02-29", "2024-02-29", "2026-11-22"), "2024-02-29 to 2024-02-29");
        assert!("2023-02-29".parse::<Day>().is_err());
    }

    #[test]
    fn what_makes_no_period_has_its_own_sentence() {
        let sentence = |from, to| period(from, to, "2026-11-22").unwrap_err().to_string();
        assert_snapshot!(sentence("2026-10-31", "2026-10-01"), @"Argument `from` (2026-10-31) is after `to` (2026-10-01).");
        assert_snapshot!(sentence("2026-12-01", "2026-12-31"), @"Argument `from` (2026-12-01) is in the future: today is 2026-11-22 (UTC).");
        assert_snapshot!(sentence("2014-04-30", "2014-05-30"), @"The period begins on 2014-04-30; Cost Management has no data before 2014-05-01.");
        assert_snapshot!(sentence("2025-10-01", "2026-10-31"), @"The period 2025-10-01 to 2026-10-31 has 396 days; at most 364 are possible. Ask for a shorter one.");
    }

    #[test]
    fn a_month_is_an_estimate_until_the_fifth_of_the_next() {
        let estimate = |to, today| period("2026-10-01", to, today).unwrap().is_estimate();
        assert!(estimate("2026-11-22", "2026-11-22"));
        assert!(estimate("2026-10-31", "2026-11-05"));
        assert!(!estimate("2026-10-31", "2026-11-06"));
        assert!(!period("2025-11-01", "2025-11-30", "2026-01-01").unwrap().is_estimate());
        assert!(period("2025-12-01", "2025-12-31", "2026-01-05").unwrap().is_estimate());
    }

    #[test]
    fn only_an_iso_date_is_a_day() {
        for text in [
            "",
            "2026-1-1",
            "01.10.2026",
            "2026/10/01",
            "2026-10-01T00:00:00Z",
            "20261001",
            "2026-13-01",
            " 2026-10-01",
        ] {
            assert!(text.parse::<Day>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_day_follows_utc_midnight() {
        assert_eq!(Day::of(UnixTime(1_793_491_199)), day("2026-10-31"));
        assert_eq!(Day::of(UnixTime(1_793_491_200)), day("2026-11-01"));
        assert_eq!(Day::of(UnixTime(i64::MAX)), day("1970-01-01"));
    }
}
