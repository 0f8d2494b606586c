//! The lines that a test prints of what it measured, so that a log of the suite holds its results.

use std::fmt::Display;
use std::time::Instant;

use super::length::is_long;

/// Printed when it is dropped, also by a test that fails.
pub(crate) struct Report {
    name: &'static str,
    began: Instant,
    lines: Vec<String>,
}

impl Report {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, began: Instant::now(), lines: Vec::new() }
    }

    pub(crate) fn line(&mut self, what: &str, value: impl Display) {
        self.lines.push(format!("  {what}: {value}"));
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        let form = if is_long() { "long" } else { "short" };
        let took = self.began.elapsed().as_secs_f64();
        eprintln!("== {} ({form} form, {took:.0} s)\n{}", self.name, self.lines.join("\n"));
    }
}
