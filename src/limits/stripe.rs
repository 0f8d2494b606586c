//! One stripe of the table of buckets: open addressing with linear probing in a list that grows to a bound, at most 50 bytes a
//! bucket when it is full.
//!
//! Which buckets are dropped when there is no more room is for `buckets`.

use crate::model::KeyedHash;

use super::phases::Spent;

/// The slots at first.
const FIRST: usize = 16;
/// A fifth of the slots is always free, so that a probe is short.
const FILLED: (usize, usize) = (4, 5);

/// Buckets by their key.
#[derive(Debug, Default)]
pub(super) struct Stripe {
    slots: Vec<Option<Slot>>,
    taken: usize,
    /// When full buckets are looked for again, in microseconds.
    pub(super) next_sweep: u64,
}

/// A bucket with its key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    key: (u64, u64),
    /// The number of its limit, from one on.
    pub(super) limit: std::num::NonZeroU32,
    pub(super) phase: u32,
    pub(super) debt: u64,
    pub(super) at: u64,
}

/// What all buckets of a process may take stands in the documentation.
const _: () = assert!(size_of::<Option<Slot>>() * FILLED.1 / FILLED.0 <= 64);

impl Slot {
    /// A bucket that somebody has spent from.
    pub(super) fn new(key: KeyedHash, limit: std::num::NonZeroU32, spent: Spent) -> Self {
        Self { key: key.halves(), limit, phase: spent.phase, debt: spent.debt, at: spent.at }
    }

    /// What was spent from it.
    pub(super) const fn spent(&self) -> Spent {
        Spent { debt: self.debt, at: self.at, phase: self.phase }
    }
}

impl Stripe {
    /// The number of buckets.
    pub(super) const fn len(&self) -> usize {
        self.taken
    }

    /// The bucket of this key.
    pub(super) fn get(&self, key: KeyedHash) -> Option<&Slot> {
        let (key, len) = (key.halves(), self.slots.len());
        let home = home(key, len);
        (0..len).map_while(|step| self.slots.get((home + step) % len)?.as_ref()).find(|slot| slot.key == key)
    }

    /// Every bucket.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter().flatten()
    }

    /// Puts a bucket in the place of the one with its key, or beside the others.
    pub(super) fn put(&mut self, slot: Slot) {
        if (self.taken + 1) * FILLED.1 > self.slots.len() * FILLED.0 {
            self.grow();
        }
        self.taken += usize::from(place(&mut self.slots, slot));
    }

    /// Keeps the buckets that are to be kept.
    pub(super) fn retain(&mut self, mut keeps: impl FnMut(&Slot) -> bool) {
        let len = self.slots.len();
        let before = std::mem::replace(&mut self.slots, vec![None; len]);
        self.taken = 0;
        for slot in before.into_iter().flatten().filter(|slot| keeps(slot)) {
            self.taken += usize::from(place(&mut self.slots, slot));
        }
    }

    fn grow(&mut self) {
        let len = (self.slots.len() + self.slots.len() / 4).max(FIRST);
        let before = std::mem::replace(&mut self.slots, vec![None; len]);
        for slot in before.into_iter().flatten() {
            place(&mut self.slots, slot);
        }
    }
}

/// Where the search for a key begins. The half that does not choose the stripe says it.
#[expect(clippy::cast_possible_truncation, reason = "it is less than the length")]
const fn home(key: (u64, u64), len: usize) -> usize {
    ((key.1 as u128 * len as u128) >> 64) as usize
}

/// Puts a bucket where it belongs; says whether it is a new one. There is a free slot.
fn place(slots: &mut [Option<Slot>], new: Slot) -> bool {
    let len = slots.len();
    let home = home(new.key, len);
    for step in 0..len {
        match slots.get_mut((home + step) % len) {
            Some(slot @ None) => {
                *slot = Some(new);
                return true;
            }
            Some(Some(slot)) if slot.key == new.key => {
                *slot = new;
                return false;
            }
            Some(Some(_)) | None => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::num::NonZeroU32;

    use proptest::prelude::*;

    use super::*;

    fn slot(key: u16, debt: u64) -> Slot {
        let spent = Spent { debt, at: 0, phase: 0 };
        Slot::new(KeyedHash::of(key), NonZeroU32::MIN, spent)
    }

    proptest! {
        #[test]
        fn a_stripe_holds_what_a_map_holds(puts in prop::collection::vec((0..500_u16, any::<u64>()), 1..800)) {
            let (mut stripe, mut map) = (Stripe::default(), HashMap::new());
            for (n, (key, debt)) in puts.into_iter().enumerate() {
                stripe.put(slot(key, debt));
                map.insert(key, debt);
                if n % 97 == 96 {
                    stripe.retain(|slot| slot.debt % 3 != 0);
                    map.retain(|_, debt| *debt % 3 != 0);
                }
                prop_assert_eq!(stripe.len(), map.len());
            }
            for key in 0..500 {
                let held = stripe.get(KeyedHash::of(key)).map(|slot| slot.debt);
                prop_assert_eq!(held, map.get(&key).copied());
            }
        }
    }

    #[test]
    fn an_empty_stripe_holds_nothing() {
        let stripe = Stripe::default();
        assert!(stripe.get(KeyedHash::of(1)).is_none() && stripe.len() == 0 && stripe.slots.is_empty());
    }
}
