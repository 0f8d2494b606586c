//! The stores of a gateway: its documents, the store of resources that they may name, and the audit log.

use std::path::PathBuf;

use crate::config::{self, Outline, Snapshot, Source};
use crate::model::ResourceId;
use crate::store::{DirectoryStore, Documents, NoStore, Reading, ResourceStore, StoreError, Text, Writer};

use super::audit_log::{AuditFile, AuditLog};

/// The stores of a configuration.
pub struct Stores {
    pub(super) documents: Box<dyn Documents>,
    pub(super) resources: Box<dyn ResourceStore>,
    pub(super) audit: Option<Box<dyn AuditLog>>,
}

/// The content of the stores.
pub(super) struct Standing {
    /// The documents, or why they cannot be read.
    pub(super) documents: Result<Vec<Text>, StoreError>,
    pub(super) resources: Reading,
}

impl std::fmt::Debug for Stores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stores").field("resources", &self.resources.describe()).finish_non_exhaustive()
    }
}

impl Stores {
    /// Combines documents, a store and an audit log.
    #[must_use]
    pub fn new(
        documents: Box<dyn Documents>,
        resources: Box<dyn ResourceStore>,
        audit: Option<Box<dyn AuditLog>>,
    ) -> Self {
        Self { documents, resources, audit }
    }

    /// Opens the store that the documents name, if they name one.
    ///
    /// # Errors
    /// When the store cannot be used. Errors in the documents are reported by [`load`](super::load).
    pub async fn open(documents: Box<dyn Documents>, writer: Writer) -> Result<Self, StoreError> {
        let named = outline(documents.as_ref()).await.ok().flatten().and_then(|outline| outline.store);
        let Some(folder) = named else {
            let resources = Box::new(NoStore::new(documents.why_read_only()));
            return Ok(Self::new(documents, resources, None));
        };
        let resources = DirectoryStore::open(folder.clone(), writer).await?;
        // A process that never writes makes no changes to log.
        let audit = resources.describe().is_writable().then(|| AuditFile::in_folder(&folder));
        let audit = audit.map(|file| Box::new(file) as Box<dyn AuditLog>);
        Ok(Self::new(documents, Box::new(resources), audit))
    }

    /// Reads everything, documents first.
    pub(super) async fn read(&self) -> Result<Standing, StoreError> {
        let documents = self.documents.read().await;
        Ok(Standing { documents, resources: self.resources.read().await? })
    }

    /// Waits until something may have changed, including the `files` that the configuration refers to.
    pub(super) async fn changed(&mut self, files: &[PathBuf]) {
        tokio::select! {
            () = self.documents.changed(files) => {}
            () = self.resources.changed() => {}
        }
    }
}

impl Standing {
    /// All sources, for the parser.
    pub(super) fn whole(self) -> Result<Vec<Source>, StoreError> {
        let mut sources = of_documents(self.documents?);
        sources.extend(
            self.resources.whole()?.into_iter().map(|(id, text)| Source::of(id, text.path, text.text)),
        );
        Ok(sources)
    }
}

/// The settings of the process in the documents; `None` when they are not a configuration.
///
/// # Errors
/// When they cannot be read.
pub async fn outline(documents: &dyn Documents) -> Result<Option<Outline>, StoreError> {
    let sources = of_documents(documents.read().await?);
    Ok(config::outline(&sources, &|name| std::env::var(name).ok()))
}

/// Documents as sources for the parser.
pub(super) fn of_documents(texts: Vec<Text>) -> Vec<Source> {
    texts.into_iter().map(|text| Source::new(text.path, text.text)).collect()
}

/// Resources as sources for the parser. Those equal to a live one share its memory.
pub(super) fn of_resources(reading: &Reading, live: &Snapshot) -> Vec<Source> {
    let source = |(id, text): &(ResourceId, Text)| {
        let known = live.source_of(id).filter(|source| source.text == text.text && source.path == text.path);
        known.cloned().unwrap_or_else(|| Source::of(id.clone(), text.path.clone(), text.text.as_str()))
    };
    reading.resources.iter().map(source).collect()
}
