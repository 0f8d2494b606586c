//! The listener of the pages, which passes from one process to the next without a caller that notices.
//!
//! When that is, the gateway decides.

use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::serve::Listener;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::net::TcpStream;

/// Binds the listener so that a process that takes over can bind it too (SO_REUSEPORT). Unless this process
/// is one that takes over, a port that somebody has is an error.
///
/// # Errors
/// When the address cannot be bound.
pub fn bind(address: SocketAddr, taking_over: bool) -> std::io::Result<TcpListener> {
    if !taking_over {
        drop(TcpListener::bind(address)?);
    }
    let socket = match address {
        SocketAddr::V4(_) => tokio::net::TcpSocket::new_v4()?,
        SocketAddr::V6(_) => tokio::net::TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    socket.listen(128)?.into_std()
}

/// A listener that closes once another process has one at its address.
///
/// A graceful shutdown of axum cuts connections that were made and not read yet, and a socket that closes resets those that
/// wait at it. This one takes them all before it closes, and they are served to their end.
pub(super) struct Closing {
    open: Option<tokio::net::TcpListener>,
    address: SocketAddr,
    closing: Pin<Box<dyn Future<Output = ()> + Send>>,
    closed: Arc<AtomicBool>,
}

impl Closing {
    /// Closes after `closing`.
    pub(super) fn new(
        listener: TcpListener,
        closing: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let open = Some(tokio::net::TcpListener::from_std(listener)?);
        Ok(Self { open, address, closing: Box::pin(closing), closed: Arc::default() })
    }

    /// Whether it closes, or has closed.
    pub(super) fn closed(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.closed)
    }
}

impl Listener for Closing {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        while let Some(listener) = &mut self.open {
            if !self.closed.load(Ordering::Relaxed) {
                tokio::select! {
                    connection = Listener::accept(listener) => return connection,
                    () = &mut self.closing => self.closed.store(true, Ordering::Relaxed),
                }
            } else if somebody_waits(listener) {
                return Listener::accept(listener).await;
            } else {
                self.open = None;
            }
        }
        std::future::pending().await
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// Whether a connection was made that nobody has accepted yet. The system is asked: the runtime may not have heard of it.
fn somebody_waits(listener: &tokio::net::TcpListener) -> bool {
    let at_once = Timespec::default();
    let mut watched = [PollFd::new(listener, PollFlags::IN)];
    matches!(poll(&mut watched, Some(&at_once)), Ok(waiting) if waiting > 0)
}
