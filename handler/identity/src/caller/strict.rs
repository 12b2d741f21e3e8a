//! JSON without leniency.
//!
//! RFC 8259 lets readers differ about duplicate members, and two readers that differ are how a token says one thing to
//! its judge and another to its user. Derived structs refuse duplicates and wrong types; the gaps that serde leaves are
//! closed here: a struct written as an array, `null` for an absent member, and a member present with any value.

use serde::{Deserialize, Deserializer, de::IgnoredAny};

/// Reads one JSON object and nothing after it. Why it failed is not told: the reason could repeat the input.
pub(super) fn object<'json, T: Deserialize<'json>>(json: &'json [u8]) -> Option<T> {
    // a derived struct would also accept the values alone, as an array
    if json.starts_with(b"{") { serde_json::from_slice(json).ok() } else { None }
}

/// A member that may be absent but, when present, must have its type: `null` is not absent.
pub(super) fn optional<'de, D: Deserializer<'de>, T: Deserialize<'de>>(member: D) -> Result<Option<T>, D::Error> {
    T::deserialize(member).map(Some)
}

/// Whether a member is there, whatever its value, `null` included. Use with `#[serde(default)]`.
#[derive(Clone, Copy, Default)]
pub(super) struct Present(pub(super) bool);

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: Deserializer<'de>>(member: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(member).map(|_| Self(true))
    }
}
