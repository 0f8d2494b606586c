//! The credentials that are denied, whatever the configuration says of them: asked for by every request that brings one,
//! and replaced as a whole. Where the entries are kept is for `store`, who adds them for `control`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use super::decision::closed_words;
use super::{Instant, Live};

closed_words! {
    /// What a denial names.
    DenialKind {
        /// The id of an API key.
        ApiKey = "api_key",
    }
}

/// When a denial ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Never.
    Never,
    /// From then on it denies nothing.
    At(Instant),
}

/// The denials in force, by what they name.
#[derive(Debug, Clone, Default)]
pub struct DenialSet {
    api_keys: HashMap<Box<str>, Until>,
}

/// The denials of a process: one cell for its life, which requests read without a lock.
#[derive(Debug)]
pub struct Denials {
    /// Whether there is an entry: most gateways have none, and then a request pays for one load.
    any: AtomicBool,
    set: Live<DenialSet>,
}

impl DenialKind {
    /// The kind with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }
}

impl Until {
    /// Whether the end is there.
    #[must_use]
    pub fn has_passed(self, now: Instant) -> bool {
        match self {
            Self::Never => false,
            Self::At(end) => end <= now,
        }
    }
}

impl DenialSet {
    /// Adds an entry. Of two about the same, the longer one counts.
    pub fn add(&mut self, kind: DenialKind, value: &str, until: Until) {
        let entries = match kind {
            DenialKind::ApiKey => &mut self.api_keys,
        };
        match entries.get_mut(value) {
            Some(Until::Never) => {}
            Some(Until::At(end)) if matches!(until, Until::At(other) if other <= *end) => {}
            Some(known) => *known = until,
            None => drop(entries.insert(value.into(), until)),
        }
    }

    /// How many entries of a kind there are.
    #[must_use]
    pub fn len(&self, kind: DenialKind) -> usize {
        match kind {
            DenialKind::ApiKey => self.api_keys.len(),
        }
    }

    fn is_empty(&self) -> bool {
        DenialKind::ALL.iter().all(|kind| self.len(*kind) == 0)
    }

    fn api_key(&self, id: &str, now: Instant) -> Option<DenialKind> {
        let until = self.api_keys.get(id)?;
        (!until.has_passed(now)).then_some(DenialKind::ApiKey)
    }
}

impl Default for Denials {
    fn default() -> Self {
        Self { any: AtomicBool::new(false), set: Live::new(DenialSet::default()) }
    }
}

impl Denials {
    /// Replaces all entries.
    pub fn publish(&self, set: DenialSet) {
        let any = !set.is_empty();
        self.set.publish(set.into());
        self.any.store(any, Ordering::Release);
    }

    /// The denial of the API key with this id, if there is one.
    #[must_use]
    #[inline]
    pub fn of_api_key(&self, id: &str, now: Instant) -> Option<DenialKind> {
        if self.any.load(Ordering::Acquire) { self.set.with(|set| set.api_key(id, now)) } else { None }
    }

    /// How many entries of a kind there are.
    #[must_use]
    pub fn len(&self, kind: DenialKind) -> usize {
        self.set.with(|set| set.len(kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant::from_unix(100);

    fn denies(denials: &Denials, id: &str) -> bool {
        denials.of_api_key(id, NOW) == Some(DenialKind::ApiKey)
    }

    #[test]
    fn an_entry_denies_what_it_names_until_it_ends() {
        let denials = Denials::default();
        assert!(!denies(&denials, "a"));
        let mut set = DenialSet::default();
        for (id, until) in
            [("a", Until::Never), ("b", Until::At(NOW)), ("c", Until::At(Instant::from_unix(101)))]
        {
            set.add(DenialKind::ApiKey, id, until);
        }
        denials.publish(set);
        let denied = ["a", "b", "c", "d"].map(|id| denies(&denials, id));
        assert_eq!((denied, denials.len(DenialKind::ApiKey)), ([true, false, true, false], 3));
        denials.publish(DenialSet::default());
        assert!(!denies(&denials, "a"));
    }

    #[test]
    fn of_two_entries_about_the_same_the_longer_one_counts() {
        let at = |seconds| Until::At(Instant::from_unix(seconds));
        for entries in [[at(200), at(50)], [at(50), at(200)], [Until::Never, at(50)], [at(50), Until::Never]]
        {
            let mut set = DenialSet::default();
            entries.into_iter().for_each(|until| set.add(DenialKind::ApiKey, "a", until));
            let denials = Denials::default();
            denials.publish(set);
            assert!(denies(&denials, "a"), "{entries:?}");
        }
    }
}
