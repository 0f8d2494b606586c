//! A shard of the gateway as a service of Pingora, which gives it a runtime of its own: it accepts connections at all
//! listeners, keeps some and gives some to other shards, and serves what it has.
//!
//! The listening sockets are one for all shards: their queues are, too, and nothing is lost in one of a shard that is
//! busy. When the shards are told to stop, a socket takes no new handshakes, those that had begun come to their end and are
//! served, and only then is it closed. What happens to a connection is for `front`.

use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsRawFd as _;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use pingora::apps::HttpServerApp;
use pingora::server::{ListenFds, ShutdownWatch};
use pingora::services::Service;
use rustix::io::Errno;
use tokio::net::TcpStream;
use tokio::sync::mpsc::Receiver;
use tokio::sync::watch;

use crate::model::Shard;

use super::front::Front;
use super::listen::begin_no_more;
use super::muster::{Life, Muster};
use super::socket::Socket;
use super::spread::{Given, Spread};

/// How long handshakes that had begun may take to end: the way there and back.
const LAST_HANDSHAKES: Duration = Duration::from_millis(100);
/// How long nothing is accepted when the system has nothing to accept it with: somebody else has to let go first.
const OUT_OF_RESOURCES: Duration = Duration::from_secs(1);
/// A pause in which others leave, and how many of them one connection is worth.
const PAUSE: Duration = Duration::from_millis(1);
const MOST_PAUSES: u32 = 10;
/// The largest TLS record (RFC 8446 section 5.1). A larger buffer would be held by each connection that rests.
const TLS_READ_BUFFER: usize = 16 << 10;
/// A line of the PROXY protocol is read by the byte.
const RELAY_READ_BUFFER: usize = 128;

/// The listening sockets of the process, by their addresses.
pub type Sockets = Arc<[(SocketAddr, TcpListener)]>;

/// One shard.
pub struct Listening<A> {
    shard: Shard,
    name: String,
    threads: usize,
    front: Front<A>,
    sockets: Sockets,
    spread: Spread,
    given: Option<Receiver<Given>>,
    muster: Muster,
}

/// What accepts at one listener.
struct Accepting {
    socket: tokio::net::TcpListener,
    /// How many bytes of a connection are read at once.
    read: usize,
}

impl<A: HttpServerApp + Send + Sync + 'static> Listening<A> {
    /// The shards, each with its door and so many threads, at these sockets.
    #[must_use]
    pub fn shards(
        shards: impl IntoIterator<Item = (Shard, Front<A>, usize)>,
        sockets: &Sockets,
        muster: &Muster,
    ) -> Vec<Self> {
        let shards: Vec<_> = shards.into_iter().collect();
        let (spread, given) = Spread::over(&shards.iter().map(|(shard, ..)| *shard).collect::<Vec<_>>());
        let one = |((shard, front, threads), given)| Self {
            shard,
            name: shard.threads(),
            threads,
            front,
            sockets: Arc::clone(sockets),
            spread: spread.clone(),
            given: Some(given),
            muster: muster.clone(),
        };
        shards.into_iter().zip(given).map(one).collect()
    }

    /// Handles of the listening sockets that belong to this shard's runtime.
    fn accepting(&self) -> std::io::Result<Vec<Accepting>> {
        let all = self.sockets.iter().map(|(address, socket)| {
            let own = socket.try_clone()?;
            own.set_nonblocking(true)?;
            // The door reads into a buffer of its own; TLS reads piece by piece.
            let read = match (self.front.shakes_hands_at(*address), self.front.is_relayed_at(*address)) {
                (true, _) => TLS_READ_BUFFER,
                (false, true) => RELAY_READ_BUFFER,
                (false, false) => 0,
            };
            Ok(Accepting { socket: tokio::net::TcpListener::from_std(own)?, read })
        });
        all.collect()
    }

    /// Accepts at a listener, for ever.
    async fn accept(&self, at: &Accepting, stopping: &ShutdownWatch) {
        loop {
            match at.socket.accept().await {
                Ok((stream, client)) => {
                    self.welcome(stream, client, at.read, stopping);
                    self.settled().await;
                }
                Err(error) if is_out_of_resources(&error) => {
                    tracing::error!(%error, "no connection can be accepted");
                    tokio::time::sleep(OUT_OF_RESOURCES).await;
                }
                // It was gone before it was accepted.
                Err(error) => tracing::debug!(%error, "a connection was not accepted"),
            }
        }
    }

    /// Waits until those have left that were asked to make room, or were turned away; they may be another shard's, which has to
    /// come to it. After a few pauses it waits no more.
    async fn settled(&self) {
        for _ in 0..MOST_PAUSES {
            if !self.front.crowd().is_beyond(self.spread.connections()) {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Serves a connection, or gives it to the shard that is to.
    fn welcome(&self, stream: TcpStream, client: SocketAddr, read: usize, stopping: &ShutdownWatch) {
        let _best_effort = stream.set_nodelay(true);
        // Where there are no slots, the shard that accepts makes room, or says that there is none: others learn of no
        // connection that has no slot.
        let counted = if self.front.crowd().is_full() {
            self.spread.keep(self.shard)
        } else {
            self.spread.place(self.shard)
        };
        if counted.shard() == self.shard {
            return self.front.take(Socket::accepted(stream, client, read), counted, stopping);
        }
        let busy = self.front.busy();
        let given = stream.into_std().map(|stream| Given { stream, client, read, counted, busy });
        let back = given.map(|given| self.spread.give(given));
        let back = back.and_then(|back| back.map(|given| TcpStream::from_std(given.stream)).transpose());
        match back {
            Ok(None) => {}
            Ok(Some(stream)) => {
                let counted = self.spread.keep(self.shard);
                self.front.take(Socket::accepted(stream, client, read), counted, stopping);
            }
            Err(error) => tracing::debug!(%error, "a connection was lost"),
        }
    }

    /// Serves what waits in the queues, and closes them.
    async fn close(&self, listeners: Vec<Accepting>, stopping: &ShutdownWatch) {
        listeners.iter().for_each(|at| begin_no_more(&at.socket));
        let rest = join_all(listeners.iter().map(|at| self.accept(at, stopping)));
        let _over = tokio::time::timeout(LAST_HANDSHAKES, rest).await;
    }
}

/// Serves what other shards have accepted for this one, as long as the process lives.
async fn take_given<A: HttpServerApp + Send + Sync + 'static>(
    front: Front<A>,
    mut all: Receiver<Given>,
    stopping: ShutdownWatch,
    life: Life,
) {
    while let Some(Given { stream, client, read, counted, busy }) = all.recv().await {
        match TcpStream::from_std(stream) {
            Ok(stream) => front.take(Socket::accepted(stream, client, read), counted, &stopping),
            Err(error) => tracing::debug!(%error, "a connection was lost"),
        }
        // Its door has counted it by now.
        drop(busy);
    }
    drop(life);
}

fn is_out_of_resources(error: &std::io::Error) -> bool {
    let out = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    Errno::from_io_error(error).is_some_and(|errno| out.contains(&errno))
}

#[async_trait]
impl<A: HttpServerApp + Send + Sync + 'static> Service for Listening<A> {
    async fn start_service(&mut self, fds: Option<ListenFds>, mut shutdown: ShutdownWatch, _: usize) {
        let (life, of_given) = (self.muster.life(self.shard), self.muster.life(self.shard));
        // A watch that all shards read would be written by all of them.
        let (stop, stopping) = watch::channel(false);
        let Some(given) = self.given.take() else { return };
        tokio::spawn(take_given(self.front.clone(), given, stopping.clone(), of_given));
        let listeners = match self.accepting() {
            Ok(listeners) => listeners,
            Err(error) => return tracing::error!(%error, "a shard cannot accept connections"),
        };
        if let Some(fds) = fds {
            // By its number each is handed to a new process; it stays ours.
            let mut fds = fds.lock();
            self.sockets
                .iter()
                .for_each(|(address, socket)| fds.add(address.to_string(), socket.as_raw_fd()));
        }
        self.muster.accepts();
        let all = join_all(listeners.iter().map(|at| self.accept(at, &stopping)));
        tokio::select! {
            _ = all => {}
            // An error says that the server is gone.
            _ = shutdown.wait_for(|stops| *stops) => {}
        }
        stop.send_replace(true);
        // Another process that serves in this one's place takes what waits: the queue is one and the same.
        if let Some(_busy) = self.front.last_to_serve() {
            self.close(listeners, &stopping).await;
        }
        life.ends();
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn threads(&self) -> Option<usize> {
        Some(self.threads)
    }

    fn listen_addresses(&self) -> Option<Vec<String>> {
        Some(self.sockets.iter().map(|(address, _)| address.to_string()).collect())
    }
}

impl<A> std::fmt::Debug for Listening<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listening").field("shard", &self.shard).finish_non_exhaustive()
    }
}
