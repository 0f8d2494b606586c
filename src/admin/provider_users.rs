//! Which agents accept an identity provider.

use std::collections::BTreeMap;

use crate::config::Snapshot;
use crate::model::ProviderName;
use crate::routing::Authenticator;

/// The agents that accept each provider.
pub(super) struct Users<'s>(BTreeMap<&'s ProviderName, Vec<&'s str>>);

impl<'s> Users<'s> {
    pub(super) fn of(live: &'s Snapshot) -> Self {
        let mut users: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for agent in live.agents.values() {
            if let Authenticator::OAuth(policy) = &agent.authenticator {
                for provider in &policy.providers {
                    users.entry(&provider.spec().name).or_default().push(agent.name.as_str());
                }
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
    let names = |names: &Vec<&str>| names.iter().map(|name| (*name).to_owned()).collect();
    Users::of(live)
        .0
        .iter()
        .find(|(name, _)| name.as_str() == provider)
        .map(|(_, n)| names(n))
        .unwrap_or_default()
}
