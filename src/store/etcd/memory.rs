//! What a member remembers of its store on its own disk: what ran last, for a start while etcd is away, or while its store
//! is not the one that was.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::content::{Content, Entry};
use super::head::Head;
use super::options::EtcdOptions;
use super::standing::Held;
use crate::store::leisure::blocking;
use crate::store::{
    KnownDenials, NamedTexts, SnapshotError, SnapshotFile, SnapshotHead, SnapshotKeeper, StoreSnapshot,
};

/// The memory of a member.
#[derive(Debug)]
pub(super) struct Memory {
    /// Until something is live; then it is of no use any more, and large.
    before: Mutex<Option<Result<Remembered, SnapshotError>>>,
    keeper: SnapshotKeeper,
    prefix: String,
}

/// What ran last.
#[derive(Debug, Clone)]
pub(super) struct Remembered {
    pub(super) content: Arc<Content>,
    pub(super) head: Head,
}

impl Memory {
    /// Reads what ran last; says in the log when there is something that cannot be used. From then on what is live is kept
    /// in the same file. Gives the denials that were known besides.
    pub(super) async fn open(file: SnapshotFile, options: &EtcdOptions) -> (Self, KnownDenials) {
        let (prefix, store_id) = (options.prefix.clone(), options.store_id.clone());
        let read = file.clone();
        let (before, denials) = blocking(move || match read.load(&prefix, store_id.as_deref()) {
            Ok(snapshot) => remembered(&read, snapshot),
            Err(error) => (Err(error), Vec::new()),
        })
        .await;
        match &before {
            Ok(_) | Err(SnapshotError::Absent(_)) => {}
            Err(error) => tracing::warn!("{error}"),
        }
        let denials = KnownDenials::of_texts(denials);
        let keeper = SnapshotKeeper::spawn(file, Arc::new(denials.clone()));
        (Self { before: Mutex::new(Some(before)), keeper, prefix: options.prefix.clone() }, denials)
    }

    /// Who keeps what is live.
    pub(super) fn keeper(&self) -> SnapshotKeeper {
        self.keeper.clone()
    }

    /// What ran last, before anything is live.
    pub(super) fn before(&self) -> Option<Result<Remembered, SnapshotError>> {
        self.before.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// This is live now, if it has a head: an empty store is nothing to remember.
    pub(super) fn is_live(&self, held: &Held) {
        *self.before.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let Some(head) = held.head.as_ref().filter(|_| !held.is_from_disk) else { return };
        let head = SnapshotHead {
            prefix: self.prefix.clone(),
            store_id: head.store_id.clone(),
            head: head.to_json(),
        };
        self.keeper.is_live(head, Arc::<Content>::clone(&held.content));
    }
}

/// The content of a snapshot, and the denials in it.
fn remembered(
    file: &SnapshotFile,
    StoreSnapshot { head, resources, denials }: StoreSnapshot,
) -> (Result<Remembered, SnapshotError>, Vec<(String, String)>) {
    let damaged = |why: String| SnapshotError::Damaged { path: file.path().to_owned(), why };
    let content: Content = resources.into_iter().map(|(name, text)| (name, Entry::new(text, 0))).collect();
    let head = Head::parse(head.head.as_bytes()).map_err(damaged);
    let remembered = head.and_then(|head| match content.hash() == head.sha256 {
        true => Ok(Remembered { content: Arc::new(content), head }),
        false => Err(damaged("its resources have another hash than its head says".to_owned())),
    });
    (remembered, denials)
}

impl NamedTexts for Content {
    fn each(&self, take: &mut dyn FnMut(&str, &str) -> io::Result<()>) -> io::Result<()> {
        self.iter().try_for_each(|(name, entry)| take(name, &entry.text))
    }
}
