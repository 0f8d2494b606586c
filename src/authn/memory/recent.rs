//! The tokens that a thread sees again and again: a hot one is found here without a lock. What is found is asked the
//! same questions as what comes from the cache behind it.

use std::cell::RefCell;
use std::sync::Arc;

use crate::model::Digest;

use super::remembered::Remembered;

/// Slots of each thread; a token has its one slot. A power of two, and few enough that all fit into a core's cache.
const SLOTS: usize = 64;
/// Hits after which the cache behind is asked once, so that it knows that the token is in use.
const TELL_AFTER: u8 = 32;

struct Slot {
    /// The beginning of the digest that was last looked for here in vain. A token gets the slot when it comes twice
    /// in a row: of ten thousand that take turns, none does, and none is moved about.
    wanted: u64,
    held: Option<Held>,
}

struct Held {
    cache: u64,
    digest: Digest,
    known: Arc<Remembered>,
    left: u8,
}

thread_local! {
    static RECENT: RefCell<[Slot; SLOTS]> =
        const { RefCell::new([const { Slot { wanted: 0, held: None } }; SLOTS]) };
}

/// The token with that digest, if this thread holds it for the cache of that number.
pub(super) fn get(cache: u64, digest: &Digest) -> Option<Arc<Remembered>> {
    RECENT.with_borrow_mut(|slots| {
        let slot = slots.get_mut(slot_of(digest))?;
        let held = slot.held.as_mut().filter(|held| held.cache == cache && held.digest == *digest)?;
        match held.left.checked_sub(1) {
            Some(left) => {
                held.left = left;
                Some(Arc::clone(&held.known))
            }
            None => {
                slot.held = None;
                None
            }
        }
    })
}

/// Offers a token that was just found elsewhere; it is held when it was the last to be offered for its slot, too.
pub(super) fn offer(cache: u64, digest: Digest, known: &Arc<Remembered>) {
    let beginning = beginning(&digest);
    RECENT.with_borrow_mut(|slots| {
        let Some(slot) = slots.get_mut(slot_of(&digest)) else { return };
        if slot.wanted == beginning {
            slot.held = Some(Held { cache, digest, known: Arc::clone(known), left: TELL_AFTER });
        }
        slot.wanted = beginning;
    });
}

/// Forgets a token.
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
