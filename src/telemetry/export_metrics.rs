//! The metric handles of what a collector is sent.

use std::sync::Arc;

use super::counter::Counter;

/// Counts what becomes of what is to be sent. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ExportMetrics {
    sent: Arc<Counter>,
    dropped: Arc<Counter>,
}

impl ExportMetrics {
    /// Those of a family, by result.
    pub(super) fn new(of: impl Fn(&'static str) -> Arc<Counter>) -> Self {
        Self { sent: of("sent"), dropped: of("dropped") }
    }

    /// The collector has taken so many.
    pub fn sent(&self, count: usize) {
        self.sent.inc_by(count as u64);
    }

    /// So many were dropped: the queue was full, or the collector did not take them.
    pub fn dropped(&self, count: usize) {
        self.dropped.inc_by(count as u64);
    }
}
