//! Amounts of money, exact from the wire to the text.
//!
//! An amount is a decimal of any number of digits, so no sum is ever rounded. Rounding happens once, when an amount is
//! shown: half away from zero, to the places of its currency.

use std::{borrow::Cow, cmp::Ordering, collections::BTreeMap, fmt, str::FromStr};

use bigdecimal::{BigDecimal, RoundingMode, Signed, Zero, num_bigint::BigInt};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::Currency;

/// The longest number that is read, in characters. Azure writes doubles, of 25 characters at most.
const LONGEST_NUMBER: usize = 64;
/// Exponents beyond this, up or down, are no money: the data is at fault.
const LARGEST_EXPONENT: u32 = 60;
/// Nobody spends more, in any currency: 10 to the power of 18.
const LARGEST: u64 = 1_000_000_000_000_000_000;
/// How many characters the bar of the largest amount has.
const BAR: i64 = 10;

/// An exact amount in one currency. Negative amounts are credits and refunds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Money {
    /// Normalised: one way to write each amount.
    amount: BigDecimal,
    currency: Currency,
}

/// Percent, of exactly one place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(BigDecimal);

/// The exact total of each currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals(BTreeMap<Currency, Money>);

impl Money {
    /// Nothing.
    #[must_use]
    pub fn zero(currency: Currency) -> Self {
        Self { amount: BigDecimal::zero(), currency }
    }

    /// Reads a JSON number, to its last digit. Anything else, and an amount that nobody spends, is `None`.
    #[must_use]
    pub fn parse(number: &str, currency: Currency) -> Option<Self> {
        decimal(number).map(|amount| Self::new(&amount, currency))
    }

    fn new(amount: &BigDecimal, currency: Currency) -> Self {
        // the library goes through all digits to find out that there is nothing to do
        let is_normal = small(amount).is_some_and(|(units, _)| units % 10 != 0);
        let amount = if is_normal { amount.clone() } else { amount.normalized() };
        Self { amount, currency }
    }

    /// In which currency.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// Whether it is nothing at all.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.amount.is_zero()
    }

    /// Whether it is a credit or a refund.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.amount.is_negative()
    }

    /// Orders amounts of one currency.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        self.currency.cmp(&other.currency).then_with(|| self.amount.cmp(&other.amount))
    }

    /// The size, without the sign.
    #[must_use]
    pub fn abs(&self) -> Self {
        Self::new(&self.amount.abs(), self.currency)
    }

    /// What is left after `other` is taken away; `None` across currencies.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Option<Self> {
        (self.currency == other.currency).then(|| Self::new(&(&self.amount - &other.amount), self.currency))
    }

    /// The other side of a sum: a cost as a credit of the same size.
    #[must_use]
    pub fn negated(&self) -> Self {
        self.times(-1)
    }

    /// So many times as much.
    #[must_use]
    pub fn times(&self, factor: i64) -> Self {
        Self::new(&(&self.amount * BigDecimal::from(factor)), self.currency)
    }

    /// Whether one of two amounts is ten times the other or more and above 100: something began or ended between them,
    /// and a rate of growth says nothing.
    #[must_use]
    pub fn is_step_from(&self, base: &Self) -> bool {
        let (small, large) = if self.amount < base.amount { (self, base) } else { (base, self) };
        self.currency == base.currency
            && small.amount.is_positive()
            && large.amount > 100
            && large.amount >= &small.amount * 10_u32
    }

    /// The exact amount: no exponent, no trailing zeros, a dot before the places.
    #[must_use]
    pub fn exact(&self) -> String {
        plain(&self.amount)
    }

    /// The amount rounded to the currency's places, half away from zero.
    #[must_use]
    pub fn rounded(&self) -> String {
        round(&self.amount, self.currency.minor_units())
    }

    /// The amount for a person: rounded, but what is not nothing is never shown as nothing.
    #[must_use]
    pub fn shown(&self) -> String {
        let rounded = self.rounded();
        if self.is_zero() || rounded.contains(|digit: char| ('1'..='9').contains(&digit)) {
            return rounded;
        }
        let smallest = BigDecimal::new(1.into(), self.currency.minor_units().into()).to_plain_string();
        if self.is_negative() { format!(">-{smallest}") } else { format!("<{smallest}") }
    }

    /// A change for a person: as [`Money::shown`], with a plus where it is more.
    #[must_use]
    pub fn signed(&self) -> String {
        let shown = self.shown();
        match shown.strip_prefix('<') {
            Some(smallest) => format!("<+{smallest}"),
            None if self.amount.is_positive() => format!("+{shown}"),
            None => shown,
        }
    }

    /// This amount in percent of a `total` of the same currency. A total of nothing, or a credit, has no shares.
    #[must_use]
    pub fn percent_of(&self, total: &Self) -> Option<Percent> {
        let positive = self.currency == total.currency && total.amount.is_positive();
        positive.then(|| Percent(quotient(&(&self.amount * 100_u32), &total.amount, 1)))
    }

    /// Whether this is at least so many percent of `whole`, to the last digit; never across currencies.
    #[must_use]
    pub fn reaches(&self, percent: u32, whole: &Self) -> bool {
        self.currency == whole.currency && &self.amount * 100_u32 >= &whole.amount * percent
    }

    /// A bar as long as this amount beside the `largest`, for text. Nothing and credits have none.
    #[must_use]
    pub fn bar(&self, largest: &Self) -> String {
        let comparable =
            self.currency == largest.currency && self.amount.is_positive() && self.amount <= largest.amount;
        if !comparable {
            return String::new();
        }
        let (amount, largest) = units(&self.amount, &largest.amount);
        // rounded up
        let length = i64::try_from((amount * BAR + &largest - 1) / largest).unwrap_or(BAR);
        (1..=BAR).map(|step| if length >= step { '█' } else { '░' }).collect()
    }
}

/// `part / whole` to so many places, rounded once, half away from zero; `whole` is positive.
///
/// In integers, because the library's own division finds a hundred digits before anybody can round.
fn quotient(part: &BigDecimal, whole: &BigDecimal, places: u32) -> BigDecimal {
    let (part, whole) = units(part, whole);
    let part = part * BigInt::from(10).pow(places);
    let half = if part.is_negative() { -&whole } else { whole.clone() };
    BigDecimal::new((part * 2 + half) / (whole * 2), places.into())
}

/// Both amounts, exactly, counted in the smallest place that either has.
fn units(one: &BigDecimal, other: &BigDecimal) -> (BigInt, BigInt) {
    let scale = one.fractional_digit_count().max(other.fractional_digit_count());
    let units = |amount: &BigDecimal| amount.with_scale(scale).into_bigint_and_scale().0;
    (units(one), units(other))
}

/// A JSON number of a sensible size, to its last digit.
fn decimal(number: &str) -> Option<BigDecimal> {
    let (digits, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    // the library reads more than JSON has: a plus, underscores, a lone point
    let is_number = number.len() <= LONGEST_NUMBER
        && digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'-' | b'.'))
        && digits.trim_start_matches('-').starts_with(|digit: char| digit.is_ascii_digit())
        && digits.ends_with(|digit: char| digit.is_ascii_digit());
    let exponent: i32 = exponent.parse().ok()?;
    let amount = BigDecimal::from_str(digits).ok().filter(|_| is_number)?;
    if exponent.unsigned_abs() > LARGEST_EXPONENT && !amount.is_zero() {
        return None;
    }
    let (units, scale) = amount.into_bigint_and_scale();
    let amount = BigDecimal::from_bigint(units, scale - i64::from(exponent));
    (amount.abs() <= LARGEST).then_some(amount)
}

/// The units and places of an amount that fits machine numbers, as nearly every one does.
fn small(amount: &BigDecimal) -> Option<(i64, u32)> {
    let (units, places) = amount.as_bigint_and_scale();
    Some((i64::try_from(&*units).ok()?, u32::try_from(places).ok()?))
}

/// No exponent, a dot before the places.
fn plain(amount: &BigDecimal) -> String {
    match small(amount) {
        Some((units, places)) => written(units, places),
        None => amount.to_plain_string(),
    }
}

/// To so many places, half away from zero. What rounds to nothing has no sign.
fn round(amount: &BigDecimal, places: u32) -> String {
    match small(amount).and_then(|(units, of)| rounded(units, of, places)) {
        Some(units) => written(units, places),
        None => plain(&amount.with_scale_round(places.into(), RoundingMode::HalfUp)),
    }
}

/// Units of so many places in units of others.
fn rounded(units: i64, places: u32, wanted: u32) -> Option<i64> {
    let factor = 10_i64.checked_pow(places.abs_diff(wanted))?;
    if places <= wanted {
        return units.checked_mul(factor);
    }
    Some(units.checked_add(factor / 2 * units.signum())? / factor)
}

fn written(units: i64, places: u32) -> String {
    let digits = units.unsigned_abs().to_string();
    let places = places as usize;
    let (whole, part) = digits.split_at(digits.len().saturating_sub(places));
    let mut text = String::with_capacity(LONGEST_NUMBER);
    text.push_str(if units < 0 { "-" } else { "" });
    text.push_str(if whole.is_empty() { "0" } else { whole });
    if places > 0 {
        text.push('.');
        text.extend(std::iter::repeat_n('0', places - part.len()));
        text.push_str(part);
    }
    text
}

impl Percent {
    /// Reads a part of one as a JSON number: `0.8` is 80 percent.
    #[must_use]
    pub fn of_fraction(number: &str) -> Option<Self> {
        decimal(number).map(|part| Self((part * 100_u32).with_scale_round(1, RoundingMode::HalfUp)))
    }

    /// A change for a person: with a plus where it is more.
    #[must_use]
    pub fn signed(&self) -> String {
        if self.0.is_positive() { format!("+{self}") } else { self.to_string() }
    }

    /// Whether shares that were rounded one by one are the whole together.
    #[must_use]
    pub fn add_up<'a>(shares: impl IntoIterator<Item = &'a Self>) -> bool {
        shares.into_iter().map(|share| &share.0).sum::<BigDecimal>() == 100
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&plain(&self.0))
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Percent {
    fn schema_name() -> Cow<'static, str> {
        "Percent".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^-?[0-9]+\\.[0-9]$" })
    }
}

impl Totals {
    /// Adds up `amounts`, each currency for itself.
    #[must_use]
    pub fn of<'a>(amounts: impl IntoIterator<Item = &'a Money>) -> Self {
        let mut totals = Self::default();
        for Money { amount, currency } in amounts {
            let total = totals.0.entry(*currency).or_insert_with(|| Money::zero(*currency));
            *total = Money::new(&(&total.amount + amount), *currency);
        }
        totals
    }

    /// The total in one currency; nothing, if no amount was in it.
    #[must_use]
    pub fn in_currency(&self, currency: Currency) -> Money {
        self.0.get(&currency).cloned().unwrap_or_else(|| Money::zero(currency))
    }

    /// The totals, by the currency's code.
    pub fn iter(&self) -> impl Iterator<Item = &Money> {
        self.0.values()
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut money = serializer.serialize_struct("Money", 3)?;
        money.serialize_field("amount", &self.rounded())?;
        money.serialize_field("amountExact", &self.exact())?;
        money.serialize_field("currency", &self.currency.to_string())?;
        money.end()
    }
}

impl JsonSchema for Money {
    fn schema_name() -> Cow<'static, str> {
        "Money".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        const DECIMAL: &str = "^-?[0-9]+(\\.[0-9]+)?$";
        json_schema!({
            "type": "object",
            "properties": {
                "amount": { "type": "string", "pattern": DECIMAL, "description": "Rounded to the currency's places." },
                "amountExact": { "type": "string", "pattern": DECIMAL, "description": "Not rounded." },
                "currency": { "type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217." },
            },
            "required": ["amount", "amountExact", "currency"],
        })
    }
}

#[cfg(test)]
mod tests;
