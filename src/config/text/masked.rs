//! What is shown of a document that holds secrets: the values of `upstream.set_headers`. A reference to the environment
//! or to a file is shown as it was written; any other value is masked, and a mask that comes back stands for the value
//! that was there, so that a document can be read, changed and written without it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::source::Source;
use super::withheld::KEY;
use super::yaml::{self, Kind, Node};
use crate::model::ResourceKind;

/// What stands for a value that is not shown. No header value looks so: it is not ASCII.
pub(in crate::config) const MASK: &str = "••••••";

/// What stands for it in a text beside an earlier one in which it was another.
const CHANGED: &str = "•••••• (changed)";

/// What stands for a whole text in which they cannot be told from the rest.
const HIDDEN: &str = "# not shown: it cannot be read, and may hold secrets\n";

/// The same resource with its secrets masked.
#[must_use]
pub fn masked(kind: ResourceKind, mut spec: Value) -> Value {
    for value in secrets(kind, &mut spec).into_values() {
        if value.as_str().is_none_or(|text| !is_reference(text)) && !is_file(value) {
            *value = Value::from(MASK);
        }
    }
    spec
}

/// The same resource with the secrets of `before` where it has masks.
///
/// # Errors
/// The part that is masked and that `before` does not have, as a JSON pointer.
pub fn unmasked(kind: ResourceKind, mut spec: Value, before: Option<&Value>) -> Result<Value, String> {
    let mut before = before.cloned().unwrap_or_default();
    let known = secrets(kind, &mut before);
    for (name, value) in secrets(kind, &mut spec) {
        if value.as_str() != Some(MASK) {
            continue;
        }
        match known.get(&name) {
            Some(known) => value.clone_from(known),
            None => return Err(format!("/upstream/{KEY}/{}", name.replace('~', "~0").replace('/', "~1"))),
        }
    }
    Ok(spec)
}

fn secrets(kind: ResourceKind, spec: &mut Value) -> BTreeMap<String, &mut Value> {
    let headers = match kind {
        ResourceKind::Agent => spec.get_mut("upstream").and_then(|upstream| upstream.get_mut(KEY)),
        ResourceKind::IdentityProvider | ResourceKind::ApiKey | ResourceKind::Limit => None,
    };
    let headers = headers.and_then(Value::as_object_mut);
    headers.into_iter().flatten().map(|(name, value)| (name.clone(), value)).collect()
}

fn is_file(value: &Value) -> bool {
    value.as_object().is_some_and(|fields| fields.keys().all(|key| key == "file"))
}

/// Whether a text is a reference to the environment, perhaps behind a scheme: `Bearer ${TOKEN}`.
fn is_reference(text: &str) -> bool {
    let is_word = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    let name = match text.split_once(' ') {
        Some((scheme, name)) if is_word(scheme) => name,
        Some(_) => return false,
        None => text,
    };
    name.strip_prefix("${").and_then(|name| name.strip_suffix('}')).is_some_and(is_word)
}

/// The text of one resource, or of a whole document when `kind` is absent, with its secrets masked. `before` is what it
/// is shown beside.
#[must_use]
pub fn shown_text(kind: Option<ResourceKind>, text: &str, before: Option<&str>) -> String {
    if !text.contains(KEY) {
        return text.to_owned();
    }
    let (Some(root), before) = (read(text), before.and_then(read)) else { return HIDDEN.to_owned() };
    let was = before.map(|root| values(kind, &root)).unwrap_or_default();
    let mut places = Vec::new();
    for (path, node) in nodes(kind, &root) {
        let Some(value) = text_of(node) else { return HIDDEN.to_owned() };
        let mask = match was.get(&path) {
            Some(was) if was != value => CHANGED,
            _ => MASK,
        };
        places.push((node, mask));
    }
    // From the end, so that what stands before keeps its place.
    places.sort_by_key(|(node, _)| std::cmp::Reverse(node.place));
    places.dedup_by_key(|(node, _)| node.place);
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    for (node, mask) in places {
        let line = node.place.line().checked_sub(1).and_then(|number| lines.get_mut(number));
        if line.and_then(|line| mask_in(line, node, mask)).is_none() {
            return HIDDEN.to_owned();
        }
    }
    lines.concat()
}

fn read(text: &str) -> Option<Node> {
    yaml::read_as_written(&Source::new("", text))
}

/// Puts the mask where the value stands; nothing when the value goes on in the next line.
fn mask_in(line: &mut String, node: &Node, mask: &str) -> Option<()> {
    let Kind::Scalar(scalar) = &node.kind else { return None };
    let at = |n: usize| line.char_indices().map(|(i, _)| i).chain([line.len()]).nth(n);
    let start = at(node.place.column().checked_sub(1)?)?;
    let end = at(node.place.column() - 1 + node.place.width())?;
    let written = line.get(start..end)?;
    let whole = if scalar.plain { written == scalar.text } else { written.len() > 1 && is_quoted(written) };
    whole.then(|| line.replace_range(start..end, &format!("\"{mask}\"")))
}

fn is_quoted(written: &str) -> bool {
    ['"', '\''].iter().any(|quote| written.starts_with(*quote) && written.ends_with(*quote))
}

/// The values that are not shown, by agent and header.
fn values(kind: Option<ResourceKind>, root: &Node) -> BTreeMap<(String, String), String> {
    let found = nodes(kind, root).into_iter();
    found.filter_map(|(path, node)| Some((path, text_of(node)?.to_owned()))).collect()
}

fn nodes(kind: Option<ResourceKind>, root: &Node) -> Vec<((String, String), &Node)> {
    let agents: Vec<(&str, &Node)> = match kind {
        Some(ResourceKind::Agent) => vec![("", root)],
        Some(ResourceKind::IdentityProvider | ResourceKind::ApiKey | ResourceKind::Limit) => Vec::new(),
        None => member(root, "agents").map(entries).unwrap_or_default(),
    };
    let headers = agents.into_iter().filter_map(|(name, agent)| {
        let headers = member(member(agent, "upstream")?, KEY)?;
        Some(entries(headers).into_iter().map(move |(header, node)| ((name, header), node)))
    });
    let is_shown = |node: &Node| match &node.kind {
        Kind::Scalar(scalar) => scalar.is_null() || is_reference(&scalar.text),
        Kind::Map(entries) => entries.iter().all(|(key, _)| key.text == "file"),
        Kind::List(_) => false,
    };
    let hidden = headers.flatten().filter(|(_, node)| !is_shown(node));
    hidden.map(|((agent, header), node)| ((agent.to_owned(), header.to_ascii_lowercase()), node)).collect()
}

fn text_of(node: &Node) -> Option<&str> {
    if let Kind::Scalar(scalar) = &node.kind { Some(&scalar.text) } else { None }
}

fn entries(node: &Node) -> Vec<(&str, &Node)> {
    match &node.kind {
        Kind::Map(entries) => entries.iter().map(|(key, node)| (key.text.as_str(), node)).collect(),
        Kind::Scalar(_) | Kind::List(_) => Vec::new(),
    }
}

fn member<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    entries(node).into_iter().find(|(key, _)| *key == name).map(|(_, node)| node)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const AGENT: ResourceKind = ResourceKind::Agent;

    fn agent(headers: &Value) -> Value {
        json!({"route": "/a", "upstream": {"url": "http://a", "set_headers": headers}, "auth": "public"})
    }

    #[test]
    fn a_value_is_masked_unless_it_is_a_reference() {
        for (written, shown) in [
            (json!("hunter2"), false),
            (json!("Bearer hunter2"), false),
            (json!("Bearer ${TOKEN}"), true),
            (json!("${TOKEN}"), true),
            (json!("${TOKEN:-hunter2}"), false),
            (json!("hunter2${TOKEN}"), false),
            (json!("a b ${TOKEN}"), false),
            (json!("$${TOKEN}"), false),
            (json!(7), false),
            (json!({"file": "token"}), true),
            (json!({"fil": "hunter2"}), false),
        ] {
            let spec = agent(&json!({"X-Key": written}));
            let wanted = if shown { written.clone() } else { json!(MASK) };
            assert_eq!(masked(AGENT, spec.clone()), agent(&json!({"X-Key": wanted})), "{written}");
            let back = unmasked(AGENT, masked(AGENT, spec.clone()), Some(&spec));
            assert_eq!(back, Ok(spec), "{written} comes back");
        }
        let other = json!({"upstream": "http://a", "set_headers": {"X": "y"}});
        assert_eq!(masked(AGENT, other.clone()), other);
    }

    #[test]
    fn a_mask_without_a_value_behind_it_is_refused() {
        let spec = agent(&json!({"X/~Key": MASK}));
        let pointer = Err("/upstream/set_headers/X~1~0Key".to_owned());
        assert_eq!(unmasked(AGENT, spec.clone(), None), pointer);
        assert_eq!(unmasked(AGENT, spec, Some(&agent(&json!({"Y": "z"})))), pointer);
    }

    #[test]
    fn texts_are_shown_without_values() {
        for (text, wanted) in [
            (
                "upstream:\n  url: http://a\n  set_headers:\n    A: hunter2 # why\n    B: \"hun\\\"ter2\"\n    C: ${C}\n",
                "upstream:\n  url: http://a\n  set_headers:\n    A: \"••••••\" # why\n    B: \"••••••\"\n    C: ${C}\n",
            ),
            (
                "upstream: { url: x, set_headers: { A: 'hunter2', B: { file: b }, C: h } }\n",
                "upstream: { url: x, set_headers: { A: \"••••••\", B: { file: b }, C: \"••••••\" } }\n",
            ),
            ("upstream: { set_headers: { A: \"hunter2\n  more\" } }\n", HIDDEN),
            ("upstream:\n  set_headers:\n    A: |\n      hunter2\n", HIDDEN),
            ("upstream:\n  set_headers:\n    A: [hunter2]\n", HIDDEN),
            ("upstream: { set_headers: { A: hunter2 }\n", HIDDEN),
            (
                "display_name: &a hunter2\nupstream: { set_headers: { A: *a } }\n",
                "display_name: &a \"••••••\"\nupstream: { set_headers: { A: *a } }\n",
            ),
            ("route: /a\n", "route: /a\n"),
        ] {
            assert_eq!(shown_text(Some(AGENT), text, None), wanted, "{text}");
            let document = format!("agents:\n  a:\n{}", indented(text));
            let wanted = match wanted {
                HIDDEN => HIDDEN.to_owned(),
                wanted => format!("agents:\n  a:\n{}", indented(wanted)),
            };
            assert_eq!(shown_text(None, &document, None), wanted, "{document}");
        }
    }

    fn indented(text: &str) -> String {
        text.split_inclusive('\n').map(|line| format!("    {line}")).collect()
    }

    #[test]
    fn a_value_that_changed_is_told_from_one_that_did_not() {
        let text = |a: &str, b: &str| format!("upstream: {{ set_headers: {{ A: {a}, B: {b} }} }}\n");
        let shown = shown_text(Some(AGENT), &text("one", "two"), Some(&text("one", "three")));
        assert_eq!(shown, text("\"••••••\"", "\"•••••• (changed)\""));
    }
}
