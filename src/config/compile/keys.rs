//! The API keys of a document: as those who manage them see them, and as the agents that they open. There may be a hundred
//! thousand, so the keys of an agent that are what they were are the very ones of before.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::super::snapshot::ApiKey;
use super::input::Input;
use crate::authn::ApiKeyRecord;
use crate::config::language::settings::api_key::ApiKeyEntry;
use crate::model::{AgentName, Digest, Identity, Instant};

/// The keys of one agent, and what they were made of.
#[derive(Clone)]
pub(in crate::config) struct AgentKeys {
    entries: Arc<[Arc<ApiKeyEntry>]>,
    /// The keys, by id.
    pub(super) records: Arc<HashMap<String, ApiKeyRecord>>,
}

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
    let keys = |(agent, entries): (&AgentName, Vec<&Arc<ApiKeyEntry>>)| {
        let before = input.previous.and_then(|snapshot| snapshot.keys_of(agent));
        let before = before.filter(|before| is_of(&before.entries, &entries)).cloned();
        (agent.clone(), before.unwrap_or_else(|| AgentKeys::new(&entries, all)))
    };
    groups.into_iter().map(keys).collect()
}

/// Whether these are the very same entries.
fn is_of(before: &[Arc<ApiKeyEntry>], now: &[&Arc<ApiKeyEntry>]) -> bool {
    before.len() == now.len() && before.iter().zip(now).all(|(before, now)| Arc::ptr_eq(before, now))
}

impl AgentKeys {
    fn new(entries: &[&Arc<ApiKeyEntry>], all: &BTreeMap<String, ApiKey>) -> Self {
        let record = |key: &&Arc<ApiKeyEntry>| {
            let id = key.id.as_str();
            let expires_at = key.expires_at.map(instant);
            let record = ApiKeyRecord {
                digest: key.sha256.value,
                expires_at,
                revoked_at: key.revoked_at.map(instant),
                last_used: all.get(id).map(|key| key.last_used.clone()).unwrap_or_default(),
                identity: Arc::new(Identity::of_api_key(id, expires_at)),
            };
            (id.to_owned(), record)
        };
        Self {
            records: Arc::new(entries.iter().map(record).collect()),
            entries: entries.iter().copied().cloned().collect(),
        }
    }
}

/// A moment before 1970 is long past, as is the epoch.
fn instant(at: jiff::Timestamp) -> Instant {
    let since_epoch = Duration::try_from(at.as_duration()).unwrap_or(Duration::ZERO);
    Instant::from_duration(since_epoch)
}
