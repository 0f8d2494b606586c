//! HTTP/1.1 by the byte, read by the letter of the RFC: what stands on either side of the gateway.

use std::time::Duration;

use testkit::eventually::scripted_pause;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The longest that anything here takes when all is well.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// A body and how its end is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    None,
    Length(Vec<u8>),
    Chunked(Vec<u8>),
}

pub(crate) fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// First line and fields, the names in small letters.
pub(crate) fn head_of(head: &[u8]) -> (String, Vec<(String, String)>) {
    // Each byte a character: values may hold any.
    let text: String = head.iter().map(|byte| char::from(*byte)).collect();
    let mut lines = text.split("\r\n");
    let line = lines.next().unwrap_or_default().to_owned();
    let fields = lines.filter_map(|line| line.split_once(": "));
    (line, fields.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect())
}

/// The data of a chunked body and where it ends; none when it does not end. Extensions and trailers are not expected.
pub(crate) fn chunked(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut data, mut at) = (Vec::new(), 0);
    loop {
        let line = find(&bytes[at..], b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[at..at + line]).ok()?, 16).ok()?;
        at += line + 2;
        data.extend_from_slice(bytes.get(at..at + size)?);
        at += size;
        (bytes.get(at..at + 2)? == b"\r\n").then_some(())?;
        at += 2;
        if size == 0 {
            return Some((data, at));
        }
    }
}

/// An answer of the gateway.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    /// Whether it says that the connection ends with it.
    pub(crate) fn is_last(&self) -> bool {
        self.field("connection").eq_ignore_ascii_case("close")
    }
}

/// A caller's connection.
pub(crate) struct Caller {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// How many interim answers have come.
    pub(crate) invited: usize,
}

impl Caller {
    pub(crate) async fn new(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("it connects");
        stream.set_nodelay(true).expect("an option");
        Self { stream, buffer: Vec::new(), invited: 0 }
    }

    /// Sends pieces with a pause between each two of them.
    pub(crate) async fn send<P: AsRef<[u8]>>(&mut self, pieces: &[P]) {
        for (number, piece) in pieces.iter().enumerate() {
            if number > 0 {
                scripted_pause(Duration::from_millis(2)).await;
            }
            // A gateway that has refused already may not take the rest.
            let _ = self.stream.write_all(piece.as_ref()).await;
        }
    }

    /// The next answer; none when the connection ends before it.
    pub(crate) async fn answer(&mut self, to_head: bool) -> Option<Answer> {
        timeout(SOON, self.read_answer(to_head)).await.expect("an answer in time")
    }

    async fn read_answer(&mut self, to_head: bool) -> Option<Answer> {
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
            let mut answer = Answer { status, fields, body: Vec::new() };
            let length: usize = answer.field("content-length").parse().unwrap_or(0);
            if status != 101 && !to_head {
                while self.buffer.len() < length {
                    self.more().await?;
                }
                answer.body = self.buffer.drain(..length).collect();
            }
            return Some(answer);
        }
    }

    /// The next `n` bytes of a tunnel; none when it ends before.
    pub(crate) async fn bytes(&mut self, n: usize) -> Option<Vec<u8>> {
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
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        let read = async { while self.more().await.is_some() {} };
        timeout(SOON, read).await.expect("the connection ends");
        std::mem::take(&mut self.buffer)
    }

    async fn more(&mut self) -> Option<()> {
        let mut piece = [0_u8; 8192];
        let n = self.stream.read(&mut piece).await.ok().filter(|n| *n > 0)?;
        self.buffer.extend_from_slice(&piece[..n]);
        Some(())
    }
}
