//! A configuration that is made up at start and never changes.

use std::collections::BTreeSet;
use std::path::PathBuf;

use async_trait::async_trait;

use crate::model::ResourceId;
use crate::store::{
    Commit, ConfigStore, Holds, Latest, Query, Reading, Record, StoreError, Text, WriteError,
};

const WHY_NOT: &str = "this is the demo: its configuration was made up at start and is not kept; \
                       `portcullis run` with `store: { directory: PATH }` keeps what is changed here";

/// One document in memory.
#[derive(Debug)]
pub(super) struct MemoryStore(Text);

impl MemoryStore {
    pub(super) fn new(text: String) -> Self {
        Self(Text { path: PathBuf::from("demo.yaml"), text, holds: Holds::Document })
    }
}

#[async_trait]
impl ConfigStore for MemoryStore {
    fn look(&self) -> Result<Reading, StoreError> {
        Ok(Reading::of_documents(Ok(vec![self.0.clone()])))
    }

    async fn changed(&mut self, _files: &[PathBuf]) {
        std::future::pending().await
    }

    fn write(&self, _: &Commit) -> Result<u64, WriteError> {
        Err(WriteError::ReadOnly(WHY_NOT.to_owned()))
    }

    fn note(&self, _: &Commit) -> Result<Option<u64>, WriteError> {
        Ok(None)
    }

    fn latest(&self, _: Option<&BTreeSet<ResourceId>>) -> Result<Latest, StoreError> {
        Ok(Latest::new())
    }

    fn history(&self, _: &Query) -> Result<Vec<Record>, StoreError> {
        Ok(Vec::new())
    }

    fn record(&self, _: u64) -> Result<Option<Record>, StoreError> {
        Ok(None)
    }

    fn head(&self) -> u64 {
        0
    }

    fn writable(&self) -> Result<PathBuf, String> {
        Err(WHY_NOT.to_owned())
    }
}
