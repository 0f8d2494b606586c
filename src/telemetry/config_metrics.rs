//! What is counted of the configuration: what came of each look at it, and what is wrong with it on disk.

use std::sync::Arc;

use prometheus::{Gauge, IntGauge};

use crate::model::Instant;

use super::counter::Counter;
use super::families::Families;

/// The handles of the configuration.
#[derive(Debug)]
pub(super) struct ConfigMetrics {
    applied: Arc<Counter>,
    refused: Arc<Counter>,
    unchanged: Arc<Counter>,
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

    /// A configuration went live at `now`.
    pub(super) fn applied(&self, now: Instant) {
        self.applied.inc();
        self.last_reload_ok.set(1);
        self.last_reload_at.set(now.unix_f64());
    }

    /// A configuration was refused; the one before it stays live.
    pub(super) fn refused(&self) {
        self.refused.inc();
        self.last_reload_ok.set(0);
    }

    /// What was read is what is live already.
    pub(super) fn unchanged(&self) {
        self.unchanged.inc();
        self.last_reload_ok.set(1);
    }

    /// The number of documents that are broken on disk; `refused`: something there is not what is live.
    pub(super) fn broken(&self, documents: usize, refused: bool) {
        self.broken_documents.set(i64::try_from(documents).unwrap_or(i64::MAX));
        if refused {
            self.last_reload_ok.set(0);
        }
    }
}
