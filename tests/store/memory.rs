//! A store that was made up for this test and keeps everything in memory. That it is one file, that it holds to the
//! contract, and that a gateway runs with it is the proof that another kind of store needs no more.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use portcullis::model::ResourceId;
use portcullis::store::{
    Change, Commit, Description, Query, Reading, Record, ResourceStore, StoreError, StoreKind, Text,
    WriteError, Writer,
};
use tokio::sync::watch;

use super::asked::Asked;
use super::contract::{LocalPlace, Place, holds_to_the_contract, led_to};

const KEPT: usize = 1000;

/// What all who open it share.
#[derive(Default)]
struct Shared {
    held: Mutex<Held>,
    rings: watch::Sender<()>,
}

#[derive(Default)]
struct Held {
    texts: BTreeMap<ResourceId, String>,
    /// The oldest first.
    records: Vec<Record>,
    has_writer: bool,
}

impl Held {
    fn head(&self) -> u64 {
        self.records.last().map_or(0, |record| record.number)
    }

    fn conflict(&self, changes: &[Change]) -> Option<ResourceId> {
        let mut named = BTreeSet::new();
        for Change { id, from, .. } in changes {
            if !named.insert(id) || self.texts.get(id) != from.as_ref() {
                return Some(id.clone());
            }
        }
        None
    }

    fn put(&mut self, id: &ResourceId, text: Option<&String>) {
        match text {
            Some(text) => self.texts.insert(id.clone(), text.clone()),
            None => self.texts.remove(id),
        };
    }
}

/// The store as one process sees it.
struct MemoryStore {
    shared: Arc<Shared>,
    bell: watch::Receiver<()>,
    writer: Writer,
    is_writer: Mutex<bool>,
}

impl MemoryStore {
    fn open(shared: &Arc<Shared>, writer: Writer) -> Result<Self, StoreError> {
        let (bell, shared) = (shared.rings.subscribe(), Arc::clone(shared));
        let store = Self { shared, bell, writer, is_writer: Mutex::new(false) };
        if writer == Writer::Now && !store.becomes_writer() {
            return Err(StoreError::Locked { folder: PathBuf::from("memory") });
        }
        Ok(store)
    }

    fn becomes_writer(&self) -> bool {
        let (mut is_writer, mut held) = (self.is_writer.lock().unwrap(), self.shared.held.lock().unwrap());
        if !*is_writer && !held.has_writer {
            (*is_writer, held.has_writer) = (true, true);
            self.shared.rings.send_replace(());
        }
        *is_writer
    }
}

impl Drop for MemoryStore {
    fn drop(&mut self) {
        if *self.is_writer.lock().unwrap() {
            self.shared.held.lock().unwrap().has_writer = false;
        }
    }
}

#[async_trait::async_trait]
impl ResourceStore for MemoryStore {
    async fn read(&self) -> Result<Reading, StoreError> {
        let held = self.shared.held.lock().unwrap();
        let text = |(id, text): (&ResourceId, &String)| {
            (id.clone(), Text { path: self.place(id).into(), text: text.as_str().into() })
        };
        Ok(Reading {
            hash: None,
            head: held.head(),
            resources: held.texts.iter().map(text).collect(),
            unreadable: vec![],
        })
    }

    async fn changed(&mut self) {
        if self.bell.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    async fn commit(&self, commit: Commit) -> Result<u64, WriteError> {
        if let Some(why) = self.describe().read_only {
            return Err(WriteError::ReadOnly(why));
        }
        if !self.becomes_writer() {
            return Err(WriteError::Locked("another portcullis writes here".to_owned()));
        }
        let mut held = self.shared.held.lock().unwrap();
        if let Some(id) = held.conflict(&commit.changes) {
            return Err(WriteError::Conflict(id));
        }
        if !commit.changes.is_empty() {
            commit.changes.iter().for_each(|change| held.put(&change.id, change.to.as_ref()));
            let number = held.head() + 1;
            held.records.push(Record::new(number, commit));
            let forgotten = held.records.len().saturating_sub(KEPT);
            held.records.drain(..forgotten);
            self.shared.rings.send_replace(());
        }
        Ok(held.head())
    }

    async fn history(&self, query: Query) -> Result<Vec<Record>, StoreError> {
        let held = self.shared.held.lock().unwrap();
        let touches = |record: &&Record, id: &ResourceId| record.commit.changes.iter().any(|c| c.id == *id);
        let asked = held.records.iter().rev().filter(|record| {
            query.before.is_none_or(|before| record.number < before)
                && query.only.as_ref().is_none_or(|id| touches(record, id))
        });
        Ok(asked.take(query.limit).cloned().collect())
    }

    async fn head(&self) -> Result<u64, StoreError> {
        Ok(self.shared.held.lock().unwrap().head())
    }

    fn place(&self, id: &ResourceId) -> PathBuf {
        PathBuf::from(format!("memory/{id}"))
    }

    fn describe(&self) -> Description {
        let read_only = (self.writer == Writer::Never).then(|| "this process only looks".to_owned());
        // To an operator it is what keeps each resource apart, with a history.
        Description { kind: StoreKind::Directory, place: None, read_only }
    }
}

struct Memory(Arc<Shared>);

impl Place for Memory {
    fn empty() -> Self {
        Self(Arc::default())
    }

    fn writer(&self) -> Result<Asked, StoreError> {
        MemoryStore::open(&self.0, Writer::Now).map(Asked::new)
    }

    fn reader(&self) -> Asked {
        Asked::new(MemoryStore::open(&self.0, Writer::Never).unwrap())
    }

    fn has_history(&self, records: Vec<Record>) {
        let mut held = self.0.held.lock().unwrap();
        (held.texts, held.records) = (led_to(&records), records);
    }
}

impl LocalPlace for Memory {
    fn successor(&self) -> Asked {
        Asked::new(MemoryStore::open(&self.0, Writer::Later).unwrap())
    }

    fn by_hand(&self, id: &ResourceId, text: Option<&str>) {
        self.0.held.lock().unwrap().put(id, text.map(str::to_owned).as_ref());
        self.0.rings.send_replace(());
    }
}

holds_to_the_contract!(Memory);

mod gateway {
    use portcullis::control::{Edit, Expect, Reconciler, RollBack, Stores, To, Wanted, load};
    use portcullis::model::{Live, SystemClock};
    use portcullis::store::FileDocuments;
    use portcullis::telemetry::Metrics;
    use serde_json::json;

    use super::super::contract::agent;
    use super::*;

    #[tokio::test]
    async fn a_gateway_runs_with_a_store_that_it_has_never_heard_of() {
        portcullis::gateway::install_crypto();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("portcullis.yaml");
        std::fs::write(&file, "version: 1\n").unwrap();
        let shared = Arc::<Shared>::default();
        let store = MemoryStore::open(&shared, Writer::Now).unwrap();
        let stores = Stores::new(Box::new(FileDocuments::new(file)), Box::new(store), None);
        let metrics = Metrics::new().unwrap();
        let (compiled, files) = load(&stores, &metrics).await.unwrap();
        let live = Arc::new(Live::new(compiled.snapshot));
        let reconciler = Reconciler::new(stores, files, live, metrics, Arc::new(SystemClock), None).await;
        let control = reconciler.control();
        tokio::spawn(reconciler.run());

        let spec = json!({"route": "/a", "upstream": "http://127.0.0.1:9000", "auth": "public"});
        let wanted = Wanted { id: agent("a"), expect: Expect::Absent, to: To::Json(spec) };
        let who = || "tester".to_owned();
        let edit = Edit {
            who: who(),
            what: "make a".to_owned(),
            wanted: vec![wanted],
            dry_run: false,
            force: false,
        };
        assert_eq!(control.edit(edit).await.unwrap().number, Some(1));
        let text = shared.held.lock().unwrap().texts[&agent("a")].clone();
        assert_eq!(control.live().source_of(&agent("a")).map(|source| source.text.to_string()), Some(text));
        let head = control.status().head.clone();
        assert_eq!(
            (head.number, head.text_is_live, control.status().store.kind),
            (1, true, StoreKind::Directory)
        );

        // Somebody else changes what it holds, and it rings.
        let other = "route: /b\nupstream: http://127.0.0.1:9000\nauth: public\n".to_owned();
        Memory(Arc::clone(&shared)).by_hand(&agent("b"), Some(&other));
        while control.live().source_of(&agent("b")).is_none() {
            tokio::task::yield_now().await;
        }
        let back = RollBack {
            number: 0,
            only: None,
            expect_head: Some(1),
            who: who(),
            dry_run: false,
            force: false,
        };
        assert_eq!(control.roll_back(back).await.unwrap().number, Some(2));
        assert_eq!(shared.held.lock().unwrap().texts.keys().collect::<Vec<_>>(), [&agent("b")]);
    }
}
