//! How many of something a caller wants.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// 1 to `MOST`, by default `DEFAULT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u64")]
pub(super) struct Count<const DEFAULT: usize, const MOST: usize>(usize);

impl<const DEFAULT: usize, const MOST: usize> Count<DEFAULT, MOST> {
    /// The number.
    pub(super) fn get(self) -> usize {
        self.0
    }

    /// Half as many, as long as any are left.
    pub(super) fn half(self) -> Option<Self> {
        (self.0 > 1).then_some(Self(self.0 / 2))
    }
}

impl<const DEFAULT: usize, const MOST: usize> Default for Count<DEFAULT, MOST> {
    fn default() -> Self {
        Self(DEFAULT)
    }
}

impl<const DEFAULT: usize, const MOST: usize> TryFrom<u64> for Count<DEFAULT, MOST> {
    type Error = &'static str;

    fn try_from(count: u64) -> Result<Self, Self::Error> {
        let count = usize::try_from(count).ok().filter(|count| (1..=MOST).contains(count));
        count.map(Self).ok_or("out of range")
    }
}

/// What is counted is said by the argument.
impl<const DEFAULT: usize, const MOST: usize> JsonSchema for Count<DEFAULT, MOST> {
    fn schema_name() -> Cow<'static, str> {
        format!("Count{MOST}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": MOST, "examples": [DEFAULT] })
    }
}
