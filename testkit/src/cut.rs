//! A TCP proxy that passes bytes on until a test says otherwise: refuse, cut, hold back in one direction or both, delay,
//! and let connections die without a word. It counts connections and bytes, so that a storm of either is seen.
//!
//! It knows no protocol but for [`Cut::between`], which tells senders apart by the beginning of a connection.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle};

use crate::eventually::scripted_pause;

/// The most that is read, and passed on, at once.
const CHUNK: usize = 64 * 1024;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From whoever connects to the server behind.
    There,
    /// From the server to whoever has connected.
    Back,
}

/// The proxy; it ends, with its connections, when this is dropped.
pub struct Cut {
    /// Its port at 127.0.0.1.
    pub port: u16,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

/// What is true for all connections.
#[derive(Debug, Clone, Default)]
struct Weather {
    refuses: bool,
    holds_there: bool,
    holds_back: bool,
    delay: Duration,
    /// Connections with a smaller number than this are silent for ever.
    dead_before: u64,
    /// Beginnings that hold one of these words belong to a sender that is held in both directions.
    held_senders: Vec<String>,
}

struct Shared {
    target: AtomicU16,
    weather: watch::Sender<Weather>,
    by_beginning: bool,
    connections: AtomicU64,
    there: AtomicU64,
    back: AtomicU64,
    running: Mutex<Vec<AbortHandle>>,
}

/// One connection, as both of its directions see it.
#[derive(Clone)]
struct Line {
    nth: u64,
    /// The first bytes from the sender, where they decide.
    beginning: Arc<str>,
    shared: Arc<Shared>,
}

impl Cut {
    /// In front of this port of 127.0.0.1.
    pub async fn to(port: u16) -> Self {
        Self::start(port, false).await
    }

    /// The same between servers that talk HTTP/1.1 to each other: [`Cut::hold_sender`] tells them apart.
    pub async fn between(port: u16) -> Self {
        Self::start(port, true).await
    }

    /// Bytes pass again, and so do new connections. Those that were held are delivered; connections that were let die
    /// stay dead.
    pub fn pass(&self) {
        self.shared.weather.send_modify(|weather| {
            *weather = Weather { dead_before: weather.dead_before, ..Weather::default() };
        });
    }

    /// Ends every connection, and refuses new ones.
    pub fn cut(&self) {
        self.shared.weather.send_modify(|weather| weather.refuses = true);
        self.end_connections();
    }

    /// Ends every connection; new ones pass.
    pub fn end_connections(&self) {
        for connection in self.shared.running.lock().expect("the connections").drain(..) {
            connection.abort();
        }
    }

    /// Refuses new connections; those that are open go on.
    pub fn refuse(&self) {
        self.shared.weather.send_modify(|weather| weather.refuses = true);
    }

    /// Holds back everything silently: connections are open, new ones are accepted, and no byte passes.
    pub fn swallow(&self) {
        self.swallow_one(Direction::There);
        self.swallow_one(Direction::Back);
    }

    /// Holds back one direction silently.
    pub fn swallow_one(&self, direction: Direction) {
        self.shared.weather.send_modify(|weather| match direction {
            Direction::There => weather.holds_there = true,
            Direction::Back => weather.holds_back = true,
        });
    }

    /// The connections of now are silent for ever, as behind a firewall that has forgotten them; new ones pass.
    pub fn let_die(&self) {
        let next = self.shared.connections.load(Ordering::SeqCst);
        self.shared.weather.send_modify(|weather| weather.dead_before = next);
    }

    /// Every chunk takes so much longer, in each direction.
    pub fn delay(&self, by: Duration) {
        self.shared.weather.send_modify(|weather| weather.delay = by);
    }

    /// Holds back what comes from senders whose first bytes on a connection hold this, and what goes to them.
    pub fn hold_sender(&self, word: &str) {
        self.shared.weather.send_modify(|weather| weather.held_senders.push(word.to_owned()));
    }

    /// New connections go to this port of 127.0.0.1; those that are open stay where they are.
    pub fn redirect(&self, port: u16) {
        self.shared.target.store(port, Ordering::SeqCst);
    }

    /// How many connections it has accepted.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// How many connections are open.
    pub fn open_connections(&self) -> usize {
        let running = self.shared.running.lock().expect("the connections");
        running.iter().filter(|connection| !connection.is_finished()).count()
    }

    /// How many bytes have passed in this direction.
    pub fn bytes(&self, direction: Direction) -> u64 {
        self.shared.count(direction).load(Ordering::SeqCst)
    }

    async fn start(target: u16, by_beginning: bool) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let shared = Arc::new(Shared {
            target: AtomicU16::new(target),
            weather: watch::Sender::new(Weather::default()),
            by_beginning,
            connections: AtomicU64::new(0),
            there: AtomicU64::new(0),
            back: AtomicU64::new(0),
            running: Mutex::default(),
        });
        let serving = tokio::spawn(serve(listener, port, Arc::clone(&shared)));
        Self { port, shared, serving }
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        self.serving.abort();
        self.end_connections();
    }
}

/// Accepts, and while it refuses holds the port without listening, so that the system refuses and nobody takes the port.
async fn serve(listener: TcpListener, port: u16, shared: Arc<Shared>) {
    let mut weather = shared.weather.subscribe();
    let mut listener = Some(listener);
    let mut held = None;
    loop {
        let refuses = weather.borrow_and_update().refuses;
        if refuses && listener.take().is_some() {
            held = Some(bound(port).await);
        }
        if let (false, Some(socket)) = (refuses, held.take_if(|_| !refuses)) {
            listener = Some(socket.listen(1024).expect("it listens again"));
        }
        let Some(accepting) = &listener else {
            let _changed = weather.changed().await;
            continue;
        };
        tokio::select! {
            accepted = accepting.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let nth = shared.connections.fetch_add(1, Ordering::SeqCst);
                let line = Line { nth, beginning: Arc::from(""), shared: Arc::clone(&shared) };
                let connection = tokio::spawn(line.carry(stream));
                let mut running = shared.running.lock().expect("the connections");
                running.retain(|connection| !connection.is_finished());
                running.push(connection.abort_handle());
            }
            _changed = weather.changed() => {}
        }
    }
}

/// A socket that has this port and does not listen.
async fn bound(port: u16) -> TcpSocket {
    loop {
        let bind = || {
            let socket = TcpSocket::new_v4()?;
            socket.set_reuseaddr(true)?;
            socket.bind(SocketAddr::from(([127, 0, 0, 1], port)))?;
            std::io::Result::Ok(socket)
        };
        if let Ok(socket) = bind() {
            return socket;
        }
        scripted_pause(Duration::from_millis(1)).await;
    }
}

impl Shared {
    fn count(&self, direction: Direction) -> &AtomicU64 {
        match direction {
            Direction::There => &self.there,
            Direction::Back => &self.back,
        }
    }
}

impl Line {
    /// Carries bytes both ways until both ends have closed.
    async fn carry(mut self, from: TcpStream) {
        let mut first = vec![0; CHUNK];
        let mut read = 0;
        let mut from = from;
        if self.shared.by_beginning {
            read = from.read(&mut first).await.unwrap_or_default();
            self.beginning = Arc::from(String::from_utf8_lossy(&first[..read]).as_ref());
        }
        // Before it connects: the server behind knows nothing of a connection that is held from its beginning.
        self.passes(Direction::There).await;
        let target = self.shared.target.load(Ordering::SeqCst);
        let Ok(to) = TcpStream::connect(("127.0.0.1", target)).await else { return };
        let (Ok(()), Ok(())) = (from.set_nodelay(true), to.set_nodelay(true)) else { return };
        let ((from_read, from_write), (to_read, mut to_write)) = (from.into_split(), to.into_split());
        if to_write.write_all(&first[..read]).await.is_err() {
            return;
        }
        tokio::join!(
            self.pump(Direction::There, from_read, to_write),
            self.pump(Direction::Back, to_read, from_write)
        );
    }

    async fn pump(&self, direction: Direction, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = from.read(&mut chunk).await.unwrap_or_default();
            self.passes(direction).await;
            let delay = self.shared.weather.borrow().delay;
            if !delay.is_zero() {
                scripted_pause(delay).await;
            }
            if read == 0 {
                let _closed = to.shutdown().await;
                return;
            }
            self.shared.count(direction).fetch_add(read as u64, Ordering::SeqCst);
            if to.write_all(&chunk[..read]).await.is_err() {
                return;
            }
        }
    }

    /// Waits until bytes of this connection may pass in this direction.
    async fn passes(&self, direction: Direction) {
        let mut weather = self.shared.weather.subscribe();
        let held = |weather: &Weather| {
            let all = match direction {
                Direction::There => weather.holds_there,
                Direction::Back => weather.holds_back,
            };
            let sender = weather.held_senders.iter().any(|word| self.beginning.contains(word.as_str()));
            all || sender || self.nth < weather.dead_before
        };
        let _passes = weather.wait_for(|weather| !held(weather)).await;
    }
}
