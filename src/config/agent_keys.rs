//! The API keys of one agent, and what they were made of: keys whose entries are the very ones of before are kept.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::authn::ApiKeyRecord;
use crate::config::language::settings::api_key::ApiKeyEntry;
use crate::model::{Identity, Instant, SharedTimestamp};

/// The keys of one agent.
#[derive(Clone)]
pub(super) struct AgentKeys {
    entries: Arc<[Arc<ApiKeyEntry>]>,
    /// The keys, by id.
    pub(super) records: Arc<HashMap<String, ApiKeyRecord>>,
}

impl AgentKeys {
    /// The keys of these entries. `last_used` says when the key of an id last opened its agent.
    pub(super) fn new(entries: &[&Arc<ApiKeyEntry>], last_used: &dyn Fn(&str) -> SharedTimestamp) -> Self {
        let record = |key: &&Arc<ApiKeyEntry>| {
            let id = key.id.as_str();
            let expires_at = key.expires_at.map(instant);
            let record = ApiKeyRecord {
                digest: key.sha256.value,
                expires_at,
                revoked_at: key.revoked_at.map(instant),
                last_used: last_used(id),
                identity: Identity::of_api_key(id, expires_at).into(),
            };
            (id.to_owned(), record)
        };
        Self {
            records: Arc::new(entries.iter().map(record).collect()),
            entries: entries.iter().copied().cloned().collect(),
        }
    }

    /// Whether they were made of these very entries.
    pub(super) fn are_of(&self, entries: &[&Arc<ApiKeyEntry>]) -> bool {
        let same = |(before, now): (&Arc<ApiKeyEntry>, &&Arc<ApiKeyEntry>)| Arc::ptr_eq(before, now);
        self.entries.len() == entries.len() && self.entries.iter().zip(entries).all(same)
    }
}

/// A moment before 1970 is long past, as is the epoch.
fn instant(at: jiff::Timestamp) -> Instant {
    let since_epoch = Duration::try_from(at.as_duration()).unwrap_or(Duration::ZERO);
    Instant::from_duration(since_epoch)
}
