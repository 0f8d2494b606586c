//! An agent that dies: each connection after so many requests at one of eight moments, and now and then all of it at
//! once. It remembers every request of which it has read the head, by its target, and whether it had begun to answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use testkit::eventually::scripted_pause;
use testkit::upstream::Seen as Request;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The moments at which a connection dies.
const MOMENTS: [Moment; 8] = [
    Moment::AtOnce,
    Moment::BehindTheHead,
    Moment::InTheBody,
    Moment::BeforeTheAnswer,
    Moment::InTheAnswersHead,
    Moment::InTheAnswersBody,
    Moment::BehindTheAnswer,
    Moment::ResetBehindTheAnswer,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Moment {
    AtOnce,
    BehindTheHead,
    InTheBody,
    BeforeTheAnswer,
    InTheAnswersHead,
    InTheAnswersBody,
    BehindTheAnswer,
    ResetBehindTheAnswer,
}

/// Each time that a request came: whether a byte of the answer was sent.
pub(crate) type Seen = HashMap<String, Vec<bool>>;

/// The agent; it dies for good when this is dropped.
pub(crate) struct Mortal {
    pub(crate) port: u16,
    book: Arc<Mutex<Book>>,
    lives: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Book {
    seen: Seen,
    deaths: HashMap<Moment, u64>,
    connections: usize,
    restarts: u64,
}

impl Mortal {
    /// Starts it. After each `life` it is away for a moment.
    pub(crate) async fn start(life: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let book: Arc<Mutex<Book>> = Arc::default();
        let written = Arc::clone(&book);
        let lives = tokio::spawn(async move {
            let mut listener = listener;
            loop {
                let (dead, dies) = watch::channel(());
                tokio::select! {
                    () = scripted_pause(life) => {}
                    () = serve(&listener, &dies, &written) => {}
                }
                drop((dead, listener));
                written.lock().expect("the book").restarts += 1;
                scripted_pause(Duration::from_millis(50)).await;
                listener = TcpListener::bind(("127.0.0.1", port)).await.expect("the same port");
            }
        });
        Self { port, book, lives }
    }

    pub(crate) fn seen(&self) -> Seen {
        self.book.lock().expect("the book").seen.clone()
    }

    /// How many connections died at each moment, and how often all did.
    pub(crate) fn deaths(&self) -> (HashMap<Moment, u64>, u64) {
        let book = self.book.lock().expect("the book");
        (book.deaths.clone(), book.restarts)
    }
}

impl Drop for Mortal {
    fn drop(&mut self) {
        self.lives.abort();
    }
}

async fn serve(listener: &TcpListener, dies: &watch::Receiver<()>, book: &Arc<Mutex<Book>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let nth = {
            let mut book = book.lock().expect("the book");
            book.connections += 1;
            book.connections
        };
        let (mut dies, book) = (dies.clone(), Arc::clone(book));
        tokio::spawn(async move {
            stream.set_nodelay(true).expect("a socket option");
            let fate = MOMENTS[nth % MOMENTS.len()];
            tokio::select! {
                biased;
                // All of it dies: this connection in the middle of whatever it does.
                _ = dies.changed() => {}
                died = live(BufReader::new(stream), fate, nth / MOMENTS.len() % 20, &book) => {
                    if died.is_some() {
                        *book.lock().expect("the book").deaths.entry(fate).or_default() += 1;
                    }
                }
            }
        });
    }
}

/// Answers so many requests and dies with the next; `None` when the gateway closes first.
async fn live(
    mut stream: BufReader<TcpStream>,
    fate: Moment,
    healthy: usize,
    book: &Mutex<Book>,
) -> Option<()> {
    for left in (0..=healthy).rev() {
        let fate = (left == 0).then_some(fate);
        if fate == Some(Moment::AtOnce) {
            return Some(());
        }
        let head = Request::read(&mut stream).await?;
        book.lock().ok()?.seen.entry(head.line()).or_default().push(false);
        match fate {
            Some(Moment::BehindTheHead) => return Some(()),
            Some(Moment::InTheBody) => {
                let mut piece = [0; 16];
                let _some = stream.read(&mut piece).await;
                return Some(());
            }
            _ => head.body(&mut stream).await?,
        };
        if fate == Some(Moment::BeforeTheAnswer) {
            return Some(());
        }
        if let Some(last) = book.lock().ok()?.seen.get_mut(&head.line()).and_then(|times| times.last_mut()) {
            *last = true;
        }
        let line = head.line();
        let text = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{line}", line.len());
        let length = match fate {
            Some(Moment::InTheAnswersHead) => 20,
            Some(Moment::InTheAnswersBody) => text.len() - 2,
            _ => text.len(),
        };
        stream.write_all(&text.as_bytes()[..length]).await.ok()?;
    }
    if fate == Moment::ResetBehindTheAnswer {
        // Without this a close is orderly.
        stream.get_ref().set_zero_linger().ok()?;
        // The answer has to be on its way: a reset takes back what was not yet taken.
        scripted_pause(Duration::from_millis(5)).await;
    }
    Some(())
}
