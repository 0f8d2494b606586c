//! The limits that apply to the callers of one agent: its own, those of the providers that it accepts, and those of all agents.
//!
//! `limits` counts, and `gate` decides whom a request counts for.

use std::sync::Arc;

use crate::limits::{Limit, LimitState, Measure, OnLoss, Per, Scope, Weighed, Who};
use crate::model::{Enforcement, closed_words};
use crate::telemetry::{LimitMetrics, LimitResult, LimitTotals};

closed_words! {
    /// Which requests a limit counts.
    Counts {
        /// All that pass the rules.
        All = "all",
        /// Those whose credential is refused with 401.
        Failed = "failed",
    }
}

closed_words! {
    /// Who counts together at a limit.
    LimitScope {
        /// Each agent counts by itself.
        Agent = "agent",
        /// All agents with a limit of that name count together.
        Everywhere = "everywhere",
    }
}

/// The limits of one agent; at least one.
#[derive(Debug)]
pub struct AgentLimits {
    /// What they have in common with those of all other agents.
    pub state: Arc<LimitState>,
    /// Each, no limit twice.
    pub list: Box<[AgentLimit]>,
    /// Whether any of them is asked for with each request.
    pub has_strict: bool,
}

/// A limit at one agent.
#[derive(Debug)]
pub struct AgentLimit {
    /// The limit, which outlives a change of what is written here.
    pub limit: Arc<Limit>,
    /// Its name.
    pub name: Arc<str>,
    /// What it permits.
    pub measure: Measure,
    /// What it counts by.
    pub per: Per,
    /// Which requests it counts.
    pub counts: Counts,
    /// Whether it refuses what it does not permit.
    pub enforcement: Enforcement,
    /// The provider of the tokens that it is about, as an index into the agent's list; `None` = it is about all callers.
    pub provider: Option<usize>,
    /// The claim that it counts by, as an index into those that the agent's admissions have.
    pub claim: Option<usize>,
    /// Whether it is written at the agent itself.
    pub is_own: bool,
    /// Who counts together.
    pub counts_for: LimitScope,
    /// What its buckets have in common.
    pub scope: Scope,
    /// Its item in the field with the policies.
    pub policy: Box<str>,
    /// Where its requests are counted.
    pub metrics: LimitMetrics,
}

impl AgentLimits {
    /// Whether any of them is looked at before the credential.
    #[must_use]
    pub fn come_first(&self) -> bool {
        self.list.iter().any(AgentLimit::comes_first)
    }
}

impl AgentLimit {
    /// Whether it is looked at before the credential: one by address, unless only the credential says that it applies.
    #[must_use]
    pub fn comes_first(&self) -> bool {
        match self.counts {
            Counts::Failed => true,
            Counts::All => self.per == Per::Address && self.provider.is_none(),
        }
    }

    /// Whether all members of a fleet count it together.
    #[must_use]
    pub fn is_common(&self) -> bool {
        self.limit.fleetwide().is_some()
    }

    /// Whether it refuses all whom it is about while members cannot count together.
    #[must_use]
    pub fn refuses_on_loss(&self) -> bool {
        let denies = self.limit.fleetwide().is_some_and(|how| how.on_loss == OnLoss::Deny);
        denies && self.enforcement == Enforcement::Enforce
    }

    /// Whether it is asked for with each request.
    #[must_use]
    pub fn is_strict(&self) -> bool {
        self.limit.fleetwide().is_some_and(|how| how.is_strict)
    }

    /// Whether it is about the callers with tokens of this provider, or without any.
    #[must_use]
    pub fn is_about(&self, provider: Option<usize>) -> bool {
        self.provider.is_none() || self.provider == provider
    }

    /// Whether both say the same of the same limit.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.limit, &other.limit)
            && self.is_own == other.is_own
            && self.counts_for == other.counts_for
            && self.scope == other.scope
            && self.measure == other.measure
            && self.per == other.per
            && self.counts == other.counts
            && self.enforcement == other.enforcement
            && self.provider == other.provider
            && self.claim == other.claim
    }

    /// It has counted a request, which passes.
    pub fn has_allowed(&self) {
        self.metrics.counted(LimitResult::Allowed);
    }

    /// It has refused a request.
    pub fn has_limited(&self) {
        self.metrics.counted(LimitResult::Limited);
    }

    /// It would have refused a request, which passes.
    pub fn has_limited_in_shadow(&self) {
        self.metrics.counted(LimitResult::ShadowLimited);
    }

    /// How many requests it has counted and refused at this agent since the start, together with others of its name there.
    #[must_use]
    pub fn totals(&self) -> LimitTotals {
        self.metrics.totals()
    }

    /// The limit for somebody.
    #[must_use]
    pub fn for_whom(&self, who: Who) -> Weighed<'_> {
        Weighed { limit: &self.limit, scope: self.scope, who }
    }
}
