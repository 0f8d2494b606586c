//! The real binary under load and faults: what callers notice, and what it costs in memory and descriptors.
//!
//! Each test has a short form, and a long one for `make soak` (`PORTCULLIS_LONG=1`). They run one at a time, alone.

#[cfg(test)]
#[path = "load/answer.rs"]
mod answer;

#[cfg(test)]
#[path = "load/ask.rs"]
mod ask;

#[cfg(test)]
#[path = "load/attacks/mod.rs"]
mod attacks;

#[cfg(test)]
#[path = "load/histogram.rs"]
mod histogram;

#[cfg(test)]
#[path = "load/length.rs"]
mod length;

#[cfg(test)]
#[path = "load/life/mod.rs"]
mod life;

#[cfg(test)]
#[path = "load/process.rs"]
mod process;

#[cfg(test)]
#[path = "load/report.rs"]
mod report;

#[cfg(test)]
#[path = "load/steady.rs"]
mod steady;

#[cfg(test)]
#[path = "load/tally.rs"]
mod tally;

#[cfg(test)]
#[path = "load/vitals.rs"]
mod vitals;
