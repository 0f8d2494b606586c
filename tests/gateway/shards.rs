//! Several shards in one process: what they answer, how connections are spread over them, and what they have in common:
//! limits, counters, the end, and the listeners that a new process takes over.

use std::time::Duration;

use testkit::{Certificate, Gateway, Issuer, Key, Start, Upstream, client, eventually};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const REQUEST: &[u8] = b"GET /p HTTP/1.1\r\nHost: a\r\n\r\n";
/// As many as machines of these tests have cores, and more of them than that.
const COUNTS: [usize; 3] = [1, 2, 4];

async fn gateway(upstream: &Upstream, shards: usize, server: &str, agent: &str) -> Gateway {
    let body =
        format!("agents:\n  p: {{ route: /p, upstream: \"{}\", auth: public{agent} }}\n", upstream.url());
    let server = format!("  shards: {shards}\n  state_dir: state\n{server}");
    Start { body: &body, server: &server, ..Start::default() }.ready().await
}

/// A connection on which one request was answered, with its status.
async fn answered(port: u16) -> (TcpStream, u16) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("it connects");
    let status = ask(&mut stream).await;
    (stream, status)
}

/// Asks on a kept connection; the status.
async fn ask(stream: &mut TcpStream) -> u16 {
    stream.write_all(REQUEST).await.expect("it is sent");
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut piece)).await;
        let read = read.expect("in time").expect("an answer");
        assert!(read > 0, "closed after {}", String::from_utf8_lossy(&bytes));
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.and_then(|length| length.trim().parse().ok()).unwrap_or(0) {
            return head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        }
    }
}

/// The connections of each shard, as the metrics say.
async fn connections(gateway: &Gateway, shards: usize) -> Vec<f64> {
    let mut counts = Vec::new();
    for shard in 0..shards {
        let label = format!("shard=\"{shard}\"");
        counts.push(gateway.metric("portcullis_connections", &[&label]).await);
    }
    counts
}

#[tokio::test]
async fn connections_are_spread_evenly_and_every_request_is_counted_once() {
    const CONNECTIONS: usize = 60;
    let upstream = Upstream::start().await;
    for shards in COUNTS {
        let gateway = gateway(&upstream, shards, "", "").await;
        let mut all = Vec::new();
        for _ in 0..CONNECTIONS {
            let (stream, status) = answered(gateway.port).await;
            assert_eq!(status, 200);
            all.push(stream);
        }
        let counts = connections(&gateway, shards).await;
        let (most, fewest) =
            (counts.iter().copied().fold(0.0, f64::max), counts.iter().copied().fold(1e9, f64::min));
        assert_eq!(counts.iter().sum::<f64>(), CONNECTIONS as f64, "{counts:?}");
        // One more may differ by a tenth, and it is one connection that makes the difference.
        assert!(most <= fewest * 1.1 + 1.0, "{shards} shards: {counts:?}");
        for stream in &mut all {
            assert_eq!(ask(stream).await, 200);
        }
        // A request is counted when its answer has gone, so a moment after the caller has it.
        let asked = 2.0 * CONNECTIONS as f64;
        eventually("every request is counted", Duration::from_secs(10), async || {
            let requests =
                gateway.metric("portcullis_http_requests_total", &["agent=\"p\"", "code=\"200\""]).await;
            let durations =
                gateway.metric("portcullis_http_request_duration_seconds_count", &["agent=\"p\""]).await;
            let in_flight = gateway.metric("portcullis_requests_in_flight", &[]).await;
            ((requests, durations, in_flight) == (asked, asked, 0.0)).then_some(())
        })
        .await;
        let decisions = gateway.metric("portcullis_auth_decisions_total", &["agent=\"p\""]).await;
        assert_eq!(decisions, asked, "{shards} shards");
        // Those of all shards but the first end; the next ones fill the gaps.
        all.truncate(CONNECTIONS / 4);
        eventually("they are gone", Duration::from_secs(10), async || {
            let now: f64 = connections(&gateway, shards).await.iter().sum();
            (now == (CONNECTIONS / 4) as f64).then_some(())
        })
        .await;
        for _ in 0..CONNECTIONS {
            all.push(answered(gateway.port).await.0);
        }
        let counts = connections(&gateway, shards).await;
        let (most, fewest) =
            (counts.iter().copied().fold(0.0, f64::max), counts.iter().copied().fold(1e9, f64::min));
        assert!(most <= fewest * 1.1 + 1.0, "{shards} shards: {counts:?}");
    }
}

/// What a request writes is its shard's by the name of the thread that serves it.
#[tokio::test]
async fn the_threads_of_each_shard_have_its_name() {
    let upstream = Upstream::start().await;
    let gateway = gateway(&upstream, 4, "  workers: 6\n", "").await;
    let tasks = std::fs::read_dir(format!("/proc/{}/task", gateway.pid())).expect("its threads");
    let names = tasks.map(|task| std::fs::read_to_string(task.expect("a thread").path().join("comm")));
    let mut names: Vec<_> = names.map(|name| name.expect("its name").trim().to_owned()).collect();
    names.retain(|name| name.starts_with("gateway"));
    names.sort_unstable();
    // A runtime begins further threads for work that blocks.
    let count = |of: &str| names.iter().filter(|name| *name == of).count();
    for (nth, workers) in [2, 2, 1, 1].into_iter().enumerate() {
        assert!(count(&format!("gateway-{nth}")) >= workers, "{names:?}");
    }
    assert!(names.iter().all(|name| name.starts_with("gateway-")), "{names:?}");
}

#[tokio::test]
async fn limits_are_those_of_the_whole_process() {
    let upstream = Upstream::start().await;
    let server = "  limits: { connections_per_address: 6 }\n";
    let gateway = gateway(&upstream, 4, server, ", max_in_flight: 3").await;
    let mut streams = Vec::new();
    for _ in 0..3 {
        let answer = client().get(gateway.url("/p/sse")).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        streams.push(answer);
    }
    // On connections of other shards.
    let mut kept = Vec::new();
    for _ in 0..3 {
        let (stream, status) = answered(gateway.port).await;
        assert_eq!(status, 503, "three are under way, on whatever shard");
        kept.push(stream);
    }
    let mut seventh = TcpStream::connect(("127.0.0.1", gateway.port)).await.expect("it connects");
    assert_eq!(ask(&mut seventh).await, 503);
    let refused =
        gateway.metric("portcullis_connections_refused_total", &["limit=\"connections_per_address\""]);
    assert!(refused.await >= 1.0);
    drop((streams, kept, seventh));
    eventually("there is a slot again", Duration::from_secs(10), async || {
        (answered(gateway.port).await.1 == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn all_that_come_at_once_and_have_no_slot_are_told_why() {
    let upstream = Upstream::start().await;
    for shards in COUNTS {
        let server = "  limits: { connections_per_address: 6 }\n  workers: 1\n";
        let gateway = gateway(&upstream, shards, server, "").await;
        let mut kept = Vec::new();
        for _ in 0..6 {
            kept.push(answered(gateway.port).await.0);
        }
        // More than may linger.
        let mut late = tokio::task::JoinSet::new();
        for _ in 0..300 {
            late.spawn(told(gateway.port));
        }
        for answer in late.join_all().await {
            assert!(answer.starts_with("HTTP/1.1 503 "), "{shards} shards: {answer:?}");
        }
    }
}

/// What somebody is told who asks for nothing.
async fn told(port: u16) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("it connects");
    let mut all = String::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_string(&mut all)).await;
    read.expect("in time").expect("text");
    all
}

#[tokio::test]
async fn a_token_is_verified_once_for_all_shards() {
    let key = Key::new("ES256", "k1");
    let (upstream, issuer) = (Upstream::start().await, Issuer::start(&[&key]).await);
    let certificate = Certificate::generate();
    let body = format!(
        "identity_providers:\n  corp: {{ issuer: \"{}\" }}\nagents:\n  o: {{ route: /o, upstream: \"{}\", auth: {{ oauth: \
         {{ identity_providers: [corp], audiences: [x] }} }} }}\n",
        issuer.url,
        upstream.url()
    );
    let start =
        Start { body: &body, server: "  shards: 4\n", certificate: Some(&certificate), ..Start::default() };
    let gateway = start.ready().await;
    let token = key.token(&key.header("ES256"), &issuer.claims("x"));
    for _ in 0..12 {
        // A connection each.
        let (fresh, base) = gateway.http2();
        let answer = fresh.get(format!("{base}/o")).bearer_auth(&token).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
    }
    let events = async |event: &str| {
        gateway.metric("portcullis_token_cache_events_total", &[&format!("event=\"{event}\"")]).await
    };
    assert_eq!((events("miss").await, events("hit").await), (1.0, 11.0), "verified once for all shards");
}

#[tokio::test]
async fn the_end_waits_for_what_every_shard_has_in_flight() {
    const STREAMS: usize = 8;
    let upstream = Upstream::start().await;
    let mut gateway = gateway(&upstream, 4, "  shutdown: { drain: 20s }\n", "").await;
    let mut slow = Vec::new();
    for _ in 0..STREAMS {
        let url = gateway.url("/p/slow?ms=1500");
        let fresh =
            reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().expect("a client");
        slow.push(tokio::spawn(
            async move { fresh.get(url).send().await.map(|answer| answer.status().as_u16()) },
        ));
    }
    eventually("they are in flight", Duration::from_secs(10), async || {
        (gateway.metric("portcullis_requests_in_flight", &[]).await == STREAMS as f64).then_some(())
    })
    .await;
    gateway.signal("TERM").await;
    for one in slow {
        assert_eq!(one.await.expect("it ends").expect("an answer"), 200);
    }
    assert!(gateway.ended(Duration::from_secs(15)).await.success(), "{:?}", gateway.stderr());
}

#[tokio::test]
async fn a_new_process_takes_the_listeners_over_with_another_number_of_shards() {
    let upstream = Upstream::start().await;
    for (before, after) in [(1, 4), (4, 2)] {
        let mut gateway = gateway(&upstream, before, "", "").await;
        let (mut kept, _) = answered(gateway.port).await;
        let text = std::fs::read_to_string(gateway.config()).expect("the configuration");
        let text = text.replace(&format!("shards: {before}"), &format!("shards: {after}"));
        std::fs::write(gateway.config(), text).expect("another number of shards");
        let mut successor = gateway.successor().await;
        gateway.signal("QUIT").await;
        // The old process serves what it has, the new one what comes.
        assert_eq!(ask(&mut kept).await, 200);
        drop(kept);
        let ended = gateway.ended(Duration::from_secs(40)).await;
        assert!(ended.success(), "{before} to {after}: {ended:?} {:?}", gateway.stderr());
        let mut all = Vec::new();
        for _ in 0..20 {
            let (stream, status) = answered(gateway.port).await;
            assert_eq!(status, 200, "{}", successor.log());
            all.push(stream);
        }
        let counts = connections(&gateway, after).await;
        assert!(counts.iter().all(|count| *count > 0.0), "{before} to {after}: {counts:?}");
        assert!(successor.has_ended().is_none(), "the successor runs: {}", successor.log());
    }
}
