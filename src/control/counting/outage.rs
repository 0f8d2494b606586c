//! Whether the Redis of `server.shared_state` is of use, and who is told when that changes: one warning an outage, the metric, and
//! whoever looks.
//!
//! It is of no use when it is away, and of none to requests when it is so slow that they do not wait for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::control::shared_state_health::{RedisHealth, RedisOutage};
use crate::model::Clock;
use crate::store::RedisFault;
use crate::telemetry::SharedStateMetrics;

use super::breaker::Breaker;

/// What is known of it.
pub(super) struct Outage {
    metrics: SharedStateMetrics,
    breaker: Breaker,
    health: RedisHealth,
    clock: Arc<dyn Clock>,
    /// Whether it was said that it is of no use.
    is_told: AtomicBool,
    /// Whether it was said why it cannot be connected to, where that is another reason than the first.
    is_explained: AtomicBool,
}

impl Outage {
    /// Nothing was said yet.
    pub(super) fn new(metrics: SharedStateMetrics, health: RedisHealth, clock: Arc<dyn Clock>) -> Self {
        let (is_told, is_explained) = (AtomicBool::default(), AtomicBool::default());
        Self { metrics, breaker: Breaker::default(), health, clock, is_told, is_explained }
    }

    /// Whether a request asks it.
    pub(super) fn lets_ask(&self) -> bool {
        self.breaker.lets_ask()
    }

    /// It has answered a request after this long.
    pub(super) fn answered(&self, took: Duration) {
        self.breaker.answered();
        self.metrics.answered_after(took);
    }

    /// It has not.
    pub(super) fn unanswered(&self, fault: &RedisFault) {
        tracing::debug!(error = %fault, "Redis was asked for a request, and gave no answer");
        self.metrics.failed();
        if self.breaker.failed() && self.begins(fault) {
            tracing::warn!(
                error = %fault,
                "the Redis of `server.shared_state` does not answer requests: each limit with `counting: strict` does what its `on_loss` says until it does"
            );
        }
    }

    /// It was asked in the background, while no request asks it.
    pub(super) fn probed(&self, is_in_time: bool) {
        if self.breaker.probed(is_in_time) {
            self.ends();
        }
    }

    /// It is away.
    pub(super) fn lost(&self, fault: &RedisFault) {
        self.metrics.failed();
        if self.begins(fault) {
            tracing::warn!(
                error = %fault,
                "the Redis of `server.shared_state` is away: each limit does what its `on_loss` says until it is back"
            );
        }
    }

    /// It was looked for, and is still away. What is wrong now says more than how the last connection ended.
    pub(super) fn unreached(&self, fault: &RedisFault) {
        self.lost(fault);
        let why = fault.to_string();
        let is_news = self.health.outage().is_some_and(|outage| outage.why != why);
        if is_news {
            self.health.explain(why);
        }
        if is_news && !self.is_explained.swap(true, Ordering::Relaxed) {
            tracing::info!(error = %fault, "the Redis of `server.shared_state` cannot be connected to");
        }
    }

    /// It is there.
    pub(super) fn found(&self) {
        self.breaker.close();
        self.ends();
    }

    /// Returns whether that is to be said.
    fn begins(&self, fault: &RedisFault) -> bool {
        self.metrics.up(false);
        let is_news = !self.is_told.swap(true, Ordering::Relaxed);
        if is_news {
            self.is_explained.store(false, Ordering::Relaxed);
            self.health.set(Some(RedisOutage { since: self.clock.now(), why: fault.to_string() }));
        }
        is_news
    }

    fn ends(&self) {
        self.metrics.up(true);
        self.health.set(None);
        if self.is_told.swap(false, Ordering::Relaxed) {
            tracing::info!("the Redis of `server.shared_state` is back: limits count over all members again");
        } else {
            tracing::info!("limits count over all members");
        }
    }
}
