//! The stores of a gateway: its documents, the store of resources that they may name, and the audit log.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::config::{self, Outline, SharedFile, Snapshot, Source};
use crate::model::{Clock as _, ResourceId, SystemClock};
use crate::store::{
    AskedDenials, DenialStore, DirectoryStore, Documents, FileDenials, NoStore, Reading, ResourceStore,
    SnapshotError, StoreError, Text, Writer,
};
use crate::telemetry::Metrics;

use super::audit_log::{AuditFile, AuditLog};
use super::etcd;
use super::shared_store::SharedStore;

/// The stores of a configuration.
pub struct Stores {
    pub(super) documents: Box<dyn Documents>,
    pub(super) resources: Box<dyn ResourceStore>,
    pub(super) audit: Option<Box<dyn AuditLog>>,
    /// Where denials are noted when there is no audit log of changes.
    notes: Option<Box<dyn AuditLog>>,
    pub(super) shared: Shared,
    /// The denials, where there is a place to keep them.
    pub(super) denials: Option<Arc<dyn DenialStore>>,
    /// What a store has besides that several gateways share.
    pub(super) fleet: Option<SharedStore>,
    /// What was read last.
    last: Mutex<LastRead>,
}

/// Which revision was read.
#[derive(Debug, Clone, Default)]
pub(super) struct LastRead {
    pub(super) head: u64,
    /// The hash over its resources, where the store says one.
    pub(super) hash: Option<Arc<str>>,
}

/// The files that stored resources may name, when members share the store; `None` for a store of this machine.
pub(super) type Shared = Option<Arc<[SharedFile]>>;

/// The content of the stores.
pub(super) struct Standing {
    /// The documents, or why they cannot be read.
    pub(super) documents: Result<Vec<Text>, StoreError>,
    pub(super) resources: Reading,
    pub(super) shared: Shared,
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
        let (shared, denials, fleet, notes) = (None, None, None, None);
        Self { documents, resources, audit, notes, shared, denials, fleet, last: Mutex::default() }
    }

    /// The same, with denials.
    #[must_use]
    pub fn with_denials(self, denials: Arc<dyn DenialStore>) -> Self {
        Self { denials: Some(denials), ..self }
    }

    /// The same, with a store whose resources other members run too: they may name these files, and nothing else of this
    /// member's own.
    #[must_use]
    pub fn sharing(self, files: Arc<[SharedFile]>) -> Self {
        Self { shared: Some(files), ..self }
    }

    /// Opens the store that the documents name, if they name one.
    ///
    /// # Errors
    /// When the store cannot be used. Errors in the documents are reported by [`load`](super::load).
    pub async fn open(documents: Box<dyn Documents>, writer: Writer) -> Result<Self, StoreError> {
        Self::open_with(documents, writer, None).await
    }

    /// The same for a gateway: what a store tells of itself is counted.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_counted(
        documents: Box<dyn Documents>,
        writer: Writer,
        metrics: &Metrics,
    ) -> Result<Self, StoreError> {
        Self::open_with(documents, writer, Some(metrics)).await
    }

    async fn open_with(
        documents: Box<dyn Documents>,
        writer: Writer,
        metrics: Option<&Metrics>,
    ) -> Result<Self, StoreError> {
        let outline = outline(documents.as_ref()).await.ok().flatten();
        let (named, state) = outline.map_or((None, None), |it| (it.store, it.server.state_dir));
        if let (Some(store), Some(state)) = (&named, &state) {
            let is_same = matches!(store, config::Store::Directory(folder) if folder.value == *state);
            if writer != Writer::Never && !is_same {
                warn_of_left(state).await;
            }
        }
        let folder = match named {
            None => {
                let resources = Box::new(NoStore::new(documents.why_read_only()));
                let stores = Self::new(documents, resources, None);
                return stores.with_denials_in(state, writer).await;
            }
            Some(config::Store::Directory(folder)) => folder.value,
            Some(config::Store::Etcd(etcd)) => {
                let (resources, fleet) = etcd::open(&etcd, state.as_deref(), writer, metrics).await;
                // The history is the fleet's, the log this member's.
                let audit =
                    state.filter(|_| writer != Writer::Never).map(|folder| AuditFile::in_folder(&folder));
                let audit = audit.map(|file| Box::new(file) as Box<dyn AuditLog>);
                let denials = resources.denials();
                let stores = Self::new(documents, Box::new(resources), audit).with_denials(denials);
                let stores = stores.sharing(etcd.shared_files.as_slice().into());
                return Ok(Self { fleet: Some(fleet), ..stores });
            }
        };
        let resources = DirectoryStore::open(folder.clone(), writer).await?;
        // A process that never writes makes no changes to log.
        let audit = resources.describe().is_writable().then(|| AuditFile::in_folder(&folder));
        let audit = audit.map(|file| Box::new(file) as Box<dyn AuditLog>);
        Self::new(documents, Box::new(resources), audit).with_denials_in(Some(folder), writer).await
    }

    /// The same, with the denials in a folder, where there is one.
    async fn with_denials_in(self, folder: Option<PathBuf>, writer: Writer) -> Result<Self, StoreError> {
        let Some(folder) = folder else { return Ok(self) };
        let denials = FileDenials::open(folder.clone(), writer).await?;
        let notes = (writer != Writer::Never).then(|| AuditFile::in_folder(&folder));
        let notes = notes.map(|file| Box::new(file) as Box<dyn AuditLog>);
        Ok(Self { notes, ..self.with_denials(Arc::new(denials)) })
    }

    /// The log of what is done that changes no configuration.
    pub(super) fn notes(&self) -> Option<&dyn AuditLog> {
        self.audit.as_deref().or(self.notes.as_deref())
    }

    /// The denials, where there is a place to keep them.
    #[must_use]
    pub fn denials(&self) -> Option<&Arc<dyn DenialStore>> {
        self.denials.as_ref()
    }

    /// Puts the denials into force in a snapshot that nothing runs with: for a decision that is only explained.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn deny_in(&self, snapshot: &Snapshot) -> Result<(), StoreError> {
        let Some(store) = &self.denials else { return Ok(()) };
        let asked = AskedDenials { after: None, limit: 0, kind: None, now: SystemClock.now() };
        // A store that nobody follows is read now.
        store.list(asked).await?;
        snapshot.denials.publish(Arc::clone(&store.follow().borrow().set));
        Ok(())
    }

    /// The source of a resource of the store with this text.
    pub(super) fn source(&self, id: &ResourceId, text: &str) -> Source {
        let text = Text { path: self.resources.place(id).into(), text: text.into() };
        of_resource(id.clone(), text, &self.shared)
    }

    /// Whether the resources are in a store that several gateways share.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.resources.health().is_some()
    }

    /// Takes what ran last on this machine in place of what the store holds.
    ///
    /// # Errors
    /// As [`ResourceStore::fall_back`].
    pub async fn fall_back(&self) -> Result<(), Option<SnapshotError>> {
        self.resources.fall_back().await
    }

    /// Reads everything, documents first.
    pub(super) async fn read(&self) -> Result<Standing, StoreError> {
        let documents = self.documents.read().await;
        let resources = self.resources.read().await?;
        *self.lock() = LastRead { head: resources.head, hash: resources.hash.clone() };
        Ok(Standing { documents, resources, shared: self.shared.clone() })
    }

    /// Which revision was read last.
    pub(super) fn last_read(&self) -> LastRead {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, LastRead> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until something may have changed, including the `files` that the configuration refers to.
    pub async fn changed(&mut self, files: &[PathBuf]) {
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
        let resources = self.resources.whole()?.into_iter();
        sources.extend(resources.map(|(id, text)| of_resource(id, text, &self.shared)));
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
    texts.into_iter().map(|text| Source::held(None, text.path, text.text, None)).collect()
}

/// Resources as sources for the parser. Those equal to a live one share its memory.
pub(super) fn of_resources(reading: &Reading, live: &Snapshot, shared: &Shared) -> Vec<Source> {
    // Both are in the order of their ids, so that nothing is looked up.
    let mut running =
        live.sources.iter().filter_map(|source| Some((source.entry.as_ref()?, source))).peekable();
    let mut source = |(id, text): &(ResourceId, Text)| {
        while running.next_if(|(before, _)| *before < id).is_some() {}
        let known = running.next_if(|(same, _)| *same == id).map(|(_, source)| source);
        let known = known.filter(|source| is_text(&source.text, &text.text) && source.path == text.path);
        known.cloned().unwrap_or_else(|| of_resource(id.clone(), text.clone(), shared))
    };
    reading.resources.iter().map(&mut source).collect()
}

/// Whether two texts are equal. Mostly they are one and the same.
fn is_text(one: &Arc<str>, other: &Arc<str>) -> bool {
    Arc::ptr_eq(one, other) || one == other
}

/// One resource as a source for the parser.
pub(super) fn of_resource(id: ResourceId, Text { path, text }: Text, shared: &Shared) -> Source {
    Source::held(Some(id), path, text, shared.clone())
}

/// Warns of denials that were made before a store was named: they stand in the state folder, and are in force no more.
async fn warn_of_left(state: &Path) {
    if let Some(path) = FileDenials::left_in(state).await {
        let path = path.display();
        tracing::error!(
            %path,
            "these denials are not in force: the store keeps denials now. Make those that are still needed anew with \
             `portcullis deny`, or move the file into the folder of the store, and then take it away from here"
        );
    }
}
