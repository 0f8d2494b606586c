//! The limits of those who call an agent: which apply to a request, whom it counts for there, and what becomes of it.
//!
//! Those by address and those of failed credentials are looked at before the credential, all others once the rules have let the
//! request in. Nothing is spent before all of them admit it. `limits` counts.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant as Tick;

use crate::authz::{Check, Facts, Trace};
use crate::limits::{Measure, OnLoss, Per, Place, Quota, Standing, Taken, Who};
use crate::model::{Decision, Enforcement, Reason};
use crate::routing::{Agent, AgentLimit, AgentLimits, Counts};

use super::Verdict;
use super::whom::whom;

/// When a caller may ask again whom nobody can count, in seconds: the place where members count is looked for each second.
pub(super) const LOST: u64 = 1;

/// What the limits said of a request.
#[derive(Debug, Default)]
pub struct Counted {
    pub(super) at: Vec<AtLimit>,
    /// The limit that refused it, or would have in enforcement, as an index into the agent's list.
    pub(super) by: Option<usize>,
    /// Seconds until the next request is let in, of a refused one.
    pub(super) retry_after: Option<u64>,
    /// The places that it has among the requests under way.
    places: Vec<Place>,
}

/// What one limit said.
#[derive(Debug, Clone, Copy)]
pub(super) struct AtLimit {
    /// Its index in the agent's list.
    pub(super) nth: usize,
    pub(super) who: Who,
    pub(super) standing: Standing,
    pub(super) is_spent: bool,
    /// Whether it refuses because members cannot count together.
    pub(super) is_lost: bool,
}

/// Where a request stands, for those limits that ask.
#[derive(Debug, Clone, Copy)]
pub struct Standpoint {
    /// The client's address.
    pub address: Option<IpAddr>,
    /// The time.
    pub at: Tick,
}

impl Counted {
    /// The limits that a response tells of, with what is left of each.
    pub fn told<'a>(&'a self, agent: &'a Agent) -> impl Iterator<Item = (&'a AgentLimit, Standing)> {
        let known = self.at.iter().filter(|at| !at.is_lost);
        let limits = known.filter_map(move |at| Some((limit_at(agent, at.nth)?, at.standing)));
        limits.filter(move |(limit, _)| enforces(agent, limit))
    }

    /// The name of the limit that refused the request, or would have in enforcement.
    #[must_use]
    pub fn limit(&self, agent: &Agent) -> Option<Arc<str>> {
        Some(Arc::clone(&limit_at(agent, self.by?)?.name))
    }

    /// Seconds until the next request is let in; `None` of a request that was not refused.
    #[must_use]
    pub const fn retry_after(&self) -> Option<u64> {
        self.retry_after
    }

    /// Gives back what was spent, since the gateway itself could not serve the request.
    pub fn give_back(&mut self, agent: &Agent, at: Tick) {
        let Some(limits) = agent.limits.as_deref() else { return };
        self.places.clear();
        for spent in self.at.drain(..).filter(|at| at.is_spent) {
            if let Some(limit) = limits.list.get(spent.nth) {
                limits.state.give_back(limit.for_whom(spent.who), at);
            }
        }
    }
}

/// Looks at the limits that come before the credential; the refusal, if one of them refuses the request.
pub fn limited_before(
    agent: &Arc<Agent>,
    limits: &AgentLimits,
    from: Standpoint,
    trace: &mut impl Trace,
) -> Option<(Verdict, Box<Counted>)> {
    let mut counted = Counted::default();
    for (nth, limit) in limits.list.iter().enumerate().filter(|(_, limit)| comes_first(limit)) {
        let who = from.address.map_or(Who::Anonymous, Who::Address);
        let Some(at) = look(limits, (nth, limit), who, from) else { continue };
        // What would have been let in is told of when it is counted.
        if at.standing.left == 0 {
            counted.at.push(at);
        }
    }
    // One in shadow mode that counts all requests says so when it counts this one.
    let is_told = |at: &AtLimit| {
        limits.list.get(at.nth).is_some_and(|limit| enforces(agent, limit) || limit.counts == Counts::Failed)
    };
    counted.at.retain(is_told);
    counted.judge(agent, limits);
    counted.refuses(agent, trace).then(|| {
        let reason = counted.reason(agent);
        (Verdict::refused(agent, reason, None), Box::new(counted))
    })
}

/// Counts a request that the rules let in; one that a limit refuses is refused, and nothing is spent.
pub fn limited(
    agent: &Arc<Agent>,
    limits: &AgentLimits,
    verdict: Verdict,
    from: Standpoint,
    trace: &mut impl Trace,
) -> (Verdict, Option<Box<Counted>>) {
    if verdict.decision != Decision::Allow {
        return (verdict, None);
    }
    // Those that are asked for come last: see `strictly`.
    let applies = |limit: &AgentLimit| {
        limit.counts == Counts::All && limit.is_about(verdict.provider) && !limit.is_strict()
    };
    let mut counted = Counted::default();
    for (nth, limit) in limits.list.iter().enumerate().filter(|(_, limit)| applies(limit)) {
        let who = whom(agent, limit, verdict.identity.as_deref(), verdict.permit.as_ref(), from.address);
        match look(limits, (nth, limit), who, from) {
            Some(at) => counted.at.push(at),
            None => limit.has_allowed(),
        }
    }
    if counted.at.is_empty() {
        return (verdict, None);
    }
    counted.judge(agent, limits);
    if counted.retry_after.is_none() {
        counted.spend(agent, limits, from.at);
    }
    // Where some are asked for yet, those say whether it passes.
    if counted.retry_after.is_none() && !limits.has_strict {
        counted.pass(limits);
    }
    let verdict = match counted.refuses(agent, trace) {
        true => verdict.but_refused(agent, counted.reason(agent)),
        false => verdict,
    };
    (verdict, Some(Box::new(counted)))
}

/// Counts a request whose credential was refused with 401 at the limits of those.
#[must_use]
pub fn failed(limits: &AgentLimits, provider: Option<usize>, from: Standpoint) -> Option<Box<Counted>> {
    let mut counted = Counted::default();
    let applies = |limit: &AgentLimit| limit.counts == Counts::Failed && limit.is_about(provider);
    for (nth, limit) in limits.list.iter().enumerate().filter(|(_, limit)| applies(limit)) {
        let who = from.address.map_or(Who::Anonymous, Who::Address);
        let standing = limits.state.charge(limit.for_whom(who), from.at);
        limit.has_allowed();
        counted.at.push(AtLimit { nth, who, standing, is_spent: true, is_lost: false });
    }
    (!counted.at.is_empty()).then(|| Box::new(counted))
}

/// What is left at each limit for the caller of a request with this verdict; `None` where nothing says who that is.
pub(super) fn left(agent: &Agent, verdict: &Verdict, from: Standpoint) -> Vec<(Arc<str>, Option<u64>)> {
    let Some(limits) = agent.limits.as_deref() else { return Vec::new() };
    let is_known = |limit: &AgentLimit| match limit.per {
        Per::Address => from.address.is_some(),
        Per::Agent => true,
        Per::Principal | Per::ClientId | Per::ApiKey | Per::Claim(_) => verdict.decision == Decision::Allow,
    };
    let of = |limit: &AgentLimit| {
        let who = whom(agent, limit, verdict.identity.as_deref(), verdict.permit.as_ref(), from.address);
        let left = is_known(limit).then(|| limits.state.look(limit.for_whom(who), from.at).left);
        (Arc::clone(&limit.name), left)
    };
    limits.list.iter().filter(|limit| limit.is_about(verdict.provider)).map(of).collect()
}

impl Counted {
    /// Finds the limits that let nothing in, and counts the request as refused there. Of several the one with the longest
    /// wait is told.
    pub(super) fn judge(&mut self, agent: &Agent, limits: &AgentLimits) {
        for at in self.at.iter().filter(|at| at.standing.left == 0) {
            let Some(limit) = limits.list.get(at.nth) else { continue };
            if enforces(agent, limit) {
                limit.has_limited();
                if self.retry_after.is_none_or(|longest| at.standing.seconds > longest) {
                    (self.by, self.retry_after) = (Some(at.nth), Some(at.standing.seconds));
                }
            } else {
                limit.has_limited_in_shadow();
                self.by = self.by.or(Some(at.nth));
            }
        }
    }

    /// Spends at all limits that have let the request in, or, where another request was faster at one of them, at none.
    pub(super) fn spend(&mut self, agent: &Agent, limits: &AgentLimits, now: Tick) {
        let mut late = None;
        for at in self.at.iter_mut().filter(|at| at.standing.left > 0) {
            let Some(limit) = limits.list.get(at.nth) else { continue };
            match limits.state.take(limit.for_whom(at.who), now) {
                Taken::Request(standing) => (at.standing, at.is_spent) = (standing, true),
                Taken::Place(standing, place) => {
                    (at.standing, at.is_spent) = (standing, true);
                    self.places.push(place);
                }
                Taken::Nothing(standing) => {
                    at.standing = standing;
                    if enforces(agent, limit) {
                        limit.has_limited();
                        late = Some((at.nth, standing.seconds));
                        break;
                    }
                    limit.has_limited_in_shadow();
                    self.by = self.by.or(Some(at.nth));
                }
            }
        }
        if let Some((by, seconds)) = late {
            self.take_back(limits, now);
            (self.by, self.retry_after) = (Some(by), Some(seconds));
        }
    }

    /// Counts the request as one that passes at each limit where it was spent.
    pub(super) fn pass(&self, limits: &AgentLimits) {
        let spent = self.at.iter().filter(|at| at.is_spent);
        spent.filter_map(|at| limits.list.get(at.nth)).for_each(AgentLimit::has_allowed);
    }

    /// Gives back what was spent, since another limit refuses the request.
    pub(super) fn take_back(&mut self, limits: &AgentLimits, now: Tick) {
        self.places.clear();
        for at in self.at.iter_mut().filter(|at| at.is_spent) {
            if let Some(limit) = limits.list.get(at.nth) {
                limits.state.give_back(limit.for_whom(at.who), now);
                at.standing = limits.state.look(limit.for_whom(at.who), now);
            }
            at.is_spent = false;
        }
    }

    /// Whether the request is refused; the trace gets the limit.
    pub(super) fn refuses(&self, agent: &Agent, trace: &mut impl Trace) -> bool {
        let Some(seconds) = self.retry_after else { return false };
        let limit = self.by.and_then(|by| limit_at(agent, by));
        trace.check(Check::Limit, false, || Facts {
            seen: limit.map(|limit| format!("the limit {}, with nothing left for {seconds} s", limit.name)),
            wanted: limit.map_or_else(String::new, |limit| permits(limit.measure)),
            fix: "let the client wait as long as `Retry-After` says; if it may ask more often, raise the limit",
        });
        true
    }

    pub(super) fn reason(&self, agent: &Agent) -> Reason {
        if self.at.iter().any(|at| Some(at.nth) == self.by && at.is_lost) {
            return Reason::LimitsUnavailable;
        }
        match self.by.and_then(|by| limit_at(agent, by)).map(|limit| limit.measure) {
            Some(Measure::Concurrent(_)) => Reason::ConcurrencyLimited,
            Some(Measure::Quota(_)) => Reason::QuotaSpent,
            Some(Measure::Rate(_)) | None => Reason::RateLimited,
        }
    }
}

/// What a limit says of a request that spends nothing; `None` of one that lets all in, since members cannot count together.
fn look(
    limits: &AgentLimits,
    (nth, limit): (usize, &AgentLimit),
    who: Who,
    from: Standpoint,
) -> Option<AtLimit> {
    let (is_spent, is_lost) = (false, false);
    match limits.state.lost(&limit.limit) {
        None | Some(OnLoss::Share) => {
            let standing = limits.state.look(limit.for_whom(who), from.at);
            Some(AtLimit { nth, who, standing, is_spent, is_lost })
        }
        Some(OnLoss::Allow) => None,
        Some(OnLoss::Deny) => {
            let standing = Standing { left: 0, seconds: LOST };
            Some(AtLimit { nth, who, standing, is_spent, is_lost: true })
        }
    }
}

fn permits(measure: Measure) -> String {
    match measure {
        Measure::Rate(rate) => {
            let seconds = rate.window.as_secs();
            format!("at most {} requests in {seconds} s, {} of them at once", rate.count, rate.burst)
        }
        Measure::Concurrent(most) => format!("at most {most} requests under way"),
        Measure::Quota(Quota { count, period }) => format!("at most {count} requests in a {period} of UTC"),
    }
}

fn limit_at(agent: &Agent, nth: usize) -> Option<&AgentLimit> {
    agent.limits.as_deref()?.list.get(nth)
}

/// Whether a limit is looked at before the credential. One that is asked for is asked once, at the end.
fn comes_first(limit: &AgentLimit) -> bool {
    limit.comes_first() && !limit.is_strict()
}

/// Whether a limit refuses what it does not permit. At an agent in shadow mode none does.
pub(super) fn enforces(agent: &Agent, limit: &AgentLimit) -> bool {
    agent.enforcement == Enforcement::Enforce && limit.enforcement == Enforcement::Enforce
}
