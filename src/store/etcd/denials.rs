//! The denials of a store in etcd: `deny/<id>` holds an entry, and `deny-head` moves with each change of them.
//!
//! A member takes an entry as soon as its watch tells of it. What is gone, and everything else, it believes only from a
//! read of all of them at one revision of etcd, by the rule of [`KnownDenials::after`].

mod addition;
mod change;
mod follow;
mod give_back;
mod read;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use async_trait::async_trait;
use tokio::sync::watch;

use super::look::Looks;
use crate::model::{Clock as _, SystemClock};
use crate::store::{
    AskedDenials, Denial, DenialEntry, DenialStore, KnownDenials, ListedDenials, NamedTexts, SnapshotKeeper,
    StoreError, ToldDenials, WriteError,
};

pub(super) use addition::Addition;
pub(super) use follow::Follower;

/// What a member knows of the denials.
pub(in crate::store) struct Denials {
    looks: Arc<Looks>,
    known: Mutex<Arc<KnownDenials>>,
    told: watch::Sender<Arc<ToldDenials>>,
    /// Held while what is known is read, changed and published again.
    changing: Mutex<()>,
    taken: Mutex<Taken>,
    /// Who keeps them on the disk of this member, if it has a place for that.
    keeper: OnceLock<SnapshotKeeper>,
}

/// Where what is known is from.
#[derive(Debug, Clone, Copy, Default)]
struct Taken {
    /// etcd's revision of the last change of the head of the denials; 0 without one.
    head_changed: i64,
    /// The revision with which a person last resumed the store: entries that are gone since were meant to go.
    resumed: Option<u64>,
}

impl Denials {
    pub(super) fn new(looks: Arc<Looks>) -> Self {
        let told = watch::Sender::new(Arc::default());
        Self {
            looks,
            known: Mutex::default(),
            told,
            changing: Mutex::default(),
            taken: Mutex::default(),
            keeper: OnceLock::new(),
        }
    }

    /// Begins with what `keeper` has kept, under a head of the store with this `resumed`, and has it keep what is known.
    pub(super) fn remember(&self, keeper: SnapshotKeeper, kept: KnownDenials, resumed: Option<u64>) {
        self.taken().resumed = resumed;
        self.publish(kept);
        // Called once, before anything is followed.
        let _first = self.keeper.set(keeper);
    }

    /// What is known now.
    pub(super) fn known(&self) -> Arc<KnownDenials> {
        Arc::clone(&self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn publish(&self, known: KnownDenials) {
        let why = known.went_back.then(|| {
            format!(
                "denials are gone from the store although nobody lifted them; {} are kept",
                known.entries.len()
            )
        });
        self.looks.standing.judge_denials(why);
        let known = Arc::new(known);
        let before = {
            let mut held = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *held, Arc::clone(&known))
        };
        if before == known {
            return;
        }
        self.told.send_replace(Arc::new(known.told(SystemClock.now())));
        if let Some(keeper) = self.keeper.get() {
            keeper.is_denied(known as Arc<dyn NamedTexts>);
        }
    }

    fn changing(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl DenialStore for Denials {
    fn follow(&self) -> watch::Receiver<Arc<ToldDenials>> {
        self.told.subscribe()
    }

    async fn add(&self, denial: Denial) -> Result<Arc<DenialEntry>, WriteError> {
        self.insert(&denial).await
    }

    async fn lift(&self, id: &str, text: &str) -> Result<bool, WriteError> {
        self.remove(id, text).await
    }

    async fn find(&self, id: &str) -> Result<Option<Arc<DenialEntry>>, StoreError> {
        self.read_once().await?;
        Ok(self.known().entries.get(id).map(Arc::clone))
    }

    async fn list(&self, asked: AskedDenials) -> Result<ListedDenials, StoreError> {
        self.read_once().await?;
        let known = self.known();
        let mut page = asked.page();
        known.entries.iter().for_each(|(id, entry)| page.take(id.clone(), Arc::clone(entry)));
        Ok(page.listed())
    }
}
