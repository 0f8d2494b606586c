//! How many proofs of possession each agent remembers, for metrics.

use crate::model::Instant;

use super::snapshot::Snapshot;

impl Snapshot {
    /// The agents that look at proofs, and how many each remembers at this time.
    #[must_use]
    pub fn remembered_proofs(&self, now: Instant) -> Vec<(String, usize)> {
        let agents = self.agents.iter();
        agents.filter_map(|(name, agent)| Some((name.to_string(), agent.dpop()?.proofs.count(now)))).collect()
    }
}
