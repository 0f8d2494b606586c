//! What is counted of the configuration: what came of each look at it, and what is wrong with it on disk.

use prometheus::{Gauge, IntCounter, IntGauge};

use crate::model::Instant;

use super::Metrics;
use super::families::Families;

/// The handles of the configuration.
#[derive(Debug)]
pub(super) struct ConfigMetrics {
    applied: IntCounter,
    refused: IntCounter,
    unchanged: IntCounter,
    last_reload_ok: IntGauge,
    last_reload_at: Gauge,
    broken_documents: IntGauge,
}

impl ConfigMetrics {
    pub(super) fn new(families: &Families) -> Self {
        Self {
            applied: families.config_reloads.of(["applied"]),
            refused: families.config_reloads.of(["refused"]),
            unchanged: families.config_reloads.of(["unchanged"]),
            last_reload_ok: families.config_last_reload_ok.of([]),
            last_reload_at: families.config_last_reload_at.of([]),
            broken_documents: families.config_broken_documents.of([]),
        }
    }
}

impl Metrics {
    /// A configuration went live at `now`.
    pub fn reload_applied(&self, now: Instant) {
        let config = &self.0.config;
        config.applied.inc();
        config.last_reload_ok.set(1);
        config.last_reload_at.set(now.unix_f64());
    }

    /// A configuration was refused; the one before it stays live.
    pub fn reload_refused(&self) {
        self.0.config.refused.inc();
        self.0.config.last_reload_ok.set(0);
    }

    /// What was read is what is live already.
    pub fn reload_unchanged(&self) {
        self.0.config.unchanged.inc();
        self.0.config.last_reload_ok.set(1);
    }

    /// So many documents are broken on disk; `refused`: something there is not what is live.
    pub fn documents_broken(&self, documents: usize, refused: bool) {
        self.0.config.broken_documents.set(i64::try_from(documents).unwrap_or(i64::MAX));
        if refused {
            self.0.config.last_reload_ok.set(0);
        }
    }
}
