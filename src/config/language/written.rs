//! A resource as it was written: the value under its name, in JSON, with references to the environment as they
//! stand; where each part of it stands in the text; and back from JSON to YAML.
//!
//! What the values mean is not known here.

use std::collections::HashMap;
use std::path::PathBuf;

use serde_json::Value;

use super::json;
use super::ordered::Ordered;
use crate::config::text::findings::Findings;
use crate::config::text::report::Report;
use crate::config::text::source::Source;
use crate::config::text::yaml::{self, Key, Kind, Node};
use crate::model::{Digest, ResourceId, ResourceKind};

/// One resource as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// What stands under its name.
    pub spec: Value,
    /// Changes whenever the resource does.
    pub tag: String,
    /// The file in which it stands.
    pub path: PathBuf,
    /// Whether the file holds this resource alone, as files of a store do.
    pub stored: bool,
}

/// The resource `id` in `sources`; `None` when it is not there.
#[must_use]
pub fn written(sources: &[Source], id: &ResourceId) -> Option<Written> {
    if let Some(source) = sources.iter().find(|source| source.entry.as_ref() == Some(id)) {
        let spec = as_json(&yaml::read_as_written(source)?)?;
        let tag = tag_of(&source.text);
        return Some(Written { spec, tag, path: source.path.to_path_buf(), stored: true });
    }
    sources.iter().filter(|source| source.entry.is_none()).find_map(|source| {
        let root = yaml::read_as_written(source)?;
        let section = member(&root, id.kind().section())?;
        let spec = match id.kind() {
            ResourceKind::Limit => listed(section, id.name())?,
            ResourceKind::Agent | ResourceKind::IdentityProvider | ResourceKind::ApiKey => {
                as_json(member(section, id.name())?)?
            }
        };
        let tag = tag_of(&spec.to_string());
        Some(Written { spec, tag, path: source.path.to_path_buf(), stored: false })
    })
}

/// What tells one text of a resource from another, for `ETag`.
#[must_use]
pub fn tag_of(text: &str) -> String {
    let hex = Digest::of(text.as_bytes()).to_hex();
    hex.get(..16).unwrap_or(&hex).to_owned()
}

/// A resource as YAML that reads back as the same value, its members in the order of the reference.
///
/// # Errors
/// Why it cannot be written, for a person.
pub fn to_yaml(kind: ResourceKind, value: &Value) -> Result<String, String> {
    ordered_yaml(&Ordered::resource(kind, value), value)
}

/// The same of a whole document.
///
/// # Errors
/// Why it cannot be written, for a person.
pub fn document_to_yaml(value: &Value) -> Result<String, String> {
    ordered_yaml(&Ordered::document(value), value)
}

fn ordered_yaml(ordered: &Ordered<'_>, value: &Value) -> Result<String, String> {
    let text = serde_saphyr::to_string(ordered).map_err(|error| error.to_string())?;
    let source = Source::new("", text);
    // What the writer of another house makes of a strange text is not taken on trust.
    match yaml::read_as_written(&source).and_then(|node| as_json(&node)) {
        Some(read) if read == *value => Ok(source.text.to_string()),
        _ => Err("it holds something that cannot be written as YAML".to_owned()),
    }
}

/// Whether the environment is asked for in a value that `before` does not have.
#[must_use]
pub fn new_references(value: &Value, before: Option<&Value>) -> Option<String> {
    let mut known = Vec::new();
    if let Some(before) = before {
        texts(before, "", &mut |_, text| known.push(text.to_owned()));
    }
    let mut found = None;
    texts(value, "", &mut |pointer, text| {
        if text.contains("${") && !known.iter().any(|k| k == text) && found.is_none() {
            found = Some(pointer.to_owned());
        }
    });
    found
}

fn texts(value: &Value, pointer: &str, say: &mut impl FnMut(&str, &str)) {
    match value {
        Value::String(text) => say(pointer, text),
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                texts(item, &format!("{pointer}/{i}"), say);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                texts(member, &format!("{pointer}/{}", escaped(name)), say);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Where the parts of a resource stand: line and column to JSON pointer (RFC 6901).
#[derive(Debug, Default)]
pub struct Pointers(HashMap<(usize, usize), String>);

impl Pointers {
    /// The parts of a source that holds one resource.
    #[must_use]
    pub fn of(source: &Source) -> Self {
        let mut places = HashMap::new();
        if let Some(root) = yaml::read_as_written(source) {
            place(&root, String::new(), &mut places);
        }
        Self(places)
    }

    /// The part at a place; the whole when nothing begins there.
    #[must_use]
    pub fn at(&self, line: usize, column: usize) -> &str {
        self.0.get(&(line, column)).map_or("", String::as_str)
    }
}

fn place(node: &Node, pointer: String, places: &mut HashMap<(usize, usize), String>) {
    match &node.kind {
        Kind::Scalar(_) => {}
        Kind::List(items) => {
            for (i, item) in items.iter().enumerate() {
                place(item, format!("{pointer}/{i}"), places);
            }
        }
        Kind::Map(entries) => {
            for (key, value) in entries {
                let below = format!("{pointer}/{}", escaped(&key.text));
                places.insert((key.place.line(), key.place.column()), below.clone());
                place(value, below, places);
            }
        }
    }
    // A mapping begins where its first key does: the key is the nearer answer, and came first.
    places.entry((node.place.line(), node.place.column())).or_insert(pointer);
}

/// A name as a part of a JSON pointer (RFC 6901 section 3).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn member<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    let Kind::Map(entries) = &node.kind else { return None };
    entries.iter().find(|(Key { text, .. }, _)| text == name).map(|(_, value)| value)
}

/// What a list says of a name, without the name.
fn listed(list: &Node, name: &str) -> Option<Value> {
    let Kind::List(items) = &list.kind else { return None };
    items.iter().find_map(|item| {
        let mut item = as_json(item)?;
        let is_it = item.as_object_mut()?.remove(NAME).is_some_and(|found| found == name);
        is_it.then_some(item)
    })
}

/// The field of an entry of a list that holds what the entry is called by.
pub(super) const NAME: &str = "name";

pub(super) fn as_json(node: &Node) -> Option<Value> {
    let (findings, source) = (Findings::default(), Source::new("", ""));
    let report = Report::new(&findings, &source);
    let value = json::json(&report, node);
    if findings.has_errors() { None } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn id(text: &str) -> ResourceId {
        ResourceId::parse(text).unwrap()
    }

    #[test]
    fn a_resource_is_found_in_a_file_of_its_own_and_in_a_document() {
        let agent = "route: /a\nupstream: \"${UP:-x}\"\nmax_body: 5\nwebsocket: false\n";
        let document = "version: 1\nidentity_providers:\n  corp: { issuer: 'https://idp' }\n";
        let stored = ResourceId::new(ResourceKind::Agent, "a").unwrap();
        let sources = [Source::new("p.yaml", document), Source::of(stored.clone(), "agents/a.yaml", agent)];
        let found = written(&sources, &stored).unwrap();
        let spec = json!({"route": "/a", "upstream": "${UP:-x}", "max_body": 5, "websocket": false});
        assert_eq!((found.spec, found.stored), (spec, true));
        let found = written(&sources, &id("identity_providers/corp")).unwrap();
        assert_eq!((found.spec, found.stored), (json!({"issuer": "https://idp"}), false));
        for absent in ["agents/b", "identity_providers/a", "api_keys/a"] {
            assert_eq!(written(&sources, &id(absent)), None, "{absent}");
        }
    }

    #[test]
    fn a_place_in_the_text_has_its_pointer() {
        let text = "route: /a\nauth:\n  oauth:\n    audiences: [x, 5]\n    claim_headers:\n      a/b~c: X\n";
        let pointers = Pointers::of(&Source::new("a.yaml", text));
        for ((line, column), wanted) in [
            ((1, 1), "/route"),
            ((1, 8), "/route"),
            ((2, 1), "/auth"),
            ((4, 5), "/auth/oauth/audiences"),
            ((4, 20), "/auth/oauth/audiences/1"),
            ((6, 7), "/auth/oauth/claim_headers/a~1b~0c"),
            ((9, 9), ""),
        ] {
            assert_eq!(pointers.at(line, column), wanted, "{line}:{column}");
        }
    }

    #[test]
    fn the_environment_is_not_asked_for_anew() {
        let before = json!({"a": "${OLD}", "b": ["x"]});
        for (value, wanted) in [
            (json!({"b": ["${OLD}"]}), None),
            (json!({"b": ["x", "${NEW}"]}), Some("/b/1")),
            (json!({"a": "${OLD}x"}), Some("/a")),
            (json!({"a": "$OLD"}), None),
        ] {
            assert_eq!(new_references(&value, Some(&before)).as_deref(), wanted, "{value}");
        }
        assert_eq!(new_references(&before, None).as_deref(), Some("/a"));
    }

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[ -~]{0,20}",
            "(yes|no|null|~|true|0x1f|1e5|-|: |# a|a: b|- x|\\|\n x|\n|\t| |'|\"|\\$\\{A\\}|007|1_000|.inf|<<|=)",
        ]
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            text().prop_map(Value::String),
            any::<i64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            Just(Value::Null),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                prop::collection::hash_map(text(), inner, 0..4)
                    .prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_as_yaml_reads_back_as_the_same(value in value()) {
            if let Ok(text) = to_yaml(ResourceKind::Agent, &value) {
                let node = yaml::read_as_written(&Source::new("", text)).unwrap();
                prop_assert_eq!(as_json(&node), Some(value));
            }
        }
    }

    #[test]
    fn members_stand_in_the_order_of_the_reference() {
        let value = json!({"zeal": 1, "auth": {"oauth": {"scopes": {"any_of": ["x"], "all_of": []}, "prefix": "P",
            "claims": {"all_of": [{"values": [1], "claim": "c"}]}, "identity_providers": ["corp"]}},
            "upstream": "http://a", "route": {"strip_path": true, "path": "/a"}, "display_name": "A"});
        let text = to_yaml(ResourceKind::Agent, &value).unwrap();
        let words = [
            "display_name",
            "route",
            "path",
            "strip_path",
            "upstream",
            "auth",
            "oauth",
            "identity_providers",
            "prefix",
            "scopes",
            "all_of",
            "any_of",
            "claims",
            "claim:",
            "values",
            "zeal",
        ];
        let places: Vec<_> = words.iter().map(|word| text.find(word).unwrap()).collect();
        assert!(places.is_sorted(), "{text}");
    }

    #[test]
    fn every_value_of_a_real_configuration_can_be_written() {
        for text in [
            "plain",
            "",
            " x ",
            "yes",
            "null",
            "~",
            "1",
            "0x1f",
            "a: b",
            "# c",
            "- d",
            "{",
            "[",
            "*a",
            "&a",
            "!t",
            "%",
            "@",
            "`",
            "|",
            ">",
            "'",
            "\"",
            "\\",
            "a\nb\n",
            "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n",
            "\u{e4}\u{1f600}",
            "<script>alert(1)</script>",
            "a\tb",
            "\u{85}",
            "\u{2028}",
            "\r\n",
            "\u{0}",
            "\u{7f}",
            "${NAME:-x}",
            "$${",
            "1e999",
            "1_000",
            ".5",
            "2027-01-01T00:00:00Z",
        ] {
            for value in
                [json!(text), json!({"a": text}), json!([text, [text]]), json!({"a": {"b": [{"c": text}]}})]
            {
                let yaml = to_yaml(ResourceKind::Agent, &value);
                assert!(yaml.is_ok(), "{value}: {yaml:?} {:?}", serde_saphyr::to_string(&value));
            }
        }
    }
}
