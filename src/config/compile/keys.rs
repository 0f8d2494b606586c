//! The API keys of a document, as the agents that they open. There may be a hundred thousand, so the keys of an agent that
//! are what they were are the very ones of before.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::agent_keys::AgentKeys;
use super::super::api_keys::ApiKeys;
use super::super::snapshot::Snapshot;
use super::input::Input;
use crate::config::language::settings::api_key::ApiKeyEntry;
use crate::model::AgentName;

/// The API keys, all of them and those of every agent that has some: the very ones of before when none came, went or
/// changed.
pub(super) fn make(input: &Input<'_>) -> (Arc<ApiKeys>, Arc<HashMap<AgentName, AgentKeys>>) {
    let document = input.document;
    let is_same =
        |before: &&Snapshot| document.new_keys.is_empty() && document.api_keys.len() == before.api_keys.len();
    if let Some(before) = input.previous.filter(is_same) {
        return (Arc::clone(&before.api_keys), Arc::clone(&before.keys));
    }
    let all = ApiKeys::new(&document.api_keys, input.previous.map(|snapshot| &*snapshot.api_keys));
    let by_agent = by_agent(input, &all);
    (Arc::new(all), Arc::new(by_agent))
}

fn by_agent(input: &Input<'_>, all: &ApiKeys) -> HashMap<AgentName, AgentKeys> {
    let mut groups: HashMap<&AgentName, Vec<&Arc<ApiKeyEntry>>> = HashMap::new();
    for key in &input.document.api_keys {
        groups.entry(&key.agent.value).or_default().push(key);
    }
    let last_used = |id: &str| all.get(id).map(|key| key.last_used.clone()).unwrap_or_default();
    let keys = |(agent, entries): (&AgentName, Vec<&Arc<ApiKeyEntry>>)| {
        let before = input.previous.and_then(|snapshot| snapshot.agent_keys(agent));
        let before = before.filter(|before| before.are_of(&entries)).cloned();
        (agent.clone(), before.unwrap_or_else(|| AgentKeys::new(&entries, &last_used)))
    };
    groups.into_iter().map(keys).collect()
}
