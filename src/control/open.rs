//! From the documents that people write to everything that belongs to the configuration: the folder of a store that
//! they may name.

use crate::config::{self, Outline};
use crate::store::{ConfigStore, DirectoryStore, StoreError, Writer};

use super::editor::sources;

/// Opens the store that the documents in `inline` name; without one, `inline` is all there is.
///
/// # Errors
/// When the folder cannot be used. What is wrong with the documents is for whoever loads them to say.
pub fn open(inline: Box<dyn ConfigStore>, writer: Writer) -> Result<Box<dyn ConfigStore>, StoreError> {
    match outline(inline.as_ref()).ok().flatten().and_then(|outline| outline.store) {
        Some(folder) => Ok(Box::new(DirectoryStore::open(inline, folder, writer)?)),
        None => Ok(inline),
    }
}

/// What the documents say about the process; `None` when they are no configuration at all.
///
/// # Errors
/// When they cannot be read.
pub fn outline(store: &dyn ConfigStore) -> Result<Option<Outline>, StoreError> {
    Ok(config::outline(&sources(store.read()?, None), &|name| std::env::var(name).ok()))
}
