//! The limits of each agent: its own, those of the providers that it accepts, and those of all agents.

use std::sync::Arc;

use super::super::caller_limits::{CallerLimits, LimitId, LimitKind, LimitPlace};
use super::input::Input;
use crate::authz::CountedClaim;
use crate::config::language::settings::agent::{AgentEntry, Auth};
use crate::config::language::settings::limit::LimitSettings;
use crate::limits::{Measure, Per, fields};
use crate::model::AgentName;
use crate::routing::{AgentLimit, AgentLimits, LimitScope};

/// The limits of one agent, and the claims by which they count.
#[derive(Default)]
pub(super) struct OfAgent {
    pub(super) limits: Option<Box<AgentLimits>>,
    pub(super) claims: Box<[CountedClaim]>,
}

/// One that is written, and where.
struct Written<'a> {
    limit: &'a LimitSettings,
    place: LimitPlace,
    /// The index of the provider among those of the agent.
    provider: Option<usize>,
}

/// None yet, after those that run.
pub(super) fn begin(input: &Input<'_>) -> CallerLimits {
    CallerLimits::after(input.previous.map(|snapshot| &snapshot.limits), input.document.server.limit_keys)
}

/// The limits of an agent, each of which is put to `all` as well.
pub(super) fn of_agent(input: &Input<'_>, all: &mut CallerLimits, entry: &AgentEntry) -> OfAgent {
    let written = written(input, entry);
    if written.is_empty() {
        return OfAgent::default();
    }
    let (mut list, mut claims) = (Vec::<AgentLimit>::new(), Vec::<CountedClaim>::new());
    for written in written {
        // One that permits nothing was reported.
        let Some(measure) = written.limit.measure() else { continue };
        let claim = match &written.limit.per.value {
            Per::Claim(name) => Some(index_of(&mut claims, name, written.limit.fleetwide().is_some())),
            Per::Principal | Per::ClientId | Per::ApiKey | Per::Address | Per::Agent => None,
        };
        // So was a quota that nobody counts.
        let Some(limit) = at_agent(input, all, &entry.id.value, (&written, measure, claim)) else { continue };
        // One that counts everywhere may stand in several lists, and counts once.
        let is_there = |other: &AgentLimit| {
            Arc::ptr_eq(&other.limit, &limit.limit)
                && (other.provider.is_none() || other.provider == limit.provider)
        };
        if !list.iter().any(is_there) {
            list.push(limit);
        }
    }
    let has_strict = list.iter().any(AgentLimit::is_strict);
    let limits = (!list.is_empty())
        .then(|| Box::new(AgentLimits { state: Arc::clone(all.state()), list: list.into(), has_strict }));
    OfAgent { limits, claims: claims.into() }
}

/// Whether an agent has these limits.
pub(super) fn are_same(now: &OfAgent, before: Option<&AgentLimits>) -> bool {
    match (now.limits.as_deref(), before) {
        (None, None) => true,
        (Some(now), Some(before)) => {
            now.list.len() == before.list.len()
                && now.list.iter().zip(&before.list).all(|(now, before)| now.is_same(before))
        }
        (None, Some(_)) | (Some(_), None) => false,
    }
}

/// What is written for an agent. What is for all of its callers comes before what is for those of one provider.
fn written<'a>(input: &Input<'a>, entry: &'a AgentEntry) -> Vec<Written<'a>> {
    let top = input.document.limits.iter().map(|limit| &limit.settings);
    let top = top.map(|limit| Written { limit, place: LimitPlace::Top, provider: None });
    let place = || LimitPlace::Agent(entry.id.value.clone());
    let own = entry.limits.iter().map(|limit| Written { limit, place: place(), provider: None });
    let mut written: Vec<_> = top.chain(own).collect();
    let Auth::OAuth(oauth) = &entry.auth.value else { return written };
    for (index, name) in oauth.identity_providers.iter().enumerate() {
        let providers = &input.document.identity_providers;
        // Most configurations have no limits at providers, and some have thousands of agents.
        let with_limits = providers.iter().filter(|provider| !provider.limits.is_empty());
        for provider in with_limits.filter(|provider| provider.id.value == name.value) {
            let place = || LimitPlace::Provider(name.value.clone());
            let of = |limit| Written { limit, place: place(), provider: Some(index) };
            written.extend(provider.limits.iter().map(of));
        }
    }
    written
}

fn at_agent(
    input: &Input<'_>,
    all: &mut CallerLimits,
    agent: &AgentName,
    (written, measure, claim): (&Written<'_>, Measure, Option<usize>),
) -> Option<AgentLimit> {
    let settings = written.limit;
    let name = Arc::clone(&settings.name.value);
    let (place, at) = match settings.scope.value {
        LimitScope::Agent => (written.place.clone(), Some(agent.as_str())),
        LimitScope::Everywhere => (LimitPlace::Everywhere, None),
    };
    let kind = match measure {
        Measure::Rate(_) => LimitKind::Rate,
        Measure::Concurrent(_) => LimitKind::Concurrent,
        Measure::Quota(_) => LimitKind::Quota,
    };
    let id = LimitId { place, name: Arc::clone(&name), kind, fleetwide: settings.fleetwide() };
    let limit = all.limit(input.previous.map(|snapshot| &snapshot.limits), &id, measure)?;
    Some(AgentLimit {
        is_own: matches!(written.place, LimitPlace::Agent(_)),
        counts_for: settings.scope.value,
        scope: limit.scope(at),
        policy: fields::policy(&name, measure).into(),
        metrics: input.metrics.limit(agent, &name),
        limit,
        name,
        measure,
        per: settings.per.value.clone(),
        counts: settings.count,
        enforcement: settings.enforcement,
        provider: written.provider,
        claim,
    })
}

fn index_of(claims: &mut Vec<CountedClaim>, name: &str, is_common: bool) -> usize {
    let at = claims.iter().position(|claim| *claim.name == *name && claim.is_common == is_common);
    at.unwrap_or_else(|| {
        claims.push(CountedClaim { name: name.into(), is_common });
        claims.len() - 1
    })
}
