//! The denials that a commit carries: they are in force with it, or, where they are more than one transaction takes, before
//! it. A key is never revoked in a revision and served by members that have not compiled it.

use std::time::Duration;

use etcd_client::{Compare, CompareOp, Txn, TxnOp};

use super::Denials;
use crate::model::{Clock as _, Instant, SystemClock, Until};
use crate::store::etcd::fault::Fault;
use crate::store::{Denial, DenialEntries, DenialEntry, DenialHead, denials_hash};

/// Operations of one transaction, by etcd's default.
const MOST_OPERATIONS: usize = 128;
/// Operations of a commit beside those of its resources: head, record, the oldest record and its parts, and the head of the
/// denials.
const BESIDE: usize = 5;
/// Denials in a transaction of their own.
const AT_ONCE: usize = 100;
/// How long entries are kept after they have ended: clocks of members differ.
const KEPT_FOR: Duration = Duration::from_secs(24 * 3600);
/// The most entries that one change sweeps away: they are operations too.
pub(super) const SWEPT: usize = 3;

/// What a transaction carries for denials.
pub(in crate::store::etcd) struct Addition {
    /// The head of the denials, and etcd's revision of its last change, with which this was made.
    pub(in crate::store::etcd) head: (String, i64),
    /// Keys and values to be written.
    pub(in crate::store::etcd) puts: Vec<(String, String)>,
    /// Keys to be deleted.
    pub(in crate::store::etcd) deletes: Vec<String>,
}

impl Denials {
    /// What a commit of so many resources carries for these denials; `None` when they are known already. `head_changed` is
    /// etcd's revision of the head that the commit follows.
    pub(in crate::store::etcd) async fn addition(
        &self,
        denials: &[Denial],
        resources: usize,
        head_changed: i64,
    ) -> Result<Option<Addition>, Fault> {
        if denials.is_empty() {
            return Ok(None);
        }
        let room = MOST_OPERATIONS.saturating_sub(resources + BESIDE);
        let mut fresh = self.fresh(denials).await?;
        while fresh.len() > room {
            let (first, rest) = fresh.split_at(AT_ONCE.min(fresh.len()));
            self.write_first(first, head_changed).await?;
            fresh = rest.to_vec();
        }
        let sweep = SWEPT.min(room - fresh.len());
        Ok(if fresh.is_empty() { None } else { Some(self.made(&fresh, sweep)) })
    }

    /// Those that the store does not have yet, or with an earlier end. Afterwards what is known is what the store has.
    pub(super) async fn fresh<'d>(&self, denials: &'d [Denial]) -> Result<Vec<&'d Denial>, Fault> {
        let head = self.head().await?;
        if head.1 != self.taken().head_changed && !self.confirm(head) && self.whole().await?.is_none() {
            return Err(Fault::Other("the denials belong to another store".to_owned()));
        }
        let (known, now) = (self.known(), SystemClock.now());
        let is_fresh = |denial: &&Denial| {
            known.entries.get(denial.id().as_str()).is_none_or(|entry| !entry.covers(denial, now))
        };
        Ok(denials.iter().filter(is_fresh).collect())
    }

    /// Writes denials before the commit that they belong to, if that can still take place.
    async fn write_first(&self, denials: &[&Denial], head_changed: i64) -> Result<(), Fault> {
        let Addition { head: (key, changed), puts, .. } = self.made(denials, 0);
        let same = |key: String, changed: i64| Compare::mod_revision(key, CompareOp::Equal, changed);
        let compares = [same(self.looks.keys.head(), head_changed), same(key, changed)];
        let puts: Vec<TxnOp> = puts.into_iter().map(|(key, value)| TxnOp::put(key, value, None)).collect();
        let txn = Txn::new().when(compares).and_then(puts);
        self.looks.link.call(|mut kv| async move { kv.txn(txn).await }).await?;
        // Where somebody was quicker, the commit itself finds out; here what is known follows what the store has.
        self.whole().await.map(drop)
    }

    pub(super) fn made(&self, denials: &[&Denial], sweep: usize) -> Addition {
        let (known, keys) = (self.known(), &self.looks.keys);
        let (swept, entries) = after(&known.entries, denials, sweep, SystemClock.now());
        let head = DenialHead { n: known.head.n.saturating_add(1), sha256: denials_hash(&entries) };
        let mut puts: Vec<_> =
            denials.iter().map(|denial| (keys.denial(&denial.id()), denial.text())).collect();
        puts.push((keys.deny_head(), serde_json::to_string(&head).unwrap_or_default()));
        let deletes = swept.iter().map(|id| keys.denial(id)).collect();
        Addition { head: (keys.deny_head(), self.taken().head_changed), puts, deletes }
    }
}

/// The entries after these were added, and the ids of those that are swept away.
fn after(
    known: &DenialEntries,
    denials: &[&Denial],
    sweep: usize,
    now: Instant,
) -> (Vec<Box<str>>, DenialEntries) {
    let is_old = |entry: &DenialEntry| match entry.until {
        Until::Never => false,
        Until::At(end) => end.plus(KEPT_FOR) <= now,
    };
    let swept: Vec<Box<str>> =
        known.iter().filter(|(_, entry)| is_old(entry)).map(|(id, _)| id.clone()).take(sweep).collect();
    let mut entries = known.clone();
    entries.retain(|id, _| !swept.contains(id));
    entries.extend(denials.iter().map(|d| (d.id().into(), DenialEntry::read(&d.text()).into())));
    (swept, entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Denied;

    fn denial(key: &str, until: Until) -> Denial {
        Denial {
            denied: Denied::api_key(key, until),
            reason: String::new(),
            actor: String::new(),
            at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn entries_that_ended_a_day_ago_are_swept_away_a_few_at_a_time() {
        let now = Instant::from_unix(1_000_000);
        let at = |seconds_ago: u64| Until::At(Instant::from_unix(1_000_000 - seconds_ago));
        let day = KEPT_FOR.as_secs();
        let known =
            [("a", at(day)), ("b", at(day - 1)), ("c", Until::Never), ("d", at(2 * day)), ("e", at(day))];
        let known: DenialEntries = known
            .map(|(key, until)| denial(key, until))
            .map(|d| (d.id().into(), DenialEntry::read(&d.text()).into()))
            .into();
        let (swept, entries) = after(&known, &[&denial("f", Until::Never)], 2, now);
        let ids = |ids: Vec<Box<str>>| {
            ids.iter().map(|id| id.trim_start_matches("api_key-").to_owned()).collect::<String>()
        };
        assert_eq!((ids(swept), ids(entries.into_keys().collect())), ("ad".to_owned(), "bcef".to_owned()));
    }
}
