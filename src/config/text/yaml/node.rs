//! The tree: values and keys, each with its place.

use super::super::source::{FROM_ENV, Place, Spanned};

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) place: Place,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A single value, as text.
#[derive(Debug, Clone)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    /// Written without quotes, so that it could be a number, a truth value or nothing.
    pub(crate) plain: bool,
    /// Part of the text came from the environment and must not be shown.
    pub(crate) from_env: bool,
    /// The text could not be completed, which has been reported; there is no more to say about it.
    pub(crate) broken: bool,
}

/// A key of a mapping.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) text: String,
    pub(crate) place: Place,
}

impl Node {
    /// A value read from this node.
    pub(in crate::config) fn spanned<T>(&self, value: T) -> Spanned<T> {
        let from_env = matches!(&self.kind, Kind::Scalar(scalar) if scalar.from_env);
        Spanned::new(value, self.place).hidden(from_env)
    }

    /// Whether it is a mapping.
    pub(in crate::config) const fn is_map(&self) -> bool {
        matches!(self.kind, Kind::Map(_))
    }

    /// Whether it is the truth value, as it can be written.
    pub(crate) fn is_true(&self) -> bool {
        matches!(&self.kind, Kind::Scalar(s) if s.plain && matches!(s.text.as_str(), "true" | "True" | "TRUE"))
    }

    /// What stands under a key of a mapping.
    pub(crate) fn member(&self, name: &str) -> Option<&Node> {
        let Kind::Map(entries) = &self.kind else { return None };
        entries.iter().find(|(key, _)| key.text == name).map(|(_, node)| node)
    }

    /// The value as a message may show it.
    pub(in crate::config) fn shown(&self) -> String {
        match &self.kind {
            Kind::Scalar(s) if s.from_env => FROM_ENV.to_owned(),
            Kind::Scalar(s) if s.is_null() => "nothing".to_owned(),
            Kind::Scalar(s) if s.text.chars().count() > 60 => {
                format!("`{}...`", s.text.chars().take(57).collect::<String>())
            }
            Kind::Scalar(s) => format!("`{}`", s.text),
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a mapping".to_owned(),
        }
    }
}

impl Scalar {
    /// Whether this is YAML for "no value".
    pub(crate) fn is_null(&self) -> bool {
        self.plain && !self.from_env && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }
}

/// How many values a tree holds and how high it is.
pub(super) fn measure(node: &Node) -> (usize, usize) {
    let join = |(count, height): (usize, usize), child: &Node| {
        let (c, h) = measure(child);
        (count + c, height.max(h))
    };
    let (count, height) = match &node.kind {
        Kind::Scalar(_) => (0, 0),
        Kind::List(items) => items.iter().fold((0, 0), join),
        Kind::Map(entries) => entries.iter().map(|(_, value)| value).fold((0, 0), join),
    };
    (count + 1, height + 1)
}
