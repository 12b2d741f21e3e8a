//! JSON Schemas of arguments and answers, from the types that read and write them.

use schemars::{JsonSchema, Schema, generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::{Value, json};

/// The schema of a tool's arguments.
pub(super) fn input<T: JsonSchema>() -> Value {
    root::<T>(SchemaSettings::draft2020_12().for_deserialize())
}

/// The schema of a tool's answer.
pub(super) fn output<T: JsonSchema>() -> Value {
    root::<T>(SchemaSettings::draft2020_12().for_serialize())
}

fn root<T: JsonSchema>(settings: SchemaSettings) -> Value {
    let settings = settings.with(|settings| {
        // a model reads it top to bottom; references and the draft's address only cost it attention
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.with_transform(RecursiveTransform(portable)).into_generator().into_root_schema_for::<T>();
    // the tool has a title and a description of its own
    schema.remove("title");
    schema.remove("description");
    // some clients demand it of a tool without arguments
    schema.ensure_object().entry("properties").or_insert_with(|| json!({}));
    schema.to_value()
}

/// What is optional is left out, in arguments and in answers: `null` is accepted for an argument, but not advertised.
/// Rust's names of number formats (`uint`) are in no vocabulary, and clients that check schemas complain about each.
fn portable(schema: &mut Schema) {
    let Some(types) = schema.get_mut("type") else { return };
    if let Value::Array(names) = types {
        names.retain(|name| name != "null");
        if let [only] = names.as_slice() {
            *types = only.clone();
        }
    }
    if *types == "integer" || *types == "number" {
        schema.remove("format");
    }
}
