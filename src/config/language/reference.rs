//! The reference page of all settings, in Markdown: a table for each section, made from the declarations.

use std::fmt::Write as _;

use super::settings::root::ROOT;
use super::shape::{Field, Section, Shape};

/// The page.
#[must_use]
pub fn reference() -> String {
    let mut page = String::from(HEAD);
    write_section(&mut page, "", ROOT);
    page
}

const HEAD: &str = "# Settings

Every setting, as `portcullis check` reads it. This page is made from the declarations in `src/config/language/settings`;
[conf/portcullis.yaml](../conf/portcullis.yaml) shows all of them in use. A setting in bold must be there. Any single value
may be `${NAME}` or `${NAME:-default}`.

`portcullis schema` prints the same bounds as JSON Schema, and the OpenAPI document of the control API has them for agents
and identity providers. Those of a duration or a size, which is text, stand under `x-duration` or `x-size`, as
`{\"minimum\": \"1s\", \"maximum\": \"10m\"}`, and in the description, where an editor shows them.
";

fn write_section(page: &mut String, path: &str, section: &Section) {
    if section.fields().next().is_none() {
        return;
    }
    let title = if path.is_empty() { "The top of a file".to_owned() } else { format!("`{path}`") };
    // Writing to a string does not fail.
    let _ = write!(page, "\n## {title}\n\n");
    if section.one_of {
        page.push_str("Exactly one of:\n\n");
    }
    page.push_str("| setting | value | default | meaning |\n|---|---|---|---|\n");
    for field in section.fields() {
        let name = if field.required { format!("**`{}`**", field.name) } else { format!("`{}`", field.name) };
        let default = field.shown_default().map(|default| format!("`{default}`")).unwrap_or_default();
        let _ = writeln!(page, "| {name} | {} | {default} | {} |", value(&field.shape), cell(field));
    }
    for field in section.fields() {
        let path = if path.is_empty() { field.name.to_owned() } else { format!("{path}.{}", field.name) };
        for (path, section) in sections(&path, &field.shape) {
            write_section(page, &path, section);
        }
    }
}

fn cell(field: &Field) -> String {
    field.doc.replace('|', "\\|")
}

/// The sections that may stand at a path, and the path of each.
fn sections(path: &str, shape: &Shape) -> Vec<(String, &'static Section)> {
    match shape {
        Shape::Section(section) => vec![(path.to_owned(), section)],
        Shape::List(item) | Shape::SomeList(item) => sections(&format!("{path}[]"), item),
        Shape::Map(_, value) => sections(&format!("{path}.NAME"), value),
        Shape::AnyOf(shapes) => shapes.iter().flat_map(|shape| sections(path, shape)).collect(),
        Shape::Text
        | Shape::SomeText
        | Shape::Pattern(_)
        | Shape::Word(_)
        | Shape::Bool
        | Shape::Integer(..)
        | Shape::OneOf(_)
        | Shape::Part
        | Shape::Duration(..)
        | Shape::Size(..)
        | Shape::Date
        | Shape::Single
        | Shape::Json => Vec::new(),
    }
}

/// What may stand in a field, in words.
fn value(shape: &Shape) -> String {
    let bounds = || shape.bounds().map(|bounds| bounds.to_string()).unwrap_or_default();
    match shape {
        Shape::Text | Shape::SomeText | Shape::Pattern(_) => "text".to_owned(),
        Shape::Word(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        Shape::Bool => "`true` or `false`".to_owned(),
        Shape::Integer(only, most) if only == most => format!("`{only}`"),
        Shape::Integer(..) => format!("number, {}", bounds()),
        Shape::OneOf(numbers) => {
            numbers.iter().map(|number| format!("`{number}`")).collect::<Vec<_>>().join(", ")
        }
        Shape::Part => "number, 0 to 1".to_owned(),
        Shape::Duration(..) => format!("duration, {}", bounds()),
        Shape::Size(..) => format!("size, {}", bounds()),
        Shape::Date => "timestamp".to_owned(),
        Shape::Single => "text, number, `true` or `false`".to_owned(),
        Shape::Json => "JSON".to_owned(),
        Shape::List(item) => format!("list of: {}", value(item)),
        Shape::SomeList(item) => format!("list, not empty, of: {}", value(item)),
        Shape::Map(_, item) => format!("mapping to: {}", value(item)),
        Shape::Section(_) => "mapping".to_owned(),
        Shape::AnyOf(shapes) => shapes.iter().map(value).collect::<Vec<_>>().join("; or "),
    }
}
