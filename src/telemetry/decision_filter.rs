//! What became of requests, in one word, and which of them somebody wants to see.

use crate::model::{AgentName, Decision, Reason};

use super::request_record::RequestRecord;

/// What became of a request, as far as its decision goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It went on.
    Allowed,
    /// It was refused.
    Refused,
    /// It went on because the agent is in shadow.
    WouldRefuse,
}

impl Outcome {
    /// What a decision makes of a request.
    #[must_use]
    pub const fn of(decision: Decision) -> Self {
        match decision {
            Decision::Allow => Self::Allowed,
            Decision::Deny | Decision::Error => Self::Refused,
            Decision::ShadowDeny => Self::WouldRefuse,
        }
    }

    /// Every one of them.
    pub const ALL: [Self; 3] = [Self::Allowed, Self::Refused, Self::WouldRefuse];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Refused => "refused",
            Self::WouldRefuse => "would_refuse",
        }
    }
}

/// Which decisions are wanted; what is absent is not looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DecisionFilter {
    /// Of this agent.
    pub agent: Option<AgentName>,
    /// For this reason.
    pub reason: Option<Reason>,
    /// Counted as this.
    pub decision: Option<Decision>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
}

impl DecisionFilter {
    /// Whether this decision is wanted.
    #[must_use]
    pub fn admits(&self, record: &RequestRecord) -> bool {
        self.agent.as_ref().is_none_or(|agent| record.agent.as_ref() == Some(agent))
            && self.reason.is_none_or(|reason| record.reason == reason)
            && self.decision.is_none_or(|decision| record.decision == decision)
            && self.outcome.is_none_or(|outcome| Outcome::of(record.decision) == outcome)
    }
}
