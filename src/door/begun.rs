//! A connection of which the first bytes were read, to see whether it speaks HTTP/2 in plain text: a client that knows that it may
//! begins with the preface (RFC 9113 section 3.3). Everything else is HTTP/1; a request to upgrade to `h2c` is not looked at.
//!
//! Which listeners ask is for `prior_knowledge`; what is said to a client that does not say it in time is for `front`.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::{
    ALPN, GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl, TimingDigest,
    UniqueID, UniqueIDType,
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::time::timeout;

use super::drain::LAST_REQUEST;
use super::front_parts::FrontParts;
use super::http2::frames::PREFACE;
use super::pace::Paced;
use super::slots::Rest;

/// What a client of HTTP/2 says first (RFC 9113 section 3.4).
const FIRST: &[u8; PREFACE] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection whose first bytes are known.
#[derive(Debug)]
pub(crate) struct Begun {
    stream: Paced,
    first: [u8; PREFACE],
    /// How many of them have come.
    came: usize,
    /// How many of these were handed on.
    passed: usize,
}

/// A connection of which nobody knows what it speaks.
#[derive(Debug)]
pub(crate) enum Unspoken {
    /// What has come did not come in time.
    Late(Box<Begun>),
    /// Somebody needs its slot.
    SlotNeeded(Box<Begun>),
    /// Nothing has come.
    Gone,
}

impl Begun {
    /// Reads what a client begins with.
    pub(crate) async fn open(stream: Paced, parts: &FrontParts) -> Result<Self, Unspoken> {
        let mut begun = Self::new(stream);
        let in_time = {
            let mut read = pin!(begun.read());
            tokio::select! {
                biased;
                read = timeout(parts.head.timeout, read.as_mut()) => Some(matches!(read, Ok(Ok(())))),
                () = parts.crowd.needed(Rest::Silent) => None,
                () = parts.drain.started() => {
                    Some(matches!(timeout(LAST_REQUEST, read.as_mut()).await, Ok(Ok(()))))
                }
            }
        };
        match in_time {
            Some(true) => Ok(begun),
            Some(false) if begun.came > 0 => Err(Unspoken::Late(Box::new(begun))),
            Some(false) => Err(Unspoken::Gone),
            None => Err(Unspoken::SlotNeeded(Box::new(begun))),
        }
    }

    const fn new(stream: Paced) -> Self {
        Self { stream, first: [0; PREFACE], came: 0, passed: 0 }
    }

    /// Reads until it is known what the connection speaks, or its other side has closed.
    ///
    /// # Errors
    /// What the connection says.
    async fn read(&mut self) -> io::Result<()> {
        while self.may_be_http2() && self.came < PREFACE {
            let Some(rest) = self.first.get_mut(self.came..) else { break };
            match self.stream.read(rest).await? {
                0 => break,
                more => self.came += more,
            }
        }
        Ok(())
    }

    fn may_be_http2(&self) -> bool {
        self.first.iter().zip(FIRST).take(self.came).all(|(came, wanted)| came == wanted)
    }
}

impl AsyncRead for Begun {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { stream, first, came, passed } = &mut *self;
        match first.get(*passed..*came) {
            Some(rest) if !rest.is_empty() => {
                let (piece, _) = rest.split_at(rest.len().min(buffer.remaining()));
                buffer.put_slice(piece);
                *passed += piece.len();
                Poll::Ready(Ok(()))
            }
            _ => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Begun {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[async_trait]
impl Shutdown for Begun {
    async fn shutdown(&mut self) {
        Shutdown::shutdown(&mut self.stream).await;
    }
}

#[async_trait]
impl Peek for Begun {}

impl Ssl for Begun {
    fn selected_alpn_proto(&self) -> Option<ALPN> {
        // Over TLS this is what both sides have agreed on; here the client has said it.
        (self.came == PREFACE && self.may_be_http2()).then_some(ALPN::H2)
    }
}

impl UniqueID for Begun {
    fn id(&self) -> UniqueIDType {
        self.stream.id()
    }
}

impl GetTimingDigest for Begun {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.stream.get_timing_digest()
    }
}

impl GetProxyDigest for Begun {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        self.stream.get_proxy_digest()
    }
}

impl GetSocketDigest for Begun {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.stream.get_socket_digest()
    }

    fn set_socket_digest(&mut self, digest: SocketDigest) {
        self.stream.set_socket_digest(digest);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::AsyncWriteExt as _;
    use tokio::net::{TcpListener, TcpStream};

    use super::super::socket::Socket;
    use super::*;

    /// A connection on which these pieces came, read to where it is known what it speaks; and the bytes that it hands on.
    async fn begun(pieces: &[&[u8]]) -> (bool, Vec<u8>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (accepted, peer) = listener.accept().await.unwrap();
        let mut begun = Begun::new(Paced::new(Socket::accepted(accepted, peer, 0), Duration::from_secs(1)));
        let says = async {
            for piece in pieces {
                client.write_all(piece).await.unwrap();
                tokio::task::yield_now().await;
            }
            client.shutdown().await.unwrap();
        };
        let (_, read) = tokio::join!(says, begun.read());
        read.unwrap();
        let is_http2 = matches!(begun.selected_alpn_proto(), Some(ALPN::H2));
        let mut all = Vec::new();
        begun.read_to_end(&mut all).await.unwrap();
        (is_http2, all)
    }

    #[tokio::test]
    async fn only_the_whole_preface_is_http_2_and_every_byte_is_handed_on() {
        let behind = [FIRST, &b"\0\0\0\x04\0\0\0\0\0"[..]].concat();
        for (pieces, wanted) in [
            (&[&FIRST[..]] as &[&[u8]], true),
            (&[&behind], true),
            (&[&FIRST[..1], &FIRST[1..10], &FIRST[10..]], true),
            (&[&FIRST[..23]], false),
            (&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\rX and more"], false),
            (&[b"P", b"OST / HTTP/1.1\r\nHost: a\r\n\r\n"], false),
            (&[b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n"], false),
            (&[], false),
        ] {
            let (is_http2, all) = begun(pieces).await;
            assert_eq!((is_http2, all), (wanted, pieces.concat()), "{pieces:?}");
        }
    }
}
