//! The head of an HTTP/1 request as bytes: read whole, within one time limit and one size limit.
//!
//! What it says is looked at in `framing`; when it may come is for `front`.

use std::time::Duration;

use bytes::{Buf as _, BytesMut};
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
    let mut searched = 0;
    // Most heads come whole, and need no time limit.
    let mut deadline = None;
    loop {
        searched -= skip_blank_lines(&mut buffer).min(searched);
        match find_end(&buffer, searched) {
            Ok(Some(end)) if end > limits.bytes => return Head::Bad(Refusal::HeadTooLarge),
            Ok(Some(end)) => {
                return Handover::of(buffer, end, limits.fields).map_or_else(Head::Bad, Head::Read);
            }
            Ok(None) if buffer.len() > limits.bytes => return Head::Bad(Refusal::HeadTooLarge),
            Ok(None) => searched = buffer.len(),
            Err(BareLineFeed) => return Head::Bad(refusal_of_bare_line_feed(&buffer, limits.bytes)),
        }
        buffer.reserve(READ_SIZE);
        let deadline = *deadline.get_or_insert_with(|| Instant::now() + limits.timeout);
        match timeout_at(deadline, (&mut *stream).take(READ_SIZE as u64).read_buf(&mut buffer)).await {
            Ok(Ok(0) | Err(_)) => return Head::Gone,
            Ok(Ok(_)) => {}
            Err(_) => return Head::Bad(Refusal::HeadTimeout),
        }
    }
}

/// A line feed without a carriage return: it ends a line for some and not for others (RFC 9112 section 2.2).
#[derive(Debug, PartialEq, Eq)]
struct BareLineFeed;

/// Where the head ends, of which no line ends before `from`.
fn find_end(buffer: &[u8], from: usize) -> Result<Option<usize>, BareLineFeed> {
    for at in memchr_iter(b'\n', buffer.get(from..).unwrap_or_default()) {
        let at = from + at;
        match buffer.get(..at) {
            Some([.., b'\r', b'\n', b'\r']) => return Ok(Some(at + 1)),
            Some([.., b'\r']) => {}
            _ => return Err(BareLineFeed),
        }
    }
    Ok(None)
}

/// One that is too large as well is refused for that.
#[cold]
fn refusal_of_bare_line_feed(buffer: &[u8], most: usize) -> Refusal {
    let end = memmem::find(buffer, CRLF_CRLF).map_or(buffer.len(), |at| at + CRLF_CRLF.len());
    if end > most { Refusal::HeadTooLarge } else { Refusal::MalformedHead }
}

/// An empty line before the request line is let pass (RFC 9112 section 2.2). Returns how many bytes such lines had.
fn skip_blank_lines(buffer: &mut BytesMut) -> usize {
    let whole = buffer.len();
    while buffer.starts_with(b"\r\n") {
        buffer.advance(2);
    }
    whole - buffer.len()
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
        for searched in 0..=26 {
            assert_eq!(find_end(&head[..searched], 0), Ok(None), "{searched}");
            assert_eq!(find_end(head, searched), Ok(Some(27)), "{searched}");
        }
    }

    #[test]
    fn a_bare_line_feed_before_the_end_is_found_wherever_reading_paused() {
        for head in
            [&b"\nGET / HTTP/1.1\r\n\r\n"[..], b"GET / HTTP/1.1\n\r\n\r\n", b"GET / HTTP/1.1\r\n\n\r\n\r\n"]
        {
            let at =
                head.windows(2).position(|pair| pair[1] == b'\n' && pair[0] != b'\r').map_or(0, |at| at + 1);
            for searched in 0..=at {
                assert_eq!(find_end(&head[..searched], 0), Ok(None), "{head:?} {searched}");
                assert_eq!(find_end(head, searched), Err(BareLineFeed), "{head:?} {searched}");
            }
            assert_eq!(refusal_of_bare_line_feed(head, head.len()), Refusal::MalformedHead);
            assert_eq!(refusal_of_bare_line_feed(head, head.len() - 1), Refusal::HeadTooLarge);
        }
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
        assert_eq!(skip_blank_lines(&mut buffer), 4);
        assert_eq!(&buffer[..], b"GET");
    }
}
