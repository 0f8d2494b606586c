//! What a store holds at a moment, also when part of it cannot be read: one file that is no text must not hide the
//! others.

use std::path::PathBuf;

use super::{StoreError, Text};
use crate::model::ResourceId;

/// What one reading of a store has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The whole documents, or why one of them cannot be read.
    pub documents: Result<Vec<Text>, StoreError>,
    /// The resources, in the order of their ids.
    pub resources: Vec<Text>,
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
    /// A store that holds nothing but whole documents.
    #[must_use]
    pub const fn of_documents(documents: Result<Vec<Text>, StoreError>) -> Self {
        Self { documents, resources: Vec::new(), unreadable: Vec::new() }
    }

    /// Everything, documents first.
    ///
    /// # Errors
    /// When a part of it cannot be read.
    pub fn whole(self) -> Result<Vec<Text>, StoreError> {
        let mut texts = self.documents?;
        if let Some(first) = self.unreadable.into_iter().next() {
            return Err(first.why);
        }
        texts.extend(self.resources);
        Ok(texts)
    }
}
