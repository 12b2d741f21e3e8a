//! Amounts of money, exact from the wire to the text.
//!
//! An amount is a decimal of at most 15 places and at most ten trillion. Both fit a [`Decimal`] with room for one more
//! addition, so no sum is ever rounded: it is exact, or it is an error. Fifteen places are more than the eight Azure
//! promises and as many as its numbers mean, because they were binary floating point before they were text. Rounding
//! happens once, when an amount is shown.

use std::{borrow::Cow, collections::BTreeMap, fmt, str::FromStr};

use rust_decimal::{Decimal, RoundingStrategy};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer, ser::SerializeStruct};

/// Places after the point that are kept.
const PLACES: u32 = 15;
/// The largest amount, up or down: 10^13 with 15 places is 10^28, and a [`Decimal`] holds 7.9 × 10^28.
const LARGEST: u64 = 10_000_000_000_000;
/// The most places a [`Decimal`] has.
const DECIMAL_PLACES: u32 = Decimal::MAX_SCALE;

/// A currency by its ISO 4217 code. Amounts of two currencies are never added.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// An exact amount in one currency. Negative amounts are credits and refunds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money {
    amount: Decimal,
    currency: Currency,
}

/// A sum or an amount larger than money gets: the data is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an amount beyond ten trillion")]
pub struct OutOfRange;

/// The exact total of each currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals(BTreeMap<Currency, Money>);

impl Currency {
    /// Places after the point that the currency has in daily use (ISO 4217, minor units); 2 for those not listed.
    #[must_use]
    pub fn minor_units(self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF" | b"UGX"
            | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            b"CLF" | b"UYW" => 4,
            _ => 2,
        }
    }
}

/// The text is not three Latin letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a three-letter currency code")]
pub struct MalformedCurrency;

impl FromStr for Currency {
    type Err = MalformedCurrency;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let letters: [u8; 3] = text.as_bytes().try_into().map_err(|_| MalformedCurrency)?;
        if letters.iter().all(u8::is_ascii_alphabetic) {
            Ok(Self(letters.map(|letter| letter.to_ascii_uppercase())))
        } else {
            Err(MalformedCurrency)
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|&letter| write!(formatter, "{}", char::from(letter)))
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Money {
    /// Nothing.
    #[must_use]
    pub fn zero(currency: Currency) -> Self {
        Self { amount: Decimal::ZERO, currency }
    }

    /// Reads a JSON number. Anything else, and an amount that is out of range, is `None`.
    ///
    /// Places after the fifteenth are rounded away, so `1e-40` is nothing.
    #[must_use]
    pub fn parse(number: &str, currency: Currency) -> Option<Self> {
        let (digits, exponent) = match number.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, exponent.parse().ok()?),
            None => (number, 0),
        };
        let amount = shift(Decimal::from_str(digits).ok()?, exponent)?;
        Self::new(amount.round_dp_with_strategy(PLACES, RoundingStrategy::MidpointAwayFromZero), currency).ok()
    }

    /// The only way to an amount: keeps it in range.
    fn new(amount: Decimal, currency: Currency) -> Result<Self, OutOfRange> {
        if amount.abs() > Decimal::from(LARGEST) {
            return Err(OutOfRange);
        }
        // one way to write each amount, and no negative zero
        Ok(Self { amount: amount.normalize(), currency })
    }

    /// In which currency.
    #[must_use]
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// Orders amounts of one currency.
    #[must_use]
    pub fn compare(self, other: Self) -> std::cmp::Ordering {
        (self.currency, self.amount).cmp(&(other.currency, other.amount))
    }

    /// The exact amount: no exponent, no trailing zeros, a dot before the places.
    #[must_use]
    pub fn exact(self) -> String {
        self.amount.to_string()
    }

    /// The amount rounded to the currency's places, half away from zero.
    #[must_use]
    pub fn rounded(self) -> String {
        let places = self.currency.minor_units();
        let rounded = self.amount.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
        // a credit that rounds to nothing is not "-0.00"
        let rounded = if rounded.is_zero() { Decimal::ZERO } else { rounded };
        format!("{rounded:.*}", places as usize)
    }

    /// The amount for a person: rounded, but what is not nothing is never shown as nothing.
    #[must_use]
    pub fn shown(self) -> String {
        let rounded = self.rounded();
        if self.amount.is_zero() || rounded.contains(|digit: char| ('1'..='9').contains(&digit)) {
            return rounded;
        }
        let smallest = Decimal::new(1, self.currency.minor_units());
        if self.amount.is_sign_negative() { format!(">-{smallest}") } else { format!("<{smallest}") }
    }

    /// This amount in percent of a `total` of the same currency, to one place. A total of nothing, or a credit, has no
    /// shares.
    #[must_use]
    pub fn percent_of(self, total: Self) -> Option<String> {
        if self.currency != total.currency || total.amount <= Decimal::ZERO {
            return None;
        }
        let share = self.amount.checked_div(total.amount)?.checked_mul(Decimal::ONE_HUNDRED)?;
        let share = share.round_dp_with_strategy(1, RoundingStrategy::MidpointAwayFromZero);
        Some(format!("{:.1}", if share.is_zero() { Decimal::ZERO } else { share }))
    }
}

/// `digits` × 10^`exponent`, rounded to the places a [`Decimal`] has; `None` if it is too large for one.
fn shift(digits: Decimal, exponent: i32) -> Option<Decimal> {
    if digits.is_zero() {
        return Some(Decimal::ZERO);
    }
    match (exponent, exponent.unsigned_abs()) {
        (0.., places @ ..=DECIMAL_PLACES) => {
            digits.checked_mul(Decimal::try_from_i128_with_scale(10_i128.pow(places), 0).ok()?)
        }
        (0.., _) => None,
        (_, places @ ..=DECIMAL_PLACES) => digits.checked_mul(Decimal::new(1, places)),
        // in steps, until the digits or the exponent are used up: two are enough for the longest digits
        _ => shift(
            digits.checked_mul(Decimal::new(1, DECIMAL_PLACES))?,
            exponent.saturating_add_unsigned(DECIMAL_PLACES),
        ),
    }
}

impl Totals {
    /// Adds up `amounts`, each currency for itself.
    pub fn of(amounts: impl IntoIterator<Item = Money>) -> Result<Self, OutOfRange> {
        let mut totals = Self::default();
        for Money { amount, currency } in amounts {
            let total = totals.0.entry(currency).or_insert(Money::zero(currency));
            // both are in range, so the sum has at most 29 digits and nothing is rounded away
            *total = Money::new(total.amount.checked_add(amount).ok_or(OutOfRange)?, currency)?;
        }
        Ok(totals)
    }

    /// The total in one currency; nothing, if no amount was in it.
    #[must_use]
    pub fn in_currency(&self, currency: Currency) -> Money {
        self.0.get(&currency).copied().unwrap_or(Money::zero(currency))
    }

    /// The totals, by the currency's code.
    pub fn iter(&self) -> impl Iterator<Item = Money> {
        self.0.values().copied()
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
mod tests {
    //! Proves that money is exact: what is read, added and split again is the same to the last place.

    use proptest::prelude::*;

    use super::*;

    const EUR: Currency = Currency(*b"EUR");

    #[track_caller]
    fn money(number: &str, currency: &str) -> Money {
        Money::parse(number, currency.parse().unwrap()).unwrap_or_else(|| panic!("{number} is an amount"))
    }

    #[test]
    fn numbers_are_read_exactly_as_they_were_written() {
        for (wire, exact) in [
            ("0", "0"),
            ("-0.0", "0"),
            ("12.3400017", "12.3400017"),
            ("19.545363672276512", "19.545363672276512"),
            ("1842.118430275512", "1842.118430275512"),
            ("-12.50", "-12.5"),
            ("2.6E-06", "0.0000026"),
            ("2.6e-6", "0.0000026"),
            ("1.5E+3", "1500"),
            ("1e13", "10000000000000"),
            ("100e-2", "1"),
            ("1000000000000000000000000000e-29", "0.01"),
            ("0.0000000000000005", "0.000000000000001"),
            ("3.5527136788005009E-15", "0.000000000000004"),
            ("1e-40", "0"),
            ("-1e-40", "0"),
            ("1e-2147483648", "0"),
            ("0e999", "0"),
        ] {
            assert_eq!(money(wire, "EUR").exact(), exact, "{wire}");
        }
    }

    #[test]
    fn what_is_no_sensible_amount_is_not_read() {
        for wire in [
            "",
            "null",
            "true",
            "\"12\"",
            "[1]",
            "NaN",
            "1e",
            "e5",
            "1e1e1",
            "1e30",
            "-1e30",
            "1e14",
            "1e2147483647",
            "10000000000000.01",
            "123456789012345678901234567890",
        ] {
            assert_eq!(Money::parse(wire, EUR), None, "{wire}");
        }
    }

    #[test]
    fn rounding_is_half_away_from_zero_to_the_currency_s_places() {
        for (wire, currency, rounded, shown) in [
            ("12.3400017", "EUR", "12.34", "12.34"),
            ("0.005", "EUR", "0.01", "0.01"),
            ("-0.005", "EUR", "-0.01", "-0.01"),
            ("2.675", "EUR", "2.68", "2.68"),
            ("2539.0949", "EUR", "2539.09", "2539.09"),
            ("1234567.8", "USD", "1234567.80", "1234567.80"),
            ("0.0049", "EUR", "0.00", "<0.01"),
            ("-0.0049", "EUR", "0.00", ">-0.01"),
            ("0", "EUR", "0.00", "0.00"),
            ("1234.5", "JPY", "1235", "1235"),
            ("0.4", "JPY", "0", "<1"),
            ("1.2345", "BHD", "1.235", "1.235"),
            ("0.0001", "BHD", "0.000", "<0.001"),
            ("1.23456", "CLF", "1.2346", "1.2346"),
            ("1.005", "XYZ", "1.01", "1.01"),
        ] {
            let money = money(wire, currency);
            assert_eq!((money.rounded().as_str(), money.shown().as_str()), (rounded, shown), "{wire} {currency}");
        }
    }

    #[test]
    fn a_currency_is_three_letters() {
        assert_eq!("eur".parse::<Currency>().unwrap().to_string(), "EUR");
        for text in ["", "EU", "EURO", "E R", "€", "=A1"] {
            assert!(text.parse::<Currency>().is_err(), "{text}");
        }
    }

    #[test]
    fn shares_exist_only_of_a_positive_total() {
        assert_eq!(money("1", "EUR").percent_of(money("3", "EUR")).unwrap(), "33.3");
        assert_eq!(money("-0.0001", "EUR").percent_of(money("3", "EUR")).unwrap(), "0.0");
        assert_eq!(money("-1", "EUR").percent_of(money("3", "EUR")).unwrap(), "-33.3");
        assert_eq!(money("1", "EUR").percent_of(money("0", "EUR")), None);
        assert_eq!(money("1", "EUR").percent_of(money("-3", "EUR")), None);
        assert_eq!(money("1", "EUR").percent_of(money("3", "USD")), None);
    }

    #[test]
    fn a_sum_that_would_lose_places_is_an_error() {
        let largest = money("1e13", "EUR");
        assert_eq!(Totals::of([largest, money("1e-15", "EUR")]), Err(OutOfRange));
        assert_eq!(
            Totals::of([money("9999999999999", "EUR"), money("1e-15", "EUR")]).unwrap().in_currency(EUR).exact(),
            "9999999999999.000000000000001"
        );
    }

    #[test]
    fn it_is_serialised_as_text_with_its_currency() {
        let json = serde_json::to_string(&money("12.3400017", "EUR")).unwrap();
        assert_eq!(json, r#"{"amount":"12.34","amountExact":"12.3400017","currency":"EUR"}"#);
    }

    /// Amounts as Azure writes them: doubles between dust and a billion, in one of three currencies.
    fn amounts() -> impl Strategy<Value = Vec<Money>> {
        let amount = (-1e9_f64..1e9, 0_i32..20, 0_usize..3).prop_map(|(number, dust, currency)| {
            let number = number / 10_f64.powi(dust);
            let text = if dust % 2 == 0 { format!("{number}") } else { format!("{number:e}") };
            money(&text, ["EUR", "JPY", "USD"][currency])
        });
        proptest::collection::vec(amount, 0..60)
    }

    proptest! {
        #[test]
        fn a_total_does_not_depend_on_the_order(amounts in amounts().prop_shuffle(), other in any::<proptest::sample::Index>()) {
            let mut reordered = amounts.clone();
            if !reordered.is_empty() {
                reordered.rotate_left(other.index(amounts.len()));
            }
            reordered.sort_by(|a, b| a.compare(*b));
            prop_assert_eq!(Totals::of(amounts), Totals::of(reordered));
        }

        #[test]
        fn parts_add_up_to_the_whole(amounts in amounts(), cut in any::<proptest::sample::Index>()) {
            let (head, tail) = amounts.split_at(cut.index(amounts.len() + 1));
            let parts = [head, tail].map(|part| Totals::of(part.iter().copied()).unwrap());
            let again = Totals::of(parts.iter().flat_map(Totals::iter)).unwrap();
            prop_assert_eq!(again, Totals::of(amounts.iter().copied()).unwrap());
        }

        #[test]
        fn the_exact_text_reads_back_as_the_same_amount(amounts in amounts()) {
            for amount in amounts {
                prop_assert_eq!(Money::parse(&amount.exact(), amount.currency()), Some(amount));
            }
        }

        #[test]
        fn a_total_is_the_integer_sum_of_its_units(units in proptest::collection::vec(-1_000_000_000_000_000_000_i64..1_000_000_000_000_000_000, 0..40)) {
            let amounts = units.iter().map(|units| money(&format!("{units}e-15"), "EUR"));
            let sum: i128 = units.iter().copied().map(i128::from).sum();
            prop_assert_eq!(Totals::of(amounts).unwrap().in_currency(EUR), money(&format!("{sum}e-15"), "EUR"));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}") {
            let _ = Money::parse(&text, EUR);
        }
    }
}
