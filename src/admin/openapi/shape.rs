//! The words that shapes are made of.

use serde_json::{Map, Value, json};

use super::operation::reference;

/// The members of an object: name and shape.
pub(super) type Members = Vec<(&'static str, Value)>;

/// An object that has all of these members and no others.
pub(super) fn object(members: Members) -> Value {
    partly(members, &[])
}

/// An object that has these members, of which some may be absent, and no others.
pub(super) fn partly(members: Members, optional: &[&str]) -> Value {
    let required: Vec<&str> =
        members.iter().map(|(name, _)| *name).filter(|n| !optional.contains(n)).collect();
    let properties: Map<String, Value> =
        members.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({"type": "object", "required": required, "properties": properties, "additionalProperties": false})
}

pub(super) fn text() -> Value {
    json!({"type": "string"})
}

pub(super) fn maybe_text() -> Value {
    json!({"type": ["string", "null"]})
}

pub(super) fn flag() -> Value {
    json!({"type": "boolean"})
}

pub(super) fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}

pub(super) fn maybe_count() -> Value {
    json!({"type": ["integer", "null"], "minimum": 0})
}

pub(super) fn moment() -> Value {
    json!({"type": "string", "format": "date-time"})
}

pub(super) fn maybe_moment() -> Value {
    json!({"type": ["string", "null"], "format": "date-time"})
}

pub(super) fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

pub(super) fn one_of(words: &[&str]) -> Value {
    json!({"type": "string", "enum": words})
}

pub(super) fn or_null(schema: Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
}

pub(super) fn numbers() -> Value {
    list(json!({"type": "number", "minimum": 0}))
}

pub(super) fn page(of: &str) -> Value {
    object(vec![("items", list(reference(of))), ("next", maybe_text()), ("total", count())])
}

pub(super) fn pairs() -> Value {
    let pair = json!({"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2});
    json!({"type": "array", "items": pair, "maxItems": 100})
}

pub(super) fn duration() -> Value {
    json!({"type": "string", "pattern": r"^([0-9]{1,4}(ms|s|m|h|d)){1,3}$", "examples": ["30d"]})
}

pub(super) fn secret() -> Value {
    json!({"type": "string", "format": "password"})
}
