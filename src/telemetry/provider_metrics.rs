//! The metric handles of one identity provider. Not used on the request path.

use std::fmt;
use std::sync::Arc;

use crate::model::Instant;

use super::metrics::Families;

/// The handles of one provider. The label values `trigger`, `result` and `reason` are closed lists in `keys`.
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
        self.families.refresh.with_label_values(&[&*self.provider, trigger, result]).inc();
    }

    /// Keys were had at `at`.
    pub fn last_success(&self, at: Instant) {
        self.families.last_success.with_label_values(&[&*self.provider]).set(at.unix_f64());
    }

    /// So many usable keys are known.
    pub fn keys(&self, count: usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.families.keys.with_label_values(&[&*self.provider]).set(count);
    }

    /// A key was not taken.
    pub fn skipped(&self, reason: &'static str) {
        self.families.skipped.with_label_values(&[&*self.provider, reason]).inc();
    }

    /// Whether older keys are used because the last fetch failed.
    pub fn stale(&self, stale: bool) {
        self.families.stale.with_label_values(&[&*self.provider]).set(i64::from(stale));
    }
}

impl fmt::Debug for ProviderMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ProviderMetrics").field(&self.provider).finish()
    }
}
