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
    AgentName, Digest, EndOrder, EndedBy, Identity, Instant, Issuer, OnPolicyChange, Principal, ProviderName,
    RequestId, StreamKind,
};

/// How long an ended stream may take to its next message boundary: a right that was taken away is gone within a second.
pub const BOUNDARY_WAIT: Duration = Duration::from_millis(900);
/// Tables that streams are spread over: more than the workers of most machines, so that two seldom share one.
const SHARDS: usize = 32;

/// All streams of the process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Running(Arc<Tables>);

#[derive(Debug)]
struct Tables {
    shards: Box<[Mutex<Table>]>,
    next: AtomicU64,
}

/// The streams of one shard.
type Table = HashMap<StreamId, Arc<Stream>>;

/// The number of a stream, given once in the life of a process.
pub type StreamId = u64;

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
    /// The number of the agent's policy under which it was admitted.
    pub policy: u64,
    /// What a change was to do to it, as its agent said when it began.
    pub on_policy_change: OnPolicyChange,
    /// When its request came.
    pub began: Instant,
    /// When the client's credential ends, where it does.
    pub deadline: Option<Instant>,
    /// The request's id.
    pub request_id: RequestId,
    /// The request's path, without the query.
    pub path: Box<str>,
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
pub struct Ended(Vec<Arc<Stream>>);

impl Default for Running {
    fn default() -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self(Arc::new(Tables { shards, next: AtomicU64::new(1) }))
    }
}

impl Running {
    /// Lists a stream that begins.
    #[must_use]
    pub fn begin(&self, facts: StreamFacts) -> Listed {
        let shard = this_worker() % SHARDS;
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        let stream = Arc::new(Stream { id, facts, order: Arc::default() });
        if let Some(mut table) = self.0.table(shard) {
            table.insert(id, Arc::clone(&stream));
        }
        Listed { tables: Arc::clone(&self.0), shard, stream }
    }

    /// The streams of an agent, the oldest first.
    #[must_use]
    pub fn of(&self, agent: &AgentName) -> Vec<Arc<Stream>> {
        let mut all = Vec::new();
        for shard in 0..SHARDS {
            let Some(table) = self.0.table(shard) else { continue };
            all.extend(table.values().filter(|stream| stream.facts.agent == *agent).map(Arc::clone));
        }
        all.sort_by_key(|stream| stream.id);
        all
    }

    /// How many streams there are of which `is_meant` says so.
    #[must_use]
    pub fn count(&self, is_meant: impl Fn(&Stream) -> bool) -> usize {
        let tables = (0..SHARDS).filter_map(|shard| self.0.table(shard));
        tables.map(|table| table.values().filter(|stream| is_meant(stream)).count()).sum()
    }

    /// Orders those streams to end for which `judge` names a cause.
    pub fn end(&self, judge: impl Fn(&Stream) -> Option<EndedBy>) -> Ended {
        let mut ended = Vec::new();
        for shard in 0..SHARDS {
            let Some(table) = self.0.table(shard) else { continue };
            let judged = table.values().filter_map(|stream| Some((stream, judge(stream)?)));
            ended.extend(
                judged.filter(|(stream, by)| stream.order.give(*by)).map(|(stream, _)| Arc::clone(stream)),
            );
        }
        Ended(ended)
    }
}

impl Listed {
    /// The stream.
    #[must_use]
    pub fn stream(&self) -> &Stream {
        &self.stream
    }

    /// Orders this stream to end.
    pub fn end(&self, by: EndedBy) -> Ended {
        Ended(if self.stream.order.give(by) { vec![Arc::clone(&self.stream)] } else { Vec::new() })
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        if let Some(mut table) = self.tables.table(self.shard) {
            table.remove(&self.stream.id);
        }
    }
}

impl Ended {
    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Lets those that have found no boundary yet end where they are. Due after [`BOUNDARY_WAIT`].
    pub fn insist(self) {
        self.0.iter().for_each(|stream| stream.order.insist());
    }
}

impl Tables {
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
pub(crate) mod tests {
    use super::*;

    /// A stream of a public agent, for tests of other files.
    pub(crate) fn facts(agent: &str) -> StreamFacts {
        StreamFacts {
            agent: AgentName::parse(agent).unwrap(),
            kind: StreamKind::Sse,
            caller: None,
            provider: None,
            right: Right::Open,
            policy: 7,
            on_policy_change: OnPolicyChange::Revocation,
            began: Instant::from_unix(1_000),
            deadline: None,
            request_id: RequestId::Made(1),
            path: "/a".into(),
        }
    }

    #[test]
    fn a_stream_is_listed_at_its_agent_until_it_ends() {
        let running = Running::default();
        let (one, two, other) =
            (running.begin(facts("a")), running.begin(facts("a")), running.begin(facts("b")));
        let ids = |agent: &str| {
            let agent = AgentName::parse(agent).unwrap();
            running.of(&agent).iter().map(|stream| stream.id).collect::<Vec<_>>()
        };
        assert_eq!(ids("a"), [one.stream().id, two.stream().id]);
        assert_eq!(ids("b"), [other.stream().id]);
        drop(one);
        assert_eq!(ids("a"), [two.stream().id]);
    }

    #[test]
    fn a_stream_may_end_on_another_thread() {
        let running = Running::default();
        let listed = running.begin(facts("a"));
        std::thread::spawn(move || drop(listed)).join().unwrap();
        assert!(running.of(&AgentName::parse("a").unwrap()).is_empty());
    }

    #[test]
    fn exactly_those_that_were_judged_end_and_only_once() {
        let running = Running::default();
        let (one, two) = (running.begin(facts("a")), running.begin(facts("b")));
        let judge = |stream: &Stream| (stream.facts.agent.as_str() == "a").then_some(EndedBy::Policy);
        let ended = running.end(judge);
        assert_eq!((ended.len(), running.end(judge).len()), (1, 0));
        assert_eq!(one.stream().order.given(), Some(EndedBy::Policy));
        assert!(!one.stream().order.is_urgent(), "there is time for a boundary");
        ended.insist();
        assert!(one.stream().order.is_urgent());
        assert!(two.stream().order.given().is_none() && !two.stream().order.is_urgent());
    }
}
