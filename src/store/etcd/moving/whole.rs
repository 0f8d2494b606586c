//! Everything replaced at once: a new generation, made live by one change of the head.

use etcd_client::{Compare, CompareOp, Txn, TxnOp};
use tokio::time::{Duration, Instant, sleep};

use super::EtcdMoving;
use crate::store::etcd::content::{Content, Entry};
use crate::store::etcd::draft::new_id;
use crate::store::etcd::fault::Fault;
use crate::store::etcd::generation::{NewGeneration, all_below};
use crate::store::etcd::head::Head;
use crate::store::etcd::judge::KEPT;
use crate::store::etcd::look::FORMAT;
use crate::store::etcd::parts::Divided;
use crate::store::etcd::record::StoredRecord;
use crate::store::{Past, Record, Replacement, WriteError};

/// How long to ask what became of a change whose response was lost.
const SETTLED_WITHIN: Duration = Duration::from_secs(10);
/// How long to wait between two questions: etcd elects a leader in about a second.
const ASK_EVERY: Duration = Duration::from_millis(200);

/// What becomes live.
pub(super) struct Next {
    pub(super) head: Head,
    pub(super) content: Content,
    pub(super) record: Record,
    /// etcd's revision of the last change of the head that it follows; 0 where there is none.
    pub(super) over: i64,
}

impl EtcdMoving {
    pub(super) async fn replace_whole(&self, with: Replacement) -> Result<u64, WriteError> {
        let before = self.head_or_new().await?;
        let held = self.read().await?;
        if held.revision() != with.over {
            return Err(WriteError::Moved { head: held.revision() });
        }
        let number = with.number();
        let now = held.content.iter().filter_map(|(name, entry)| {
            Some((crate::model::ResourceId::parse(name)?, entry.text.to_string()))
        });
        let own = Record::new(number, with.commit(&now.collect()));
        let (record, resumed) = match &with.past {
            Past::Kept => (own, before.resumed),
            Past::Of(_, records) => {
                let record = records.iter().find(|record| record.number == number);
                // Who ran an earlier revision finds another past, and takes this one as it is.
                (record.cloned().unwrap_or(own), (with.over > 0).then_some(number).or(before.resumed))
            }
        };
        let content: Content =
            with.resources.iter().map(|(id, text)| (id.to_string(), Entry::new(text.as_str(), 0))).collect();
        let head = Head {
            revision: number,
            sha256: content.hash(),
            at: record.commit.at,
            who: record.commit.who.clone(),
            commit: new_id(),
            resumed,
            ..before
        };
        self.go_live(Next { head, content, record, over: held.head_changed }).await?;
        if let Past::Of(_, records) = &with.past {
            self.replace_past(number, records).await.map_err(|fault| self.looks.refused(&fault))?;
        }
        Ok(number)
    }

    /// Writes a generation, and makes it live.
    pub(super) async fn go_live(&self, next: Next) -> Result<(), WriteError> {
        let (live, revision) = (next.head.generation, next.head.revision);
        let generations = self.generations();
        let failed = |fault: Fault| self.looks.refused(&fault);
        let draft = generations.begin(revision).await.map_err(failed)?;
        let went = self.write_and_switch(draft, live, next).await;
        // What became of the change is not known: both may be live.
        if matches!(went, Err(WriteError::OutcomeUnknown { .. })) {
            return went;
        }
        let idle = if went.is_ok() { live } else { draft.generation };
        let of = if went.is_ok() { 0 } else { revision };
        if let Err(fault) = generations.remove(idle, of).await {
            tracing::warn!(%fault, "what is not live any more stays for an hour");
        }
        if let Err(fault) = generations.sweep(jiff::Timestamp::now()).await {
            tracing::warn!(%fault, "what earlier imports left behind stays");
        }
        went
    }

    async fn write_and_switch(&self, draft: NewGeneration, live: u64, next: Next) -> Result<(), WriteError> {
        let failed = |fault: Fault| self.looks.refused(&fault);
        let generations = self.generations();
        generations.write(draft, &next.content).await.map_err(failed)?;
        let head = Head { generation: draft.generation, ..next.head };
        let masked = &self.looks.link.options().masked;
        let record = StoredRecord::new(head.revision, &next.record.commit, &head.commit, masked);
        let divided = Divided::new(record, draft.generation);
        divided.write_parts(generations, draft).await.map_err(failed)?;
        let keys = &self.looks.keys;
        let mut puts = vec![
            TxnOp::put(keys.record(head.revision), divided.record.to_json(), None),
            TxnOp::put(keys.head(), head.to_json(), None),
            TxnOp::put(keys.format(), FORMAT, None),
        ];
        puts.extend(generations.switch(draft, live));
        if let Some(old) = head.revision.checked_sub(KEPT).filter(|old| *old > 0) {
            puts.extend([TxnOp::delete(keys.record(old), None), all_below(&keys.all_parts(old))]);
        }
        let unmoved = Compare::mod_revision(keys.head(), CompareOp::Equal, next.over);
        let txn = Txn::new().when([unmoved, generations.is_idle(draft)]).and_then(puts);
        match self.looks.link.call(|mut kv| async move { kv.txn(txn).await }).await {
            Ok(answer) if answer.succeeded() => Ok(()),
            Ok(_) => {
                let now = self.raw_head().await.map_err(failed)?;
                Err(WriteError::Moved { head: now.map_or(0, |(head, _)| head.revision) })
            }
            Err(fault) if fault.is_of_the_connection() => self.settle(draft, &head).await,
            Err(fault) => Err(self.looks.refused(&fault)),
        }
    }

    /// Finds out whether a change took place whose response was lost.
    async fn settle(&self, draft: NewGeneration, sent: &Head) -> Result<(), WriteError> {
        let until = Instant::now() + SETTLED_WITHIN;
        loop {
            // Without its generation, a change that is still on its way does not take place any more.
            let fenced = self.generations().remove(draft.generation, draft.revision).await;
            if fenced.is_ok()
                && let Ok(found) = self.raw_head().await
            {
                let is_sent = found.is_some_and(|(head, _)| head.commit == sent.commit);
                return is_sent.then_some(()).ok_or_else(|| {
                    WriteError::Unavailable("etcd did not respond, and nothing was changed".to_owned())
                });
            }
            if Instant::now() >= until {
                return Err(WriteError::OutcomeUnknown { commit: sent.commit.clone() });
            }
            sleep(ASK_EVERY).await;
        }
    }
}
