//! The texts of a store's resources, in the order of their ids. What they mean is for `config`.

use std::sync::Arc;

use super::Text;
use crate::model::{ResourceId, ResourceKind};

/// The text of each resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Texts(Vec<(ResourceId, Text)>);

impl Texts {
    /// The resource of this kind and name.
    pub(super) fn find(&self, kind: ResourceKind, name: &str) -> Option<&(ResourceId, Text)> {
        // Not by its id, which would have to be made first: a reading asks this for each file.
        let at = self.0.binary_search_by(|(id, _)| (id.kind(), id.name()).cmp(&(kind, name))).ok()?;
        self.0.get(at)
    }

    /// The text of a resource.
    pub(super) fn get(&self, id: &ResourceId) -> Option<&Arc<str>> {
        self.0.get(self.index(id).ok()?).map(|(_, text)| &text.text)
    }

    /// Puts a resource in the place of the one of its id.
    pub(super) fn put(&mut self, id: ResourceId, text: Text) {
        match self.index(&id) {
            Ok(at) => self.0.splice(at..=at, [(id, text)]).for_each(drop),
            Err(at) => self.0.insert(at, (id, text)),
        }
    }

    /// Takes a resource away.
    pub(super) fn remove(&mut self, id: &ResourceId) {
        if let Ok(at) = self.index(id) {
            self.0.remove(at);
        }
    }

    /// All of them.
    pub(super) fn into_vec(self) -> Vec<(ResourceId, Text)> {
        self.0
    }

    fn index(&self, id: &ResourceId) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| other.cmp(id))
    }
}

impl FromIterator<(ResourceId, Text)> for Texts {
    fn from_iter<I: IntoIterator<Item = (ResourceId, Text)>>(texts: I) -> Self {
        let mut texts: Vec<_> = texts.into_iter().collect();
        texts.sort_by(|(a, _), (b, _)| a.cmp(b));
        Self(texts)
    }
}
