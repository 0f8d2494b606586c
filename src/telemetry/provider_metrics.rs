//! The metric handles of one identity provider. Not used on the request path.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::model::Instant;

use super::IntrospectionMetrics;
use super::families::Families;
use super::resolved::Resolved;
use super::task::{EndedTask, Task};

/// The handles of one provider. The label values `trigger`, `result` and `reason` are closed lists in `idp`.
#[derive(Clone)]
pub struct ProviderMetrics {
    metrics: Arc<Resolved>,
    provider: Arc<str>,
}

impl ProviderMetrics {
    pub(super) fn new(metrics: &Arc<Resolved>, provider: &str) -> Self {
        Self { metrics: Arc::clone(metrics), provider: Arc::from(provider) }
    }

    fn families(&self) -> &Families {
        &self.metrics.families
    }

    /// The handles for questions about its tokens.
    #[must_use]
    pub fn introspection(&self) -> IntrospectionMetrics {
        IntrospectionMetrics::new(&self.metrics, &self.provider)
    }

    /// A fetch that began at `at` has ended; `failure` says why it failed, if it did.
    pub fn fetched(
        &self,
        trigger: &'static str,
        result: &'static str,
        (at, took): (Instant, Duration),
        failure: Option<&str>,
    ) {
        self.families().jwks_refresh.of([&*self.provider, trigger, result]).inc();
        self.metrics.tasks.tell(|| EndedTask {
            task: Task::KeyFetch { provider: self.provider.to_string(), trigger, result },
            at,
            took,
            failure: failure.map(str::to_owned),
        });
    }

    /// Keys were had at `at`.
    pub fn last_success(&self, at: Instant) {
        self.families().jwks_last_success.of([&*self.provider]).set(at.unix_f64());
    }

    /// Keys are used until `at` when no fetch succeeds before.
    pub fn usable_until(&self, at: Instant) {
        self.families().jwks_usable_until.of([&*self.provider]).set(at.unix_f64());
    }

    /// The number of usable keys that are known.
    pub fn keys(&self, count: usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.families().jwks_keys.of([&*self.provider]).set(count);
    }

    /// A key was skipped.
    pub fn skipped(&self, reason: &'static str) {
        self.families().jwks_keys_skipped.of([&*self.provider, reason]).inc();
    }

    /// Whether older keys are used because the last fetch failed.
    pub fn stale(&self, stale: bool) {
        self.families().jwks_stale.of([&*self.provider]).set(i64::from(stale));
    }
}

impl fmt::Debug for ProviderMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ProviderMetrics").field(&self.provider).finish()
    }
}
