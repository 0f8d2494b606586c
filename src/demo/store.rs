//! A configuration that is made up at start and never changes.

use std::path::PathBuf;

use async_trait::async_trait;

use crate::store::{ConfigStore, StoreError, Text};

/// One document in memory.
#[derive(Debug)]
pub(super) struct MemoryStore(Text);

impl MemoryStore {
    pub(super) fn new(text: String) -> Self {
        Self(Text { path: PathBuf::from("demo.yaml"), text })
    }
}

#[async_trait]
impl ConfigStore for MemoryStore {
    fn read(&self) -> Result<Vec<Text>, StoreError> {
        Ok(vec![self.0.clone()])
    }

    async fn changed(&mut self, _files: &[PathBuf]) {
        std::future::pending().await
    }
}
