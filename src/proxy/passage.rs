//! An admitted request: what it holds until it ends, and its progress.
//!
//! It exists only with a permit and a slot. `phases` and the files around it use it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant as Tick};

use http::HeaderValue;

use crate::door::{EndedAt, Over, Patience};
use crate::gate::Permit;
use crate::limits::Slot;
use crate::model::EndedBy;
use crate::routing::{Agent, SessionPlace};
use crate::telemetry::UpstreamError;
use crate::upstream::Endpoint;

use super::held::Held;
use super::lists::Lists;
use super::place::Place;
use super::stream::Stream;
use super::tunnel::Tunnel;

/// How long a request body may arrive at any speed: `min_body_rate` is an average, and slow start on a bad line takes seconds
/// to reach it.
const BODY_GRACE: Duration = Duration::from_secs(30);

/// How long a body may arrive before its request is listed among the streams: within a second nobody is late who ends it.
const UPLOAD_LISTED: Duration = Duration::from_secs(1);

/// What a request is admitted with.
#[derive(Debug)]
pub(super) struct Admitted {
    pub(super) permit: Permit,
    pub(super) slot: Slot,
    /// What was read of its body for the decision.
    pub(super) held: Option<Held>,
    /// What is to be done about lists in the response.
    pub(super) lists: Option<Box<Lists>>,
    /// Where its session runs, at an agent whose sessions belong to their targets.
    pub(super) session_place: Option<Box<SessionPlace>>,
}

/// An admitted request.
#[derive(Debug)]
pub(super) struct Passage {
    pub(super) permit: Permit,
    _slot: Slot,
    pub(super) kind: Kind,
    /// The client's and the agent's time; absent where a connection did not come through the door, as in tests.
    pub(super) patience: Option<Patience>,
    pub(super) attempts: Attempts,
    /// The place at a target, where the agent has several or the state of the one is kept.
    pub(super) place: Option<Place>,
    /// Where its session runs: it goes there or nowhere.
    pub(super) session_place: Option<Box<SessionPlace>>,
    /// The stream that the response has turned out to be.
    pub(super) stream: Option<Box<Stream>>,
    pub(super) body: BodyCount,
    /// What was read of the body for the decision, until it is sent.
    pub(super) held: Option<Held>,
    /// What is to be done about lists in the response.
    pub(super) lists: Option<Box<Lists>>,
    /// Why the agent gave no response, or an incomplete one.
    pub(super) failure: Option<UpstreamError>,
}

/// The kind of exchange that a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One response.
    Exchange,
    /// A WebSocket, when the agent accepts the handshake.
    WebSocket,
}

/// The attempts to reach the agent. They share one time limit.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    /// The index in the endpoint's list of addresses that the first attempt there uses.
    pub(super) turn: usize,
    /// The attempts that failed before a connection was established.
    pub(super) failed: usize,
    /// Whether the request was sent a second time.
    pub(super) resent: bool,
    /// Whether it went on to another target or address.
    moved: bool,
    /// The attempts that were begun, failed ones among them.
    pub(super) begun: u32,
    /// The last attempt.
    pub(super) last: Attempt,
    progress: Progress,
}

/// One attempt.
#[derive(Debug, Default)]
pub(super) struct Attempt {
    /// The address; `None` for a unix socket, and before one is chosen.
    pub(super) address: Option<SocketAddr>,
    /// The connection of a WebSocket handshake, which delays the first read.
    pub(super) tunnel: Option<Tunnel>,
}

/// The progress over all attempts.
#[derive(Debug, Clone, Copy, Default)]
enum Progress {
    #[default]
    Waiting,
    Asked(Tick),
    Answered {
        asked: Tick,
        took: Duration,
    },
}

/// The part of the request's body that has arrived.
#[derive(Debug, Default)]
pub(super) struct BodyCount {
    pub(super) bytes: u64,
    pub(super) pieces: u32,
    /// Whether a part of it was read before the decision, which the connection does not keep.
    pub(super) was_held: bool,
}

impl Passage {
    pub(super) fn new(admitted: Admitted, kind: Kind, patience: Option<Patience>) -> Self {
        let Admitted { permit, slot, held, lists, session_place } = admitted;
        Self {
            permit,
            _slot: slot,
            kind,
            patience,
            attempts: Attempts::default(),
            place: None,
            session_place,
            stream: None,
            body: BodyCount::default(),
            held,
            lists,
            failure: None,
        }
    }

    pub(super) const fn agent(&self) -> &Arc<Agent> {
        self.permit.agent()
    }

    /// `host[:port]` of the target, or of the agent that has none.
    pub(super) fn authority(&self) -> &HeaderValue {
        let member = self.place.as_ref().and_then(Place::member);
        member.map_or(&self.agent().upstream.authority, |member| &member.authority)
    }

    /// The addresses of the target, or of the agent that has none.
    pub(super) fn endpoint(&self) -> &Endpoint {
        let member = self.place.as_ref().and_then(Place::member);
        member.map_or(&*self.agent().upstream.endpoint, |member| &*member.target.endpoint)
    }

    pub(super) const fn is_websocket(&self) -> bool {
        matches!(self.kind, Kind::WebSocket)
    }

    /// Why and where the gateway ended the stream.
    pub(super) fn ended(&self) -> Option<(EndedBy, EndedAt)> {
        self.patience.as_ref()?.ending().ended()
    }

    /// Why the agent's time is over, if it is.
    pub(super) fn over(&self) -> Option<Over> {
        self.patience.as_ref().and_then(Patience::over)
    }

    /// Whether the body arrives more slowly than `min_body_rate`. Once the agent responds, the exchange is a conversation,
    /// and the rate no longer applies.
    pub(super) fn body_is_too_slow(&self, began: Tick, bytes_a_second: u64) -> bool {
        if self.is_websocket() || self.attempts.took().is_some() || bytes_a_second == 0 {
            return false;
        }
        let took = began.elapsed();
        took > BODY_GRACE && self.body.bytes < bytes_a_second.saturating_mul(took.as_secs())
    }

    /// Whether the body has been coming for a while, and the agent has answered nothing yet: it may go on for as long as the client
    /// likes.
    pub(super) fn is_long_upload(&self, began: Tick) -> bool {
        let goes_on = self.body.pieces > 1 && self.stream.is_none() && self.attempts.took().is_none();
        goes_on && !self.is_websocket() && began.elapsed() >= UPLOAD_LISTED
    }

    /// Whether the body is over the agent's `max_body`.
    pub(super) fn body_is_too_large(&self) -> bool {
        !self.is_websocket() && self.agent().max_body.is_some_and(|limit| self.body.bytes > limit)
    }
}

impl Attempts {
    /// Begins an attempt; the first one at a target chooses the turn, and the first of all starts the clock.
    pub(super) fn begin(&mut self, turn: impl FnOnce() -> usize) {
        self.begun = self.begun.saturating_add(1);
        if let Progress::Waiting = self.progress {
            self.turn = turn();
            self.progress = Progress::Asked(Tick::now());
        } else if self.moved && self.failed == 0 {
            self.turn = turn();
        }
    }

    /// Notes the head of the response; returns how long the agent took, the first time.
    pub(super) fn answered(&mut self) -> Option<Duration> {
        let Progress::Asked(at) = self.progress else { return None };
        let took = at.elapsed();
        self.progress = Progress::Answered { asked: at, took };
        Some(took)
    }

    /// The request goes on to another target, whose addresses are all untried, or to another address of the same.
    pub(super) const fn moves_on(&mut self) {
        self.moved = true;
        self.failed = 0;
    }

    /// Whether the request went on to another target or address.
    pub(super) const fn has_moved(&self) -> bool {
        self.moved
    }

    /// When the agent was asked.
    pub(super) const fn asked(&self) -> Option<Tick> {
        match self.progress {
            Progress::Waiting => None,
            Progress::Asked(at) | Progress::Answered { asked: at, .. } => Some(at),
        }
    }

    /// How long the agent took to the head of its response.
    pub(super) const fn took(&self) -> Option<Duration> {
        match self.progress {
            Progress::Answered { took, .. } => Some(took),
            Progress::Waiting | Progress::Asked(_) => None,
        }
    }
}
