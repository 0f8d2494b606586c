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

/// What denies somebody, unless it fails.
const DENYING: [SecurityEventKind; 6] = [
    SecurityEventKind::SessionRevoked,
    SecurityEventKind::CredentialChange,
    SecurityEventKind::AccountDisabled,
    SecurityEventKind::AccountPurged,
    SecurityEventKind::AccountEnabled,
    SecurityEventKind::Logout,
];

impl EventMetrics {
    /// The series on which alerts stand begin at 0: a rise from nothing to 1 is none to Prometheus. And so do those to which
    /// strangers add, who must not make any.
    pub(super) fn new(metrics: &Arc<Resolved>, provider: &str) -> Self {
        use SecurityEventResult::{Failed, Rejected, Unauthorized, Unmapped};
        let both = |kind| [(kind, Failed), (kind, Unmapped)];
        let strange = [Failed, Rejected, Unauthorized].map(|result| (SecurityEventKind::None, result));
        for (kind, result) in DENYING.into_iter().flat_map(both).chain(strange) {
            let _begun = metrics.families.security_events.of([provider, kind.as_str(), result.as_str()]);
        }
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
