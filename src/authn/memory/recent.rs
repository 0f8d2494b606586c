//! The hot tokens of one thread, found without a lock in front of the shared cache. A hit is judged like a hit in the cache
//! behind it.
//!
//! Where there are several shards, a thread holds a copy of its own: to share one is to count together who uses it.

use std::cell::RefCell;
use std::sync::Arc;

use crate::model::{Digest, Shard};

use super::remembered::Remembered;

/// Slots of each thread; a token can be in only one of them. A power of two, for the digest's last byte to spread evenly, and
/// few enough that all of them (4 KiB) stay in the first-level cache of a core.
const SLOTS: usize = 64;
/// Hits after which the shared cache is asked once, so that its eviction sees the token in use: often enough to keep it,
/// seldom enough (3 %) to cost nothing.
const REFRESH_AFTER: u8 = 32;

struct Slot {
    /// The first eight bytes of the digest that was last offered. A token gets the slot only when it is offered twice in a
    /// row, so ten thousand tokens that take turns do not displace each other.
    offered: u64,
    held: Option<Held>,
}

struct Held {
    cache: u64,
    digest: Digest,
    /// What the shared cache has.
    original: Arc<Remembered>,
    /// What requests of this thread get.
    known: Arc<Remembered>,
    left: u8,
}

thread_local! {
    static RECENT: RefCell<[Slot; SLOTS]> =
        const { RefCell::new([const { Slot { offered: 0, held: None } }; SLOTS]) };
}

impl Held {
    fn of(cache: u64, digest: Digest, original: &Arc<Remembered>) -> Self {
        let known = match Shard::count() {
            1 => Arc::clone(original),
            _ => Arc::new(original.copied()),
        };
        Self { cache, digest, original: Arc::clone(original), known, left: REFRESH_AFTER }
    }
}

/// The token of that digest, if this thread holds it for the cache of that number.
pub(super) fn get(cache: u64, digest: &Digest) -> Option<Arc<Remembered>> {
    RECENT.with_borrow_mut(|slots| {
        let slot = slots.get_mut(slot_of(digest))?;
        let held = slot.held.as_mut().filter(|held| held.cache == cache && held.digest == *digest)?;
        match held.left.checked_sub(1) {
            Some(left) => {
                held.left = left;
                Some(Arc::clone(&held.known))
            }
            None => None,
        }
    })
}

/// Offers a token that the shared cache has; it is held when the last offer for its slot was the same token.
pub(super) fn offer(cache: u64, digest: Digest, known: &Arc<Remembered>) {
    let beginning = beginning(&digest);
    RECENT.with_borrow_mut(|slots| {
        let Some(slot) = slots.get_mut(slot_of(&digest)) else { return };
        let same =
            slot.held.as_mut().filter(|held| held.cache == cache && Arc::ptr_eq(&held.original, known));
        match same {
            Some(held) => held.left = REFRESH_AFTER,
            None if slot.offered == beginning => slot.held = Some(Held::of(cache, digest, known)),
            None => {}
        }
        slot.offered = beginning;
    });
}

/// Forgets a token in this thread. Other threads drop it at their next hit: its key is gone for them as well.
pub(super) fn forget(digest: &Digest) {
    RECENT.with_borrow_mut(|slots| {
        if let Some(slot) = slots.get_mut(slot_of(digest)) {
            slot.held = None;
        }
    });
}

fn slot_of(digest: &Digest) -> usize {
    usize::from(digest.as_bytes()[31]) % SLOTS
}

fn beginning(digest: &Digest) -> u64 {
    digest.as_bytes().iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}
