//! What a change of the configuration ends within a second, and what it leaves alone. A crowd of bystanders is in
//! `bystanders`.

use std::path::Path;
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use testkit::raw::Wire;
use testkit::scripted::{Peer, Scripted};
use testkit::{Gateway, Key, Since, Start, eventually, now, portcullis};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// The longest that anything else may take on a machine that is busy.
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
        Self::with(gateway, path, &format!("X-API-Key: {key}")).await
    }

    async fn with(gateway: &Gateway, path: &str, credential: &str) -> Self {
        let mut wire = Wire::connect(gateway.port).await;
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n{credential}\r\n\r\n");
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

    async fn is_ended(&mut self, since: Since) {
        let rest = self.until("\0").await;
        since.has_ended("the stream");
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
        let since = Since::reload(&gateway, &body(&agent, &entry, setting, change)).await;
        if ends {
            judged.is_ended(since).await;
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
    let since = Since::reload(&gateway, &body(&agent, &entry, "revocation", Change::KeyRevoked)).await;
    judged.is_ended(since).await;
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
async fn the_second_stream_of_a_connection_ends_like_the_first() {
    let (go, _told) = watch::channel(false);
    let scripted = Scripted::start(async |mut peer: Peer| {
        loop {
            let head = peer.head().await?;
            let end = if head.starts_with("GET /k/short") { "0\r\n\r\n" } else { "" };
            peer.say(&format!("{STREAM}{FIRST}{end}")).await?;
        }
    })
    .await;
    let (agent, (key, entry)) = (Agent { scripted, go }, key().await);
    let start = body(&agent, &entry, "revocation", Change::Nothing);
    let gateway = Start { body: &start, ..Start::default() }.ready().await;
    let mut caller = Caller(Wire::connect(gateway.port).await);
    // The event and the end of the first may come in one piece.
    for (path, last) in [("/k/short", "0\r\n\r\n"), ("/k/long", FIRST)] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nX-API-Key: {key}\r\n\r\n");
        assert!(caller.0.say(request.as_bytes()).await, "it is sent on one connection");
        caller.until(last).await;
    }
    let since = Since::reload(&gateway, &body(&agent, &entry, "revocation", Change::KeyRevoked)).await;
    caller.is_ended(since).await;
}

#[tokio::test]
async fn an_upload_that_goes_on_without_an_answer_is_ended_as_well() {
    let (go, _told) = watch::channel(false);
    let scripted = Scripted::start(async |mut peer: Peer| {
        peer.head().await?;
        peer.until("never").await.map(drop)
    })
    .await;
    let (agent, (key, entry)) = (Agent { scripted, go }, key().await);
    let start = body(&agent, &entry, "revocation", Change::Nothing);
    let gateway = Start { body: &start, admin: Some(""), ..Start::default() }.ready().await;
    let mut wire = Wire::connect(gateway.port).await;
    let head =
        format!("POST /k/up HTTP/1.1\r\nHost: a\r\nX-API-Key: {key}\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert!(wire.say(head.as_bytes()).await, "it is sent");
    let since = eventually("it is listed", SOON, async || {
        assert!(wire.say(b"1\r\nx\r\n").await, "it goes on");
        let (since, count) = Since::an_operator_ends(&gateway, "k").await;
        (count == 1).then_some(since)
    })
    .await;
    let came = wire.until("\0", SOON).await;
    since.has_ended("the upload");
    let said = String::from_utf8_lossy(&came.bytes);
    assert!(said.starts_with("HTTP/1.1 503") && came.ended, "{said}");
    let line = eventually("the line of the request", SOON, async || {
        gateway.stdout().into_iter().find(|line| line.contains(r#""path":"/k/up""#))
    })
    .await;
    assert!(line.ends_with(r#","ended_by":"operator"}"#), "{line}");
}

/// A configuration with an agent that accepts tokens of these of the two providers.
fn tokens_of(agent: &Agent, key: &Key, accepted: &[&str], there: &[&str]) -> String {
    let provider =
        |name: &str| (name.to_owned(), json!({"issuer": issuer(name), "jwks": {"keys": [key.jwk()]}}));
    let providers: serde_json::Map<String, Value> = there.iter().map(|name| provider(name)).collect();
    let oauth = json!({"identity_providers": accepted, "audiences": ["x"]});
    let agents = json!({"t": {"route": "/t", "upstream": agent.scripted.url(), "auth": {"oauth": oauth}}});
    format!("identity_providers: {}\nagents: {agents}\n", Value::Object(providers))
}

fn issuer(provider: &str) -> String {
    format!("https://{provider}.example")
}

#[tokio::test]
async fn a_provider_that_an_agent_no_longer_accepts_ends_its_streams_and_those_of_the_other_stand() {
    const BOTH: &[&str] = &["corp", "partner"];
    for (what, accepted, there, ends) in [
        ("the agent leaves it out", &["partner"][..], BOTH, true),
        ("it is removed", &["partner"], &["partner"], true),
        ("the agent names them the other way round", &["partner", "corp"], BOTH, false),
    ] {
        let (agent, key) = (Agent::start().await, Key::new("ES256", "k1"));
        let start = tokens_of(&agent, &key, BOTH, BOTH);
        let gateway = Start { body: &start, ..Start::default() }.ready().await;
        let bearer = |provider: &str| {
            let claims = json!({"iss": issuer(provider), "sub": "alice", "aud": "x", "exp": now() + 300});
            format!("Authorization: Bearer {}", key.signed(&claims))
        };
        let mut judged = Caller::with(&gateway, "/t", &bearer("corp")).await;
        let mut bystander = Caller::with(&gateway, "/t", &bearer("partner")).await;
        let since = Since::reload(&gateway, &tokens_of(&agent, &key, accepted, there)).await;
        if ends {
            judged.is_ended(since).await;
        }
        agent.go.send(true).expect("the agent listens");
        bystander.goes_on().await;
        if !ends {
            judged.goes_on().await;
        }
        let by_policy = gateway.metric("portcullis_streams_ended_total", &[r#"cause="policy""#]).await;
        let all = gateway.metric("portcullis_streams_ended_total", &[]).await;
        let wanted = if ends { 1.0 } else { 0.0 };
        assert!(by_policy == wanted && all == wanted, "{what}: {by_policy} of {all}");
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
    let since = Since::reload(&gateway, &agent).await;
    let last = timeout(SOON, socket.next()).await.expect("soon").expect("a message").expect("a sound one");
    since.has_ended("the WebSocket");
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
