//! What this gateway knows of the Redis of `server.shared_state`, for those who look.

use std::sync::Arc;

use crate::model::{Instant, Live};

/// Since when it is of no use, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisOutage {
    /// When it was noticed.
    pub since: Instant,
    /// What was wrong the last time that it was tried.
    pub why: String,
}

/// Whether it is of use. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct RedisHealth(Arc<Live<Option<RedisOutage>>>);

impl Default for RedisHealth {
    fn default() -> Self {
        Self(Arc::new(Live::new(None)))
    }
}

impl RedisHealth {
    pub(super) fn outage(&self) -> Option<RedisOutage> {
        (*self.0.get()).clone()
    }

    /// It is still of no use, for this reason.
    pub(super) fn explain(&self, why: String) {
        self.set(self.outage().map(|outage| RedisOutage { why, ..outage }));
    }

    pub(super) fn set(&self, outage: Option<RedisOutage>) {
        self.0.publish(Arc::new(outage));
    }
}
