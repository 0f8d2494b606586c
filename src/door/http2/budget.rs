//! An allowance that fills with time and with useful work.

use tokio::time::Instant;

/// How much of something a connection may still do.
#[derive(Debug)]
pub(crate) struct Budget {
    left: f64,
    most: f64,
    per_second: f64,
    at: Instant,
}

impl Budget {
    /// A full budget of `most` that gets `per_second` back.
    pub(crate) fn new(most: u32, per_second: u32, now: Instant) -> Self {
        Self { left: most.into(), most: most.into(), per_second: per_second.into(), at: now }
    }

    /// Spends `cost`; `false` when that is more than there is.
    pub(crate) fn spend(&mut self, cost: u32, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.at);
        self.at = now;
        self.left = (self.left + passed.as_secs_f64() * self.per_second).min(self.most) - f64::from(cost);
        self.left >= 0.0
    }

    /// Gives something back for useful work.
    pub(crate) fn earn(&mut self, gain: u32) {
        self.left = (self.left + f64::from(gain)).min(self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_budget_fills_with_time_and_with_work_but_never_beyond_its_brim() {
        let start = Instant::now();
        let mut budget = Budget::new(10, 2, start);
        assert!(budget.spend(10, start));
        budget.earn(1);
        assert!(budget.spend(1, start));
        assert!(budget.spend(4, start + Duration::from_secs(2)));
        assert!(!budget.spend(1, start + Duration::from_secs(2)));
        budget.earn(100);
        assert!(budget.spend(10, start + Duration::from_secs(100)));
        assert!(!budget.spend(1, start + Duration::from_secs(100)));
    }
}
