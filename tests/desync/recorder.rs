//! An agent that keeps every byte that reaches it, and answers each request that is whole.
//!
//! Paths with these words get special answers: `slow` (after 100 ms), `late` (a tunnel after 100 ms), `denies` (no
//! tunnel). A request that asks for an upgrade gets it at once otherwise, and its bytes back.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use testkit::eventually;
use testkit::eventually::scripted_pause;
use testkit::raw::{SOON, chunked, find, head_of};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::body::Body;

/// Stands among the bytes where a tunnel carried some before it was open.
pub(crate) const TOO_EARLY: &[u8] = b"<before the tunnel>";
const TUNNEL: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

/// The agent; it ends when this is dropped.
pub(crate) struct Recorder {
    pub(crate) port: u16,
    taken: Taken,
    serving: tokio::task::JoinHandle<()>,
}

type Taken = Arc<Mutex<Vec<Came>>>;

/// What came on one connection.
#[derive(Default)]
struct Came {
    bytes: Vec<u8>,
    has_ended: bool,
}

impl Recorder {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let taken = Taken::default();
        let all = Arc::clone(&taken);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let number = {
                    let mut all = all.lock().expect("what came");
                    all.push(Came::default());
                    all.len() - 1
                };
                let all = Arc::clone(&all);
                tokio::spawn(async move {
                    Peer { stream, number, taken: Arc::clone(&all), buffer: Vec::new() }.serve().await;
                    all.lock().expect("what came")[number].has_ended = true;
                });
            }
        });
        Self { port, taken, serving }
    }

    /// What has come since the last call, by connection, without the silent ones.
    pub(crate) fn take(&self) -> Vec<Vec<u8>> {
        let mut all = self.taken.lock().expect("what came");
        all.iter_mut().map(|came| std::mem::take(&mut came.bytes)).filter(|bytes| !bytes.is_empty()).collect()
    }

    /// The same, once every connection has ended.
    pub(crate) async fn take_when_ended(&self) -> Vec<Vec<u8>> {
        eventually("every connection has ended", SOON, async || {
            self.taken.lock().expect("what came").iter().all(|came| came.has_ended).then_some(())
        })
        .await;
        self.take()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

struct Peer {
    stream: TcpStream,
    number: usize,
    taken: Taken,
    buffer: Vec<u8>,
}

impl Peer {
    async fn serve(mut self) -> Option<()> {
        loop {
            let end = loop {
                match find(&self.buffer, b"\r\n\r\n") {
                    Some(at) => break at + 4,
                    None => self.more().await?,
                }
            };
            let head: Vec<u8> = self.buffer.drain(..end).collect();
            let (line, fields) = head_of(&head);
            let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
            let field = |name: &str| fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
            if field("upgrade").is_some() && !target.contains("denies") {
                return self.tunnel(target.contains("late")).await;
            }
            let length = field("content-length").and_then(|length| length.parse().ok());
            self.body(length.unwrap_or(0), field("transfer-encoding").is_some()).await?;
            if target.contains("slow") {
                scripted_pause(Duration::from_millis(100)).await;
            }
            let body = if line.starts_with("HEAD ") { "" } else { "ok" };
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{body}");
            self.stream.write_all(answer.as_bytes()).await.ok()?;
        }
    }

    async fn body(&mut self, length: usize, is_chunked: bool) -> Option<()> {
        let end = loop {
            let end = if is_chunked { chunked(&self.buffer).map(|(_, end)| end) } else { Some(length) };
            match end {
                Some(end) if end <= self.buffer.len() => break end,
                _ => self.more().await?,
            }
        };
        self.buffer.drain(..end);
        Some(())
    }

    async fn tunnel(mut self, late: bool) -> Option<()> {
        if late {
            let mut piece = [0_u8; 1024];
            if let Ok(Ok(n)) = timeout(Duration::from_millis(100), self.stream.read(&mut piece)).await {
                self.keep(TOO_EARLY);
                self.keep(&piece[..n]);
            }
        }
        self.stream.write_all(TUNNEL).await.ok()?;
        loop {
            self.buffer.clear();
            self.more().await?;
            self.stream.write_all(&self.buffer).await.ok()?;
        }
    }

    async fn more(&mut self) -> Option<()> {
        let mut piece = [0_u8; 16 * 1024];
        let n = self.stream.read(&mut piece).await.ok().filter(|n| *n > 0)?;
        self.buffer.extend_from_slice(&piece[..n]);
        self.keep(&piece[..n]);
        Some(())
    }

    fn keep(&self, bytes: &[u8]) {
        self.taken.lock().expect("what came")[self.number].bytes.extend_from_slice(bytes);
    }
}

/// One request as it arrived, and nothing behind it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arrived {
    pub(crate) line: String,
    /// Names in small letters, in order.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Body,
}

impl Arrived {
    /// Reads what came on one connection; an error says what is not as it should be.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        let end = find(bytes, b"\r\n\r\n").ok_or("the head does not end")? + 4;
        let (line, mut fields) = head_of(&bytes[..end]);
        fields.sort();
        let rest = &bytes[end..];
        let framing: Vec<&(String, String)> = fields
            .iter()
            .filter(|(name, _)| matches!(name.as_str(), "content-length" | "transfer-encoding"))
            .collect();
        let body = match framing.as_slice() {
            [] => Body::None,
            [(name, length)] if name == "content-length" => {
                let plain = length.parse().ok().filter(|number: &usize| number.to_string() == *length);
                let length = plain.ok_or_else(|| format!("a length of {length}"))?;
                let body = rest.get(..length).ok_or("a body that is too short")?;
                Body::Length(body.to_vec())
            }
            [(_, coding)] if coding == "chunked" => {
                let (body, _) = chunked(rest).ok_or("chunks that do not end")?;
                Body::Chunked(body)
            }
            more => return Err(format!("several framings: {more:?}")),
        };
        let length = match &body {
            Body::None => 0,
            Body::Length(body) => body.len(),
            Body::Chunked(_) => chunked(rest).map_or(0, |(_, end)| end),
        };
        if length != rest.len() {
            return Err(format!("bytes behind it: {:?}", String::from_utf8_lossy(&rest[length..])));
        }
        let all = std::mem::take(&mut fields);
        let fields = all.into_iter().filter(|(n, _)| n != "content-length" && n != "transfer-encoding");
        Ok(Self { line, fields: fields.collect(), body })
    }
}
