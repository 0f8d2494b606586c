//! The JSON Schema (draft 2020-12) of one configuration file, for editors and for `portcullis schema`.

use serde_json::{Map, Value, json};

use super::settings::root::{ROOT, section_of};
use super::shape::{Bounds, Field, Section, Shape};
use crate::model::ResourceKind;

/// The schema. Values may also hold `${NAME}`, so patterns are loose where the reader is strict.
#[must_use]
pub fn schema() -> Value {
    let mut schema = Style::Written.section(ROOT);
    if let Value::Object(members) = &mut schema {
        members.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
        members.insert("title".into(), "Portcullis configuration".into());
    }
    schema
}

/// The schema of what stands under the name of one resource, as programs send it: without references to the
/// environment.
#[must_use]
pub fn schema_of(kind: ResourceKind) -> Value {
    Style::Sent.section(section_of(kind))
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// A file, in which a reference to an environment variable may stand for any single value.
    Written,
    /// A program.
    Sent,
}

/// Such a reference.
const REFERENCE: &str = r"\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}";

impl Style {
    fn section(self, section: &Section) -> Value {
        let properties: Map<String, Value> =
            section.fields().map(|field| (field.name.to_owned(), self.field(field))).collect();
        let required: Vec<&str> = section.fields().filter(|f| f.required).map(|f| f.name).collect();
        let mut schema = json!({"type": "object", "additionalProperties": false, "properties": properties, "required": required});
        if section.one_of {
            schema = with(schema, "minProperties", json!(1));
            schema = with(schema, "maxProperties", json!(1));
        }
        schema
    }

    fn field(self, field: &Field) -> Value {
        with(self.shape(&field.shape), "description", described(field).into())
    }

    fn single(self, schema: Value) -> Value {
        match self {
            Self::Written => json!({"anyOf": [schema, {"type": "string", "pattern": REFERENCE}]}),
            Self::Sent => schema,
        }
    }

    fn shape(self, shape: &Shape) -> Value {
        match shape {
            Shape::Text => json!({"type": "string"}),
            Shape::SomeText => json!({"type": "string", "minLength": 1}),
            Shape::Pattern(pattern) => self.single(json!({"type": "string", "pattern": pattern})),
            Shape::Word(words) => self.single(json!({"enum": words})),
            Shape::Bool => self.single(json!({"type": "boolean"})),
            Shape::Integer(least, most) => self.single(integer(*least, *most)),
            Shape::OneOf(numbers) => self.single(json!({"enum": numbers})),
            Shape::Part => self.single(json!({"type": "number", "minimum": 0, "maximum": 1})),
            Shape::Duration(_, _) => self.single(measured(shape, DURATION, "x-duration")),
            Shape::Size(least, most) => self.single(json!({"anyOf": [
                integer(*least, *most), measured(shape, SIZE, "x-size")]})),
            Shape::Date => json!({"type": "string", "format": "date-time"}),
            Shape::Single => json!({"type": ["string", "number", "boolean"]}),
            Shape::Json => json!({"type": "object"}),
            Shape::List(item) => json!({"type": "array", "items": self.shape(item)}),
            Shape::SomeList(item) => json!({"type": "array", "minItems": 1, "items": self.shape(item)}),
            Shape::Map(keys, value) => json!({"type": "object", "propertyNames": {"pattern": keys},
                "additionalProperties": self.shape(value)}),
            Shape::Section(fields) => self.section(fields),
            Shape::AnyOf(shapes) => {
                json!({"anyOf": shapes.iter().map(|shape| self.shape(shape)).collect::<Vec<_>>()})
            }
        }
    }
}

/// A duration as it is written.
const DURATION: &str = "^([0-9]+(ms|s|m|h|d))+$";

/// A size as it is written.
const SIZE: &str = r"^[0-9]+\s*(B|kB|KB|MB|GB|KiB|MiB|GiB)?$";

fn integer(least: u64, most: u64) -> Value {
    json!({"type": "integer", "minimum": least, "maximum": most})
}

/// A number with a unit. JSON Schema has no word for the bounds of such a text, so that they stand under one of our own,
/// which validators ignore and the console's forms read.
fn measured(shape: &Shape, pattern: &str, word: &str) -> Value {
    let schema = json!({"type": "string", "pattern": pattern});
    match shape.bounds() {
        Some(Bounds { least, most }) => with(schema, word, json!({"minimum": least, "maximum": most})),
        None => schema,
    }
}

/// Before what a field is when it is absent.
const DEFAULT: &str = "; default ";

/// What a field means, its bounds, and what it is when it is absent.
fn described(field: &Field) -> String {
    let bounds = field.shape.bounds().map(|bounds| format!("; {bounds}")).unwrap_or_default();
    let default = field.shown_default().map(|default| format!("{DEFAULT}{default}")).unwrap_or_default();
    // A default that is no value stands in the documentation, and comes last there.
    let (doc, absent) = match field.doc.split_once(DEFAULT) {
        Some((doc, absent)) => (doc, format!("{DEFAULT}{absent}")),
        None => (field.doc, String::new()),
    };
    format!("{doc}{bounds}{absent}{default}")
}

fn with(mut schema: Value, key: &str, value: Value) -> Value {
    if let Value::Object(members) = &mut schema {
        members.insert(key.to_owned(), value);
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptions(value: &Value, path: &str, without: &mut Vec<String>, count: &mut usize) {
        match value {
            Value::Object(members) => {
                if let Some(Value::Object(properties)) = members.get("properties") {
                    for (name, property) in properties {
                        *count += 1;
                        if property["description"].as_str().is_none_or(str::is_empty) {
                            without.push(format!("{path}.{name}"));
                        }
                    }
                }
                for (name, member) in members {
                    descriptions(member, &format!("{path}.{name}"), without, count);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| descriptions(item, path, without, count)),
            _ => {}
        }
    }

    #[test]
    fn every_key_has_a_description() {
        let (mut without, mut count) = (Vec::new(), 0);
        descriptions(&schema(), "", &mut without, &mut count);
        assert_eq!(without, Vec::<String>::new());
        assert!(count > 70, "{count}");
    }

    #[test]
    fn what_programs_send_has_the_same_keys_and_no_references() {
        let (written, sent) = (schema(), schema_of(ResourceKind::Agent));
        let agent = &written["properties"]["agents"]["additionalProperties"];
        let names =
            |schema: &Value| schema["properties"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(agent), names(&sent));
        assert_eq!(sent["properties"]["websocket"]["type"], json!("boolean"));
        assert!(!sent.to_string().contains("{[A-Za-z_]"), "{sent}");
        assert!(agent.to_string().contains("{[A-Za-z_]"));
    }

    #[test]
    fn the_sections_of_a_file_are_where_an_editor_looks_for_them() {
        let schema = schema();
        let agent = &schema["properties"]["agents"]["additionalProperties"];
        assert_eq!(agent["required"], json!(["route", "upstream", "auth"]));
        assert_eq!(agent["properties"]["auth"]["anyOf"][1]["maxProperties"], json!(1));
        assert_eq!(agent["additionalProperties"], json!(false));
    }
}
