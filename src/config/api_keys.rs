//! The API keys of a snapshot, for those who manage them. What opens an agent is in the agent.
//!
//! There may be a hundred thousand, so a key is what was read of it and no copy, and the keys of the snapshot before are
//! gone through once, beside those of the document, instead of looked up.

use std::sync::Arc;

use crate::config::language::settings::api_key::ApiKeyEntry;
use crate::model::{AgentName, Digest, SharedTimestamp};

/// All API keys, in the order of their ids.
#[derive(Debug, Default)]
pub struct ApiKeys(Box<[ApiKey]>);

/// One API key.
#[derive(Debug, Clone)]
pub struct ApiKey {
    entry: Arc<ApiKeyEntry>,
    /// When it last opened its agent, as far as this process knows.
    pub last_used: SharedTimestamp,
}

impl ApiKey {
    /// The id inside the key.
    #[must_use]
    pub fn id(&self) -> &str {
        self.entry.id.as_str()
    }

    /// The agent that it opens.
    #[must_use]
    pub fn agent(&self) -> &AgentName {
        &self.entry.agent.value
    }

    /// Who has it.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.entry.name.as_deref()
    }

    /// The SHA-256 of the whole key.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.entry.sha256.value
    }

    /// When it was made, where that was written down.
    #[must_use]
    pub fn created_at(&self) -> Option<jiff::Timestamp> {
        self.entry.created_at
    }

    /// From then on it is refused as expired.
    #[must_use]
    pub fn expires_at(&self) -> Option<jiff::Timestamp> {
        self.entry.expires_at
    }

    /// From then on it is refused as revoked.
    #[must_use]
    pub fn revoked_at(&self) -> Option<jiff::Timestamp> {
        self.entry.revoked_at
    }
}

impl ApiKeys {
    /// The keys of these entries. Where the same key was there `before`, what is known of its use goes on.
    pub(super) fn new(entries: &[Arc<ApiKeyEntry>], before: Option<&Self>) -> Self {
        let before = before.map_or(&[][..], |before| &before.0);
        // Mostly both are in the same order, so that hardly one is looked up.
        let mut likely = 0;
        let key = |entry: &Arc<ApiKeyEntry>| {
            let known = match before.get(likely) {
                Some(known) if Arc::ptr_eq(&known.entry, entry) => Some(known),
                _ => index_of(before, entry.id.as_str()).and_then(|index| {
                    likely = index;
                    before.get(index)
                }),
            };
            likely += usize::from(known.is_some());
            let known = known.filter(|known| *known.digest() == entry.sha256.value);
            let last_used = known.map(|known| known.last_used.clone()).unwrap_or_default();
            ApiKey { entry: Arc::clone(entry), last_used }
        };
        let mut keys: Box<[ApiKey]> = entries.iter().map(key).collect();
        keys.sort_by(|a, b| a.id().cmp(b.id()));
        Self(keys)
    }

    /// The key of this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&ApiKey> {
        self.0.get(index_of(&self.0, id)?)
    }

    /// All, in the order of their ids.
    pub fn iter(&self) -> std::slice::Iter<'_, ApiKey> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'k> IntoIterator for &'k ApiKeys {
    type Item = &'k ApiKey;
    type IntoIter = std::slice::Iter<'k, ApiKey>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

fn index_of(keys: &[ApiKey], id: &str) -> Option<usize> {
    keys.binary_search_by(|key| key.id().cmp(id)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Source, parse};
    use crate::model::{Instant, ResourceId};

    /// Keys of these ids, each with a digest of this byte.
    fn entries(keys: &[(&str, u8)]) -> Vec<Arc<ApiKeyEntry>> {
        let agent = ResourceId::parse("agents/a").unwrap();
        let text = "route: /a\nupstream: http://127.0.0.1:1\nauth: { api_key: {} }\n";
        let mut sources = vec![Source::new("p.yaml", "version: 1"), Source::of(agent, "a.yaml", text)];
        sources.extend(keys.iter().map(|(id, byte)| {
            let text = format!("agent: a\nsha256: \"{}\"\n", format!("{byte:02x}").repeat(32));
            Source::of(ResourceId::parse(&format!("api_keys/{id}")).unwrap(), format!("{id}.yaml"), text)
        }));
        parse(&sources, &|_| None).unwrap().api_keys
    }

    #[test]
    fn what_is_known_of_the_use_of_a_key_goes_on_while_it_is_the_same_key() {
        let first = entries(&[("aaaaaaaa", 1), ("bbbbbbbb", 2), ("cccccccc", 3), ("dddddddd", 4)]);
        let before = ApiKeys::new(&first, None);
        before.iter().for_each(|key| key.last_used.touch(Instant::from_unix(7)));
        // One goes, one is another, one comes, and the rest are the very same or read anew.
        let mut now = entries(&[("bbbbbbbb", 9), ("bbbbbbbc", 5), ("cccccccc", 3)]);
        now.push(Arc::clone(&first[3]));
        let after = ApiKeys::new(&now, Some(&before));
        let used: Vec<_> = after.iter().map(|key| (key.id(), key.last_used.at().is_some())).collect();
        assert_eq!(used, [("bbbbbbbb", false), ("bbbbbbbc", false), ("cccccccc", true), ("dddddddd", true)]);
        assert_eq!(after.len(), 4);
        assert!(after.get("aaaaaaaa").is_none() && after.get("cccccccc").is_some());
    }

    #[test]
    fn keys_are_in_the_order_of_their_ids_wherever_they_were_written() {
        let mut entries = entries(&[("aaaaaaaa", 1), ("bbbbbbbb", 2), ("cccccccc", 3)]);
        entries.reverse();
        let keys = ApiKeys::new(&entries, None);
        assert_eq!(keys.iter().map(ApiKey::id).collect::<Vec<_>>(), ["aaaaaaaa", "bbbbbbbb", "cccccccc"]);
    }
}
