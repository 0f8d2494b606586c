//! A connection by the byte, from an address of its own on loopback: what an attacker holds in its hand.
//!
//! It keeps no rule of HTTP and waits for nobody longer than it is told to.

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout_at};

/// Where an attack comes from when it does not matter.
pub(crate) const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// The longest that a connection on loopback may take: a full backlog is asked again after 1, 3 and 7 s.
const CONNECT: Duration = Duration::from_secs(10);

/// One connection.
pub(crate) struct Wire {
    pub(crate) stream: TcpStream,
}

/// What came back, and whether the connection has ended.
#[derive(Debug)]
pub(crate) struct Came {
    pub(crate) bytes: Vec<u8>,
    pub(crate) ended: bool,
}

impl Wire {
    /// Connects from `local`, with this much room for what comes (`None`: as much as the system likes).
    pub(crate) async fn open(local: Ipv4Addr, port: u16, room: Option<u32>) -> Option<Self> {
        let socket = TcpSocket::new_v4().ok()?;
        if let Some(room) = room {
            socket.set_recv_buffer_size(room).ok()?;
        }
        socket.bind((local, 0).into()).ok()?;
        let connected = socket.connect((Ipv4Addr::LOCALHOST, port).into());
        let stream = tokio::time::timeout(CONNECT, connected).await.ok()?.ok()?;
        stream.set_nodelay(true).ok()?;
        Some(Self { stream })
    }

    /// Connects from 127.0.0.1.
    pub(crate) async fn here(port: u16) -> Option<Self> {
        Self::open(HERE, port, None).await
    }

    /// Sends this; `false` when the peer does not take it.
    pub(crate) async fn say(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    /// Sends this piece by piece; `false` when the peer stops taking it.
    pub(crate) async fn drip(&mut self, bytes: &[u8], size: usize, pause: Duration) -> bool {
        let mut pace = tokio::time::interval(pause);
        for piece in bytes.chunks(size) {
            pace.tick().await;
            if !self.say(piece).await {
                return false;
            }
        }
        true
    }

    /// Reads one answer with a known length.
    pub(crate) async fn answer(&mut self, within: Duration) -> Came {
        self.read(within, |bytes| whole_answer(bytes).is_some()).await
    }

    /// Reads until the end, or until the time is over.
    pub(crate) async fn rest(&mut self, within: Duration) -> Came {
        self.read(within, |_| false).await
    }

    async fn read(&mut self, within: Duration, enough: impl Fn(&[u8]) -> bool) -> Came {
        let deadline = Instant::now() + within;
        let mut bytes = Vec::new();
        loop {
            if enough(&bytes) {
                return Came { bytes, ended: false };
            }
            match timeout_at(deadline, self.stream.read_buf(&mut bytes)).await {
                // A reset ends it as well.
                Ok(Ok(0) | Err(_)) => return Came { bytes, ended: true },
                Ok(Ok(_)) => {}
                Err(_) => return Came { bytes, ended: false },
            }
        }
    }
}

impl Came {
    /// The status of the first answer; 0 when there is none.
    pub(crate) fn status(&self) -> u16 {
        let word = self.bytes.split(|b| *b == b' ').nth(1);
        word.and_then(|w| str::from_utf8(w).ok()?.parse().ok()).unwrap_or(0)
    }

    /// Whether a field of this name is in it.
    pub(crate) fn has(&self, field: &str) -> bool {
        let text = String::from_utf8_lossy(&self.bytes).to_lowercase();
        text.contains(&format!("\r\n{field}:"))
    }
}

/// The length of the first answer in these bytes, when all of it is there.
fn whole_answer(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length = length.and_then(|l| l.trim().parse::<usize>().ok()).unwrap_or(0);
    (bytes.len() >= end + length).then_some(end + length)
}

#[test]
fn an_answer_is_whole_when_its_length_is_there() {
    assert_eq!(whole_answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), Some(40));
    assert_eq!(whole_answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no"), None);
    let came = Came { bytes: b"HTTP/1.1 503 x\r\nRetry-After: 1\r\n\r\n".to_vec(), ended: true };
    assert_eq!((came.status(), came.has("retry-after"), came.has("after")), (503, true, false));
}
