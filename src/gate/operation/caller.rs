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
    /// They refuse it for what it may do, and not for a bad credential. What is public is open to it as well, and a response that asks for more
    /// names what the whole operation needs.
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
            (
                Decision::Deny | Decision::ShadowDeny,
                Reason::ScopeMissing | Reason::AcrInsufficient | Reason::AuthTooOld,
            ) => rules.is_some().then_some(Self::Refused),
            (
                Decision::Deny | Decision::ShadowDeny,
                Reason::ClaimMismatch | Reason::ClientNotAllowed | Reason::ActorNotAllowed,
            ) => has_public.then_some(Self::Refused),
            (Decision::Deny | Decision::ShadowDeny, _) => None,
        }
    }

    /// The same for lists, where the agent's own rules give this reason.
    pub(super) fn viewer(self, reason: Reason) -> Viewer {
        match self {
            Self::Admitted => Viewer::Admitted,
            Self::Refused if !could_change(reason) => Viewer::Barred,
            Self::Anonymous | Self::Refused => Viewer::CouldBeAdmitted,
        }
    }
}

/// Whether another token of the same caller may be admitted: one with more scopes, or after another login.
pub(super) const fn could_change(reason: Reason) -> bool {
    matches!(reason, Reason::ScopeMissing | Reason::AcrInsufficient | Reason::AuthTooOld)
}
