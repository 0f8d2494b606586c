//! The metric of the log lines that were dropped, read from where they are counted whenever somebody looks.

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;

use super::counter::Counter;
use super::families::lost_lines;
use super::family::Series;
use super::series::Counts;
use super::{lines, refusals};

/// The logs there are, so that each has its series from the start.
const LOGS: [&str; 3] = ["access", "process", refusals::LOG];

/// Collects the counts.
#[derive(Debug)]
pub(super) struct LostLines(Counts<Counter>);

impl LostLines {
    pub(super) fn new() -> Result<Self, prometheus::Error> {
        Ok(Self(family()?))
    }
}

impl Collector for LostLines {
    fn desc(&self) -> Vec<&Desc> {
        self.0.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        // Made anew for each look, so that two at once do not add to the same counter.
        let Ok(counters) = family() else { return Vec::new() };
        for log in LOGS {
            counters.of(&[log]);
        }
        for (log, lost) in lines::lost().into_iter().filter(|(log, _)| LOGS.contains(log)) {
            counters.of(&[log]).inc_by(lost);
        }
        counters.collect()
    }
}

fn family() -> Result<Counts<Counter>, prometheus::Error> {
    Series::declared(lost_lines())
}
