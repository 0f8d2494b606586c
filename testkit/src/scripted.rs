//! An upstream that does to each connection what a test says, by the byte: streams at its own pace, hangs up at
//! the wrong moment, answers on one connection and not on the next.
//!
//! An agent that just answers is in `upstream`.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A short answer that keeps the connection.
pub const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// The upstream; it ends when this is dropped.
pub struct Scripted {
    /// Its port at 127.0.0.1, or wherever it was told to listen.
    pub port: u16,
    heads: Arc<Mutex<Vec<String>>>,
    serving: tokio::task::JoinHandle<()>,
}

/// One connection of the gateway's.
pub struct Peer {
    /// Which connection this is, from 0.
    pub nth: usize,
    stream: BufReader<TcpStream>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    /// Plays `script` on every connection to a free port of 127.0.0.1.
    pub async fn start<F>(script: impl Fn(Peer) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Option<()>> + Send + 'static,
    {
        Self::at("127.0.0.1", script).await
    }

    /// The same at another address.
    pub async fn at<F>(address: &str, script: impl Fn(Peer) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Option<()>> + Send + 'static,
    {
        Self::on(TcpListener::bind((address, 0)).await.expect("a free port"), script)
    }

    /// The same at this listener.
    pub fn on<F>(listener: TcpListener, script: impl Fn(Peer) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Option<()>> + Send + 'static,
    {
        let port = listener.local_addr().expect("its address").port();
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let all = Arc::clone(&heads);
        let serving = tokio::spawn(async move {
            let mut nth = 0;
            while let Ok((stream, _)) = listener.accept().await {
                let peer = Peer { nth, stream: BufReader::new(stream), heads: Arc::clone(&all) };
                tokio::spawn(script(peer));
                nth += 1;
            }
        });
        Self { port, heads, serving }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The heads of all requests.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("the heads").clone()
    }

    /// How many requests have arrived whose head begins so.
    pub fn count(&self, beginning: &str) -> usize {
        self.heads.lock().expect("the heads").iter().filter(|head| head.starts_with(beginning)).count()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Peer {
    /// The next request head; `None` when the gateway has closed.
    pub async fn head(&mut self) -> Option<String> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.stream.read_line(&mut head).await.ok()? == 0 {
                return None;
            }
        }
        self.heads.lock().ok()?.push(head.clone());
        Some(head)
    }

    /// Reads until `last` has come, and gives what came; `None` when it never does.
    pub async fn until(&mut self, last: &str) -> Option<String> {
        let mut came = Vec::new();
        while !came.ends_with(last.as_bytes()) {
            came.push(self.stream.read_u8().await.ok()?);
        }
        Some(String::from_utf8_lossy(&came).into_owned())
    }

    /// Reads what has come, at least a byte of it; `None` when the gateway has closed.
    pub async fn until_any(&mut self) -> Option<String> {
        let came = String::from_utf8_lossy(self.stream.fill_buf().await.ok()?).into_owned();
        self.stream.consume(came.len());
        (!came.is_empty()).then_some(came)
    }

    /// Sends this.
    pub async fn say(&mut self, text: &str) -> Option<()> {
        self.send(text.as_bytes()).await
    }

    /// Sends these bytes.
    pub async fn send(&mut self, bytes: &[u8]) -> Option<()> {
        self.stream.write_all(bytes).await.ok()?;
        self.stream.flush().await.ok()
    }
}
