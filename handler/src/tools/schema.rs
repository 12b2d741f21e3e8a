//! JSON Schemas of arguments and answers, from the types that read and write them.

use schemars::{JsonSchema, Schema, generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::{Map, Value, json};

/// The schema of a tool's arguments, which may be read in several parts.
pub(super) fn input(parts: &[Value]) -> Value {
    let properties = parts.iter().filter_map(|part| part.get("properties")?.as_object()).flatten();
    let properties: Map<_, _> = properties.map(|(name, schema)| (name.clone(), schema.clone())).collect();
    let required: Vec<_> = parts.iter().filter_map(|part| part.get("required")?.as_array()).flatten().collect();
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// The schema of some arguments.
pub(super) fn part<T: JsonSchema>() -> Value {
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
    unwrap_option(schema);
    list_values(schema);
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
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

/// A choice between something and `null` is that something; what was said about the choice stays.
fn unwrap_option(schema: &mut Schema) {
    let Some(Value::Array(choices)) = schema.get("anyOf") else { return };
    let is_null = |choice: &&Value| choice.get("type").is_some_and(|kind| kind == "null");
    let mut others = choices.iter().filter(|choice| !is_null(choice));
    let (Some(Value::Object(only)), None) = (others.next().cloned(), others.next()) else { return };
    schema.remove("anyOf");
    for (name, value) in only {
        schema.ensure_object().entry(name).or_insert(value);
    }
}

/// Not every client knows `oneOf`, which is how values come that have a description each.
fn list_values(schema: &mut Schema) {
    let Some(Value::Array(choices)) = schema.get("oneOf") else { return };
    let values: Option<Vec<_>> = choices.iter().map(|choice| choice.get("const").cloned()).collect();
    if let Some(values) = values {
        schema.remove("oneOf");
        schema.insert("type".to_owned(), "string".into());
        schema.insert("enum".to_owned(), values.into());
    }
}
