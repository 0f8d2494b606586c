//! What is counted when a target is ejected, a request is sent again, or the name of an upstream is looked up. How targets stand is in `target_gauges`.

use std::sync::Arc;

use crate::model::{LookupResult, RetryResult, TargetFault};

use super::resolved::Resolved;

/// What targets are counted with. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TargetMetrics(Arc<Resolved>);

impl TargetMetrics {
    pub(super) const fn new(metrics: Arc<Resolved>) -> Self {
        Self(metrics)
    }

    /// A target was ejected.
    pub fn ejected(&self, url: &str, why: TargetFault) {
        self.0.families.target_ejections.of([url, why.as_str()]).inc();
    }

    /// A request was sent again, or could not be for want of budget.
    pub fn retried(&self, result: RetryResult) {
        self.0.families.retries.of([result.as_str()]).inc();
    }

    /// The name of an upstream was looked up.
    pub fn looked_up(&self, result: LookupResult) {
        self.0.families.name_lookups.of([result.as_str()]).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Metrics, TargetReading};
    use super::*;
    use crate::model::TargetState;

    #[test]
    fn targets_are_read_when_somebody_looks() {
        let metrics = Metrics::new().unwrap();
        assert!(!metrics.render().contains("portcullis_target"));
        metrics.read_targets(|| {
            vec![TargetReading { url: "http://a:1".to_owned(), state: TargetState::Slow, in_flight: 7 }]
        });
        metrics.targets().ejected("http://a:1", TargetFault::BadGateway);
        metrics.targets().retried(RetryResult::Sent);
        metrics.targets().looked_up(LookupResult::Kept);
        let page = metrics.render();
        for line in [
            r#"portcullis_target_state{state="slow",target="http://a:1"} 1"#,
            r#"portcullis_target_state{state="healthy",target="http://a:1"} 0"#,
            r#"portcullis_target_in_flight{target="http://a:1"} 7"#,
            r#"portcullis_target_ejections_total{target="http://a:1",why="502"} 1"#,
            r#"portcullis_retries_total{result="sent"} 1"#,
            r#"portcullis_name_lookups_total{result="kept"} 1"#,
        ] {
            assert!(page.contains(line), "{line}\n{page}");
        }
    }
}
