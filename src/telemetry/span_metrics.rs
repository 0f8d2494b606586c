//! The metric handles of spans.

use std::sync::Arc;

use super::counter::Counter;
use super::families::Families;

/// Counts what becomes of spans. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SpanMetrics {
    sent: Arc<Counter>,
    dropped: Arc<Counter>,
    capped: Arc<Counter>,
}

impl SpanMetrics {
    pub(super) fn new(families: &Families) -> Self {
        let result = |word| families.spans.of([word]);
        Self { sent: result("sent"), dropped: result("dropped"), capped: result("capped") }
    }

    /// The collector has taken so many.
    pub fn sent(&self, count: usize) {
        self.sent.inc_by(count as u64);
    }

    /// So many were dropped: the queue was full, or the collector did not take them.
    pub fn dropped(&self, count: usize) {
        self.dropped.inc_by(count as u64);
    }

    /// One was not kept because too many were in this second.
    pub fn capped(&self) {
        self.capped.inc();
    }
}
