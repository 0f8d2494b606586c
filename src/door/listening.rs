//! The listening sockets: opened before anything starts, given to Pingora's accept loops, and emptied when these have ended.
//!
//! A connection that the kernel has established waits in the queue of its socket; closing the socket would reset it. So a
//! second handle of each socket is kept. When the loops end, the socket ignores new handshakes, those that had begun are
//! completed and served, and only then is it closed. `front` serves the connections.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsRawFd as _, IntoRawFd as _, OwnedFd};
use std::time::Duration;

use async_trait::async_trait;
use pingora::apps::HttpServerApp;
use pingora::listeners::{L4BufferSettings, ListenerConfig};
use pingora::protocols::l4::stream::Stream as Socket;
use pingora::protocols::{GetSocketDigest as _, SocketDigest};
use pingora::server::{ListenFds, ShutdownWatch};
use pingora::services::Service;
use pingora::services::listening::Service as Accepting;
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
use socket2::{SockFilter, SockRef, TcpKeepalive};
use tokio::sync::watch;

use super::front::Front;
use super::keepalive::KEEPALIVE;

/// Connections that may wait to be accepted: the most that Linux takes, which lowers it to `net.core.somaxconn`, so that the
/// operator sets the limit.
const BACKLOG: u32 = 65_535;

/// How long handshakes that had begun may take to complete: one round trip within a continent.
const LAST_HANDSHAKES: Duration = Duration::from_millis(100);
/// Passes every segment but a SYN without an ACK (RFC 9293 section 3.1: the flags are byte 13). A client that connects now
/// gets no reply, tries again after a second, and finds the socket closed. As classic BPF: load the byte, keep the two
/// flags, compare with SYN, drop, pass.
const NO_NEW_HANDSHAKES: [SockFilter; 5] = [
    SockFilter::new(0x30, 0, 0, 13),
    SockFilter::new(0x54, 0, 0, 0x12),
    SockFilter::new(0x15, 0, 1, 0x02),
    SockFilter::new(0x06, 0, 0, 0),
    SockFilter::new(0x06, 0, 0, u32::MAX),
];

/// The largest TLS record (RFC 8446 section 5.1). Each idle connection would hold Pingora's default of 64 KiB.
const TLS_READ_BUFFER: usize = 16 << 10;

/// The longest line of the PROXY protocol (107 bytes), rounded up: it is read byte by byte, and nothing behind it.
const RELAY_READ_BUFFER: usize = 128;

/// Opens a listening socket, with TCP keep-alive for what it accepts.
///
/// # Errors
/// The error of the system, such as an address that is in use.
pub fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => tokio::net::TcpSocket::new_v4()?,
        SocketAddr::V6(_) => tokio::net::TcpSocket::new_v6()?,
    };
    // Connections of an earlier process in TIME_WAIT must not delay a restart.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?.into_std()?;
    set_keepalive(&listener)?;
    Ok(listener)
}

/// Sets TCP keep-alive on a listener; accepted connections inherit it.
fn set_keepalive(listener: &TcpListener) -> std::io::Result<()> {
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE.idle)
        .with_interval(KEEPALIVE.interval)
        // The count is a constant that fits.
        .with_retries(u32::try_from(KEEPALIVE.count).unwrap_or(u32::MAX));
    SockRef::from(listener).set_tcp_keepalive(&keepalive)
}

/// The service that accepts on all listeners.
pub struct Listening<A> {
    accepting: Accepting<Front<A>>,
    front: Front<A>,
    addresses: Vec<SocketAddr>,
    opened: HashMap<SocketAddr, TcpListener>,
    accepts: watch::Sender<bool>,
}

impl<A: HttpServerApp + Send + Sync + 'static> Listening<A> {
    /// Accepts at `addresses`, on the sockets in `opened`; for any other address the process that hands over gives its
    /// socket. `accepts` becomes true when all sockets are there: from then on they can be handed to another process.
    #[must_use]
    pub fn new(
        front: Front<A>,
        addresses: Vec<SocketAddr>,
        opened: Vec<(SocketAddr, TcpListener)>,
        accepts: watch::Sender<bool>,
    ) -> Self {
        let mut accepting = Accepting::new("gateway".to_owned(), front.clone());
        for address in &addresses {
            // The door reads plain connections into its own buffer; TLS reads records piece by piece.
            let read = match (front.shakes_hands_at(*address), front.is_relayed_at(*address)) {
                (true, _) => TLS_READ_BUFFER,
                (false, true) => RELAY_READ_BUFFER,
                (false, false) => 0,
            };
            let buffer = L4BufferSettings::default().read(read);
            accepting.add_listener(ListenerConfig::tcp(address.to_string()).l4_buffer(buffer));
        }
        Self { accepting, front, addresses, opened: opened.into_iter().collect(), accepts }
    }

    /// Gives Pingora the sockets, and keeps a second handle of each.
    fn hand_over(&mut self, fds: &ListenFds) -> Vec<TcpListener> {
        let mut kept = Vec::new();
        for address in &self.addresses {
            let name = address.to_string();
            if let Some(socket) = self.opened.remove(address) {
                match socket.try_clone() {
                    Ok(other) => kept.push(other),
                    Err(error) => tracing::warn!(%error, %address, "no second handle of a listener"),
                }
                fds.lock().add(name, socket.into_raw_fd());
                continue;
            }
            let inherited = fds.lock().get(&name).copied();
            match inherited.map(second_handle) {
                Some(Ok(other)) => {
                    let listener = TcpListener::from(other);
                    if let Err(error) = set_keepalive(&listener) {
                        tracing::debug!(%error, %address, "no TCP keep-alive at a listener");
                    }
                    kept.push(listener);
                }
                // Sandboxes may forbid it. Then connections that wait at the end are reset, as by any server that closes.
                Some(Err(error)) => tracing::debug!(%error, %address, "no second handle of a listener"),
                None => {}
            }
        }
        kept
    }

    /// Serves the connections that wait in the queues, and closes the sockets.
    async fn close(&self, sockets: Vec<TcpListener>, shutdown: &ShutdownWatch) {
        let sockets: Vec<_> =
            sockets.into_iter().filter_map(|s| tokio::net::TcpListener::from_std(s).ok()).collect();
        for socket in &sockets {
            if let Err(error) = SockRef::from(socket).attach_filter(&NO_NEW_HANDSHAKES) {
                tracing::debug!(%error, "the last callers may be reset");
            }
        }
        let rest = futures::future::join_all(sockets.iter().map(|socket| self.take_from(socket, shutdown)));
        let _over = tokio::time::timeout(LAST_HANDSHAKES, rest).await;
    }

    /// Serves the connections of one queue.
    async fn take_from(&self, socket: &tokio::net::TcpListener, shutdown: &ShutdownWatch) {
        loop {
            let Ok((stream, _)) = socket.accept().await else { return };
            let _best_effort = stream.set_nodelay(true);
            let digest = SocketDigest::from_raw_fd(stream.as_raw_fd());
            let mut stream = Box::new(Socket::from(stream));
            stream.set_socket_digest(digest);
            let (front, shutdown) = (self.front.clone(), shutdown.clone());
            tokio::spawn(async move { front.serve(stream, &shutdown).await });
        }
    }
}

#[async_trait]
impl<A: HttpServerApp + Send + Sync + 'static> Service for Listening<A> {
    async fn start_service(&mut self, fds: Option<ListenFds>, shutdown: ShutdownWatch, per_fd: usize) {
        let kept = fds.as_ref().map(|fds| self.hand_over(fds)).unwrap_or_default();
        self.accepts.send_replace(true);
        self.accepting.start_service(fds, shutdown.clone(), per_fd).await;
        // A process that replaces this one shares the queue, and serves the connections in it.
        if let Some(_busy) = self.front.last_to_serve() {
            self.close(kept, &shutdown).await;
        }
    }

    fn name(&self) -> &str {
        self.accepting.name()
    }

    fn listen_addresses(&self) -> Option<Vec<String>> {
        Some(self.addresses.iter().map(SocketAddr::to_string).collect())
    }
}

impl<A> std::fmt::Debug for Listening<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listening").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

/// A second handle of a descriptor that is known by its number alone: Pingora passes inherited sockets on as numbers, and
/// borrowing one would be unsafe.
fn second_handle(number: i32) -> rustix::io::Result<OwnedFd> {
    let myself = pidfd_open(getpid(), PidfdFlags::empty())?;
    pidfd_getfd(myself, number, PidfdGetfdFlags::empty())
}
