//! How many of the targets of each agent stand well, for metrics. How one target stands is for `upstream`.

use std::sync::Arc;

use crate::model::{AgentName, Instant, TargetState};
use crate::routing::Agent;
use crate::telemetry::{AgentTargetsReading, TargetUse};

use super::snapshot::Snapshot;

impl Snapshot {
    /// How many targets of each agent stand well, where their state is kept.
    #[must_use]
    pub fn agent_targets(&self, now: Instant) -> Vec<AgentTargetsReading> {
        let reading = |(name, agent): (&AgentName, &Arc<Agent>)| {
            let targets = agent.upstream.targets.as_ref()?;
            let mut counts = [0; TargetUse::ALL.len()];
            for member in &targets.members {
                let used = match targets.state(member, now) {
                    TargetState::Healthy | TargetState::Slow => TargetUse::Well,
                    TargetState::Ejected | TargetState::Unhealthy => TargetUse::Out,
                    TargetState::Draining => TargetUse::Drained,
                };
                if let Some(count) = counts.get_mut(used as usize) {
                    *count += 1;
                }
            }
            Some(AgentTargetsReading { agent: name.to_string(), counts })
        };
        self.agents.iter().filter_map(reading).collect()
    }
}
