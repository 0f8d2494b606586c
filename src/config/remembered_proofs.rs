//! How many proofs of possession each agent remembers, for metrics.

use super::snapshot::Snapshot;

impl Snapshot {
    /// The agents that look at proofs, and how many each remembers.
    #[must_use]
    pub fn remembered_proofs(&self) -> Vec<(String, usize)> {
        let agents = self.agents.iter();
        agents.filter_map(|(name, agent)| Some((name.to_string(), agent.dpop()?.proofs.len()))).collect()
    }
}
