//! What happened at one agent within some minutes.

use crate::model::Decision;

/// What happened at one agent in the last five minutes, in requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lately {
    /// What was allowed.
    pub allowed: u64,
    /// What was refused.
    pub refused: u64,
    /// What would have been refused.
    pub would_refuse: u64,
    /// What ended without an answer of the agent.
    pub failed: u64,
}

impl Lately {
    /// What went on to the agent.
    #[must_use]
    pub const fn went_on(&self) -> u64 {
        self.allowed + self.would_refuse
    }

    pub(super) fn since(self, before: Self) -> Self {
        // Series of an agent that was removed and came back begin at nothing.
        let grown = |now: u64, before: u64| if now < before { now } else { now - before };
        Self {
            allowed: grown(self.allowed, before.allowed),
            refused: grown(self.refused, before.refused),
            would_refuse: grown(self.would_refuse, before.would_refuse),
            failed: grown(self.failed, before.failed),
        }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            allowed: self.allowed + other.allowed,
            refused: self.refused + other.refused,
            would_refuse: self.would_refuse + other.would_refuse,
            failed: self.failed + other.failed,
        }
    }

    pub(super) fn count(&mut self, decision: Decision, more: u64) {
        *match decision {
            Decision::Allow => &mut self.allowed,
            Decision::Deny | Decision::Error => &mut self.refused,
            Decision::ShadowDeny => &mut self.would_refuse,
        } += more;
    }
}
