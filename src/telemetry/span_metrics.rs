//! The metric handles of spans.

use std::sync::Arc;

use super::counter::Counter;
use super::export_metrics::ExportMetrics;
use super::families::Families;

/// Counts what becomes of spans. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SpanMetrics {
    /// Of those that were kept.
    pub kept: ExportMetrics,
    capped: Arc<Counter>,
}

impl SpanMetrics {
    pub(super) fn new(families: &Families) -> Self {
        let result = |word| families.spans.of([word]);
        Self { kept: ExportMetrics::new(result), capped: result("capped") }
    }

    /// One was not kept because too many were in this second.
    pub fn capped(&self) {
        self.capped.inc();
    }
}
