//! A value of a source, with the ledger at hand in which it is told what became of it.

use crate::config::{Kind, Node};

use super::ledger::{Ledger, Verdict};

/// A value of a source.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    node: &'a Node,
    ledger: &'a Ledger,
}

impl<'a> Item<'a> {
    pub(super) const fn new(node: &'a Node, ledger: &'a Ledger) -> Self {
        Self { node, ledger }
    }

    /// What stands under a key; `None` also for nothing.
    pub(super) fn get(self, name: &str) -> Option<Self> {
        let item = Self { node: self.node.member(name)?, ..self };
        (!item.is_nothing()).then_some(item)
    }

    /// What stands at the end of a path of keys.
    pub(super) fn at(self, path: &[&str]) -> Option<Self> {
        path.iter().try_fold(self, |item, name| item.get(name))
    }

    /// The entries of a list; none for anything else.
    pub(super) fn items(self) -> Vec<Self> {
        match &self.node.kind {
            Kind::List(items) => items.iter().map(|node| Self { node, ..self }).collect(),
            Kind::Scalar(_) | Kind::Map(_) => Vec::new(),
        }
    }

    /// The same of what stands under a key.
    pub(super) fn list(self, name: &str) -> Vec<Self> {
        self.get(name).map(Self::items).unwrap_or_default()
    }

    /// The entries of a mapping; none for anything else.
    pub(super) fn entries(self) -> Vec<(&'a str, Self)> {
        match &self.node.kind {
            Kind::Map(entries) => {
                entries.iter().map(|(key, node)| (key.text.as_str(), Self { node, ..self })).collect()
            }
            Kind::Scalar(_) | Kind::List(_) => Vec::new(),
        }
    }

    /// The text of a single value.
    pub(super) fn text(self) -> Option<&'a str> {
        match &self.node.kind {
            Kind::Scalar(scalar) if !scalar.is_null() => Some(&scalar.text),
            Kind::Scalar(_) | Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// The number that a single value is, from 0.
    pub(super) fn number(self) -> Option<u64> {
        self.text()?.trim().parse().ok()
    }

    /// What tells it from all other values of the files.
    pub(super) fn address(self) -> usize {
        std::ptr::from_ref(self.node).addr()
    }

    /// Whether it is the truth value, as any of these products reads it: some take YAML 1.1 at its word.
    pub(super) fn is_true(self) -> bool {
        self.is_word(&["true", "yes", "on", "y"])
    }

    /// Whether it is the other truth value.
    pub(super) fn is_false(self) -> bool {
        self.is_word(&["false", "no", "off", "n"])
    }

    fn is_word(self, words: &[&str]) -> bool {
        let Kind::Scalar(scalar) = &self.node.kind else { return false };
        scalar.plain && words.iter().any(|word| scalar.text.eq_ignore_ascii_case(word))
    }

    pub(super) const fn is_map(self) -> bool {
        matches!(self.node.kind, Kind::Map(_))
    }

    /// The texts of a list, or the single one that stands for a list; what is none is told.
    pub(super) fn texts(self) -> Vec<&'a str> {
        if let Some(text) = self.text() {
            return vec![text];
        }
        let text = |item: Self| {
            let text = item.text().filter(|text| !text.is_empty());
            if text.is_none() {
                item.cannot("expected a text");
            }
            text
        };
        self.items().into_iter().filter_map(text).collect()
    }

    /// It means the same in the output.
    pub(super) fn kept(self) -> Self {
        self.ledger.tell(self.node, Verdict::Kept, String::new());
        self
    }

    /// The output has something else for it.
    pub(super) fn changed(self, why: impl Into<String>) {
        self.ledger.tell(self.node, Verdict::Changed, why.into());
    }

    /// The output has nothing for it.
    pub(super) fn cannot(self, why: impl Into<String>) {
        self.ledger.tell(self.node, Verdict::Cannot, why.into());
    }

    /// It weakens, or is weak in the source.
    pub(super) fn weak(self, verdict: Verdict, why: impl Into<String>) {
        self.ledger.tell_weak(self.node, verdict, &why.into());
    }

    /// A route that is not in the output: what asks for a credential there may not ask at another agent that gets its
    /// requests.
    pub(super) fn left_out(self, why: &str) {
        self.weak(Verdict::Cannot, format!("{why}: left out, and another agent may get its requests"));
    }

    /// A route whose path another agent has, which asks for the same or for something else.
    pub(super) fn taken(self, path: &str, asks_for_the_same: bool) {
        let why = format!("another agent has the path `{path}` already");
        if asks_for_the_same {
            self.cannot(why);
        } else {
            self.weak(Verdict::Cannot, format!("{why}, and asks for something else"));
        }
    }

    /// What nobody has looked at in a mapping that says who may call: it may refuse something, but for what is off, and for
    /// keys that are known to be harmless.
    pub(super) fn rest_is_weak(self, is_harmless: impl Fn(&str) -> bool) {
        for (name, item) in self.entries() {
            if item.is_nothing() || self.ledger.is_told(item.node) {
                continue;
            }
            let why = format!("`{name}` has no counterpart here");
            if is_harmless(name) || item.is_false() {
                item.cannot(why);
            } else {
                item.weak(Verdict::Cannot, format!("{why}: what it refuses is let through"));
            }
        }
    }

    fn is_nothing(self) -> bool {
        matches!(&self.node.kind, Kind::Scalar(scalar) if scalar.is_null())
    }

    /// Whether something was said of it.
    pub(super) fn is_told(self) -> bool {
        self.ledger.is_told(self.node)
    }

    /// The text under a key, which means the same in the output; an empty one is none.
    pub(super) fn keep(self, name: &str) -> Option<&'a str> {
        let item = self.get(name)?;
        item.text().filter(|text| !text.is_empty()).inspect(|_| {
            item.kept();
        })
    }

    /// What stands under these keys is of use only to read the rest.
    pub(super) fn keep_all(self, names: &[&str]) {
        for name in names {
            if let Some(item) = self.get(name) {
                item.kept();
            }
        }
    }

    /// Whether what stands under `kind` is the name or the id of `other`.
    pub(super) fn refers(self, kind: &str, other: Self) -> bool {
        let named = self.named(kind);
        let is_it = |key: &str| named.is_some() && other.get(key).and_then(Self::text) == named;
        is_it("name") || is_it("id")
    }

    /// The name of what stands elsewhere, to which a key refers.
    pub(super) fn named(self, kind: &str) -> Option<&'a str> {
        let reference = self.get(kind)?;
        let inner = reference.get("name").or_else(|| reference.get("id")).unwrap_or(reference);
        inner.text().inspect(|_| {
            inner.kept();
        })
    }
}
