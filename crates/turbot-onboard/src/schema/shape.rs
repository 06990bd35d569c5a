//! The few shapes that the schemas are made of. In every object no key is missing, but for those
//! that say so, and no other is there.

use serde_json::{Map, Value, json};

/// An object of exactly these keys.
pub(super) fn object<const N: usize>(properties: [(&str, Value); N]) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("type".into(), json!("object"));
    object.insert("required".into(), properties.iter().map(|(name, _)| json!(name)).collect());
    object.insert("properties".into(), properties.into_iter().map(|(name, shape)| (name.to_owned(), shape)).collect());
    object.insert("additionalProperties".into(), json!(false));
    object
}

/// The same with a key that may be missing.
pub(super) fn with(mut object: Map<String, Value>, name: &str, shape: Value) -> Map<String, Value> {
    object["properties"][name] = shape;
    object
}

/// The same, within another shape.
pub(super) fn inner<const N: usize>(properties: [(&str, Value); N]) -> Value {
    Value::Object(object(properties))
}

/// Adds what the shape is for.
pub(super) fn about(text: &str, mut shape: Value) -> Value {
    shape["description"] = json!(text);
    shape
}

pub(super) fn text() -> Value {
    json!({"type": "string"})
}

pub(super) fn truth() -> Value {
    json!({"type": "boolean"})
}

/// A whole number that is not negative.
pub(super) fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}

/// A point in time, RFC 3339.
pub(super) fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

/// An AWS account id.
pub(super) fn account_id() -> Value {
    json!({"type": "string", "pattern": "^[0-9]{12}$"})
}

pub(super) fn constant(value: &str) -> Value {
    json!({"const": value})
}

pub(super) fn one_of(words: &[&str]) -> Value {
    json!({"type": "string", "enum": words})
}

pub(super) fn list(item: Value) -> Value {
    json!({"type": "array", "items": item})
}

/// Texts by name.
pub(super) fn texts_by_name() -> Value {
    json!({"type": "object", "additionalProperties": text()})
}

/// The shape, or null where there is no value.
pub(super) fn or_null(shape: Value) -> Value {
    json!({"anyOf": [shape, {"type": "null"}]})
}
