//! A store of resources in etcd, for those who know no etcd.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::denials::{self, Addition, Denials};
use super::fault::Fault;
use super::follow::Follower;
use super::keys::Keys;
use super::link::Link;
use super::look::Looks;
use super::memory::{Memory, Remembered};
use super::options::EtcdOptions;
use super::patience::Patience;
use super::presence::EtcdPresence;
use super::standing::Held;
use crate::model::ResourceId;
use crate::store::{
    Commit, Denial, DenialStore, Description, Health, HealthSource, LastCommit, Latest, MOST_RESOURCES,
    Observer, Presence, Query, Reading, Record, ResourceStore, SnapshotError, SnapshotFile, StoreError,
    StoreKind, Text, WriteError,
};

/// How long a start waits for etcd: what is kept on disk is the second choice, and comes soon.
const FIRST_LOOK: Duration = Duration::from_secs(2);

/// How long a commit waits for the head of the denials: the head of the store was read a moment before.
const DENIALS_READ: Duration = Duration::from_millis(500);

/// A store in etcd. It holds all resources in memory, and follows what others commit once [`Self::follow`] was called.
pub struct EtcdStore {
    looks: Arc<Looks>,
    denials: Arc<Denials>,
    followers: Vec<JoinHandle<()>>,
    memory: Option<Memory>,
    patience: Patience,
}

impl std::fmt::Debug for EtcdStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EtcdStore").field("prefix", &self.looks.keys.prefix()).finish_non_exhaustive()
    }
}

impl EtcdStore {
    /// The store. Nothing is sent before somebody asks.
    #[must_use]
    pub fn new(options: EtcdOptions, observer: Arc<dyn Observer>) -> Self {
        let keys = Keys::new(options.prefix.clone());
        let looks = Looks::new(Arc::new(Link::new(options)), keys, observer);
        let looks = Arc::new(looks);
        let denials = Arc::new(Denials::new(Arc::clone(&looks)));
        Self { looks, denials, followers: Vec::new(), memory: None, patience: Patience::default() }
    }

    /// Remembers what is live in `file`, and what ran last from there: the store must go on from that.
    pub async fn remember(&mut self, file: SnapshotFile) {
        let (memory, denials) = Memory::open(file, self.looks.link.options()).await;
        let head = memory.before().and_then(Result::ok).map(|Remembered { head, .. }| head);
        self.denials.remember(memory.keeper(), denials, head.as_ref().and_then(|head| head.resumed));
        if let Some(head) = head {
            self.looks.standing.expect(head);
        }
        self.memory = Some(memory);
    }

    /// Follows what others commit, on the runtime of the caller, until this is dropped.
    pub fn follow(&mut self) {
        if self.followers.is_empty() {
            let looked = self.looks.looked.subscribe();
            let denials = denials::Follower { denials: Arc::clone(&self.denials), looked };
            let follower = Follower { looks: Arc::clone(&self.looks) };
            self.followers.extend([tokio::spawn(denials.run()), tokio::spawn(follower.run())]);
        }
    }

    /// Who knows how the store is.
    #[must_use]
    pub fn health_source(&self) -> Arc<dyn HealthSource> {
        Arc::clone(&self.looks.standing) as Arc<dyn HealthSource>
    }

    /// Who shares the store.
    #[must_use]
    pub fn presence(&self) -> Arc<dyn Presence> {
        Arc::new(EtcdPresence::new(Arc::clone(&self.looks.link), self.looks.keys.clone()))
    }

    /// The denials of the store, which are followed with it.
    #[must_use]
    pub fn denials(&self) -> Arc<dyn DenialStore> {
        Arc::<Denials>::clone(&self.denials)
    }

    /// What is held; looks first when nothing is.
    async fn held(&self) -> Result<Held, StoreError> {
        let held = self.looks.standing.held();
        if held.is_known {
            return Ok(held);
        }
        match timeout(FIRST_LOOK, self.looks.look()).await {
            Err(_) => return Err(away(&Fault::TimedOut(FIRST_LOOK))),
            Ok(Err(fault)) => return Err(away(&fault)),
            Ok(Ok(_)) => {}
        }
        let held = self.looks.standing.held();
        match held.state() {
            _ if held.is_known => Ok(held),
            (state, why) => Err(StoreError::Wrong { state, why: why.unwrap_or_default() }),
        }
    }
}

impl EtcdStore {
    /// What a commit carries for denials. Nothing is read for one that will be refused anyway.
    async fn addition(
        &self,
        head: u64,
        commit: &Commit,
        denials: &[Denial],
    ) -> Result<Option<Addition>, WriteError> {
        let held = self.looks.standing.held();
        let (resources, is_at_head) = (commit.changes.len(), held.revision() == head);
        if denials.is_empty() || resources > MOST_RESOURCES || !is_at_head {
            return Ok(None);
        }
        self.looks.may_write()?;
        let made = self.denials.addition(denials, resources, held.head_changed);
        match timeout(DENIALS_READ, made).await {
            Ok(made) => made.map_err(|fault| self.looks.refused(&fault)),
            Err(_) => Err(self.looks.refused(&Fault::TimedOut(DENIALS_READ))),
        }
    }
}

impl Drop for EtcdStore {
    fn drop(&mut self) {
        self.followers.iter().for_each(JoinHandle::abort);
    }
}

#[async_trait]
impl ResourceStore for EtcdStore {
    async fn read(&self) -> Result<Reading, StoreError> {
        let held = self.held().await?;
        let mut resources = Vec::with_capacity(held.content.len());
        for (name, entry) in held.content.shared() {
            let Some(id) = ResourceId::of(name) else {
                return Err(StoreError::NotUnderstood { what: name.to_string() });
            };
            let path = entry.place(|| self.looks.keys.place(&id));
            resources.push((id, Text { path, text: Arc::clone(&entry.text) }));
        }
        resources.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(Reading {
            head: held.revision(),
            hash: Some(Arc::clone(&held.hash)),
            resources,
            unreadable: Vec::new(),
        })
    }

    async fn changed(&mut self) {
        self.looks.standing.changed().await;
    }

    async fn commit(&self, commit: Commit) -> Result<u64, WriteError> {
        self.held().await?;
        self.looks.commit(None, commit, None).await
    }

    async fn commit_after(&self, head: u64, commit: Commit, denials: Vec<Denial>) -> Result<u64, WriteError> {
        let addition = self.addition(head, &commit, &denials).await?;
        self.looks.commit(Some(head), commit, addition).await
    }

    async fn history(&self, query: Query) -> Result<Vec<Record>, StoreError> {
        self.held().await?;
        self.patience.wait(self.looks.history(&query)).await.map_err(|fault| away(&fault))
    }

    async fn record(&self, number: u64) -> Result<Option<Record>, StoreError> {
        self.patience.wait(self.looks.record(number)).await.map_err(|fault| away(&fault))
    }

    async fn latest(&self, of: Option<&BTreeSet<ResourceId>>) -> Result<Latest, StoreError> {
        self.held().await?;
        self.looks.latest(of).await.map_err(|fault| away(&fault))
    }

    async fn committed(&self, id: &str) -> Result<Option<Record>, StoreError> {
        let found = async {
            // Another member may have made it.
            self.looks.look().await?;
            self.looks.committed(id).await
        };
        self.patience.wait(found).await.map_err(|fault| away(&fault))
    }

    async fn head(&self) -> Result<u64, StoreError> {
        Ok(self.held().await?.revision())
    }

    async fn refresh(&self) -> Result<(), WriteError> {
        match self.patience.wait(async { self.looks.look().await.map(drop) }).await {
            Ok(()) => self.looks.may_write(),
            Err(fault) => Err(self.looks.refused(&fault)),
        }
    }

    fn last_commit(&self) -> Option<LastCommit> {
        let head = self.looks.standing.held().head?;
        Some(LastCommit { revision: head.revision, at: head.at, who: head.who })
    }

    fn is_live(&self, head: u64) {
        let held = self.looks.standing.held();
        if let Some(memory) = self.memory.as_ref().filter(|_| held.revision() == head) {
            memory.is_live(&held);
        }
    }

    async fn fall_back(&self) -> Result<(), Option<SnapshotError>> {
        let remembered = self.memory.as_ref().and_then(Memory::before).ok_or(None)?;
        let Remembered { content, head } = remembered.map_err(Some)?;
        self.looks.standing.fall_back(content, head);
        Ok(())
    }

    fn edits_by_hand(&self) -> bool {
        false
    }

    fn health(&self) -> Option<Health> {
        Some(self.looks.standing.health())
    }

    fn place(&self, id: &ResourceId) -> PathBuf {
        self.looks.keys.place(id).into()
    }

    fn describe(&self) -> Description {
        let (state, why) = self.looks.standing.held().state();
        Description {
            kind: StoreKind::Etcd,
            place: Some(format!("etcd:{}", self.looks.keys.prefix())),
            read_only: why.filter(|_| state.needs_a_person()),
        }
    }
}

fn away(fault: &Fault) -> StoreError {
    StoreError::Unavailable(fault.to_string())
}
