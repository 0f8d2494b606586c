//! The shapes of what is sent and given. Each is derived from the type that serde reads or writes; here they are
//! collected, and made as strict as the answers are.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::transform::{RecursiveTransform, Transform as _};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

/// Where references lead.
const PLACE: &str = "/components/schemas";

/// A shape: a reference to one that has a name, or the shape itself.
pub(super) type Shape = fn(&mut Shapes) -> Value;

/// What was asked for so far.
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

    /// What an answer of this type looks like.
    pub(super) fn given<T: JsonSchema>(&mut self) -> Value {
        self.given.subschema_for::<T>().to_value()
    }

    /// What a body of this type may look like.
    pub(super) fn sent<T: JsonSchema>(&mut self) -> Value {
        self.sent.subschema_for::<T>().to_value()
    }

    /// The members of a query: name, shape and whether it must be there.
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

    /// Those that have a name.
    pub(super) fn named(mut self) -> Map<String, Value> {
        let mut named = self.given.take_definitions(true);
        named.extend(self.sent.take_definitions(true));
        named
    }

    /// The names that stand for what is sent as well as for what is given.
    #[cfg(test)]
    pub(super) fn shared(&self) -> Vec<(String, Value, Value)> {
        let sent = self.sent.definitions();
        let both = self.given.definitions().iter();
        both.filter_map(|(name, given)| Some((name.clone(), given.clone(), sent.get(name)?.clone())))
            .collect()
    }
}

/// Numbers as JSON has them, and lists of words as lists.
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

/// The words of a choice between words.
fn words(all: &[Value]) -> Option<Value> {
    let word = |one: &Value| one.get("const").filter(|word| word.is_string()).cloned();
    all.iter().map(word).collect::<Option<Vec<Value>>>().map(Value::Array)
}

/// An answer has the members that are described, and no others.
fn closed(schema: &mut Schema) {
    if schema.get("properties").is_some() && schema.get("additionalProperties").is_none() {
        schema.insert("additionalProperties".into(), false.into());
    }
}

/// The shape of a parameter, which is absent and never `null`.
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
