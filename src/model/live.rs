//! The one cell through which a change becomes visible: one writer replaces a whole immutable value, any
//! number of readers see the old one or the new one, never half, and never wait.
//!
//! This is the only file that names `ArcSwap`; what is published through it belongs to other rooms.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;

/// An immutable value that can be replaced as a whole.
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

    /// Looks at the present value without touching its reference count (about 5 ns).
    ///
    /// The closure keeps the guard from being held across an `.await`.
    pub fn with<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        read(&self.0.load())
    }

    /// Takes a share of the present value.
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
