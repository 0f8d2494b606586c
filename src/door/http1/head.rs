//! The head of an HTTP/1 request as bytes: read whole, within one timeout and one size limit.
//!
//! `framing` parses it, and `front` waits for its first byte.

use std::time::Duration;

use bytes::BytesMut;
use memchr::{memchr_iter, memmem};
use pingora::protocols::Stream;
use tokio::io::AsyncReadExt as _;
use tokio::time::{Instant, timeout_at};

use crate::model::Refusal;

use super::message::Handover;

/// The capacity of a new buffer: most heads fit into one page, and each idle connection holds one.
const FIRST_READ: usize = 4 * 1024;
/// The capacity that is added for a longer head: a default head of 16 KiB takes two more reads.
const READ_SIZE: usize = 8 * 1024;
/// The end of a head.
const CRLF_CRLF: &[u8] = b"\r\n\r\n";

/// The limits of a request head.
#[derive(Debug, Clone, Copy)]
pub struct HeadLimits {
    /// The largest head, in bytes.
    pub bytes: usize,
    /// The most fields.
    pub fields: usize,
    /// The timeout of the whole head, and of a TLS handshake.
    pub timeout: Duration,
    /// How long a connection may be idle between two requests.
    pub idle: Duration,
}

/// The outcome of reading a head.
pub(crate) enum Head {
    /// The head, and the bytes behind it.
    Read(Handover),
    /// The client has disconnected, or was idle for too long.
    Gone,
    /// The head is refused.
    Bad(Refusal),
    /// Nothing was sent yet, and another connection needs the slot.
    SlotNeeded,
}

/// An empty buffer for a head.
pub(crate) fn buffer() -> BytesMut {
    BytesMut::with_capacity(FIRST_READ)
}

/// Reads until the head that begins in `buffer` is complete.
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
        match timeout_at(deadline, stream.read_buf(&mut buffer)).await {
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

/// Removes empty lines before the request line, which servers should ignore (RFC 9112 section 2.2).
fn skip_blank_lines(buffer: &mut BytesMut) {
    while buffer.starts_with(b"\r\n") {
        let _blank = buffer.split_to(2);
    }
}

/// Whether a line feed lacks its carriage return: it ends a line for some servers and not for others (RFC 9112 section 2.2).
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
    fn bare_line_feeds_are_noticed() {
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
