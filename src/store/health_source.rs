//! Who knows how a shared store is, at any time and without asking it.

use super::Health;

/// Knows how a shared store is.
pub trait HealthSource: Send + Sync {
    /// How it is now.
    fn health(&self) -> Health;
}
