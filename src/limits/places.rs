//! The places of requests under way, by whom they count for. There is an entry for nobody who has none, so that they take no
//! more memory than the requests themselves do.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::model::{KeyedHash, Line};

/// More than threads that ask at the same time.
const STRIPES: usize = 64;

/// The places that are taken.
#[derive(Debug, Default)]
pub(super) struct Places(OnceLock<Box<[Line<Mutex<Stripe>>]>>);

/// How many places each has.
type Stripe = HashMap<KeyedHash, Held>;

#[derive(Debug)]
struct Held {
    /// The number of the limit.
    limit: NonZeroU32,
    places: u32,
}

impl Places {
    /// The places that somebody has.
    pub(super) fn taken(&self, key: KeyedHash) -> u32 {
        self.stripe(key).and_then(|stripe| stripe.get(&key).map(|held| held.places)).unwrap_or_default()
    }

    /// Takes a place of the limit of this number for somebody who has fewer than so many: how many he has then.
    pub(super) fn take(&self, key: KeyedHash, limit: NonZeroU32, most: u32) -> Option<u32> {
        let mut stripe = self.stripe(key)?;
        match stripe.entry(key) {
            Entry::Occupied(held) if held.get().places >= most => None,
            Entry::Occupied(mut held) => {
                held.get_mut().places += 1;
                Some(held.get().places)
            }
            Entry::Vacant(_) if most == 0 => None,
            Entry::Vacant(none) => Some(none.insert(Held { limit, places: 1 }).places),
        }
    }

    /// Gives a place back.
    pub(super) fn give_back(&self, key: KeyedHash) {
        let Some(mut stripe) = self.stripe(key) else { return };
        if let Entry::Occupied(mut held) = stripe.entry(key) {
            match held.get().places.checked_sub(1) {
                None | Some(0) => drop(held.remove()),
                Some(rest) => held.get_mut().places = rest,
            }
        }
    }

    /// Shows how many places somebody has, and of which limit, for everybody who has any.
    pub(super) fn for_each(&self, mut show: impl FnMut(NonZeroU32, u32)) {
        for line in self.0.get().into_iter().flatten() {
            let stripe = line.0.lock().unwrap_or_else(PoisonError::into_inner);
            stripe.values().for_each(|held| show(held.limit, held.places));
        }
    }

    fn stripe(&self, key: KeyedHash) -> Option<MutexGuard<'_, Stripe>> {
        let stripes = self.0.get_or_init(|| (0..STRIPES).map(|_| Line::default()).collect());
        let (half, _) = key.halves();
        let stripe = stripes.get(usize::try_from(half % STRIPES as u64).unwrap_or_default())?;
        Some(stripe.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_has_at_most_his_places_and_leaves_nothing_behind() {
        let (places, one, other) = (Places::default(), KeyedHash::of(1), KeyedHash::of(2));
        let take = |key, most| places.take(key, NonZeroU32::MIN, most);
        assert_eq!([take(one, 2), take(one, 2), take(one, 2)], [Some(1), Some(2), None]);
        assert_eq!((take(other, 2), places.taken(one)), (Some(1), 2));
        assert_eq!(take(one, 1), None, "fewer were permitted in the meantime");
        for _ in 0..3 {
            places.give_back(one);
        }
        places.give_back(other);
        assert!(places.0.get().unwrap().iter().all(|stripe| stripe.0.lock().unwrap().is_empty()));
    }
}
