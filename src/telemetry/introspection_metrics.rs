//! The metric handles for the questions that one identity provider is asked about tokens.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::IntrospectionResult;
use super::counter::Counter;
use super::histogram::Histogram;
use super::resolved::Resolved;

/// The handles. Each is made when it is first needed, because a compiled configuration may be discarded.
pub struct IntrospectionMetrics {
    metrics: Arc<Resolved>,
    provider: Arc<str>,
    results: [OnceLock<Arc<Counter>>; IntrospectionResult::ALL.len()],
    duration: OnceLock<Arc<Histogram>>,
}

impl IntrospectionMetrics {
    pub(super) fn new(metrics: &Arc<Resolved>, provider: &Arc<str>) -> Self {
        let results = std::array::from_fn(|_| OnceLock::new());
        let (metrics, provider) = (Arc::clone(metrics), Arc::clone(provider));
        Self { metrics, provider, results, duration: OnceLock::new() }
    }

    /// Counts a question.
    pub fn counted(&self, result: IntrospectionResult) {
        if let Some(counter) = self.results.get(result as usize) {
            let make = || self.metrics.families.introspection.of([&*self.provider, result.as_str()]);
            counter.get_or_init(make).inc();
        }
    }

    /// A call of the provider took this long, whatever came of it.
    pub fn took(&self, took: Duration) {
        let make = || self.metrics.families.introspection_duration.of([&*self.provider]);
        self.duration.get_or_init(make).observe(took);
    }

    /// Whether the provider is left alone after failures.
    pub fn breaker(&self, is_open: bool) {
        self.metrics.families.introspection_breaker.of([&*self.provider]).set(i64::from(is_open));
    }
}

impl fmt::Debug for IntrospectionMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IntrospectionMetrics").field(&self.provider).finish()
    }
}
