//! Asks Redis for single requests, for limits with `counting: strict`.

use std::sync::Arc;
use std::time::Instant as Tick;

use crate::limits::{Answer, Answers, Ask, Counter};

use super::Connected;
use super::convert::{bucket, heard};
use super::outage::Outage;

/// Who asks.
pub(super) struct Questions {
    connected: Arc<Connected>,
    outage: Arc<Outage>,
}

impl Questions {
    pub(super) const fn new(connected: Arc<Connected>, outage: Arc<Outage>) -> Self {
        Self { connected, outage }
    }

    async fn answers(&self, asks: &[Ask]) -> Option<Vec<Answer>> {
        let counters = self.connected.get();
        let counters = counters.as_ref().as_ref()?;
        if !self.outage.lets_ask() {
            return None;
        }
        let began = Tick::now();
        let buckets: Vec<_> = asks.iter().map(|ask| (bucket(&ask.tale), ask.is_enforced)).collect();
        match counters.take(&buckets).await {
            Ok(taken) => {
                self.outage.answered(began.elapsed());
                let answer = |(is_let_in, stand)| Answer { is_let_in, heard: heard(stand) };
                Some(taken.into_iter().map(answer).collect())
            }
            Err(fault) => {
                self.outage.unanswered(&fault);
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
