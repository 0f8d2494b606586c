//! The lists in the response of an MCP agent with rules by operation: found, thinned out for the client, and held with
//! their head where one that cannot be read is to be refused.
//!
//! `protocol` reads lists, and `gate` says what a client may see of them. `list_head` has the head of the response, and
//! `list_answer` sends what was held.

use bytes::Bytes;
use http::Method;
use pingora::http::ResponseHeader;
use pingora::proxy::Session;
use pingora::{Error, ErrorType};

use crate::authz::Viewer;
use crate::gate::{Asked, Permit};
use crate::limits::{MessageMemory, MessageShare};
use crate::model::{Enforcement, ListOutcome, OperationClass};
use crate::protocol::mcp::list::{Events, Filtered, ListKind, Shape, UnreadableList, filter};
use crate::routing::{Agent, Protocol};

use super::list_head::{self, Form};

/// Pingora's error for a list that cannot be read.
pub(super) const UNREADABLE: ErrorType = ErrorType::Custom("list_unreadable");
/// Pingora's error for a list for which there is no memory.
pub(super) const NO_MEMORY: ErrorType = ErrorType::Custom("no_message_memory");

/// What is to be done about the lists in one response.
#[derive(Debug)]
pub(super) struct Lists {
    /// Whether the request asks for a list.
    asks: bool,
    viewer: Viewer,
    is_shadow: bool,
    /// The longest list, in bytes.
    most: usize,
    pub(super) body: Body,
}

/// The body of the response.
#[derive(Debug)]
pub(super) enum Body {
    /// It has nothing that could be a list, or its head has not come yet.
    Untouched,
    /// It is held until it is whole.
    Whole(Whole),
    /// It passes event by event.
    Events(Events),
    /// It passes as long as it does not turn out to be a list.
    Watched(Shape),
    /// It has ended before its time: nothing more passes.
    Ended,
}

/// A body that is held, or in shadow mode a copy of one that passes.
#[derive(Debug)]
pub(super) struct Whole {
    /// The head of the response, from when it has been rewritten on.
    pub(super) head: Option<Box<ResponseHeader>>,
    text: Vec<u8>,
    share: MessageShare,
}

/// Whether more of a body passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passing {
    /// It may.
    GoesOn,
    /// It does not, although the agent has not ended it.
    Ends,
}

impl Whole {
    /// Holds more.
    fn add(&mut self, bytes: &[u8], most: usize) -> pingora::Result<()> {
        if self.text.len() + bytes.len() > most {
            return Err(Error::explain(UNREADABLE, "a list is over max_list").into_up());
        }
        if !self.share.grow(bytes.len()) {
            return Err(Error::explain(NO_MEMORY, "no memory for a list").into_in());
        }
        self.text.extend_from_slice(bytes);
        Ok(())
    }
}

impl Lists {
    /// What is to be done in the response to a request that asks for this; `None` where the agent has no rules for MCP.
    pub(super) fn of(agent: &Agent, asked: Option<&Asked>) -> Option<Box<Self>> {
        let (Some(_), Protocol::Mcp(mcp)) = (&agent.entry.operations, &agent.protocol) else { return None };
        Some(Box::new(Self {
            asks: asked.is_some_and(|asked| asked.class == OperationClass::List),
            viewer: asked.map(|asked| asked.viewer).unwrap_or_default(),
            is_shadow: agent.enforcement == Enforcement::Shadow,
            most: mcp.max_list,
            body: Body::Untouched,
        }))
    }

    /// The head of the response has come. Says whether it is held.
    ///
    /// # Errors
    /// [`UNREADABLE`] where a list may come in an encoding, in which nobody can find it.
    pub(super) fn begin(
        &mut self,
        head: &mut ResponseHeader,
        session: &Session,
        has_body: bool,
        memory: &MessageMemory,
    ) -> pingora::Result<bool> {
        let form = if has_body { Form::of(head) } else { Form::Other };
        let streams = form == Form::Events && (self.asks || session.req_header().method == Method::GET);
        if self.asks || streams {
            list_head::forbid_keeping(head);
        }
        let is_list = self.asks && has_body && head.status.is_success();
        if !has_body || self.is_shadow && !is_list && form != Form::Events {
            return Ok(false);
        }
        if list_head::is_encoded(head) {
            if !self.is_shadow && (is_list || form == Form::Events) {
                return Err(Error::explain(UNREADABLE, "a list has a content coding").into_up());
            }
            return Ok(false);
        }
        self.body = match form {
            Form::Events => Body::Events(Events::new(self.most)),
            Form::Other if is_list => {
                Body::Whole(Whole { head: None, text: Vec::new(), share: memory.share() })
            }
            Form::Other => Body::Watched(Shape::default()),
        };
        if form == Form::Events && !self.is_shadow {
            list_head::forget_length(head)?;
        }
        Ok(is_list && form == Form::Other && !self.is_shadow)
    }

    /// A piece of the body, and what of it goes on to the client now. Says whether more may follow.
    pub(super) fn moves(
        &mut self,
        piece: &mut Option<Bytes>,
        end: bool,
        permit: &Permit,
    ) -> pingora::Result<Passing> {
        let bytes = piece.as_deref().unwrap_or_default();
        match &mut self.body {
            Body::Untouched => {}
            Body::Ended => *piece = None,
            Body::Watched(shape) => {
                shape.pass(bytes);
                if shape.is_list() {
                    let why = "a list came that was not asked for";
                    return Err(Error::explain(UNREADABLE, why).into_up());
                }
            }
            Body::Whole(whole) => match whole.add(bytes, self.most) {
                Ok(()) if self.is_shadow => {}
                Ok(()) => *piece = None,
                Err(_) if self.is_shadow => self.body = Body::Untouched,
                Err(error) => return Err(error),
            },
            Body::Events(events) => {
                let (viewer, mut out) = (self.viewer, Vec::with_capacity(bytes.len()));
                let mut shows = |kind: ListKind, name: &str| permit.shows(viewer, kind, name);
                let passed = events.pass(bytes, &mut out, &mut shows);
                let passed = passed.and_then(|()| if end { events.end(&mut out) } else { Ok(()) });
                let counts = events.take_counts();
                count(permit.agent(), self.is_shadow, counts);
                if !self.is_shadow {
                    // Pingora takes an empty piece for the end of a chunked body.
                    *piece = (!out.is_empty()).then(|| Bytes::from(out));
                }
                match passed {
                    Ok(()) => {}
                    Err(UnreadableList) if self.is_shadow => self.body = Body::Untouched,
                    Err(UnreadableList) => {
                        self.body = Body::Ended;
                        return Ok(Passing::Ends);
                    }
                }
            }
        }
        Ok(Passing::GoesOn)
    }

    /// The body that was held, for the client: counted, and rewritten where it is a list.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn rewritten(&self, whole: Whole, permit: &Permit) -> Result<Bytes, UnreadableList> {
        let viewer = self.viewer;
        let filtered = filter(&whole.text, &mut |kind, name| permit.shows(viewer, kind, name))?;
        let Filtered { text, shown, hidden } = filtered;
        count(permit.agent(), self.is_shadow, (shown, hidden));
        Ok(Bytes::from(text.unwrap_or(whole.text)))
    }
}

fn count(agent: &Agent, is_shadow: bool, (shown, hidden): (usize, usize)) {
    let not_shown = if is_shadow { ListOutcome::ShadowHidden } else { ListOutcome::Hidden };
    for (outcome, entries) in [(ListOutcome::Shown, shown), (not_shown, hidden)] {
        if entries > 0 {
            agent.metrics.listed(outcome, entries);
        }
    }
}
