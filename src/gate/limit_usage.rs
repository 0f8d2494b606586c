//! The limits of an agent with how much of each is spent, for people who look. It says how many callers there are and how
//! much they have spent, and never who they are: `limits` knows them by hashes alone.

use std::time::Instant as Tick;

use schemars::JsonSchema;
use serde::Serialize;

use crate::limits::{Counting, Fleetwide, Limit, Measure, Period, Quota, Rate, Usage};
use crate::model::{Enforcement, closed_words};
use crate::routing::{Agent, AgentLimit, Counts, LimitScope};

use super::limited::enforces;

closed_words! {
    /// In which list a limit is written.
    LimitPlace {
        /// That of all agents: at the top of a file, or in the store.
        Top = "top",
        /// That of an identity provider.
        Provider = "identity_provider",
        /// That of the agent.
        Agent = "agent",
    }
}

/// A limit of an agent, and how much of it is spent at this gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LimitUsage {
    /// Its name.
    pub name: String,
    /// In which list it is written.
    pub place: LimitPlace,
    /// The identity provider at which it is written.
    pub provider: Option<String>,
    /// What it counts by: `principal`, `client_id`, `api_key`, `address`, `agent`, or `claim:` with the name of a claim.
    pub per: String,
    /// Who counts together.
    pub scope: LimitScope,
    /// Which requests it counts.
    pub count: Counts,
    /// Whether it refuses what it does not permit; `shadow` also where the agent is in shadow mode.
    pub enforcement: Enforcement,
    /// How the members of a fleet count.
    pub counting: Counting,
    /// The rate that is written; null for any other limit.
    pub rate: Option<LimitRate>,
    /// The requests under way that are written; null for any other limit.
    pub concurrent: Option<u32>,
    /// The quota that is written; null for any other limit.
    pub quota: Option<LimitQuota>,
    /// How many gateways share what is written.
    pub members: u32,
    /// The requests that one caller may make here at once when nothing is spent, or have under way: the part of this gateway.
    pub most: u64,
    /// Whose buckets the next three are of: those of this agent, or of all agents for which this limit counts.
    pub buckets: BucketsOf,
    /// The callers that have something spent. A new caller for whom there is no room shares one with others.
    pub in_use: usize,
    /// Those of them that have nothing left.
    pub exhausted: usize,
    /// The requests that those have spent that have spent most, the largest first; at most five.
    pub fullest: Vec<u64>,
    /// The requests that it, and others of its name, have let in at this agent since the start.
    pub allowed: u64,
    /// Those that they have refused.
    pub limited: u64,
    /// Those that they would have refused.
    pub shadow_limited: u64,
}

/// A rate, as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LimitRate {
    /// The requests of a window.
    pub count: u32,
    /// The window.
    pub window_seconds: u64,
    /// The requests that a full bucket lets in at once.
    pub burst: u32,
}

/// What a limit permits, as it is written: one of the three.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permits {
    /// A rate.
    pub rate: Option<LimitRate>,
    /// How many requests may be under way.
    pub concurrent: Option<u32>,
    /// A quota.
    pub quota: Option<LimitQuota>,
}

impl From<Measure> for Permits {
    fn from(measure: Measure) -> Self {
        let (mut rate, mut concurrent, mut quota) = (None, None, None);
        match measure {
            Measure::Rate(Rate { count, window, burst }) => {
                rate = Some(LimitRate { count, window_seconds: window.as_secs(), burst });
            }
            Measure::Concurrent(most) => concurrent = Some(most),
            Measure::Quota(Quota { count, period }) => quota = Some(LimitQuota { count, period }),
        }
        Self { rate, concurrent, quota }
    }
}

/// A quota, as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LimitQuota {
    /// The requests of a period.
    pub count: u32,
    /// The period, in UTC.
    pub period: Period,
}

closed_words! {
    /// Whose buckets are told.
    BucketsOf {
        /// Those of this agent.
        Agent = "agent",
        /// Those of all agents for which the limit counts.
        AllAgents = "all_agents",
    }
}

/// The limits of an agent in the order in which they are looked at. It walks over all buckets of the process, which takes
/// tens of milliseconds for a million: not for the thread of a listener.
#[must_use]
pub fn limit_usage(agent: &Agent, at: Tick) -> Vec<LimitUsage> {
    let Some(limits) = agent.limits.as_deref() else { return Vec::new() };
    let numbered: Vec<&Limit> = limits.list.iter().map(|limit| &*limit.limit).collect();
    let usage = limits.state.usage(&numbered, at);
    let members = limits.state.members();
    let of = |limit: &AgentLimit| Some(told(agent, limit, usage.get(&limit.limit.number())?, members));
    limits.list.iter().filter_map(of).collect()
}

fn told(agent: &Agent, limit: &AgentLimit, usage: &Usage, members: u32) -> LimitUsage {
    let Permits { rate, concurrent, quota } = limit.measure.into();
    let place = match (limit.provider, limit.is_own) {
        (Some(_), _) => LimitPlace::Provider,
        (None, true) => LimitPlace::Agent,
        (None, false) => LimitPlace::Top,
    };
    // Only a limit that stands at the agent and counts for it has a number that no other agent counts by.
    let is_alone = limit.is_own && limit.counts_for == LimitScope::Agent;
    let totals = limit.totals();
    LimitUsage {
        name: limit.name.to_string(),
        place,
        provider: agent.provider_name(limit.provider).map(ToString::to_string),
        per: limit.per.to_string(),
        scope: limit.counts_for,
        count: limit.counts,
        enforcement: if enforces(agent, limit) { Enforcement::Enforce } else { Enforcement::Shadow },
        counting: match limit.limit.fleetwide() {
            None => Counting::LocalShare,
            Some(Fleetwide { is_strict: false, .. }) => Counting::Shared,
            Some(Fleetwide { is_strict: true, .. }) => Counting::Strict,
        },
        rate,
        concurrent,
        quota,
        members,
        most: usage.most,
        buckets: if is_alone { BucketsOf::Agent } else { BucketsOf::AllAgents },
        in_use: usage.in_use,
        exhausted: usage.exhausted,
        fullest: usage.fullest.clone(),
        allowed: totals.allowed,
        limited: totals.limited,
        shadow_limited: totals.shadow_limited,
    }
}
