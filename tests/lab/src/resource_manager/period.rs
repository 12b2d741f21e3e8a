//! The days a question is about.

use serde::Deserialize;
use time::{Date, Duration, OffsetDateTime, PrimitiveDateTime, UtcOffset, format_description::well_known::Iso8601};

use super::{definition::invalid, errors::ArmError};
use crate::world;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TimePeriod {
    from: String,
    to: String,
}

/// Some days, both ends inclusive.
#[derive(Clone, Copy)]
pub(super) struct Period {
    pub(super) from: Date,
    pub(super) to: Date,
}

impl Period {
    pub(super) fn read(timeframe: &str, custom: Option<&TimePeriod>) -> Result<Self, ArmError> {
        let today = world::now().date();
        let (from, to) = match (timeframe, custom) {
            ("Custom", None) => return Err(ArmError::definition("Missing time period for timeframe 'Custom'")),
            ("Custom", Some(period)) => period.days()?,
            ("MonthToDate" | "BillingMonthToDate" | "TheCurrentMonth", None) => (month(today), today),
            ("TheLastMonth" | "TheLastBillingMonth", None) => {
                let last = month(today) - Duration::DAY;
                (month(last), last)
            }
            ("WeekToDate", None) => {
                (today - Duration::days(i64::from(today.weekday().number_days_from_sunday())), today)
            }
            (_, Some(_)) => {
                return Err(ArmError::definition("A time period is allowed for timeframe 'Custom' only"));
            }
            (other, None) => {
                return Err(invalid("timeframe", other, &["MonthToDate", "TheLastMonth", "WeekToDate", "Custom"]));
            }
        };
        Ok(Self { from, to })
    }

    pub(super) fn contains(self, day: Date) -> bool {
        (self.from..=self.to).contains(&day)
    }

    pub(super) fn days(self) -> impl Iterator<Item = Date> {
        let last = self.to;
        std::iter::successors(Some(self.from), |day| day.next_day()).take_while(move |day| *day <= last)
    }

    /// How many months of data it takes, begun ones whole.
    pub(super) fn months(self) -> u32 {
        u32::try_from((self.to - self.from).whole_days() / 31 + 1).unwrap_or(1)
    }
}

impl TimePeriod {
    fn days(&self) -> Result<(Date, Date), ArmError> {
        let (from, to) = (moment(&self.from)?, moment(&self.to)?);
        if to < from {
            return Err(ArmError::definition("Invalid time period: 'to' lies before 'from'"));
        }
        if to > a_year_after(from) {
            return Err(ArmError::definition("The time period for pulling the data cannot exceed 1 year(s)"));
        }
        Ok((from.date(), to.date()))
    }
}

fn a_year_after(moment: OffsetDateTime) -> OffsetDateTime {
    // the 29th of February has no anniversary
    moment.replace_year(moment.year() + 1).unwrap_or(moment + Duration::days(366))
}

/// A date-time with or without an offset, or a day.
fn moment(text: &str) -> Result<OffsetDateTime, ArmError> {
    let with_offset = OffsetDateTime::parse(text, &Iso8601::PARSING).map(|moment| moment.to_offset(UtcOffset::UTC));
    let without = || PrimitiveDateTime::parse(text, &Iso8601::PARSING).map(PrimitiveDateTime::assume_utc);
    let day = || Date::parse(text, &Iso8601::PARSING).map(|day| day.midnight().assume_utc());
    with_offset
        .or_else(|_| without())
        .or_else(|_| day())
        .map_err(|_| ArmError::definition(format_args!("Invalid date '{text}'")))
}

/// The first day of `date`'s month.
pub(super) fn month(date: Date) -> Date {
    date.replace_day(1).unwrap_or(date)
}
