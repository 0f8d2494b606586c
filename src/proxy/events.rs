//! Requests that bring security events: read whole within bounds, and given to whoever acts on them.
//!
//! What an event means is for `events` and `control`.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use pingora::http::RequestHeader;
use pingora::proxy::Session;

use crate::events::{EventAnswer, ReceiveEvents};
use crate::limits::MessageMemory;
use crate::model::Refusal;

use super::message::{self, Arrived, MessageLimits, Unread};

/// The longest body: a token with its events has a few hundred bytes.
const LONGEST: usize = 64 * 1024;
/// The longest time for it to arrive.
const TIME: Duration = Duration::from_secs(5);
/// The memory for bodies that arrive. Anybody can send some, slowly, and must not take the memory for messages to agents.
const MEMORY: usize = 16 * 1024 * 1024;

/// Where events come in. Cheap to clone.
#[derive(Debug, Clone)]
pub struct EventEntrance {
    receiver: Arc<dyn ReceiveEvents>,
    memory: MessageMemory,
}

impl EventEntrance {
    /// That of whoever acts on events.
    #[must_use]
    pub fn new(receiver: Arc<dyn ReceiveEvents>) -> Self {
        Self { receiver, memory: MessageMemory::new(MEMORY) }
    }
}

/// Such a request, before its body is read.
#[derive(Debug)]
pub(super) struct EventRequest {
    /// Whose events they are.
    pub(super) provider: Box<str>,
    /// Where it comes in.
    pub(super) entrance: EventEntrance,
}

impl EventRequest {
    /// Status and JSON body of the response, or the refusal of the request.
    pub(super) async fn answer(&self, session: &mut Session) -> Result<(u16, Option<String>), Refusal> {
        let answer = match self.entrance.receiver.admit(&self.provider, &session.req_header().headers) {
            Ok(delivery) => {
                let limits = MessageLimits { bytes: LONGEST, time: TIME, media_types: &[] };
                let mut arrived = Arrived::nothing(&self.entrance.memory);
                message::read(session, limits, &mut arrived).await.map_err(refusal)?;
                self.entrance.receiver.receive(delivery, &arrived.into_bytes()).await
            }
            Err(answer) => answer,
        };
        answer.own().ok_or(match answer {
            EventAnswer::Gone => Refusal::NotFound,
            EventAnswer::Unavailable(_)
            | EventAnswer::Busy(_)
            | EventAnswer::Accepted(_)
            | EventAnswer::Rejected(..) => Refusal::EventsUnavailable,
        })
    }
}

/// Whether events are brought with the method for it.
pub(super) fn is_brought(head: &RequestHeader) -> bool {
    head.method == Method::POST
}

const fn refusal(unread: Unread) -> Refusal {
    match unread {
        // What has no framing has been refused at the door; here the client is gone.
        Unread::Broken => Refusal::MalformedHead,
        Unread::MediaType | Unread::TooLarge | Unread::TimedOut | Unread::NoMemory => unread.refusal(),
    }
}
