//! The metric handles of an agent's card. Not used on the request path.

use std::fmt;
use std::sync::Arc;

use crate::model::{CardSignature, CardSource, Instant};

use super::resolved::Resolved;

/// The handles of the card of one agent.
#[derive(Clone)]
pub struct CardMetrics {
    metrics: Arc<Resolved>,
    agent: String,
}

impl CardMetrics {
    pub(super) fn new(metrics: &Arc<Resolved>, agent: &str) -> Self {
        Self { metrics: Arc::clone(metrics), agent: agent.to_owned() }
    }

    /// A card is served.
    pub fn serves(&self, source: CardSource, signature: CardSignature) {
        self.forget_info();
        let values = [&*self.agent, source.as_str(), signature.as_str()];
        self.metrics.families.card_info.of(values).set(1);
    }

    /// A card came from the agent, or was confirmed by it, at `now`.
    pub fn fetched(&self, now: Instant) {
        self.metrics.card_times.had(&self.agent, now);
        self.metrics.families.card_stale.of([&*self.agent]).set(0);
    }

    /// A fetch failed.
    pub fn failed(&self) {
        self.metrics.families.card_stale.of([&*self.agent]).set(1);
    }

    /// The agent has no card any more.
    pub fn gone(&self) {
        self.forget_info();
        self.metrics.card_times.gone(&self.agent);
        self.metrics.families.card_stale.remove([&*self.agent]);
        self.metrics.families.card_age.remove([&*self.agent]);
    }

    fn forget_info(&self) {
        for source in CardSource::ALL {
            for signature in CardSignature::ALL {
                let values = [&*self.agent, source.as_str(), signature.as_str()];
                self.metrics.families.card_info.remove(values);
            }
        }
    }
}

impl fmt::Debug for CardMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CardMetrics").field(&self.agent).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AgentName, Clock as _, SystemClock};
    use crate::telemetry::Metrics;

    #[test]
    fn a_card_has_one_series_of_each_kind_until_it_is_gone() {
        let metrics = Metrics::new().unwrap();
        let card = metrics.card(&AgentName::parse("a").unwrap());
        card.serves(CardSource::Rewrite, CardSignature::None);
        card.serves(CardSource::Rewrite, CardSignature::Stripped);
        card.fetched(SystemClock.now());
        card.failed();
        let page = metrics.render();
        for line in [
            r#"portcullis_agent_card_info{agent="a",signature="stripped",source="rewrite"} 1"#,
            r#"portcullis_agent_card_stale{agent="a"} 1"#,
            r#"portcullis_agent_card_age_seconds{agent="a"} "#,
        ] {
            assert!(page.contains(line), "{line}\n{page}");
        }
        assert_eq!(page.matches("portcullis_agent_card_info{").count(), 1);
        card.gone();
        assert!(!metrics.render().contains("portcullis_agent_card"));
    }
}
