//! The names of keys in etcd, under the prefix of a store.

use super::members::Told;
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

    /// The folder of records.
    pub(super) fn records(&self) -> String {
        format!("{}rev/", self.prefix)
    }

    /// The folder of all parts of a record, whichever generation they were written with.
    pub(super) fn all_parts(&self, number: u64) -> String {
        format!("{}rev/{number}/", self.prefix)
    }

    /// The folder of the parts of a record that were written with a generation.
    pub(super) fn parts(&self, number: u64, generation: u64) -> String {
        format!("{}rev/{number}/{generation}/", self.prefix)
    }

    /// One of these parts.
    pub(super) fn part(&self, number: u64, generation: u64, at: usize) -> String {
        format!("{}rev/{number}/{generation}/{at}", self.prefix)
    }

    /// The folder of markers of generations that are not live.
    pub(super) fn idle_folder(&self) -> String {
        format!("{}idle/", self.prefix)
    }

    /// The marker of a generation that is not live.
    pub(super) fn idle(&self, generation: u64) -> String {
        format!("{}idle/{generation}", self.prefix)
    }

    /// The folder of the reports of members.
    pub(super) fn members(&self) -> String {
        format!("{}members/", self.prefix)
    }

    /// The folder of the notes that a member was there.
    pub(super) fn all_seen(&self) -> String {
        format!("{}seen/", self.prefix)
    }

    /// The report of a member.
    pub(super) fn member(&self, name: &str) -> String {
        format!("{}members/{name}", self.prefix)
    }

    /// The note that a member was there.
    pub(super) fn seen(&self, name: &str) -> String {
        format!("{}seen/{name}", self.prefix)
    }

    /// Which of the two a key is, and of which member.
    pub(super) fn told<'k>(&self, key: &'k [u8]) -> Option<(Told, &'k str)> {
        let key = std::str::from_utf8(key).ok()?.strip_prefix(self.prefix.as_str())?;
        let present = key.strip_prefix("members/").map(|name| (Told::Present, name));
        present.or_else(|| key.strip_prefix("seen/").map(|name| (Told::Seen, name)))
    }

    /// The head of the denials.
    pub(super) fn deny_head(&self) -> String {
        format!("{}deny-head", self.prefix)
    }

    /// The folder of the denials.
    pub(super) fn denials(&self) -> String {
        format!("{}deny/", self.prefix)
    }

    /// A denial by its id.
    pub(super) fn denial(&self, id: &str) -> String {
        format!("{}deny/{id}", self.prefix)
    }

    /// The id of a denial from its key.
    pub(super) fn denial_of<'k>(&self, key: &'k [u8]) -> Option<&'k str> {
        std::str::from_utf8(key).ok()?.strip_prefix(self.denials().as_str())
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
