//! The documents of a configuration, as people write them.

use std::path::PathBuf;

use async_trait::async_trait;

use super::{StoreError, Text};

/// The documents of a configuration. People write them; the gateway only reads.
///
/// Implementations block only on threads meant for it.
#[async_trait]
pub trait Documents: Send + Sync {
    /// Reads all documents, always in the same order.
    ///
    /// # Errors
    /// When a document cannot be read.
    async fn read(&self) -> Result<Vec<Text>, StoreError>;

    /// Waits until a document, or one of the `files` that a configuration refers to, may have changed. Cancel-safe: a
    /// dropped future loses no notification.
    async fn changed(&mut self, files: &[PathBuf]);

    /// Why agents, identity providers, API keys and limits cannot be managed here, as a sentence for an operator who
    /// tries, with what to write so that they can. It counts where the documents name no store.
    fn why_read_only(&self) -> String;
}
