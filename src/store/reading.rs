//! The content of a store, also when part of it is unreadable: one file that is not text must not hide the others.

use std::path::PathBuf;
use std::sync::Arc;

use super::{StoreError, Text};
use crate::model::ResourceId;

/// The result of reading a store.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// The last revision included.
    pub head: u64,
    /// The hash over the resources, where the store says one.
    pub hash: Option<Arc<str>>,
    /// The resources, in the order of their ids.
    pub resources: Vec<(ResourceId, Text)>,
    /// Resources that exist and cannot be read.
    pub unreadable: Vec<Unreadable>,
}

/// A resource that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The resource.
    pub id: ResourceId,
    /// Its file.
    pub path: PathBuf,
    /// Why it cannot be read.
    pub why: StoreError,
    /// The [`Change::from`](super::Change::from) of a commit that replaces it: its text with U+FFFD for each invalid byte,
    /// `None` for a dangling link; or why no commit can replace it.
    pub from: Result<Option<String>, StoreError>,
}

impl Reading {
    /// All resources, if all are readable.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub fn whole(self) -> Result<Vec<(ResourceId, Text)>, StoreError> {
        match self.unreadable.into_iter().next() {
            Some(first) => Err(first.why),
            None => Ok(self.resources),
        }
    }
}
