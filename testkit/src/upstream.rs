//! An agent that says exactly what reached it, byte for byte, over HTTP/1.1 without TLS.
//!
//! Targets that end in these words get special answers: `/sse` (five events, one each 100 ms), `/slow` (an answer
//! after 3 s), `/hang-up` (closes without an answer), `/mirror` (each piece of a chunked body comes back at once).
//! A request that asks for an upgrade gets it, and its bytes back. Everything else is echoed as JSON.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::eventually::scripted_pause;

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The method.
    pub method: String,
    /// Path and query, as they stood in the request line.
    pub target: String,
    /// Names and values, in their order.
    pub headers: Vec<(String, String)>,
}

impl Seen {
    /// All values of a header.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }
}

/// The agent; it ends when this is dropped.
pub struct Upstream {
    /// Its port at 127.0.0.1.
    pub port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
    serving: tokio::task::JoinHandle<()>,
}

impl Upstream {
    /// Starts it at a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let all = Arc::clone(&seen);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Head and body are two writes: without this, each answer would wait for the gateway's delayed ACK.
                stream.set_nodelay(true).expect("a socket option");
                tokio::spawn(serve(stream, Arc::clone(&all)));
            }
        });
        Self { port, seen, serving }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Every request that has arrived so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("what was seen").clone()
    }

    /// The last request that has arrived.
    pub fn last(&self) -> Seen {
        self.seen().pop().expect("a request has arrived")
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(stream: TcpStream, all: Arc<Mutex<Vec<Seen>>>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let seen = read_head(&mut stream).await?;
        all.lock().ok()?.push(seen.clone());
        let path = seen.target.split('?').next().unwrap_or_default().to_owned();
        if path.ends_with("/hang-up") {
            return None;
        }
        if !seen.all("upgrade").is_empty() {
            return tunnel(&mut stream, &seen).await.ok();
        }
        if path.ends_with("/mirror") {
            mirror(&mut stream).await?;
            continue;
        }
        let length = read_body(&mut stream, &seen).await?;
        if path.ends_with("/slow") {
            scripted_pause(Duration::from_secs(3)).await;
        }
        if path.ends_with("/sse") {
            send_events(&mut stream).await.ok()?;
            continue;
        }
        let headers: Vec<Value> = seen.headers.iter().map(|(n, v)| json!([n, v])).collect();
        let body =
            json!({"method": seen.method, "target": seen.target, "headers": headers, "body_length": length})
                .to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.ok()?;
        if seen.method != "HEAD" {
            stream.write_all(body.as_bytes()).await.ok()?;
        }
        stream.flush().await.ok()?;
    }
}

async fn read_head(stream: &mut BufReader<TcpStream>) -> Option<Seen> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end_matches(['\r', '\n']).to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let mut words = lines.first()?.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let split = |line: &String| line.split_once(':').map(|(n, v)| (n.to_owned(), v.trim().to_owned()));
    Some(Seen { method, target, headers: lines[1..].iter().filter_map(split).collect() })
}

async fn read_body(stream: &mut BufReader<TcpStream>, seen: &Seen) -> Option<usize> {
    if let Some(length) = seen.all("content-length").first().and_then(|l| l.parse::<usize>().ok()) {
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        return Some(length);
    }
    if seen.all("transfer-encoding").is_empty() {
        return Some(0);
    }
    let mut total = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let size = usize::from_str_radix(line.trim().split(';').next()?, 16).ok()?;
        let mut piece = vec![0; size + 2];
        stream.read_exact(&mut piece).await.ok()?;
        total += size;
        if size == 0 {
            return Some(total);
        }
    }
}

/// Switches protocols as RFC 6455 section 4.2.2 says, and gives every byte back as it came.
async fn tunnel(stream: &mut BufReader<TcpStream>, seen: &Seen) -> std::io::Result<()> {
    // As long as an agent needs to think; one that answers at once is a test of its own.
    scripted_pause(Duration::from_millis(20)).await;
    let asked = format!("{}258EAFA5-E914-47DA-95CA-C5AB0DC85B11", seen.all("sec-websocket-key").concat());
    let accept = STANDARD.encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, asked.as_bytes()));
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    let mut piece = [0; 4096];
    loop {
        let n = stream.read(&mut piece).await?;
        if n == 0 {
            return Ok(());
        }
        stream.write_all(&piece[..n]).await?;
        stream.flush().await?;
    }
}

/// Answers at once, and gives each piece of a chunked body back as soon as it is there.
async fn mirror(stream: &mut BufReader<TcpStream>) -> Option<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await.ok()?;
    loop {
        stream.flush().await.ok()?;
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let size = usize::from_str_radix(line.trim(), 16).ok()?;
        let mut piece = vec![0; size + 2];
        stream.read_exact(&mut piece).await.ok()?;
        stream.write_all(format!("{size:x}\r\n").as_bytes()).await.ok()?;
        stream.write_all(&piece).await.ok()?;
        if size == 0 {
            return stream.flush().await.ok();
        }
    }
}

async fn send_events(stream: &mut BufReader<TcpStream>) -> std::io::Result<()> {
    stream
        .write_all(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
        )
        .await?;
    for i in 0..5 {
        let event = format!("data: {i}\n\n");
        stream.write_all(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes()).await?;
        stream.flush().await?;
        scripted_pause(Duration::from_millis(100)).await;
    }
    stream.write_all(b"0\r\n\r\n").await?;
    stream.flush().await
}
