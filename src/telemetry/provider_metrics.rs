//! The metric handles of one identity provider. Not used on the request path.

use std::fmt;
use std::sync::Arc;

use prometheus::{GaugeVec, IntCounterVec, IntGaugeVec, Opts, Registry};

use crate::model::Instant;

use super::metrics::{Families, add, counter_vec, gauge_vec};

/// The families whose series belong to a provider.
#[derive(Debug)]
pub(super) struct ProviderFamilies {
    refresh: IntCounterVec,
    last_success: GaugeVec,
    usable_until: GaugeVec,
    keys: IntGaugeVec,
    skipped: IntCounterVec,
    stale: IntGaugeVec,
}

impl ProviderFamilies {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let counters = |name, help, labels| add(registry, counter_vec(name, help, labels)?);
        let counts = |name, help| add(registry, gauge_vec(name, help, &["provider"])?);
        let moments = |name, help| add(registry, GaugeVec::new(Opts::new(name, help), &["provider"])?);
        Ok(Self {
            refresh: counters(
                "portcullis_jwks_refresh_total",
                "Key fetches by provider, by what asked for them and by how they ended.",
                &["provider", "trigger", "result"],
            )?,
            last_success: moments(
                "portcullis_jwks_last_success_timestamp_seconds",
                "When the provider's keys were last fetched with success (Unix time).",
            )?,
            usable_until: moments(
                "portcullis_jwks_usable_until_timestamp_seconds",
                "Until when the provider's keys are used if no fetch succeeds before (Unix time).",
            )?,
            keys: counts("portcullis_jwks_keys", "Usable keys of the provider.")?,
            skipped: counters(
                "portcullis_jwks_keys_skipped_total",
                "Keys of the provider that were not taken, by reason.",
                &["provider", "reason"],
            )?,
            stale: counts(
                "portcullis_jwks_stale",
                "1 while the last fetch of the provider's keys failed and older ones are used.",
            )?,
        })
    }

    /// Drops one series; `in_order` gives the values of these labels.
    pub(super) fn remove(
        &self,
        family: &str,
        in_order: impl Fn(&[&str]) -> Vec<String>,
    ) -> Result<(), prometheus::Error> {
        let provider = in_order(&["provider"]);
        match family {
            "portcullis_jwks_refresh_total" => {
                self.refresh.remove_label_values(&in_order(&["provider", "trigger", "result"]))
            }
            "portcullis_jwks_last_success_timestamp_seconds" => {
                self.last_success.remove_label_values(&provider)
            }
            "portcullis_jwks_usable_until_timestamp_seconds" => {
                self.usable_until.remove_label_values(&provider)
            }
            "portcullis_jwks_keys" => self.keys.remove_label_values(&provider),
            "portcullis_jwks_stale" => self.stale.remove_label_values(&provider),
            "portcullis_jwks_keys_skipped_total" => {
                self.skipped.remove_label_values(&in_order(&["provider", "reason"]))
            }
            _ => Ok(()),
        }
    }
}

/// The handles of one provider. The label values `trigger`, `result` and `reason` are closed lists in `idp`.
#[derive(Clone)]
pub struct ProviderMetrics {
    families: Arc<Families>,
    provider: Arc<str>,
}

impl ProviderMetrics {
    pub(super) fn new(families: &Arc<Families>, provider: &str) -> Self {
        Self { families: Arc::clone(families), provider: Arc::from(provider) }
    }

    /// A fetch ended.
    pub fn refreshed(&self, trigger: &'static str, result: &'static str) {
        self.families.providers.refresh.with_label_values(&[&*self.provider, trigger, result]).inc();
    }

    /// Keys were had at `at`.
    pub fn last_success(&self, at: Instant) {
        self.families.providers.last_success.with_label_values(&[&*self.provider]).set(at.unix_f64());
    }

    /// Keys are used until `at` when no fetch succeeds before.
    pub fn usable_until(&self, at: Instant) {
        self.families.providers.usable_until.with_label_values(&[&*self.provider]).set(at.unix_f64());
    }

    /// So many usable keys are known.
    pub fn keys(&self, count: usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.families.providers.keys.with_label_values(&[&*self.provider]).set(count);
    }

    /// A key was not taken.
    pub fn skipped(&self, reason: &'static str) {
        self.families.providers.skipped.with_label_values(&[&*self.provider, reason]).inc();
    }

    /// Whether older keys are used because the last fetch failed.
    pub fn stale(&self, stale: bool) {
        self.families.providers.stale.with_label_values(&[&*self.provider]).set(i64::from(stale));
    }
}

impl fmt::Debug for ProviderMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ProviderMetrics").field(&self.provider).finish()
    }
}
