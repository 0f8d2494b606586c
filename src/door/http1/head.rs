//! The head of an HTTP/1 request as bytes: read whole, within one time limit and one size limit.
//!
//! What it says is looked at in `framing`; when it may come is for `front`.

use std::time::Duration;

use bytes::BytesMut;
use memchr::{memchr_iter, memmem};
use pingora::protocols::Stream;
use tokio::io::AsyncReadExt as _;
use tokio::time::{Instant, timeout_at};

use crate::model::Refusal;

use super::message::Handover;

const FIRST_READ: usize = 4 * 1024;
/// The most of one read, also where the buffer has grown with a long head: what comes of a body with its head is less than
/// what `proxy` can forward of a body that is here already.
const READ_SIZE: usize = 8 * 1024;
const CRLF_CRLF: &[u8] = b"\r\n\r\n";

/// The limits of a request head.
#[derive(Debug, Clone, Copy)]
pub struct HeadLimits {
    /// The largest head, in bytes.
    pub bytes: usize,
    /// The most fields.
    pub fields: usize,
    /// The time for the whole head, and for a TLS handshake.
    pub timeout: Duration,
    /// The time that a connection may rest between two requests.
    pub idle: Duration,
}

pub(crate) enum Head {
    /// The head, and what came behind it.
    Read(Handover),
    /// The peer left, or rested too long.
    Gone,
    /// To be refused.
    Bad(Refusal),
    /// Nothing was sent yet, and somebody else needs the slot.
    SlotNeeded,
}

/// An empty buffer for a head. Most heads fit into it, and each connection that rests holds one.
pub(crate) fn buffer() -> BytesMut {
    BytesMut::with_capacity(FIRST_READ)
}

/// Reads on until the head that begins in `buffer` is whole.
pub(crate) async fn read(stream: &mut Stream, mut buffer: BytesMut, limits: &HeadLimits) -> Head {
    let deadline = Instant::now() + limits.timeout;
    let mut searched = 0;
    loop {
        skip_blank_lines(&mut buffer);
        let from = searched.min(buffer.len());
        if let Some(end) = find_end(&buffer, from) {
            let head = buffer.get(..end).unwrap_or_default();
            if head.len() > limits.bytes {
                return Head::Bad(Refusal::HeadTooLarge);
            }
            if has_bare_line_feed(head) {
                return Head::Bad(Refusal::MalformedHead);
            }
            return Handover::of(buffer, end, limits.fields).map_or_else(Head::Bad, Head::Read);
        }
        if buffer.len() > limits.bytes {
            return Head::Bad(Refusal::HeadTooLarge);
        }
        if has_bare_line_feed(&buffer) {
            return Head::Bad(Refusal::MalformedHead);
        }
        searched = buffer.len().saturating_sub(CRLF_CRLF.len());
        buffer.reserve(READ_SIZE);
        match timeout_at(deadline, (&mut *stream).take(READ_SIZE as u64).read_buf(&mut buffer)).await {
            Ok(Ok(0) | Err(_)) => return Head::Gone,
            Ok(Ok(_)) => {}
            Err(_) => return Head::Bad(Refusal::HeadTimeout),
        }
    }
}

fn find_end(buffer: &[u8], from: usize) -> Option<usize> {
    let window = buffer.get(from..)?;
    let at = memmem::find(window, CRLF_CRLF)?;
    Some(from + at + CRLF_CRLF.len())
}

/// An empty line before the request line is let pass (RFC 9112 section 2.2).
fn skip_blank_lines(buffer: &mut BytesMut) {
    while buffer.starts_with(b"\r\n") {
        let _blank = buffer.split_to(2);
    }
}

/// A line feed without a carriage return ends a line for some and not for others (RFC 9112 section 2.2).
pub(crate) fn has_bare_line_feed(head: &[u8]) -> bool {
    memchr_iter(b'\n', head).any(|at| at == 0 || head.get(at - 1) != Some(&b'\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_head_is_found_across_reads() {
        let head = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nbody\n\n";
        assert_eq!(find_end(head, 0), Some(27));
        assert_eq!(find_end(head, 20), Some(27));
        assert_eq!(find_end(&head[..26], 0), None);
    }

    #[test]
    fn bare_line_feeds_are_seen() {
        assert!(!has_bare_line_feed(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert!(has_bare_line_feed(b"GET / HTTP/1.1\nHost: a\r\n\r\n"));
        assert!(has_bare_line_feed(b"\nGET"));
    }

    #[test]
    fn blank_lines_before_a_request_are_skipped() {
        let mut buffer = BytesMut::from(&b"\r\n\r\nGET"[..]);
        skip_blank_lines(&mut buffer);
        assert_eq!(&buffer[..], b"GET");
    }
}
