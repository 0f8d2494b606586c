//! The caller of an operation, by the agent's own rules.

use crate::authz::{OperationRules, Viewer};
use crate::gate::Verdict;
use crate::model::{Decision, Reason};

/// The caller, by the agent's own rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    /// They admit it.
    Admitted,
    /// It has no credential: only what is public is open to it.
    Anonymous,
    /// They refuse it for a scope or a claim. What is public is open to it as well, and a response that asks for more scopes
    /// names those of the whole operation.
    Refused,
}

impl Caller {
    /// `None` where the operation cannot change the verdict.
    pub(super) fn of(verdict: &Verdict, rules: Option<&OperationRules>) -> Option<Self> {
        let has_public = rules.is_some_and(OperationRules::has_public);
        match (verdict.decision, verdict.reason) {
            (Decision::Allow, _) => Some(Self::Admitted),
            (Decision::Error, _) => None,
            // Shadow mode judges as if it refused, so that its counts say what would happen.
            (Decision::Deny | Decision::ShadowDeny, Reason::TokenMissing | Reason::ApiKeyMissing) => {
                has_public.then_some(Self::Anonymous)
            }
            (Decision::Deny | Decision::ShadowDeny, Reason::ScopeMissing) => {
                rules.is_some().then_some(Self::Refused)
            }
            (Decision::Deny | Decision::ShadowDeny, Reason::ClaimMismatch) => {
                has_public.then_some(Self::Refused)
            }
            (Decision::Deny | Decision::ShadowDeny, _) => None,
        }
    }

    /// The same for lists, where the agent's own rules give this reason.
    pub(super) fn viewer(self, reason: Reason) -> Viewer {
        match self {
            Self::Admitted => Viewer::Admitted,
            Self::Refused if reason != Reason::ScopeMissing => Viewer::Barred,
            Self::Anonymous | Self::Refused => Viewer::CouldBeAdmitted,
        }
    }
}
