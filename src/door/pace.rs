//! A caller's connection that is given up when the caller takes nothing of what it is sent.
//!
//! The limit is on standing still, not on speed: a client that takes a byte has the whole time again, so that no stream
//! that moves is cut. The kernel says what was taken: it lets a write go on only when a third of its own buffer, which
//! grows to megabytes, is free again. What is written, and how long a caller may say nothing, is for others.

use std::future::Future as _;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use pingora::protocols::l4::ext::get_tcp_info;
use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::{
    GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl, TimingDigest,
    UniqueID, UniqueIDType,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::socket::Socket;

/// A socket with a limit on how long a write may stand still.
#[derive(Debug)]
pub(crate) struct Paced {
    socket: Socket,
    limit: Duration,
    /// There only while a write waits.
    standing: Option<Standing>,
}

/// A write that waits.
#[derive(Debug)]
struct Standing {
    end: Pin<Box<Sleep>>,
    /// How many bytes the caller had taken when the time began.
    taken: Option<u64>,
}

impl Paced {
    pub(crate) const fn new(socket: Socket, limit: Duration) -> Self {
        Self { socket, limit, standing: None }
    }

    /// Takes a client that a proxy speaks for as the other end, from now on.
    pub(crate) fn speaks_for(&mut self, client: SocketAddr) {
        let digest = SocketDigest::from_raw_fd(self.socket.as_raw_fd());
        // The cell is new.
        let _set = digest.peer_addr.set(Some(client.into()));
        self.socket.set_socket_digest(digest);
    }

    /// Keeps the time of a write that waits; forgets it when the write goes on.
    fn pace<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.standing = None;
            return written;
        }
        let Self { socket, limit, standing } = self;
        let standing = standing.get_or_insert_with(|| Standing {
            end: Box::pin(tokio::time::sleep(*limit)),
            taken: bytes_taken(socket),
        });
        loop {
            ready!(standing.end.as_mut().poll(cx));
            let taken = bytes_taken(socket);
            if taken <= standing.taken {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the caller takes nothing")));
            }
            standing.taken = taken;
            standing.end.as_mut().reset(Instant::now() + *limit);
        }
    }
}

/// How many bytes the caller's side has acknowledged.
fn bytes_taken(socket: &Socket) -> Option<u64> {
    get_tcp_info(socket.as_raw_fd()).ok().map(|info| info.tcpi_bytes_acked)
}

impl AsyncRead for Paced {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Paced {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.pace(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(cx, slices);
        self.pace(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.socket).poll_flush(cx);
        self.pace(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let ended = Pin::new(&mut self.socket).poll_shutdown(cx);
        self.pace(cx, ended)
    }
}

#[async_trait]
impl Shutdown for Paced {
    async fn shutdown(&mut self) {
        Shutdown::shutdown(&mut self.socket).await;
    }
}

#[async_trait]
impl Peek for Paced {}

impl Ssl for Paced {}

impl UniqueID for Paced {
    fn id(&self) -> UniqueIDType {
        self.socket.id()
    }
}

impl GetTimingDigest for Paced {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.socket.get_timing_digest()
    }
}

impl GetProxyDigest for Paced {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        self.socket.get_proxy_digest()
    }
}

impl GetSocketDigest for Paced {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.socket.get_socket_digest()
    }

    fn set_socket_digest(&mut self, digest: SocketDigest) {
        self.socket.set_socket_digest(digest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    const LIMIT: Duration = Duration::from_millis(300);

    async fn pair() -> (Paced, tokio::net::TcpStream) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (server, address) = listener.accept().await.unwrap();
        (Paced::new(Socket::accepted(server, address, 0), LIMIT), client)
    }

    async fn send(mut paced: Paced, bytes: usize) -> io::Result<()> {
        paced.write_all(&vec![7; bytes]).await?;
        paced.flush().await
    }

    #[tokio::test]
    async fn who_takes_nothing_is_given_up() {
        let (paced, _client) = pair().await;
        let error = send(paced, 64 << 20).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn who_is_slow_and_moves_is_not() {
        const WHOLE: usize = 16 << 20;
        let (paced, mut client) = pair().await;
        let sending = tokio::spawn(send(paced, WHOLE));
        let mut buffer = vec![0; 1 << 20];
        let (mut taken, mut pause) = (0, tokio::time::interval(LIMIT / 3));
        let began = tokio::time::Instant::now();
        while taken < WHOLE {
            pause.tick().await;
            let upto = (WHOLE - taken).min(buffer.len());
            client.read_exact(&mut buffer[..upto]).await.unwrap();
            taken += upto;
        }
        sending.await.unwrap().unwrap();
        assert!(began.elapsed() > LIMIT * 3, "it took longer than the limit on standing still");
    }

    #[tokio::test]
    async fn who_takes_less_than_the_kernel_waits_for_is_not_given_up_either() {
        let (paced, mut client) = pair().await;
        let sending = tokio::spawn(send(paced, 64 << 20));
        let mut pause = tokio::time::interval(LIMIT / 6);
        let mut buffer = vec![0; 64 << 10];
        for _ in 0..30 {
            pause.tick().await;
            client.read_exact(&mut buffer).await.unwrap();
        }
        assert!(!sending.is_finished(), "2 MB in five times the limit");
        drop(client);
        assert_ne!(sending.await.unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
