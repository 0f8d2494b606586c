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
        let node = self.node.member(name)?;
        let is_nothing = matches!(&node.kind, Kind::Scalar(scalar) if scalar.is_null());
        (!is_nothing).then_some(Self { node, ..self })
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

    pub(super) fn is_true(self) -> bool {
        self.node.is_true()
    }

    pub(super) const fn is_map(self) -> bool {
        matches!(self.node.kind, Kind::Map(_))
    }

    /// The texts of a list, or the single one that stands for a list.
    pub(super) fn texts(self) -> Vec<&'a str> {
        match self.text() {
            Some(text) => vec![text],
            None => self.items().into_iter().filter_map(Self::text).collect(),
        }
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
    pub(super) fn weak(self, verdict: Verdict, why: &str) {
        self.ledger.tell_weak(self.node, verdict, why);
    }

    /// The text under a key, which means the same in the output.
    pub(super) fn keep(self, name: &str) -> Option<&'a str> {
        let item = self.get(name)?;
        item.text().inspect(|_| {
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

    /// The name of what stands elsewhere, to which a key refers.
    pub(super) fn named(self, kind: &str) -> Option<&'a str> {
        let reference = self.get(kind)?;
        let inner = reference.get("name").or_else(|| reference.get("id")).unwrap_or(reference);
        inner.text().inspect(|_| {
            inner.kept();
        })
    }
}
