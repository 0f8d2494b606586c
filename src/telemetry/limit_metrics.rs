//! The metric handles of one limit at one agent.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::model::AgentName;

use super::LimitResult;
use super::counter::Counter;
use super::resolved::Resolved;

/// The handles. Cheap to clone; a counter is made when it is first needed.
#[derive(Clone)]
pub struct LimitMetrics(Arc<Handles>);

struct Handles {
    metrics: Arc<Resolved>,
    agent: String,
    limit: Arc<str>,
    results: [OnceLock<Arc<Counter>>; LimitResult::ALL.len()],
}

impl LimitMetrics {
    pub(super) fn new(metrics: &Arc<Resolved>, agent: &AgentName, limit: &Arc<str>) -> Self {
        let results = std::array::from_fn(|_| OnceLock::new());
        let (metrics, limit) = (Arc::clone(metrics), Arc::clone(limit));
        Self(Arc::new(Handles { metrics, agent: agent.to_string(), limit, results }))
    }

    /// Counts a request.
    pub fn counted(&self, result: LimitResult) {
        let Handles { metrics, agent, limit, results } = &*self.0;
        if let Some(counter) = results.get(result as usize) {
            let make = || metrics.families.limit_requests.of([agent, limit, result.as_str()]);
            counter.get_or_init(make).inc();
        }
    }
}

impl fmt::Debug for LimitMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LimitMetrics").field(&self.0.agent).field(&self.0.limit).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::telemetry::{Configured, Metrics};

    #[test]
    fn requests_count_by_agent_limit_and_result_and_go_with_either() {
        let metrics = Metrics::new().unwrap();
        let agents = ["a", "b"].map(|name| AgentName::parse(name).unwrap());
        for agent in &agents {
            for limit in ["x", "y"] {
                let handles = metrics.limit(agent, &Arc::from(limit));
                handles.counted(LimitResult::Allowed);
                handles.counted(LimitResult::Allowed);
                handles.counted(LimitResult::ShadowLimited);
            }
        }
        let line = |agent: &str, limit: &str, rest: &str| {
            format!("portcullis_limit_requests_total{{agent=\"{agent}\",limit=\"{limit}\",result={rest}")
        };
        let page = metrics.render();
        for wanted in [line("a", "x", "\"allowed\"} 2"), line("b", "y", "\"shadow_limited\"} 1")] {
            assert!(page.contains(&wanted), "{wanted}\n{page}");
        }
        metrics.retain(&Configured {
            agents: HashSet::from(["a"]),
            limits: HashSet::from(["x"]),
            ..Configured::default()
        });
        let page = metrics.render();
        assert!(page.contains(&line("a", "x", "")) && !page.contains(&line("a", "y", "")), "{page}");
        assert!(!page.contains(&line("b", "", "").replace("limit=\"\",result=", "")), "{page}");
    }
}
