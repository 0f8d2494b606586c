//! The names of keys in etcd, under the prefix of a store.

use crate::model::ResourceId;

/// The keys of one store.
#[derive(Debug, Clone)]
pub(in crate::store) struct Keys {
    prefix: String,
}

impl Keys {
    pub(super) const fn new(prefix: String) -> Self {
        Self { prefix }
    }

    /// What all of them begin with.
    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The version of the layout.
    pub(super) fn format(&self) -> String {
        format!("{}format", self.prefix)
    }

    /// The head.
    pub(super) fn head(&self) -> String {
        format!("{}head", self.prefix)
    }

    /// The folder of a generation.
    pub(super) fn generation(&self, number: u64) -> String {
        format!("{}g/{number}/", self.prefix)
    }

    /// A resource by its kind and name, such as `agents/refunds`.
    pub(super) fn entry(&self, generation: u64, entry: &str) -> String {
        format!("{}g/{generation}/{entry}", self.prefix)
    }

    /// The record of a revision.
    pub(super) fn record(&self, number: u64) -> String {
        format!("{}rev/{number}", self.prefix)
    }

    /// The kind and name of a resource from its key.
    pub(super) fn entry_of<'k>(&self, generation: u64, key: &'k [u8]) -> Option<&'k str> {
        std::str::from_utf8(key).ok()?.strip_prefix(self.generation(generation).as_str())
    }

    /// A resource as an operator is told where it is.
    pub(super) fn place(&self, id: &ResourceId) -> String {
        format!("etcd:{}{id}", self.prefix)
    }
}

/// The first key after all that begin with `prefix`.
pub(super) fn end_of(prefix: &str) -> Vec<u8> {
    let mut end = prefix.as_bytes().to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return end;
        }
    }
    // Every key.
    vec![0]
}
