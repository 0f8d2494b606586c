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

/// Reads a match; `None`, with what keeps it from being imported, when it asks for what routes here cannot.
pub(super) fn read(matching: Item<'_>) -> Option<Matching> {
    let mut paths = None;
    for (key, item) in matching.entries() {
        let text = item.text().unwrap_or_default().to_owned();
        let read = match key {
            "prefix" => Some(Paths::Prefix(text)),
            "path_separated_prefix" => Some(Paths::Segments(text)),
            "path" => Some(Paths::Exact(text)),
            _ => None,
        };
        if let Some(read) = read {
            item.kept();
            paths = Some(read);
        }
    }
    let paths = paths?;
    let mut methods = Vec::new();
    for header in matching.list("headers") {
        let exact = header.at(&["string_match", "exact"]).or_else(|| header.get("exact_match"));
        match (header.get("name").and_then(Item::text), exact.and_then(Item::text)) {
            (Some(":method"), Some(method)) => {
                header.kept();
                methods.push(method.to_owned());
            }
            _ => return None,
        }
    }
    let is_plain = matching.get("query_parameters").is_none()
        && matching.get("grpc").is_none()
        && matching.get("runtime_fraction").is_none()
        && matching.get("tls_context").is_none()
        && matching.get("dynamic_metadata").is_none();
    is_plain.then_some(Matching { paths, methods })
}

#[cfg(test)]
mod tests {
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
}
