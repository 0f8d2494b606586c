//! What was read of a request's body before the decision, until it is sent to the agent: byte for byte, and before anything
//! that is still to come.

use bytes::{Bytes, BytesMut};
use pingora::proxy::Session;

/// The most that Pingora keeps of a body that was read before the request is forwarded (its `BODY_BUF_LIMIT`).
pub(super) const REPLAYED: usize = 64 * 1024;

/// What was read, and where Pingora goes on.
#[derive(Debug)]
pub(super) enum Held {
    /// Pingora begins with a part of this, which it has kept: this takes its place.
    InPlace(Bytes),
    /// Pingora begins with what comes after this.
    Before(Bytes),
}

/// Pingora would neither begin with a part of what was read nor with something after it, so it could not be sent. No message
/// that has come through the door is so: of one in chunks the last line feed is still to come, or it came with its head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unsendable;

impl Held {
    /// Holds what was read; `None` when that is nothing.
    ///
    /// # Errors
    /// When it could not be sent.
    pub(super) fn of(session: &mut Session, read: Bytes) -> Result<Option<Self>, Unsendable> {
        if read.is_empty() {
            return Ok(None);
        }
        if is_replayed_by_h2(session) || session.as_ref().get_retry_buffer().is_some() {
            return Ok(Some(Self::InPlace(read)));
        }
        if session.as_downstream_mut().is_body_done() {
            Err(Unsendable)
        } else {
            Ok(Some(Self::Before(read)))
        }
    }

    /// The first piece that goes to the agent, where Pingora would send `piece`.
    pub(super) fn first(self, piece: Option<Bytes>) -> Bytes {
        match (self, piece) {
            (Self::InPlace(held), _) | (Self::Before(held), None) => held,
            (Self::Before(held), Some(piece)) => {
                let mut both = BytesMut::with_capacity(held.len() + piece.len());
                both.extend_from_slice(&held);
                both.extend_from_slice(&piece);
                both.freeze()
            }
        }
    }
}

/// Whether [`H2Caller`](super::h2_caller::H2Caller) makes Pingora begin with what was read: over HTTP/2 of any length.
pub(super) fn is_replayed_by_h2(session: &Session) -> bool {
    session.as_downstream().is_http2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_goes_first_and_once() {
        let read = || Bytes::from_static(b"read");
        for (held, piece, wanted) in [
            (Held::InPlace(read()), Some("ad"), "read"),
            (Held::InPlace(read()), None, "read"),
            (Held::Before(read()), Some(" rest"), "read rest"),
            (Held::Before(read()), None, "read"),
        ] {
            let piece = piece.map(|piece| Bytes::from_static(piece.as_bytes()));
            assert_eq!(held.first(piece), wanted);
        }
    }
}
