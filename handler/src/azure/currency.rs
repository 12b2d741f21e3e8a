//! Currencies, by their code.

use std::{fmt, str::FromStr};

/// A currency by its ISO 4217 code. Amounts of two currencies are never added.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// The text is not three Latin letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a three-letter currency code")]
pub struct MalformedCurrency;

impl Currency {
    /// US dollars, the currency of Azure's own conversions.
    pub const USD: Self = Self(*b"USD");

    /// What ISO 4217 writes where no currency is known.
    pub const UNKNOWN: Self = Self(*b"XXX");

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

#[cfg(test)]
mod tests {
    //! Proves what is taken for a currency.

    use super::*;

    #[test]
    fn a_currency_is_three_letters() {
        assert_eq!("eur".parse::<Currency>().unwrap().to_string(), "EUR");
        for text in ["", "EU", "EURO", "E R", "€", "=A1"] {
            assert!(text.parse::<Currency>().is_err(), "{text}");
        }
    }

    #[test]
    fn minor_units_are_those_of_iso_4217() {
        for (code, places) in [("EUR", 2), ("JPY", 0), ("BHD", 3), ("CLF", 4), ("XYZ", 2)] {
            assert_eq!(code.parse::<Currency>().unwrap().minor_units(), places, "{code}");
        }
    }
}
