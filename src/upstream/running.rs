//! Every stream under way in this process: whose it is, what its right rests on, and the order that ends it.
//!
//! A request whose answer is short is never listed: its agent counts it by its slot, and it ends by itself. An answer
//! that goes on is listed under a lock that only the streams that begin on the same worker share. Whether a right
//! still holds is judged in `routing`; how a stream ends on the wire is for `door` and `proxy`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::model::{
    AgentName, CloseCode, Digest, EndOrder, EndedBy, Extent, Identity, Instant, Issuer, OnPolicyChange,
    Principal, ProviderName, RequestId, StreamKind,
};

use super::due::{Due, StreamId};
use super::held_token::{HeldToken, HeldTokens};

/// How long an ended stream may take to its next message boundary: a right that was taken away is gone within a second.
pub const BOUNDARY_WAIT: Duration = Duration::from_millis(900);
/// How long a stream may take to its next message boundary after the credential of its client has ended. Nobody is to be kept
/// out at once, so a slow client gets the rest of a message.
pub const EXPIRY_WAIT: Duration = Duration::from_secs(2);
/// Tables that streams are spread over: more than the workers of most machines, so that two seldom share one.
const SHARDS: usize = 32;

/// All streams of the process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Running(Arc<Tables>);

#[derive(Debug)]
struct Tables {
    shards: Box<[Mutex<Table>]>,
    next: AtomicU64,
    /// Streams that are to end with the credential of their client.
    timed: AtomicUsize,
    held: HeldTokens,
}

/// The streams of one shard.
#[derive(Debug, Default)]
struct Table {
    streams: HashMap<StreamId, Arc<Stream>>,
    due: Due<Instant>,
}

/// One stream under way.
#[derive(Debug)]
pub struct Stream {
    /// Its number.
    pub id: StreamId,
    /// What is known of it.
    pub facts: StreamFacts,
    /// The order that ends it.
    pub order: Arc<EndOrder>,
}

/// What is known of a stream from its beginning.
#[derive(Debug, Clone)]
pub struct StreamFacts {
    /// The agent that serves it.
    pub agent: AgentName,
    /// What kind it is.
    pub kind: StreamKind,
    /// Who called; absent where anybody may.
    pub caller: Option<Arc<Identity>>,
    /// The identity provider of the caller's token, as it was named then; absent for an API key and for anybody.
    pub provider: Option<ProviderName>,
    /// What its right rests on.
    pub right: Right,
    /// Its token, where the provider is asked about that again.
    pub held: Option<Arc<HeldToken>>,
    /// What it is for.
    pub extent: Extent,
    /// The number of the agent's policy under which it was admitted.
    pub policy: u64,
    /// What a change was to do to it, as its agent said when it began.
    pub on_policy_change: OnPolicyChange,
    /// When its request came.
    pub began: Instant,
    /// When the client's credential ends, where it does.
    pub expires_at: Option<Instant>,
    /// When the stream ends with it, where it does.
    pub ends: Option<Ends>,
    /// The code with which it is closed where it is a WebSocket whose client loses its right.
    pub close_code: CloseCode,
    /// The request's id.
    pub request_id: RequestId,
    /// The request's path, without the query.
    pub path: Box<str>,
}

/// When a stream ends with the credential of its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// That point in time.
    pub at: Instant,
    /// How long that is after the end of the credential.
    pub after: Duration,
}

/// What is known of the end of a credential when its stream is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    /// It is over.
    Over,
    /// A change has prolonged it, so that the stream ends at this later point in time.
    Until(Instant),
    /// A change has taken its end away.
    Unlimited,
}

/// What the right of a client rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Right {
    /// Anybody may call.
    Open,
    /// A token.
    Token {
        /// Its issuer.
        issuer: Issuer,
        /// By what denials can name it.
        principal: Option<Arc<Principal>>,
    },
    /// An API key.
    ApiKey {
        /// Its id.
        id: Box<str>,
        /// Its hash.
        digest: Digest,
        /// When it was to end.
        expires_at: Option<Instant>,
    },
}

/// A stream that is listed until this is dropped.
#[derive(Debug)]
pub struct Listed {
    tables: Arc<Tables>,
    shard: usize,
    stream: Arc<Stream>,
}

/// Streams that were ordered to end.
#[derive(Debug, Default)]
#[must_use = "a stream that finds no boundary ends only when somebody insists"]
pub struct Ended {
    /// They, and those that were ordered to before: who waits for a boundary for long may have less time now.
    streams: Vec<Arc<Stream>>,
    /// How many of them were not ordered to end before.
    count: usize,
}

impl Default for Running {
    fn default() -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        let held = HeldTokens::default();
        Self(Arc::new(Tables { shards, next: AtomicU64::new(1), timed: AtomicUsize::new(0), held }))
    }
}

impl Running {
    /// Lists a stream that begins.
    #[must_use]
    pub fn begin(&self, facts: StreamFacts) -> Listed {
        let shard = this_worker() % SHARDS;
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        let order = Arc::new(EndOrder::new(facts.close_code));
        let stream = Arc::new(Stream { id, facts, order });
        if let Some(mut table) = self.0.table(shard) {
            if let Some(ends) = stream.facts.ends {
                self.0.set_due(&mut table, id, ends.at);
            }
            table.streams.insert(id, Arc::clone(&stream));
        }
        Listed { tables: Arc::clone(&self.0), shard, stream }
    }

    /// The tokens of streams about which their providers are asked again.
    #[must_use]
    pub fn held(&self) -> &HeldTokens {
        &self.0.held
    }

    /// The streams of an agent, the oldest first.
    #[must_use]
    pub fn of(&self, agent: &AgentName) -> Vec<Arc<Stream>> {
        let mut all = Vec::new();
        for shard in 0..SHARDS {
            let Some(table) = self.0.table(shard) else { continue };
            all.extend(table.streams.values().filter(|stream| stream.facts.agent == *agent).map(Arc::clone));
        }
        all.sort_by_key(|stream| stream.id);
        all
    }

    /// How many streams there are of which `is_meant` says so.
    #[must_use]
    pub fn count(&self, is_meant: impl Fn(&Stream) -> bool) -> usize {
        let tables = (0..SHARDS).filter_map(|shard| self.0.table(shard));
        tables.map(|table| table.streams.values().filter(|stream| is_meant(stream)).count()).sum()
    }

    /// Orders those streams to end for which `judge` names a cause.
    pub fn end(&self, judge: impl Fn(&Stream) -> Option<EndedBy>) -> Ended {
        let mut ended = Ended::default();
        for shard in 0..SHARDS {
            let Some(table) = self.0.table(shard) else { continue };
            for stream in table.streams.values() {
                if let Some(by) = judge(stream) {
                    ended.order(stream, by);
                }
            }
        }
        ended
    }

    /// Orders those streams to end that are due at `now`, unless `term` knows better of their credential.
    pub fn expire(&self, now: Instant, term: impl Fn(&StreamFacts) -> Term) -> Ended {
        let mut ended = Ended::default();
        if self.0.timed.load(Ordering::Relaxed) == 0 {
            return ended;
        }
        for shard in 0..SHARDS {
            let Some(mut table) = self.0.table(shard) else { continue };
            while let Some(id) = table.due.take(now) {
                self.0.timed.fetch_sub(1, Ordering::Relaxed);
                let Some(stream) = table.streams.get(&id) else { continue };
                match term(&stream.facts) {
                    Term::Until(later) if later > now => self.0.set_due(&mut table, id, later),
                    Term::Until(_) | Term::Over => ended.order(stream, EndedBy::Expiry),
                    Term::Unlimited => {}
                }
            }
        }
        ended
    }

    /// Notes for those streams when they end of which `moved` knows better than what was noted: a change may have given their
    /// credential another end.
    pub fn note_ends(&self, moved: impl Fn(&StreamFacts) -> Option<Term>) {
        for shard in 0..SHARDS {
            let Some(mut table) = self.0.table(shard) else { continue };
            let moved = |(id, stream): (&StreamId, &Arc<Stream>)| Some((*id, moved(&stream.facts)?));
            let all: Vec<(StreamId, Term)> = table.streams.iter().filter_map(moved).collect();
            for (id, term) in all {
                match term {
                    Term::Until(at) => self.0.set_due(&mut table, id, at),
                    Term::Unlimited => self.0.forget_due(&mut table, id),
                    Term::Over => {}
                }
            }
        }
    }
}

impl Listed {
    /// The stream.
    #[must_use]
    pub fn stream(&self) -> &Stream {
        &self.stream
    }

    /// Notes what is known of it better by now. An order that it got stays.
    pub fn note(&mut self, facts: StreamFacts) {
        let (id, order) = (self.stream.id, Arc::clone(&self.stream.order));
        self.stream = Arc::new(Stream { id, facts, order });
        let Some(mut table) = self.tables.table(self.shard) else { return };
        match self.stream.facts.ends {
            Some(ends) => self.tables.set_due(&mut table, id, ends.at),
            None => self.tables.forget_due(&mut table, id),
        }
        table.streams.insert(id, Arc::clone(&self.stream));
    }

    /// Orders this stream to end.
    pub fn end(&self, by: EndedBy) -> Ended {
        let mut ended = Ended::default();
        ended.order(&self.stream, by);
        ended
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        if let Some(mut table) = self.tables.table(self.shard) {
            table.streams.remove(&self.stream.id);
            self.tables.forget_due(&mut table, self.stream.id);
        }
    }
}

impl Ended {
    /// How many there are that were not ordered to end before.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// Whether there is nobody to insist on.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    /// Lets those that have found no boundary yet end where they are. Due after [`BOUNDARY_WAIT`] or [`EXPIRY_WAIT`].
    pub fn insist(self) {
        self.streams.iter().for_each(|stream| stream.order.insist());
    }

    fn order(&mut self, stream: &Arc<Stream>, by: EndedBy) {
        self.count += usize::from(stream.order.give(by));
        self.streams.push(Arc::clone(stream));
    }
}

impl Tables {
    fn set_due(&self, table: &mut Table, id: StreamId, at: Instant) {
        if table.due.set(id, at) {
            self.timed.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn forget_due(&self, table: &mut Table, id: StreamId) {
        if table.due.remove(id) {
            self.timed.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn table(&self, shard: usize) -> Option<MutexGuard<'_, Table>> {
        // A table is whole at each moment, whoever panicked while holding it.
        self.shards.get(shard).map(|table| table.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A number of this thread.
fn this_worker() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static MINE: usize = NEXT.fetch_add(1, Ordering::Relaxed));
    MINE.with(|mine| *mine)
}

#[cfg(test)]
pub(crate) mod tests;
