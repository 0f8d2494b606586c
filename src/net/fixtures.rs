//! A small server on loopback for tests: it reads one request per connection, and responds with raw bytes.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use url::Url;

/// Installs the TLS provider, unless another test of the process has.
pub(crate) fn install_tls() {
    // It fails only when one is installed already.
    rustls::crypto::ring::default_provider().install_default().ok();
}

/// The server's response to a request.
pub(crate) enum Reply {
    /// Writes these bytes and closes.
    Bytes(Vec<u8>),
    /// Writes these bytes and then nothing, without closing.
    Stall(Vec<u8>),
    /// Writes these bytes, and then zeros until the client closes.
    Endless(Vec<u8>),
}

/// A response with a body.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> Reply {
    let length = body.len();
    Reply::Bytes(format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n{body}").into_bytes())
}

/// The server. It ends when it is dropped.
pub(crate) struct Loopback {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
    task: AbortHandle,
}

impl Loopback {
    /// Starts a server that answers each request head with what `reply` says.
    pub(crate) async fn start(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let (reply, seen) = (Arc::new(reply), Arc::clone(&heads));
        let task = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let (reply, seen) = (Arc::clone(&reply), Arc::clone(&seen));
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        match stream.read_u8().await {
                            Ok(byte) => head.push(byte),
                            Err(_) => return,
                        }
                    }
                    let head = String::from_utf8(head).unwrap();
                    seen.lock().unwrap().push(head.clone());
                    match reply(&head) {
                        Reply::Bytes(bytes) => {
                            stream.write_all(&bytes).await.ok();
                        }
                        Reply::Stall(bytes) => {
                            stream.write_all(&bytes).await.ok();
                            std::future::pending::<()>().await;
                        }
                        Reply::Endless(bytes) => {
                            stream.write_all(&bytes).await.ok();
                            while stream.write_all(&[b'0'; 8192]).await.is_ok() {}
                        }
                    }
                });
            }
        })
        .abort_handle();
        Self { port, heads, task }
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        format!("http://127.0.0.1:{}{path}", self.port).parse().unwrap()
    }

    /// The request heads so far.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.task.abort();
    }
}
