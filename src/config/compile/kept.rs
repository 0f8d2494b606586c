//! Whether an agent is what it was: everything that a compiled agent is made of stands here, and is the same as before.

use std::sync::Arc;

use crate::authn::{ApiKeyPolicy, OAuthPolicy};
use crate::idp::Provider;
use crate::routing::{Agent, AgentId, Authenticator};
use crate::upstream::ClientCertificate;

use super::input::Input;
use super::made::{Agents, FromFiles, Providers};
use super::targets::Places;
use super::{assertion, audience, card, given, sender_constraint, session_keys, targets};
use crate::config::language::settings::agent::{A2aRules, AgentEntry, Auth, McpRules, Spoken};

/// The agent that runs, when compiling `entry` would make the same.
pub(super) fn agent(
    input: &Input<'_>,
    providers: &Providers,
    from: &FromFiles,
    all: &Agents,
    entry: &Arc<AgentEntry>,
    places: &Places,
) -> Option<Arc<Agent>> {
    let previous = input.previous?;
    let name = &entry.id.value;
    let before = previous.entry_of(name)?;
    let agent = previous.agents.get(name)?;
    let same = (Arc::ptr_eq(before, entry) || before == entry)
        && places.are_same(&agent.upstream)
        && trust_is_same(from, entry, agent)
        && given::set_headers(&from.given, &entry.upstream).as_ref() == Some(&agent.upstream.set_headers)
        && card::is_same(input, providers, entry, agent)
        && session_keys::are_same(&from.sessions, entry, agent)
        && assertion::is_same(input, all, entry, agent)
        && match (&entry.auth.value, &agent.authenticator) {
            (Auth::OAuth(written), Authenticator::OAuth(policy)) => {
                let names = written.identity_providers.iter().map(|name| &name.value);
                let now: Option<Vec<_>> = names.map(|name| providers.get(name)).collect();
                now.is_some_and(|now| oauth_is_same(&now, policy))
                    && audience::all(input, entry, written) == policy.audiences
                    && Arc::ptr_eq(&policy.issuers, &all.issuers)
                    && policy.token_bytes == input.token_bytes()
                    && sender_constraint::is_same(input, from, entry, policy)
            }
            (Auth::ApiKey(_), Authenticator::ApiKey(policy)) => keys_are_same(all, entry, policy),
            (Auth::Public, Authenticator::Public) => true,
            (Auth::OAuth(_) | Auth::ApiKey(_) | Auth::Public, _) => false,
        };
    same.then(|| Arc::clone(agent))
}

/// The number of the policy that runs, when the agent compiled from `entry` has the same: who may call it, by which of
/// its routes, and what a refusal does. API keys are no part of it: each is judged on its own.
pub(super) fn policy(
    input: &Input<'_>,
    entry: &AgentEntry,
    before: Option<&Arc<Agent>>,
    authenticator: &Authenticator,
) -> Option<AgentId> {
    let (before, agent) = (input.previous?.entry_of(&entry.id.value)?, before?);
    let providers_are_same = match (authenticator, &agent.authenticator) {
        (Authenticator::OAuth(now), Authenticator::OAuth(before)) => {
            oauth_is_same(&now.providers.iter().collect::<Vec<_>>(), before)
                && now.audiences == before.audiences
        }
        (Authenticator::OAuth(_) | Authenticator::ApiKey(_) | Authenticator::Public, _) => true,
    };
    let same = before.auth.value == entry.auth.value
        && before.route.value == entry.route.value
        && before.enforcement == entry.enforcement
        && rules_of(before) == rules_of(entry)
        && providers_are_same;
    same.then_some(agent.policy)
}

/// The written rules by operation.
fn rules_of(entry: &AgentEntry) -> (Spoken, Option<&McpRules>, Option<&A2aRules>) {
    let mcp = entry.mcp.as_ref().and_then(|mcp| mcp.rules.as_deref());
    (entry.protocol, mcp, entry.a2a.as_ref().and_then(|a2a| a2a.rules.as_deref()))
}

fn trust_is_same(from: &FromFiles, entry: &AgentEntry, agent: &Agent) -> bool {
    // Plain HTTP trusts nobody, and shows nothing.
    let Some(tls) = &agent.upstream.tls else { return true };
    let trust_is_same = match &entry.upstream.ca_file {
        None => true,
        Some(path) => from.trust.get(&path.value).is_some_and(|now| {
            tls.trust.as_ref().is_none_or(|before| before.certificates == now.certificates)
        }),
    };
    let now = targets::shown(from, &entry.upstream).flatten();
    let fingerprint = |certificate: &ClientCertificate| certificate.fingerprint();
    trust_is_same && now.as_ref().map(fingerprint) == tls.certificate.as_ref().map(fingerprint)
}

/// A provider whose settings changed is another one.
fn oauth_is_same(now: &[&Arc<Provider>], policy: &OAuthPolicy) -> bool {
    now.len() == policy.providers.len()
        && now.iter().zip(&policy.providers).all(|(now, before)| Arc::ptr_eq(now, before))
}

fn keys_are_same(all: &Agents, entry: &AgentEntry, policy: &ApiKeyPolicy) -> bool {
    match all.keys.get(&entry.id.value) {
        Some(keys) => Arc::ptr_eq(&keys.records, &policy.keys) || keys.records == policy.keys,
        None => policy.keys.is_empty(),
    }
}

#[cfg(test)]
mod tests;
