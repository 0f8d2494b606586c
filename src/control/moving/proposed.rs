//! What a store is to hold, as a store that can only be read.

use std::path::PathBuf;

use async_trait::async_trait;

use crate::model::ResourceId;
use crate::store::{
    Commit, Description, Query, Reading, Record, ResourceStore, StoreError, Text, WriteError,
};

/// Resources that are in no store yet.
#[derive(Debug)]
pub(super) struct Proposed {
    resources: Vec<(ResourceId, Text)>,
    description: Description,
}

impl Proposed {
    pub(super) const fn new(resources: Vec<(ResourceId, Text)>, description: Description) -> Self {
        Self { resources, description }
    }
}

#[async_trait]
impl ResourceStore for Proposed {
    async fn read(&self) -> Result<Reading, StoreError> {
        Ok(Reading { resources: self.resources.clone(), ..Reading::default() })
    }

    async fn changed(&mut self) {
        std::future::pending().await
    }

    async fn commit(&self, _: Commit) -> Result<u64, WriteError> {
        Err(WriteError::ReadOnly("these resources are in no store yet".to_owned()))
    }

    async fn history(&self, _: Query) -> Result<Vec<Record>, StoreError> {
        Ok(Vec::new())
    }

    async fn head(&self) -> Result<u64, StoreError> {
        Ok(0)
    }

    fn place(&self, id: &ResourceId) -> PathBuf {
        let known = self.resources.iter().find(|(other, _)| other == id);
        known.map_or_else(|| PathBuf::from(id.to_string()), |(_, text)| text.path.to_path_buf())
    }

    fn describe(&self) -> Description {
        self.description.clone()
    }
}
