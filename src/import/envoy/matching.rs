//! What a route or a rule is for.

use super::super::item::Item;
use super::super::neighbour::Reach;

/// The paths of a route or a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Paths {
    /// All that begin with it, as text.
    Prefix(String),
    /// It, and what is below it.
    Segments(String),
    /// It alone.
    Exact(String),
}

impl Paths {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Prefix(text) | Self::Segments(text) | Self::Exact(text) => text,
        }
    }

    /// Whether all of `other` are among them.
    pub(super) fn cover(&self, other: &Self) -> bool {
        match self {
            Self::Prefix(text) => other.text().starts_with(text.as_str()),
            Self::Segments(text) => {
                let rest = other.text().strip_prefix(text.trim_end_matches('/'));
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
            Self::Exact(text) => matches!(other, Self::Exact(other) if other == text),
        }
    }

    /// How far they go.
    pub(super) const fn reach(&self) -> Reach {
        match self {
            Self::Prefix(_) => Reach::Text,
            Self::Segments(_) => Reach::Segments,
            Self::Exact(_) => Reach::Exact,
        }
    }
}

/// What a match asks for.
#[derive(Debug, Clone)]
pub(super) struct Matching {
    pub(super) paths: Paths,
    /// Empty for every method.
    pub(super) methods: Vec<String>,
}

/// Reads a match; `None` when it asks for what routes here cannot. What nobody knows is such a thing.
pub(super) fn read(matching: Item<'_>) -> Option<Matching> {
    let mut paths = None;
    let mut methods = Vec::new();
    for (key, item) in matching.entries() {
        match key {
            "prefix" => paths = Some((item, Paths::Prefix(item.text()?.to_owned()))),
            "path_separated_prefix" => paths = Some((item, Paths::Segments(item.text()?.to_owned()))),
            "path" => paths = Some((item, Paths::Exact(item.text()?.to_owned()))),
            "headers" => methods = self::methods(item)?,
            "case_sensitive" if item.is_true() => {
                item.kept();
            }
            _ => return None,
        }
    }
    let (item, paths) = paths?;
    item.kept();
    Some(Matching { paths, methods })
}

/// The method that headers ask for, and nothing else; all of them must be there.
fn methods(headers: Item<'_>) -> Option<Vec<String>> {
    let mut methods = Vec::new();
    for header in headers.items() {
        let exact = match header.get("string_match") {
            Some(text) if text.entries().len() == 1 => text.get("exact"),
            Some(_) => None,
            None => header.get("exact_match"),
        };
        if header.get("name")?.text()? != ":method" || header.entries().len() != 2 || !methods.is_empty() {
            return None;
        }
        methods.push(exact?.text()?.to_owned());
        header.kept();
    }
    Some(methods)
}

#[cfg(test)]
mod tests {
    use crate::config::{Source, read_foreign};

    use super::super::super::ledger::Ledger;
    use super::*;

    #[test]
    fn paths_cover_what_is_among_them() {
        let prefix = |text: &str| Paths::Prefix(text.to_owned());
        let segments = |text: &str| Paths::Segments(text.to_owned());
        let exact = |text: &str| Paths::Exact(text.to_owned());
        for (wide, narrow, covered) in [
            (prefix("/"), prefix("/a"), true),
            (prefix("/a"), prefix("/ab"), true),
            (prefix("/ab"), prefix("/a"), false),
            (segments("/a"), prefix("/ab"), false),
            (segments("/a"), exact("/a/b"), true),
            (exact("/a"), exact("/a"), true),
            (exact("/a"), prefix("/a"), false),
        ] {
            assert_eq!(wide.cover(&narrow), covered, "{wide:?} {narrow:?}");
        }
    }

    fn matching(text: &str) -> Option<(String, Vec<String>)> {
        let node = read_foreign(&Source::new("a.yaml", text)).unwrap().unwrap();
        let ledger = Ledger::default();
        read(Item::new(&node, &ledger)).map(|read| (read.paths.text().to_owned(), read.methods))
    }

    #[test]
    fn a_match_is_a_path_and_perhaps_a_method() {
        let method = r#"headers: [{ name: ":method", string_match: { exact: GET } }]"#;
        for (text, methods) in [
            ("prefix: /a", 0),
            ("{ path: /a, case_sensitive: true }", 0),
            (&*format!("prefix: /a\n{method}"), 1),
        ] {
            let read = matching(text).unwrap();
            assert_eq!((read.0.as_str(), read.1.len()), ("/a", methods), "{text}");
        }
        for text in [
            "{}",
            "prefix: { a: b }",
            "safe_regex: { regex: /a }",
            "{ prefix: /a, case_sensitive: false }",
            "{ prefix: /a, query_parameters: [] }",
            "{ prefix: /a, something_new: 1 }",
            "{ prefix: /a, headers: [{ name: x, exact_match: y }] }",
            r#"{ prefix: /a, headers: [{ name: ":method", exact_match: GET, invert_match: true }] }"#,
            r#"{ prefix: /a, headers: [{ name: ":method", string_match: { exact: GET, ignore_case: true } }] }"#,
            r#"{ prefix: /a, headers: [{ name: ":method", exact_match: A }, { name: ":method", exact_match: B }] }"#,
        ] {
            assert_eq!(matching(text), None, "{text}");
        }
    }
}
