//! A request that goes on to its agent: what it holds until it ends, and how far it has come.
//!
//! It exists only with a permit and a slot. What each phase does with it is in `phases`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant as Tick};

use crate::door::{EndedAt, Over, Patience};
use crate::gate::Permit;
use crate::limits::Slot;
use crate::model::EndedBy;
use crate::routing::Agent;
use crate::telemetry::UpstreamError;

use super::stream::Stream;
use super::tunnel::Tunnel;

/// One request under way to its agent.
#[derive(Debug)]
pub(super) struct Passage {
    pub(super) permit: Permit,
    _slot: Slot,
    pub(super) kind: Kind,
    /// Absent where a connection did not come through the door.
    pub(super) patience: Option<Patience>,
    pub(super) attempts: Attempts,
    /// There once the answer has turned out to be a stream.
    pub(super) stream: Option<Box<Stream>>,
    pub(super) body: BodyCount,
    /// Why the agent gave no answer, or no whole one.
    pub(super) failure: Option<UpstreamError>,
}

/// What a request asks of the connection to its agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One answer.
    Exchange,
    /// A tunnel, when the agent agrees.
    WebSocket,
}

/// The attempts to reach the agent, which share one clock.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    /// Where the endpoint's list of addresses is begun.
    pub(super) turn: usize,
    /// How many came to nothing before a connection stood.
    pub(super) failed: usize,
    /// Whether the request was sent a second time.
    pub(super) resent: bool,
    /// The last one.
    pub(super) last: Attempt,
    progress: Progress,
}

/// One attempt.
#[derive(Debug, Default)]
pub(super) struct Attempt {
    /// The address; absent for a unix socket, and before there is one.
    pub(super) address: Option<SocketAddr>,
    /// Holds the first read back until a WebSocket handshake has been sent.
    pub(super) tunnel: Option<Tunnel>,
}

/// How far it has come, over all attempts.
#[derive(Debug, Clone, Copy, Default)]
enum Progress {
    #[default]
    Waiting,
    Asked(Tick),
    Answered(Duration),
}

/// What has come of the request's body.
#[derive(Debug, Default)]
pub(super) struct BodyCount {
    pub(super) bytes: u64,
    pub(super) pieces: u32,
}

impl Passage {
    pub(super) fn new(permit: Permit, slot: Slot, kind: Kind, patience: Option<Patience>) -> Self {
        Self {
            permit,
            _slot: slot,
            kind,
            patience,
            attempts: Attempts::default(),
            stream: None,
            body: BodyCount::default(),
            failure: None,
        }
    }

    pub(super) const fn agent(&self) -> &Arc<Agent> {
        self.permit.agent()
    }

    pub(super) const fn is_websocket(&self) -> bool {
        matches!(self.kind, Kind::WebSocket)
    }

    /// What has ended the stream, and where.
    pub(super) fn ended(&self) -> Option<(EndedBy, EndedAt)> {
        self.patience.as_ref()?.ending().ended()
    }

    /// Why the agent's time is over, if it is.
    pub(super) fn over(&self) -> Option<Over> {
        self.patience.as_ref().and_then(Patience::over)
    }

    /// Whether the body has come more slowly than it may. One to which the agent has begun to answer is a conversation,
    /// and takes the time that it takes.
    pub(super) fn body_is_too_slow(&self, began: Tick, bytes_a_second: u64) -> bool {
        if self.is_websocket() || self.attempts.took().is_some() || bytes_a_second == 0 {
            return false;
        }
        let took = began.elapsed();
        took > BODY_GRACE && self.body.bytes < bytes_a_second.saturating_mul(took.as_secs())
    }

    /// Whether the body is longer than the agent takes.
    pub(super) fn body_is_too_large(&self) -> bool {
        !self.is_websocket() && self.agent().max_body.is_some_and(|limit| self.body.bytes > limit)
    }
}

impl Attempts {
    /// The first attempt begins: the agent's addresses are tried from this turn on.
    pub(super) fn begin(&mut self, turn: impl FnOnce() -> usize) {
        if let Progress::Waiting = self.progress {
            self.turn = turn();
            self.progress = Progress::Asked(Tick::now());
        }
    }

    /// The head of the answer is there. Says how long the agent took, the first time.
    pub(super) fn answered(&mut self) -> Option<Duration> {
        let Progress::Asked(at) = self.progress else { return None };
        let took = at.elapsed();
        self.progress = Progress::Answered(took);
        Some(took)
    }

    /// How long the agent took to the head of its answer.
    pub(super) const fn took(&self) -> Option<Duration> {
        match self.progress {
            Progress::Answered(took) => Some(took),
            Progress::Waiting | Progress::Asked(_) => None,
        }
    }
}

/// How long a request body may come at any speed: a client on a slow line gets going in less.
const BODY_GRACE: Duration = Duration::from_secs(30);
