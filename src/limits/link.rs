//! What connects this member's limits with the place where all members count: whether it is there, who is woken when the others
//! are to hear of something soon, and who asks it for a single request.
//!
//! What is told there and asked is for `together`.

use std::fmt;
use std::pin::Pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::model::KeyedHash;

use super::ledger::Heard;
use super::view::Refill;

/// A request that is asked for, or a bucket that the others are told of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tale {
    /// What all members know the limit by.
    pub limit: KeyedHash,
    /// What they know the bucket by.
    pub key: KeyedHash,
    /// The requests of a full bucket.
    pub burst: u32,
    /// How it is filled again.
    pub refill: Refill,
    /// Requests that this member has let in since it last told.
    pub own: f64,
    /// What had been spent before, as far as it knows.
    pub spent: f64,
    /// Whether somebody has asked for it since.
    pub is_wanted: bool,
    /// From how many requests on all members must know of it: those that do not may let their part in.
    pub told_from: f64,
}

/// A request that a strict limit counts.
#[derive(Debug, Clone, Copy)]
pub struct Ask {
    /// The bucket.
    pub tale: Tale,
    /// Whether the request is refused where this limit does not let it in.
    pub is_enforced: bool,
}

/// What was said of it.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    /// Whether the limit lets it in.
    pub is_let_in: bool,
    /// What is spent then.
    pub heard: Heard,
}

/// A future of an answer for each question; nothing when there was none in time.
pub type Answers<'a> = Pin<Box<dyn Future<Output = Option<Vec<Answer>>> + Send + 'a>>;

/// Who asks the place where members count for a request.
pub trait Counter: Send + Sync {
    /// Asks for a request at all of these limits: it is spent at all of them, or at none where one that is enforced refuses it.
    fn take<'a>(&'a self, asks: &'a [Ask]) -> Answers<'a>;
}

/// The link of a process.
#[derive(Default)]
pub(super) struct Link {
    is_up: AtomicBool,
    waker: OnceLock<Box<dyn Fn() + Send + Sync>>,
    counter: OnceLock<Box<dyn Counter>>,
}

impl Link {
    /// Connects it. The first call counts.
    pub(super) fn connect(&self, wake: Box<dyn Fn() + Send + Sync>, counter: Box<dyn Counter>) {
        let _first = self.waker.set(wake);
        let _first = self.counter.set(counter);
    }

    pub(super) fn set(&self, is_up: bool) {
        self.is_up.store(is_up, Ordering::Release);
    }

    /// Who asks; nobody while it is down.
    pub(super) fn counter(&self) -> Option<&dyn Counter> {
        self.counter.get().filter(|_| self.is_up()).map(|counter| &**counter)
    }

    pub(super) fn is_up(&self) -> bool {
        self.is_up.load(Ordering::Acquire)
    }

    pub(super) fn wake(&self) {
        if let Some(wake) = self.waker.get() {
            wake();
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("is_up", &self.is_up()).finish_non_exhaustive()
    }
}
