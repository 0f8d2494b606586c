//! Stopping: what runs is finished, what was sent is answered, and then the process ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use testkit::raw::{self, Wire};
use testkit::scripted::{Peer, Scripted};
use testkit::{Gateway, Start, Upstream, client, eventually};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, interval};

/// Twenty connections at this pace are two hundred requests a second.
const CONNECTIONS: usize = 20;
const PACE: Duration = Duration::from_millis(100);

async fn gateway(upstream: &Upstream, server: &str) -> Gateway {
    let body = format!("agents:\n  p: {{ route: /p, upstream: \"{}\", auth: public }}\n", upstream.url());
    Start { body: &body, server, ..Start::default() }.ready().await
}

/// What one connection came to.
#[derive(Debug, Default)]
struct Fate {
    answered: usize,
    /// A request that was sent and got no whole answer.
    lost: Option<String>,
}

/// Reads one answer with a known length: its head, or what was wrong with it.
async fn read_answer(stream: &mut TcpStream) -> Result<String, String> {
    let mut bytes = Vec::new();
    let mut piece = [0_u8; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.and_then(|l| l.trim().parse().ok()).ok_or("no length")?;
            if bytes.len() >= end + 4 + length {
                return Ok(head);
            }
        }
        match stream.read(&mut piece).await {
            Ok(0) => return Err(format!("closed after {} bytes of the answer", bytes.len())),
            Ok(n) => bytes.extend_from_slice(&piece[..n]),
            Err(error) => return Err(format!("{error} after {} bytes of the answer", bytes.len())),
        }
    }
}

/// Sends requests on one connection until the gateway has closed it between two of them, as a sound client does.
async fn converse(port: u16, turn: usize, answered: Arc<AtomicUsize>) -> Fate {
    let mut fate = Fate::default();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("it connects");
    stream.set_nodelay(true).expect("no delay");
    let offset = PACE * u32::try_from(turn).expect("a small number") / 20;
    let mut pace = tokio::time::interval_at(Instant::now() + offset, PACE);
    loop {
        pace.tick().await;
        if matches!(stream.try_read(&mut [0]), Ok(0)) {
            return fate;
        }
        let request = b"GET /p HTTP/1.1\r\nHost: gateway.test\r\n\r\n";
        let outcome = match stream.write_all(request).await {
            Ok(()) => read_answer(&mut stream).await,
            Err(error) => Err(error.to_string()),
        };
        match outcome {
            Ok(head) if head.starts_with("http/1.1 200") => {
                fate.answered += 1;
                answered.fetch_add(1, Ordering::Relaxed);
                if head.contains("connection: close") {
                    return fate;
                }
            }
            Ok(head) => {
                fate.lost = Some(head);
                return fate;
            }
            Err(why) => {
                fate.lost = Some(why);
                return fate;
            }
        }
    }
}

#[tokio::test]
async fn every_request_that_was_sent_on_a_kept_connection_is_answered() {
    let upstream = Upstream::start().await;
    let mut gateway = gateway(&upstream, "").await;
    let answered = Arc::new(AtomicUsize::new(0));
    let talks: Vec<_> = (0..CONNECTIONS)
        .map(|turn| tokio::spawn(converse(gateway.port, turn, Arc::clone(&answered))))
        .collect();
    eventually("the load is under way", Duration::from_secs(20), async || {
        (answered.load(Ordering::Relaxed) >= 300).then_some(())
    })
    .await;
    gateway.signal("TERM").await;
    let told = Instant::now();
    assert!(gateway.ended(Duration::from_secs(10)).await.success());
    assert!(told.elapsed() < Duration::from_secs(5), "it ended after {:?}", told.elapsed());
    let mut lost = Vec::new();
    for talk in talks {
        let fate = talk.await.expect("a fate");
        lost.extend(fate.lost.map(|why| format!("after {} answers: {why}", fate.answered)));
    }
    let sent = answered.load(Ordering::Relaxed) + lost.len();
    assert!(lost.is_empty(), "{} of {sent} requests were lost: {lost:#?}", lost.len());
}

#[tokio::test]
async fn a_stream_in_flight_finishes_and_then_the_process_ends_at_once() {
    let upstream = Upstream::start().await;
    let mut gateway = gateway(&upstream, "").await;
    let mut stream = client().get(gateway.url("/p/sse")).send().await.expect("an answer");
    stream.chunk().await.expect("a chunk").expect("not the end");
    let mut slow = tokio::spawn(client().get(gateway.url("/p/slow")).send());
    eventually("both are on their way", Duration::from_secs(5), async || {
        (upstream.seen().len() == 2).then_some(())
    })
    .await;
    gateway.signal("TERM").await;
    let told = Instant::now();
    let mut rest = Vec::new();
    while let Some(chunk) = stream.chunk().await.expect("the stream is not cut") {
        rest.extend_from_slice(&chunk);
    }
    assert!(String::from_utf8_lossy(&rest).ends_with("data: 4\n\n"), "{rest:?}");
    let answer = (&mut slow).await.expect("it runs").expect("the slow answer is not cut");
    assert_eq!(answer.status(), 200);
    let quiet = Instant::now();
    assert!(gateway.ended(Duration::from_secs(10)).await.success());
    assert!(quiet.elapsed() < Duration::from_secs(2), "{:?} after the last answer", quiet.elapsed());
    assert!(told.elapsed() > Duration::from_secs(1), "it waited for the slow one");
    assert!(gateway.stderr().iter().any(|line| line.contains("drain")), "{:?}", gateway.stderr());
}

#[tokio::test]
async fn idle_connections_do_not_hold_the_end_up() {
    let upstream = Upstream::start().await;
    let mut gateway = gateway(&upstream, "").await;
    let mut idle = TcpStream::connect(("127.0.0.1", gateway.port)).await.expect("it connects");
    idle.write_all(b"GET /p HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("it is sent");
    read_answer(&mut idle).await.expect("an answer");
    let _silent = TcpStream::connect(("127.0.0.1", gateway.port)).await.expect("it connects");
    gateway.signal("TERM").await;
    let told = Instant::now();
    assert!(gateway.ended(Duration::from_secs(10)).await.success());
    assert!(told.elapsed() < Duration::from_secs(3), "{:?}", told.elapsed());
}

#[tokio::test]
async fn the_drain_limit_cuts_what_does_not_end() {
    let upstream = Upstream::start().await;
    let mut gateway = gateway(&upstream, "  shutdown: { drain: 1s }\n").await;
    let slow = tokio::spawn(client().get(gateway.url("/p/slow")).send());
    eventually("it is on its way", Duration::from_secs(5), async || {
        (!upstream.seen().is_empty()).then_some(())
    })
    .await;
    gateway.signal("TERM").await;
    let told = Instant::now();
    assert!(gateway.ended(Duration::from_secs(10)).await.success());
    let took = told.elapsed();
    assert!((Duration::from_millis(900)..Duration::from_millis(2500)).contains(&took), "{took:?}");
    assert!(slow.await.expect("it runs").is_err(), "the answer that takes 3 s was cut");
}

#[tokio::test]
async fn clients_of_streams_are_told_before_the_drain_limit_cuts_them() {
    let scripted = Scripted::start(async |mut peer: Peer| {
        peer.head().await?;
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        peer.say(&format!("{head}9\r\ndata: 1\n\n\r\n")).await?;
        peer.until("never").await.map(drop)
    })
    .await;
    let body = format!("agents:\n  p: {{ route: /p, upstream: \"{}\", auth: public }}\n", scripted.url());
    let server = "  shutdown: { drain: 2s }\n";
    let mut gateway = Start { body: &body, server, ..Start::default() }.ready().await;
    let mut wire = Wire::connect(gateway.port).await;
    assert!(wire.say(b"GET /p HTTP/1.1\r\nHost: a\r\n\r\n").await, "it is sent");
    wire.until("data: 1\n\n\r\n", raw::SOON).await;
    gateway.signal("TERM").await;
    let told = Instant::now();
    let came = wire.until("\0", raw::SOON).await;
    let took = told.elapsed();
    assert_eq!(String::from_utf8_lossy(&came.bytes), "D\r\n: going away\n\r\n0\r\n\r\n");
    assert!((Duration::from_millis(900)..Duration::from_secs(2)).contains(&took), "{took:?}");
    assert!(gateway.ended(Duration::from_secs(10)).await.success());
    let line = gateway.stdout().into_iter().find(|line| line.contains(r#""path":"/p""#)).expect("its line");
    assert!(line.ends_with(r#","ended_by":"drain"}"#), "{line}");
}

#[tokio::test]
async fn sigint_stops_at_once_also_in_the_middle_of_a_drain() {
    for drain_first in [false, true] {
        let upstream = Upstream::start().await;
        let mut gateway = gateway(&upstream, "  shutdown: { delay: 5s }\n").await;
        let slow = tokio::spawn(client().get(gateway.url("/p/slow")).send());
        eventually("it is on its way", Duration::from_secs(5), async || {
            (!upstream.seen().is_empty()).then_some(())
        })
        .await;
        if drain_first {
            gateway.signal("TERM").await;
            eventually("it drains", Duration::from_secs(2), async || {
                (gateway.ops_get("/readyz").await.0 == 503).then_some(())
            })
            .await;
        }
        gateway.signal("INT").await;
        let told = Instant::now();
        gateway.ended(Duration::from_secs(5)).await;
        assert!(told.elapsed() < Duration::from_secs(1), "{:?}", told.elapsed());
        assert!(slow.await.expect("it runs").is_err());
    }
}

#[tokio::test]
async fn the_delay_serves_the_load_on_as_before() {
    let upstream = Upstream::start().await;
    let mut gateway = gateway(&upstream, "  shutdown: { delay: 1s }\n").await;
    let fresh = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().expect("a client");
    gateway.signal("TERM").await;
    eventually("it drains", Duration::from_secs(1), async || {
        (gateway.ops_get("/readyz").await.0 == 503).then_some(())
    })
    .await;
    let mut pace = interval(Duration::from_millis(20));
    for _ in 0..20 {
        pace.tick().await;
        let answer = fresh.get(gateway.url("/p")).send().await.expect("new connections are taken");
        assert_eq!(answer.status(), 200);
    }
    assert!(gateway.ended(Duration::from_secs(5)).await.success());
    assert!(fresh.get(gateway.url("/p")).send().await.is_err(), "and then nothing listens");
}
