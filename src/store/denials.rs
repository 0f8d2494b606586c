//! Where denials are kept, as others see it; and those of a shared store, as a member knows them, with the rule by which it
//! believes what it reads: a store that went back takes no denial away.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::model::{DenialKind, DenialSet, Digest, Instant};

use super::denial::{Denial, DenialEntry};
use super::snapshot::NamedTexts;
use super::{StoreError, WriteError};

/// The name of the head among the texts of a snapshot; no id of an entry that a gateway writes begins so.
const HEAD: &str = "/head";

/// A store of denials.
#[async_trait]
pub trait DenialStore: Send + Sync {
    /// What is known of the denials, now and after each change. Changes that others make are told of once
    /// [`Self::begin`] was called.
    fn follow(&self) -> watch::Receiver<Arc<ToldDenials>>;

    /// Begins to tell of changes, on the runtime of the caller, where something must be done for that.
    fn begin(&self) {}

    /// Adds a denial, durably, and gives its entry: an earlier one, where the same denial is there already.
    ///
    /// # Errors
    /// [`WriteError`]; only where the outcome is unknown may it have been added.
    async fn add(&self, denial: Denial) -> Result<Arc<DenialEntry>, WriteError>;

    /// Lifts the denial of this id, if it has this text; whether it did.
    ///
    /// # Errors
    /// [`WriteError`].
    async fn lift(&self, id: &str, text: &str) -> Result<bool, WriteError>;

    /// The entry of this id.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn find(&self, id: &str) -> Result<Option<Arc<DenialEntry>>, StoreError>;

    /// The entries in the order of their ids.
    ///
    /// # Errors
    /// When they cannot be read.
    async fn list(&self, asked: AskedDenials) -> Result<ListedDenials, StoreError>;
}

/// Which entries are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedDenials {
    /// Those after this id.
    pub after: Option<String>,
    /// At most so many.
    pub limit: usize,
    /// Only of this kind.
    pub kind: Option<DenialKind>,
    /// Only those that have not ended by then.
    pub now: Instant,
}

/// Entries with their ids.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListedDenials {
    /// Those that were asked for.
    pub items: Vec<(Box<str>, Arc<DenialEntry>)>,
    /// How many there are, whatever the page.
    pub total: usize,
    /// Whether there are more after these.
    pub has_more: bool,
}

/// A page that is filled with entries in any order.
pub(super) struct DenialPage<'a> {
    asked: &'a AskedDenials,
    found: BTreeMap<Box<str>, Arc<DenialEntry>>,
    listed: ListedDenials,
}

impl AskedDenials {
    /// The page, still empty.
    pub(super) fn page(&self) -> DenialPage<'_> {
        DenialPage { asked: self, found: BTreeMap::new(), listed: ListedDenials::default() }
    }
}

impl DenialPage<'_> {
    /// Takes an entry, if it is asked for.
    pub(super) fn take(&mut self, id: Box<str>, entry: Arc<DenialEntry>) {
        let AskedDenials { after, limit, kind, now } = self.asked;
        let is_kind = |kind| entry.denies.as_ref().is_some_and(|denied| denied.kind == kind);
        if entry.until.has_passed(*now) || !kind.is_none_or(is_kind) {
            return;
        }
        self.listed.total += 1;
        if after.as_deref().is_some_and(|after| *id <= *after) {
            return;
        }
        self.found.insert(id, entry);
        if self.found.len() > *limit {
            self.listed.has_more = true;
            self.found.pop_last();
        }
    }

    /// The page, filled.
    pub(super) fn listed(self) -> ListedDenials {
        ListedDenials { items: self.found.into_iter().collect(), ..self.listed }
    }
}

/// What a store tells of its denials.
#[derive(Debug, Clone, Default)]
pub struct ToldDenials {
    /// Those that requests meet.
    pub set: Arc<DenialSet>,
    /// How many entries there are, also those that have ended and those that this version does not understand.
    pub entries: usize,
    /// The ids of entries that this version does not understand.
    pub not_understood: Vec<Box<str>>,
    /// Whether a shared store went back.
    pub went_back: bool,
}

/// The head of the denials: it moves with each change of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DenialHead {
    /// How many changes there were. It only grows.
    pub n: u64,
    /// The hash over all entries, see [`hash`].
    pub sha256: String,
}

/// Entries by their id.
pub type DenialEntries = BTreeMap<Box<str>, Arc<DenialEntry>>;

/// The denials that a member knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownDenials {
    /// The head that they belong to.
    pub head: DenialHead,
    /// All entries, also those that have ended and those that this version does not understand.
    pub entries: DenialEntries,
    /// Whether the store went back; the entries are then those of before, and those that the store has besides.
    pub went_back: bool,
}

impl KnownDenials {
    /// What a snapshot has kept: the texts that [`NamedTexts::each`] gave.
    #[must_use]
    pub fn of_texts(texts: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut known = Self::default();
        for (name, text) in texts {
            match name.as_str() {
                // The checksum of the snapshot has proven it.
                HEAD => known.head = serde_json::from_str(&text).unwrap_or_default(),
                _ => drop(known.entries.insert(name.into(), Arc::new(DenialEntry::read(&text)))),
            }
        }
        known
    }

    /// What a member knows that knew this, and reads `entries` under `head`.
    #[must_use]
    pub fn after(&self, head: DenialHead, entries: DenialEntries, now: Instant) -> Self {
        let is_lost = |id: &str, known: &Arc<DenialEntry>| {
            !known.until.has_passed(now) && entries.get(id).is_none_or(|seen| seen != known)
        };
        let has_lost = || self.entries.iter().any(|(id, known)| is_lost(id, known));
        let went_back = head.n < self.head.n || (head.n == self.head.n && has_lost());
        if !went_back {
            return Self { head, entries, went_back };
        }
        let mut all = entries;
        // An entry of before counts more than one that took its id.
        all.extend(self.entries.iter().map(|(id, entry)| (id.clone(), Arc::clone(entry))));
        Self { head: self.head.clone(), entries: all, went_back }
    }

    /// What is told of them.
    #[must_use]
    pub fn told(&self, now: Instant) -> ToldDenials {
        let in_force = self.entries.values().filter(|entry| !entry.until.has_passed(now));
        let not_understood = self.entries.iter().filter(|(_, entry)| entry.denies.is_none());
        ToldDenials {
            set: Arc::new(in_force.filter_map(|entry| entry.denies.clone()).collect()),
            entries: self.entries.len(),
            not_understood: not_understood.map(|(id, _)| id.clone()).collect(),
            went_back: self.went_back,
        }
    }
}

impl NamedTexts for KnownDenials {
    fn each(&self, take: &mut dyn FnMut(&str, &str) -> io::Result<()>) -> io::Result<()> {
        take(HEAD, &serde_json::to_string(&self.head)?)?;
        self.entries.iter().try_for_each(|(id, entry)| take(id, &entry.text))
    }
}

/// The hash over entries: the SHA-256, in hexadecimal, over `id NUL hex(SHA-256(text)) LF` of each, in the order of the
/// bytes of the ids.
#[must_use]
pub fn hash(entries: &DenialEntries) -> String {
    let mut all = String::new();
    for (id, entry) in entries {
        // Writing to a string cannot fail.
        let _written = writeln!(all, "{id}\0{}", entry.digest().to_hex());
    }
    Digest::of(all.as_bytes()).to_hex()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Denials, Denied, Until};

    const NOW: Instant = Instant::from_unix(100);

    fn entry(key: &str, until: Until) -> (Box<str>, Arc<DenialEntry>) {
        let denial = Denial {
            denied: Denied::api_key(key, until),
            reason: String::new(),
            actor: String::new(),
            at: jiff::Timestamp::UNIX_EPOCH,
        };
        (denial.id().into(), Arc::new(DenialEntry::read(&denial.text())))
    }

    fn entries(keys: &str) -> DenialEntries {
        keys.chars().map(|key| entry(&key.to_string(), Until::Never)).collect()
    }

    fn known(n: u64, keys: &str) -> KnownDenials {
        let entries = entries(keys);
        KnownDenials { head: DenialHead { n, sha256: hash(&entries) }, entries, went_back: false }
    }

    /// The keys that are denied.
    fn denied(known: &KnownDenials) -> String {
        let denials = Denials::default();
        denials.publish(known.told(NOW).set);
        ('a'..='z').filter(|key| denials.of_api_key(&key.to_string(), NOW).is_some()).collect()
    }

    #[test]
    fn a_store_that_went_back_takes_no_denial_away() {
        let knew = known(5, "ab");
        for (what, seen, wanted, went_back, n) in [
            ("the same", known(5, "ab"), "ab", false, 5),
            ("one more", known(6, "abc"), "abc", false, 6),
            ("one lifted", known(6, "b"), "b", false, 6),
            ("written by hand", known(5, "abc"), "abc", false, 5),
            ("gone although nothing happened", known(5, "b"), "ab", true, 5),
            ("an older backup", known(4, "a"), "ab", true, 5),
            ("an older backup that went on", known(4, "ac"), "abc", true, 5),
            ("an empty store", known(0, ""), "ab", true, 5),
        ] {
            let after = knew.after(seen.head, seen.entries, NOW);
            assert_eq!(
                (denied(&after).as_str(), after.went_back, after.head.n),
                (wanted, went_back, n),
                "{what}"
            );
        }
    }

    #[test]
    fn a_store_that_went_back_is_believed_again_when_it_is_ahead() {
        let knew = known(5, "ab").after(known(2, "a").head, entries("a"), NOW);
        assert_eq!((denied(&knew).as_str(), knew.went_back), ("ab", true));
        for (seen, wanted) in [(known(5, "ab"), "ab"), (known(6, "a"), "a")] {
            let after = knew.after(seen.head, seen.entries, NOW);
            assert_eq!((denied(&after).as_str(), after.went_back), (wanted, false));
        }
    }

    #[test]
    fn an_entry_whose_end_has_passed_may_go_and_one_that_was_cut_short_may_not() {
        let ends = |until| KnownDenials { entries: DenialEntries::from([entry("a", until)]), ..known(5, "") };
        let (past, future) = (Until::At(NOW), Until::At(Instant::from_unix(200)));
        let gone = ends(past).after(known(5, "").head, DenialEntries::new(), NOW);
        assert_eq!((denied(&gone).as_str(), gone.went_back), ("", false));
        let cut = ends(future).after(known(5, "").head, DenialEntries::from([entry("a", past)]), NOW);
        assert_eq!((denied(&cut).as_str(), cut.went_back), ("a", true));
    }

    #[test]
    fn a_snapshot_keeps_all_of_it() {
        let known = known(5, "ab");
        let mut texts = Vec::new();
        known
            .each(&mut |name, text| {
                texts.push((name.to_owned(), text.to_owned()));
                Ok(())
            })
            .unwrap();
        assert_eq!(KnownDenials::of_texts(texts), known);
        assert_eq!(KnownDenials::of_texts([]), KnownDenials::default());
    }

    #[test]
    fn the_hash_is_over_ids_and_hashes_of_texts() {
        let entries = DenialEntries::from([("a".into(), Arc::new(DenialEntry::read("abc")))]);
        // SHA-256 of "a\0" + SHA-256 of "abc" (FIPS 180-2 appendix B.1) in hexadecimal + "\n".
        let line = "a\0ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n";
        assert_eq!(hash(&entries), Digest::of(line.as_bytes()).to_hex());
    }
}
