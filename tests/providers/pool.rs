//! Requests at a pace that does not wait for answers, over connections that are kept: as many as are needed at the
//! time, from the addresses that the test names.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// One answer: its status (0 when there was none) and how long it took.
pub(crate) type Answered = (u16, Duration);

/// Connections to one port.
pub(crate) struct Pool {
    port: u16,
    idle: Mutex<Vec<BufReader<TcpStream>>>,
}

impl Pool {
    pub(crate) fn new(port: u16) -> Arc<Self> {
        Arc::new(Self { port, idle: Mutex::default() })
    }

    /// Sends `per_second` requests a second for so long; the token of each is made when its time comes.
    pub(crate) async fn flood(
        self: &Arc<Self>,
        path: &'static str,
        per_second: usize,
        time: Duration,
        mut token: impl FnMut() -> String,
    ) -> Vec<Answered> {
        const BEAT: Duration = Duration::from_millis(10);
        let mut beat = tokio::time::interval(BEAT);
        let mut requests = JoinSet::new();
        for _ in 0..time.as_millis() / BEAT.as_millis() {
            beat.tick().await;
            for _ in 0..per_second / 100 {
                requests.spawn(Arc::clone(self).one(path, token(), Ipv4Addr::LOCALHOST));
            }
        }
        requests.join_all().await
    }

    /// Sends one request for each token at once, from several addresses of loopback in turn.
    pub(crate) async fn burst(self: &Arc<Self>, path: &'static str, tokens: Vec<String>) -> Vec<Answered> {
        let sent = tokens.into_iter().enumerate().map(|(i, token)| {
            let from = Ipv4Addr::new(127, 0, 0, 2 + u8::try_from(i % 8).unwrap_or(0));
            Arc::clone(self).one(path, token, from)
        });
        sent.collect::<JoinSet<_>>().join_all().await
    }

    async fn one(self: Arc<Self>, path: &'static str, token: String, from: Ipv4Addr) -> Answered {
        let began = Instant::now();
        let idle = self.idle.lock().expect("the connections").pop();
        let status = self.exchange(idle, path, &token, from).await.unwrap_or(0);
        (status, began.elapsed())
    }

    async fn exchange(
        &self,
        idle: Option<BufReader<TcpStream>>,
        path: &str,
        token: &str,
        from: Ipv4Addr,
    ) -> Option<u16> {
        let mut stream = match idle {
            Some(stream) => stream,
            None => {
                let socket = TcpSocket::new_v4().ok()?;
                socket.bind((from, 0).into()).ok()?;
                let stream = socket.connect((Ipv4Addr::LOCALHOST, self.port).into()).await.ok()?;
                stream.set_nodelay(true).ok()?;
                BufReader::new(stream)
            }
        };
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Bearer {token}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let (mut status, mut length, mut line) = (None, 0, String::new());
        loop {
            line.clear();
            stream.read_line(&mut line).await.ok().filter(|n| *n > 0)?;
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            match line.strip_prefix("content-length:") {
                Some(value) => length = value.trim().parse().ok()?,
                None if status.is_none() => status = line.split(' ').nth(1)?.parse().ok(),
                None => {}
            }
        }
        stream.read_exact(&mut vec![0; length]).await.ok()?;
        self.idle.lock().expect("the connections").push(stream);
        status
    }
}
