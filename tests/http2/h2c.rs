//! HTTP/2 in plain text, at a listener that is told so: with prior knowledge alone, beside HTTP/1.1, and under the same rules as
//! over TLS.

use std::time::Duration;

use testkit::h2c::{Does, H2c};
use testkit::{eventually, raw};
use tokio::time::Instant;

use super::wire::{CLIENT_SETTINGS, Fate, RST_STREAM, SETTINGS, Wire, get, post, settings};
use super::world::{Over, SOON, World};
use super::{floods, framing, good, heads};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The answer to a request over HTTP/1.1 on a connection of its own.
async fn over_http_1(port: u16, more: &str) -> String {
    let request = format!("GET /open/one HTTP/1.1\r\nHost: gateway.test\r\n{more}Connection: close\r\n\r\n");
    raw::exchange(port, request.as_bytes(), SOON).await
}

#[tokio::test]
async fn both_versions_are_served_at_one_listener_and_nobody_is_upgraded() {
    let world = World::over(Over::Clear, "").await;
    world.serves().await;
    assert_eq!(world.upstream.last().all("x-forwarded-proto"), ["http"]);
    let upgrade =
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n";
    for more in ["", upgrade] {
        let answer = over_http_1(world.gateway.port, more).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
    // A byte at a time: what begins like the preface may yet be another word.
    for request in ["PROPFIND /open/one HTTP/1.1\r\n", "POST /open/one HTTP/1.1\r\nContent-Length: 0\r\n"] {
        let mut wire = raw::Wire::connect(world.gateway.port).await;
        let request = format!("{request}Host: gateway.test\r\nConnection: close\r\n\r\n");
        wire.send(&request.as_bytes().chunks(1).collect::<Vec<_>>()).await;
        let answer = wire.rest(SOON).await.bytes;
        assert!(answer.starts_with(b"HTTP/1.1 200 "), "{request}: {}", String::from_utf8_lossy(&answer));
    }
}

#[tokio::test]
async fn a_listener_that_is_not_told_so_serves_http_1_alone() {
    let world = World::start().await;
    let mut wire = Wire::in_clear(world.gateway.port).await;
    wire.send(&[PREFACE, &settings(&CLIENT_SETTINGS), &get(1, "/open/never")].concat()).await;
    assert!(wire.is_over(SOON).await);
    assert_eq!(world.reached("/open/never"), 0);
}

#[tokio::test]
async fn the_rules_are_those_of_http_2_over_tls() {
    let world = World::over(Over::Clear, "").await;
    good::all_are_served(&world).await;
    framing::none_is_a_request(&world).await;
}

#[tokio::test]
async fn heads_are_held_to_the_same_rules() {
    heads::only_good_ones_pass(&World::over(Over::Clear, "").await).await;
}

#[tokio::test]
async fn floods_end_their_connections() {
    let among = ["PING", "SETTINGS", "rapid reset", "CONTINUATION of fields"];
    floods::all_end(Over::Clear, |name| among.contains(&name)).await;
}

#[tokio::test]
async fn no_more_streams_are_open_at_once_than_the_client_is_told() {
    let world = World::over(Over::Clear, "").await;
    let mut wire = world.connect().await;
    let told = tokio::time::timeout(SOON, async {
        loop {
            let frame = wire.next().await.expect("settings");
            if frame.kind == SETTINGS && !frame.payload.is_empty() {
                return frame.payload;
            }
        }
    });
    let told = told.await.expect("in time");
    let most = told.chunks(6).find(|pair| pair.starts_with(&[0, 3])).map(|pair| pair[2..].to_vec());
    assert_eq!(most, Some(vec![0, 0, 0, 100]), "SETTINGS_MAX_CONCURRENT_STREAMS");
    let opened = (0..101).flat_map(|n| post(2 * n + 1, "/open/never", &[("content-length", "5")]));
    wire.send(&opened.collect::<Vec<u8>>()).await;
    let refused = tokio::time::timeout(SOON, async {
        loop {
            let frame = wire.next().await.expect("an answer");
            if frame.kind == RST_STREAM {
                return frame;
            }
        }
    });
    let refused = refused.await.expect("in time");
    assert_eq!((refused.stream, refused.payload), (201, vec![0, 0, 0, 7]), "REFUSED_STREAM");
}

#[tokio::test]
async fn a_client_that_does_not_begin_in_time_is_let_go() {
    const LIMIT: Duration = Duration::from_secs(1);
    let world = World::over(Over::Clear, "  limits: { header_timeout: 1s }\n").await;
    let begun = [PREFACE, &settings(&CLIENT_SETTINGS)].concat();
    let cases = [
        ("nothing at all", &[][..], None),
        ("half of the preface", &PREFACE[..10], Some("HTTP/1.1 408 ")),
        ("the preface and no settings", PREFACE, None),
        ("half of the settings", &begun[..30], None),
    ];
    let one = async |(name, bytes, answer): (&str, &[u8], Option<&str>)| {
        let began = Instant::now();
        let mut wire = raw::Wire::connect(world.gateway.port).await;
        wire.say(bytes).await;
        let came = wire.rest(SOON).await.bytes;
        let took = began.elapsed();
        assert!(took >= LIMIT * 9 / 10 && took < LIMIT * 4, "{name}: it ended after {took:?}");
        let is_so = answer.is_none_or(|answer| came.starts_with(answer.as_bytes()));
        assert!(is_so, "{name}: {}", String::from_utf8_lossy(&came));
    };
    futures::future::join_all(cases.into_iter().map(one)).await;
    eventually("it is said", SOON, async || world.has_said("slow_start").then_some(())).await;
}

#[tokio::test]
async fn a_grpc_call_passes_from_end_to_end_without_tls() {
    let agent = H2c::start(Does::Answers).await;
    let more = format!(
        "  a: {{ route: /a.B, auth: public, upstream: {{ url: \"{}\", protocol: h2c }} }}\n",
        agent.url()
    );
    let world = World::over_with(Over::Clear, "", &more).await;
    let mut wire = world.connect().await;
    let fields = [("content-type", "application/grpc"), ("te", "trailers")];
    let body = super::wire::frame(super::wire::DATA, super::wire::END_STREAM, 1, b"\0\0\0\0\x02hi");
    wire.send(&[post(1, "/a.B/C", &fields), body].concat()).await;
    assert_eq!(wire.fate(1, SOON).await, Fate::Status(200));
    assert_eq!(agent.seen(), ["POST /a.B/C"]);
}
