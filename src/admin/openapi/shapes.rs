//! Collects the JSON schemas of request bodies (`sent`) and response bodies (`given`), each derived from the type that
//! serde reads or writes, and makes those of responses as strict as the responses are.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::transform::{RecursiveTransform, Transform as _};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

/// The prefix of references to named schemas.
const PLACE: &str = "/components/schemas";

/// Generates the schema of a type: a reference when the type is named, otherwise the schema itself.
pub(super) type Shape = fn(&mut Shapes) -> Value;

/// The schemas generated so far.
#[derive(Debug)]
pub(super) struct Shapes {
    given: SchemaGenerator,
    sent: SchemaGenerator,
}

impl Shapes {
    pub(super) fn new() -> Self {
        let settings = || {
            let mut settings = SchemaSettings::draft2020_12();
            settings.definitions_path = PLACE.into();
            settings.meta_schema = None;
            settings.with_transform(RecursiveTransform(plain))
        };
        let given = settings().for_serialize().with_transform(RecursiveTransform(closed));
        Self { given: given.into_generator(), sent: settings().for_deserialize().into_generator() }
    }

    /// The schema of a response of this type.
    pub(super) fn given<T: JsonSchema>(&mut self) -> Value {
        self.given.subschema_for::<T>().to_value()
    }

    /// The schema of a request body of this type.
    pub(super) fn sent<T: JsonSchema>(&mut self) -> Value {
        self.sent.subschema_for::<T>().to_value()
    }

    /// The query parameters that `T` has as members: name, schema and whether it is required.
    pub(super) fn query<T: JsonSchema>(&mut self) -> Vec<(String, Value, bool)> {
        let mut whole = T::json_schema(&mut self.sent);
        RecursiveTransform(plain).transform(&mut whole);
        let required: Vec<Value> =
            whole.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        let Some(Value::Object(members)) = whole.remove("properties") else { return Vec::new() };
        let member = |(name, shape): (String, Value)| {
            let is_required = required.iter().any(|other| *other == name);
            (name, present(shape), is_required)
        };
        members.into_iter().map(member).collect()
    }

    /// The named schemas.
    pub(super) fn named(mut self) -> Map<String, Value> {
        let mut named = self.given.take_definitions(true);
        named.extend(self.sent.take_definitions(true));
        named
    }

    /// The names used for requests and responses alike, with both schemas.
    #[cfg(test)]
    pub(super) fn shared(&self) -> Vec<(String, Value, Value)> {
        let sent = self.sent.definitions();
        let both = self.given.definitions().iter();
        both.filter_map(|(name, given)| Some((name.clone(), given.clone(), sent.get(name)?.clone())))
            .collect()
    }
}

/// Simplifies a schema: numbers without Rust's formats, and a choice between constants as an `enum`.
fn plain(schema: &mut Schema) {
    let is_number = |kind: &Value| kind == "integer" || kind == "number";
    let numeric = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().any(is_number),
        Some(kind) => is_number(kind),
        None => false,
    };
    if numeric {
        schema.remove("format");
    }
    let words = schema.get("oneOf").and_then(Value::as_array).and_then(|all| words(all));
    if let Some(words) = words {
        schema.remove("oneOf");
        schema.insert("type".into(), "string".into());
        schema.insert("enum".into(), words);
    }
}

/// The constants of a choice, when all of them are strings.
fn words(all: &[Value]) -> Option<Value> {
    let word = |one: &Value| one.get("const").filter(|word| word.is_string()).cloned();
    all.iter().map(word).collect::<Option<Vec<Value>>>().map(Value::Array)
}

/// Forbids members that are not described.
fn closed(schema: &mut Schema) {
    if schema.get("properties").is_some() && schema.get("additionalProperties").is_none() {
        schema.insert("additionalProperties".into(), false.into());
    }
}

/// The schema of an optional parameter, which is left out and never `null`.
fn present(mut shape: Value) -> Value {
    let is_null = |kind: &Value| *kind == json!("null") || *kind == json!({"type": "null"});
    let Value::Object(members) = &mut shape else { return shape };
    for member in ["type", "anyOf", "enum"] {
        let Some(Value::Array(kinds)) = members.get_mut(member) else { continue };
        kinds.retain(|kind| !is_null(kind) && !kind.is_null());
        if let ([only], true) = (kinds.as_slice(), member != "enum") {
            let only = only.clone();
            members.remove(member);
            match only {
                Value::Object(only) => members.extend(only),
                kind => {
                    members.insert(member.to_owned(), kind);
                }
            }
        }
    }
    shape
}
