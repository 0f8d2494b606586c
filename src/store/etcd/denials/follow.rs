//! Follows the denials: a watch of their own, and a read of their head after each look at the store, which finds out when
//! the watch is silent.

use std::sync::Arc;
use std::time::Duration;

use etcd_client::{EventType, WatchOptions, WatchResponse, WatchStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::Denials;
use super::read::FoundHead;
use crate::store::etcd::link::Connection;
use crate::store::etcd::pace::BackOff;
use crate::store::etcd::watched::{Ended, events, newest};
use crate::store::{DenialEntries, KnownDenials, WatchRestart};

/// How long the watch may be behind a read of the head: both come over one connection, and a revoked key is served in
/// that time.
const OWED_FOR: Duration = Duration::from_millis(500);
/// A session of this length begins the back-off anew: it was no part of an outage.
const SETTLED: Duration = Duration::from_secs(5);

/// The task that follows the denials of a store.
pub(in crate::store::etcd) struct Follower {
    pub(in crate::store::etcd) denials: Arc<Denials>,
    /// Moves with each look at the store that was answered.
    pub(in crate::store::etcd) looked: watch::Receiver<u64>,
}

/// A watch of the denials, and the connection that it runs over.
struct Watch {
    stream: WatchStream,
    connection: Connection,
    /// etcd's revision up to which everything is known.
    heard: i64,
    /// A change of the head that the watch has not told of, and until when it may.
    owed: Option<(FoundHead, Instant)>,
}

impl Follower {
    /// Follows until the store is dropped.
    pub(in crate::store::etcd) async fn run(mut self) {
        let mut waits = BackOff::new();
        let mut told: Option<String> = None;
        // What the store is must be known before anything is taken from it.
        while self.looked.changed().await.is_ok() {
            let began = Instant::now();
            match self.session().await {
                Ok(()) => {}
                Err(Ended::Watch(why)) => {
                    self.denials.looks.observer.watch_restarted(why);
                    // The next session needs no look.
                    self.looked.mark_changed();
                }
                Err(Ended::Fault(fault)) => {
                    let fault = fault.to_string();
                    if told.as_ref() != Some(&fault) {
                        tracing::warn!(
                            "the denials cannot be read: {fault}; those that are known stay in force"
                        );
                        told = Some(fault);
                    }
                }
            }
            if began.elapsed() > SETTLED {
                waits.reset();
                told = None;
            }
            sleep(waits.next()).await;
        }
    }

    /// Reads everything, then follows until something fails, or nothing may be taken from the store.
    async fn session(&mut self) -> Result<(), Ended> {
        let Some(at) = self.denials.whole().await? else { return Ok(()) };
        let mut watch = self.open(at).await?;
        loop {
            let owed = watch.owed.as_ref().map(|(_, until)| *until);
            tokio::select! {
                message = watch.stream.message() => self.told(&mut watch, message).await?,
                _ = self.looked.changed() => self.looked(&mut watch).await?,
                () = sleep_until(owed.unwrap_or_else(Instant::now)), if owed.is_some() => {
                    return Err(Ended::Watch(WatchRestart::Silent));
                }
            }
        }
    }

    async fn open(&self, at: i64) -> Result<Watch, Ended> {
        let looks = &self.denials.looks;
        let options =
            WatchOptions::new().with_prefix().with_start_revision(at.saturating_add(1)).with_fragment();
        let (stream, connection) = looks.link.watch(looks.keys.denials(), options).await?;
        Ok(Watch { stream, connection, heard: at, owed: None })
    }

    /// Takes what the watch tells of.
    async fn told(
        &self,
        watch: &mut Watch,
        message: Result<Option<WatchResponse>, etcd_client::Error>,
    ) -> Result<(), Ended> {
        let message = events(message, watch.connection.endpoint())?;
        watch.heard = watch.heard.max(newest(&message));
        if !self.denials.add(&message) || self.denials.known().went_back {
            // Something is gone, or is not what it was.
            self.read_whole(watch).await?;
        }
        match watch.owed.take() {
            Some((head, until)) if head.1 > watch.heard => watch.owed = Some((head, until)),
            Some((head, _)) => self.confirm(watch, head).await?,
            None => {}
        }
        Ok(())
    }

    /// After a look at the store: the watch must have told of the last change.
    async fn looked(&self, watch: &mut Watch) -> Result<(), Ended> {
        // The watch goes where the looks go: a connection that was given up may be half dead.
        if !self.denials.looks.link.connection().await?.is(&watch.connection) {
            return Err(Ended::Watch(WatchRestart::Closed));
        }
        let resumed = self.denials.looks.standing.held().head.and_then(|head| head.resumed);
        // A store that went back may have come to itself.
        if resumed > self.denials.taken().resumed || self.denials.known().went_back {
            return self.read_whole(watch).await;
        }
        let head = self.denials.head().await?;
        if head.1 == self.denials.taken().head_changed {
            return Ok(());
        }
        if head.1 > watch.heard {
            watch.owed.get_or_insert((head, Instant::now() + OWED_FOR));
            return Ok(());
        }
        self.confirm(watch, head).await
    }

    async fn confirm(&self, watch: &mut Watch, head: FoundHead) -> Result<(), Ended> {
        if !self.denials.confirm(head) {
            self.read_whole(watch).await?;
        }
        Ok(())
    }

    async fn read_whole(&self, watch: &mut Watch) -> Result<(), Ended> {
        if let Some(at) = self.denials.whole().await? {
            watch.heard = watch.heard.max(at);
        }
        Ok(())
    }
}

impl Denials {
    /// Takes new entries that a watch tells of. Returns whether that was all that it told of.
    fn add(&self, message: &WatchResponse) -> bool {
        let _one_at_a_time = self.changing();
        let known = self.known();
        let mut fresh = DenialEntries::new();
        let mut is_all = true;
        for event in message.events() {
            let entry = event.kv().filter(|_| event.event_type() == EventType::Put);
            match entry.and_then(|kv| self.entry(kv)) {
                Some((id, entry)) if known.entries.get(&id).is_none_or(|known| *known == entry) => {
                    fresh.insert(id, entry);
                }
                Some(_) | None => is_all = false,
            }
        }
        if fresh.keys().any(|id| !known.entries.contains_key(id)) {
            let mut entries = known.entries.clone();
            entries.extend(fresh);
            self.publish(KnownDenials { entries, ..(*known).clone() });
        }
        is_all
    }
}
