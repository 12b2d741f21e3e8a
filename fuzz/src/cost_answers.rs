//! Answers of Azure about costs: every amount that is understood stands in the answer, to the last digit.
//!
//! The input is a response of HTTP whose first line is what was asked and the status: `costs/daily/usd/ServiceName
//! 200`, `forecast 200`, `budgets`, `alerts`, `subscriptions`, `dimensions/ServiceName`.

use std::collections::BTreeSet;

use bytes::Bytes;
use handler::{
    azure::{CostError, CostQuery, CostScope, Day, Granularity, Metric, Period, Totals},
    fuzzing::{Facts, Question, facts},
};
use identity::{ArmResponse, UnixTime};

use super::message::Message;

/// 2026-11-22T12:00:00Z.
const NOW: UnixTime = UnixTime(1_795_348_800);
const TODAY: &str = "2026-11-22";
const SUBSCRIPTION: &str = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";
/// Nobody is told to wait longer, in seconds.
const LONGEST_WAIT: u64 = 3600;

/// Whether anything was understood.
pub fn judge(input: &[u8]) -> bool {
    let Some(message) = Message::read(input) else { return false };
    let (Some(question), Some(status)) = (question(message.start), message.status()) else { return false };
    let Message { headers, body, .. } = message;
    match facts(&question, &ArmResponse { status, headers, body: Bytes::copy_from_slice(body) }, NOW) {
        Ok(facts) => {
            assert_stands_in(&facts, body);
            facts.lines > 0
        }
        Err(error) => {
            assert_is_fit_to_tell(&error);
            false
        }
    }
}

fn question(start: &str) -> Option<Question> {
    let mut words = start.split(' ').next()?.split('/');
    Some(match words.next()? {
        "costs" => Question::Costs(query(words)?),
        "forecast" => Question::Forecast { today: today() },
        "budgets" => Question::Budgets,
        "alerts" => Question::Alerts,
        "subscriptions" => Question::Subscriptions,
        "dimensions" => Question::DimensionValues(words.next()?.parse().ok()?),
        _ => return None,
    })
}

fn query<'a>(words: impl Iterator<Item = &'a str>) -> Option<CostQuery> {
    let mut query = CostQuery {
        scope: CostScope::Subscription(SUBSCRIPTION.parse().unwrap()),
        period: Period::new(None, None, today()).unwrap(),
        metric: Metric::Actual,
        granularity: Granularity::None,
        group_by: vec![],
        filters: vec![],
        with_usd: false,
    };
    for word in words {
        match word {
            "daily" => query.granularity = Granularity::Daily,
            "monthly" => query.granularity = Granularity::Monthly,
            "usd" => query.with_usd = true,
            grouping => query.group_by.push(grouping.parse().ok()?),
        }
    }
    Some(query)
}

fn today() -> Day {
    TODAY.parse().unwrap()
}

#[track_caller]
fn assert_stands_in(facts: &Facts, body: &[u8]) {
    let written = numbers(body);
    for amount in &facts.amounts {
        let exact = amount.exact();
        assert!(written.contains(&exact), "{exact} is nowhere in the answer");
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || b"-.<>".contains(&byte));
        assert!(plain(&amount.shown()), "{}", amount.shown());
    }
    let backwards: Vec<_> = facts.amounts.iter().rev().collect();
    assert_eq!(Totals::of(&facts.amounts), Totals::of(backwards), "the order of lines changes their sum");
    for name in &facts.names {
        assert!(!name.as_str().contains(char::is_control), "{name:?}");
    }
}

/// Every number of the answer, written out.
fn numbers(body: &[u8]) -> BTreeSet<String> {
    let is_part = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
    body.split(|byte| !is_part(byte)).filter_map(|run| written_out(str::from_utf8(run).ok()?)).collect()
}

/// A JSON number without an exponent and without zeros that say nothing, by moving its point over its digits.
fn written_out(number: &str) -> Option<String> {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
    let digits = format!("{whole}{fraction}");
    if digits.bytes().all(|digit| digit == b'0') {
        return Some("0".to_owned());
    }
    let exponent: i32 = exponent.parse().ok().filter(|exponent: &i32| exponent.abs() < 200)?;
    let point = i32::try_from(whole.len()).ok()? + exponent;
    let before = usize::try_from(-point).unwrap_or(0);
    let digits = format!("{}{digits}", "0".repeat(before));
    let point = usize::try_from(point).unwrap_or(0);
    let digits = format!("{digits}{}", "0".repeat(point.saturating_sub(digits.len())));
    let (whole, fraction) = digits.split_at(point);
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let fraction = fraction.trim_end_matches('0');
    Some(if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

#[track_caller]
fn assert_is_fit_to_tell(error: &CostError) {
    assert!(!error.to_string().contains(char::is_control), "{error:?}");
    let wait = match error {
        CostError::Throttled { retry_after } => Some(*retry_after),
        CostError::Unavailable { retry_after, .. } => *retry_after,
        _ => None,
    };
    assert!(wait.is_none_or(|wait| (1..=LONGEST_WAIT).contains(&wait.as_secs())), "{wait:?}");
}
