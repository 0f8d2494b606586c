//! A client's connection as the system gives it, with the buffers that its listener needs.
//!
//! Pingora's own socket cannot be given from one runtime to another, and only Pingora's listeners choose its buffers. How
//! long a write may stand still is for `pace`.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use futures::task::noop_waker_ref;
use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::{
    GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl, TimingDigest,
    UniqueID, UniqueIDType,
};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader, BufWriter, ReadBuf};
use tokio::net::TcpStream;

/// What is written together: a segment of usual size, so that a short answer goes out with its head.
const WRITE_BUFFER: usize = 1460;

/// A client's connection.
#[derive(Debug)]
pub struct Socket {
    stream: Buffered,
    digest: Option<Arc<SocketDigest>>,
}

#[derive(Debug)]
enum Buffered {
    /// Who reads has a buffer of its own.
    Written(BufWriter<TcpStream>),
    Both(BufReader<BufWriter<TcpStream>>),
}

impl Socket {
    /// The connection of this client, which is read in pieces of `read` bytes; of any size when that is 0.
    #[must_use]
    pub fn accepted(stream: TcpStream, client: SocketAddr, read: usize) -> Self {
        let digest = SocketDigest::from_raw_fd(stream.as_raw_fd());
        // The cell is new.
        let _set = digest.peer_addr.set(Some(client.into()));
        let written = BufWriter::with_capacity(WRITE_BUFFER, stream);
        let stream = match read {
            0 => Buffered::Written(written),
            read => Buffered::Both(BufReader::with_capacity(read, written)),
        };
        Self { stream, digest: Some(Arc::new(digest)) }
    }

    fn written(&mut self) -> &mut BufWriter<TcpStream> {
        match &mut self.stream {
            Buffered::Written(written) => written,
            Buffered::Both(both) => both.get_mut(),
        }
    }
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        match &self.stream {
            Buffered::Written(written) => written.get_ref().as_raw_fd(),
            Buffered::Both(both) => both.get_ref().get_ref().as_raw_fd(),
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Buffered::Written(written) => Pin::new(written).poll_read(cx, buffer),
            Buffered::Both(both) => Pin::new(both).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(self.written()).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(self.written()).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.written()).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.written()).poll_shutdown(cx)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // What the last answer has left in the buffer goes out, as far as it can without waiting.
        let _tried = Pin::new(self.written()).poll_flush(&mut Context::from_waker(noop_waker_ref()));
    }
}

#[async_trait]
impl Shutdown for Socket {
    async fn shutdown(&mut self) {
        // The other side may be gone.
        let _ended = self.written().shutdown().await;
    }
}

#[async_trait]
impl Peek for Socket {}

impl Ssl for Socket {}

impl UniqueID for Socket {
    fn id(&self) -> UniqueIDType {
        self.as_raw_fd()
    }
}

impl GetTimingDigest for Socket {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        // Nobody asks how old a client's connection is.
        Vec::new()
    }
}

impl GetProxyDigest for Socket {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        None
    }
}

impl GetSocketDigest for Socket {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.digest.clone()
    }

    fn set_socket_digest(&mut self, digest: SocketDigest) {
        self.digest = Some(Arc::new(digest));
    }
}
