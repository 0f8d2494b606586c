//! The tokens that a thread sees again and again: a hot one is found here without a lock. What is found is asked the
//! same questions as what comes from the cache behind it.

use std::cell::RefCell;
use std::sync::Arc;

use crate::model::Digest;

use super::remembered::Known;

/// So many are kept by each thread; each has its one place.
const PLACES: usize = 64;
/// After so many hits the cache behind is asked once, so that it knows that the token is in use.
const TELL_AFTER: u8 = 32;

struct Place {
    /// The beginning of the digest that was last looked for here in vain. A token gets the place when it comes twice
    /// in a row: of ten thousand that take turns, none does, and none is moved about.
    wanted: u64,
    held: Option<Held>,
}

struct Held {
    cache: u64,
    digest: Digest,
    known: Arc<Known>,
    left: u8,
}

thread_local! {
    static RECENT: RefCell<[Place; PLACES]> =
        const { RefCell::new([const { Place { wanted: 0, held: None } }; PLACES]) };
}

/// The token with that digest, if this thread holds it for the cache of that number.
pub(super) fn get(cache: u64, digest: &Digest) -> Option<Arc<Known>> {
    RECENT.with_borrow_mut(|places| {
        let place = places.get_mut(place_of(digest))?;
        let held = place.held.as_mut().filter(|held| held.cache == cache && held.digest == *digest)?;
        match held.left.checked_sub(1) {
            Some(left) => {
                held.left = left;
                Some(Arc::clone(&held.known))
            }
            None => {
                place.held = None;
                None
            }
        }
    })
}

/// Offers a token that was just found elsewhere; it is held when it was the last to be offered for its place, too.
pub(super) fn offer(cache: u64, digest: Digest, known: &Arc<Known>) {
    let beginning = beginning(&digest);
    RECENT.with_borrow_mut(|places| {
        let Some(place) = places.get_mut(place_of(&digest)) else { return };
        if place.wanted == beginning {
            place.held = Some(Held { cache, digest, known: Arc::clone(known), left: TELL_AFTER });
        }
        place.wanted = beginning;
    });
}

/// Forgets a token.
pub(super) fn forget(digest: &Digest) {
    RECENT.with_borrow_mut(|places| {
        if let Some(place) = places.get_mut(place_of(digest)) {
            place.held = None;
        }
    });
}

fn place_of(digest: &Digest) -> usize {
    usize::from(digest.as_bytes()[31]) % PLACES
}

fn beginning(digest: &Digest) -> u64 {
    digest.as_bytes().iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}
