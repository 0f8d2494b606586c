//! What active checks of a target ask, and how many of them say that it is well. A loop of `control` makes them.

use std::ops::RangeInclusive;
use std::time::Duration;

use http::HeaderValue;

/// Active checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The path, and perhaps a query, that is asked for.
    pub path: Box<str>,
    /// The `Host` of the request; `None` = that of the target.
    pub host: Option<HeaderValue>,
    /// The time from one check to the next.
    pub interval: Duration,
    /// How long an answer may take.
    pub timeout: Duration,
    /// So many that pass in a row make it well.
    pub healthy: u32,
    /// So many that fail in a row make it unwell.
    pub unhealthy: u32,
    /// The statuses that pass.
    pub status: RangeInclusive<u16>,
}

/// Checks in a row with the same outcome.
#[derive(Debug, Default)]
pub struct Row {
    passed: u32,
    failed: u32,
}

impl Row {
    /// Notes a check. Returns what the row says now: whether the target is well, once enough had the same outcome.
    pub fn note(&mut self, passes: bool, health: &Health) -> Option<bool> {
        if passes {
            (self.passed, self.failed) = (self.passed.saturating_add(1), 0);
            (self.passed >= health.healthy).then_some(true)
        } else {
            (self.passed, self.failed) = (0, self.failed.saturating_add(1));
            (self.failed >= health.unhealthy).then_some(false)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_in_a_row_decide() {
        let health = Health {
            path: "/".into(),
            host: None,
            interval: Duration::from_secs(5),
            timeout: Duration::from_secs(1),
            healthy: 2,
            unhealthy: 3,
            status: 200..=399,
        };
        let mut row = Row::default();
        let said: Vec<Option<bool>> = [false, false, true, false, false, false, true, true]
            .into_iter()
            .map(|passes| row.note(passes, &health))
            .collect();
        assert_eq!(said, [None, None, None, None, None, Some(false), None, Some(true)]);
    }
}
