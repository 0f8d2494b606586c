//! The number of requests under way, which each shard counts for itself.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::model::{Line, PerShard};

/// Those of one shard. Each request holds its shard's own.
type Cell = Arc<Line<AtomicI64>>;

/// Counts the requests under way. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct InFlight(Arc<OnceLock<PerShard<Cell>>>);

/// One request under way; dropping it says that it has ended.
#[derive(Debug)]
pub struct Serving(Cell);

impl InFlight {
    /// One more, until the guard is dropped.
    #[must_use]
    pub fn enter(&self) -> Serving {
        let cell = self.0.get_or_init(|| PerShard::new(Cell::default)).here();
        cell.0.fetch_add(1, Ordering::Relaxed);
        Serving(Arc::clone(cell))
    }

    /// How many there are.
    pub(super) fn count(&self) -> i64 {
        let cells = self.0.get().into_iter().flat_map(PerShard::iter);
        cells.map(|cell| cell.0.load(Ordering::Relaxed)).sum()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}
