//! Named members of a JSON object, each at most once.
//!
//! JSON leaves open which of two equal names counts (RFC 8259, section 4). A gateway in front of this server may have
//! read the other one, so a repeated name is refused. Values stay text until somebody asks for them.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Why the members of an object can't be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is something else than an object.
    NotAnObject,
    /// One of the names asked for occurs more than once.
    Repeated(&'static str),
    /// A name holds half of a surrogate pair.
    NotUnicode,
}

impl Fault {
    /// The sentence for the client's developer; `place` says which object.
    pub(super) fn sentence(self, place: &str) -> String {
        match self {
            Self::NotAnObject => format!("{place} must be a JSON object"),
            Self::Repeated(name) => format!("{place} has the member `{name}` more than once"),
            Self::NotUnicode => format!("{place} has a member whose name is not Unicode text"),
        }
    }
}

/// The values of `names` in `object`, in the order of `names`; other members are skipped. A `null` is a value.
pub(super) fn members<'a, const N: usize>(
    object: &'a RawValue,
    names: [&'static str; N],
) -> Result<[Option<&'a RawValue>; N], Fault> {
    if !object.get().starts_with('{') {
        return Err(Fault::NotAnObject);
    }
    // the text was parsed before, as a whole: only a name that can't be decoded is left to fail
    serde_json::Deserializer::from_str(object.get()).deserialize_map(Names(names)).unwrap_or(Err(Fault::NotUnicode))
}

/// The text of a JSON string; `None` for any other value and for text that is not Unicode.
pub(super) fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

struct Names<const N: usize>([&'static str; N]);

impl<'de, const N: usize> Visitor<'de> for Names<N> {
    type Value = Result<[Option<&'de RawValue>; N], Fault>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = [None; N];
        let mut repeated = None;
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value::<&RawValue>()?;
            for (name, slot) in self.0.into_iter().zip(&mut values) {
                if key == name && slot.replace(value).is_some() {
                    repeated = Some(name);
                }
            }
        }
        Ok(repeated.map_or(Ok(values), |name| Err(Fault::Repeated(name))))
    }
}

#[cfg(test)]
mod tests {
    //! Proves that no second value hides behind a name; nothing here depends on a live tenant.

    use super::*;

    #[track_caller]
    fn found(json: &str) -> Result<[Option<&str>; 2], Fault> {
        let object: &RawValue = serde_json::from_str(json).expect("JSON");
        Ok(members(object, ["id", "method"])?.map(|value| value.map(RawValue::get)))
    }

    #[test]
    fn values_come_as_they_were_written() {
        assert_eq!(found(r#"{"x":1,"id": 1.50 ,"method":null}"#), Ok([Some("1.50"), Some("null")]));
        assert_eq!(found("{}"), Ok([None, None]));
    }

    #[test]
    fn a_repeated_name_is_refused_however_it_is_spelt() {
        assert_eq!(found(r#"{"id":1,"id":1}"#), Err(Fault::Repeated("id")));
        assert_eq!(found(r#"{"method":"a","x":{},"\u006dethod":"b"}"#), Err(Fault::Repeated("method")));
        assert_eq!(found(r#"{"x":1,"x":2}"#), Ok([None, None]), "a name nobody reads hides nothing");
    }

    #[test]
    fn names_are_case_sensitive() {
        assert_eq!(found(r#"{"ID":1,"Id":2}"#), Ok([None, None]));
    }

    #[test]
    fn anything_but_an_object_is_refused() {
        for json in ["[]", "null", "1", r#""{""#] {
            assert_eq!(found(json), Err(Fault::NotAnObject), "{json}");
        }
        assert_eq!(found(r#"{"\ud800":1}"#), Err(Fault::NotUnicode));
    }
}
