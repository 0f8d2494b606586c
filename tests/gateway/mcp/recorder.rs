//! An upstream that keeps what it is sent, byte for byte.

use std::sync::{Arc, Mutex};

use testkit::upstream::Seen;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

const ANSWER: &str = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;

/// A request, whole.
#[derive(Clone)]
pub(crate) struct Recorded {
    pub(crate) head: Seen,
    pub(crate) body: Vec<u8>,
}

/// The upstream; it ends with the test.
pub(crate) struct Recorder {
    port: u16,
    all: Arc<Mutex<Vec<Recorded>>>,
}

impl Recorder {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let all: Arc<Mutex<Vec<Recorded>>> = Arc::default();
        let kept = Arc::clone(&all);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(BufReader::new(stream), Arc::clone(&kept)));
            }
        });
        Self { port, all }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How many requests have begun.
    pub(crate) fn count(&self) -> usize {
        self.all.lock().expect("no panic").len()
    }

    /// The last one.
    pub(crate) fn last(&self) -> Recorded {
        self.all.lock().expect("no panic").last().expect("a request").clone()
    }
}

async fn serve(mut stream: BufReader<TcpStream>, all: Arc<Mutex<Vec<Recorded>>>) -> Option<()> {
    loop {
        let head = Seen::read(&mut stream).await?;
        // Counted before its body: a request that breaks off has arrived all the same.
        let at = {
            let mut all = all.lock().expect("no panic");
            all.push(Recorded { head: head.clone(), body: Vec::new() });
            all.len() - 1
        };
        let body = body(&head, &mut stream).await?;
        all.lock().expect("no panic")[at].body = body;
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{ANSWER}",
            ANSWER.len()
        );
        stream.get_mut().write_all(answer.as_bytes()).await.ok()?;
    }
}

async fn body(head: &Seen, stream: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    if head.field("transfer-encoding").is_none() {
        let length = head.field("content-length").map_or(Some(0), |length| length.parse().ok())?;
        let read = stream.take(length).read_to_end(&mut body).await.ok()?;
        return (read as u64 == length).then_some(body);
    }
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let size = u64::from_str_radix(line.trim(), 16).ok()?;
        let before = body.len() as u64;
        let read = (&mut *stream).take(size + 2).read_to_end(&mut body).await.ok()?;
        if read as u64 != size + 2 {
            return None;
        }
        body.truncate(usize::try_from(before + size).ok()?);
        if size == 0 {
            return Some(body);
        }
    }
}
