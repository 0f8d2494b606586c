//! What a store holds at a moment, also when part of it cannot be read: one file that is no text must not hide the
//! others.

use std::path::PathBuf;

use super::{StoreError, Text};
use crate::model::ResourceId;

/// What one reading of a store has found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// The last revision that is part of it.
    pub head: u64,
    /// The resources, in the order of their ids.
    pub resources: Vec<(ResourceId, Text)>,
    /// Resources that stand there and cannot be read.
    pub unreadable: Vec<Unreadable>,
}

/// A resource that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Which.
    pub id: ResourceId,
    /// Where it stands.
    pub path: PathBuf,
    /// Why.
    pub why: StoreError,
    /// What [`Change::from`](super::Change::from) of a commit says that replaces it: its text with a mark for each byte
    /// that is no text, nothing for a link to nowhere; or why no commit can.
    pub from: Result<Option<String>, StoreError>,
}

impl Reading {
    /// Every resource that stands there.
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
