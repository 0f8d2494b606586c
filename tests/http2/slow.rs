//! Peers that stand still: heads that do not come, connections that rest, answers that nobody reads.

use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use testkit::eventually;
use testkit::eventually::scripted_pause;
use testkit::scripted::Scripted;
use tokio::net::TcpSocket;
use tokio::time::Instant;

use super::wire::{
    CLIENT_SETTINGS, CONTINUATION, END_STREAM, Fate, HEADERS, PING, Wire, block, frame, get, post, request,
    settings, window,
};
use super::world::{SOON, World};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// What is configured in these tests.
const LIMIT: Duration = Duration::from_secs(1);
const SERVER: &str = "  limits: { header_timeout: 1s }\n";

/// What is sent at first, what again and again, and the word for it.
struct Case(&'static str, Vec<u8>, Vec<u8>, &'static str);

fn cases() -> Vec<Case> {
    let begun = [PREFACE, &settings(&CLIENT_SETTINGS)].concat();
    let and = |more: &[u8]| [&begun, more].concat();
    let good = block(&request("/open/never"));
    let head = frame(HEADERS, END_STREAM, 1, &good);
    vec![
        Case("nothing at all", vec![], vec![], "slow_start"),
        Case("half of the preface", PREFACE[..10].to_vec(), vec![], "slow_start"),
        Case("the preface and no settings", PREFACE.to_vec(), vec![], "slow_start"),
        Case("half of the settings", begun[..30].to_vec(), vec![], "slow_start"),
        Case("a head that does not end", and(&head), vec![], "slow_head"),
        Case("a head that goes on with nothing", and(&head), frame(CONTINUATION, 0, 1, b""), "slow_head"),
        Case(
            "a head that goes on by bytes",
            and(&frame(HEADERS, 5, 1, &good)[..20]),
            vec![b'a'],
            "slow_head",
        ),
        Case("half of a frame's head", and(&[0, 0, 8, 6]), vec![], "slow_frame"),
        Case("half of a PING", and(&frame(PING, 0, 0, &[0; 8])[..12]), vec![], "slow_frame"),
        Case(
            "a request, and then half of a head",
            and(&[&get(1, "/shut/a")[..], &[0, 0, 99, 1, 5, 0, 0]].concat()),
            vec![],
            "slow_frame",
        ),
    ]
}

/// Sends what the case says until the connection is over.
async fn play(world: &World, case: &Case) -> Duration {
    let mut wire = world.open().await;
    let began = Instant::now();
    wire.send(&case.1).await;
    while began.elapsed() < SOON {
        if wire.is_over(Duration::from_millis(300)).await || !wire.send(&case.2).await {
            break;
        }
    }
    began.elapsed()
}

#[tokio::test]
async fn what_does_not_come_in_time_ends_its_connection() {
    let world = World::with(SERVER, "").await;
    let cases = cases();
    let mut playing: FuturesUnordered<_> =
        cases.iter().map(async |case| (case, play(&world, case).await)).collect();
    while let Some((Case(name, _, _, reason), took)) = playing.next().await {
        assert!(took >= LIMIT * 9 / 10 && took < LIMIT * 4, "{name}: it ended after {took:?}");
        eventually("its reason is logged", SOON, async || world.has_said(reason).then_some(())).await;
    }
    drop(playing);
    eprintln!("slow: {} cases, 0 stayed; {} reached the agent", cases.len(), world.reached("/open/never"));
    assert_eq!(world.reached("/open/never"), 0);
    world.serves().await;
}

#[tokio::test]
async fn a_slow_body_is_not_taken_for_a_slow_head() {
    let world = World::with(SERVER, "").await;
    let mut wire = world.connect().await;
    let data = frame(0, END_STREAM, 1, b"0123456789");
    wire.send(&[&post(1, "/open/body", &[])[..], &data[..14]].concat()).await;
    scripted_pause(LIMIT * 2).await;
    wire.send(&data[14..]).await;
    assert_eq!(wire.fate(1, SOON).await, Fate::Status(200));
    assert!(wire.body(1).await.is_some());
}

#[tokio::test]
async fn a_connection_that_rests_is_ended_with_a_word_and_a_busy_one_is_not() {
    let world = World::with("  limits: { idle_timeout: 1s }\n", "").await;
    let (mut resting, mut pinging, mut busy) =
        (world.connect().await, world.connect().await, world.connect().await);
    let began = Instant::now();
    busy.send(&get(1, "/open/slow")).await;
    resting.send(&get(1, "/open/x")).await;
    assert_eq!(resting.fate(1, SOON).await, Fate::Status(200));
    assert_eq!(resting.fate(3, SOON).await, Fate::GoAway(0), "the client is told");
    assert!(resting.is_over(SOON).await);
    let rested = began.elapsed();
    assert!(rested >= LIMIT && rested < LIMIT * 4, "it rested for {rested:?}");
    // To say that one is there is no work.
    let pinged = async {
        while pinging.send(&frame(PING, 0, 0, &[0; 8])).await && !pinging.is_over(LIMIT / 10).await {}
    };
    tokio::time::timeout(LIMIT * 4, pinged).await.expect("PINGs do not prolong a rest");
    assert_eq!(busy.fate(1, SOON).await, Fate::Status(200), "an answer that takes long is awaited");
    assert!(busy.body(1).await.is_some());
}

#[tokio::test]
async fn connections_that_rest_make_room_and_are_told() {
    const SLOTS: usize = 8;
    // Of several shards it is the one that rests longest where most do.
    let world = World::with("  limits: { connections: 8 }\n  shards: 1\n", "").await;
    let mut kept = Vec::new();
    for n in 0..SLOTS {
        let mut wire = world.connect().await;
        // The first one is busy all the time.
        wire.send(&get(1, if n == 0 { "/open/slow" } else { "/open/x" })).await;
        if n > 0 {
            assert_eq!(wire.fate(1, SOON).await, Fate::Status(200));
            assert!(wire.body(1).await.is_some());
        }
        kept.push(wire);
    }
    for _ in 0..SLOTS / 2 {
        let mut late = world.connect().await;
        late.send(&get(1, "/open/late")).await;
        assert_eq!(late.fate(1, SOON).await, Fate::Status(200), "one that rests makes room");
    }
    assert_eq!(kept[1].fate(3, SOON).await, Fate::GoAway(0), "the one that rests longest");
    assert!(kept[1].is_over(SOON).await);
    assert_eq!(kept[0].fate(1, SOON).await, Fate::Status(200), "a busy one is left alone");
}

/// An agent that answers with far more than anybody reads.
async fn endless() -> Scripted {
    Scripted::start(|mut peer| async move {
        peer.head().await?;
        peer.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await?;
        let piece = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
        loop {
            peer.say(&piece).await?;
        }
    })
    .await
}

/// Asks for a hundred endless answers and waits until the gateway takes in no more of them.
async fn ask_for_all(world: &World, wire: &mut Wire) -> u64 {
    let all: Vec<u8> = (0..100).flat_map(|n| get(2 * n + 1, "/endless/x")).collect();
    assert!(wire.send(&all).await);
    let mut last = 0;
    eventually("the memory stays", SOON, async || {
        scripted_pause(Duration::from_millis(300)).await;
        let now = world.memory();
        let stays = now.abs_diff(last) < 128;
        last = now;
        stays.then_some(())
    })
    .await;
    last
}

#[tokio::test]
async fn a_hundred_answers_that_nobody_reads_hold_little_memory() {
    const MOST: u64 = 32 * 1024;
    let agent = endless().await;
    let more = format!("  endless: {{ route: /endless, upstream: \"{}\", auth: public }}\n", agent.url());
    let world = World::with("", &more).await;
    world.serves().await;
    for (name, first, opens) in
        [("shut windows", 0, 0), ("open windows, nothing read", 0x7fff_ffff, 0x7fff_0000)]
    {
        let base = world.memory();
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(16 * 1024).expect("a small buffer");
        let address = ([127, 0, 0, 1], world.gateway.tls_port).into();
        let mut wire = Wire::over(socket.connect(address).await.expect("it connects"), &world.pem).await;
        wire.begin(&[(1, 0), (4, first)]).await;
        if opens > 0 {
            wire.send(&window(0, opens)).await;
        }
        let held = ask_for_all(&world, &mut wire).await.saturating_sub(base);
        eprintln!("{name}: 100 answers hold {held} KiB");
        assert!(held < MOST, "{name}: {held} KiB");
        world.serves().await;
        drop(wire);
    }
}

#[tokio::test]
async fn answers_that_nobody_reads_are_given_up_and_their_agents_set_free() {
    let agent = endless().await;
    let more = format!("  endless: {{ route: /endless, upstream: \"{}\", auth: public }}\n", agent.url());
    let world = World::with("  limits: { write_timeout: 1s }\n", &more).await;
    let in_flight = async || world.gateway.metric("portcullis_requests_in_flight", &[]).await;
    for (name, first, opens) in
        [("shut windows", 0, 0), ("open windows, nothing read", 0x7fff_ffff, 0x7fff_0000)]
    {
        let mut wire = world.connect().await;
        wire.send(&[settings(&[(4, first)]), window(0, opens.max(1))].concat()).await;
        let all: Vec<u8> = (0..100).flat_map(|n| get(2 * n + 1, "/endless/x")).collect();
        assert!(wire.send(&all).await);
        eventually("all are under way", SOON, async || (in_flight().await > 99.0).then_some(())).await;
        let began = Instant::now();
        eventually("all are given up", SOON, async || (in_flight().await < 1.0).then_some(())).await;
        eprintln!("{name}: 100 answers given up after {:?}", began.elapsed());
        drop(wire);
        world.serves().await;
    }
}

#[tokio::test]
async fn bodies_that_stand_still_do_not_hold_an_agent() {
    let upstream = Scripted::start(|mut peer| async move {
        peer.head().await?;
        // It waits for the body.
        peer.until("0\r\n\r\n").await?;
        peer.say(testkit::scripted::OK).await
    })
    .await;
    let more = format!(
        "  patient: {{ route: /patient, upstream: {{ url: \"{}\", response_timeout: 100ms }}, auth: public }}\n",
        upstream.url()
    );
    let world = World::with("  limits: { idle_timeout: 1s }\n", &more).await;
    let mut wire = world.connect().await;
    let all: Vec<u8> = (0..100).flat_map(|n| post(2 * n + 1, "/patient/x", &[])).collect();
    wire.send(&all).await;
    let mut fates = Vec::new();
    for n in 0..100 {
        fates.push(wire.fate(2 * n + 1, Duration::from_millis(if n == 0 { 10_000 } else { 100 })).await);
    }
    eprintln!("bodies that stand still: {:?} first", fates[0]);
    assert_eq!(fates[0], Fate::Status(408), "it is the caller who is late, not the agent");
    let metric = async || world.gateway.metric("portcullis_requests_in_flight", &[]).await;
    eventually("none is under way", SOON, async || (metric().await < 1.0).then_some(())).await;
}
