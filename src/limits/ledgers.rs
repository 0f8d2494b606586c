//! What this member knows of all buckets that members share, in a table that is split into stripes and bounded, and the list of
//! those of which the others are to be told.
//!
//! One who finds no room shares the bucket of all who are new, as in `buckets`. Who tells the others is for `control`.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::model::{KeyedHash, Line};

use super::buckets::{Act, Asked};
use super::ledger::{Heard, Ledger, Told};
use super::rate::Standing;
use super::registry::Registry;
use super::view::View;

/// More than threads that ask at the same time.
const STRIPES: usize = 64;
/// How often buckets that are full again are looked for in a stripe that has no room, in microseconds.
const SWEEP_EVERY: u64 = 100_000;

/// The table. It takes no memory before the first request of such a limit.
#[derive(Debug)]
pub(super) struct Ledgers {
    stripes: OnceLock<Box<[Line<Mutex<Stripe>>]>>,
    /// The most buckets of a stripe.
    most: usize,
}

#[derive(Debug, Default)]
struct Stripe {
    ledgers: HashMap<KeyedHash, Ledger>,
    /// Those of which the others are to be told.
    listed: Vec<KeyedHash>,
    next_sweep: u64,
}

/// What became of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Acted {
    pub(super) standing: Standing,
    pub(super) is_done: bool,
    /// Whether the others are to hear of it soon.
    pub(super) is_urgent: bool,
}

/// A bucket of which the others are to be told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listed {
    pub(super) key: KeyedHash,
    pub(super) limit: NonZeroU32,
    pub(super) view: View,
    pub(super) told: Told,
}

/// How a bucket is seen: by the number of its limit, while somebody has it, and by when it ends.
pub(super) type Views<'a> = &'a dyn Fn(NonZeroU32, u64) -> Option<View>;

impl Ledgers {
    pub(super) const fn new(most: usize) -> Self {
        Self { stripes: OnceLock::new(), most: most.div_ceil(STRIPES) }
    }

    /// Does this with a bucket.
    pub(super) fn act(
        &self,
        asked: Asked<'_>,
        (act, ends): (Act, u64),
        view: &View,
        limits: &Registry,
    ) -> Option<Acted> {
        let own = asked.scope.everywhere(asked.who);
        let together = asked.scope.together_everywhere();
        let at = |key| self.act_at((key, key == together), (asked.limit.id(), ends), act, (view, limits));
        at(own).or_else(|| at(together))
    }

    /// What had been spent from a bucket when it was last heard of, without what drained since.
    pub(super) fn known(&self, key: KeyedHash, view: &View) -> f64 {
        let stripe = self.stripe(key);
        let ledger = stripe.as_ref().and_then(|stripe| stripe.ledgers.get(&key));
        ledger.map_or(0.0, |ledger| ledger.spent(view))
    }

    /// At most so many of those of which the others are to be told. Each is told, or has failed, before it is asked for again.
    pub(super) fn listed(&self, most: usize, views: Views<'_>) -> Vec<Listed> {
        let mut all = Vec::new();
        for line in self.stripes.get().into_iter().flatten() {
            let mut stripe = line.0.lock().unwrap_or_else(PoisonError::into_inner);
            let Stripe { ledgers, listed, .. } = &mut *stripe;
            let from = listed.len().saturating_sub(most.saturating_sub(all.len()));
            for key in listed.drain(from..) {
                let Some(ledger) = ledgers.get_mut(&key) else { continue };
                let Some(view) = views(ledger.limit, ledger.ends) else {
                    ledgers.remove(&key);
                    continue;
                };
                let told = ledger.tell(&view);
                all.push(Listed { key, limit: ledger.limit, view, told });
            }
        }
        all
    }

    /// The others were told of a bucket, and this is what it stands at.
    pub(super) fn hear(&self, key: KeyedHash, heard: Heard, at: u64) {
        self.with(key, |ledger| ledger.hear(heard, at));
    }

    /// They were not told of it: it is listed again.
    pub(super) fn fail(&self, key: KeyedHash) {
        let Some(mut stripe) = self.stripe(key) else { return };
        let Stripe { ledgers, listed, .. } = &mut *stripe;
        if let Some(ledger) = ledgers.get_mut(&key) {
            ledger.fail();
            list(key, ledger, listed);
        }
    }

    /// Another member has told of a bucket of the limit of this number, which ends then, or the place where members count.
    pub(super) fn overhear(&self, key: KeyedHash, (limit, ends): (NonZeroU32, u64), heard: Heard, at: u64) {
        let Some(mut stripe) = self.stripe(key) else { return };
        let has_room = stripe.ledgers.len() < self.most;
        if let Some(ledger) = stripe.ledgers.get_mut(&key) {
            ledger.overhear(heard, at);
        } else if has_room {
            let mut ledger = Ledger::new(limit, ends);
            ledger.overhear(heard, at);
            stripe.ledgers.insert(key, ledger);
        }
    }

    /// Lists every bucket from which anything was spent: the place where members count may have forgotten it.
    pub(super) fn list_all(&self, views: Views<'_>) {
        for line in self.stripes.get().into_iter().flatten() {
            let mut stripe = line.0.lock().unwrap_or_else(PoisonError::into_inner);
            let Stripe { ledgers, listed, .. } = &mut *stripe;
            for (key, ledger) in ledgers {
                if views(ledger.limit, ledger.ends).is_some_and(|view| ledger.is_spent(&view)) {
                    list(*key, ledger, listed);
                }
            }
        }
    }

    /// Shows every bucket, while its stripe is held.
    pub(super) fn for_each(&self, mut show: impl FnMut(&Ledger)) {
        for line in self.stripes.get().into_iter().flatten() {
            line.0.lock().unwrap_or_else(PoisonError::into_inner).ledgers.values().for_each(&mut show);
        }
    }

    fn act_at(
        &self,
        (key, is_together): (KeyedHash, bool),
        (limit, ends): (NonZeroU32, u64),
        act: Act,
        (view, limits): (&View, &Registry),
    ) -> Option<Acted> {
        let mut stripe = self.stripe(key)?;
        let is_new = !stripe.ledgers.contains_key(&key);
        match act {
            Act::Look | Act::Return if is_new => {
                let standing = Ledger::new(limit, ends).standing(view);
                return Some(Acted { standing, is_done: true, is_urgent: false });
            }
            Act::Look | Act::Return => {}
            Act::Take | Act::Charge
                if is_new && !is_together && !self.has_room(&mut stripe, view, limits) =>
            {
                return None;
            }
            Act::Take | Act::Charge => {}
        }
        let Stripe { ledgers, listed, .. } = &mut *stripe;
        let ledger = ledgers.entry(key).or_insert_with(|| Ledger::new(limit, ends));
        let standing = ledger.standing(view);
        let has_one = standing.left > 0;
        let (requests, is_done) = match act {
            Act::Look => (0, true),
            Act::Take => (i32::from(has_one), has_one),
            Act::Charge => (i32::from(has_one), true),
            Act::Return => (-1, true),
        };
        if requests != 0 {
            ledger.spend(requests, view);
        } else if has_one {
            return Some(Acted { standing, is_done, is_urgent: false });
        }
        ledger.is_wanted |= requests >= 0;
        list(key, ledger, listed);
        let is_urgent = view.is_linked && ledger.is_urgent(view);
        let standing = if requests == 0 { standing } else { ledger.left(view) };
        Some(Acted { standing, is_done, is_urgent })
    }

    fn has_room(&self, stripe: &mut Stripe, view: &View, limits: &Registry) -> bool {
        if stripe.ledgers.len() >= self.most && view.now >= stripe.next_sweep {
            stripe.next_sweep = view.now.saturating_add(SWEEP_EVERY);
            stripe.ledgers.retain(|_, ledger| {
                let common = limits.common_of(ledger.limit);
                let how = (view.members, view.is_linked, view.now);
                common.is_some_and(|common| !ledger.is_idle(&View::of(common, ledger.ends, how)))
            });
        }
        stripe.ledgers.len() < self.most
    }

    fn with(&self, key: KeyedHash, change: impl FnOnce(&mut Ledger)) {
        if let Some(mut stripe) = self.stripe(key)
            && let Some(ledger) = stripe.ledgers.get_mut(&key)
        {
            change(ledger);
        }
    }

    /// The stripe of a key. There always is one.
    fn stripe(&self, key: KeyedHash) -> Option<MutexGuard<'_, Stripe>> {
        let stripes = self.stripes.get_or_init(|| (0..STRIPES).map(|_| Line::default()).collect());
        let (half, _) = key.halves();
        let stripe = stripes.get(usize::try_from(half % STRIPES as u64).unwrap_or_default())?;
        Some(stripe.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn list(key: KeyedHash, ledger: &mut Ledger, listed: &mut Vec<KeyedHash>) {
    if !ledger.is_listed {
        ledger.is_listed = true;
        listed.push(key);
    }
}
