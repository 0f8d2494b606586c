//! The metric handles of one limit at one agent.

use std::fmt;
use std::sync::{Arc, OnceLock};

use prometheus::proto::LabelPair;

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

    /// What was counted so far, under this name and at this agent. Nothing is made that was not counted.
    #[must_use]
    pub fn totals(&self) -> LimitTotals {
        let Handles { metrics, agent, limit, results: _ } = &*self.0;
        let counted = metrics.families.limit_requests.metrics();
        let total = |result: LimitResult| {
            let is_wanted = |pair: &LabelPair| match pair.name() {
                "agent" => pair.value() == agent,
                "limit" => pair.value() == &**limit,
                _ => pair.value() == result.as_str(),
            };
            let found = counted.iter().find(|metric| metric.get_label().iter().all(is_wanted));
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
            found.map_or(0, |metric| metric.get_counter().get_value() as u64)
        };
        LimitTotals {
            allowed: total(LimitResult::Allowed),
            limited: total(LimitResult::Limited),
            shadow_limited: total(LimitResult::ShadowLimited),
        }
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

/// What a limit has said of requests at one agent, since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LimitTotals {
    /// Requests that were counted, and passed.
    pub allowed: u64,
    /// Requests that were refused.
    pub limited: u64,
    /// Requests that would have been refused.
    pub shadow_limited: u64,
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
        // Other handles of the same see it as well, and make nothing.
        let of = |limit: &str| metrics.limit(&agents[0], &Arc::from(limit)).totals();
        assert_eq!(of("x"), LimitTotals { allowed: 2, limited: 0, shadow_limited: 1 });
        assert_eq!(of("z"), LimitTotals::default());
        let page = metrics.render();
        assert!(!page.contains(&line("a", "z", "")) && !page.contains(r#"result="limited""#), "{page}");
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
