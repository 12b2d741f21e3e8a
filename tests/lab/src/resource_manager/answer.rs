//! How answers are written: exact numbers, JSON, or nothing at all.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use time::{Date, macros::format_description};

/// 200.
pub(super) fn ok(body: &impl Serialize) -> Response<Bytes> {
    let mut response = Response::new(serde_json::to_vec(body).unwrap_or_default().into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    response
}

/// 204: no data, and no body to say so.
pub(super) fn no_content() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// A day as a date-time.
pub(super) fn midnight(day: Date) -> String {
    day.format(format_description!("[year]-[month]-[day]T00:00:00Z")).unwrap_or_default()
}

/// An amount as a JSON number with all its digits.
pub(super) fn amount(amount: Decimal) -> Box<RawValue> {
    number(&written(amount))
}

/// A JSON number with exactly these characters.
pub(super) fn number(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// Any other JSON.
pub(super) fn cell(value: &impl Serialize) -> Box<RawValue> {
    to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// An amount as .NET writes it: all its digits, and below 0.00001 with an exponent (`2.6E-06`).
fn written(amount: Decimal) -> String {
    let amount = amount.normalize();
    let digits = amount.mantissa().unsigned_abs().to_string();
    let exponent = usize::try_from(amount.scale()).unwrap_or_default() + 1;
    let exponent = exponent.saturating_sub(digits.len());
    if amount.is_zero() || exponent < 6 {
        return amount.to_string();
    }
    let sign = if amount.is_sign_negative() { "-" } else { "" };
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    format!("{sign}{first}{point}{rest}E-{exponent:02}")
}

#[cfg(test)]
mod tests {
    //! Proves how amounts are written; that Azure writes them so is known from recorded answers only.

    use super::*;

    #[test]
    fn amounts_keep_their_digits_and_small_ones_get_an_exponent() {
        for (amount, text) in [
            ("1842.118430275512", "1842.118430275512"),
            ("12345.678901234567890123", "12345.678901234567890123"),
            ("-12.500", "-12.5"),
            ("0", "0"),
            ("0.00001", "0.00001"),
            ("0.0000026", "2.6E-06"),
            ("-0.000000000003", "-3E-12"),
        ] {
            let amount: Decimal = amount.parse().unwrap();
            assert_eq!(written(amount), text);
            let read = text.parse().or_else(|_| Decimal::from_scientific(text)).unwrap();
            assert_eq!(amount, read, "{text} is another amount");
        }
    }
}
