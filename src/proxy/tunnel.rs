//! A connection to an agent for one WebSocket handshake: nothing is read from it before the whole handshake was sent.
//!
//! Pingora 0.9.1 sends the empty end of the handshake's body after the head, through a channel. When the agent's 101
//! arrives before that end leaves the channel, Pingora takes the end for that of the tunnel, and closes a good tunnel at
//! once. It polls the reader and the channel in random order, so a fast agent loses one tunnel in a hundred. Here the first
//! read waits for that end: Pingora flushes the connection when it has received it, with nothing written since the last
//! flush.

use std::fmt::Debug;
use std::io::{ErrorKind, Result};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use async_trait::async_trait;
use pingora::connectors::l4::Connect;
use pingora::protocols::l4::ext;
use pingora::protocols::l4::socket::SocketAddr;
use pingora::protocols::l4::stream::Stream;
use pingora::protocols::l4::virt::{VirtualSockOpt, VirtualSocket, VirtualSocketStream};
use pingora::upstreams::peer::HttpPeer;
use pingora::{Error, ErrorType};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use crate::model::EndOrder;

/// How long Pingora keeps a connection whose handshake failed: as short as it can be set, because none is ever reused.
const POOL_IDLE: Duration = Duration::from_millis(1);

/// The shared state of a handshake and its tunnel: when the one begins, and when the other must end. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Tunnel(Arc<Signs>);

#[derive(Debug, Default)]
struct Signs {
    begun: AtomicBool,
    order: OnceLock<Arc<EndOrder>>,
}

impl Tunnel {
    /// Makes `peer` open a connection for this handshake alone.
    pub(super) fn prepare(peer: &mut HttpPeer) -> Self {
        let tunnel = Self::default();
        // A random group shares no connection with another request.
        peer.group_key = rand::random();
        peer.options.idle_timeout = Some(POOL_IDLE);
        peer.options.custom_l4 =
            Some(Arc::new(Connector { tunnel: tunnel.clone(), within: peer.options.connection_timeout }));
        tunnel
    }

    /// The connection is established, TLS included: the handshake is sent next.
    pub(super) fn begin(&self) {
        self.0.begun.store(true, Ordering::Release);
    }

    /// The tunnel is established, and ends when this order is given.
    pub(super) fn obey(&self, order: Arc<EndOrder>) {
        // A handshake has one response, so the cell is empty.
        let _first = self.0.order.set(order);
    }

    fn has_begun(&self) -> bool {
        self.0.begun.load(Ordering::Acquire)
    }

    /// Whether the tunnel must end at once; the task is woken when it must. Until then the client's side of the connection
    /// sends the agent its close frame.
    fn is_over(&self, cx: &Context<'_>) -> bool {
        let Some(order) = self.0.order.get() else { return false };
        order.listen(cx);
        order.is_urgent()
    }
}

#[derive(Debug)]
struct Connector {
    tunnel: Tunnel,
    within: Option<Duration>,
}

#[async_trait]
impl Connect for Connector {
    async fn connect(&self, address: &SocketAddr) -> pingora::Result<Stream> {
        let within = self.within.unwrap_or(Duration::MAX);
        let late = |_| Error::new(ErrorType::ConnectTimedout);
        let socket: Box<dyn VirtualSocket> = match address {
            SocketAddr::Inet(address) => {
                let socket = timeout(within, ext::connect(address, None)).await.map_err(late)??;
                Box::new(Socket::of(socket, &self.tunnel))
            }
            SocketAddr::Unix(address) => {
                let path = address.as_pathname();
                let path =
                    path.ok_or_else(|| Error::explain(ErrorType::ConnectNoRoute, "a socket without a path"))?;
                let socket = timeout(within, ext::connect_uds(path)).await.map_err(late)??;
                Box::new(Socket::of(socket, &self.tunnel))
            }
        };
        Ok(VirtualSocketStream::new(socket).into())
    }
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// Nothing was written since the last flush.
    Closed,
    /// Something was written since the last flush.
    Written,
    /// The whole handshake was sent: reads may begin.
    Open,
}

#[derive(Debug)]
struct Socket<S> {
    socket: S,
    tunnel: Tunnel,
    state: State,
    waiting: Option<Waker>,
}

impl<S> Socket<S> {
    fn of(socket: S, tunnel: &Tunnel) -> Self {
        Self { socket, tunnel: tunnel.clone(), state: State::Closed, waiting: None }
    }

    fn wrote(&mut self) {
        if self.state == State::Closed && self.tunnel.has_begun() {
            self.state = State::Written;
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Socket<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        if this.state != State::Open && this.tunnel.has_begun() {
            this.waiting = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let read = Pin::new(&mut this.socket).poll_read(cx, buf);
        if read.is_pending() && this.tunnel.is_over(cx) {
            return Poll::Ready(Ok(()));
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Socket<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.socket).poll_write(cx, buf);
        if written.is_pending() && this.tunnel.is_over(cx) {
            return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
        }
        let written = ready!(written)?;
        this.wrote();
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        ready!(Pin::new(&mut this.socket).poll_flush(cx))?;
        if this.tunnel.has_begun() {
            match this.state {
                State::Written => this.state = State::Closed,
                State::Closed => {
                    this.state = State::Open;
                    if let Some(waker) = this.waiting.take() {
                        waker.wake();
                    }
                }
                State::Open => {}
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_shutdown(cx)
    }
}

/// The options of a socket that Pingora sets.
trait Options {
    fn set(&self, option: &VirtualSockOpt) -> Result<()>;
}

impl Options for TcpStream {
    fn set(&self, option: &VirtualSockOpt) -> Result<()> {
        match option {
            VirtualSockOpt::NoDelay => self.set_nodelay(true),
            VirtualSockOpt::KeepAlive(keepalive) => {
                ext::set_tcp_keepalive(self, keepalive).map_err(std::io::Error::other)
            }
            _ => Ok(()),
        }
    }
}

impl Options for UnixStream {
    fn set(&self, _: &VirtualSockOpt) -> Result<()> {
        // All of them are options of TCP.
        Ok(())
    }
}

impl<S: AsyncRead + AsyncWrite + Options + Debug + Unpin + Send + Sync> VirtualSocket for Socket<S> {
    fn set_socket_option(&self, option: VirtualSockOpt) -> Result<()> {
        self.socket.set(&option)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// Our end of a connection whose other end has said `hello` already.
    async fn connected(tunnel: &Tunnel) -> (Socket<TcpStream>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut other, _) = listener.accept().await.unwrap();
        other.write_all(b"hello").await.unwrap();
        socket.readable().await.unwrap();
        (Socket::of(socket, tunnel), other)
    }

    async fn can_read(socket: &mut Socket<TcpStream>) -> bool {
        let mut byte = [0];
        // Polled once: what is there already is read at once.
        futures::future::poll_immediate(socket.read(&mut byte)).await.is_some()
    }

    #[tokio::test]
    async fn a_response_is_read_only_after_the_whole_handshake_was_sent() {
        let tunnel = Tunnel::default();
        let (mut socket, _other) = connected(&tunnel).await;
        assert!(can_read(&mut socket).await, "TLS is as free as ever");
        socket.flush().await.unwrap();
        tunnel.begin();
        assert!(!can_read(&mut socket).await);
        socket.write_all(b"GET").await.unwrap();
        assert!(!can_read(&mut socket).await);
        socket.flush().await.unwrap();
        assert!(!can_read(&mut socket).await, "the head is not the end");
        socket.flush().await.unwrap();
        assert!(can_read(&mut socket).await);
        socket.write_all(b"x").await.unwrap();
        assert!(can_read(&mut socket).await, "and from then on");
    }

    #[tokio::test]
    async fn a_reader_that_waits_for_the_handshake_is_woken() {
        let tunnel = Tunnel::default();
        let (socket, _other) = connected(&tunnel).await;
        tunnel.begin();
        let (mut reader, mut writer) = tokio::io::split(socket);
        let mut answer = [0; 5];
        let sent = async {
            writer.write_all(b"GET").await?;
            writer.flush().await?;
            writer.flush().await
        };
        let (read, sent) = tokio::join!(reader.read_exact(&mut answer), sent);
        assert!(read.is_ok() && sent.is_ok() && &answer == b"hello");
    }
}
