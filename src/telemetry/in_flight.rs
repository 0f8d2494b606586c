//! The number of requests under way.

use prometheus::IntGauge;

/// Counts the requests under way.
#[derive(Clone, Debug)]
pub struct InFlight(pub(super) IntGauge);

/// One request under way; dropping it says that it has ended.
#[derive(Debug)]
pub struct Serving(IntGauge);

impl InFlight {
    /// One more, until the guard is dropped.
    #[must_use]
    pub fn enter(&self) -> Serving {
        self.0.inc();
        Serving(self.0.clone())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.dec();
    }
}
