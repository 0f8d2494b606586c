//! What a change denies, and what a process does with the denials of a shared store.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::model::{
    Clock as _, CloseCode, DenialKind, Denied, Digest, EndedBy, Extent, FixedClock, Identity, Instant, Live,
    OnPolicyChange, RequestId, ResourceId, StreamKind, Until,
};
use crate::routing::right;
use crate::store::{
    AskedDenials, Commit, Denial, DenialEntry, DenialHead, DenialStore, Description, FileDocuments,
    KnownDenials, ListedDenials, Query, Reading, Record, ResourceStore, StoreError, ToldDenials, WriteError,
    Writer,
};
use crate::telemetry::Metrics;
use crate::upstream::{Running, StreamFacts};

use super::super::fixtures::{DOCUMENT, agent, edit};
use super::super::{Control, Expect, Reconciler, Stores, To, load};

/// A folder that several members would share: it keeps what it was told to deny, and answers a commit as it is told to.
struct Shared {
    folder: Box<dyn ResourceStore>,
    denied: Arc<Mutex<Vec<Denial>>>,
    known: Told,
    is_away: Arc<Mutex<bool>>,
}

#[async_trait]
impl ResourceStore for Shared {
    async fn read(&self) -> Result<Reading, StoreError> {
        self.folder.read().await
    }

    async fn changed(&mut self) {
        std::future::pending().await
    }

    async fn commit(&self, commit: Commit) -> Result<u64, WriteError> {
        self.folder.commit(commit).await
    }

    async fn commit_after(&self, _: u64, commit: Commit, denials: Vec<Denial>) -> Result<u64, WriteError> {
        if *self.is_away.lock().unwrap() {
            return Err(WriteError::Unavailable("away".to_owned()));
        }
        let number = self.commit(commit).await?;
        deny(&self.known, &denials);
        self.denied.lock().unwrap().extend(denials);
        Ok(number)
    }

    async fn history(&self, query: Query) -> Result<Vec<Record>, StoreError> {
        self.folder.history(query).await
    }

    async fn head(&self) -> Result<u64, StoreError> {
        self.folder.head().await
    }

    fn place(&self, id: &ResourceId) -> std::path::PathBuf {
        self.folder.place(id)
    }

    fn describe(&self) -> Description {
        self.folder.describe()
    }
}

/// What the members know, and are told.
#[derive(Clone)]
struct Told {
    known: Arc<Mutex<KnownDenials>>,
    told: watch::Sender<Arc<ToldDenials>>,
}

#[async_trait]
impl DenialStore for Told {
    fn follow(&self) -> watch::Receiver<Arc<ToldDenials>> {
        self.told.subscribe()
    }

    async fn add(&self, denial: Denial) -> Result<Arc<DenialEntry>, WriteError> {
        deny(self, std::slice::from_ref(&denial));
        Ok(Arc::new(DenialEntry::read(&denial.text())))
    }

    async fn lift(&self, _: &str, _: &str) -> Result<bool, WriteError> {
        Ok(false)
    }

    async fn find(&self, id: &str) -> Result<Option<Arc<DenialEntry>>, StoreError> {
        Ok(self.known.lock().unwrap().entries.get(id).cloned())
    }

    async fn list(&self, _: AskedDenials) -> Result<ListedDenials, StoreError> {
        Ok(ListedDenials::default())
    }
}

/// Another member denies these.
fn deny(Told { known, told }: &Told, denials: &[Denial]) {
    let mut known = known.lock().unwrap();
    let mut entries = known.entries.clone();
    let fresh = denials.iter().map(|d| (d.id().into(), Arc::new(DenialEntry::read(&d.text()))));
    entries.extend(fresh);
    let head = DenialHead { n: known.head.n + 1, ..DenialHead::default() };
    *known = known.after(head, entries, NOW);
    told.send_replace(Arc::new(known.told(NOW)));
}

const NOW: Instant = Instant::from_unix(1_800_000_000);

struct Member {
    control: Control,
    running: Running,
    metrics: Metrics,
    known: Told,
    denied: Arc<Mutex<Vec<Denial>>>,
    is_away: Arc<Mutex<bool>>,
    clock: Arc<FixedClock>,
    _folder: tempfile::TempDir,
}

impl Member {
    /// A member that knew these keys to be denied when it started.
    async fn start(knew: &[&str]) -> Self {
        crate::net::fixtures::install_tls();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("portcullis.yaml");
        std::fs::write(&path, DOCUMENT).unwrap();
        let documents = Box::new(FileDocuments::new(path));
        let Stores { documents, resources, audit, .. } = Stores::open(documents, Writer::Now).await.unwrap();
        let (denied, is_away) = (Arc::default(), Arc::default());
        let known = Told { known: Arc::default(), told: watch::Sender::new(Arc::default()) };
        deny(&known, &knew.iter().map(|id| denial(id)).collect::<Vec<_>>());
        let shared = Shared {
            folder: resources,
            denied: Arc::clone(&denied),
            known: known.clone(),
            is_away: Arc::clone(&is_away),
        };
        let stores = Stores::new(documents, Box::new(shared), audit).with_denials(Arc::new(known.clone()));
        let (metrics, running) = (Metrics::new().unwrap(), Running::default());
        let (compiled, files) = load(&stores, &metrics).await.unwrap();
        let live = Arc::new(Live::new(compiled.snapshot));
        let clock = Arc::new(FixedClock::at(NOW));
        let time = Arc::clone(&clock) as Arc<dyn crate::model::Clock>;
        let reconciler = Reconciler::new(stores, files, live, metrics.clone(), time, None).await;
        let reconciler = reconciler.with_running(running.clone());
        let control = reconciler.control();
        tokio::spawn(reconciler.run());
        Self { control, running, metrics, known, denied, is_away, clock, _folder: folder }
    }

    async fn put(&self, id: &str, value: Value) {
        self.control.edit(edit(id, Expect::Anything, To::Json(value))).await.unwrap();
    }

    /// With an agent `a` that has these keys.
    async fn with_keys(self, keys: &[&str]) -> Self {
        self.put("agents/a", agent(json!({"api_key": {}}))).await;
        for id in keys {
            self.put(&format!("api_keys/{id}"), key(id)).await;
        }
        self
    }

    fn denies(&self, id: &str) -> bool {
        self.control.live().denials.of_api_key(id, NOW).is_some()
    }

    async fn eventually_denies(&self, id: &str) {
        let denied = async {
            while !self.denies(id) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(5), denied).await.unwrap();
    }

    /// What was denied since the last time: the key, and when the denial ends.
    fn taken(&self) -> Vec<(String, Until)> {
        self.denied
            .lock()
            .unwrap()
            .drain(..)
            .map(|Denial { denied, .. }| (denied.value.into(), denied.until))
            .collect()
    }
}

/// An API key of the agent `a`.
fn key(id: &str) -> Value {
    json!({"agent": "a", "sha256": Digest::of(id.as_bytes()).to_hex()})
}

fn denial(id: &str) -> Denial {
    Denial {
        denied: Denied::api_key(id, Until::Never),
        reason: "revoke".to_owned(),
        actor: "another member".to_owned(),
        at: NOW.timestamp(),
    }
}

#[tokio::test]
async fn a_change_denies_the_keys_that_it_revokes_or_removes_and_no_others() {
    let member = Member::start(&[]).await.with_keys(&["aaaaaaaa", "bbbbbbbb", "cccccccc", "dddddddd"]).await;
    assert_eq!(member.taken(), [], "what is made is not denied");
    let with = |id: &str, members: Value| {
        let mut value = key(id);
        value.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        value
    };
    // 2027-01-15T08:00:00Z is now.
    for (id, members, wanted) in [
        ("aaaaaaaa", json!({"name": "x"}), vec![]),
        ("aaaaaaaa", json!({"expires_at": "2030-01-01T00:00:00.5Z"}), vec![]),
        ("bbbbbbbb", json!({"revoked_at": "2027-01-15T08:00:01Z"}), vec![]),
        ("bbbbbbbb", json!({"revoked_at": "2027-01-15T08:00:00Z"}), vec![("bbbbbbbb", Until::Never)]),
        ("bbbbbbbb", json!({"revoked_at": "2027-01-15T07:00:00Z"}), vec![]),
    ] {
        member.put(&format!("api_keys/{id}"), with(id, members.clone())).await;
        let wanted: Vec<_> = wanted.into_iter().map(|(id, until)| (id.to_owned(), until)).collect();
        assert_eq!(member.taken(), wanted, "{id} {members}");
    }
    let remove = |id: &str| member.control.edit(edit(id, Expect::Present, To::Nothing));
    remove("api_keys/bbbbbbbb").await.unwrap();
    assert_eq!(member.taken(), [], "it is denied already");
    remove("api_keys/cccccccc").await.unwrap();
    assert_eq!(member.taken(), [("cccccccc".to_owned(), Until::Never)]);
    remove("agents/a").await.unwrap();
    // The end of the key, in whole seconds.
    let end = Until::At(Instant::from_unix(1_893_456_001));
    assert_eq!(member.taken(), [("aaaaaaaa".to_owned(), end), ("dddddddd".to_owned(), Until::Never)]);
    member.eventually_denies("dddddddd").await;
}

#[tokio::test]
async fn a_change_that_is_not_committed_denies_nothing() {
    let member = Member::start(&[]).await.with_keys(&["aaaaaaaa"]).await;
    *member.is_away.lock().unwrap() = true;
    let error = member.control.edit(edit("api_keys/aaaaaaaa", Expect::Present, To::Nothing)).await;
    assert!(error.is_err() && member.taken().is_empty() && !member.denies("aaaaaaaa"));
    assert!(member.control.live().api_keys.get("aaaaaaaa").is_some());
}

#[tokio::test]
async fn a_denial_of_another_member_is_in_force_without_a_change_and_ends_streams() {
    let member = Member::start(&["zzzzzzzz"]).await;
    assert!(member.denies("zzzzzzzz"), "what was known at the start is in force before anything is served");
    let member = member.with_keys(&["aaaaaaaa", "bbbbbbbb"]).await;
    let live = member.control.live();
    let streams = ["aaaaaaaa", "bbbbbbbb"].map(|id| {
        let agent = &live.agents["a"];
        member.running.begin(StreamFacts {
            agent: agent.name.clone(),
            kind: StreamKind::Sse,
            caller: None,
            provider: None,
            right: right(agent, Some(&Identity::of_api_key(id, None)), || None),
            held: None,
            extent: Extent::Open,
            policy: agent.policy,
            on_policy_change: OnPolicyChange::Revocation,
            began: NOW,
            expires_at: None,
            ends: None,
            close_code: CloseCode::default(),
            request_id: RequestId::Made(1),
            path: "/a".into(),
        })
    });
    deny(&member.known, &[denial("aaaaaaaa")]);
    member.eventually_denies("aaaaaaaa").await;
    let ended = async {
        while streams[0].stream().order.given().is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(5), ended).await.unwrap();
    assert_eq!(streams[0].stream().order.given(), Some(EndedBy::Revoked));
    assert_eq!(streams[1].stream().order.given(), None);
    assert_eq!(live.revision, member.control.live().revision, "nothing was compiled");
    assert!(member.metrics.render().contains("portcullis_denials{kind=\"api_key\"} 2"));
}

#[tokio::test]
async fn a_denial_that_has_ended_denies_nothing_and_is_dropped_within_a_minute() {
    let member = Member::start(&[]).await;
    let until = Until::At(NOW.plus(std::time::Duration::from_secs(30)));
    deny(&member.known, &[Denial { denied: Denied::api_key("aaaaaaaa", until), ..denial("aaaaaaaa") }]);
    member.eventually_denies("aaaaaaaa").await;
    member.clock.advance(std::time::Duration::from_secs(30));
    let denials = Arc::clone(&member.control.live().denials);
    assert_eq!(denials.of_api_key("aaaaaaaa", member.clock.now()), None);
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(61)).await;
    tokio::time::resume();
    let become_this_many = async |count: usize| {
        let become_so = async {
            while denials.len(DenialKind::ApiKey) != count {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(5), become_so).await.unwrap();
    };
    become_this_many(0).await;
    assert!(member.metrics.render().contains("portcullis_denials{kind=\"api_key\"} 0"));
    // The clock was wrong.
    member.clock.set(NOW);
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(61)).await;
    tokio::time::resume();
    become_this_many(1).await;
    assert!(denials.of_api_key("aaaaaaaa", member.clock.now()).is_some());
}
