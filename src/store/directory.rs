//! A store of resources in a folder, for asynchronous code: each call runs on a thread that may block.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;

use super::access::Writer;
use super::folder::Folder;
use super::leisure::{at_leisure, blocking};
use super::watch::FileWatch;
use super::{
    Commit, Contents, Description, Latest, Movable, Query, Reading, Record, Replacement, ResourceStore,
    StoreError, WriteError,
};
use crate::model::ResourceId;

/// A store in a folder: one file for each resource. Each commit is durable before it is acknowledged, one process
/// writes, and every process may read.
#[derive(Debug)]
pub struct DirectoryStore {
    folder: Arc<Folder>,
    watch: Option<FileWatch>,
}

impl DirectoryStore {
    /// Opens the store in `folder`. A writer creates missing folders and completes a commit that a crash interrupted.
    ///
    /// A folder that exists and is not writable (such as a read-only volume) is opened read-only:
    /// [`ResourceStore::describe`] gives the reason.
    ///
    /// # Errors
    /// When another process writes to the folder, when it does not exist and cannot be created, and when an interrupted
    /// commit cannot be read.
    pub async fn open(folder: PathBuf, writer: Writer) -> Result<Self, StoreError> {
        let folder = blocking(move || Folder::open(folder, writer)).await?;
        Ok(Self { folder: Arc::new(folder), watch: None })
    }

    /// Runs a short operation on the folder.
    async fn ask<T: Send + 'static>(&self, question: impl FnOnce(&Folder) -> T + Send + 'static) -> T {
        let folder = Arc::clone(&self.folder);
        blocking(move || question(&folder)).await
    }

    /// Runs an operation that may read thousands of files.
    async fn look<T: Send + 'static>(&self, question: impl FnOnce(&Folder) -> T + Send + 'static) -> T {
        let folder = Arc::clone(&self.folder);
        at_leisure(move || question(&folder)).await
    }
}

#[async_trait]
impl ResourceStore for DirectoryStore {
    async fn read(&self) -> Result<Reading, StoreError> {
        let ear = self.watch.as_ref().and_then(FileWatch::ear).cloned();
        self.look(move |folder| folder.read(ear.as_deref())).await
    }

    async fn changed(&mut self) {
        let watch = self.watch.get_or_insert_with(FileWatch::new);
        watch.follow(&self.folder.links(), &self.folder.watched());
        watch.rung(self.folder.patience()).await;
    }

    fn read_anew(&self) {
        self.folder.read_anew();
    }

    async fn commit(&self, commit: Commit) -> Result<u64, WriteError> {
        self.ask(|folder| folder.commit(commit)).await
    }

    async fn note(&self, commit: Commit) -> Result<Option<u64>, WriteError> {
        self.ask(|folder| folder.note(commit)).await
    }

    async fn history(&self, query: Query) -> Result<Vec<Record>, StoreError> {
        self.look(move |folder| folder.history().list(&query)).await
    }

    async fn record(&self, number: u64) -> Result<Option<Record>, StoreError> {
        self.ask(move |folder| folder.history().record(number)).await
    }

    async fn latest(&self, of: Option<&BTreeSet<ResourceId>>) -> Result<Latest, StoreError> {
        let of = of.cloned();
        self.look(move |folder| folder.history().latest(of.as_ref())).await
    }

    async fn head(&self) -> Result<u64, StoreError> {
        // The head never falls, also while the folder cannot be listed.
        self.ask(|folder| Ok(folder.history().head().unwrap_or_else(|_| folder.history().last_seen()))).await
    }

    fn place(&self, id: &ResourceId) -> PathBuf {
        self.folder.file(id)
    }

    fn describe(&self) -> Description {
        self.folder.describe()
    }
}

#[async_trait]
impl Movable for DirectoryStore {
    async fn contents(&self) -> Result<Contents, StoreError> {
        self.ask(Folder::contents).await
    }

    async fn past(&self, head: u64) -> Result<Vec<Record>, StoreError> {
        self.ask(move |folder| folder.past(head)).await
    }

    async fn replace(&self, with: Replacement) -> Result<u64, WriteError> {
        self.ask(move |folder| folder.replace(with)).await
    }

    fn place(&self, id: &ResourceId) -> PathBuf {
        self.folder.file(id)
    }

    fn describe(&self) -> Description {
        self.folder.describe()
    }
}
