//! Listening sockets: how they are opened, and how the last ones to connect are served before they are closed.
//!
//! A connection that the kernel has accepted waits in the queue of its socket until somebody takes it; closing the
//! socket would reset it. Who accepts is for `listening`.

use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;

use socket2::{SockFilter, SockRef, TcpKeepalive};

use super::keepalive::KEEPALIVE;

/// Connections that may wait to be accepted; the kernel lowers it to its own limit (`net.core.somaxconn`).
const BACKLOG: u32 = 65_535;

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
///
/// # Errors
/// What the system says.
pub fn find_the_gone(listener: &TcpListener) -> std::io::Result<()> {
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE.idle)
        .with_interval(KEEPALIVE.interval)
        .with_retries(u32::try_from(KEEPALIVE.count).unwrap_or(u32::MAX));
    SockRef::from(listener).set_tcp_keepalive(&keepalive)
}

/// Lets only those connect any more who have begun to.
pub(super) fn begin_no_more(listener: &impl AsFd) {
    if let Err(error) = SockRef::from(listener).attach_filter(&NO_NEW_HANDSHAKES) {
        tracing::debug!(%error, "the last callers may be reset");
    }
}
