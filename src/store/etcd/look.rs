//! One look at a store: reads the head with the agreement of the majority, and holds what it says.

use std::sync::Arc;

use etcd_client::{GetOptions, GetResponse, TxnOp};
use tokio::sync::{Mutex, watch};

use super::content::{Content, Entry, Put};
use super::fault::Fault;
use super::first_read;
use super::head::Head;
use super::judge::{Judgement, forked, judge};
use super::keys::Keys;
use super::link::Link;
use super::record::StoredRecord;
use super::standing::{Held, Standing};
use crate::store::leisure::blocking;
use crate::store::{FullRead, Observer, StoreState};

/// Reads of one request: etcd takes 128 operations.
const AT_ONCE: usize = 100;
/// The layout that this version reads and writes.
pub(super) const FORMAT: &str = "1";

/// Who looks. One look at a time, whoever asks for it.
pub(in crate::store) struct Looks {
    pub(super) link: Arc<Link>,
    pub(super) keys: Keys,
    pub(super) standing: Arc<Standing>,
    pub(super) observer: Arc<dyn Observer>,
    /// Moves with each look that was answered.
    pub(super) looked: watch::Sender<u64>,
    turn: Mutex<()>,
}

/// What a look saw.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// etcd's revision at which the head was read.
    pub(super) at: i64,
    /// etcd's revision of the last change of the head; 0 without one.
    pub(super) head_changed: i64,
}

/// The head as it was read.
struct Found {
    head: Option<Head>,
    seen: Seen,
}

impl Looks {
    pub(super) fn new(link: Arc<Link>, keys: Keys, observer: Arc<dyn Observer>) -> Self {
        let looked = watch::Sender::default();
        Self { link, keys, standing: Arc::default(), observer, looked, turn: Mutex::default() }
    }

    /// Looks once. When this returns, what the store's head said is held, or the state says why not.
    pub(in crate::store) async fn look(&self) -> Result<Seen, Fault> {
        let _one_at_a_time = self.turn.lock().await;
        let looked = self.look_now().await;
        self.observer.connected(!looked.as_ref().is_err_and(Fault::is_of_the_connection));
        self.observer.state(self.standing.health().state);
        if looked.is_ok() {
            self.looked.send_modify(|looks| *looks = looks.wrapping_add(1));
        }
        looked
    }

    async fn look_now(&self) -> Result<Seen, Fault> {
        // In this order: a commit of this process may come between, and is no head that went back.
        let held = self.standing.held();
        let found = self.head().await?;
        let written = self.link.options().store_id.as_deref();
        let judgement = judge(found.head.as_ref(), held.head.as_ref(), written);
        let judgement = if held.is_from_disk { judgement.with_content_from_disk() } else { judgement };
        let revision = found.head.as_ref().map_or(0, |head| head.revision);
        self.observer.head(revision);
        let outcome = match (judgement, found.head) {
            (Judgement::Wrong(state, why), _) => Err((state, why)),
            (Judgement::Same, _) => {
                // It may have been written anew as it was: see `settle`.
                self.standing.head_changed(revision, found.seen.head_changed);
                Ok(())
            }
            (Judgement::Empty, _) | (_, None) => {
                if !held.is_known {
                    tracing::warn!("the store is empty; its first commit makes it");
                    self.standing.replace(Content::default(), None, 0);
                }
                Ok(())
            }
            (Judgement::Next(own, commit), Some(head)) => {
                self.next(held, head, found.seen, (own, commit)).await?
            }
            (Judgement::Whole(why, own), Some(head)) => self.whole(head, found.seen, why, own).await?,
        };
        match outcome {
            Ok(()) => {
                self.standing.confirm();
                self.observer.confirmed();
            }
            Err((state, why)) => self.standing.judge(state, why, revision),
        }
        Ok(found.seen)
    }

    async fn head(&self) -> Result<Found, Fault> {
        let reads = [TxnOp::get(self.keys.head(), None), TxnOp::get(self.keys.format(), None)];
        let ([head, format], at) = self.link.read(reads).await?;
        if let Some(format) = format.kvs().first().filter(|kv| kv.value() != FORMAT.as_bytes()) {
            let format = String::from_utf8_lossy(format.value()).into_owned();
            return Err(Fault::Other(format!(
                "the store has format {format:?}, and this version knows {FORMAT:?}"
            )));
        }
        let Some(kv) = head.kvs().first() else {
            return Ok(Found { head: None, seen: Seen { at, head_changed: 0 } });
        };
        let head_changed = kv.mod_revision();
        let head = Head::parse(kv.value()).map_err(Fault::Other)?;
        Ok(Found { head: Some(head), seen: Seen { at, head_changed } })
    }

    /// Moves on by records. What they do not lead to is read whole.
    async fn next(
        &self,
        held: Held,
        head: Head,
        seen: Seen,
        own: (u64, String),
    ) -> Result<Result<(), (StoreState, String)>, Fault> {
        let numbers: Vec<u64> = (own.0..=head.revision).collect();
        let names = numbers.iter().map(|number| self.keys.record(*number)).collect();
        let records = self.get_all(names, seen.at).await?;
        let records: Vec<Option<StoredRecord>> =
            records.iter().map(|value| StoredRecord::parse(value.as_ref()?.0.as_slice()).ok()).collect();
        let (applied, news) = match records.split_first() {
            Some((applied, news)) => (applied, news),
            None => return self.whole(head, seen, FullRead::Gap, None).await,
        };
        if own.0 > 0 && applied.as_ref().is_none_or(|record| record.commit != own.1) {
            return Ok(wrong(forked(own.0)));
        }
        let Some(news) = news.iter().map(Option::as_ref).collect::<Option<Vec<_>>>() else {
            return self.whole(head, seen, FullRead::Gap, None).await;
        };
        let mut changed: Vec<String> =
            news.iter().flat_map(|record| &record.changes).map(|change| change.resource.clone()).collect();
        changed.sort();
        changed.dedup();
        let names = changed.iter().map(|name| self.keys.entry(head.generation, name)).collect();
        let texts = self.get_all(names, seen.at).await?;
        let entry = |(value, at): (Vec<u8>, i64)| Entry::new(String::from_utf8_lossy(&value), at);
        let puts: Vec<Put> = changed.into_iter().zip(texts.into_iter().map(|text| text.map(entry))).collect();
        let (puts, hash) = blocking(move || {
            let hash = held.content.hash_after(&puts);
            (puts, hash)
        })
        .await;
        if hash != head.sha256 {
            return self.whole(head, seen, FullRead::Mismatch, None).await;
        }
        // Where a commit of this process was quicker, the next look finds what is left to do.
        let _moved = self.standing.advance(own.0, puts, head, seen.head_changed, false);
        Ok(Ok(()))
    }

    /// Reads everything.
    async fn whole(
        &self,
        head: Head,
        seen: Seen,
        why: FullRead,
        own: Option<(u64, String)>,
    ) -> Result<Result<(), (StoreState, String)>, Fault> {
        if let Some((number, commit)) = own {
            let record = self.get_all(vec![self.keys.record(number)], seen.at).await?;
            let record = record.into_iter().flatten().next();
            let record = record.and_then(|(value, _)| StoredRecord::parse(&value).ok());
            if record.is_none_or(|record| record.commit != commit) {
                return Ok(wrong(forked(number)));
            }
        }
        self.observer.full_read(why);
        let content = first_read::read(&self.link, &self.keys, head.generation, seen.at).await?;
        if content.hash() != head.sha256 {
            let why =
                format!("the resources of revision {} have another hash than its head says", head.revision);
            return Ok(Err((StoreState::Torn, why)));
        }
        tracing::debug!(
            revision = head.revision,
            resources = content.len(),
            why = why.as_str(),
            "read the store"
        );
        self.standing.replace(content, Some(head), seen.head_changed);
        Ok(Ok(()))
    }

    /// Compares names and versions of all resources with what is held; reads everything where they differ.
    pub(super) async fn compare(&self) -> Result<(), Fault> {
        let _one_at_a_time = self.turn.lock().await;
        let found = self.head().await?;
        let held = self.standing.held();
        let Some(head) = found.head.filter(|head| held.head.as_ref() == Some(head)) else { return Ok(()) };
        let same =
            first_read::is_as_held(&self.link, &self.keys, head.generation, found.seen.at, &held.content)
                .await?;
        if !same {
            tracing::warn!("what is held is not what the store holds; reading everything");
            if let Err((state, why)) = self.whole(head, found.seen, FullRead::Comparison, None).await? {
                self.standing.judge(state, why, held.revision());
            }
        }
        Ok(())
    }

    /// The values of keys, with the revision of each, as they were at etcd's revision `at`.
    pub(super) async fn get_all(
        &self,
        names: Vec<String>,
        at: i64,
    ) -> Result<Vec<Option<(Vec<u8>, i64)>>, Fault> {
        let mut values = Vec::with_capacity(names.len());
        for names in names.chunks(AT_ONCE) {
            let get = |name: &String| TxnOp::get(name.as_str(), Some(GetOptions::new().with_revision(at)));
            let (found, _) = self.link.read_all(names.iter().map(get).collect()).await?;
            let value =
                |got: &GetResponse| got.kvs().first().map(|kv| (kv.value().to_vec(), kv.mod_revision()));
            values.extend(found.iter().map(value));
        }
        Ok(values)
    }
}

fn wrong(judgement: Judgement) -> Result<(), (StoreState, String)> {
    match judgement {
        Judgement::Wrong(state, why) => Err((state, why)),
        Judgement::Same | Judgement::Empty | Judgement::Next(..) | Judgement::Whole(..) => Ok(()),
    }
}
