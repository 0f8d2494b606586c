//! The store of a configuration without a `store`: all resources are in documents.

use std::path::PathBuf;

use async_trait::async_trait;

use super::{Commit, Description, Query, Reading, Record, ResourceStore, StoreError, StoreKind, WriteError};
use crate::model::ResourceId;

/// A store that holds nothing and rejects every change.
#[derive(Debug)]
pub struct NoStore {
    why: String,
}

impl NoStore {
    /// `why` nothing can be changed, as a sentence for an operator.
    #[must_use]
    pub const fn new(why: String) -> Self {
        Self { why }
    }
}

#[async_trait]
impl ResourceStore for NoStore {
    async fn read(&self) -> Result<Reading, StoreError> {
        Ok(Reading::default())
    }

    async fn changed(&mut self) {
        std::future::pending().await
    }

    async fn commit(&self, _: Commit) -> Result<u64, WriteError> {
        Err(WriteError::ReadOnly(self.why.clone()))
    }

    async fn history(&self, _: Query) -> Result<Vec<Record>, StoreError> {
        Ok(Vec::new())
    }

    async fn head(&self) -> Result<u64, StoreError> {
        Ok(0)
    }

    fn place(&self, id: &ResourceId) -> PathBuf {
        PathBuf::from(id.to_string())
    }

    fn describe(&self) -> Description {
        Description { kind: StoreKind::File, place: None, read_only: Some(self.why.clone()) }
    }
}
