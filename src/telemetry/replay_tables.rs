//! How many proofs of possession each agent remembers, read when somebody looks.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;

use super::families::replay_entries;
use super::target_gauges::{family, gauge, label};

/// Reads the agents that look at proofs, and how many each remembers.
type Read = Box<dyn Fn() -> Vec<(String, usize)> + Send + Sync>;

/// What is read when somebody looks.
#[derive(Clone)]
pub(super) struct ReplayTables {
    read: Arc<Mutex<Option<Read>>>,
    desc: Desc,
}

impl ReplayTables {
    pub(super) fn new() -> Result<Self, prometheus::Error> {
        let declaration = replay_entries();
        let labels = declaration.label_names().into_iter().map(str::to_owned).collect();
        let (name, help) = (declaration.name.to_owned(), declaration.help.to_owned());
        Ok(Self { read: Arc::default(), desc: Desc::new(name, help, labels, HashMap::new())? })
    }

    /// Reads agents so from now on.
    pub(super) fn read(&self, read: impl Fn() -> Vec<(String, usize)> + Send + Sync + 'static) {
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(read));
    }
}

impl Collector for ReplayTables {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.desc]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let agents = read.as_ref().map(|read| read()).unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "a table has at most twenty million entries")]
        let metrics =
            agents.iter().map(|(agent, entries)| gauge(vec![label("agent", agent)], *entries as f64));
        vec![family(replay_entries(), metrics.collect())]
    }
}

impl fmt::Debug for ReplayTables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplayTables")
    }
}

#[cfg(test)]
mod tests {
    use crate::telemetry::Metrics;

    #[test]
    fn each_agent_that_looks_at_proofs_has_a_series() {
        let metrics = Metrics::new().unwrap();
        assert!(!metrics.render().contains("portcullis_dpop_replay_entries"));
        metrics.read_replay_tables(|| vec![("a".to_owned(), 7), ("b".to_owned(), 0)]);
        let page = metrics.render();
        for line in [r#"{agent="a"} 7"#, r#"{agent="b"} 0"#] {
            assert!(page.contains(&format!("portcullis_dpop_replay_entries{line}\n")), "{line}\n{page}");
        }
    }
}
