//! The metric handles of the security events of one identity provider. Not used on the request path.

use std::fmt;
use std::sync::Arc;

use crate::model::{Instant, SecurityEventKind, SecurityEventResult};

use super::resolved::Resolved;

/// The handles of one provider.
#[derive(Clone)]
pub struct EventMetrics {
    metrics: Arc<Resolved>,
    provider: Arc<str>,
}

impl EventMetrics {
    pub(super) fn new(metrics: &Arc<Resolved>, provider: &str) -> Self {
        Self { metrics: Arc::clone(metrics), provider: Arc::from(provider) }
    }

    /// An event came to this.
    pub fn came(&self, kind: SecurityEventKind, result: SecurityEventResult) {
        let labels = [&*self.provider, kind.as_str(), result.as_str()];
        self.metrics.families.security_events.of(labels).inc();
    }

    /// An event of the provider came at this time.
    pub fn last(&self, at: Instant) {
        self.metrics.families.security_event_last.of([&*self.provider]).set(at.unix_f64());
    }

    /// The provider was asked for events.
    pub fn polled(&self, is_answered: bool) {
        let result = if is_answered { "ok" } else { "failed" };
        self.metrics.families.security_event_polls.of([&*self.provider, result]).inc();
    }
}

impl fmt::Debug for EventMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EventMetrics").field(&self.provider).finish()
    }
}
