//! Whole documents, as people write them, and where they stand.

use std::path::PathBuf;

use async_trait::async_trait;

use super::{StoreError, Text};

/// The documents of a configuration. People write them; the gateway only reads.
///
/// Implementations block nowhere but on threads that are there for it.
#[async_trait]
pub trait Documents: Send + Sync {
    /// Reads all of them, now, always in the same order.
    ///
    /// # Errors
    /// When one of them cannot be read.
    async fn read(&self) -> Result<Vec<Text>, StoreError>;

    /// Waits until one of them, or one of the `files` that a configuration refers to, may have changed. A wait that
    /// is given up loses no ring.
    async fn changed(&mut self, files: &[PathBuf]);

    /// Why agents, identity providers and API keys cannot be managed here, as a sentence for an operator who
    /// tries, with what to write so that they can. It counts where the documents name no store.
    fn why_read_only(&self) -> String;
}
