//! The background tasks of a snapshot: a key refresher for each identity provider, the resolver of upstream names, the
//! active checks of their targets, what keeps the gateway's own keys, what fetches the cards of A2A agents, and what asks for
//! security events.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Snapshot;
use crate::idp::{KeySource, Provider, Refresher, RefresherHandle, StateDir};
use crate::model::{Clock, ProviderName};
use crate::net::Names;
use crate::store::at_leisure;
use crate::telemetry::Metrics;

use super::cards::Cards;
use super::event_poller::EventPollers;
use super::handle::Control;
use super::prober::Prober;
use super::resolver::Resolver;
use super::signing::Signing;

/// The delay after a change until the allocator can return the freed memory; before it, a purge returns little.
const SETTLED: Duration = Duration::from_millis(1500);

/// The tasks of the live snapshot.
pub(super) struct Background {
    clock: Arc<dyn Clock>,
    state: Option<Arc<StateDir>>,
    refreshers: HashMap<ProviderName, (Arc<Provider>, RefresherHandle)>,
    resolver: Resolver,
    prober: Prober,
    cards: Cards,
    signing: Signing,
    pollers: EventPollers,
}

impl Background {
    /// No tasks yet. `state` stores key sets across restarts.
    pub(super) fn new(clock: Arc<dyn Clock>, metrics: Metrics, state: Option<Arc<StateDir>>) -> Self {
        let resolver = Resolver::new(Names::of_machine(), metrics.targets(), Arc::clone(&clock));
        let signing = Signing::new(Arc::clone(&clock), metrics.clone());
        let cards = Cards::new(Arc::clone(&clock), metrics);
        let prober = Prober::new(Arc::clone(&clock));
        let pollers = EventPollers::default();
        Self { clock, state, refreshers: HashMap::new(), resolver, prober, cards, signing, pollers }
    }

    /// Starts and stops tasks, so that exactly those of the snapshot run.
    pub(super) fn follow(&mut self, snapshot: &Snapshot, control: &Control) {
        self.refreshers.retain(|name, (provider, _)| {
            snapshot.providers.get(name).is_some_and(|wanted| Arc::ptr_eq(wanted, provider))
        });
        for (name, provider) in &snapshot.providers {
            if let Some((running, _)) = self.refreshers.get(name) {
                if matches!(running.spec().source, KeySource::JwksFile(_) | KeySource::PublicKeyFile(_)) {
                    // Its key file may have changed.
                    running.wake();
                }
                continue;
            }
            let handle = Refresher::spawn(Arc::clone(provider), Arc::clone(&self.clock), self.state.clone());
            self.refreshers.insert(name.clone(), (Arc::clone(provider), handle));
        }
        self.resolver.follow(snapshot.endpoints.values());
        self.prober.follow(snapshot);
        // After the refreshers: tokens are verified with what they fetch.
        self.pollers.follow(snapshot, control, &self.clock);
    }

    /// Follows the keys that sign, and the cards of the snapshot's agents. Before it is live: an agent whose configuration
    /// changed has its card then.
    pub(super) async fn follow_cards(&mut self, snapshot: &Snapshot) {
        let before = snapshot.signing.get();
        self.signing.follow(snapshot).await;
        self.cards.follow(snapshot);
        if snapshot.signing.with(|now| *now != *before) {
            // Cards that another key signed are signed again.
            self.cards.wake();
        }
    }

    /// Fetches the cards of all agents now.
    pub(super) fn fetch_cards(&self) {
        self.cards.wake();
    }
}

/// Returns memory that a change no longer needs to the system. The allocator does so only while threads allocate or when
/// one ends, which on an idle gateway does not happen.
pub(super) fn tidy_up_later() {
    drop(tokio::spawn(async {
        tokio::time::sleep(SETTLED).await;
        at_leisure(|| ()).await;
    }));
}
