//! Hears what the members of a fleet say: reads all of it, then watches, and reads anew when the watch is of no use.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use etcd_client::{Event, EventType, GetOptions, GetResponse, TxnOp, WatchOptions, WatchStream};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::fault::Fault;
use super::keys::Keys;
use super::link::{CALL, Connection, Link};
use super::members::{Members, Told};

/// How long a watch may be silent: this member's own reports come over it every four seconds.
const SILENT: Duration = Duration::from_secs(13);

/// One who listens.
pub(super) struct Hearing {
    pub(super) link: Arc<Link>,
    pub(super) keys: Keys,
    pub(super) members: Arc<Mutex<Members>>,
    pub(super) changes: watch::Sender<()>,
    /// The name of this member, and what is to be done when its report is gone.
    pub(super) own: String,
    pub(super) own_is_gone: Box<dyn Fn() + Send + Sync>,
}

impl Hearing {
    /// Reads, then watches until something fails.
    pub(super) async fn session(&self) -> Fault {
        match self.follow().await {
            Ok(never) => match never {},
            Err(fault) => fault,
        }
    }

    async fn follow(&self) -> Result<std::convert::Infallible, Fault> {
        let at = self.read().await?;
        let (mut stream, connection) = self.open(at + 1).await?;
        loop {
            let message = match timeout(SILENT, stream.message()).await {
                Ok(Ok(Some(message))) => message,
                Ok(Ok(None)) => return Err(Fault::Other("the watch was closed".to_owned())),
                Ok(Err(error)) => return Err(Fault::of(&error, connection.endpoint())),
                Err(_) => return Err(Fault::TimedOut(SILENT)),
            };
            if message.compact_revision() > 0 || message.canceled() {
                return Err(Fault::Other(format!("the watch was ended: {}", message.cancel_reason())));
            }
            if !message.events().is_empty() {
                self.apply(message.events());
            }
        }
    }

    /// Reads everything, and says as of which revision of etcd.
    async fn read(&self) -> Result<i64, Fault> {
        let all = || Some(GetOptions::new().with_prefix());
        let reads = [TxnOp::get(self.keys.members(), all()), TxnOp::get(self.keys.all_seen(), all())];
        let (found, at) = self.link.read(reads).await?;
        let read: Vec<_> = found.iter().flat_map(|got| self.told_by(got)).collect();
        self.lock().replace(read, Instant::now());
        self.changes.send_replace(());
        Ok(at)
    }

    fn told_by(&self, got: &GetResponse) -> Vec<(Told, String, Vec<u8>)> {
        let told = got.kvs().iter().filter_map(|kv| {
            let (told, name) = self.keys.told(kv.key())?;
            Some((told, name.to_owned(), kv.value().to_vec()))
        });
        told.collect()
    }

    async fn open(&self, from: i64) -> Result<(WatchStream, Connection), Fault> {
        let options = || WatchOptions::new().with_prefix().with_start_revision(from).with_fragment();
        let (mut stream, connection) = self.link.watch(self.keys.members(), options()).await?;
        match timeout(CALL, stream.watch(self.keys.all_seen(), Some(options()))).await {
            Ok(Ok(())) => Ok((stream, connection)),
            Ok(Err(error)) => Err(Fault::of(&error, connection.endpoint())),
            Err(_) => Err(Fault::TimedOut(CALL)),
        }
    }

    fn apply(&self, events: &[Event]) {
        let now = Instant::now();
        {
            let mut members = self.lock();
            for event in events {
                let Some(kv) = event.kv() else { continue };
                let Some((told, name)) = self.keys.told(kv.key()) else { continue };
                match event.event_type() {
                    EventType::Put => members.put(told, name, kv.value(), now),
                    EventType::Delete => members.delete(told, name),
                }
                if told == Told::Present && event.event_type() == EventType::Delete && name == self.own {
                    (self.own_is_gone)();
                }
            }
        }
        self.changes.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
