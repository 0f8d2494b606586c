//! A steady load: so many requests a second, whatever comes back and however long that takes (an open loop).
//!
//! The time of an answer counts from the moment at which its request was due, so that a gateway that stands still is
//! not asked less often and looks well. What is sent is `ask`, what it came to is `tally`.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use testkit::eventually;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

use super::answer;
use super::ask::Ask;
use super::tally::Tally;

/// An answer that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(15);

/// How requests travel.
#[derive(Clone)]
pub(crate) enum Carrier {
    /// HTTP/1.1, each connection kept until the gateway closes it.
    Kept,
    /// HTTP/1.1, a connection for each request, which the client asks to be closed.
    PerRequest,
    /// A client of its own (HTTP/2 over TLS, usually), and the beginning of its URLs.
    Client(reqwest::Client, String),
}

/// A load under way.
pub(crate) struct Steady {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

struct Shared {
    port: u16,
    rate: u32,
    carrier: Carrier,
    asks: Box<dyn Fn(u64) -> Ask + Send + Sync>,
    began: Instant,
    next: AtomicU64,
    stopped: AtomicBool,
    tally: Mutex<Tally>,
}

impl Steady {
    /// Sends `rate` requests a second to this port of 127.0.0.1, at most `at_once` at the same time (and on so many
    /// connections). `asks` makes the n-th.
    pub(crate) fn start(
        port: u16,
        rate: u32,
        at_once: usize,
        carrier: Carrier,
        asks: impl Fn(u64) -> Ask + Send + Sync + 'static,
    ) -> Self {
        let shared = Arc::new(Shared {
            port,
            rate,
            carrier,
            asks: Box::new(asks),
            began: Instant::now(),
            next: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
            tally: Mutex::default(),
        });
        let workers = (0..at_once).map(|_| tokio::spawn(Arc::clone(&shared).work())).collect();
        Self { shared, workers }
    }

    /// How many have been sent, answered or failed.
    pub(crate) fn sent(&self) -> u64 {
        self.shared.tally.lock().expect("the tally").sent
    }

    /// Waits until this many more have been sent, answered or failed.
    pub(crate) async fn sends(&self, count: u64) {
        let goal = self.sent() + count;
        let within = Duration::from_secs(30) + Duration::from_secs(2 * count / u64::from(self.shared.rate));
        eventually(&format!("{count} more requests"), within, async || (self.sent() >= goal).then_some(()))
            .await;
    }

    /// Takes what was counted so far, and counts anew: a warm-up, or the part before an event.
    pub(crate) fn take(&self) -> Tally {
        std::mem::take(&mut self.shared.tally.lock().expect("the tally"))
    }

    /// Sends no more, waits for the last answers, and gives what came since the last `take`.
    pub(crate) async fn stop(self) -> Tally {
        self.shared.stopped.store(true, Ordering::SeqCst);
        for worker in self.workers {
            worker.await.expect("a connection of the load");
        }
        std::mem::take(&mut self.shared.tally.lock().expect("the tally"))
    }
}

impl Shared {
    async fn work(self: Arc<Self>) {
        let mut kept: Option<TcpStream> = None;
        while !self.stopped.load(Ordering::SeqCst) {
            let nth = self.next.fetch_add(1, Ordering::SeqCst);
            let mut due = self.began + Duration::from_secs(nth) / self.rate;
            if due > Instant::now() {
                sleep_until(due).await;
                // A timer that came late is not the gateway's fault.
                due = Instant::now();
            }
            if self.stopped.load(Ordering::SeqCst) {
                return;
            }
            let ask = (self.asks)(nth);
            let outcome = timeout(PATIENCE, self.send(&ask, &mut kept)).await;
            let outcome = outcome.unwrap_or_else(|_| {
                kept = None;
                Err("no answer in time".to_owned())
            });
            self.note(&ask, outcome, due.elapsed());
        }
    }

    fn note(&self, ask: &Ask, outcome: Result<(u16, Vec<u8>), String>, took: Duration) {
        let mut tally = self.tally.lock().expect("the tally");
        let example = |more: &str| format!("{} {} after {took:.1?}{more}", ask.method, ask.target);
        match outcome {
            Err(kind) => tally.failed(kind, example(""), false),
            Ok((status, body)) => {
                tally.answered(status, took);
                if let Some(kind) = ask.fault(status, &body) {
                    let shown = String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned();
                    tally.failed(kind, example(&format!(": {shown}")), true);
                }
            }
        }
    }

    async fn send(&self, ask: &Ask, kept: &mut Option<TcpStream>) -> Result<(u16, Vec<u8>), String> {
        let fresh = match &self.carrier {
            Carrier::Client(client, base) => return send_by(client, base, ask).await,
            Carrier::PerRequest => true,
            Carrier::Kept => false,
        };
        let mut stream = match kept.take().filter(|stream| !is_closed(stream)) {
            Some(stream) => stream,
            None => connect(self.port).await?,
        };
        let sent = stream.write_all(&ask.bytes(fresh)).await;
        // A peer that has refused early may have answered all the same.
        let answer = match (answer::read(&mut stream).await, sent) {
            (Err(_), Err(error)) => return Err(format!("{:?} while it was sent", error.kind())),
            (answer, _) => answer?,
        };
        if !answer.close && !fresh {
            *kept = Some(stream);
        }
        Ok((answer.status, answer.body))
    }
}

async fn connect(port: u16) -> Result<TcpStream, String> {
    let connected = TcpStream::connect(("127.0.0.1", port)).await;
    let stream = connected.map_err(|error| format!("connect: {:?}", error.kind()))?;
    stream.set_nodelay(true).map_err(|error| format!("{:?} at once", error.kind()))?;
    Ok(stream)
}

/// Whether the gateway has closed a connection between two requests, which it may.
fn is_closed(stream: &TcpStream) -> bool {
    matches!(stream.try_read(&mut [0]), Ok(0))
}

async fn send_by(client: &reqwest::Client, base: &str, ask: &Ask) -> Result<(u16, Vec<u8>), String> {
    let method = ask.method.parse().expect("a method");
    let request = client.request(method, format!("{base}{}", ask.target)).body(ask.body.clone());
    let request = ask.headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
    let answer = request.send().await.map_err(|error| format!("client: {}", innermost(&error)))?;
    let status = answer.status().as_u16();
    let body = answer.bytes().await.map_err(|error| format!("client, inside: {}", innermost(&error)))?;
    Ok((status, body.to_vec()))
}

fn innermost(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |e| e.source()).last().unwrap_or(error).to_string()
}
