//! The shards of a process together: when all of them accept, and that none of them dies alone.
//!
//! What a death means is for `gateway`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{mpsc, watch};

use crate::model::Shard;

/// What all shards of a process share about their lives. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Muster(Arc<State>);

#[derive(Debug)]
struct State {
    /// The shards that do not accept yet.
    missing: AtomicUsize,
    accepts: watch::Sender<bool>,
    died: mpsc::UnboundedSender<Shard>,
}

/// The life of one task of a shard. It is a death when it is dropped before it was said to end.
#[derive(Debug)]
pub(crate) struct Life {
    muster: Muster,
    shard: Shard,
    has_ended: bool,
}

impl Muster {
    /// So many shards, of which none accepts yet. `accepts` says when all do; and who gets the receiver is told of a
    /// shard that died.
    #[must_use]
    pub fn of(shards: usize, accepts: watch::Sender<bool>) -> (Self, mpsc::UnboundedReceiver<Shard>) {
        let (died, deaths) = mpsc::unbounded_channel();
        (Self(Arc::new(State { missing: AtomicUsize::new(shards), accepts, died })), deaths)
    }

    /// One more of them accepts.
    pub(crate) fn accepts(&self) {
        if self.0.missing.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.accepts.send_replace(true);
        }
    }

    /// The life of a task without which the shard is none.
    pub(crate) fn life(&self, shard: Shard) -> Life {
        Life { muster: self.clone(), shard, has_ended: false }
    }
}

impl Life {
    /// It ends as it should.
    pub(crate) fn ends(mut self) {
        self.has_ended = true;
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        if !self.has_ended {
            // Nobody listens any more when the process ends anyway.
            let _told = self.muster.0.died.send(self.shard);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_accept_when_the_last_one_does_and_a_panic_of_one_is_heard_of() {
        let (accepts, accepting) = watch::channel(false);
        let (muster, mut deaths) = Muster::of(2, accepts);
        muster.accepts();
        assert!(!*accepting.borrow());
        muster.accepts();
        assert!(*accepting.borrow());
        muster.life(Shard::FIRST).ends();
        assert!(deaths.try_recv().is_err(), "an end is no death");
        let life = muster.life(Shard::FIRST);
        let died = tokio::spawn(async move {
            let _life = life;
            panic!("a fault of ours");
        });
        assert!(died.await.is_err());
        assert_eq!(deaths.recv().await, Some(Shard::FIRST));
    }
}
