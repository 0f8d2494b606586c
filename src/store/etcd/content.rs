//! The resources of a store as they are held in memory: a text for each, and the hash over all of them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use crate::model::{Digest, RunningDigest};

/// One resource.
#[derive(Debug, Clone)]
pub(in crate::store) struct Entry {
    /// Its text.
    pub(in crate::store) text: Arc<str>,
    /// etcd's revision of the last change of its key.
    pub(in crate::store) changed: i64,
    digest: Digest,
    /// Where an operator is told that it is, made when somebody asks first.
    place: OnceLock<Arc<Path>>,
}

impl Entry {
    pub(in crate::store) fn new(text: impl Into<Arc<str>>, changed: i64) -> Self {
        let text = text.into();
        Self { digest: Digest::of(text.as_bytes()), text, changed, place: OnceLock::new() }
    }

    /// The same, changed at another revision of etcd.
    pub(in crate::store) fn changed_at(self, changed: i64) -> Self {
        Self { changed, ..self }
    }

    /// Where an operator is told that it is.
    pub(in crate::store) fn place(&self, place: impl FnOnce() -> String) -> Arc<Path> {
        Arc::clone(self.place.get_or_init(|| Path::new(&place()).into()))
    }
}

/// All resources, by kind and name (`agents/refunds`), in byte order. Kinds that this version does not know are among
/// them: they are part of the hash.
#[derive(Debug, Clone, Default)]
pub(in crate::store) struct Content {
    entries: BTreeMap<Arc<str>, Entry>,
}

/// A change of one resource: its kind and name, and what is there after it.
pub(in crate::store) type Put = (String, Option<Entry>);

impl Content {
    pub(in crate::store) fn get(&self, entry: &str) -> Option<&Entry> {
        self.entries.get(entry)
    }

    pub(in crate::store) fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(name, entry)| (&**name, entry))
    }

    /// The same, with names to share.
    pub(in crate::store) fn shared(&self) -> impl Iterator<Item = (&Arc<str>, &Entry)> {
        self.entries.iter()
    }

    pub(in crate::store) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Puts or removes a resource.
    pub(in crate::store) fn put(&mut self, (name, entry): Put) {
        match entry {
            Some(entry) => drop(self.entries.insert(name.into(), entry)),
            None => drop(self.entries.remove(name.as_str())),
        }
    }

    /// The hash over all resources: SHA-256 over `kind/name NUL hex(SHA-256(text)) LF` for each in byte order.
    pub(in crate::store) fn hash(&self) -> String {
        self.hash_after(&[])
    }

    /// The hash after these changes, of which the last one of a resource counts.
    pub(in crate::store) fn hash_after(&self, puts: &[Put]) -> String {
        let over: BTreeMap<&str, Option<&Entry>> =
            puts.iter().map(|(name, entry)| (name.as_str(), entry.as_ref())).collect();
        let is_new = |name: &str| !self.entries.contains_key(name);
        let mut new = over.iter().filter_map(|(name, entry)| Some((*name, (*entry)?)));
        let mut new = new.by_ref().filter(|(name, _)| is_new(name)).peekable();
        let mut hash = Digest::running();
        for (name, entry) in self.iter() {
            while let Some((name, entry)) = new.next_if(|(first, _)| *first < name) {
                add(&mut hash, name, entry);
            }
            match over.get(name) {
                None => add(&mut hash, name, entry),
                Some(Some(entry)) => add(&mut hash, name, entry),
                Some(None) => {}
            }
        }
        new.for_each(|(name, entry)| add(&mut hash, name, entry));
        hash.finish().to_hex()
    }
}

fn add(hash: &mut RunningDigest, name: &str, entry: &Entry) {
    hash.add(name.as_bytes());
    hash.add(&[0]);
    hash.add(&entry.digest.hex_digits());
    hash.add(b"\n");
}

impl FromIterator<(String, Entry)> for Content {
    fn from_iter<I: IntoIterator<Item = (String, Entry)>>(entries: I) -> Self {
        Self { entries: entries.into_iter().map(|(name, entry)| (name.into(), entry)).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_over_name_and_digest_of_each_text_in_byte_order() {
        let of = |pairs: &[(&str, &str)]| -> Content {
            pairs.iter().map(|(name, text)| ((*name).to_owned(), Entry::new(*text, 1))).collect()
        };
        // printf '' | sha256sum
        assert_eq!(of(&[]).hash(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        let line = |name: &str, text: &str| format!("{name}\0{}\n", Digest::of(text.as_bytes()).to_hex());
        let both = Digest::of((line("agents/a", "1") + &line("api_keys/Z", "2")).as_bytes()).to_hex();
        assert_eq!(of(&[("api_keys/Z", "2"), ("agents/a", "1")]).hash(), both);
        let mut changed = of(&[("agents/a", "0"), ("api_keys/Z", "2"), ("limits/x", "")]);
        changed.put(("agents/a".to_owned(), Some(Entry::new("1", 9))));
        assert_ne!(changed.hash(), both);
        let puts = [("limits/x".to_owned(), None)];
        assert_eq!(changed.hash_after(&puts), both);
        changed.put(("limits/x".to_owned(), None));
        assert_eq!(changed.hash(), both);
    }

    #[test]
    fn the_hash_after_changes_is_that_of_the_content_after_them() {
        let text = |number: usize| Some(Entry::new(number.to_string(), 1));
        let base: Content =
            ["b", "d", "f"].iter().map(|name| ((*name).to_owned(), Entry::new("0", 1))).collect();
        let names = ["a", "b", "c", "d", "e", "f", "g"];
        for one in 0..names.len() {
            for other in 0..names.len() {
                for last in [None, text(9)] {
                    let puts = [(names[one].to_owned(), text(one)), (names[other].to_owned(), last.clone())];
                    let mut after = base.clone();
                    puts.iter().cloned().for_each(|put| after.put(put));
                    assert_eq!(base.hash_after(&puts), after.hash(), "{puts:?}");
                }
            }
        }
    }
}
