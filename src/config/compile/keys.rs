//! The API keys of a document: as those who manage them see them, and as the agents that they open. There may be a hundred
//! thousand, so the keys of an agent that are what they were are the very ones of before.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::super::agent_keys::AgentKeys;
use super::super::snapshot::ApiKey;
use super::input::Input;
use crate::config::language::settings::api_key::ApiKeyEntry;
use crate::model::{AgentName, Digest};

/// All API keys by id, with when they were last used: what the snapshot before knows of the same key.
pub(super) fn all(input: &Input<'_>) -> BTreeMap<String, ApiKey> {
    // Mostly both are in the order of their ids, so that hardly one is looked up.
    let mut before = input.previous.into_iter().flat_map(|snapshot| &snapshot.api_keys).peekable();
    let mut known = |id: &str, digest: &Digest| {
        while before.next_if(|(other, _)| other.as_str() < id).is_some() {}
        let next = before.peek().filter(|(same, _)| *same == id).map(|(_, key)| *key);
        let same = next.or_else(|| input.previous?.api_keys.get(id));
        same.filter(|key| key.digest == *digest).map(|key| key.last_used.clone()).unwrap_or_default()
    };
    let written = input.document.api_keys.iter().map(|key| {
        let made = ApiKey {
            agent: key.agent.value.clone(),
            name: key.name.clone(),
            digest: key.sha256.value,
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            last_used: known(key.id.as_str(), &key.sha256.value),
        };
        (key.id.as_str().to_owned(), made)
    });
    written.collect()
}

/// The API keys of every agent that has some.
pub(super) fn by_agent(input: &Input<'_>, all: &BTreeMap<String, ApiKey>) -> HashMap<AgentName, AgentKeys> {
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
