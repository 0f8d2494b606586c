//! The limits of the process by their numbers, those of configurations that were never live among them, as long as somebody
//! has them.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::model::KeyedHash;

use super::fleetwide::{Common, CommonLimit};
use super::limit::Limit;
use super::phases::Phases;
use super::stripe::Slot;

/// The limits. No request asks for it but one that makes room.
#[derive(Debug, Default)]
pub(super) struct Registry(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    last: u32,
    limits: HashMap<NonZeroU32, Weak<Limit>>,
}

impl Registry {
    /// Makes a limit with the next number.
    pub(super) fn make(&self, make: impl FnOnce(NonZeroU32) -> Limit) -> Arc<Limit> {
        let mut held = self.held();
        held.last = held.last.wrapping_add(1);
        let number = NonZeroU32::new(held.last).unwrap_or(NonZeroU32::MIN);
        let limit = Arc::new(make(number));
        held.limits.insert(number, Arc::downgrade(&limit));
        limit
    }

    /// Tells every limit that somebody has, and forgets the others.
    pub(super) fn for_each(&self, mut tell: impl FnMut(&Limit)) {
        self.held().limits.retain(|_, limit| match limit.upgrade() {
            Some(limit) => {
                tell(&limit);
                true
            }
            None => false,
        });
    }

    /// What a limit permits that members count together; `None` when nobody has it any more.
    pub(super) fn common_of(&self, number: NonZeroU32) -> Option<Common> {
        let limit = self.held().limits.get(&number).and_then(Weak::upgrade)?;
        limit.together().map(CommonLimit::permits)
    }

    /// What all members know such a limit by.
    pub(super) fn common_id(&self, number: NonZeroU32) -> Option<KeyedHash> {
        let limit = self.held().limits.get(&number).and_then(Weak::upgrade)?;
        limit.together().map(CommonLimit::id)
    }

    /// The limits that members count together, by what all of them know each by.
    pub(super) fn common(&self) -> HashMap<KeyedHash, (NonZeroU32, Common)> {
        let held = self.held();
        let limits = held.limits.iter().filter_map(|(number, limit)| Some((*number, limit.upgrade()?)));
        let of = |(number, limit): (_, Arc<Limit>)| {
            let common = limit.together()?;
            Some((common.id(), (number, common.permits())))
        };
        limits.filter_map(of).collect()
    }

    /// Says of buckets whether anything is spent from them: not of a limit that nobody has any more.
    pub(super) fn with_spent<R>(&self, now: u64, ask: impl FnOnce(&dyn Fn(&Slot) -> bool) -> R) -> R {
        let held = self.held();
        ask(&|slot: &Slot| {
            let limit = held.limits.get(&slot.limit).and_then(Weak::upgrade);
            let owes = |phases: &Phases| phases.debt(&slot.spent(), now) > 0;
            limit.as_ref().and_then(|limit| limit.phases()).is_some_and(|phases| phases.with(owes))
        })
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
