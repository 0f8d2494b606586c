//! Thousands of streams whose tokens all end at one point in time: each ends within the second after it, and none of others is
//! touched.
//!
//! A stream takes three descriptors of the gateway by its own reckoning, and one agent has three quarters of the room, so that ten
//! thousand need a limit of some 41,000. Where the limit is lower, as many run as it allows, and the report says so.

use std::time::Duration;

use futures::StreamExt as _;
use futures::stream;
use reqwest::{Client, Response};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use testkit::raw::Wire;
use testkit::scripted::{Peer, Scripted};
use testkit::{Certificate, Gateway, Key, Start, eventually, now};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::length::short_or_long;
use crate::report::Report;

/// Streams of others, which go on.
const BYSTANDERS: usize = 100;
/// Streams over one HTTP/2 connection; the gateway allows 100.
const OVER_ONE: usize = 50;
/// Every so many streams one has a connection of HTTP/1.1 to itself.
const EACH: usize = 4;
/// How many begin at once.
const AT_ONCE: usize = 64;
/// Tokens that the streams have among them.
const TOKENS: usize = 50;
/// What the gateway and this process need of descriptors beside those for streams.
const SPARE: u64 = 400;
/// The second that is promised, and what a busy machine may be late.
const LATE: f64 = 1.5;
const SOON: Duration = Duration::from_secs(30);
const ISSUER: &str = "https://corp.example";
const FIRST: &str = "data: 1\n\n";
const SECOND: &str = "data: 2\n\n";

/// An agent that begins a stream of events, and goes on when it is told to.
async fn agent() -> (Scripted, watch::Sender<bool>) {
    let (go, told) = watch::channel(false);
    let scripted = Scripted::start(move |mut peer: Peer| {
        let mut told = told.clone();
        async move {
            peer.head().await?;
            let head =
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
            peer.say(&format!("{head}9\r\n{FIRST}\r\n")).await?;
            told.wait_for(|go| *go).await.ok()?;
            peer.say(&format!("9\r\n{SECOND}\r\n")).await?;
            peer.until("never").await.map(drop)
        }
    })
    .await;
    (scripted, go)
}

/// How many streams there is room for, of so many; this process may hold as many descriptors as the system lets it.
fn room(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    setrlimit(Resource::Nofile, raised).expect("the limit is raised");
    let most = limit.maximum.unwrap_or(u64::MAX).saturating_sub(SPARE) / 4;
    wanted.min(usize::try_from(most).unwrap_or(usize::MAX).saturating_sub(BYSTANDERS))
}

/// A stream that has begun.
enum Begun {
    Http1(Wire),
    Http2(Response),
}

impl Begun {
    async fn over_http_1(port: u16, token: &str) -> Self {
        let mut wire = Wire::connect(port).await;
        let head = format!("GET /t HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n");
        assert!(wire.say(head.as_bytes()).await, "it is sent");
        let came = wire.until(&format!("{FIRST}\r\n"), SOON).await;
        let came = String::from_utf8_lossy(&came.bytes).into_owned();
        assert!(came.starts_with("HTTP/1.1 200"), "{came}");
        Self::Http1(wire)
    }

    async fn over_http_2((client, base): &(Client, String), token: &str) -> Self {
        let answer = client.get(format!("{base}/t")).bearer_auth(token).send().await;
        let mut answer = answer.unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.chunk().await.expect("it runs").expect("an event"), FIRST);
        Self::Http2(answer)
    }

    /// What it says from now on, to its end.
    async fn rest(self, within: Duration) -> String {
        match self {
            Self::Http1(mut wire) => {
                let came = wire.until("\0", within).await;
                assert!(came.ended, "it ends");
                String::from_utf8_lossy(&came.bytes).into_owned()
            }
            Self::Http2(answer) => answer.text().await.expect("a clean end"),
        }
    }

    /// Whether an event comes next.
    async fn goes_on(self) {
        match self {
            Self::Http1(mut wire) => {
                let came = wire.until(&format!("{SECOND}\r\n"), SOON).await;
                assert!(String::from_utf8_lossy(&came.bytes).contains(SECOND), "it runs");
            }
            Self::Http2(mut answer) => {
                assert_eq!(answer.chunk().await.expect("it runs").expect("an event"), SECOND);
            }
        }
    }
}

/// The time of day, in seconds since 1970.
fn clock() -> f64 {
    jiff::Timestamp::now().as_duration().as_secs_f64()
}

/// Begins so many streams, with these tokens in turn.
async fn begin(gateway: &Gateway, tokens: &[String], count: usize) -> Vec<Begun> {
    let clients: Vec<_> = (0..count.div_ceil(OVER_ONE)).map(|_| gateway.http2()).collect();
    let (clients, port) = (&clients, gateway.port);
    let one = |number: usize| async move {
        let token = &tokens[number % tokens.len()];
        if number.is_multiple_of(EACH) {
            Begun::over_http_1(port, token).await
        } else {
            Begun::over_http_2(&clients[number / OVER_ONE], token).await
        }
    };
    stream::iter((0..count).map(one)).buffer_unordered(AT_ONCE).collect().await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_stream_ends_within_the_second_in_which_its_token_does_and_no_other_is_touched() {
    let mut report = Report::new("streams that end together");
    let wanted = short_or_long(400, 10_000);
    let streams = room(wanted);
    report.line("streams", format!("{streams} of {wanted}, {BYSTANDERS} of others"));
    let ((agent, go), key, certificate) = (agent().await, Key::new("ES256", "k1"), Certificate::generate());
    let provider = json!({"issuer": ISSUER, "leeway": "0s", "jwks": {"keys": [key.jwk()]}});
    let oauth = json!({"identity_providers": ["corp"], "audiences": ["x"]});
    let agents = json!({"t": {
        "route": "/t", "upstream": agent.url(), "auth": {"oauth": oauth}, "streams": {"grace": "0s"}, "max_in_flight": 20_000,
    }});
    let body = format!("identity_providers: {}\nagents: {agents}\n", json!({ "corp": provider }));
    let start = Start { body: &body, certificate: Some(&certificate), ..Start::default() };
    let gateway = start.ready().await;
    let token = |nth: usize, end: u64| {
        let claims = json!({"iss": ISSUER, "sub": format!("s{nth}"), "aud": "x", "exp": end});
        key.signed(&claims)
    };
    let end = now() + short_or_long(5, 60);
    let tokens: Vec<_> = (0..TOKENS).map(|nth| token(nth, end)).collect();
    let others = begin(&gateway, &[token(0, end + 3_600)], BYSTANDERS).await;
    let began = clock();
    let begun = begin(&gateway, &tokens, streams).await;
    report.line("begun in", format!("{:.1} s", clock() - began));
    let at = Duration::from_secs(end).as_secs_f64();
    assert!(clock() < at, "every stream began in time");

    let mut ends = JoinSet::new();
    for one in begun {
        ends.spawn(async move {
            let said = one.rest(Duration::from_secs(120)).await;
            assert!(said.contains(": token expired\n"), "{said}");
            clock() - at
        });
    }
    let mut late: Vec<f64> = ends.join_all().await;
    late.sort_by(f64::total_cmp);
    let (first, half, last) = (late[0], late[late.len() / 2], late[late.len() - 1]);
    report.line("ended after", format!("{first:.3} s first, {half:.3} s half, {last:.3} s last"));
    assert!(first >= 0.0 && last < LATE, "{first:.3} s to {last:.3} s");
    let ended = async |labels: &[&str]| gateway.metric("portcullis_streams_ended_total", labels).await;
    let all = f64::from(u32::try_from(streams).expect("some thousand"));
    eventually("all are counted", SOON, async || (ended(&[r#"cause="expiry""#]).await >= all).then_some(()))
        .await;
    assert!((ended(&[]).await - all).abs() < f64::EPSILON, "nothing else ended");
    go.send(true).expect("the agent listens");
    let going = stream::iter(others.into_iter().map(Begun::goes_on)).buffer_unordered(AT_ONCE);
    assert_eq!(going.count().await, BYSTANDERS);
}
