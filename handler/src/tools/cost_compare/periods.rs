//! Which two periods are compared.
//!
//! Only days whose usage has arrived are compared. Where one of the periods is still open, both are cut to their first
//! days, to as many as are closed: an open period beside a full one would always look cheap.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    azure::{Day, Granularity, Period, PeriodError, Preset},
    tools::arguments::BadArgument,
};

/// Of which days, and beside which.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PeriodArguments {
    /// The period to explain, instead of from and to. last3Months are whole months. Default: lastMonth.
    period: Option<Preset>,
    /// First day of the period to explain, inclusive, as YYYY-MM-DD (UTC). Default: the first of the month of `to`.
    from: Option<Day>,
    #[schemars(
        extend("examples" = ["2026-10-31"]),
        description = "Last day of the period to explain, inclusive, as YYYY-MM-DD (UTC). Default: today. A period \
                       that is still open is compared up to its last closed day, three days ago."
    )]
    to: Option<Day>,
    #[schemars(
        description = "What it is compared with, instead of baseFrom and baseTo. Default: the period before, of the \
                       same length; whole months are compared with whole months."
    )]
    base_period: Option<Preset>,
    #[schemars(
        extend("examples" = ["2026-09-01"]),
        description = "First day of what it is compared with, inclusive, as YYYY-MM-DD (UTC). Goes with baseTo. From \
                       the first day of one period to the last of the other are at most 364 days."
    )]
    base_from: Option<Day>,
    /// Last day of what it is compared with, inclusive, as YYYY-MM-DD (UTC). Goes with baseFrom.
    #[schemars(extend("examples" = ["2026-09-30"]))]
    base_to: Option<Day>,
}

/// Two periods that share no day, that are closed, and that fit into one query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Periods {
    base: Period,
    current: Period,
    /// From the first day of the earlier to the last of the later.
    union: Period,
    cut: bool,
}

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Base,
    Current,
}

impl PeriodArguments {
    /// The periods they name.
    pub(super) fn periods(self, today: Day) -> Result<Periods, BadArgument> {
        let current = match (self.period, self.from, self.to) {
            (None, None, None) => Preset::LastMonth.period(today),
            (Some(preset), None, None) => preset.period(today),
            (None, from, to) => Period::new(from, to, today)?,
            (Some(_), ..) => return Err(wrong("Argument `period` does not go with `from` or `to`.")),
        };
        let base = match (self.base_period, self.base_from, self.base_to) {
            (None, None, None) => before(&current, today)?,
            (Some(preset), None, None) => preset.period(today),
            (None, Some(from), Some(to)) => Period::new(Some(from), Some(to), today).map_err(of_base)?,
            (None, ..) => return Err(wrong("Arguments `baseFrom` and `baseTo` go together.")),
            (Some(_), ..) => return Err(wrong("Argument `basePeriod` does not go with `baseFrom` or `baseTo`.")),
        };
        Periods::of(base, current, today)
    }
}

fn wrong(sentence: impl Into<String>) -> BadArgument {
    let how = r#"Give each period by its name, or by its first and last day. For example: `{"from":"2026-10-01","to":"2026-10-31","baseFrom":"2026-09-01","baseTo":"2026-09-30"}`."#;
    BadArgument { sentence: sentence.into(), how: how.to_owned() }
}

/// Its sentences name the arguments of the other period.
fn of_base(error: PeriodError) -> BadArgument {
    wrong(error.to_string().replace("`from`", "`baseFrom`").replace("`to`", "`baseTo`"))
}

/// The period before, of the same length. One that begins with a month is compared with what begins with a month too:
/// much is charged on the same day of each.
fn before(current: &Period, today: Day) -> Result<Period, PeriodError> {
    let (from, last) = (current.from(), current.from().plus(-1));
    if from != from.first_of_month() {
        return Period::new(Some(from.plus(-current.days())), Some(last), today);
    }
    let (mut first, mut month) = (last.first_of_month(), current.to().first_of_month());
    while month > from {
        (first, month) = (first.plus(-1).first_of_month(), month.plus(-1).first_of_month());
    }
    let to = if current.is_whole_months() { last } else { first.plus(current.days() - 1).min(last) };
    Period::new(Some(first), Some(to), today)
}

impl Periods {
    fn of(base: Period, current: Period, today: Day) -> Result<Self, BadArgument> {
        let last_closed = Period::last_closed_day(today);
        let cut = base.to() > last_closed || current.to() > last_closed;
        let closed = |period: &Period| period.from().days_until(period.to().min(last_closed)) + 1;
        let days = closed(&base).min(closed(&current));
        if days < 1 {
            return Err(wrong(format!(
                "One of the periods has no closed day yet: usage has arrived up to {last_closed} (UTC)."
            )));
        }
        let first_days = |period: Period| Period::new(Some(period.from()), Some(period.from().plus(days - 1)), today);
        let (base, current) = if cut { (first_days(base)?, first_days(current)?) } else { (base, current) };
        if base.contains(current.from()) || current.contains(base.from()) {
            return Err(wrong(format!(
                "The periods {} to {} and {} to {} share days.",
                base.from(),
                base.to(),
                current.from(),
                current.to()
            )));
        }
        let (from, to) = (base.from().min(current.from()), base.to().max(current.to()));
        let union = Period::new(Some(from), Some(to), today)
            .map_err(|error| wrong(format!("Both periods are asked for in one query. {error}")))?;
        Ok(Self { base, current, union, cut })
    }

    pub(super) fn base(&self) -> &Period {
        &self.base
    }

    pub(super) fn current(&self) -> &Period {
        &self.current
    }

    /// What is asked for.
    pub(super) fn union(&self) -> Period {
        self.union
    }

    /// Whether one of them is still open, so that both are shorter than was asked for.
    pub(super) fn are_cut(&self) -> bool {
        self.cut
    }

    /// The fewest lines that tell them apart.
    pub(super) fn granularity(&self) -> Granularity {
        let whole = self.base.is_whole_months() && self.current.is_whole_months();
        if whole { Granularity::Monthly } else { Granularity::Daily }
    }

    /// Where a day belongs. A day between them belongs nowhere.
    pub(super) fn side(&self, day: Day) -> Option<Side> {
        let base = self.base.contains(day).then_some(Side::Base);
        base.or_else(|| self.current.contains(day).then_some(Side::Current))
    }
}

#[cfg(test)]
mod tests {
    //! Proves which days are compared, for fixed days. That usage really arrives within three days needs a tenant.

    use insta::assert_snapshot;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn periods(arguments: Value, today: &str) -> Result<Periods, BadArgument> {
        serde_json::from_value::<PeriodArguments>(arguments).unwrap().periods(today.parse().unwrap())
    }

    /// `2026-09-01 to 2026-09-30, 2026-10-01 to 2026-10-31, Monthly`
    #[track_caller]
    fn shown(arguments: Value, today: &str) -> String {
        let periods = periods(arguments, today).unwrap();
        let days = |period: &Period| format!("{} to {}", period.from(), period.to());
        let cut = if periods.are_cut() { ", cut" } else { "" };
        format!("{}, {}, {:?}{cut}", days(periods.base()), days(periods.current()), periods.granularity())
    }

    #[track_caller]
    fn sentence(arguments: Value) -> String {
        periods(arguments, "2026-11-22").unwrap_err().sentence
    }

    #[test]
    fn a_whole_month_is_compared_with_the_whole_month_before() {
        assert_snapshot!(shown(json!({}), "2026-11-22"), @"2026-09-01 to 2026-09-30, 2026-10-01 to 2026-10-31, Monthly");
        assert_snapshot!(shown(json!({ "period": "lastMonth" }), "2026-03-15"), @"2026-01-01 to 2026-01-31, 2026-02-01 to 2026-02-28, Monthly");
        assert_snapshot!(shown(json!({ "period": "last3Months" }), "2026-01-15"), @"2025-07-01 to 2025-09-30, 2025-10-01 to 2025-12-31, Monthly");
    }

    #[test]
    fn an_open_month_is_compared_over_as_many_closed_days() {
        let this_month = json!({ "period": "thisMonth" });
        assert_snapshot!(shown(this_month, "2026-11-22"), @"2026-10-01 to 2026-10-19, 2026-11-01 to 2026-11-19, Daily, cut");
        // February is shorter than what is closed of March
        assert_snapshot!(shown(json!({ "period": "lastMonth" }), "2026-04-02"), @"2026-02-01 to 2026-02-28, 2026-03-01 to 2026-03-28, Daily, cut");
        assert_snapshot!(shown(json!({ "from": "2026-11-01", "to": "2026-11-30" }), "2026-11-22"), @"2026-10-01 to 2026-10-19, 2026-11-01 to 2026-11-19, Daily, cut");
        assert_snapshot!(shown(json!({ "period": "thisMonth", "basePeriod": "lastMonth" }), "2026-11-22"), @"2026-10-01 to 2026-10-19, 2026-11-01 to 2026-11-19, Daily, cut");
        assert_snapshot!(shown(json!({ "period": "lastMonth", "basePeriod": "thisMonth" }), "2026-11-22"), @"2026-11-01 to 2026-11-19, 2026-10-01 to 2026-10-19, Daily, cut");
        assert_snapshot!(shown(json!({ "period": "last7Days" }), "2026-11-22"), @"2026-11-08 to 2026-11-12, 2026-11-15 to 2026-11-19, Daily, cut");
    }

    #[test]
    fn other_days_are_compared_with_as_many_before() {
        assert_snapshot!(shown(json!({ "from": "2026-10-10", "to": "2026-10-19" }), "2026-11-22"), @"2026-09-30 to 2026-10-09, 2026-10-10 to 2026-10-19, Daily");
        assert_snapshot!(shown(json!({ "from": "2026-10-01", "to": "2026-10-15" }), "2026-11-22"), @"2026-09-01 to 2026-09-15, 2026-10-01 to 2026-10-15, Daily");
        assert_snapshot!(shown(json!({ "from": "2026-09-01", "to": "2026-10-15" }), "2026-11-22"), @"2026-07-01 to 2026-08-14, 2026-09-01 to 2026-10-15, Daily");
        assert_snapshot!(shown(json!({ "from": "2026-03-01", "to": "2026-03-30" }), "2026-11-22"), @"2026-02-01 to 2026-02-28, 2026-03-01 to 2026-03-30, Daily");
        assert_snapshot!(shown(json!({ "baseFrom": "2026-01-01", "baseTo": "2026-01-31" }), "2026-11-22"), @"2026-01-01 to 2026-01-31, 2026-10-01 to 2026-10-31, Monthly");
    }

    #[test]
    fn what_can_t_be_compared_has_its_own_sentence() {
        assert_snapshot!(sentence(json!({ "baseFrom": "2025-10-01", "baseTo": "2025-10-31" })), @"Both periods are asked for in one query. The period 2025-10-01 to 2026-10-31 has 396 days; at most 364 are possible. Ask for a shorter one.");
        assert_snapshot!(sentence(json!({ "period": "thisMonth", "from": "2026-10-01" })), @"Argument `period` does not go with `from` or `to`.");
        assert_snapshot!(sentence(json!({ "basePeriod": "thisMonth", "baseTo": "2026-10-01" })), @"Argument `basePeriod` does not go with `baseFrom` or `baseTo`.");
        assert_snapshot!(sentence(json!({ "baseFrom": "2026-08-01" })), @"Arguments `baseFrom` and `baseTo` go together.");
        assert_snapshot!(sentence(json!({ "baseFrom": "2026-08-02", "baseTo": "2026-08-01" })), @"Argument `baseFrom` (2026-08-02) is after `baseTo` (2026-08-01).");
        assert_snapshot!(sentence(json!({ "from": "2026-11-20" })), @"One of the periods has no closed day yet: usage has arrived up to 2026-11-19 (UTC).");
        assert_snapshot!(sentence(json!({ "period": "lastMonth", "baseFrom": "2026-09-15", "baseTo": "2026-10-01" })), @"The periods 2026-09-15 to 2026-10-01 and 2026-10-01 to 2026-10-31 share days.");
        assert_snapshot!(sentence(json!({ "from": "2014-05-01", "to": "2014-05-31" })), @"The period begins on 2014-04-01; Cost Management has no data before 2014-05-01.");
    }

    proptest! {
        #[test]
        fn what_is_compared_is_closed_and_apart(today in 0_i64..700, from in 1_i64..200, days in 0_i64..160) {
            let today = "2025-01-01".parse::<Day>().unwrap().plus(today);
            let (from, to) = (today.plus(-from), today.plus(-from + days));
            let Ok(periods) = periods(json!({ "from": from, "to": to }), &today.to_string()) else {
                return Ok(());
            };
            let (base, current) = (periods.base(), periods.current());
            prop_assert!(base.to() < current.from());
            prop_assert!(current.to() <= today.plus(-3));
            prop_assert!(!periods.are_cut() || base.days() == current.days());
            prop_assert!(base.days() == current.days() || from.day_of_month() == 1);
            prop_assert_eq!((periods.union().from(), periods.union().to()), (base.from(), current.to()));
        }
    }
}
