//! A quick agent: it answers each request with its request line, so that an answer that belongs to another request
//! shows.
//!
//! Paths that end in `/sse` stream `n` events, one each `ms`; `/upload` says how many bytes came; `/slow` answers after
//! `ms`; `/together` answers when `n` such requests have come. A request that asks for an upgrade gets it after `ms`, and
//! its bytes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest;
use testkit::eventually::scripted_pause;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The agent; it takes no more connections when this is dropped.
pub(crate) struct Agent {
    pub(crate) port: u16,
    seen: Arc<AtomicU64>,
    serving: tokio::task::JoinHandle<()>,
}

/// A request head as it came.
pub(crate) struct Head {
    pub(crate) line: String,
    pub(crate) fields: Vec<(String, String)>,
}

impl Agent {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let seen: Arc<AtomicU64> = Arc::default();
        let count = Arc::clone(&seen);
        let together = watch::Sender::new(0);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).expect("a socket option");
                let (count, together) = (Arc::clone(&count), together.clone());
                tokio::spawn(async move { while_it_asks(BufReader::new(stream), &count, &together).await });
            }
        });
        Self { port, seen, serving }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How many requests have arrived.
    pub(crate) fn seen(&self) -> u64 {
        self.seen.load(Ordering::SeqCst)
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Head {
    pub(crate) async fn read(stream: &mut BufReader<TcpStream>) -> Option<Self> {
        let (mut lines, mut line) = (Vec::<String>::new(), String::new());
        while stream.read_line(&mut line).await.ok()? > 0 {
            let text = line.trim_end();
            if text.is_empty() {
                let fields = lines.split_off(1);
                let split = |line: String| {
                    line.split_once(':').map(|(n, v)| (n.to_ascii_lowercase(), v.trim().to_owned()))
                };
                let line = lines.pop()?.strip_suffix(" HTTP/1.1")?.to_owned();
                return Some(Self { line, fields: fields.into_iter().filter_map(split).collect() });
            }
            lines.push(text.to_owned());
            line.clear();
        }
        None
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Path and query.
    pub(crate) fn target(&self) -> &str {
        self.line.split(' ').nth(1).unwrap_or_default()
    }

    /// A number of the query.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        let query = self.target().split_once('?')?.1;
        query.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
    }

    /// Reads the body that belongs to this head, and says how long it is.
    pub(crate) async fn body(&self, stream: &mut BufReader<TcpStream>) -> Option<u64> {
        if self.field("transfer-encoding").is_none() {
            let length = self.field("content-length").map_or(Some(0), |l| l.parse().ok())?;
            let taken = tokio::io::copy(&mut stream.take(length), &mut tokio::io::sink()).await.ok()?;
            return (taken == length).then_some(length);
        }
        let mut total = 0;
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.ok()?;
            let size = u64::from_str_radix(line.trim(), 16).ok()?;
            let taken = tokio::io::copy(&mut stream.take(size + 2), &mut tokio::io::sink()).await.ok()?;
            if taken != size + 2 {
                return None;
            }
            total += size;
            if size == 0 {
                return Some(total);
            }
        }
    }
}

async fn while_it_asks(
    mut stream: BufReader<TcpStream>,
    seen: &AtomicU64,
    together: &watch::Sender<u64>,
) -> Option<()> {
    loop {
        let head = Head::read(&mut stream).await?;
        seen.fetch_add(1, Ordering::SeqCst);
        if let Some(key) = head.field("sec-websocket-key").filter(|_| head.field("upgrade").is_some()) {
            // As long as an agent needs to think; one that answers at once is a test of its own.
            scripted_pause(Duration::from_millis(head.number("ms").unwrap_or(20))).await;
            return tunnel(&mut stream, key).await;
        }
        let length = head.body(&mut stream).await?;
        let path = head.target().split('?').next().unwrap_or_default();
        let pause = Duration::from_millis(head.number("ms").unwrap_or(100));
        let answer = if path.ends_with("/sse") {
            events(&mut stream, head.number("n").unwrap_or(10), pause).await?;
            continue;
        } else if path.ends_with("/upload") {
            format!("{length} bytes")
        } else {
            if path.ends_with("/slow") {
                scripted_pause(pause).await;
            } else if path.ends_with("/together") {
                together.send_modify(|come| *come += 1);
                let wanted = head.number("n").unwrap_or(1);
                together.subscribe().wait_for(|come| *come >= wanted).await.ok()?;
            }
            head.line.clone()
        };
        let text = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{answer}", answer.len());
        stream.write_all(text.as_bytes()).await.ok()?;
    }
}

async fn events(stream: &mut BufReader<TcpStream>, count: u64, pause: Duration) -> Option<()> {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.ok()?;
    for n in 0..count {
        let event = format!("data: {n}\n\n");
        stream.write_all(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes()).await.ok()?;
        scripted_pause(pause).await;
    }
    stream.write_all(b"0\r\n\r\n").await.ok()
}

async fn tunnel(stream: &mut BufReader<TcpStream>, key: &str) -> Option<()> {
    let asked = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let accept = STANDARD.encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, asked.as_bytes()));
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.ok()?;
    let mut piece = [0; 4096];
    loop {
        let n = stream.read(&mut piece).await.ok().filter(|n| *n > 0)?;
        stream.write_all(&piece[..n]).await.ok()?;
    }
}
