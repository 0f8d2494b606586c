//! Reads the message of a request whole, before the decision: within a size, a time and the memory that is free.
//!
//! What it says is for `protocol`, and whether it may pass for `gate`.

use std::time::Duration;

use bytes::Bytes;
use http::{Version, header};
use pingora::http::RequestHeader;
use pingora::protocols::http::ServerSession;
use pingora::proxy::Session;
use pingora::{Error, ErrorType};
use tokio::time::timeout;

use crate::door::http1::bounded::Bounded;
use crate::door::http1::last_line::LastLine;
use crate::limits::{MessageMemory, MessageShare};
use crate::model::{Reason, Refusal};
use crate::protocol::json_rpc;

use super::held::{REPLAYED, is_replayed_by_h2};

/// The limits of one message.
#[derive(Debug, Clone, Copy)]
pub(super) struct MessageLimits {
    /// The most bytes.
    pub(super) bytes: usize,
    /// The longest time.
    pub(super) time: Duration,
    /// The media types that it may have; none: what it has is looked at elsewhere.
    pub(super) media_types: &'static [&'static str],
}

/// Why a message was not read whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// Its media type is not JSON alone, or it has an encoding.
    MediaType,
    /// It is longer than the limit.
    TooLarge,
    /// It did not arrive in time.
    TimedOut,
    /// There is no memory free for it.
    NoMemory,
    /// Its framing is unsound, or the client has disconnected.
    Broken,
}

impl Unread {
    /// The refusal of a request for that reason.
    pub(super) const fn refusal(self) -> Refusal {
        match self {
            Self::MediaType => Refusal::MediaTypeNotSupported,
            Self::TooLarge => Refusal::BodyTooLarge,
            Self::TimedOut => Refusal::BodyTimeout,
            Self::NoMemory => Refusal::NoMessageMemory,
            Self::Broken => Refusal::Decided(Reason::McpBody),
        }
    }
}

/// What has arrived of a message.
#[derive(Debug)]
pub(super) struct Arrived {
    first: Bytes,
    more: Vec<u8>,
    share: MessageShare,
}

impl Arrived {
    /// Nothing yet, of a message that shares this memory.
    pub(super) fn nothing(memory: &MessageMemory) -> Self {
        Self { first: Bytes::new(), more: Vec::new(), share: memory.share() }
    }

    fn len(&self) -> usize {
        self.first.len().max(self.more.len())
    }

    /// Adds a piece, also one for which no memory is free: then `false`. One piece alone is not copied.
    fn add(&mut self, piece: Bytes) -> bool {
        let has_memory = self.share.grow(piece.len());
        if piece.is_empty() {
            // Pingora has read a part of the framing.
        } else if self.len() == 0 {
            self.first = piece;
        } else {
            if self.more.is_empty() {
                self.more.extend_from_slice(&std::mem::take(&mut self.first));
            }
            self.more.extend_from_slice(&piece);
        }
        has_memory
    }

    /// The bytes. They give their memory back when the last copy of them is dropped.
    pub(super) fn into_bytes(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Arrived {
    fn as_ref(&self) -> &[u8] {
        if self.more.is_empty() { &self.first } else { &self.more }
    }
}

/// Reads the message of a request into `arrived`, which holds what has arrived also where it is not read whole.
///
/// # Errors
/// Why it was not read whole.
pub(super) async fn read(
    session: &mut Session,
    limits: MessageLimits,
    arrived: &mut Arrived,
) -> Result<(), Unread> {
    let head = session.req_header();
    if !limits.media_types.is_empty() && !json_rpc::is_plain_json(&head.headers, limits.media_types) {
        return Err(Unread::MediaType);
    }
    let length = content_length(head);
    if length.is_some_and(|length| length > limits.bytes as u64) {
        return Err(Unread::TooLarge);
    }
    if expects_continue(head) {
        let asked = session.as_downstream_mut().write_continue_response().await;
        asked.map_err(|_| Unread::Broken)?;
    }
    let whole = timeout(limits.time, pieces(session, length, limits.bytes, arrived)).await;
    whole.unwrap_or(Err(Unread::TimedOut))
}

async fn pieces(
    session: &mut Session,
    length: Option<u64>,
    most: usize,
    arrived: &mut Arrived,
) -> Result<(), Unread> {
    let by_h2 = is_replayed_by_h2(session);
    let client = session.as_downstream_mut();
    if let (None, Some(last_line)) = (length, last_line(client)) {
        last_line.keep_back();
    }
    loop {
        // Pingora forwards a body that was read before only if its buffer holds all that was read since this call, or if it
        // was not read to its end.
        if !by_h2
            && length.is_none_or(|length| length.saturating_sub(arrived.len() as u64) <= REPLAYED as u64)
        {
            client.enable_retry_buffering();
        }
        let piece = client.read_request_body().await.map_err(|error| unread(&error))?;
        let Some(piece) = piece else { return Ok(()) };
        let has_memory = arrived.add(piece);
        if arrived.len() > most {
            return Err(Unread::TooLarge);
        }
        if !has_memory {
            return Err(Unread::NoMemory);
        }
        if last_line(client).is_some_and(LastLine::is_awaited) {
            return Ok(());
        }
    }
}

/// The last line of a body in chunks over HTTP/1.1.
fn last_line(client: &ServerSession) -> Option<&LastLine> {
    client.stream().and_then(Bounded::last_line)
}

fn unread(error: &Error) -> Unread {
    if *error.etype() == ErrorType::ReadTimedout { Unread::TimedOut } else { Unread::Broken }
}

/// Whether the client waits for a 100 before it sends the body (RFC 9110 section 10.1.1).
pub(super) fn expects_continue(request: &RequestHeader) -> bool {
    let expects = request.headers.get(header::EXPECT);
    request.version == Version::HTTP_11
        && expects.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

/// The `Content-Length` of a request.
pub(super) fn content_length(request: &RequestHeader) -> Option<u64> {
    request.headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_arrived_has_its_memory_until_the_last_copy_of_it_is_dropped() {
        let memory = MessageMemory::new(8);
        for (pieces, all) in
            [(&["whole"] as &[_], "whole"), (&["in ", "", "pie", "ce"], "in piece"), (&[], "")]
        {
            let mut arrived = Arrived::nothing(&memory);
            for piece in pieces {
                assert!(arrived.add(Bytes::copy_from_slice(piece.as_bytes())));
            }
            assert_eq!(memory.taken(), all.len());
            let bytes = arrived.into_bytes();
            let copy = bytes.clone();
            drop(bytes);
            assert_eq!((&*copy, memory.taken()), (all.as_bytes(), all.len()));
            drop(copy);
            assert_eq!(memory.taken(), 0);
        }
        let mut arrived = Arrived::nothing(&memory);
        assert!(arrived.add(Bytes::from_static(b"123456")) && !arrived.add(Bytes::from_static(b"789")));
        assert_eq!(memory.taken(), 6, "what was not given is not counted");
        assert_eq!(arrived.into_bytes(), &b"123456789"[..]);
        assert_eq!(memory.taken(), 0);
    }
}
