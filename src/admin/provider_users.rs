//! Which agents accept an identity provider.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::Snapshot;
use crate::idp::Provider;
use crate::model::ProviderName;
use crate::routing::{Agent, Authenticator};

/// The agents that accept each provider, in the order of names. Built once for a list of providers.
pub(super) struct Users<'s>(BTreeMap<&'s ProviderName, Vec<&'s str>>);

impl<'s> Users<'s> {
    pub(super) fn of(live: &'s Snapshot) -> Self {
        let mut users: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for agent in live.agents.values() {
            for provider in accepted_by(agent) {
                users.entry(&provider.spec().name).or_default().push(agent.name.as_str());
            }
        }
        Self(users)
    }

    pub(super) fn of_provider(&self, name: &ProviderName) -> &[&'s str] {
        self.0.get(name).map(Vec::as_slice).unwrap_or_default()
    }
}

/// The names of the agents that accept a provider.
pub(super) fn users_of(live: &Snapshot, provider: &str) -> Vec<String> {
    let accepts = |agent: &Agent| accepted_by(agent).iter().any(|one| one.spec().name.as_str() == provider);
    let users = live.agents.values().filter(|agent| accepts(agent));
    users.map(|agent| agent.name.to_string()).collect()
}

/// The providers that an agent accepts.
pub(super) fn accepted_by(agent: &Agent) -> &[Arc<Provider>] {
    match &agent.authenticator {
        Authenticator::OAuth(policy) => &policy.providers,
        Authenticator::ApiKey(_) | Authenticator::Public => &[],
    }
}
