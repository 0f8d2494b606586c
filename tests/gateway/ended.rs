//! What a change of the configuration ends, and what it leaves alone.

use std::path::Path;
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use testkit::raw::Wire;
use testkit::scripted::{Peer, Scripted};
use testkit::{Gateway, Start, eventually, portcullis};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// The longest that a change may take to be live, and a stream to end after it, on a machine that is busy.
const SOON: Duration = Duration::from_secs(5);
const STREAM: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const FIRST: &str = "9\r\ndata: 1\n\n\r\n";
const SECOND: &str = "9\r\ndata: 2\n\n\r\n";

/// An agent that sends one event to each caller, and another one when it is told to.
struct Agent {
    scripted: Scripted,
    go: watch::Sender<bool>,
}

impl Agent {
    async fn start() -> Self {
        let (go, told) = watch::channel(false);
        let scripted = Scripted::start(move |mut peer: Peer| {
            let mut told = told.clone();
            async move {
                peer.head().await?;
                peer.say(&format!("{STREAM}{FIRST}")).await?;
                told.wait_for(|go| *go).await.ok()?;
                peer.say(SECOND).await?;
                peer.until("never").await.map(drop)
            }
        })
        .await;
        Self { scripted, go }
    }
}

/// A stream over HTTP/1.1 whose first event has come.
struct Caller(Wire);

impl Caller {
    async fn of(gateway: &Gateway, path: &str, key: &str) -> Self {
        let mut wire = Wire::connect(gateway.port).await;
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nX-API-Key: {key}\r\n\r\n");
        assert!(wire.say(request.as_bytes()).await, "it is sent");
        let mut caller = Self(wire);
        caller.until(FIRST).await;
        caller
    }

    /// Reads until this has come, or the stream ends; gives what came.
    async fn until(&mut self, wanted: &str) -> String {
        let read = self.0.until(wanted, SOON).await;
        let came = String::from_utf8_lossy(&read.bytes).into_owned();
        assert!(read.ended || came.ends_with(wanted), "no {wanted:?} in {came:?}");
        came
    }

    async fn is_ended(&mut self) {
        let rest = self.until("\0").await;
        assert!(rest.ends_with("0\r\n\r\n"), "the end is said: {rest:?}");
        assert!(rest.contains(": revoked\n"), "and why: {rest:?}");
    }

    async fn goes_on(&mut self) {
        assert_eq!(self.until(SECOND).await, SECOND);
    }
}

/// A key for the agent `k`, and its entry.
async fn key() -> (String, String) {
    let ran = portcullis(Path::new("/"), &["api-key", "create", "--agent", "k"]).await;
    let (key, stored) = ran.out.split_once('\n').expect("a key and what to store");
    (key.to_owned(), stored.trim_start().to_owned())
}

async fn reloaded(gateway: &Gateway, text: &str) {
    let applied = async || gateway.metric("portcullis_config_reloads_total", &[r#"result="applied""#]).await;
    let before = applied().await;
    gateway.write_body(text);
    eventually("the change is live", SOON, async || (applied().await > before).then_some(())).await;
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Nothing,
    Limit,
    Policy,
    KeyRevoked,
    KeyRemoved,
    AgentRemoved,
}

fn body(agent: &Agent, entry: &str, setting: &str, change: Change) -> String {
    let route = if matches!(change, Change::Policy) { "{ path: /k, methods: [GET] }" } else { "/k" };
    let more = if matches!(change, Change::Limit) { ", max_body: 1MiB" } else { "" };
    let url = agent.scripted.url();
    let other = format!("  o: {{ route: /o, upstream: \"{url}\", auth: public }}\n");
    let keyed = format!(
        "  k: {{ route: {route}, upstream: \"{url}\", auth: {{ api_key: {{}} }}{more}, streams: {{ on_policy_change: {setting} }} }}\n"
    );
    let revoked = entry.trim_end().to_owned() + "\n    revoked_at: 2020-01-01T00:00:00Z\n";
    match change {
        Change::Nothing | Change::Limit | Change::Policy => format!("agents:\n{other}{keyed}{entry}"),
        Change::KeyRevoked => format!("agents:\n{other}{keyed}{revoked}"),
        Change::KeyRemoved => format!("agents:\n{other}{keyed}"),
        Change::AgentRemoved => format!("agents:\n{other}"),
    }
}

#[tokio::test]
async fn a_change_ends_the_streams_that_the_agents_setting_says_and_no_other() {
    for (setting, change, ends) in [
        ("revocation", Change::Limit, false),
        ("revocation", Change::Policy, false),
        ("revocation", Change::KeyRevoked, true),
        ("revocation", Change::KeyRemoved, true),
        ("revocation", Change::AgentRemoved, true),
        ("end", Change::Limit, false),
        ("end", Change::Policy, true),
        ("end", Change::KeyRevoked, true),
        ("keep", Change::Policy, false),
        ("keep", Change::KeyRevoked, false),
        ("keep", Change::AgentRemoved, false),
    ] {
        let (agent, (key, entry)) = (Agent::start().await, key().await);
        let start = body(&agent, &entry, setting, Change::Nothing);
        let gateway = Start { body: &start, ..Start::default() }.ready().await;
        let mut judged = Caller::of(&gateway, "/k", &key).await;
        let mut bystander = Caller::of(&gateway, "/o", "").await;
        reloaded(&gateway, &body(&agent, &entry, setting, change)).await;
        if ends {
            judged.is_ended().await;
        }
        agent.go.send(true).expect("the agent listens");
        bystander.goes_on().await;
        if !ends {
            judged.goes_on().await;
        }
    }
}

#[tokio::test]
async fn an_ended_stream_is_logged_and_counted_with_its_cause() {
    let (agent, (key, entry)) = (Agent::start().await, key().await);
    let start = body(&agent, &entry, "revocation", Change::Nothing);
    let gateway = Start { body: &start, ..Start::default() }.ready().await;
    let mut judged = Caller::of(&gateway, "/k", &key).await;
    reloaded(&gateway, &body(&agent, &entry, "revocation", Change::KeyRevoked)).await;
    judged.is_ended().await;
    let line = eventually("the line of the request", SOON, async || {
        gateway.stdout().into_iter().find(|line| line.contains(r#""path":"/k""#))
    })
    .await;
    assert!(line.ends_with(r#","ended_by":"revoked"}"#), "{line}");
    let labels = [r#"agent="k""#, r#"cause="revoked""#, r#"kind="sse""#];
    let counted = gateway.metric("portcullis_streams_ended_total", &labels).await;
    assert!((counted - 1.0).abs() < f64::EPSILON, "{counted}");
}

#[tokio::test]
async fn hundreds_of_streams_of_others_stand() {
    let (agent, (key, entry)) = (Agent::start().await, key().await);
    let start = body(&agent, &entry, "revocation", Change::Nothing);
    let gateway = Start { body: &start, ..Start::default() }.ready().await;
    let mut judged = Caller::of(&gateway, "/k", &key).await;
    let mut others = Vec::new();
    for _ in 0..300 {
        others.push(Caller::of(&gateway, "/o", "").await);
    }
    reloaded(&gateway, &body(&agent, &entry, "revocation", Change::AgentRemoved)).await;
    judged.is_ended().await;
    agent.go.send(true).expect("the agent listens");
    for other in &mut others {
        other.goes_on().await;
    }
}

/// An agent that answers each message with itself, and says how its WebSockets ended.
async fn echo() -> (u16, tokio::sync::mpsc::UnboundedReceiver<Option<Message>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    let (ends, ended) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let ends = ends.clone();
            tokio::spawn(async move {
                let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
                let mut last = None;
                while let Some(Ok(message)) = socket.next().await {
                    if !message.is_close() {
                        let _gone = socket.send(message.clone()).await;
                    }
                    last = Some(message);
                }
                let _gone = ends.send(last);
            });
        }
    });
    (port, ended)
}

#[tokio::test]
async fn a_websocket_is_closed_with_a_code_towards_both_sides() {
    let (port, mut ended) = echo().await;
    let (key, entry) = key().await;
    let agent = format!(
        "agents:\n  k: {{ route: /k, upstream: \"http://127.0.0.1:{port}\", auth: {{ api_key: {{}} }} }}\n"
    );
    let gateway = Start { body: &format!("{agent}{entry}"), ..Start::default() }.ready().await;
    let mut request = format!("ws://127.0.0.1:{}/k", gateway.port).into_client_request().expect("a request");
    request.headers_mut().insert("x-api-key", key.parse().expect("a value"));
    let stream = TcpStream::connect(("127.0.0.1", gateway.port)).await.expect("it connects");
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.expect("the handshake");
    socket.send(Message::text("hello")).await.expect("it is sent");
    assert_eq!(socket.next().await.expect("it stands").expect("a message"), Message::text("hello"));
    reloaded(&gateway, &agent).await;
    let last = timeout(SOON, socket.next()).await.expect("soon").expect("a message").expect("a sound one");
    let Message::Close(Some(frame)) = last else { panic!("{last:?}") };
    assert_eq!((frame.code, frame.reason.as_str()), (CloseCode::Policy, "revoked"));
    assert!(timeout(SOON, socket.next()).await.expect("soon").is_none(), "and the connection ends");
    let last = timeout(SOON, ended.recv()).await.expect("soon").expect("it ended");
    let Some(Message::Close(Some(frame))) = last else { panic!("{last:?}") };
    assert_eq!(frame.code, CloseCode::Away);
    let line = eventually("the line of the request", SOON, async || {
        gateway.stdout().into_iter().find(|line| line.contains(r#""path":"/k""#))
    })
    .await;
    assert!(line.ends_with(r#","ended_by":"revoked"}"#), "{line}");
}
