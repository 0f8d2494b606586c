//! The listening sockets: opened before anything starts, handed to Pingora's accept loops, and emptied when these
//! have ended.
//!
//! A connection that the kernel has accepted waits in the queue of its socket until somebody takes it; closing the
//! socket would reset it. So another handle of each socket is kept. When the loops are over, the socket takes no new
//! handshakes, those that had begun come to their end and are served, and only then is it closed. What happens to a
//! connection is for `front`.

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

/// Connections that may wait to be accepted; the kernel lowers it to its own limit (`net.core.somaxconn`).
const BACKLOG: u32 = 65_535;

/// How long handshakes that had begun may take to end: the way there and back.
const LAST_HANDSHAKES: Duration = Duration::from_millis(100);
/// Lets a segment pass unless it is a SYN without an ACK (RFC 9293 section 3.1: the flags are byte 13): who begins now
/// hears nothing, tries again after a second, and finds the socket closed. In the words of the kernel's packet filter:
/// load the byte, keep the two flags, is it SYN alone, drop, pass.
const NO_NEW_HANDSHAKES: [SockFilter; 5] = [
    SockFilter::new(0x30, 0, 0, 13),
    SockFilter::new(0x54, 0, 0, 0x12),
    SockFilter::new(0x15, 0, 1, 0x02),
    SockFilter::new(0x06, 0, 0, 0),
    SockFilter::new(0x06, 0, 0, u32::MAX),
];

/// The largest TLS record (RFC 8446 section 5.1). Pingora's 64 KiB would be held by each connection that rests.
const TLS_READ_BUFFER: usize = 16 << 10;

/// A line of the PROXY protocol is read by the byte.
const RELAY_READ_BUFFER: usize = 128;

/// Opens a listening socket that nobody else has.
///
/// # Errors
/// What the system says.
pub fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => tokio::net::TcpSocket::new_v4()?,
        SocketAddr::V6(_) => tokio::net::TcpSocket::new_v6()?,
    };
    // A restart need not wait for connections of the process before it (TIME_WAIT).
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?.into_std()?;
    find_the_gone(&listener)?;
    Ok(listener)
}

/// Lets TCP find callers that have gone without a word, however quiet living ones may be. What is accepted is as the
/// listener.
fn find_the_gone(listener: &TcpListener) -> std::io::Result<()> {
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE.idle)
        .with_interval(KEEPALIVE.interval)
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
    /// Accepts at `addresses`, on the sockets that were `opened`; one that was not opened is taken over from the
    /// process that hands its sockets to this one. `accepts` says when all of them are there: from then on they can be
    /// handed to another process.
    #[must_use]
    pub fn new(
        front: Front<A>,
        addresses: Vec<SocketAddr>,
        opened: Vec<(SocketAddr, TcpListener)>,
        accepts: watch::Sender<bool>,
    ) -> Self {
        let mut accepting = Accepting::new("gateway".to_owned(), front.clone());
        for address in &addresses {
            // The door reads into a buffer of its own; TLS reads piece by piece.
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

    /// Lets Pingora have the sockets, and keeps another handle of each.
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
                    if let Err(error) = find_the_gone(&listener) {
                        tracing::debug!(%error, %address, "no TCP keep-alive at a listener");
                    }
                    kept.push(listener);
                }
                // Not everywhere allowed. Then what waits at the end is reset, as by any server that closes.
                Some(Err(error)) => tracing::debug!(%error, %address, "no second handle of a listener"),
                None => {}
            }
        }
        kept
    }

    /// Serves what waits in the queues, and closes them.
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

    /// Serves all that comes out of a queue.
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
        // Another process that serves in this one's place takes what waits: the queue is one and the same.
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

/// Another handle of a descriptor that is known by its number alone.
fn second_handle(number: i32) -> rustix::io::Result<OwnedFd> {
    let myself = pidfd_open(getpid(), PidfdFlags::empty())?;
    pidfd_getfd(myself, number, PidfdGetfdFlags::empty())
}
