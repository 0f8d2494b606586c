//! The one echo agent: it says exactly what reached it, or, under load, the request line alone. Over TLS it speaks HTTP/2
//! to a peer that asks for it.
//!
//! Targets that end in these words get special answers, with numbers of their query:
//!
//! - `/sse`: `n` events (5), one each `ms` (100);
//! - `/slow`: an answer after `ms` (3000);
//! - `/hang-up`: closes without an answer;
//! - `/mirror`: each piece of a chunked body comes back at once;
//! - `/upload`, of a terse one: how many bytes came;
//! - `/together`, of a terse one: an answer when `n` such requests have come.
//!
//! Over HTTP/2 every target is echoed. A request that asks for an upgrade gets it, and its bytes back. An agent that misbehaves is in `scripted`.

mod http2;
mod seen;
mod tunnel;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(crate) use http2::{acceptor, acceptor_for};
pub use seen::Seen;

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::certificate::Certificate;
use crate::eventually::scripted_pause;

/// The agent; it ends when this is dropped.
pub struct Upstream {
    /// Its port at 127.0.0.1.
    pub port: u16,
    book: Arc<Book>,
    serving: tokio::task::JoinHandle<()>,
}

/// What has come, and what it answers.
struct Book {
    /// Every request; `None` for a terse agent, which keeps nothing.
    seen: Option<Mutex<Vec<Seen>>>,
    count: AtomicU64,
    together: watch::Sender<u64>,
}

impl Upstream {
    /// Starts one that keeps every request, and answers with what it saw as JSON.
    pub async fn start() -> Self {
        Self::with(Some(Mutex::default()), None).await
    }

    /// The same over TLS with this certificate.
    pub async fn over_tls(certificate: &Certificate) -> Self {
        Self::with(Some(Mutex::default()), Some(acceptor(certificate))).await
    }

    /// The same, which turns away who shows none of these certificates.
    pub async fn demanding(certificate: &Certificate, clients: &[&Certificate]) -> Self {
        Self::with(Some(Mutex::default()), Some(acceptor_for(certificate, clients))).await
    }

    /// Starts one that keeps nothing, and answers with the request line: an answer that belongs to another request shows.
    pub async fn terse() -> Self {
        Self::with(None, None).await
    }

    async fn with(seen: Option<Mutex<Vec<Seen>>>, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let book = Arc::new(Book { seen, count: AtomicU64::new(0), together: watch::Sender::new(0) });
        let all = Arc::clone(&book);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // An answer in two writes would wait for the gateway's delayed ACK.
                stream.set_nodelay(true).expect("a socket option");
                let book = Arc::clone(&all);
                match &tls {
                    None => drop(tokio::spawn(async move { serve(BufReader::new(stream), &book).await })),
                    Some(tls) => drop(tokio::spawn(http2::serve(tls.accept(stream), book))),
                }
            }
        });
        Self { port, book, serving }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How many requests have arrived so far.
    pub fn count(&self) -> u64 {
        self.book.count.load(Ordering::SeqCst)
    }

    /// Every request that has arrived so far.
    pub fn seen(&self) -> Vec<Seen> {
        let kept = self.book.seen.as_ref().expect("an agent that keeps what it saw");
        kept.lock().expect("what was seen").clone()
    }

    /// The last request that has arrived.
    pub fn last(&self) -> Seen {
        self.seen().pop().expect("a request has arrived")
    }
}

impl Book {
    fn enter(&self, seen: &Seen) {
        self.count.fetch_add(1, Ordering::SeqCst);
        if let Some(all) = &self.seen {
            all.lock().expect("what was seen").push(seen.clone());
        }
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(mut stream: BufReader<impl AsyncRead + AsyncWrite + Unpin>, book: &Book) -> Option<()> {
    loop {
        let seen = Seen::read(&mut stream).await?;
        book.enter(&seen);
        if seen.path().ends_with("/hang-up") {
            return None;
        }
        if seen.field("upgrade").is_some() {
            return tunnel::open(&mut stream, &seen).await;
        }
        if seen.path().ends_with("/mirror") {
            mirror(&mut stream).await?;
            continue;
        }
        let length = seen.body(&mut stream).await?;
        if seen.path().ends_with("/slow") {
            scripted_pause(Duration::from_millis(seen.number("ms").unwrap_or(3_000))).await;
        }
        if seen.path().ends_with("/sse") {
            send_events(&mut stream, &seen).await?;
            continue;
        }
        let (kind, body) = match book.seen {
            Some(_) => ("application/json", echo(&seen, length)),
            None => ("text/plain", terse(&seen, length, &book.together).await?),
        };
        let mut text =
            format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len());
        if seen.method != "HEAD" {
            text += &body;
        }
        stream.write_all(text.as_bytes()).await.ok()?;
        stream.flush().await.ok()?;
    }
}

fn echo(seen: &Seen, length: u64) -> String {
    let headers: Vec<Value> = seen.headers.iter().map(|(n, v)| json!([n, v])).collect();
    json!({"method": seen.method, "target": seen.target, "headers": headers, "body_length": length})
        .to_string()
}

async fn terse(seen: &Seen, length: u64, together: &watch::Sender<u64>) -> Option<String> {
    if seen.path().ends_with("/upload") {
        return Some(format!("{length} bytes"));
    }
    if seen.path().ends_with("/together") {
        together.send_modify(|come| *come += 1);
        let wanted = seen.number("n").unwrap_or(1);
        together.subscribe().wait_for(|come| *come >= wanted).await.ok()?;
    }
    Some(seen.line())
}

/// Answers at once, and gives each piece of a chunked body back as soon as it is there.
async fn mirror(stream: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>) -> Option<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await.ok()?;
    loop {
        stream.flush().await.ok()?;
        let size = seen::chunk_size(stream).await?;
        let mut piece = vec![0; usize::try_from(size).ok()? + 2];
        stream.read_exact(&mut piece).await.ok()?;
        stream.write_all(format!("{size:x}\r\n").as_bytes()).await.ok()?;
        stream.write_all(&piece).await.ok()?;
        if size == 0 {
            return stream.flush().await.ok();
        }
    }
}

async fn send_events(stream: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>, seen: &Seen) -> Option<()> {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.ok()?;
    let pause = Duration::from_millis(seen.number("ms").unwrap_or(100));
    for n in 0..seen.number("n").unwrap_or(5) {
        let event = format!("data: {n}\n\n");
        stream.write_all(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes()).await.ok()?;
        stream.flush().await.ok()?;
        scripted_pause(pause).await;
    }
    stream.write_all(b"0\r\n\r\n").await.ok()?;
    stream.flush().await.ok()
}
