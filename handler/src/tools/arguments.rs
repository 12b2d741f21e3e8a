//! Arguments of a call, read so that whoever sent wrong ones knows how to send right ones.
//!
//! The schema that `tools/list` shows is also what explains a mistake: its descriptions and examples are the sentences.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::azure::{Name, PeriodError};

/// The arguments of one call beside the schema they should follow.
#[derive(Clone, Copy)]
pub(super) struct Arguments<'a> {
    given: &'a Map<String, Value>,
    schema: &'a Value,
}

/// What is wrong with an argument, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BadArgument {
    /// What is wrong: names the argument.
    pub(super) sentence: String,
    /// What would be right: has an example.
    pub(super) how: String,
}

impl<'a> Arguments<'a> {
    pub(super) fn new(given: &'a Map<String, Value>, schema: &'a Value) -> Self {
        Self { given, schema }
    }

    /// Reads those that `T` knows, and judges all. `null` is as good as absent: many clients send it for what a model
    /// left out.
    pub(super) fn read<T: DeserializeOwned>(self) -> Result<T, BadArgument> {
        let given: Map<_, _> = self.given.iter().filter(|(_, value)| !value.is_null()).map(own).collect();
        if let Some(unknown) = given.keys().find(|name| self.property(name).is_none()) {
            return Err(self.unknown(unknown));
        }
        if let Some(missing) = self.required().find(|name| !given.contains_key(*name)) {
            return Err(self.wrong(missing, "is missing"));
        }
        serde_path_to_error::deserialize(Value::Object(given))
            .map_err(|error| self.wrong(&error.path().to_string(), "is not valid"))
    }

    fn property(self, name: &str) -> Option<&'a Value> {
        self.schema.get("properties")?.get(name)
    }

    fn required(self) -> impl Iterator<Item = &'a str> {
        self.schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    fn unknown(self, name: &str) -> BadArgument {
        let known = self.schema.get("properties").and_then(Value::as_object);
        let known: Vec<_> = known.into_iter().flat_map(Map::keys).map(|name| format!("`{name}`")).collect();
        let how = match known.as_slice() {
            [] => "This tool takes no arguments.".to_owned(),
            known => format!("This tool takes {}.", known.join(", ")),
        };
        BadArgument { sentence: format!("There is no argument `{}`.", Name::new(name)), how }
    }

    fn wrong(self, name: &str, what: &str) -> BadArgument {
        let property = self.property(name);
        let description = property.and_then(|property| property.get("description")?.as_str()).unwrap_or_default();
        let example = property.and_then(|property| property.get("examples")?.get(0));
        let example = example.map(|example| format!(" For example: `{}`.", Value::Object(one(name, example))));
        let how = format!("{description}{}", example.unwrap_or_default());
        BadArgument { sentence: format!("Argument `{name}` {what}."), how }
    }
}

impl From<PeriodError> for BadArgument {
    fn from(error: PeriodError) -> Self {
        let how = r#"Give both days, inclusive. For example: `{"from":"2026-10-01","to":"2026-10-31"}`."#;
        Self { sentence: error.to_string(), how: how.to_owned() }
    }
}

fn own((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

fn one(name: &str, value: &Value) -> Map<String, Value> {
    Map::from_iter([(name.to_owned(), value.clone())])
}
