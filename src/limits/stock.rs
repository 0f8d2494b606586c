//! Slots that are lent to shards: each has a few in stock, takes one from there for a request, and gets it back there.
//!
//! Only when a shard has none, or too many, does it write to what all share. No more are ever lent than there are, so that
//! a limit holds over all shards to the last slot.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::model::{Line, PerShard};

/// The slots that move at once between a shard and the rest: so many requests that begin at the same time on a shard
/// touch nothing that others do.
const BATCH: usize = 16;

/// One limit, and what is lent of it.
#[derive(Debug)]
pub(super) struct Tally {
    /// What all shards have, taken and in stock.
    lent: Arc<Line<AtomicUsize>>,
    stocks: PerShard<Arc<Stock>>,
}

/// What one shard has.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Stock {
    free: AtomicUsize,
    /// Those that are free and those that are taken.
    held: AtomicUsize,
    lent: Arc<Line<AtomicUsize>>,
}

impl Default for Tally {
    fn default() -> Self {
        let lent = Arc::<Line<AtomicUsize>>::default();
        let stock = || {
            let (free, held) = (AtomicUsize::new(0), AtomicUsize::new(0));
            Arc::new(Stock { free, held, lent: Arc::clone(&lent) })
        };
        Self { stocks: PerShard::new(stock), lent }
    }
}

impl Tally {
    /// Takes a slot, when fewer than `most` are taken. It belongs to the stock that is returned.
    pub(super) fn take(&self, most: usize) -> Option<&Arc<Stock>> {
        let own = self.stocks.here();
        // The limit may have been lowered since slots came into stock.
        if self.lent() <= most && own.take() {
            return Some(own);
        }
        self.find(own, most).then_some(own)
    }

    /// Has a slot taken by a shard that has none in stock.
    #[cold]
    fn find(&self, own: &Arc<Stock>, most: usize) -> bool {
        if self.lent() > most {
            // What is in stock is called back first.
            self.stocks.iter().for_each(|stock| stock.return_all());
        }
        for batch in [BATCH, 1] {
            let lent = &self.lent.0;
            let more = |lent: usize| lent.checked_add(batch).filter(|lent| *lent <= most);
            if lent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok() {
                own.held.fetch_add(batch, Ordering::Relaxed);
                own.free.fetch_add(batch - 1, Ordering::Relaxed);
                return true;
            }
        }
        // Some other shard may have one that it does not use.
        let found = self.lent() <= most && self.stocks.iter().any(|other| other.part_with_one());
        if found {
            own.held.fetch_add(1, Ordering::Relaxed);
        }
        found
    }

    /// How many are taken or in stock.
    pub(super) fn lent(&self) -> usize {
        self.lent.0.load(Ordering::Relaxed)
    }

    /// How many are taken.
    pub(super) fn taken(&self) -> usize {
        let of = |stock: &Arc<Stock>| {
            let free = stock.free.load(Ordering::Relaxed);
            stock.held.load(Ordering::Relaxed).saturating_sub(free)
        };
        self.stocks.iter().map(of).sum()
    }
}

impl Stock {
    fn take(&self) -> bool {
        self.free.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| free.checked_sub(1)).is_ok()
    }

    /// Gives one up that is in stock.
    fn part_with_one(&self) -> bool {
        let has_one = self.take();
        if has_one {
            self.held.fetch_sub(1, Ordering::Relaxed);
        }
        has_one
    }

    /// Takes one back from a request that has ended.
    pub(super) fn give_back(&self) {
        if self.free.fetch_add(1, Ordering::Relaxed) >= 2 * BATCH {
            self.return_some(BATCH);
        }
    }

    #[cold]
    fn return_some(&self, some: usize) {
        let less = |free: usize| free.checked_sub(some);
        if self.free.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok() {
            self.held.fetch_sub(some, Ordering::Relaxed);
            self.lent.0.fetch_sub(some, Ordering::Relaxed);
        }
    }

    fn return_all(&self) {
        self.return_some(self.free.load(Ordering::Relaxed));
    }
}
