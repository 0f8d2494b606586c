//! gRPC as a gateway sees it: an agent over HTTP/2 whose calls go on, and a client that says how its call ended.
//!
//! Messages are whatever text a test likes in their length-prefixed form; nobody here reads them.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use h2::client::ResponseFuture;
use h2::server::SendResponse;
use h2::{RecvStream, SendStream, client, server};
use http::{HeaderMap, HeaderValue, Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::Accept;

use crate::certificate::{Certificate, NAME};
use crate::client::over_tls;
use crate::upstream::acceptor;

/// The longest that a client waits for anything.
const SOON: Duration = Duration::from_secs(10);

/// A message as it stands in a body.
pub fn message(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len()).expect("a short message").to_be_bytes();
    [&[0][..], &length, text.as_bytes()].concat()
}

/// An agent that sends the same bytes to each caller, and further ones when it is told to; it ends when this is dropped.
pub struct Agent {
    port: u16,
    words: watch::Sender<Option<Word>>,
    given_up: Arc<AtomicUsize>,
    serving: JoinHandle<()>,
}

/// What an agent is told to do with its calls.
#[derive(Clone)]
enum Word {
    Say(Bytes),
    Finish,
}

impl Agent {
    /// Starts one over TLS with this certificate, which is for `localhost`.
    pub async fn start(certificate: &Certificate, first: Vec<u8>) -> Self {
        Self::saying(certificate, Some(first.into())).await
    }

    /// The same, and it takes calls and answers none.
    pub async fn silent(certificate: &Certificate) -> Self {
        Self::saying(certificate, None).await
    }

    async fn saying(certificate: &Certificate, first: Option<Bytes>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let (words, told) = watch::channel(None);
        let (given_up, tls) = (Arc::<AtomicUsize>::default(), acceptor(certificate));
        let count = Arc::clone(&given_up);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).expect("a socket option");
                tokio::spawn(serve(tls.accept(stream), first.clone(), told.clone(), Arc::clone(&count)));
            }
        });
        Self { port, words, given_up, serving }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// Sends this on every call that is under way.
    pub fn say(&self, bytes: Vec<u8>) {
        self.words.send_replace(Some(Word::Say(bytes.into())));
    }

    /// Ends every call that is under way with the status 0.
    pub fn finish(&self) {
        self.words.send_replace(Some(Word::Finish));
    }

    /// How many calls the gateway has given up.
    pub fn given_up(&self) -> usize {
        self.given_up.load(Ordering::SeqCst)
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(
    accepts: Accept<TcpStream>,
    first: Option<Bytes>,
    told: watch::Receiver<Option<Word>>,
    given_up: Arc<AtomicUsize>,
) -> Option<()> {
    let mut connection = server::handshake(accepts.await.ok()?).await.ok()?;
    while let Some(accepted) = connection.accept().await {
        let (request, respond) = accepted.ok()?;
        let (first, told, given_up) = (first.clone(), told.clone(), Arc::clone(&given_up));
        tokio::spawn(async move {
            // The request's body is kept open: to let it go would reset the call.
            let _asked = request;
            answer(respond, first, told, &given_up).await
        });
    }
    Some(())
}

async fn answer(
    mut respond: SendResponse<Bytes>,
    first: Option<Bytes>,
    mut told: watch::Receiver<Option<Word>>,
    given_up: &AtomicUsize,
) -> Option<()> {
    let Some(first) = first else {
        let _reason = poll_fn(|cx| respond.poll_reset(cx)).await;
        given_up.fetch_add(1, Ordering::SeqCst);
        return Some(());
    };
    let response = Response::builder().header("content-type", "application/grpc").body(()).ok()?;
    told.mark_unchanged();
    let mut sends = respond.send_response(response, false).ok()?;
    sends.send_data(first, false).ok()?;
    loop {
        tokio::select! {
            changed = told.changed() => changed.ok()?,
            _ = poll_fn(|cx| sends.poll_reset(cx)) => {
                given_up.fetch_add(1, Ordering::SeqCst);
                return Some(());
            }
        }
        let word = told.borrow_and_update().clone()?;
        match word {
            Word::Say(bytes) => sends.send_data(bytes, false).ok()?,
            Word::Finish => {
                let trailers =
                    HeaderMap::from_iter([("grpc-status".parse().ok()?, HeaderValue::from_static("0"))]);
                return sends.send_trailers(trailers).ok();
            }
        }
    }
}

/// How a call ended for its client.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// With trailers: `grpc-status` and `grpc-message`, empty where one is not there.
    Trailers(String, String),
    /// With nothing that says how.
    Bare,
    /// The stream was reset with this code.
    Reset(u32),
    /// The connection was lost.
    Lost,
}

/// A call whose response has begun; its connection ends when this is dropped.
pub struct Call {
    body: RecvStream,
    driving: Driving,
}

impl Call {
    /// Calls `path` over a TLS connection of its own to a gateway with this certificate.
    pub async fn begin(port: u16, certificate: &str, path: &str) -> Self {
        timeout(SOON, Self::begun(port, certificate, path)).await.expect("a response in time")
    }

    async fn begun(port: u16, certificate: &str, path: &str) -> Self {
        let (mut asks, response, driving) = begun(port, certificate, path).await;
        asks.send_data(message("ask").into(), true).expect("its message");
        let response = response.await.expect("a response");
        assert_eq!(response.status(), 200);
        Self { body: response.into_body(), driving }
    }

    /// Reads until so many bytes have come, and gives them.
    pub async fn read(&mut self, bytes: usize) -> Vec<u8> {
        let mut came = Vec::new();
        let read = async {
            while came.len() < bytes {
                let piece = self.body.data().await.expect("it goes on").expect("it stands");
                self.take(&piece, &mut came);
            }
        };
        timeout(SOON, read).await.expect("bytes in time");
        came
    }

    /// Reads to the end: what came, and how it ended.
    pub async fn end(mut self) -> (Vec<u8>, End) {
        timeout(SOON, self.rest()).await.expect("an end in time")
    }

    async fn rest(&mut self) -> (Vec<u8>, End) {
        let mut came = Vec::new();
        while let Some(piece) = self.body.data().await {
            match piece {
                Ok(piece) => self.take(&piece, &mut came),
                Err(error) => return (came, of(&error)),
            }
        }
        let end = match self.body.trailers().await {
            Ok(Some(trailers)) => {
                let text =
                    |name| trailers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
                End::Trailers(text("grpc-status").to_owned(), text("grpc-message").to_owned())
            }
            Ok(None) => End::Bare,
            Err(error) => of(&error),
        };
        (came, end)
    }

    fn take(&mut self, piece: &Bytes, came: &mut Vec<u8>) {
        came.extend_from_slice(piece);
        self.body.flow_control().release_capacity(piece.len()).expect("no more than came");
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.driving.abort();
    }
}

/// What drives a connection.
type Driving = JoinHandle<Result<(), h2::Error>>;

/// A call that sends messages and is not answered yet; its connection ends when this is dropped.
pub struct Upload {
    sends: SendStream<Bytes>,
    response: ResponseFuture,
    driving: Driving,
}

impl Upload {
    /// Calls `path` over a TLS connection of its own to a gateway with this certificate.
    pub async fn begin(port: u16, certificate: &str, path: &str) -> Self {
        let (sends, response, driving) = begun(port, certificate, path).await;
        Self { sends, response, driving }
    }

    /// Sends one more message, if the call still stands.
    pub fn say(&mut self, text: &str) {
        let _ended = self.sends.send_data(message(text).into(), false);
    }

    /// How the call ends, which nobody answers but the gateway.
    pub async fn end(mut self) -> End {
        let response = timeout(SOON, &mut self.response).await.expect("an end in time");
        match response {
            Ok(response) => {
                let text = |name: &str| {
                    let value = response.headers().get(name).and_then(|value| value.to_str().ok());
                    value.unwrap_or_default().to_owned()
                };
                End::Trailers(text("grpc-status"), text("grpc-message"))
            }
            Err(error) => of(&error),
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.driving.abort();
    }
}

/// Begins a call of `path` over a TLS connection of its own: what sends its messages, its response, and what drives the connection.
async fn begun(port: u16, certificate: &str, path: &str) -> (SendStream<Bytes>, ResponseFuture, Driving) {
    let tcp = TcpStream::connect(("127.0.0.1", port)).await.expect("it connects");
    let tls = over_tls(tcp, certificate).await;
    let (sends, connection) = client::handshake(tls).await.expect("HTTP/2");
    let driving = tokio::spawn(connection);
    let request = Request::post(format!("https://{NAME}{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    let mut sends = sends.ready().await.expect("room for a stream");
    let (response, asks) =
        sends.send_request(request.body(()).expect("a request"), false).expect("it is sent");
    (asks, response, driving)
}

fn of(error: &h2::Error) -> End {
    match error.reason() {
        Some(reason) if error.is_reset() => End::Reset(reason.into()),
        _ => End::Lost,
    }
}
