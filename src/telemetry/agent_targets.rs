//! How many of an agent's targets stand well, read when somebody looks. How each stands is in `target_gauges`, where it belongs
//! to no agent.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;

use super::TargetUse;
use super::families::agent_targets;
use super::target_gauges::{family, gauge, label};

/// The targets of an agent whose state is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentTargetsReading {
    /// The name of the agent.
    pub agent: String,
    /// How many there are of each, in the order of the words.
    pub counts: [usize; TargetUse::ALL.len()],
}

/// Reads the agents whose targets' state is kept.
type Read = Box<dyn Fn() -> Vec<AgentTargetsReading> + Send + Sync>;

/// What is read when somebody looks.
#[derive(Clone)]
pub(super) struct AgentTargets {
    read: Arc<Mutex<Option<Read>>>,
    desc: Desc,
}

impl AgentTargets {
    pub(super) fn new() -> Result<Self, prometheus::Error> {
        let declaration = agent_targets();
        let labels = declaration.label_names().into_iter().map(str::to_owned).collect();
        let (name, help) = (declaration.name.to_owned(), declaration.help.to_owned());
        Ok(Self { read: Arc::default(), desc: Desc::new(name, help, labels, HashMap::new())? })
    }

    /// Reads agents so from now on.
    pub(super) fn read(&self, read: impl Fn() -> Vec<AgentTargetsReading> + Send + Sync + 'static) {
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(read));
    }
}

impl Collector for AgentTargets {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.desc]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let agents = read.as_ref().map(|read| read()).unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "an agent has at most 64 targets")]
        let metrics = agents.iter().flat_map(|agent| {
            TargetUse::ALL.iter().zip(agent.counts).map(move |(state, count)| {
                let labels = vec![label("agent", &agent.agent), label("state", state.as_str())];
                gauge(labels, count as f64)
            })
        });
        vec![family(agent_targets(), metrics.collect())]
    }
}

impl fmt::Debug for AgentTargets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AgentTargets")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Metrics;

    #[test]
    fn an_agent_has_a_series_for_each_use_of_its_targets() {
        let metrics = Metrics::new().unwrap();
        assert!(!metrics.render().contains("portcullis_agent_targets"));
        metrics.read_agent_targets(|| vec![AgentTargetsReading { agent: "a".to_owned(), counts: [2, 1, 0] }]);
        let page = metrics.render();
        for (state, count) in [("well", 2), ("out", 1), ("drained", 0)] {
            let line = format!("portcullis_agent_targets{{agent=\"a\",state=\"{state}\"}} {count}\n");
            assert!(page.contains(&line), "{line}\n{page}");
        }
    }
}
