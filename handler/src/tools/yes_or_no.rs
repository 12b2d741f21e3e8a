//! Yes or no, which models send as text too.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::Value;

/// `true` or `false`, or a text that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Value")]
pub(super) struct YesOrNo(bool);

impl YesOrNo {
    pub(super) fn is_yes(self) -> bool {
        self.0
    }
}

impl TryFrom<Value> for YesOrNo {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        match &value {
            Value::Bool(answer) => Ok(Self(*answer)),
            Value::String(text) if text.trim().eq_ignore_ascii_case("true") => Ok(Self(true)),
            Value::String(text) if text.trim().eq_ignore_ascii_case("false") => Ok(Self(false)),
            _ => Err("neither true nor false"),
        }
    }
}

impl JsonSchema for YesOrNo {
    fn schema_name() -> Cow<'static, str> {
        "YesOrNo".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "boolean" })
    }
}

#[cfg(test)]
mod tests {
    //! Proves what is taken for a yes.

    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_that_says_so_is_as_good() {
        for (given, yes) in
            [(json!(true), true), (json!("True"), true), (json!(false), false), (json!(" false"), false)]
        {
            assert_eq!(serde_json::from_value::<YesOrNo>(given.clone()).unwrap().is_yes(), yes, "{given}");
        }
        for given in [json!(1), json!("yes"), json!(""), json!([true]), json!(null)] {
            assert!(serde_json::from_value::<YesOrNo>(given.clone()).is_err(), "{given}");
        }
    }
}
