//! What runs in the background for a snapshot: one key refresher for each identity provider, and the look-ups of
//! upstream names.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Snapshot;
use crate::idp::{KeySource, Provider, Refresher, RefresherHandle, StateDir};
use crate::model::{Clock, ProviderName};
use crate::store::at_leisure;

use super::resolver::Resolver;

/// After so long the allocator is willing to give back what was freed.
const SETTLED: Duration = Duration::from_millis(1500);

/// The tasks of the snapshot that is live.
pub(super) struct Background {
    clock: Arc<dyn Clock>,
    state: Option<Arc<StateDir>>,
    refreshers: HashMap<ProviderName, (Arc<Provider>, RefresherHandle)>,
    resolver: Resolver,
}

impl Background {
    /// No tasks yet. `state` is where key sets are kept over a restart.
    pub(super) fn new(clock: Arc<dyn Clock>, state: Option<Arc<StateDir>>) -> Self {
        Self { clock, state, refreshers: HashMap::new(), resolver: Resolver::default() }
    }

    /// Starts and stops tasks, so that exactly those of the snapshot run.
    pub(super) fn follow(&mut self, snapshot: &Snapshot) {
        self.refreshers.retain(|name, (provider, _)| {
            snapshot.providers.get(name).is_some_and(|wanted| Arc::ptr_eq(wanted, provider))
        });
        for (name, provider) in &snapshot.providers {
            if let Some((running, _)) = self.refreshers.get(name) {
                if matches!(running.spec().source, KeySource::JwksFile(_) | KeySource::PublicKeyFile(_)) {
                    // What changed may be its file.
                    running.wake();
                }
                continue;
            }
            let handle = Refresher::spawn(Arc::clone(provider), Arc::clone(&self.clock), self.state.clone());
            self.refreshers.insert(name.clone(), (Arc::clone(provider), handle));
        }
        self.resolver.follow(snapshot.endpoints.values());
    }
}

/// Gives memory back to the system that a change took and needs no more. The allocator does so by and by, and when a
/// thread ends; without requests nothing else would make it.
pub(super) fn tidy_up_later() {
    drop(tokio::spawn(async {
        tokio::time::sleep(SETTLED).await;
        at_leisure(|| ()).await;
    }));
}
