//! What is counted of the configuration: what came of each look at it, and what is wrong with it on disk.

use prometheus::{Gauge, IntCounterVec, IntGauge, Registry};

use crate::model::Instant;

use super::Metrics;
use super::metrics::{add, counter_vec};

/// The families of the configuration.
#[derive(Debug)]
pub(super) struct ConfigFamilies {
    reloads: IntCounterVec,
    last_reload_ok: IntGauge,
    last_reload_at: Gauge,
    broken_documents: IntGauge,
}

impl ConfigFamilies {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let name = "portcullis_config_reloads_total";
        let reloads = counter_vec(name, "Configurations that were read, by result.", &["result"])?;
        for result in ["applied", "refused", "unchanged"] {
            reloads.with_label_values(&[result]);
        }
        let flag = |name, help| add(registry, IntGauge::new(name, help)?);
        Ok(Self {
            reloads: add(registry, reloads)?,
            last_reload_ok: flag(
                "portcullis_config_last_reload_success",
                "1 while what is on disk is what runs, 0 while something there is refused.",
            )?,
            last_reload_at: add(
                registry,
                Gauge::new(
                    "portcullis_config_last_reload_success_timestamp_seconds",
                    "When a configuration last went live (Unix time).",
                )?,
            )?,
            broken_documents: flag(
                "portcullis_config_broken_documents",
                "Documents that are broken on disk; what they were before runs.",
            )?,
        })
    }
}

impl Metrics {
    /// A configuration went live at `now`.
    pub fn reload_applied(&self, now: Instant) {
        let config = &self.0.config;
        config.reloads.with_label_values(&["applied"]).inc();
        config.last_reload_ok.set(1);
        config.last_reload_at.set(now.unix_f64());
    }

    /// A configuration was refused; the one before it stays live.
    pub fn reload_refused(&self) {
        self.0.config.reloads.with_label_values(&["refused"]).inc();
        self.0.config.last_reload_ok.set(0);
    }

    /// What was read is what is live already.
    pub fn reload_unchanged(&self) {
        self.0.config.reloads.with_label_values(&["unchanged"]).inc();
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
