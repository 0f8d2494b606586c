//! The agents behind the gateway: one server that answers at once with the request line as it saw it, gives as much as
//! it is asked for, swallows any body, and hangs when it is told to.
//!
//! `/big/N` is N bytes long. While it hangs it accepts and never answers, or reads a byte in a while, or does not even
//! accept.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;

/// How the agent is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// It answers.
    Well,
    /// It accepts, reads, and never answers.
    Silent,
    /// It accepts and reads a byte in a while.
    Sluggish,
    /// It does not accept.
    Deaf,
}

/// The pause of a sluggish reader.
const WHILE: Duration = Duration::from_millis(100);
/// Connections that the system holds for an agent that does not accept.
const BACKLOG: u32 = 4;

/// The agent; it ends when this is dropped.
pub(crate) struct Origin {
    address: SocketAddr,
    mood: watch::Sender<Mood>,
    answered: Arc<AtomicUsize>,
    serving: tokio::task::JoinHandle<()>,
}

impl Origin {
    pub(crate) fn start(mood: Mood) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
        let backlog = if mood == Mood::Deaf { BACKLOG } else { 4096 };
        let listener = socket.listen(backlog).expect("it listens");
        let address = listener.local_addr().expect("its address");
        let (mood, _) = watch::channel(mood);
        let answered: Arc<AtomicUsize> = Arc::default();
        let serving = tokio::spawn(accept(listener, mood.subscribe(), Arc::clone(&answered)));
        Self { address, mood, answered, serving }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on it is so, also on the connections that it has.
    pub(crate) fn turn(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    /// How many requests it has answered, or begun to.
    pub(crate) fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }

    /// Takes the places in the queue of an agent that does not accept, so that the next one is not even heard.
    pub(crate) async fn fill_queue(&self) -> Vec<TcpStream> {
        let mut held = Vec::new();
        while let Ok(Ok(stream)) = tokio::time::timeout(WHILE, TcpStream::connect(self.address)).await {
            held.push(stream);
        }
        held
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn accept(listener: TcpListener, mut mood: watch::Receiver<Mood>, answered: Arc<AtomicUsize>) {
    loop {
        if mood.wait_for(|mood| *mood != Mood::Deaf).await.is_err() {
            return;
        }
        // A fault of accepting is one of a single connection.
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        tokio::spawn(serve(stream, mood.clone(), Arc::clone(&answered)));
    }
}

/// Answers one request after the other.
async fn serve(
    mut stream: TcpStream,
    mut mood: watch::Receiver<Mood>,
    answered: Arc<AtomicUsize>,
) -> Option<()> {
    let mut bytes = Vec::with_capacity(16 * 1024);
    let mut slow = tokio::time::interval(WHILE);
    loop {
        let end = loop {
            if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            let sluggish = *mood.borrow() == Mood::Sluggish;
            if sluggish {
                slow.tick().await;
                bytes.push(stream.read_u8().await.ok()?);
            } else if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let behind = bytes.split_off(end);
        bytes = swallow(&mut stream, &head, behind).await?;
        mood.wait_for(|mood| *mood == Mood::Well).await.ok()?;
        // Before the answer: whoever has it finds it counted.
        answered.fetch_add(1, Ordering::Relaxed);
        give(&mut stream, &head).await?;
    }
}

/// Reads the body of a request whose head this is; gives back what came behind it.
async fn swallow(stream: &mut TcpStream, head: &str, mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    let lower = head.to_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length:"));
    if let Some(length) = length {
        let mut left = length.trim().parse::<usize>().ok()?;
        loop {
            let taken = left.min(bytes.len());
            bytes.drain(..taken);
            left -= taken;
            if left == 0 {
                return Some(bytes);
            }
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        }
    }
    if lower.contains("\r\ntransfer-encoding:") {
        // Nobody here sends these five bytes inside a body.
        while !bytes.ends_with(b"0\r\n\r\n") {
            let keep = bytes.len().min(4);
            bytes.drain(..bytes.len() - keep);
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        }
        bytes.clear();
    }
    Some(bytes)
}

async fn give(stream: &mut TcpStream, head: &str) -> Option<()> {
    let mut words = head.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let wanted = target.split("/big/").nth(1).and_then(|n| n.parse::<usize>().ok());
    let Some(mut left) = wanted else {
        let seen = format!("{method} {target}");
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{seen}", seen.len());
        return stream.write_all(answer.as_bytes()).await.ok();
    };
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {left}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.ok()?;
    let piece = vec![b'x'; 64 * 1024];
    while left > 0 {
        let now = left.min(piece.len());
        stream.write_all(&piece[..now]).await.ok()?;
        left -= now;
    }
    Some(())
}
