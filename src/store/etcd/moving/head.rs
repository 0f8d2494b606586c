//! The head of a store that a command opens: read, judged, and made where there is none.

use etcd_client::{Compare, CompareOp, GetOptions, Txn, TxnOp};

use super::EtcdMoving;
use crate::store::etcd::content::Content;
use crate::store::etcd::draft::new_id;
use crate::store::etcd::fault::Fault;
use crate::store::etcd::head::Head;
use crate::store::etcd::look::FORMAT;
use crate::store::etcd::standing::Held;
use crate::store::{StoreError, StoreState, WriteError};

/// Keys that are looked at: where there are more, one that is somebody else's is among the first.
const LOOKED_AT: i64 = 200;
/// What keys of a store begin with, behind its prefix.
const OWN: [&str; 9] = ["format", "head", "g/", "rev/", "idle/", "members/", "seen/", "deny", "canary"];

impl EtcdMoving {
    /// Everything that is held in the store now, also when it has another id than it should.
    pub(super) async fn read_any(&self) -> Result<Held, StoreError> {
        let away = |fault: Fault| StoreError::Unavailable(fault.to_string());
        self.looks.look().await.map_err(away)?;
        let held = self.looks.standing.held();
        if held.is_known {
            return Ok(held);
        }
        let (state, why) = held.state();
        Err(StoreError::Wrong { state, why: why.unwrap_or_default() })
    }

    /// The head as it stands, and etcd's revision of its last change.
    pub(super) async fn raw_head(&self) -> Result<Option<(Head, i64)>, Fault> {
        let found = self.looks.get_all(vec![self.looks.keys.head()], 0).await?;
        let Some((value, changed)) = found.into_iter().flatten().next() else { return Ok(None) };
        Ok(Some((Head::parse(&value).map_err(Fault::Other)?, changed)))
    }

    /// The same, of the store that the configuration means.
    pub(super) async fn read(&self) -> Result<Held, StoreError> {
        let held = self.read_any().await?;
        if let (Some(written), Some(head)) = (&self.written, &held.head)
            && *written != head.store_id
        {
            let why = format!("{} has the id {}, and `store_id` says {written}", self.name(), head.store_id);
            return Err(StoreError::Wrong { state: StoreState::Foreign, why });
        }
        Ok(held)
    }

    /// The head; a new one where there is nothing at all.
    pub(super) async fn head_or_new(&self) -> Result<Head, WriteError> {
        if let Some(head) = self.read().await?.head {
            return Ok(head);
        }
        self.is_free().await?;
        let head = Head {
            store_id: self.written.clone().unwrap_or_else(new_id),
            revision: 0,
            generation: 1,
            sha256: Content::default().hash(),
            at: jiff::Timestamp::now(),
            who: "command line".to_owned(),
            commit: new_id(),
            resumed: None,
        };
        let keys = &self.looks.keys;
        let absent = Compare::create_revision(keys.head(), CompareOp::Equal, 0);
        let puts = [TxnOp::put(keys.head(), head.to_json(), None), TxnOp::put(keys.format(), FORMAT, None)];
        let txn = Txn::new().when([absent]).and_then(puts);
        let _made_here_or_elsewhere = self
            .looks
            .link
            .call(|mut kv| async move { kv.txn(txn).await })
            .await
            .map_err(|f| self.looks.refused(&f))?;
        let head = self.read().await?.head;
        head.ok_or_else(|| WriteError::Unavailable(format!("{} has no head yet; try again", self.name())))
    }

    /// Fails when keys are there that are no store's, or what is left of one.
    async fn is_free(&self) -> Result<(), WriteError> {
        let prefix = self.looks.keys.prefix().to_owned();
        let options = GetOptions::new().with_keys_only().with_limit(LOOKED_AT);
        let found =
            self.looks.link.below(&prefix, options).await.map_err(|fault| self.looks.refused(&fault))?;
        let behind = |key: &[u8]| String::from_utf8_lossy(key).trim_start_matches(prefix.as_str()).to_owned();
        let names: Vec<String> = found.iter().map(|kv| behind(kv.key())).collect();
        let is_own = |name: &&String| OWN.iter().any(|own| name.starts_with(own));
        if let Some(other) = names.iter().find(|name| !is_own(name)) {
            return Err(self.taken(format!(
                "it holds keys that are no store's, such as `{prefix}{other}`; choose another `prefix`"
            )));
        }
        if names.iter().any(|name| name.starts_with("rev/")) {
            return Err(self.taken(
                "it holds revisions and no head: a store was there; see `portcullis store resume`".to_owned(),
            ));
        }
        Ok(())
    }

    fn taken(&self, why: String) -> WriteError {
        WriteError::Failed { path: self.name().into(), why, full: false }
    }
}
