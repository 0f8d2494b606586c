//! Work of the gateway itself that has ended, for whoever follows it: a fetch of keys, a commit to the store.
//!
//! The rooms where it is done tell of it, and know nobody who listens. Nothing of this is on the way of a request.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use crate::model::Instant;

/// Work that has ended.
#[derive(Debug)]
pub struct EndedTask {
    /// What was done.
    pub task: Task,
    /// When it began.
    pub at: Instant,
    /// How long it took.
    pub took: Duration,
    /// Why it failed, if it did, in the words of the log.
    pub failure: Option<String>,
}

/// What was done.
#[derive(Debug, PartialEq, Eq)]
pub enum Task {
    /// Keys of a provider were fetched.
    KeyFetch {
        /// The name of the provider.
        provider: String,
        /// What asked for it, as the metric has it.
        trigger: &'static str,
        /// How it ended, as the metric has it.
        result: &'static str,
    },
    /// Changes were committed to the store of resources.
    StoreCommit {
        /// The number of the revision that it made; `None` when it made none.
        revision: Option<u64>,
        /// The number of resources that it changes.
        resources: usize,
    },
}

type Follower = Box<dyn Fn(EndedTask) + Send + Sync>;

/// Who is told, from when that is known.
#[derive(Default)]
pub(super) struct Tasks(OnceLock<Follower>);

impl Tasks {
    /// Tells `follower` of all work from now on. It is called from background tasks and must not block; the first one stays.
    pub(super) fn follow(&self, follower: Follower) {
        let _one_follows_already = self.0.set(follower);
    }

    /// Tells of work; `ended` is asked only when somebody listens.
    pub(super) fn tell(&self, ended: impl FnOnce() -> EndedTask) {
        if let Some(follower) = self.0.get() {
            follower(ended());
        }
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tasks")
    }
}
