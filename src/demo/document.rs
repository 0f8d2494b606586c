//! The document of the demo, which is made up at start and never changes.

use std::path::PathBuf;

use async_trait::async_trait;

use crate::store::{Documents, StoreError, Text};

/// One document in memory.
#[derive(Debug)]
pub(super) struct MadeUp(Text);

impl MadeUp {
    pub(super) fn new(text: String) -> Self {
        Self(Text { path: std::path::Path::new("demo.yaml").into(), text: text.into() })
    }
}

#[async_trait]
impl Documents for MadeUp {
    async fn read(&self) -> Result<Vec<Text>, StoreError> {
        Ok(vec![self.0.clone()])
    }

    async fn changed(&mut self, _files: &[PathBuf]) {
        std::future::pending().await
    }

    fn why_read_only(&self) -> String {
        "this is the demo: its configuration was made up at start and is not kept; \
         `portcullis run` with `store: { directory: PATH }` keeps what is changed here"
            .to_owned()
    }
}
