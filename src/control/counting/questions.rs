//! Asks Redis for single requests, for limits with `counting: strict`.

use std::sync::Arc;
use std::time::Instant as Tick;

use crate::limits::{Answer, Answers, Ask, Counter};
use crate::telemetry::SharedStateMetrics;

use super::Connected;
use super::breaker::Breaker;
use super::convert::{bucket, heard};

/// Who asks.
pub(super) struct Questions {
    connected: Arc<Connected>,
    breaker: Breaker,
    metrics: SharedStateMetrics,
}

impl Questions {
    pub(super) fn new(connected: Arc<Connected>, metrics: SharedStateMetrics) -> Self {
        Self { connected, breaker: Breaker::new(Tick::now()), metrics }
    }

    async fn answers(&self, asks: &[Ask]) -> Option<Vec<Answer>> {
        let counters = self.connected.get();
        let counters = counters.as_ref().as_ref()?;
        let began = Tick::now();
        if !self.breaker.lets_ask(began) {
            return None;
        }
        let buckets: Vec<_> = asks.iter().map(|ask| (bucket(&ask.tale), ask.is_enforced)).collect();
        match counters.take(&buckets).await {
            Ok(taken) => {
                self.breaker.answered();
                self.metrics.answered_after(began.elapsed());
                let answer = |(is_let_in, stand)| Answer { is_let_in, heard: heard(stand) };
                Some(taken.into_iter().map(answer).collect())
            }
            Err(fault) => {
                tracing::debug!(error = %fault, "Redis was asked for a request, and gave no answer");
                self.breaker.failed(Tick::now());
                self.metrics.failed();
                None
            }
        }
    }
}

impl Counter for Questions {
    fn take<'a>(&'a self, asks: &'a [Ask]) -> Answers<'a> {
        Box::pin(self.answers(asks))
    }
}
