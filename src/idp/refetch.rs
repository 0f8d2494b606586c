//! Who may ask for a fetch, and who waits for its end: one fetch at a time, shared by everybody who asks while
//! it is wanted or under way, and a cool-down for those that tokens cause.
//!
//! Only asking takes the lock; looking up a key does not come here.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, watch};

use crate::model::Instant;

/// The least time between two fetches that unknown key ids cause, however they end. Without it, tokens with
/// random key ids would make the gateway hammer the provider.
pub(super) const COOL_DOWN: Duration = Duration::from_secs(30);
/// The most requests that wait for a fetch of one provider; the others are decided at once with what is known.
/// Without it, a slow provider and tokens with random key ids would fill the gateway with requests that wait.
pub(super) const WAITING_SLOTS: usize = 512;

/// What made a fetch happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trigger {
    /// The refresher has just begun.
    Start,
    /// The time had come: a refresh, or another try after a failure.
    Timer,
    /// A token named a key that is not in the set.
    UnknownKid,
    /// Somebody saw the source change.
    File,
    /// An operator asked.
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
    /// The refresher that serves this desk; 0 when there is none.
    refresher: u64,
    running: bool,
    /// A fetch for an unknown key id is wanted and has not begun.
    wanted: bool,
    /// The same for an operator.
    asked: bool,
    /// The source has changed since the last fetch began.
    changed: bool,
    /// The last fetch failed; the back-off says when the next one comes.
    failing: bool,
    last_forced: Option<Instant>,
}

/// The desk where fetches are asked for.
#[derive(Debug)]
pub(super) struct Refetch {
    state: Mutex<State>,
    bell: Notify,
    /// Counts the fetches that ended. It moves under the lock, so that who subscribes under the lock while a
    /// fetch is wanted or running cannot miss its end, and is not woken by the end of an earlier one.
    ended: watch::Sender<u64>,
    /// One for each request that waits.
    slots: Arc<Semaphore>,
}

impl Refetch {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::default(),
            bell: Notify::new(),
            ended: watch::Sender::new(0),
            slots: Arc::new(Semaphore::new(WAITING_SLOTS)),
        }
    }

    /// Asks for a fetch because of an unknown key id. The future ends when that fetch does. `None` when there
    /// will be none: the cool-down or the back-off forbids it, or nobody fetches; and when too many wait already.
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
            self.bell.notify_one();
        }
        let slot = Arc::clone(&self.slots).try_acquire_owned().ok()?;
        let mut ended = self.ended.subscribe();
        Some(async move {
            let _slot = slot;
            // An error means that the provider is gone, and the fetch with it.
            let _ = ended.changed().await;
        })
    }

    /// Asks for a fetch because an operator wants one, also while the last one failed. The future ends when that fetch
    /// does. `None` when there will be none: one was asked for just now, or nobody fetches.
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
            self.bell.notify_one();
        }
        let mut ended = self.ended.subscribe();
        Some(async move {
            // An error means that the provider is gone, and the fetch with it.
            let _ = ended.changed().await;
        })
    }

    /// Says that the source has changed.
    pub(super) fn wake(&self) {
        self.lock().changed = true;
        self.bell.notify_one();
    }

    /// A refresher takes over. Its number is to be given back to [`Self::detach`].
    pub(super) fn attach(&self, number: u64) {
        let mut state = self.lock();
        state.refresher = number;
        // The first fetch is on its way: who asks now waits for that one.
        state.running = true;
    }

    /// The refresher `number` is gone: nobody must wait for it any longer.
    pub(super) fn detach(&self, number: u64) {
        let mut state = self.lock();
        if state.refresher == number {
            *state = State { last_forced: state.last_forced, ..State::default() };
            self.ended.send_modify(|n| *n += 1);
        }
    }

    /// A fetch begins. It answers everything that was asked for until now.
    pub(super) fn begin(&self) {
        let mut state = self.lock();
        state.running = true;
        state.wanted = false;
        state.asked = false;
        state.changed = false;
    }

    /// The fetch has ended, and what it brought is published.
    pub(super) fn end(&self, failed: bool) {
        let mut state = self.lock();
        state.running = false;
        state.failing = failed;
        self.ended.send_modify(|n| *n += 1);
    }

    /// Waits until somebody asks for a fetch.
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
            // The bell keeps one ring, so one that comes between the look and the wait is not lost.
            self.bell.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is valid after each statement, so a panic elsewhere does not spoil it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// An operator is not held off by the back-off, and shares one fetch and one cool-down with tokens.
    #[tokio::test]
    async fn an_operator_asks_after_a_failure_and_not_again_within_the_cool_down() {
        let (desk, at) = (Refetch::new(), |second: u64| Instant::from_unix(1_000 + second));
        assert!(desk.ask(at(0)).is_none(), "nobody fetches");
        desk.attach(1);
        assert!(desk.ask(at(0)).is_some(), "the first fetch is on its way: that is the one");
        desk.end(true);
        assert!(desk.join(at(1)).is_none(), "tokens wait for the back-off");
        let first = desk.ask(at(1)).expect("a fetch");
        assert!(desk.ask(at(2)).is_some() && desk.join(at(2)).is_some(), "one fetch for all who ask");
        assert_eq!(desk.asked().await, Trigger::Asked);
        desk.begin();
        desk.end(true);
        first.await;
        for (second, asked) in [(3, false), (30, false), (31, true)] {
            assert_eq!(desk.ask(at(second)).is_some(), asked, "{second}");
        }
    }

    /// Each waiter is told of the end, whatever the threads do in between.
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn no_end_of_a_fetch_is_missed() {
        const ASKED: usize = 2_000;
        let desk = Arc::new(Refetch::new());
        desk.attach(1);
        let waited = Arc::new(AtomicUsize::new(0));
        let refresher = tokio::spawn({
            let desk = Arc::clone(&desk);
            async move {
                loop {
                    desk.begin();
                    tokio::task::yield_now().await;
                    desk.end(false);
                    desk.asked().await;
                }
            }
        });
        let askers: Vec<_> = (0..8)
            .map(|asker| {
                let (desk, waited) = (Arc::clone(&desk), Arc::clone(&waited));
                tokio::spawn(async move {
                    for round in 0..ASKED {
                        // Each is past the cool-down of the one before.
                        let now = Instant::from_unix(1_000 + (round * 8 + asker) as u64 * 31);
                        if let Some(end) = desk.join(now) {
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
    async fn nobody_waits_where_nobody_fetches() {
        let desk = Refetch::new();
        assert!(desk.join(Instant::from_unix(1)).is_none());
        desk.attach(1);
        let end = desk.join(Instant::from_unix(1)).unwrap();
        desk.detach(1);
        end.await;
        assert!(desk.join(Instant::from_unix(100)).is_none());
    }

    #[tokio::test]
    async fn only_so_many_wait_and_a_seat_is_free_again_when_its_request_goes() {
        let desk = Refetch::new();
        desk.attach(1);
        let now = Instant::from_unix(1);
        let mut waiting: Vec<_> = (0..WAITING_SLOTS).map(|_| desk.join(now).unwrap()).collect();
        assert!(desk.join(now).is_none(), "the house is full");
        // A request that has waited long enough drops its future, whether it was polled or not.
        waiting.pop();
        let last = desk.join(now).unwrap();
        assert!(desk.join(now).is_none());
        desk.end(false);
        futures::future::join_all(waiting).await;
        last.await;
        desk.begin();
        assert!(desk.join(now).is_some());
    }

    #[tokio::test]
    async fn the_end_of_an_old_refresher_does_not_close_the_desk_of_its_successor() {
        let desk = Refetch::new();
        desk.attach(1);
        desk.attach(2);
        desk.detach(1);
        assert!(desk.join(Instant::from_unix(1)).is_some());
        let end = desk.join(Instant::from_unix(1)).unwrap();
        drop(desk);
        end.await;
    }
}
