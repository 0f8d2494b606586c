//! Follows a store: a watch of its head says when to look, and a look every few seconds says that nothing was missed.

use std::sync::Arc;
use std::time::Duration;

use etcd_client::{WatchOptions, WatchStream};
use tokio::time::{Instant, sleep, sleep_until};

use super::fault::Fault;
use super::link::Connection;
use super::look::{Looks, Seen};
use super::pace::{BackOff, jittered};
use super::watched::{Ended, events, newest};
use crate::store::WatchRestart;

/// How often the head is read, whatever the watch says: that read, not the watch, confirms what is held. Three members
/// and one reader make less than one request a second.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long a watch may be behind a read: both come over one connection.
const OWED_FOR: Duration = Duration::from_secs(1);
/// How often names and versions of all resources are compared with what is held.
const COMPARE_EVERY: Duration = Duration::from_secs(600);

/// The task that follows a store.
pub(super) struct Follower {
    pub(super) looks: Arc<Looks>,
}

/// A watch of the head, and the connection that it runs over.
struct Watch {
    stream: WatchStream,
    connection: Connection,
    /// The last change of the head that it told of, or that it began after.
    heard: i64,
    /// When it is silent for too long about a change that a look has seen.
    owed: Option<Instant>,
}

impl Follower {
    /// Follows for ever.
    pub(super) async fn run(self) {
        let mut waits = BackOff::new();
        let mut told: Option<String> = None;
        let mut compare = Instant::now() + jittered(COMPARE_EVERY);
        loop {
            let began = Instant::now();
            let ended = self.session(&mut compare, &mut told).await;
            match ended {
                Ended::Watch(why) => self.looks.observer.watch_restarted(why),
                // The start over is the cure, and comes at once.
                Ended::Fault(Fault::Compacted(_)) => {}
                Ended::Fault(fault) => {
                    let fault = fault.to_string();
                    // Each try may fail at another endpoint, and in another way.
                    if told.is_none() {
                        tracing::warn!("{fault}; what is held stays, and etcd is tried again");
                        told = Some(fault);
                    }
                    self.looks.standing.ring();
                }
            }
            if began.elapsed() > LOOK_EVERY {
                waits.reset();
            }
            sleep(waits.next()).await;
        }
    }

    /// Looks, then watches and looks again until something fails.
    async fn session(&self, compare: &mut Instant, told: &mut Option<String>) -> Ended {
        match self.follow(compare, told).await {
            Ok(never) => match never {},
            Err(ended) => ended,
        }
    }

    async fn follow(
        &self,
        compare: &mut Instant,
        told: &mut Option<String>,
    ) -> Result<std::convert::Infallible, Ended> {
        let seen = self.looks.look().await?;
        if told.take().is_some() {
            tracing::info!("etcd responds again");
        }
        let mut watch = self.open(seen).await?;
        let mut last = seen;
        let mut next = Instant::now() + jittered(LOOK_EVERY);
        loop {
            let owed = watch.owed;
            let look = tokio::select! {
                message = watch.stream.message() => watch.told(message)? > last.head_changed,
                () = sleep_until(next) => true,
                () = sleep_until(owed.unwrap_or(next)), if owed.is_some() => {
                    return Err(Ended::Watch(WatchRestart::Silent));
                }
            };
            if !look {
                continue;
            }
            if Instant::now() >= next {
                self.looks.link.follow_files().await;
                next = Instant::now() + jittered(LOOK_EVERY);
            }
            let seen = self.looks.look().await?;
            self.is_of_one_history(last, seen)?;
            watch.may_owe(seen);
            last = seen;
            self.is_of_one_connection(&watch).await?;
            if Instant::now() >= *compare {
                self.looks.compare().await?;
                *compare = Instant::now() + jittered(COMPARE_EVERY);
            }
        }
    }

    async fn open(&self, seen: Seen) -> Result<Watch, Ended> {
        let options = WatchOptions::new().with_start_revision(seen.at.saturating_add(1)).with_fragment();
        let (stream, connection) = self.looks.link.watch(self.looks.keys.head(), options).await?;
        Ok(Watch { stream, connection, heard: seen.head_changed, owed: None })
    }

    /// A watch from a revision that etcd has not reached waits for ever: a restored backup turns revisions back.
    fn is_of_one_history(&self, last: Seen, seen: Seen) -> Result<(), Ended> {
        if seen.at < last.at { Err(Ended::Watch(WatchRestart::Closed)) } else { Ok(()) }
    }

    /// The watch goes where the looks go: a connection that was given up may be half dead.
    async fn is_of_one_connection(&self, watch: &Watch) -> Result<(), Ended> {
        let now = self.looks.link.connection().await?;
        if now.is(&watch.connection) { Ok(()) } else { Err(Ended::Watch(WatchRestart::Closed)) }
    }
}

impl Watch {
    /// The last change of the head that the watch told of.
    fn told(
        &mut self,
        message: Result<Option<etcd_client::WatchResponse>, etcd_client::Error>,
    ) -> Result<i64, Ended> {
        let message = events(message, self.connection.endpoint())?;
        self.heard = self.heard.max(newest(&message));
        self.owed = None;
        Ok(self.heard)
    }

    /// Gives the watch some time for what a look has seen before it told.
    fn may_owe(&mut self, seen: Seen) {
        if seen.head_changed <= self.heard {
            self.owed = None;
        } else if self.owed.is_none() {
            self.owed = Some(Instant::now() + OWED_FOR);
        }
    }
}
