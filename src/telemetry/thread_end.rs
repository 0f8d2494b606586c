//! The end of a thread that writes for others: it is asked to end, and has some time for what it still holds.

use std::fmt;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::Thread;
use std::time::Duration;

/// Keeps a thread alive; dropping it asks the thread to end, and waits for that no longer than it was told to.
pub struct ThreadEnd {
    ask: Box<dyn Fn() + Send + Sync>,
    ended: Mutex<Receiver<()>>,
    patience: Duration,
}

/// Hears when a thread has ended.
#[derive(Debug)]
pub struct Ended(Receiver<()>);

/// Starts a thread. Where the system has none left, it counts as one that has ended.
pub fn start_thread(name: String, run: impl FnOnce() + Send + 'static) -> (io::Result<Thread>, Ended) {
    let (end, ended): (SyncSender<()>, _) = sync_channel(1);
    let spawned = std::thread::Builder::new().name(name).spawn(move || {
        run();
        let _nobody_waits = end.try_send(());
    });
    (spawned.map(|handle| handle.thread().clone()), Ended(ended))
}

impl Ended {
    /// Asks the thread to end when this is dropped, and waits for so long.
    pub fn asked_by(self, ask: impl Fn() + Send + Sync + 'static, patience: Duration) -> ThreadEnd {
        ThreadEnd { ask: Box::new(ask), ended: Mutex::new(self.0), patience }
    }
}

impl Drop for ThreadEnd {
    fn drop(&mut self) {
        (self.ask)();
        let ended = self.ended.get_mut().unwrap_or_else(PoisonError::into_inner);
        // One that stands still is not waited for.
        let _stuck = ended.recv_timeout(self.patience);
    }
}

impl fmt::Debug for ThreadEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ThreadEnd")
    }
}
