//! The connection of a client as Pingora sees it: it ends where the message ends.
//!
//! Pingora reads ahead, and takes bytes behind the message for a fault of this request; in a chunked body it reads past
//! bytes that the grammar forbids. So each byte is counted before Pingora gets it. Bytes behind the message are kept: they
//! belong to the tunnel when the agent switches protocols, and are dropped otherwise. A read ends when the agent's time is
//! over (`patience`).

use std::io::{ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use bytes::BytesMut;
use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::tls::{SslDigest, TlsRef};
use pingora::protocols::{
    ALPN, GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl, Stream,
    TimingDigest, UniqueID, UniqueIDType,
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::super::patience::{Patience, Wait};
use super::body::{Body, is_blank};
use super::websocket::WebSocket;

/// How long the rest of a request is read and dropped before the connection is closed, which would otherwise be reset and
/// lose the response. One second covers a round trip and a retransmission.
const LINGER: Duration = Duration::from_secs(1);
/// How long a client may take to reply to a close frame (RFC 6455 section 7.1.1): browsers reply at once, and a page that is
/// busy gets to it within seconds.
const PARTING: Duration = Duration::from_secs(5);
/// The most bytes behind a message that are kept during its response: the first frames of a tunnel fit, and a client that
/// pipelines cannot fill memory.
const MOST_BEHIND: usize = 8 * 1024;
/// Bytes that no chunked body can continue with, in any state: Pingora answers them with 400.
const POISON: &[u8] = b"\r\r";

/// The progress of the response's head.
#[derive(Debug)]
enum Answer {
    /// The next bytes begin a head.
    Awaited,
    /// An interim head is written but for this many bytes.
    Interim(usize),
    /// The final head has begun.
    Begun,
}

/// A client's connection during one message.
#[derive(Debug)]
pub(crate) struct Bounded {
    /// `None` once the connection was released or shut down.
    inner: Option<Stream>,
    body: Body,
    behind: BytesMut,
    answer: Answer,
    /// The WebSocket, once the agent has switched protocols.
    websocket: Option<Box<WebSocket>>,
    patience: Patience,
    wait: Wait,
}

impl Bounded {
    /// Wraps a connection for one message, whose rest is `body`. The bytes `behind` the message have arrived already.
    pub(crate) fn stream(inner: Stream, body: Body, behind: BytesMut, patience: Patience) -> Stream {
        let (answer, wait) = (Answer::Awaited, Wait::default());
        Box::new(Self { inner: Some(inner), body, behind, answer, websocket: None, patience, wait })
    }

    /// The patience of the message on a stream that [`Bounded::stream`] made.
    pub(crate) fn patience(stream: &Stream) -> Option<&Patience> {
        (**stream).as_any().downcast_ref::<Self>().map(|bounded| &bounded.patience)
    }

    /// The connection inside a stream that [`Bounded::stream`] made; `None` when it cannot carry another message.
    pub(crate) async fn release(stream: Stream) -> Option<Stream> {
        let mut bounded = stream.into_any().downcast::<Self>().ok()?;
        if bounded.is_read() {
            return bounded.inner.take();
        }
        bounded.shutdown().await;
        None
    }

    fn inner(&mut self) -> Result<Pin<&mut Stream>> {
        self.inner.as_mut().map(Pin::new).ok_or_else(|| ErrorKind::NotConnected.into())
    }

    /// Whether the message was read to its end, and nothing arrived behind it.
    fn is_read(&self) -> bool {
        matches!(self.body, Body::Ended) && is_blank(&self.behind)
    }

    /// How long the rest of what the client sends is read before the connection is closed; `None` where it sends nothing.
    fn lingers(&self) -> Option<Duration> {
        match (&self.websocket, &self.body) {
            (Some(websocket), _) => websocket.has_parted().then_some(PARTING),
            (None, Body::Tunnel) => None,
            (None, _) => (!self.is_read()).then_some(LINGER),
        }
    }

    /// Ends a write to a client that does not read when its stream must end at once.
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
            Body::Ended => return self.watch(cx),
            Body::Broken => {}
            Body::Tunnel | Body::Bytes(_) | Body::Chunked(_) => {
                ready!(self.inner()?.poll_read(cx, buf))?;
                let came = buf.filled().get(before..).unwrap_or_default();
                let whole = came.len();
                let here = match self.body.take(came) {
                    Ok(here) | Err(here) => here,
                };
                if matches!(self.body, Body::Ended) {
                    self.behind.extend_from_slice(came.get(here..).unwrap_or_default());
                }
                buf.set_filled(before + here);
                if here > 0 || whole == 0 {
                    return Poll::Ready(Ok(()));
                }
            }
        }
        buf.put_slice(POISON.get(..buf.remaining().min(POISON.len())).unwrap_or_default());
        Poll::Ready(Ok(()))
    }

    /// Reads and keeps the bytes behind the message; ready when the client has disconnected.
    fn watch(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        while self.behind.len() < MOST_BEHIND {
            let mut piece = [0_u8; 1024];
            let mut piece = ReadBuf::new(&mut piece);
            ready!(self.inner()?.poll_read(cx, &mut piece))?;
            if piece.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.behind.extend_from_slice(piece.filled());
        }
        Poll::Pending
    }

    /// Notes whether the response switches protocols. `begin` are its next bytes, of `whole` to write, of which `written`
    /// were.
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

impl UniqueID for Bounded {
    fn id(&self) -> UniqueIDType {
        self.inner.as_ref().map_or(-1, |stream| stream.id())
    }
}

impl Ssl for Bounded {
    fn get_ssl(&self) -> Option<&TlsRef> {
        self.inner.as_ref()?.get_ssl()
    }

    fn get_ssl_digest(&self) -> Option<Arc<SslDigest>> {
        self.inner.as_ref()?.get_ssl_digest()
    }

    fn selected_alpn_proto(&self) -> Option<ALPN> {
        self.inner.as_ref()?.selected_alpn_proto()
    }
}

impl GetTimingDigest for Bounded {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.inner.as_ref().map_or_else(Vec::new, |stream| stream.get_timing_digest())
    }

    fn get_read_pending_time(&self) -> Duration {
        self.inner.as_ref().map_or(Duration::ZERO, |stream| stream.get_read_pending_time())
    }

    fn get_write_pending_time(&self) -> Duration {
        self.inner.as_ref().map_or(Duration::ZERO, |stream| stream.get_write_pending_time())
    }
}

impl GetProxyDigest for Bounded {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        self.inner.as_ref()?.get_proxy_digest()
    }
}

impl GetSocketDigest for Bounded {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.inner.as_ref()?.get_socket_digest()
    }
}

impl Peek for Bounded {}
