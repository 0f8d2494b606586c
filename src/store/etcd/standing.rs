//! What is held of a store: its resources as of one revision, whether that is still right, and how long ago the store
//! said so.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::content::{Content, Put};
use super::head::Head;
use crate::store::{Health, HealthSource, StoreState};

/// How old the last confirmation may be: three regular ones may be lost.
const STALE: Duration = Duration::from_secs(15);

/// What is held.
#[derive(Debug, Default)]
pub(in crate::store) struct Standing {
    held: Mutex<Held>,
    /// Rings when something was applied that this process did not commit, and when the state changed.
    bell: Notify,
}

/// What is held, at one moment.
#[derive(Debug, Clone)]
pub(in crate::store) struct Held {
    /// The resources.
    pub(in crate::store) content: Arc<Content>,
    /// The head that they belong to; `None` before the first commit, and before anything was read.
    pub(in crate::store) head: Option<Head>,
    /// etcd's revision of the last change of the head's key; 0 without one.
    pub(in crate::store) head_changed: i64,
    /// The hash over the resources.
    pub(in crate::store) hash: Arc<str>,
    /// Whether anything is held: also an empty store is.
    pub(in crate::store) is_known: bool,
    /// Whether it is from the disk of this member: the revisions of its keys in etcd are not known then.
    pub(in crate::store) is_from_disk: bool,
    state: StoreState,
    why: Option<String>,
    /// Why the denials are not to be believed, where they are not.
    denials: Option<String>,
    confirmed: Option<Instant>,
    last_head: u64,
}

impl Default for Held {
    fn default() -> Self {
        let content = Arc::<Content>::default();
        Self {
            hash: content.hash().into(),
            content,
            head: None,
            head_changed: 0,
            is_known: false,
            is_from_disk: false,
            state: StoreState::Ok,
            why: None,
            denials: None,
            confirmed: None,
            last_head: 0,
        }
    }
}

impl Held {
    /// The number of the revision that is held; 0 when there is none.
    pub(in crate::store) fn revision(&self) -> u64 {
        self.head.as_ref().map_or(0, |head| head.revision)
    }

    /// What the head was judged to be, whatever the denials are.
    pub(in crate::store) const fn head_state(&self) -> StoreState {
        self.state
    }

    /// Whether a later revision of the same store is held, and not only remembered.
    fn is_ahead_of(&self, other: Option<&Head>) -> bool {
        let pair = self.head.as_ref().zip(other).filter(|_| self.is_known && !self.is_from_disk);
        pair.is_some_and(|(held, other)| held.store_id == other.store_id && held.revision > other.revision)
    }

    /// The state, and why it is not [`StoreState::Ok`].
    pub(in crate::store) fn state(&self) -> (StoreState, Option<String>) {
        let is_old = self.confirmed.is_none_or(|at| at.elapsed() > STALE);
        match self.state {
            StoreState::Ok if self.denials.is_some() => (StoreState::Regressed, self.denials.clone()),
            StoreState::Ok if is_old => {
                let since = self.confirmed.map(|at| format!(" for {} s", at.elapsed().as_secs()));
                let why = format!("the store has not been heard of{}", since.unwrap_or_default());
                (StoreState::Stale, Some(why))
            }
            state => (state, self.why.clone()),
        }
    }
}

impl Standing {
    /// What is held now.
    pub(in crate::store) fn held(&self) -> Held {
        self.lock().clone()
    }

    /// Waits for the bell.
    pub(in crate::store) async fn changed(&self) {
        self.bell.notified().await;
    }

    /// Rings, so that who waits looks again.
    pub(super) fn ring(&self) {
        self.bell.notify_one();
    }

    /// Holds what was read as a whole, unless a commit of this process came after it.
    pub(super) fn replace(&self, content: Content, head: Option<Head>, head_changed: i64) {
        let hash = content.hash().into();
        {
            let mut held = self.lock();
            if held.is_ahead_of(head.as_ref()) {
                return;
            }
            held.content = Arc::new(content);
            (held.hash, held.is_known, held.head_changed) = (hash, true, head_changed);
            held.head = head;
            held.is_from_disk = false;
        }
        self.ring();
    }

    /// Expects a store that goes on from this head: what ran before this process began.
    pub(super) fn expect(&self, head: Head) {
        let mut held = self.lock();
        (held.head, held.is_from_disk) = (Some(head), true);
    }

    /// Holds what ran last on this machine, which nobody has confirmed, in place of anything else.
    pub(super) fn fall_back(&self, content: Arc<Content>, head: Head) {
        let mut held = self.lock();
        held.hash = head.sha256.as_str().into();
        (held.content, held.head, held.head_changed) = (content, Some(head), 0);
        (held.is_known, held.is_from_disk, held.confirmed) = (true, true, None);
    }

    /// Moves on from revision `from`, unless something else is held by now. `is_own`: this process committed it, and
    /// nobody needs to look.
    pub(super) fn advance(
        &self,
        from: u64,
        puts: Vec<Put>,
        to: Head,
        head_changed: i64,
        is_own: bool,
    ) -> bool {
        {
            let mut held = self.lock();
            if held.revision() != from {
                return false;
            }
            let content = Arc::make_mut(&mut held.content);
            puts.into_iter().for_each(|put| content.put(put));
            held.hash = to.sha256.as_str().into();
            (held.is_known, held.head_changed) = (true, head_changed);
            held.last_head = held.last_head.max(to.revision);
            held.head = Some(to);
        }
        if !is_own {
            self.ring();
        }
        true
    }

    /// The head was last written at this revision of etcd, if it is still the one of this number that is held.
    pub(super) fn head_changed(&self, number: u64, at: i64) {
        let mut held = self.lock();
        if held.revision() == number {
            held.head_changed = at;
        }
    }

    /// The store says that what is held is right.
    pub(super) fn confirm(&self) {
        let was = {
            let mut held = self.lock();
            held.confirmed = Some(Instant::now());
            held.last_head = held.revision();
            held.why = None;
            std::mem::replace(&mut held.state, StoreState::Ok)
        };
        if was != StoreState::Ok {
            tracing::info!(was = was.as_str(), "the store is again as it should be");
            self.ring();
        }
    }

    /// The store is in a state in which nothing is applied.
    pub(super) fn judge(&self, state: StoreState, why: String, head: u64) {
        let was = {
            let mut held = self.lock();
            held.last_head = head;
            held.why = Some(why.clone());
            std::mem::replace(&mut held.state, state)
        };
        if was != state {
            tracing::error!(state = state.as_str(), "{why}; the running configuration stays");
            self.ring();
        }
    }

    /// The denials are not to be believed, and why; `None`: they are.
    pub(super) fn judge_denials(&self, why: Option<String>) {
        let was = {
            let mut held = self.lock();
            std::mem::replace(&mut held.denials, why.clone())
        };
        if was.is_some() != why.is_some() {
            self.ring();
        }
    }

    /// How the store is.
    pub(in crate::store) fn health(&self) -> Health {
        let held = self.lock();
        let (state, why) = held.state();
        Health {
            state,
            why,
            store_id: held.head.as_ref().map(|head| head.store_id.clone()),
            head: held.last_head.max(held.revision()),
            held: held.revision(),
            hash: held.hash.to_string(),
            confirmed: held.confirmed.map(|at| at.elapsed()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HealthSource for Standing {
    fn health(&self) -> Health {
        Self::health(self)
    }
}
