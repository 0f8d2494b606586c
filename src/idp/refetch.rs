//! Requests for fetches between the timer's: one fetch at a time, shared by all requests that arrive while it is pending
//! or under way, and a cool-down for the fetches that tokens cause.
//!
//! Requesting a fetch takes a lock; looking up a key does not come here.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, watch};

use crate::model::Instant;

/// The least time between two fetches that unknown key ids cause, successful or not: tokens with random key ids cost the
/// provider at most two requests a minute, and a rotated key is unknown for at most half a minute.
pub(super) const COOL_DOWN: Duration = Duration::from_secs(30);
/// Requests that wait for a fetch of one provider, at most; others are decided at once with the known keys. An eighth of
/// the requests that an agent may have under way by default, so that a slow provider and tokens with random key ids
/// cannot fill the gateway with waiting requests.
pub(super) const WAITING_SLOTS: usize = 512;

/// The cause of a fetch; the labels are metric values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trigger {
    /// The refresher started.
    Start,
    /// The timer: a refresh, or a retry after a failure.
    Timer,
    /// A token named a key that is not in the set.
    UnknownKid,
    /// The source changed.
    File,
    /// An operator requested it.
    Asked,
}

impl Trigger {
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Timer => "timer",
            Self::UnknownKid => "unknown_kid",
            Self::File => "file",
            Self::Asked => "asked",
        }
    }
}

#[derive(Debug, Default)]
struct State {
    /// The number of the registered refresher; 0 when there is none.
    refresher: u64,
    running: bool,
    /// A fetch for an unknown key id is pending.
    wanted: bool,
    /// A fetch for an operator is pending.
    asked: bool,
    /// The source has changed since the last fetch began.
    changed: bool,
    /// The last fetch failed: the back-off decides about the next one.
    failing: bool,
    last_forced: Option<Instant>,
}

/// The pending and running fetch of one provider.
#[derive(Debug)]
pub(super) struct Refetch {
    state: Mutex<State>,
    wakeup: Notify,
    /// Counts the fetches that ended. It changes under the lock, so a request that subscribes under the lock while a
    /// fetch is pending or running neither misses its end nor sees the end of an earlier one.
    ended: watch::Sender<u64>,
    /// One for each waiting request.
    slots: Arc<Semaphore>,
}

impl Refetch {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::default(),
            wakeup: Notify::new(),
            ended: watch::Sender::new(0),
            slots: Arc::new(Semaphore::new(WAITING_SLOTS)),
        }
    }

    /// Requests a fetch for an unknown key id. The future resolves when that fetch ends. `None` when no fetch follows
    /// (cool-down, back-off, no refresher), and when all waiting slots are taken.
    pub(super) fn join(&self, now: Instant) -> Option<impl Future<Output = ()> + Send + 'static> {
        let mut state = self.lock();
        if state.refresher == 0 {
            return None;
        }
        if !state.running && !state.wanted && !state.asked {
            // A clock that was set back must not stretch the cool-down.
            let cooling = state.last_forced.is_some_and(|last| last <= now && now.since(last) < COOL_DOWN);
            if state.failing || cooling {
                return None;
            }
            state.wanted = true;
            state.last_forced = Some(now);
            self.wakeup.notify_one();
        }
        let slot = Arc::clone(&self.slots).try_acquire_owned().ok()?;
        let mut ended = self.ended.subscribe();
        Some(async move {
            let _slot = slot;
            // An error means that the provider was dropped, and the fetch with it.
            let _ = ended.changed().await;
        })
    }

    /// Requests a fetch for an operator, also during the back-off. The future resolves when that fetch ends. `None` when
    /// no fetch follows: cool-down, or no refresher.
    pub(super) fn ask(&self, now: Instant) -> Option<impl Future<Output = ()> + Send + 'static> {
        let mut state = self.lock();
        if state.refresher == 0 {
            return None;
        }
        if !state.running && !state.wanted && !state.asked {
            if state.last_forced.is_some_and(|last| last <= now && now.since(last) < COOL_DOWN) {
                return None;
            }
            state.asked = true;
            state.last_forced = Some(now);
            self.wakeup.notify_one();
        }
        let mut ended = self.ended.subscribe();
        Some(async move {
            // An error means that the provider was dropped, and the fetch with it.
            let _ = ended.changed().await;
        })
    }

    /// Requests a fetch because the source has changed.
    pub(super) fn wake(&self) {
        self.lock().changed = true;
        self.wakeup.notify_one();
    }

    /// Registers a refresher, which must pass the same number to [`Self::detach`].
    pub(super) fn attach(&self, number: u64) {
        let mut state = self.lock();
        state.refresher = number;
        // The first fetch follows at once: requests wait for that one.
        state.running = true;
    }

    /// Unregisters a refresher, and ends the wait of all requests.
    pub(super) fn detach(&self, number: u64) {
        let mut state = self.lock();
        if state.refresher == number {
            *state = State { last_forced: state.last_forced, ..State::default() };
            self.ended.send_modify(|n| *n += 1);
        }
    }

    /// A fetch begins; it serves all requests made so far.
    pub(super) fn begin(&self) {
        let mut state = self.lock();
        state.running = true;
        state.wanted = false;
        state.asked = false;
        state.changed = false;
    }

    /// The fetch has ended, and its keys are published.
    pub(super) fn end(&self, failed: bool) {
        let mut state = self.lock();
        state.running = false;
        state.failing = failed;
        self.ended.send_modify(|n| *n += 1);
    }

    /// Waits for a request.
    pub(super) async fn asked(&self) -> Trigger {
        loop {
            {
                let state = self.lock();
                if state.changed {
                    return Trigger::File;
                }
                if state.wanted {
                    return Trigger::UnknownKid;
                }
                if state.asked {
                    return Trigger::Asked;
                }
            }
            // `Notify` stores one permit, so a request between the check and the wait is not lost.
            self.wakeup.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A poisoned lock is safe to use: the state is consistent after each statement.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// The back-off does not bind an operator, who shares one fetch and one cool-down with tokens.
    #[tokio::test]
    async fn an_operator_can_request_a_fetch_after_a_failure_and_not_again_within_the_cool_down() {
        let (refetch, at) = (Refetch::new(), |second: u64| Instant::from_unix(1_000 + second));
        assert!(refetch.ask(at(0)).is_none(), "nobody fetches");
        refetch.attach(1);
        assert!(refetch.ask(at(0)).is_some(), "the first fetch is on its way: that is the one");
        refetch.end(true);
        assert!(refetch.join(at(1)).is_none(), "tokens wait for the back-off");
        let first = refetch.ask(at(1)).expect("a fetch");
        assert!(refetch.ask(at(2)).is_some() && refetch.join(at(2)).is_some(), "one fetch for all who ask");
        assert_eq!(refetch.asked().await, Trigger::Asked);
        refetch.begin();
        refetch.end(true);
        first.await;
        for (second, asked) in [(3, false), (30, false), (31, true)] {
            assert_eq!(refetch.ask(at(second)).is_some(), asked, "{second}");
        }
    }

    /// Every waiting request sees the end of its fetch, in every interleaving of threads.
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn no_end_of_a_fetch_is_missed() {
        const ASKED: usize = 2_000;
        let refetch = Arc::new(Refetch::new());
        refetch.attach(1);
        let waited = Arc::new(AtomicUsize::new(0));
        let refresher = tokio::spawn({
            let refetch = Arc::clone(&refetch);
            async move {
                loop {
                    refetch.begin();
                    tokio::task::yield_now().await;
                    refetch.end(false);
                    refetch.asked().await;
                }
            }
        });
        let askers: Vec<_> = (0..8)
            .map(|asker| {
                let (refetch, waited) = (Arc::clone(&refetch), Arc::clone(&waited));
                tokio::spawn(async move {
                    for round in 0..ASKED {
                        // Each is past the cool-down of the one before.
                        let now = Instant::from_unix(1_000 + (round * 8 + asker) as u64 * 31);
                        if let Some(end) = refetch.join(now) {
                            end.await;
                            waited.fetch_add(1, Ordering::Relaxed);
                        }
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        for asker in askers {
            tokio::time::timeout(Duration::from_secs(20), asker)
                .await
                .expect("nobody waits for ever")
                .unwrap();
        }
        refresher.abort();
        assert!(waited.load(Ordering::Relaxed) > ASKED);
    }

    #[tokio::test]
    async fn without_a_refresher_no_request_waits() {
        let refetch = Refetch::new();
        assert!(refetch.join(Instant::from_unix(1)).is_none());
        refetch.attach(1);
        let end = refetch.join(Instant::from_unix(1)).unwrap();
        refetch.detach(1);
        end.await;
        assert!(refetch.join(Instant::from_unix(100)).is_none());
    }

    #[tokio::test]
    async fn waiting_slots_are_limited_and_freed_when_their_request_ends() {
        let refetch = Refetch::new();
        refetch.attach(1);
        let now = Instant::from_unix(1);
        let mut waiting: Vec<_> = (0..WAITING_SLOTS).map(|_| refetch.join(now).unwrap()).collect();
        assert!(refetch.join(now).is_none(), "all slots are taken");
        // A request that has waited long enough drops its future, whether it was polled or not.
        waiting.pop();
        let last = refetch.join(now).unwrap();
        assert!(refetch.join(now).is_none());
        refetch.end(false);
        futures::future::join_all(waiting).await;
        last.await;
        refetch.begin();
        assert!(refetch.join(now).is_some());
    }

    #[tokio::test]
    async fn the_end_of_an_old_refresher_does_not_unregister_its_successor() {
        let refetch = Refetch::new();
        refetch.attach(1);
        refetch.attach(2);
        refetch.detach(1);
        assert!(refetch.join(Instant::from_unix(1)).is_some());
        let end = refetch.join(Instant::from_unix(1)).unwrap();
        drop(refetch);
        end.await;
    }
}
