//! An agent that reads its connections to the letter: whatever stands where a request should, is written down. It
//! answers in the way that the query of a request names, with the path as the body.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use testkit::eventually::scripted_pause;
use testkit::raw::{chunked, find, head_of};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// The answer behind which another one comes later, for which nobody has asked.
pub(crate) const BEHIND_LATER: &str = "behind-later";

/// How an answer can come.
pub(crate) const ANSWERS: [&str; 19] = [
    "length",
    "chunked",
    "extensions",
    "trailers",
    "nothing",
    "unchanged",
    "interim",
    "early",
    "early-chunked",
    "old",
    "until-close",
    "says-close",
    "behind",
    BEHIND_LATER,
    "chunks-and-behind",
    "nothing-with-body",
    "head-with-body",
    "cut",
    "cut-chunk",
];

/// The agent; it ends when this is dropped.
pub(crate) struct Exact {
    pub(crate) port: u16,
    taken: Arc<Taken>,
    serving: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Taken {
    requests: AtomicUsize,
    connections: AtomicUsize,
    strays: AtomicUsize,
    faults: Mutex<Vec<String>>,
}

impl Exact {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let taken = Arc::new(Taken::default());
        let all = Arc::clone(&taken);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                all.connections.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(Peer { stream, taken: Arc::clone(&all), buffer: Vec::new() }.serve());
            }
        });
        Self { port, taken, serving }
    }

    /// What stood where no request was, since the last call.
    pub(crate) fn faults(&self) -> Vec<String> {
        std::mem::take(&mut self.taken.faults.lock().expect("the faults"))
    }

    /// How often something was said for which nobody had asked, later than the answer before it.
    pub(crate) fn strays(&self) -> usize {
        self.taken.strays.load(Ordering::Relaxed)
    }

    /// How many requests have come, and on how many connections.
    pub(crate) fn count(&self) -> (usize, usize) {
        (self.taken.requests.load(Ordering::Relaxed), self.taken.connections.load(Ordering::Relaxed))
    }
}

impl Drop for Exact {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

struct Peer {
    stream: TcpStream,
    taken: Arc<Taken>,
    buffer: Vec<u8>,
}

impl Peer {
    async fn serve(mut self) -> Option<()> {
        loop {
            while self.buffer.len() < 4 {
                self.more().await?;
            }
            if !self.buffer.iter().take(3).all(u8::is_ascii_uppercase) {
                let text = self.buffer.escape_ascii().to_string();
                self.taken.faults.lock().expect("the faults").push(text);
                return None;
            }
            let end = loop {
                match find(&self.buffer, b"\r\n\r\n") {
                    Some(at) => break at + 4,
                    None => self.more().await?,
                }
            };
            let head: Vec<u8> = self.buffer.drain(..end).collect();
            self.taken.requests.fetch_add(1, Ordering::Relaxed);
            let (line, fields) = head_of(&head);
            let target = line.split(' ').nth(1).unwrap_or_default();
            let (path, how) = target.split_once('?').unwrap_or((target, "length"));
            let is_early = how.starts_with("early");
            if is_early {
                self.answer(&line, path, how).await?;
            }
            self.body(&fields).await?;
            if !is_early {
                self.answer(&line, path, how).await?;
            }
        }
    }

    async fn body(&mut self, fields: &[(String, String)]) -> Option<()> {
        let field = |name: &str| fields.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
        let length = field("content-length").map_or(0, |length| length.parse().expect("a length"));
        let is_chunked = field("transfer-encoding").is_some();
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

    /// Answers; none when the connection ends with it.
    async fn answer(&mut self, line: &str, path: &str, how: &str) -> Option<()> {
        let is_head = line.starts_with("HEAD ");
        let sized = format!("Content-Length: {}\r\n\r\n{path}", path.len());
        let chunk = format!("{:x}\r\n{path}\r\n", path.len());
        let ok = "HTTP/1.1 200 OK\r\n";
        let coded = format!("{ok}Transfer-Encoding: chunked\r\n\r\n");
        let stray = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray";
        let text = match how {
            "chunked" | "early-chunked" => format!("{coded}{chunk}0\r\n\r\n"),
            "extensions" => {
                format!("{coded}{:x};a=b;c=\"d;\"\r\n{path}\r\n000;e\r\n\r\n", path.len())
            }
            "trailers" => format!("{coded}{chunk}0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n"),
            "nothing" => "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
            "unchanged" => "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n".to_owned(),
            "interim" => format!(
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n{ok}{sized}"
            ),
            "old" => format!("HTTP/1.0 200 OK\r\n{sized}"),
            "until-close" => format!("{ok}\r\n{path}"),
            "says-close" => format!("{ok}Connection: close\r\n{sized}"),
            "behind" | BEHIND_LATER => format!("{ok}{sized}"),
            "chunks-and-behind" => format!("{coded}{chunk}0\r\n\r\n{stray}"),
            "nothing-with-body" => "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nstray".to_owned(),
            "cut" => format!("{ok}Content-Length: {}\r\n\r\n{path}", path.len() + 1),
            "cut-chunk" => format!("{coded}{chunk}5\r\nab"),
            _ => format!("{ok}{sized}"),
        };
        let text = match text.split_once("\r\n\r\n") {
            Some((head, _)) if is_head && how != "head-with-body" && how != "interim" => {
                format!("{head}\r\n\r\n")
            }
            _ => text,
        };
        let text = if how == "behind" { format!("{text}{stray}") } else { text };
        self.stream.write_all(text.as_bytes()).await.ok()?;
        match how {
            BEHIND_LATER => {
                scripted_pause(Duration::from_millis(20)).await;
                let said = self.stream.write_all(stray.as_bytes()).await;
                self.taken.strays.fetch_add(1, Ordering::Relaxed);
                said.ok()
            }
            "until-close" | "cut" | "cut-chunk" => None,
            _ => Some(()),
        }
    }

    async fn more(&mut self) -> Option<()> {
        let mut piece = [0_u8; 16 * 1024];
        let n = self.stream.read(&mut piece).await.ok().filter(|n| *n > 0)?;
        self.buffer.extend_from_slice(&piece[..n]);
        Some(())
    }
}
