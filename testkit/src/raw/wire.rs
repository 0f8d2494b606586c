//! A connection by the byte, from any address on loopback.
//!
//! It keeps no rule of HTTP and waits for nobody longer than it is told to.

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout, timeout_at};

use super::response::{Response, find, head_of};
use crate::eventually::scripted_pause;

/// Where a caller comes from when it does not matter.
pub const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// The longest that anything takes when all is well. A connection on loopback may need most of it: a full backlog is
/// asked again after 1, 3 and 7 s.
pub const SOON: Duration = Duration::from_secs(10);

/// One connection.
pub struct Wire {
    /// The socket.
    pub stream: TcpStream,
    /// How many interim responses have come.
    pub invited: usize,
    /// What has come and was not yet taken.
    buffer: Vec<u8>,
}

/// What came back, and whether the connection has ended.
#[derive(Debug)]
pub struct Came {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Whether the peer has closed, in order or not.
    pub ended: bool,
}

impl Wire {
    /// Connects from `local`, with this much room for what comes (`None`: as much as the system likes).
    pub async fn open(local: Ipv4Addr, port: u16, room: Option<u32>) -> Option<Self> {
        let socket = TcpSocket::new_v4().ok()?;
        if let Some(room) = room {
            socket.set_recv_buffer_size(room).ok()?;
        }
        socket.bind((local, 0).into()).ok()?;
        let connected = socket.connect((Ipv4Addr::LOCALHOST, port).into());
        let stream = timeout(SOON, connected).await.ok()?.ok()?;
        stream.set_nodelay(true).ok()?;
        Some(Self { stream, invited: 0, buffer: Vec::new() })
    }

    /// Connects from 127.0.0.1, if that can be done.
    pub async fn here(port: u16) -> Option<Self> {
        Self::open(HERE, port, None).await
    }

    /// Connects from 127.0.0.1.
    pub async fn connect(port: u16) -> Self {
        Self::here(port).await.expect("it connects")
    }

    /// Sends this; `false` when the peer does not take it.
    pub async fn say(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    /// Sends this piece by piece; `false` when the peer stops taking it.
    pub async fn drip(&mut self, bytes: &[u8], size: usize, pause: Duration) -> bool {
        let mut pace = tokio::time::interval(pause);
        for piece in bytes.chunks(size) {
            pace.tick().await;
            if !self.say(piece).await {
                return false;
            }
        }
        true
    }

    /// Sends pieces with a short pause between each two of them. A peer that has refused already may not take the rest.
    pub async fn send<P: AsRef<[u8]>>(&mut self, pieces: &[P]) {
        for (number, piece) in pieces.iter().enumerate() {
            if number > 0 {
                scripted_pause(Duration::from_millis(2)).await;
            }
            let _ = self.say(piece.as_ref()).await;
        }
    }

    /// Reads one answer with a known length.
    pub async fn answer(&mut self, within: Duration) -> Came {
        self.read(within, |bytes| whole_answer(bytes).is_some()).await
    }

    /// Reads until the end, or until the time is over.
    pub async fn rest(&mut self, within: Duration) -> Came {
        self.read(within, |_| false).await
    }

    /// Reads until what came ends with `last`, until the end, or until the time is over.
    pub async fn until(&mut self, last: &str, within: Duration) -> Came {
        self.read(within, |bytes| bytes.ends_with(last.as_bytes())).await
    }

    /// The next response, to HEAD or not; none when the connection ends before it.
    pub async fn response(&mut self, to_head: bool) -> Option<Response> {
        timeout(SOON, self.read_response(to_head)).await.expect("a response in time")
    }

    /// The next `n` bytes of a tunnel; none when it ends before.
    pub async fn bytes(&mut self, n: usize) -> Option<Vec<u8>> {
        let read = async {
            while self.buffer.len() < n {
                self.more().await?;
            }
            Some(())
        };
        timeout(SOON, read).await.expect("bytes in time")?;
        Some(self.buffer.drain(..n).collect())
    }

    /// What comes until the connection ends, which it does.
    pub async fn remainder(&mut self) -> Vec<u8> {
        let came = self.rest(SOON).await;
        assert!(came.ended, "the connection does not end");
        came.bytes
    }

    async fn read_response(&mut self, to_head: bool) -> Option<Response> {
        loop {
            let end = loop {
                match find(&self.buffer, b"\r\n\r\n") {
                    Some(at) => break at + 4,
                    None => self.more().await?,
                }
            };
            let head: Vec<u8> = self.buffer.drain(..end).collect();
            let (line, fields) = head_of(&head);
            let status: u16 = line.split(' ').nth(1)?.parse().ok()?;
            if status == 100 {
                self.invited += 1;
                continue;
            }
            let mut response = Response { status, fields, body: Vec::new() };
            let length: usize = response.field("content-length").parse().unwrap_or(0);
            if status != 101 && !to_head {
                while self.buffer.len() < length {
                    self.more().await?;
                }
                response.body = self.buffer.drain(..length).collect();
            }
            return Some(response);
        }
    }

    async fn more(&mut self) -> Option<()> {
        self.stream.read_buf(&mut self.buffer).await.ok().filter(|n| *n > 0).map(drop)
    }

    async fn read(&mut self, within: Duration, enough: impl Fn(&[u8]) -> bool) -> Came {
        let deadline = Instant::now() + within;
        let mut bytes = std::mem::take(&mut self.buffer);
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
    pub fn status(&self) -> u16 {
        let word = self.bytes.split(|b| *b == b' ').nth(1);
        word.and_then(|w| str::from_utf8(w).ok()?.parse().ok()).unwrap_or(0)
    }

    /// Whether a field of this name is in it.
    pub fn has(&self, field: &str) -> bool {
        let text = String::from_utf8_lossy(&self.bytes).to_lowercase();
        text.contains(&format!("\r\n{field}:"))
    }
}

/// The length of the first answer in these bytes, when all of it is there.
fn whole_answer(bytes: &[u8]) -> Option<usize> {
    let end = find(bytes, b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length = length.and_then(|l| l.trim().parse::<usize>().ok()).unwrap_or(0);
    (bytes.len() >= end + length).then_some(end + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_length_is_there() {
        assert_eq!(whole_answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), Some(40));
        assert_eq!(whole_answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no"), None);
        let came = Came { bytes: b"HTTP/1.1 503 x\r\nRetry-After: 1\r\n\r\n".to_vec(), ended: true };
        assert_eq!((came.status(), came.has("retry-after"), came.has("after")), (503, true, false));
    }
}
