//! The door in front of Pingora: reads the whole head of an HTTP/1 request within one time limit and one size
//! limit, and knows what is in flight.
//!
//! HTTP/2 connections go straight to Pingora. What the head says is for the phases in `gateway`.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::BytesMut;
use pingora::apps::{HttpPersistentSettings, HttpServerApp as _, ServerApp};
use pingora::protocols::http::ServerSession;
use pingora::protocols::{ALPN, Stream};
use pingora::proxy::HttpProxy;
use pingora::server::ShutdownWatch;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, timeout, timeout_at};

use super::bounded::Bounded;
use super::drain::Drain;
use super::gateway::Gateway;
use super::handover::Handover;

/// How long a kept connection may still bring a request after draining has started.
const LAST_REQUEST: Duration = Duration::from_millis(500);
/// How long the rest of a refused head is taken in, so that the answer is not lost with the connection.
const LINGER: Duration = Duration::from_secs(1);
const READ_SIZE: usize = 8 * 1024;
const CRLF_CRLF: &[u8] = b"\r\n\r\n";

/// The limits of a request head.
#[derive(Debug, Clone, Copy)]
pub struct HeadLimits {
    /// The largest head, in bytes.
    pub bytes: usize,
    /// The time for the whole head.
    pub timeout: Duration,
    /// The time that a connection may rest between two requests.
    pub idle: Duration,
}

/// The application that Pingora's listeners hand connections to.
pub struct Front {
    proxy: Arc<HttpProxy<Gateway>>,
    gateway: Recorder,
    limits: HeadLimits,
    drain: Drain,
}

/// Records and numbers a head that was refused: status and peer in, request id out.
pub type Recorder = Box<dyn Fn(u16, Option<IpAddr>) -> String + Send + Sync>;

enum Head {
    /// The head, and what came behind it.
    Read(Handover),
    /// The peer left, or rested too long.
    Gone,
    /// To be answered with this status.
    Bad(u16),
}

impl Front {
    /// A door to `proxy`.
    #[must_use]
    pub fn new(proxy: HttpProxy<Gateway>, gateway: Recorder, limits: HeadLimits, drain: Drain) -> Self {
        Self { proxy: Arc::new(proxy), gateway, limits, drain }
    }

    async fn read_head(&self, stream: &mut Stream, first: bool) -> Head {
        let mut buffer = BytesMut::with_capacity(READ_SIZE);
        let rest = if first { self.limits.timeout } else { self.limits.idle };
        if !self.first_bytes(stream, &mut buffer, rest).await {
            return Head::Gone;
        }
        let deadline = Instant::now() + self.limits.timeout;
        let mut searched = 0;
        loop {
            skip_blank_lines(&mut buffer);
            let from = searched.min(buffer.len());
            if let Some(end) = find_end(&buffer, from) {
                let head = buffer.get(..end).unwrap_or_default();
                if head.len() > self.limits.bytes {
                    return Head::Bad(431);
                }
                if has_bare_line_feed(head) {
                    return Head::Bad(400);
                }
                return Handover::of(buffer, end).map_or_else(Head::Bad, Head::Read);
            }
            if buffer.len() > self.limits.bytes {
                return Head::Bad(431);
            }
            if has_bare_line_feed(&buffer) {
                return Head::Bad(400);
            }
            searched = buffer.len().saturating_sub(CRLF_CRLF.len());
            buffer.reserve(READ_SIZE);
            match timeout_at(deadline, stream.read_buf(&mut buffer)).await {
                Ok(Ok(0) | Err(_)) => return Head::Gone,
                Ok(Ok(_)) => {}
                Err(_) => return Head::Bad(408),
            }
        }
    }

    /// Waits for the first bytes of a request; `false` when none will come.
    async fn first_bytes(&self, stream: &mut Stream, buffer: &mut BytesMut, rest: Duration) -> bool {
        let read = async { matches!(stream.read_buf(buffer).await, Ok(n) if n > 0) };
        tokio::pin!(read);
        tokio::select! {
            biased;
            came = timeout(rest, &mut read) => return came.unwrap_or(false),
            () = self.drain.started() => {}
        }
        timeout(LAST_REQUEST, read).await.unwrap_or(false)
    }

    async fn refuse(&self, stream: &mut Stream, status: u16) {
        let peer = stream
            .get_socket_digest()
            .and_then(|digest| digest.peer_addr().and_then(|a| a.as_inet()).map(std::net::SocketAddr::ip));
        let request_id = (self.gateway)(status, peer);
        let answer = raw_problem(status, &request_id);
        let told = async {
            stream.write_all(answer.as_bytes()).await?;
            stream.flush().await?;
            stream.shutdown().await?;
            let mut rest = [0_u8; 4096];
            while stream.read(&mut rest).await? > 0 {}
            Ok::<(), std::io::Error>(())
        };
        // A peer that does not listen is not waited for.
        let _heard = timeout(LINGER, told).await;
    }
}

#[async_trait]
impl ServerApp for Front {
    async fn process_new(self: &Arc<Self>, mut stream: Stream, shutdown: &ShutdownWatch) -> Option<Stream> {
        let _open = self.drain.enter();
        if matches!(stream.selected_alpn_proto(), Some(ALPN::H2)) {
            return self.proxy.process_new(stream, shutdown).await;
        }
        let mut settings: Option<HttpPersistentSettings> = None;
        let mut first = true;
        loop {
            let message = match self.read_head(&mut stream, first).await {
                Head::Read(message) => message,
                Head::Gone => return None,
                Head::Bad(status) => {
                    self.refuse(&mut stream, status).await;
                    return None;
                }
            };
            first = false;
            let bounded = Bounded::stream(stream, message.body, message.behind);
            let mut session = ServerSession::new_http1(bounded);
            if let Some(settings) = settings.take() {
                settings.apply_to_session(&mut session);
            }
            session.set_keepalive((!self.drain.is_draining()).then(|| self.limits.idle.as_secs().max(1)));
            session.set_pipelined_prefix(message.bytes);
            let reused = self.proxy.process_new_http(session, shutdown).await;
            let (bounded, kept) = reused?.consume();
            (stream, settings) = (Bounded::release(bounded).await?, kept);
        }
    }
}

impl std::fmt::Debug for Front {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Front").field("limits", &self.limits).finish_non_exhaustive()
    }
}

fn find_end(buffer: &[u8], from: usize) -> Option<usize> {
    let window = buffer.get(from..)?;
    let at = window.windows(CRLF_CRLF.len()).position(|w| w == CRLF_CRLF)?;
    Some(from + at + CRLF_CRLF.len())
}

/// An empty line before the request line is let pass (RFC 9112 section 2.2).
fn skip_blank_lines(buffer: &mut BytesMut) {
    while buffer.starts_with(b"\r\n") {
        let _blank = buffer.split_to(2);
    }
}

/// A line feed without a carriage return ends a line for some and not for others (RFC 9112 section 2.2).
fn has_bare_line_feed(head: &[u8]) -> bool {
    head.iter().enumerate().any(|(i, b)| *b == b'\n' && (i == 0 || head.get(i - 1) != Some(&b'\r')))
}

fn raw_problem(status: u16, request_id: &str) -> String {
    let (title, detail) = match status {
        431 => ("Request Header Fields Too Large", "The request head is too large."),
        405 => ("Method Not Allowed", "This method is not allowed."),
        408 => ("Request Timeout", "The request head took too long to arrive."),
        _ => ("Bad Request", "The request head is malformed."),
    };
    let body = format!(
        r#"{{"type":"about:blank","title":"{title}","status":{status},"detail":"{detail}","request_id":"{request_id}"}}"#
    );
    let allow = if status == 405 { "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n" } else { "" };
    format!(
        "HTTP/1.1 {status} {title}\r\n{allow}Content-Type: application/problem+json\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nX-Request-Id: {request_id}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
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
