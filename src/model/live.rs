//! The swap cell: a writer replaces a whole immutable value, and any number of readers see the old or the new one, never
//! half of it, and never wait.
//!
//! This is the only file that names `ArcSwap`, so that snapshots and key sets cannot be swapped in another way.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;

/// A cell with an immutable value that is replaced as a whole.
pub struct Live<T>(ArcSwap<T>);

impl<T> Live<T> {
    /// A cell that shows `value`.
    pub fn new(value: T) -> Self {
        Self(ArcSwap::from_pointee(value))
    }

    /// A cell that shows an already shared value.
    pub fn from_arc(value: Arc<T>) -> Self {
        Self(ArcSwap::new(value))
    }

    /// Reads the present value without touching its reference count, for which readers on all cores would compete.
    ///
    /// The closure keeps a caller from holding the guard across an `.await`.
    pub fn with<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        read(&self.0.load())
    }

    /// A reference to the present value that outlives the next change.
    pub fn get(&self) -> Arc<T> {
        self.0.load_full()
    }

    /// Publishes `value` to all readers at once.
    pub fn publish(&self, value: Arc<T>) {
        self.0.store(value);
    }
}

impl<T: fmt::Debug> fmt::Debug for Live<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Live").field(&self.get()).finish()
    }
}
