//! What came of a slice.

use std::time::Duration;

use serde::Serialize;

/// Counts and times of one slice's requests.
#[derive(Default)]
pub(crate) struct Tally {
    good: Vec<u32>,
    bad: Vec<u32>,
    pub(crate) wrong: Complaints,
    /// Connections that the gateway closed between two requests, as it may.
    pub(crate) reconnects: u64,
}

impl Tally {
    pub(crate) fn right(&mut self, good: bool, took: Duration) {
        let times = if good { &mut self.good } else { &mut self.bad };
        times.push(u32::try_from(took.as_nanos()).unwrap_or(u32::MAX));
    }

    pub(crate) fn good(&mut self) -> Times {
        Times::of(&mut self.good)
    }

    pub(crate) fn bad(&mut self) -> Times {
        Times::of(&mut self.bad)
    }
}

/// Answers that are not what they should be: how many, and what was wrong with the first few.
#[derive(Default, Serialize)]
pub(crate) struct Complaints {
    pub(crate) count: u64,
    pub(crate) examples: Vec<String>,
}

impl Complaints {
    pub(crate) fn add(&mut self, what: impl FnOnce() -> String) {
        self.count += 1;
        if self.examples.len() < 3 {
            self.examples.push(what());
        }
    }
}

/// Number and quantiles, in microseconds.
#[derive(Serialize)]
pub(crate) struct Times {
    pub(crate) count: usize,
    p50_us: f64,
    p99_us: f64,
}

impl Times {
    fn of(times: &mut [u32]) -> Self {
        times.sort_unstable();
        let at = |hundredth: usize| {
            let nanoseconds = times.get((times.len() * hundredth / 100).min(times.len().saturating_sub(1)));
            f64::from(nanoseconds.copied().unwrap_or_default()) / 1000.0
        };
        Self { count: times.len(), p50_us: at(50), p99_us: at(99) }
    }
}
