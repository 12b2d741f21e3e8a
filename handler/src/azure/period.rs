//! Which days are asked about: whole UTC days, both ends included.

use std::{borrow::Cow, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use time::macros;

use super::{Day, Units};

/// The longest period asked for, in days. The API refuses more than a year, and counts a partial day as one.
const LONGEST_DAYS: i64 = 364;
/// Cost Management has no older data.
const EARLIEST: Day = Day::of_date(macros::date!(2014 - 05 - 01));
/// A month's costs may still change until this day of the next one.
/// <https://learn.microsoft.com/azure/cost-management-billing/costs/understand-cost-mgt-data>
const SETTLED_AFTER_DAY: u8 = 5;
/// Usage of so many days, today included, is still arriving.
const ARRIVING_DAYS: i64 = 3;
/// The days of a month, as Azure's limits count it.
const DAYS_PER_UNIT: u32 = 31;

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
    /// Whether Azure may still change these costs: a month stays open until the fifth of the next.
    estimate: bool,
    /// Whether usage of the last days is still arriving.
    last_days_incomplete: bool,
}

/// A period by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Preset {
    /// The first of this month up to today.
    ThisMonth,
    /// The whole month before this one.
    LastMonth,
    /// Seven days up to yesterday.
    Last7Days,
    /// Thirty days up to yesterday.
    Last30Days,
    /// The three whole months before this one.
    Last3Months,
}

/// The text names no period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no name of a period")]
pub struct UnknownPreset;

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

impl Preset {
    const ALL: [(&str, Self); 5] = [
        ("thisMonth", Self::ThisMonth),
        ("lastMonth", Self::LastMonth),
        ("last7Days", Self::Last7Days),
        ("last30Days", Self::Last30Days),
        ("last3Months", Self::Last3Months),
    ];

    /// The days it means on `today`.
    #[must_use]
    pub fn period(self, today: Day) -> Period {
        let this_month = today.first_of_month();
        let (yesterday, last_month) = (today.plus(-1), this_month.plus(-1));
        let (from, to) = match self {
            Self::ThisMonth => (this_month, today),
            Self::LastMonth => (last_month.first_of_month(), last_month),
            Self::Last7Days => (yesterday.plus(-6), yesterday),
            Self::Last30Days => (yesterday.plus(-29), yesterday),
            Self::Last3Months => {
                let second = last_month.first_of_month().plus(-1);
                (second.first_of_month().plus(-1).first_of_month(), last_month)
            }
        };
        Period::of(from, to, today)
    }
}

impl FromStr for Preset {
    type Err = UnknownPreset;

    /// In any case, with or without separators: `last_month`, `Last 7 days`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain: String = text.chars().filter(|character| !" _-".contains(*character)).collect();
        let named = Self::ALL.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(&plain));
        named.map(|(_, preset)| preset).ok_or(UnknownPreset)
    }
}

impl TryFrom<String> for Preset {
    type Error = UnknownPreset;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl JsonSchema for Preset {
    fn schema_name() -> Cow<'static, str> {
        "Preset".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "Instead of from and to. last7Days and last30Days end yesterday; last3Months are whole \
                            months.",
            "enum": Self::ALL.map(|(name, _)| name),
            "examples": ["lastMonth"],
        })
    }
}

impl Period {
    /// By default the month up to today, or up to `to`. A later `to` than `today` becomes today.
    pub fn new(from: Option<Day>, to: Option<Day>, today: Day) -> Result<Self, PeriodError> {
        let asked = to.unwrap_or(today);
        let to = asked.min(today);
        let from = from.unwrap_or_else(|| to.first_of_month());
        let days = from.days_until(to) + 1;
        if from > asked {
            Err(PeriodError::Reversed { from, to: asked })
        } else if from > today {
            Err(PeriodError::Future { from, today })
        } else if from < EARLIEST {
            Err(PeriodError::TooEarly { from })
        } else if days > LONGEST_DAYS {
            Err(PeriodError::TooLong { from, to, days })
        } else {
            Ok(Self { to_was_clamped: asked > to, ..Self::of(from, to, today) })
        }
    }

    /// Days that are known to make a period.
    fn of(from: Day, to: Day, today: Day) -> Self {
        Self {
            from,
            to,
            to_was_clamped: false,
            estimate: to >= first_unsettled(today),
            last_days_incomplete: to > Self::last_closed_day(today),
        }
    }

    /// The last day whose usage has arrived.
    #[must_use]
    pub fn last_closed_day(today: Day) -> Day {
        today.plus(-ARRIVING_DAYS)
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

    /// How many days, both ends included.
    #[must_use]
    pub fn days(&self) -> i64 {
        self.from.days_until(self.to) + 1
    }

    /// What a query over it costs: one unit for each begun month of data.
    #[must_use]
    pub fn units(&self) -> Units {
        Units(u32::try_from(self.days()).unwrap_or(u32::MAX).div_ceil(DAYS_PER_UNIT))
    }

    /// Whether a day is one of these.
    #[must_use]
    pub fn contains(&self, day: Day) -> bool {
        (self.from..=self.to).contains(&day)
    }

    /// Whether it begins and ends with a month.
    #[must_use]
    pub fn is_whole_months(&self) -> bool {
        self.from == self.from.first_of_month() && self.to == self.to.last_of_month()
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

    /// Whether usage of the last days is still arriving.
    #[must_use]
    pub fn has_incomplete_days(&self) -> bool {
        self.last_days_incomplete
    }
}

/// The first day whose month is still open.
fn first_unsettled(today: Day) -> Day {
    let this_month = today.first_of_month();
    if today.day_of_month() > SETTLED_AFTER_DAY { this_month } else { this_month.plus(-1).first_of_month() }
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
    fn a_name_means_days_of_the_calendar() {
        let days = |name: &str, today: &str| {
            let period = name.parse::<Preset>().unwrap().period(day(today));
            format!("{} to {}", period.from(), period.to())
        };
        assert_snapshot!(days("thisMonth", "2026-11-22"), @"2026-11-01 to 2026-11-22");
        assert_snapshot!(days("last_month", "2026-03-31"), @"2026-02-01 to 2026-02-28");
        assert_snapshot!(days("Last 7 Days", "2026-11-22"), @"2026-11-15 to 2026-11-21");
        assert_snapshot!(days("last-30-days", "2026-11-22"), @"2026-10-23 to 2026-11-21");
        assert_snapshot!(days("last3Months", "2026-01-15"), @"2025-10-01 to 2025-12-31");
        assert_eq!("lastYear".parse::<Preset>(), Err(UnknownPreset));
    }

    #[test]
    fn usage_of_the_last_three_days_is_still_arriving() {
        let arriving = |to| period("2026-11-01", to, "2026-11-22").unwrap().has_incomplete_days();
        assert!(arriving("2026-11-22") && arriving("2026-11-20"));
        assert!(!arriving("2026-11-19"));
        assert_eq!(Period::last_closed_day(day("2026-11-22")), day("2026-11-19"));
    }

    #[test]
    fn whole_months_begin_and_end_with_one() {
        let whole = |from, to| period(from, to, "2026-11-22").unwrap().is_whole_months();
        assert!(whole("2026-02-01", "2026-02-28") && whole("2026-08-01", "2026-10-31"));
        assert!(!whole("2026-10-02", "2026-10-31") && !whole("2026-10-01", "2026-10-30"));
    }
}
