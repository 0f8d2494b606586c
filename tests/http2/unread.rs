//! A client that reads nothing: its stream ends within a second nevertheless, and what it held is free for the next one.

use std::time::Duration;

use testkit::grpc::message;
use testkit::raw;
use testkit::scripted::{Peer, Scripted};
use testkit::{Since, eventually};
use tokio::net::TcpSocket;
use tokio::sync::watch;
use tokio::time::timeout;

use super::wire::{Fate, Wire, get, window};
use super::world::{SOON, World};

/// A write that waits for so long waits for a client that does not read: all that is on the way is full.
const STUCK: Duration = Duration::from_millis(300);
/// A small buffer for what comes, so that few megabytes fill the way.
const ROOM: u32 = 16 * 1024;
const PIECE: usize = 16 * 1024;
const KINDS: [&str; 4] = ["sse", "grpc", "body", "websocket"];
const HANDSHAKE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// An agent whose answers never end, of the kind that the path begins with.
struct Agent {
    scripted: Scripted,
    /// How many answers are stuck.
    stuck: watch::Receiver<usize>,
    /// How many were given up by the gateway.
    given_up: watch::Receiver<usize>,
}

impl Agent {
    async fn start() -> Self {
        let (sticks, stuck) = watch::channel(0);
        let (gives_up, given_up) = watch::channel(0);
        let scripted = Scripted::start(move |peer: Peer| {
            let (sticks, gives_up) = (sticks.clone(), gives_up.clone());
            async move {
                let _gone: Option<()> = endless(peer, &sticks).await;
                gives_up.send_modify(|count| *count += 1);
                Some(())
            }
        })
        .await;
        Self { scripted, stuck, given_up }
    }

    /// A gateway with an agent for each kind, which takes one request at a time.
    async fn world(&self) -> World {
        let url = self.scripted.url();
        let agent = |kind: &str| {
            format!("  {kind}: {{ route: /{kind}, auth: public, upstream: \"{url}\", max_in_flight: 1 }}\n")
        };
        World::operated(&KINDS.map(agent).concat()).await
    }
}

/// Answers without an end; the count says when a piece is stuck for the first time.
async fn endless(mut peer: Peer, stuck: &watch::Sender<usize>) -> Option<()> {
    let head = peer.head().await?;
    let kind = head.split(['/', ' ']).nth(2)?.to_owned();
    let text = "x".repeat(PIECE);
    let chunk = |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
    let length = u16::try_from(PIECE).ok()?.to_be_bytes();
    let (begin, piece) = match &*kind {
        "sse" => ("200 OK\r\nContent-Type: text/event-stream", chunk(format!("data: {text}\n\n").as_bytes())),
        "grpc" => ("200 OK\r\nContent-Type: application/grpc", chunk(&message(&text))),
        "body" => ("200 OK", chunk(text.as_bytes())),
        _ => (
            "101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
            [&[0x82, 126][..], &length, text.as_bytes()].concat(),
        ),
    };
    let framing = if kind == "websocket" { "" } else { "Transfer-Encoding: chunked\r\n" };
    peer.say(&format!("HTTP/1.1 {begin}\r\n{framing}\r\n")).await?;
    let mut is_stuck = false;
    loop {
        let mut sending = Box::pin(peer.send(&piece));
        match timeout(STUCK, &mut sending).await {
            Ok(sent) => sent?,
            Err(_) => {
                if !is_stuck {
                    is_stuck = true;
                    stuck.send_modify(|count| *count += 1);
                }
                sending.await?;
            }
        }
    }
}

/// Waits until one more answer is stuck, ends it, and sees that it ends in time, towards both sides.
async fn ends(world: &World, agent: &Agent, kind: &str, what: &str, before: usize) -> Since {
    let mut stuck = agent.stuck.clone();
    timeout(SOON, stuck.wait_for(|count| *count > before))
        .await
        .expect("it is stuck in time")
        .expect("an agent");
    let given_up = *agent.given_up.borrow();
    let (since, count) = Since::an_operator_ends(&world.gateway, kind).await;
    assert_eq!(count, 1, "{what}");
    let free =
        async || (world.gateway.metric("portcullis_requests_in_flight", &[]).await < 1.0).then_some(());
    eventually("its slot is free", SOON, free).await;
    since.has_ended(&format!("{what}: its slot"));
    let mut gone = agent.given_up.clone();
    timeout(SOON, gone.wait_for(|count| *count > given_up)).await.expect("in time").expect("an agent");
    since.has_ended(&format!("{what}: the agent's side"));
    let labels = [&*format!(r#"agent="{kind}""#), r#"cause="operator""#];
    let counted = world.gateway.metric("portcullis_streams_ended_total", &labels).await;
    assert!(counted >= 1.0, "{what}: it is counted");
    since
}

/// The next request has the only slot of the agent.
async fn is_served(world: &World, kind: &str) {
    let mut next = raw::Wire::connect(world.gateway.port).await;
    let fields = if kind == "websocket" { HANDSHAKE } else { "" };
    next.send(&[format!("GET /{kind} HTTP/1.1\r\nHost: gateway.test\r\n{fields}\r\n")]).await;
    let status = next.response(true).await.map(|response| response.status);
    assert_eq!(status, Some(if kind == "websocket" { 101 } else { 200 }), "{kind}: the slot is free");
    drop(next);
    let free =
        async || (world.gateway.metric("portcullis_requests_in_flight", &[]).await < 1.0).then_some(());
    eventually("it has left", SOON, free).await;
}

#[tokio::test]
async fn a_client_that_reads_nothing_holds_no_slot_over_http_1() {
    let agent = Agent::start().await;
    let world = agent.world().await;
    for kind in KINDS {
        let before = *agent.stuck.borrow();
        let mut caller =
            raw::Wire::open(raw::HERE, world.gateway.port, Some(ROOM)).await.expect("it connects");
        let fields = if kind == "websocket" { HANDSHAKE } else { "" };
        caller.send(&[format!("GET /{kind} HTTP/1.1\r\nHost: gateway.test\r\n{fields}\r\n")]).await;
        ends(&world, &agent, kind, kind, before).await;
        let rest = caller.remainder().await;
        assert!(rest.len() > PIECE && !rest.ends_with(b"0\r\n\r\n"), "{kind}: it is not said to be whole");
        is_served(&world, kind).await;
    }
}

#[tokio::test]
async fn a_client_that_opens_no_window_holds_no_slot_over_http_2() {
    let agent = Agent::start().await;
    let world = agent.world().await;
    for kind in &KINDS[..3] {
        let before = *agent.stuck.borrow();
        let mut wire = world.open().await;
        wire.begin(&[(1, 0), (2, 0), (4, 0)]).await;
        wire.send(&get(1, &format!("/{kind}"))).await;
        assert_eq!(wire.fate(1, SOON).await, Fate::Status(200));
        let since = ends(&world, &agent, kind, kind, before).await;
        let (body, fate) = wire.cut(1).await;
        since.has_ended(kind);
        assert_eq!(body, b"", "{kind}: the window is shut");
        assert!(matches!(fate, Fate::Reset(1..)), "{kind}: {fate:?}");
        is_served(&world, kind).await;
    }
}

#[tokio::test]
async fn a_client_that_reads_no_byte_of_its_connection_holds_no_slot_over_http_2() {
    let agent = Agent::start().await;
    let world = agent.world().await;
    for kind in &KINDS[..3] {
        let before = *agent.stuck.borrow();
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(ROOM).expect("a small buffer");
        let address = ([127, 0, 0, 1], world.gateway.tls_port).into();
        let mut wire = Wire::over(socket.connect(address).await.expect("it connects"), &world.pem).await;
        wire.begin(&[(1, 0), (2, 0), (4, 0x7fff_ffff)]).await;
        wire.send(&[window(0, 0x7fff_0000), get(1, &format!("/{kind}"))].concat()).await;
        ends(&world, &agent, kind, kind, before).await;
        let (body, fate) = wire.cut(1).await;
        assert!(
            body.len() > PIECE && matches!(fate, Fate::Reset(1..)),
            "{kind}: {} bytes, {fate:?}",
            body.len()
        );
        is_served(&world, kind).await;
    }
}
