//! One text that a store holds, and how it is read: whole, of bounded size, and UTF-8 or not at all.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::StoreError;
use crate::model::ResourceId;

/// The largest text that is read, in bytes.
pub(super) const MAX_BYTES: u64 = 8 << 20;

/// What a text stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holds {
    /// A document, with any number of resources in it.
    Document,
    /// One resource: what would stand under its name in a document.
    Resource(ResourceId),
}

/// One text of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Where it stands.
    pub path: PathBuf,
    /// What it says.
    pub text: String,
    /// What it stands for.
    pub holds: Holds,
}

pub(super) fn read_text(path: &Path) -> Result<String, StoreError> {
    let file = File::open(path).map_err(|e| StoreError::unreadable(path, &e))?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|e| StoreError::unreadable(path, &e))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(StoreError::TooLarge { path: path.to_owned(), limit: MAX_BYTES });
    }
    String::from_utf8(bytes)
        .map_err(|e| StoreError::NotUtf8 { path: path.to_owned(), offset: e.utf8_error().valid_up_to() })
}
