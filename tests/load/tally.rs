//! What a load came to: how many were sent, what failed and how, and how long the answers took.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::histogram::Histogram;

/// So many examples of each kind of failure are kept.
const EXAMPLES: usize = 3;

/// The outcome of a load, or of a part of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) sent: u64,
    pub(crate) failed: u64,
    pub(crate) latency: Histogram,
    /// Answers by their status, wanted or not.
    pub(crate) statuses: BTreeMap<u16, u64>,
    kinds: BTreeMap<String, (u64, Vec<String>)>,
}

impl Tally {
    pub(crate) fn answered(&mut self, status: u16, took: Duration) {
        self.sent += 1;
        self.latency.record(took);
        *self.statuses.entry(status).or_default() += 1;
    }

    /// A failure of this kind; a request without an answer counts as sent here.
    pub(crate) fn failed(&mut self, kind: String, example: String, was_answered: bool) {
        if !was_answered {
            self.sent += 1;
        }
        self.failed += 1;
        let (count, examples) = self.kinds.entry(kind).or_default();
        *count += 1;
        if examples.len() < EXAMPLES {
            examples.push(example);
        }
    }

    /// Adds what another load, or another part of this one, came to.
    pub(crate) fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.failed += other.failed;
        self.latency.add(&other.latency);
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        for (kind, (more, found)) in other.kinds {
            let (count, examples) = self.kinds.entry(kind).or_default();
            *count += more;
            examples.extend(found);
            examples.truncate(EXAMPLES);
        }
    }

    /// How many failed in a way whose name begins so.
    pub(crate) fn of_kind(&self, beginning: &str) -> u64 {
        self.kinds.iter().filter(|(kind, _)| kind.starts_with(beginning)).map(|(_, (count, _))| count).sum()
    }

    /// Panics with examples unless nothing failed, and unless at least so many were sent.
    pub(crate) fn must_be_clean(&self, at_least: u64) {
        assert!(self.failed == 0, "{self}");
        assert!(self.sent >= at_least, "too few were sent for a verdict ({at_least}): {self}");
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (p50, p99) = (self.latency.quantile(0.5), self.latency.quantile(0.99));
        write!(f, "sent {}, failed {}, p50 {p50:.1?}, p99 {p99:.1?}", self.sent, self.failed)?;
        write!(f, ", max {:.1?}", self.latency.highest())?;
        for (kind, (count, examples)) in &self.kinds {
            write!(f, "\n  {count} × {kind}: {}", examples.join(" | "))?;
        }
        Ok(())
    }
}
