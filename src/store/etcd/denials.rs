//! The denials of a store in etcd: `deny/<id>` holds an entry, and `deny-head` moves with each change of them.
//!
//! A member takes an entry as soon as its watch tells of it. What is gone, and everything else, it believes only from a
//! read of all of them at one revision of etcd, by the rule of [`KnownDenials::after`].

mod addition;
mod follow;
mod give_back;
mod read;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::watch;

use super::look::Looks;
use crate::store::{DenialStore, KnownDenials, NamedTexts, SnapshotKeeper};

pub(super) use addition::Addition;
pub(super) use follow::Follower;

/// What a member knows of the denials.
pub(in crate::store) struct Denials {
    looks: Arc<Looks>,
    known: watch::Sender<Arc<KnownDenials>>,
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
        let known = watch::Sender::new(Arc::default());
        Self { looks, known, taken: Mutex::default(), keeper: OnceLock::new() }
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
        Arc::clone(&self.known.borrow())
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
        let is_news = self.known.send_if_modified(|before| {
            let is_news = *before != known;
            *before = Arc::clone(&known);
            is_news
        });
        if let Some(keeper) = self.keeper.get().filter(|_| is_news) {
            keeper.is_denied(known as Arc<dyn NamedTexts>);
        }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DenialStore for Denials {
    fn follow(&self) -> watch::Receiver<Arc<KnownDenials>> {
        self.known.subscribe()
    }
}
