//! A list that may come as its only element, or as the text of a list: models send both.

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error},
};
use serde_json::Value;

/// One `T`, several, or a text that says so: `"a"`, `["a","b"]`, `"[\"a\",\"b\"]"`, `"a, b"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OneOrMany<T>(Vec<T>);

impl<T> OneOrMany<T> {
    pub(super) fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let items = match Value::deserialize(deserializer)? {
            Value::Array(items) => items,
            Value::String(text) => spoken(text),
            one => vec![one],
        };
        let items = items.into_iter().map(serde_json::from_value).collect::<Result<_, _>>();
        items.map(Self).map_err(D::Error::custom)
    }
}

/// The elements that a text names. A name may have a comma in it only where it stands alone in a list.
fn spoken(text: String) -> Vec<Value> {
    match serde_json::from_str(&text) {
        Ok(Value::Array(items)) => items,
        Ok(one @ Value::Object(_)) => vec![one],
        _ if text.contains(',') => text.split(',').map(|part| part.trim().into()).collect(),
        _ => vec![text.into()],
    }
}

#[cfg(test)]
mod tests {
    //! Proves what is taken for a list.

    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_may_come_in_several_ways() {
        for given in [json!(["a", "b"]), json!(r#"["a","b"]"#), json!("a, b"), json!("a,b")] {
            let list: OneOrMany<String> = serde_json::from_value(given.clone()).unwrap();
            assert_eq!(list.into_vec(), ["a", "b"], "{given}");
        }
        let one: OneOrMany<String> = serde_json::from_value(json!("a")).unwrap();
        assert_eq!(one.into_vec(), ["a"]);
        let object: OneOrMany<Value> = serde_json::from_value(json!(r#"{"by":"x"}"#)).unwrap();
        assert_eq!(object.into_vec(), [json!({ "by": "x" })]);
    }

    #[test]
    fn what_is_no_list_of_them_is_refused() {
        for given in [json!(7), json!([7]), json!({ "a": 1 })] {
            assert!(serde_json::from_value::<OneOrMany<String>>(given.clone()).is_err(), "{given}");
        }
    }
}
