//! The tokens that a thread saw last: a hot one is found here without a lock and without a line of memory that
//! another thread writes to. What is found is asked the same questions as what comes from the cache behind it.

use std::cell::RefCell;
use std::sync::Arc;

use crate::model::Digest;

use super::known::Known;

/// So many are kept by each thread; each has its one place.
const PLACES: usize = 64;
/// After so many hits the cache behind is asked once, so that it knows that the token is in use.
const TELL_AFTER: u8 = 32;

struct Place {
    cache: u64,
    digest: Digest,
    known: Arc<Known>,
    left: u8,
}

thread_local! {
    static RECENT: RefCell<[Option<Place>; PLACES]> = const { RefCell::new([const { None }; PLACES]) };
}

/// The token with that digest, if this thread has seen it lately in the cache of that number.
pub(super) fn get(cache: u64, digest: &Digest) -> Option<Arc<Known>> {
    RECENT.with_borrow_mut(|places| {
        let place = places.get_mut(place_of(digest))?;
        let found = place.as_mut().filter(|place| place.cache == cache && place.digest == *digest)?;
        match found.left.checked_sub(1) {
            Some(left) => {
                found.left = left;
                Some(Arc::clone(&found.known))
            }
            None => {
                *place = None;
                None
            }
        }
    })
}

/// Keeps a token; the one that had its place goes.
pub(super) fn put(cache: u64, digest: Digest, known: &Arc<Known>) {
    let new = Place { cache, digest, known: Arc::clone(known), left: TELL_AFTER };
    let old = RECENT
        .with_borrow_mut(|places| places.get_mut(place_of(&digest)).and_then(|place| place.replace(new)));
    drop(old);
}

/// Forgets a token.
pub(super) fn forget(digest: &Digest) {
    let old = RECENT.with_borrow_mut(|places| places.get_mut(place_of(digest)).and_then(Option::take));
    drop(old);
}

fn place_of(digest: &Digest) -> usize {
    usize::from(digest.as_bytes()[0]) % PLACES
}
