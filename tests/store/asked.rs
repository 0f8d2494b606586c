//! A store that tests, which are threads, ask one question after the other.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::Duration;

use portcullis::model::ResourceId;
use portcullis::store::{
    Commit, Description, Latest, Query, Reading, Record, ResourceStore, StoreError, WriteError,
};
use tokio::runtime::Runtime;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

/// What a future gives, waited for by this thread.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.block_on(future)
}

/// A store, and a thread that waits for its answers.
pub(crate) struct Asked(Box<dyn ResourceStore>);

impl Asked {
    pub(crate) fn new(store: impl ResourceStore + 'static) -> Self {
        Self(Box::new(store))
    }

    pub(crate) fn read(&self) -> Result<Reading, StoreError> {
        wait(self.0.read())
    }

    pub(crate) fn commit(&self, commit: &Commit) -> Result<u64, WriteError> {
        wait(self.0.commit(commit.clone()))
    }

    pub(crate) fn note(&self, commit: &Commit) -> Result<Option<u64>, WriteError> {
        wait(self.0.note(commit.clone()))
    }

    pub(crate) fn history(&self, query: &Query) -> Result<Vec<Record>, StoreError> {
        wait(self.0.history(query.clone()))
    }

    pub(crate) fn record(&self, number: u64) -> Result<Option<Record>, StoreError> {
        wait(self.0.record(number))
    }

    pub(crate) fn latest(&self, of: Option<&BTreeSet<ResourceId>>) -> Result<Latest, StoreError> {
        wait(self.0.latest(of))
    }

    pub(crate) fn head(&self) -> u64 {
        wait(self.0.head()).expect("the head is read")
    }

    pub(crate) fn describe(&self) -> Description {
        self.0.describe()
    }

    pub(crate) fn read_anew(&self) {
        self.0.read_anew();
    }

    /// Listens from now on, until what was done before has rung out.
    pub(crate) fn listens(&mut self) {
        wait(async {
            while tokio::time::timeout(Duration::from_millis(150), self.0.changed()).await.is_ok() {}
        });
    }

    /// Fails unless the store rings for what is done now, long before it would look without a ring.
    pub(crate) fn rings_for(&mut self, what: &str, act: impl FnOnce()) {
        self.listens();
        let mut waits = self.0.changed();
        wait(async { assert!(futures::poll!(waits.as_mut()).is_pending(), "a ring before {what}") });
        act();
        let rings = wait(async { tokio::time::timeout(Duration::from_secs(10), waits).await });
        assert!(rings.is_ok(), "no ring for {what}");
    }
}
