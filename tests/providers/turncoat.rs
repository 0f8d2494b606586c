//! A provider that answers well until it is told to do something else, by the byte.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use testkit::Key;
use testkit::eventually::scripted_pause;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// What it does with a request.
#[derive(Clone)]
pub(crate) enum Act {
    /// Answers with its metadata or its keys.
    Well,
    /// The same, after a while.
    Late(Duration),
    /// Sends these bytes and closes.
    Say(Vec<u8>),
    /// Sends these bytes and then nothing, without closing.
    Hold(Vec<u8>),
    /// Sends these bytes one by one, each after a pause.
    Dribble(Vec<u8>, Duration),
    /// Sends the first bytes once and the others for as long as somebody reads.
    Endless(Vec<u8>, Vec<u8>),
    /// Sends these bytes and resets the connection.
    Reset(Vec<u8>),
    /// Takes the connection and says nothing.
    Silent,
    /// Shows this certificate, and answers well to who believes it.
    Show(Arc<ServerConfig>),
    /// Speaks no TLS where TLS is expected.
    PlainText(Vec<u8>),
}

/// An answer with a body and its true length. `headers` are whole lines.
pub(crate) fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Act {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    Act::Say([head.as_bytes(), body].concat())
}

/// Which of its documents the act is for. Metadata is answered well beside bad keys; beside bad metadata, the keys are
/// gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Document {
    Keys,
    Metadata,
    /// Both.
    Any,
}

/// The provider; it ends when this is dropped.
pub(crate) struct Turncoat {
    /// Its identifier, as in `iss`.
    pub(crate) url: String,
    pub(crate) port: u16,
    shared: Arc<Shared>,
    serving: tokio::task::JoinHandle<()>,
}

struct Shared {
    url: String,
    part: Mutex<(Document, Act)>,
    keys: Mutex<Vec<Value>>,
    tls: Option<Arc<ServerConfig>>,
    asked_for_keys: AtomicUsize,
    open: AtomicUsize,
    most_open: AtomicUsize,
}

impl Turncoat {
    /// Starts one that publishes these keys at a free port.
    pub(crate) async fn start(keys: &[&Key]) -> Self {
        Self::at(0, None, keys).await
    }

    /// The same with TLS and this certificate.
    pub(crate) async fn with_tls(certificate: Arc<ServerConfig>, keys: &[&Key]) -> Self {
        Self::at(0, Some(certificate), keys).await
    }

    /// The same at a port that it had before.
    pub(crate) async fn at(port: u16, tls: Option<Arc<ServerConfig>>, keys: &[&Key]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("the port is free");
        let port = listener.local_addr().expect("its address").port();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let shared = Arc::new(Shared {
            url: format!("{scheme}://127.0.0.1:{port}"),
            part: Mutex::new((Document::Any, Act::Well)),
            keys: Mutex::default(),
            tls,
            asked_for_keys: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            most_open: AtomicUsize::new(0),
        });
        let all = Arc::clone(&shared);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&all);
                tokio::spawn(async move {
                    let open = shared.open.fetch_add(1, Ordering::SeqCst) + 1;
                    shared.most_open.fetch_max(open, Ordering::SeqCst);
                    let _gone = shared.serve(stream).await;
                    shared.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        let turncoat = Self { url: shared.url.clone(), port, shared, serving };
        turncoat.publish(keys);
        turncoat
    }

    /// Publishes these keys from now on.
    pub(crate) fn publish(&self, keys: &[&Key]) {
        *self.shared.keys.lock().expect("the keys") = keys.iter().map(|key| key.jwk()).collect();
    }

    /// Does this with every request for `document` from now on.
    pub(crate) fn play(&self, document: Document, act: Act) {
        *self.shared.part.lock().expect("the part") = (document, act);
    }

    /// How often its keys were asked for.
    pub(crate) fn asked_for_keys(&self) -> usize {
        self.shared.asked_for_keys.load(Ordering::SeqCst)
    }

    /// How many connections were open at the same time at most.
    pub(crate) fn most_open(&self) -> usize {
        self.shared.most_open.load(Ordering::SeqCst)
    }
}

impl Drop for Turncoat {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Shared {
    async fn serve(&self, stream: TcpStream) -> Option<()> {
        let (_, act) = self.part.lock().ok()?.clone();
        match (&act, &self.tls) {
            (Act::Silent, _) => wait_for_its_end(stream).await,
            (Act::PlainText(bytes), Some(_)) => {
                let mut stream = stream;
                stream.write_all(bytes).await.ok()
            }
            (Act::Show(other), Some(_)) => self.answer(handshake(other, stream).await?).await,
            (_, Some(tls)) => self.answer(handshake(tls, stream).await?).await,
            (Act::Reset(bytes), None) => {
                let mut stream = stream;
                read_head(&mut stream).await?;
                stream.write_all(bytes).await.ok()?;
                stream.set_zero_linger().ok()
            }
            (_, None) => self.answer(stream).await,
        }
    }

    async fn answer(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin) -> Option<()> {
        let head = read_head(&mut stream).await?;
        let target = head.split(' ').nth(1)?;
        let document = if target.contains("/.well-known/") { Document::Metadata } else { Document::Keys };
        if document == Document::Keys {
            self.asked_for_keys.fetch_add(1, Ordering::SeqCst);
        }
        let (of, act) = self.part.lock().ok()?.clone();
        let act = match (of, document) {
            // Its keys are gone as well, or nobody would look at its metadata within the hour.
            (Document::Metadata, Document::Keys) => answer("410 Gone", "", ""),
            (Document::Keys, Document::Metadata) => Act::Well,
            _ => act,
        };
        match act {
            Act::Late(pause) => {
                scripted_pause(pause).await;
                self.well(stream, target).await
            }
            Act::Say(bytes) => {
                stream.write_all(&bytes).await.ok()?;
                stream.shutdown().await.ok()
            }
            Act::Hold(bytes) => {
                stream.write_all(&bytes).await.ok()?;
                stream.flush().await.ok()?;
                wait_for_its_end(stream).await
            }
            Act::Dribble(bytes, pause) => {
                for byte in bytes {
                    stream.write_all(&[byte]).await.ok()?;
                    stream.flush().await.ok()?;
                    scripted_pause(pause).await;
                }
                Some(())
            }
            Act::Endless(first, others) => {
                stream.write_all(&first).await.ok()?;
                loop {
                    stream.write_all(&others).await.ok()?;
                }
            }
            _ => self.well(stream, target).await,
        }
    }

    async fn well(&self, mut stream: impl AsyncWrite + Unpin, target: &str) -> Option<()> {
        let url = &self.url;
        let body = match target {
            "/.well-known/openid-configuration" => {
                json!({"issuer": url, "jwks_uri": format!("{url}/jwks"), "token_endpoint": format!("{url}/token")})
            }
            _ => json!({"keys": *self.keys.lock().ok()?}),
        };
        if let Act::Say(bytes) = answer("200 OK", "Content-Type: application/json\r\n", body.to_string()) {
            stream.write_all(&bytes).await.ok()?;
        }
        stream.shutdown().await.ok()
    }
}

async fn handshake(
    tls: &Arc<ServerConfig>,
    stream: TcpStream,
) -> Option<impl AsyncRead + AsyncWrite + Unpin> {
    TlsAcceptor::from(Arc::clone(tls)).accept(stream).await.ok()
}

async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

async fn wait_for_its_end(mut stream: impl AsyncRead + Unpin) -> Option<()> {
    let mut piece = [0; 1024];
    while stream.read(&mut piece).await.ok()? > 0 {}
    Some(())
}
