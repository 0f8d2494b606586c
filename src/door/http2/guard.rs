//! Stands between TLS and the HTTP/2 library and ends connections that cost more than they bring: floods of frames
//! without work, streams that are opened to be reset, header blocks without end, peers that do not finish what they say.
//!
//! What the library limits itself (streams at once, header lists, empty DATA, states of streams) stays with it; its
//! options are set in the composition root. Peers that do not read are for `paced`. The bytes pass unchanged.

use std::fmt;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use async_trait::async_trait;
use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::tls::SslDigest;
use pingora::protocols::{
    ALPN, GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl, Stream,
    TimingDigest, UniqueID, UniqueIDType,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::model::Refusal;

use super::super::deadline::Deadline;
use super::super::http1::head::HeadLimits;
use super::super::slots::Rest;
use super::frames::{DATA, Frame, Frames, HEADERS, PREFACE, Step};
use super::rules::{Abuse, Rules};

/// A DATA frame gets this time, as long as a whole body may come at any speed, and what its bytes take at the rate
/// below.
const DATA_GRACE: Duration = Duration::from_secs(30);
/// The slowest rate at which a DATA frame may come after that, in bytes a second.
const SLOWEST_BODY: u64 = 64;
/// What a header block may be longer than twice the largest head: it is the library that knows what it comes to.
const BLOCK_OVER: usize = 16 << 10;
const NO_ERROR: u8 = 0x0;
const ENHANCE_YOUR_CALM: u8 = 0xb;

/// What stands around a connection.
pub(crate) struct Around {
    /// Told what an answer that the HTTP/2 library gave by itself refused.
    pub(crate) unseen: Box<dyn Fn(Refusal) + Send + Sync>,
    /// Waits, while the connection rests, until somebody needs its slot.
    pub(crate) needed: Box<dyn Fn(Rest) -> Needed + Send + Sync>,
}

/// Somebody needs the slot.
pub(crate) type Needed = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;

/// Guards an HTTP/2 connection from its first byte on.
pub(crate) fn guard(stream: Stream, limits: &HeadLimits, around: Around) -> Stream {
    let peer = stream.get_socket_digest().and_then(|d| d.peer_addr().and_then(|a| a.as_inet()).copied());
    let now = Instant::now();
    Box::new(Guard {
        io: stream,
        peer,
        head_timeout: limits.timeout,
        around,
        rules: Rules::new(limits.bytes.saturating_mul(2) + BLOCK_OVER, now),
        from_client: Frames::after(PREFACE),
        to_client: Frames::after(0),
        begun: None,
        is_open: false,
        since: Some(now),
        deadline: Deadline::default(),
        rest: None,
        ended: None,
    })
}

struct Guard {
    io: Stream,
    peer: Option<SocketAddr>,
    /// The time for the preface, for the first frame, and for each header block.
    head_timeout: Duration,
    around: Around,
    rules: Rules,
    from_client: Frames,
    to_client: Frames,
    /// The frame that the client is sending, if its head is known.
    begun: Option<Frame>,
    /// Whether the first frame has come.
    is_open: bool,
    /// Since when something is awaited whole: preface, frame or header block.
    since: Option<Instant>,
    deadline: Deadline,
    /// There only while no stream is open.
    rest: Option<Needed>,
    ended: Option<End>,
}

/// How the guard has ended the connection.
#[derive(Debug, Clone, Copy)]
enum End {
    /// As that of a peer that misbehaves.
    Cut(Abuse),
    /// As that of one who has to make room.
    Left,
}

impl Guard {
    /// Judges bytes from the client.
    fn judge(&mut self, bytes: &[u8]) -> Result<(), Abuse> {
        let now = Instant::now();
        let Self { rules, begun, is_open, since, from_client, .. } = self;
        from_client.pass(bytes, |step| {
            match step {
                Step::Begins(frame) => {
                    *begun = Some(frame);
                    rules.received(&frame, now)?;
                }
                Step::Ends => {
                    *is_open |= begun.take().is_some();
                    if !rules.is_in_head() {
                        *since = None;
                    }
                }
            }
            Ok(())
        })?;
        if !from_client.is_between() || rules.is_in_head() || !*is_open {
            since.get_or_insert(now);
        }
        Ok(())
    }

    /// Until when what is awaited must be whole, and what it is called if it is not.
    fn due(&self) -> Option<(Instant, Abuse)> {
        let head = self.head_timeout;
        let (time, abuse) = match self.begun {
            _ if !self.is_open => (head, Abuse::SlowStart),
            _ if self.rules.is_in_head() => (head, Abuse::SlowHead),
            Some(frame) if frame.kind == DATA => {
                let bytes = Duration::from_secs(frame.length as u64 / SLOWEST_BODY);
                (head.max(DATA_GRACE) + bytes, Abuse::SlowFrame)
            }
            Some(frame) if frame.kind == HEADERS => (head, Abuse::SlowHead),
            _ => (head, Abuse::SlowFrame),
        };
        Some((self.since? + time, abuse))
    }

    /// Takes note of bytes that went to the client.
    fn note(&mut self, bytes: &[u8], now: Instant) -> Result<(), Abuse> {
        let Self { rules, to_client, around, .. } = self;
        to_client.pass(bytes, |step| {
            if let Step::Begins(frame) = step
                && let Some(refusal) = rules.sent(&frame, now)?
            {
                (around.unseen)(refusal);
            }
            Ok(())
        })
    }

    /// Takes note of what a write came to.
    fn wrote(
        &mut self,
        cx: &mut Context<'_>,
        wrote: Poll<io::Result<usize>>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(wrote)?;
        let (mut left, now) = (count, Instant::now());
        for piece in pieces {
            let taken = piece.get(..left.min(piece.len())).unwrap_or_default();
            left -= taken.len();
            if let Err(abuse) = self.note(taken, now) {
                return Poll::Ready(Err(self.end(abuse, cx)));
            }
        }
        Poll::Ready(Ok(count))
    }

    /// Rests while no stream is open; ready when the slot is needed, and the client has been told.
    fn rest(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.rules.is_resting() {
            self.rest = None;
            return Poll::Pending;
        }
        let how = if self.is_open { Rest::Kept } else { Rest::Silent };
        ready!(self.rest.get_or_insert_with(|| (self.around.needed)(how)).as_mut().poll(cx));
        self.rest = None;
        self.ended = Some(End::Left);
        self.say_goodbye(NO_ERROR, cx);
        Poll::Ready(())
    }

    fn end(&mut self, abuse: Abuse, cx: &mut Context<'_>) -> io::Error {
        if self.ended.is_none() {
            let peer = self.peer.map(tracing::field::display);
            tracing::warn!(peer, reason = abuse.as_str(), "an HTTP/2 connection was ended");
            self.ended = Some(End::Cut(abuse));
            self.say_goodbye(ENHANCE_YOUR_CALM, cx);
        }
        io::Error::new(io::ErrorKind::ConnectionAborted, abuse.as_str())
    }

    /// Tells the client what will not be answered any more, if that can be done at once.
    fn say_goodbye(&mut self, code: u8, cx: &mut Context<'_>) {
        if self.to_client.is_between() && self.rules.may_say_goodbye() {
            let [a, b, c, d] = self.rules.last_stream().to_be_bytes();
            let frame = [0, 0, 8, super::frames::GOAWAY, 0, 0, 0, 0, 0, a, b, c, d, 0, 0, 0, code];
            // A peer that cannot be told now is not told.
            let _told = Pin::new(&mut self.io).poll_write(cx, &frame);
        }
        let _closed = Pin::new(&mut self.io).poll_shutdown(cx);
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.ended.is_none() {
            // Resting connections are just dropped above us; without this, a client could not know that a request
            // which it is sending at this moment was not taken.
            self.say_goodbye(NO_ERROR, &mut Context::from_waker(Waker::noop()));
        }
    }
}

impl AsyncRead for Guard {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match this.ended {
            Some(End::Cut(abuse)) => return Poll::Ready(Err(this.end(abuse, cx))),
            Some(End::Left) => return Poll::Ready(Ok(())),
            None => {}
        }
        let before = buf.filled().len();
        if Pin::new(&mut this.io).poll_read(cx, buf)?.is_ready() {
            let fresh = buf.filled().get(before..).unwrap_or_default();
            return Poll::Ready(match this.judge(fresh) {
                Ok(()) => Ok(()),
                Err(abuse) => {
                    buf.set_filled(before);
                    Err(this.end(abuse, cx))
                }
            });
        }
        match this.due() {
            Some((at, abuse)) if this.deadline.has_passed(at, cx) => Poll::Ready(Err(this.end(abuse, cx))),
            _ => this.rest(cx).map(Ok),
        }
    }
}

impl AsyncWrite for Guard {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let wrote = Pin::new(&mut this.io).poll_write(cx, buf);
        this.wrote(cx, wrote, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let wrote = Pin::new(&mut this.io).poll_write_vectored(cx, bufs);
        this.wrote(cx, wrote, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // The last answer may have gone just now, and nothing is read until something comes.
        if this.ended.is_none() && this.rest(cx).is_ready() {
            cx.waker().wake_by_ref();
        }
        Pin::new(&mut this.io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }
}

#[async_trait]
impl Shutdown for Guard {
    async fn shutdown(&mut self) {
        self.io.shutdown().await;
    }
}

impl UniqueID for Guard {
    fn id(&self) -> UniqueIDType {
        self.io.id()
    }
}

impl Ssl for Guard {
    fn get_ssl_digest(&self) -> Option<Arc<SslDigest>> {
        self.io.get_ssl_digest()
    }

    fn selected_alpn_proto(&self) -> Option<ALPN> {
        self.io.selected_alpn_proto()
    }
}

impl GetTimingDigest for Guard {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.io.get_timing_digest()
    }
}

impl GetProxyDigest for Guard {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        self.io.get_proxy_digest()
    }
}

impl GetSocketDigest for Guard {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.io.get_socket_digest()
    }
}

impl Peek for Guard {}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("peer", &self.peer).field("ended", &self.ended).finish_non_exhaustive()
    }
}
