//! The task that keeps the keys of one provider fresh. It fetches at start, on a timer and on request; it publishes good
//! sets and keeps the last good one when a fetch fails.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::FutureExt as _;
use tokio::task::JoinHandle;
use tokio::time::Instant as Tick;

use crate::model::{Clock, Instant};
use crate::net::excerpt;

use super::cache::Age;
use super::provider::{ReadKeys, TOLD, read_keys, warn_of};
use super::refetch::Trigger;
use super::schedule::Schedule;
use super::source::{Answer, Source, Validator, source_of};
use super::{KeySet, Provider, SkipReason, Skipped, StateDir};

/// An unchanged set is written to the state folder at most once a minute, to record that it was confirmed: a `refresh`
/// of a second must not wear out the disk, and a minute is nothing against `max_stale`.
const SAVE_AGAIN: Duration = Duration::from_secs(60);
/// How often a waiting refresher checks for a jump of the wall clock: callers are refused for that long at most.
const LOOK: Duration = Duration::from_secs(1);

/// What is said of a panic while an answer is read.
const STUMBLED: &str = "the gateway stumbled over the answer, which is a fault of its own; please report it";

/// Numbers the refreshers of the process, so that an old one cannot unregister its successor.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// The background task of one provider.
pub struct Refresher {
    provider: Arc<Provider>,
    clock: Arc<dyn Clock>,
    state: Option<Arc<StateDir>>,
    source: Box<dyn Source>,
    schedule: Schedule,
    /// The validator of the last accepted document. That of a rejected one must not count as unchanged.
    validator: Option<Validator>,
    /// How soon the last accepted document is to be asked for again, where it says so; it holds as long as that is unchanged.
    hint: Option<Duration>,
    skipped: Vec<Skipped>,
    saved: Option<Tick>,
    /// The last logged reason for not using the keys of an earlier run, so that each is logged once.
    not_kept: Option<String>,
    _registration: Registration,
}

/// A good response: what it was, as the metric has it, and how long it holds.
struct Fetched {
    result: &'static str,
    max_age: Option<Duration>,
}

/// Why a fetch gave no keys, and when the provider wants to be asked again.
struct Failure {
    why: String,
    retry_after: Option<Duration>,
}

/// Owns the task of a [`Refresher`]: dropping it ends the task.
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
    /// Starts the task of `provider` on the current runtime; keys in the configuration need none. With `state`, the last
    /// good set of an earlier run is used until the first fetch succeeds.
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
            _registration: Registration::open(&provider),
            state: state.filter(|_| provider.spec().source.is_remote()),
            validator: None,
            hint: None,
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
            // In every round: a wall clock that was wrong at start may have been corrected since.
            self.restore().await;
            self.provider.refetch.begin();
            let (at, began) = (self.clock.now(), Tick::now());
            // A panic of ours on some document must not end the fetches of its provider for ever.
            let fetched = AssertUnwindSafe(self.attempt()).catch_unwind().await;
            let fetched =
                fetched.unwrap_or_else(|_panic| Err(Failure { why: STUMBLED.to_owned(), retry_after: None }));
            let outcome = self.ended(trigger, fetched, (at, began.elapsed()));
            let wait = match &outcome {
                Ok(max_age) => {
                    let sooner = [*max_age, self.hint].into_iter().flatten().min();
                    self.schedule.after_success(sooner, rand::random())
                }
                Err(retry_after) => self.schedule.after_failure(*retry_after, rand::random()),
            };
            let due = Tick::now() + wait;
            let next_due = self.clock.now().plus(wait);
            self.provider.cache.update(|known| known.next_due = Some(next_due));
            self.provider.refetch.end(outcome.is_err());
            // After `end`, so that requests do not wait for the disk.
            if outcome.is_ok() {
                self.keep().await;
            }
            trigger = rest(&self.provider, &*self.clock, due, outcome.is_ok()).await;
        }
    }

    /// One fetch, from the source to the published set.
    async fn attempt(&mut self) -> Result<Fetched, Failure> {
        match self.source.fetch(self.validator.as_ref()).await {
            Ok(Answer::Unchanged { max_age }) => Ok(Fetched { result: "not_modified", max_age }),
            Ok(Answer::Document { body, format, validator, max_age }) => {
                let ReadKeys { keys, skipped, refresh_hint } = read_keys(format, &body, self.provider.spec());
                self.count(skipped);
                // The error may quote the provider's response.
                let keys = keys.map_err(|error| Failure { why: excerpt(&error), retry_after: None })?;
                self.validator = validator;
                self.hint = refresh_hint;
                self.publish(keys);
                Ok(Fetched { result: "ok", max_age })
            }
            Err(error) => Err(Failure { why: excerpt(&error.to_string()), retry_after: error.retry_after() }),
        }
    }

    /// Tells of a fetch. Returns the `max-age` of a good response, or the `Retry-After` of a failure.
    fn ended(
        &self,
        trigger: Trigger,
        fetched: Result<Fetched, Failure>,
        when: (Instant, Duration),
    ) -> Result<Option<Duration>, Option<Duration>> {
        let metrics = self.provider.metrics();
        match fetched {
            Ok(Fetched { result, max_age }) => {
                metrics.fetched(trigger.label(), result, when, None);
                self.succeeded();
                Ok(max_age)
            }
            Err(Failure { why, retry_after }) => {
                metrics.fetched(trigger.label(), "failed", when, Some(&why));
                self.failed(&why);
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
        // Keys and time in one update: readers must not judge new keys by the age of the old ones.
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

    /// Writes the current set to disk for the next start.
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

    /// Counts the skipped keys, and logs them when they differ from the last time.
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

    /// Loads the keys of an earlier run, while there are none of this one.
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

/// Waits until `due`, or until a fetch is requested. A wall clock that jumps ahead makes the keys too old early, so they
/// are fetched then; not after a failure, where the back-off decides.
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

/// Registers the task with its provider, and unregisters it when the task ends, however that happens.
struct Registration {
    provider: Arc<Provider>,
    number: u64,
}

impl Registration {
    fn open(provider: &Arc<Provider>) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        provider.refetch.attach(number);
        Self { provider: Arc::clone(provider), number }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.provider.refetch.detach(self.number);
    }
}

#[cfg(test)]
mod tests;
