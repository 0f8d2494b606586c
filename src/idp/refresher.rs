//! The loop that keeps a provider's keys fresh: one task per provider. It fetches when it starts, when the
//! time has come, and when somebody asks; it publishes good sets and keeps the last good one when a fetch fails.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::FutureExt as _;
use tokio::task::JoinHandle;
use tokio::time::Instant as Tick;

use crate::model::Clock;
use crate::net::excerpt;

use super::cache::Age;
use super::provider::{TOLD, read_keys, warn_of};
use super::refetch::Trigger;
use super::schedule::Schedule;
use super::source::{Answer, Source, Validator, source_of};
use super::{KeySet, Provider, SkipReason, Skipped, StateDir};

/// An unchanged set is written to the state folder again after this time, to note that it was confirmed.
const SAVE_AGAIN: Duration = Duration::from_secs(60);
/// How often a resting refresher looks whether the machine's clock has jumped.
const LOOK: Duration = Duration::from_secs(1);

/// Numbers the refreshers of the process, so that an old one cannot close the desk of its successor.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// The background task of one provider.
pub struct Refresher {
    provider: Arc<Provider>,
    clock: Arc<dyn Clock>,
    state: Option<Arc<StateDir>>,
    source: Box<dyn Source>,
    schedule: Schedule,
    /// Of the last document that was accepted; one that was refused must not be called "unchanged".
    validator: Option<Validator>,
    skipped: Vec<Skipped>,
    saved: Option<Tick>,
    /// Why the keys of an earlier run are not used, as far as it was told.
    not_kept: Option<String>,
    _desk: Desk,
}

/// Keeps a [`Refresher`] going; when it is dropped, the task ends.
#[derive(Debug)]
#[must_use = "the task ends when this is dropped"]
pub struct RefresherHandle(Option<JoinHandle<()>>);

impl Drop for RefresherHandle {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

impl Refresher {
    /// Starts the task of `provider` on the current runtime. There is none for keys that stand in the
    /// configuration. With `state`, the last good set of an earlier run is used until the first fetch succeeds.
    pub fn spawn(
        provider: Arc<Provider>,
        clock: Arc<dyn Clock>,
        state: Option<Arc<StateDir>>,
    ) -> RefresherHandle {
        provider.show();
        match source_of(provider.spec()) {
            Some(source) => Self::spawn_with(provider, clock, state, source),
            None => RefresherHandle(None),
        }
    }

    pub(super) fn spawn_with(
        provider: Arc<Provider>,
        clock: Arc<dyn Clock>,
        state: Option<Arc<StateDir>>,
        source: Box<dyn Source>,
    ) -> RefresherHandle {
        let refresher = Self {
            schedule: Schedule::new(provider.spec().refresh, provider.spec().max_stale),
            _desk: Desk::open(&provider),
            state: state.filter(|_| provider.spec().source.is_remote()),
            validator: None,
            skipped: Vec::new(),
            saved: None,
            not_kept: None,
            provider,
            clock,
            source,
        };
        RefresherHandle(Some(tokio::spawn(refresher.run())))
    }

    async fn run(mut self) {
        let mut trigger = Trigger::Start;
        loop {
            // Not only at the start: a clock that was wrong then may have been set since.
            self.restore().await;
            self.provider.refetch.begin();
            // A fault of ours that some document brings out must not end the fetches of its provider for ever.
            let outcome = match AssertUnwindSafe(self.attempt(trigger)).catch_unwind().await {
                Ok(outcome) => outcome,
                Err(_panic) => {
                    self.provider.metrics().refreshed(trigger.label(), "failed");
                    self.failed(
                        "the gateway stumbled over the answer, which is a fault of its own; please report it",
                    );
                    Err(None)
                }
            };
            let wait = match &outcome {
                Ok(max_age) => self.schedule.after_success(*max_age, rand::random()),
                Err(retry_after) => self.schedule.after_failure(*retry_after, rand::random()),
            };
            let due = Tick::now() + wait;
            let next_due = self.clock.now().plus(wait);
            self.provider.cache.update(|known| known.next_due = Some(next_due));
            self.provider.refetch.end(outcome.is_err());
            // After the end is told: nobody waits for the disk.
            if outcome.is_ok() {
                self.keep().await;
            }
            trigger = rest(&self.provider, &*self.clock, due, outcome.is_ok()).await;
        }
    }

    /// One fetch, from the source to what is published. Gives the time for which the answer says it is fresh, or for
    /// which the source wants to be left alone.
    async fn attempt(&mut self, trigger: Trigger) -> Result<Option<Duration>, Option<Duration>> {
        let mut retry_after = None;
        let result = match self.source.fetch(self.validator.as_ref()).await {
            Ok(Answer::Unchanged { max_age }) => Ok(("not_modified", max_age)),
            Ok(Answer::Document { body, format, validator, max_age }) => {
                let (keys, skipped) = read_keys(format, &body, self.provider.spec());
                self.count(skipped);
                keys.map(|keys| {
                    self.validator = validator;
                    self.publish(keys);
                    ("ok", max_age)
                })
            }
            Err(error) => {
                retry_after = error.retry_after();
                Err(error.to_string())
            }
        };
        // It may quote what the provider sent.
        let result = result.map_err(|error| excerpt(&error));
        let metrics = self.provider.metrics();
        match result {
            Ok((label, max_age)) => {
                metrics.refreshed(trigger.label(), label);
                self.succeeded();
                Ok(max_age)
            }
            Err(error) => {
                metrics.refreshed(trigger.label(), "failed");
                self.failed(&error);
                Err(retry_after)
            }
        }
    }

    fn publish(&mut self, keys: KeySet) {
        let provider = &self.provider;
        let old = provider.cache.known().keys.clone();
        let keys = match &old {
            Some(old) => keys.sharing_with(old),
            None => keys,
        };
        if old.as_deref() == Some(&keys) {
            return;
        }
        let kids: Vec<&str> =
            keys.iter().filter_map(|k| k.kid()).map(|kid| kid.as_str()).take(TOLD).collect();
        tracing::info!(provider = %provider.spec().name, count = keys.len(), ?kids, "the provider's keys are new");
        self.saved = None;
        let now = self.clock.now();
        keys.iter().for_each(|key| key.first_seen().touch_once(now));
        // Together with the time: keys that had grown too old must not be seen without it.
        provider.cache.update(|known| {
            known.keys = Some(Arc::new(keys));
            known.last_success = Some(now);
            known.age = Some(Age::of(Duration::ZERO));
        });
    }

    fn succeeded(&self) {
        let (provider, now) = (&self.provider, self.clock.now());
        if provider.cache.known().error.is_some() {
            tracing::info!(provider = %provider.spec().name, "the provider's keys can be fetched again");
        }
        provider.cache.update(|known| {
            known.last_success = Some(now);
            known.age = Some(Age::of(Duration::ZERO));
            known.confirmed = true;
            known.error = None;
            known.tried = true;
        });
        provider.show();
    }

    /// Keeps the present set for the next start.
    async fn keep(&mut self) {
        let known = self.provider.cache.known();
        let (Some(state), Some(keys), Some(at)) = (&self.state, &known.keys, known.last_success) else {
            return;
        };
        if self.saved.is_some_and(|saved| saved.elapsed() < SAVE_AGAIN) {
            return;
        }
        self.saved = Some(Tick::now());
        let (state, provider, keys) = (Arc::clone(state), Arc::clone(&self.provider), Arc::clone(keys));
        let written = tokio::task::spawn_blocking(move || state.save(provider.spec(), &keys, at)).await;
        if let Ok(Err(error)) = written {
            let provider = &self.provider.spec().name;
            tracing::warn!(%provider, %error, "the keys could not be kept for the next start");
        }
    }

    fn failed(&self, error: &str) {
        let known = self.provider.cache.known();
        if known.error.as_deref() != Some(error) {
            let provider = &self.provider.spec().name;
            tracing::warn!(%provider, %error, "the provider's keys could not be fetched");
        }
        self.provider.cache.update(|known| {
            known.error = Some(error.into());
            known.tried = true;
        });
        self.provider.show();
    }

    /// Counts the keys that were left out, and tells of them when they are not those of the last time.
    fn count(&mut self, skipped: Vec<Skipped>) {
        let cut = skipped.iter().any(|key| key.reason == SkipReason::TooMany);
        self.provider.cache.update(|known| known.cut = cut);
        for key in &skipped {
            self.provider.metrics().skipped(key.reason.label());
        }
        if skipped != self.skipped {
            warn_of(self.provider.spec(), &skipped);
            self.skipped = skipped;
        }
    }

    /// Uses the keys of an earlier run until the first fetch succeeds.
    async fn restore(&mut self) {
        let Some(state) = self.state.clone() else { return };
        if self.provider.cache.known().keys.is_some() {
            return;
        }
        let (provider, now) = (Arc::clone(&self.provider), self.clock.now());
        let kept = tokio::task::spawn_blocking(move || state.load(provider.spec(), now)).await;
        let provider = &self.provider.spec().name;
        match kept {
            Ok(Ok(Some((keys, last_success)))) => {
                tracing::info!(%provider, count = keys.len(), "keys of an earlier run are used until confirmed");
                self.provider.cache.update(|known| {
                    known.keys = Some(Arc::new(keys));
                    known.last_success = Some(last_success);
                    known.age = Some(Age::of(now.since(last_success)));
                });
                self.provider.show();
            }
            Ok(Err(error)) => {
                let error = error.to_string();
                if self.not_kept.as_ref() != Some(&error) {
                    tracing::warn!(%provider, error, "the keys of an earlier run are not used");
                }
                self.not_kept = Some(error);
            }
            Ok(Ok(None)) | Err(_) => {}
        }
    }
}

/// Waits until `due`, or until somebody asks. A clock that jumps ahead makes the keys too old before their time, so
/// they are fetched then; not after a failure, where the back-off knows better.
async fn rest(provider: &Provider, clock: &dyn Clock, due: Tick, fine: bool) -> Trigger {
    loop {
        let look = due.min(Tick::now() + LOOK);
        tokio::select! {
            () = tokio::time::sleep_until(look) => {}
            trigger = provider.refetch.asked() => return trigger,
        }
        if Tick::now() >= due || (fine && !provider.cache.is_fresh(clock.now(), |_| true)) {
            return Trigger::Timer;
        }
    }
}

/// Opens the provider's desk for requests and closes it when the task ends, however that happens.
struct Desk {
    provider: Arc<Provider>,
    number: u64,
}

impl Desk {
    fn open(provider: &Arc<Provider>) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        provider.refetch.attach(number);
        Self { provider: Arc::clone(provider), number }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.provider.refetch.detach(self.number);
    }
}

#[cfg(test)]
mod tests;
