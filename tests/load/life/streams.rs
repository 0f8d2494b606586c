//! Streams that live through an event: server-sent events, uploads in pieces, WebSocket, slow answers, each over its
//! own HTTP/1.1 connection, and events and uploads over HTTP/2. Each must come to its own end.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Frame;
use testkit::eventually::scripted_pause;
use testkit::gateway::Place;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Interval, interval, timeout};

use crate::answer;

/// The time between two pieces of a stream.
const STEP: Duration = Duration::from_millis(50);
/// No piece of a stream may be this late.
const PATIENCE: Duration = Duration::from_secs(10);
const PIECE: &[u8] = b"0123456789abcdef";

/// Streams under way.
pub(crate) struct Streams {
    under_way: JoinSet<Result<(), String>>,
}

/// What they came to.
pub(crate) struct Ended {
    pub(crate) whole: usize,
    pub(crate) cut: Vec<String>,
}

impl Streams {
    /// Opens `each` of every kind below `path`, with so many pieces each, and waits until all have begun.
    pub(crate) async fn begin(place: &Place, path: &'static str, each: usize, pieces: usize) -> Self {
        let (port, (http2, base)) = (place.port, place.http2());
        let (begun, mut has_begun) = mpsc::unbounded_channel::<()>();
        let mut under_way = JoinSet::new();
        for _ in 0..each {
            let named = |kind: &'static str, end: Result<(), String>| end.map_err(|e| format!("{kind}: {e}"));
            let (a, b, c, d) = (begun.clone(), begun.clone(), begun.clone(), begun.clone());
            let (e, f) = (begun.clone(), begun.clone());
            under_way.spawn(async move { named("events", events(port, path, pieces, a).await) });
            under_way.spawn(async move { named("upload", upload(port, path, pieces, b).await) });
            under_way.spawn(async move {
                named("WebSocket", websocket(port, &format!("{path}/ws"), pieces, c).await)
            });
            under_way.spawn(async move { named("slow answer", slow(port, path, pieces, d).await) });
            let (client, url) = (http2.clone(), format!("{base}{path}"));
            under_way
                .spawn(async move { named("HTTP/2 events", http2_events(client, url, pieces, e).await) });
            let (client, url) = (http2.clone(), format!("{base}{path}"));
            under_way
                .spawn(async move { named("HTTP/2 upload", http2_upload(client, url, pieces, f).await) });
        }
        for _ in 0..under_way.len() {
            let next = timeout(PATIENCE, has_begun.recv()).await;
            assert!(matches!(next, Ok(Some(()))), "every stream begins");
        }
        Self { under_way }
    }

    /// Waits for the end of each.
    pub(crate) async fn end(self) -> Ended {
        let (mut whole, mut cut) = (0, Vec::new());
        for end in self.under_way.join_all().await {
            match end {
                Ok(()) => whole += 1,
                Err(how) => cut.push(how),
            }
        }
        Ended { whole, cut }
    }
}

type Begun = mpsc::UnboundedSender<()>;

async fn open(port: u16, head: &str) -> Result<TcpStream, String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.map_err(|e| e.to_string())?;
    stream.set_nodelay(true).map_err(|e| e.to_string())?;
    stream.write_all(head.as_bytes()).await.map_err(|e| e.to_string())?;
    Ok(stream)
}

fn all_events(pieces: usize) -> String {
    (0..pieces).map(|n| format!("data: {n}\n\n")).collect()
}

async fn events(port: u16, path: &str, pieces: usize, begun: Begun) -> Result<(), String> {
    let target = format!("{path}/sse?n={pieces}&ms={}", STEP.as_millis());
    let mut stream = open(port, &format!("GET {target} HTTP/1.1\r\nHost: gateway.test\r\n\r\n")).await?;
    stream.readable().await.map_err(|e| e.to_string())?;
    let _ = begun.send(());
    let answer = answer::read(&mut stream).await?;
    let whole = answer.body == all_events(pieces).as_bytes();
    if whole { Ok(()) } else { Err(format!("{} bytes of the events", answer.body.len())) }
}

async fn upload(port: u16, path: &str, pieces: usize, begun: Begun) -> Result<(), String> {
    let head =
        format!("POST {path}/upload HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\n\r\n");
    let mut stream = open(port, &head).await?;
    for n in 0..pieces {
        let chunk = [b"10\r\n", PIECE, b"\r\n"].concat();
        stream.write_all(&chunk).await.map_err(|e| format!("piece {n}: {e}"))?;
        if n == 1 {
            let _ = begun.send(());
        }
        scripted_pause(STEP).await;
    }
    stream.write_all(b"0\r\n\r\n").await.map_err(|e| e.to_string())?;
    counted(&answer::read(&mut stream).await?.body, pieces)
}

fn counted(body: &[u8], pieces: usize) -> Result<(), String> {
    let wanted = format!("{} bytes", pieces * PIECE.len());
    let said = String::from_utf8_lossy(body);
    if said == wanted { Ok(()) } else { Err(format!("{said}, not {wanted}")) }
}

pub(super) async fn websocket(port: u16, path: &str, pieces: usize, begun: Begun) -> Result<(), String> {
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: gateway.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    let mut stream = open(port, &head).await?;
    let mut came = Vec::new();
    while !came.ends_with(b"\r\n\r\n") {
        came.push(stream.read_u8().await.map_err(|e| format!("the handshake: {e}"))?);
    }
    if !came.starts_with(b"HTTP/1.1 101") {
        return Err(String::from_utf8_lossy(&came).into_owned());
    }
    let _ = begun.send(());
    for n in 0..pieces {
        stream.write_all(PIECE).await.map_err(|e| format!("message {n}: {e}"))?;
        let mut echo = [0; PIECE.len()];
        let read = timeout(PATIENCE, stream.read_exact(&mut echo)).await;
        read.map_err(|_| format!("message {n} is late"))?.map_err(|e| format!("message {n}: {e}"))?;
        if echo != PIECE {
            return Err(format!("message {n} came back as another"));
        }
        scripted_pause(STEP).await;
    }
    Ok(())
}

async fn slow(port: u16, path: &str, pieces: usize, begun: Begun) -> Result<(), String> {
    let target = format!("{path}/slow?ms={}", STEP.as_millis() * pieces as u128);
    let mut stream = open(port, &format!("GET {target} HTTP/1.1\r\nHost: gateway.test\r\n\r\n")).await?;
    let _ = begun.send(());
    let answer = answer::read(&mut stream).await?;
    let wanted = format!("GET {target}");
    if answer.body == wanted.as_bytes() { Ok(()) } else { Err(format!("status {}", answer.status)) }
}

async fn http2_events(
    client: reqwest::Client,
    url: String,
    pieces: usize,
    begun: Begun,
) -> Result<(), String> {
    let url = format!("{url}/sse?n={pieces}&ms={}", STEP.as_millis());
    let answer = client.get(url).send().await.map_err(|e| format!("{e:?}"))?;
    let _ = begun.send(());
    let body = answer.text().await.map_err(|e| format!("{e:?}"))?;
    if body == all_events(pieces) { Ok(()) } else { Err(format!("{} bytes of the events", body.len())) }
}

async fn http2_upload(
    client: reqwest::Client,
    url: String,
    pieces: usize,
    begun: Begun,
) -> Result<(), String> {
    let body = Pieces { left: pieces, pace: interval(STEP), begun: Some(begun) };
    let request = client.post(format!("{url}/upload")).body(reqwest::Body::wrap(body));
    let answer = request.send().await.map_err(|e| format!("{e:?}"))?;
    counted(&answer.bytes().await.map_err(|e| format!("{e:?}"))?, pieces)
}

/// A body that comes a piece at a time.
struct Pieces {
    left: usize,
    pace: Interval,
    begun: Option<Begun>,
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        ready!(self.pace.poll_tick(cx));
        self.left -= 1;
        if let Some(begun) = self.begun.take() {
            let _ = begun.send(());
        }
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(PIECE)))))
    }
}
