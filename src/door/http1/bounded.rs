//! The connection of a caller as Pingora sees it: it ends where the message ends. One of these lives as long as the
//! connection, and has what each message would have to make anew.
//!
//! Pingora reads ahead and takes what it finds there for a fault of this request, or, in a chunked body, reads past
//! what the grammar forbids. So each byte is counted before it is passed on; what comes behind the message is kept,
//! and belongs to the tunnel when the agent switches protocols, and to nobody otherwise. A wait for the caller ends when
//! the agent's time is over (`patience`).

use std::io::{ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use bytes::BytesMut;
use pingora::protocols::{Shutdown, Stream};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::super::deadline::Deadline;
use super::super::patience::{Patience, Wait};
use super::body::{Body, is_blank};
use super::last_line::LastLine;
use super::websocket::WebSocket;

/// How long the rest of what a caller sends is taken in, so that the answer is not lost with the connection.
const LINGER: Duration = Duration::from_secs(1);
/// How long a client that was told that its WebSocket ends may take to answer (RFC 6455 section 7.1.1).
const PARTING: Duration = Duration::from_secs(5);
/// The most that is kept of what comes behind a message while it is answered.
const MOST_BEHIND: usize = 8 * 1024;
/// What no chunked body goes on with, wherever it stands: Pingora answers it with 400.
const POISON: &[u8] = b"\r\r";

/// How much of the answer's head has been written.
#[derive(Debug)]
enum Answer {
    /// None: the next bytes begin one.
    Awaited,
    /// An interim one, but for this many bytes.
    Interim(usize),
    /// It is known.
    Begun,
}

/// A caller's connection, message by message.
#[derive(Debug)]
pub(crate) struct Bounded {
    /// Absent once it was closed.
    pub(super) inner: Option<Stream>,
    body: Body,
    last_line: LastLine,
    behind: BytesMut,
    answer: Answer,
    /// There once the agent has switched protocols.
    websocket: Option<Box<WebSocket>>,
    patience: Patience,
    wait: Wait,
}

impl Bounded {
    /// A connection on which no message has begun.
    pub(crate) fn around(inner: Stream) -> Box<Self> {
        Box::new(Self {
            inner: Some(inner),
            body: Body::Ended,
            last_line: LastLine::default(),
            behind: BytesMut::new(),
            answer: Answer::Awaited,
            websocket: None,
            patience: Patience::default(),
            wait: Wait::default(),
        })
    }

    /// Shows Pingora the rest of one message from now on: what `body` says is still to come. `behind` has come already.
    pub(crate) fn begin(&mut self, body: Body, behind: BytesMut) {
        self.body = body;
        self.behind = behind;
        self.last_line = LastLine::default();
        self.answer = Answer::Awaited;
        self.patience.begin_message();
    }

    /// The connection itself, between two messages, and a time limit that belongs to it; `None` when it was closed.
    pub(crate) fn at_rest(&mut self) -> Option<(&mut Stream, &mut Deadline)> {
        self.inner.as_mut().map(|stream| (stream, self.wait.deadline()))
    }

    /// The patience with the agent of the message that comes over such a connection.
    pub(crate) fn patience(stream: &Stream) -> Option<&Patience> {
        Self::of(stream).map(|bounded| &bounded.patience)
    }

    /// The last line of the chunked body that comes over such a connection.
    pub(crate) fn last_line(stream: &Stream) -> Option<&LastLine> {
        Self::of(stream).map(|bounded| &bounded.last_line)
    }

    fn of(stream: &Stream) -> Option<&Self> {
        (**stream).as_any().downcast_ref()
    }

    /// The connection that Pingora gives back; `None` when it cannot carry another message.
    pub(crate) async fn release(stream: Stream) -> Option<Box<Self>> {
        let mut bounded = stream.into_any().downcast::<Self>().ok()?;
        if bounded.is_read() {
            return Some(bounded);
        }
        bounded.shutdown().await;
        None
    }

    fn inner(&mut self) -> Result<Pin<&mut Stream>> {
        self.inner.as_mut().map(Pin::new).ok_or_else(|| ErrorKind::NotConnected.into())
    }

    /// Whether the message was read to its end, and nothing came behind it.
    fn is_read(&self) -> bool {
        matches!(self.body, Body::Ended) && is_blank(&self.behind)
    }

    /// How long what the client still sends is taken in before the connection is closed; not at all where nobody sends.
    fn lingers(&self) -> Option<Duration> {
        match (&self.websocket, &self.body) {
            (Some(websocket), _) => websocket.has_parted().then_some(PARTING),
            (None, Body::Tunnel) => None,
            (None, _) => (!self.is_read()).then_some(LINGER),
        }
    }

    /// Ends a write for which the client has been waited for long enough.
    fn paced<T>(&self, written: Poll<Result<T>>, cx: &Context<'_>) -> Poll<Result<T>> {
        if written.is_pending() {
            ready!(self.patience.ending().poll_writing(cx));
            return Poll::Ready(Err(ErrorKind::TimedOut.into()));
        }
        written
    }

    fn poll_message(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let before = buf.filled().len();
        match self.body {
            Body::Ended => return self.poll_ended(cx, buf),
            Body::Broken => {}
            Body::Tunnel | Body::Bytes(_) | Body::Chunked(_) => {
                ready!(self.inner()?.poll_read(cx, buf))?;
                let came = buf.filled().get(before..).unwrap_or_default();
                let whole = came.len();
                let (Ok(here) | Err(here)) = self.body.take(came);
                if matches!(self.body, Body::Ended) {
                    self.behind.extend_from_slice(came.get(here..).unwrap_or_default());
                }
                let passes = self.last_line.pass(here, &self.body);
                buf.set_filled(before + passes);
                if passes > 0 || whole == 0 {
                    return Poll::Ready(Ok(()));
                }
                if here > 0 {
                    return self.poll_message(cx, buf); // Nothing came but what is kept back.
                }
            }
        }
        buf.put_slice(POISON.get(..buf.remaining().min(POISON.len())).unwrap_or_default());
        Poll::Ready(Ok(()))
    }

    /// The message has come to its end: passes what was kept back of it.
    fn poll_ended(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        match self.last_line.next() {
            Some(byte) if buf.remaining() > 0 => {
                buf.put_slice(&[byte]);
                Poll::Ready(Ok(()))
            }
            _ => self.watch(cx),
        }
    }

    /// Takes what comes behind the message; ready when the caller has gone.
    fn watch(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        while self.behind.len() < MOST_BEHIND {
            // Nearly always nothing comes: what is asked for then need not be much.
            let mut piece = [0_u8; 64];
            let mut piece = ReadBuf::new(&mut piece);
            ready!(self.inner()?.poll_read(cx, &mut piece))?;
            if piece.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.behind.extend_from_slice(piece.filled());
        }
        Poll::Pending
    }

    /// Sees whether the answer switches protocols: `begin` was to be written, of `whole` bytes, and `written` were.
    fn answered(&mut self, begin: &[u8], whole: usize, written: usize) {
        let rest = match self.answer {
            Answer::Begun => return,
            Answer::Interim(rest) => rest.saturating_sub(written),
            Answer::Awaited => match begin.get(..12) {
                Some(b"HTTP/1.1 101") => {
                    self.body = Body::Tunnel;
                    self.answer = Answer::Begun;
                    self.websocket = Some(Box::new(WebSocket::after(whole - written)));
                    return;
                }
                Some(start) if start.starts_with(b"HTTP/1.1 1") => whole - written,
                _ => {
                    self.answer = Answer::Begun;
                    return;
                }
            },
        };
        self.answer = if rest == 0 { Answer::Awaited } else { Answer::Interim(rest) };
    }
}

impl AsyncRead for Bounded {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        let ending = this.patience.ending();
        let read = match (&mut this.websocket, &mut this.inner) {
            (Some(websocket), Some(inner)) => {
                websocket.poll_read(Pin::new(inner), &mut this.behind, ending, cx, buf)
            }
            _ if ending.poll(cx).is_ready() => Poll::Ready(Err(ErrorKind::TimedOut.into())),
            _ => this.poll_message(cx, buf),
        };
        if read.is_pending() {
            ready!(this.wait.poll(&this.patience, cx));
            return Poll::Ready(Err(ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl AsyncWrite for Bounded {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        let this = self.get_mut();
        let written = match (&mut this.websocket, &mut this.inner) {
            (Some(websocket), Some(inner)) => {
                websocket.poll_write(Pin::new(inner), this.patience.ending(), cx, buf)
            }
            _ => this.inner()?.poll_write(cx, buf),
        };
        let written = ready!(this.paced(written, cx))?;
        this.answered(buf, buf.len(), written);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        if self.websocket.is_some() {
            let first = bufs.iter().find(|buf| !buf.is_empty()).map_or(&[][..], |buf| buf);
            return self.poll_write(cx, first);
        }
        let this = self.get_mut();
        let written = this.inner()?.poll_write_vectored(cx, bufs);
        let written = ready!(this.paced(written, cx))?;
        if !matches!(this.answer, Answer::Begun) {
            let begin = bufs.iter().find(|buf| !buf.is_empty()).map_or(&[][..], |buf| buf);
            this.answered(begin, bufs.iter().map(|buf| buf.len()).sum(), written);
        }
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.as_ref().is_some_and(|stream| stream.is_write_vectored())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        let flushed = this.inner()?.poll_flush(cx);
        this.paced(flushed, cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.get_mut().inner()?.poll_shutdown(cx)
    }
}

#[async_trait]
impl Shutdown for Bounded {
    async fn shutdown(&mut self) {
        match (self.lingers(), &mut self.inner) {
            (Some(most), Some(stream)) => linger(stream, most).await,
            (None, Some(stream)) => stream.shutdown().await,
            (_, None) => {}
        }
        self.inner = None;
    }
}

impl Drop for Bounded {
    fn drop(&mut self) {
        let lingers = self.lingers().filter(|_| !matches!(self.answer, Answer::Awaited));
        if let (Some(mut stream), Some(most), Ok(runtime)) =
            (self.inner.take(), lingers, Handle::try_current())
        {
            runtime.spawn(async move { linger(&mut stream, most).await });
        }
    }
}

/// Ends a connection on which bytes may come that nobody reads: they would turn its end into a reset, which may
/// overtake the answer.
async fn linger(stream: &mut Stream, most: Duration) {
    stream.shutdown().await;
    let mut rest = [0_u8; 4096];
    let drained = async { while stream.read(&mut rest).await.is_ok_and(|n| n > 0) {} };
    let _heard = timeout(most, drained).await;
}
