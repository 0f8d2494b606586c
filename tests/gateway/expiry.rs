//! What becomes of running streams when the credential of their caller ends: which end, when, and how; and that none begins
//! afterwards.

use std::path::Path;
use std::time::Duration;

use futures::future::join_all;
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use testkit::api::{Api, If};
use testkit::raw::{self, Wire};
use testkit::scripted::{Peer, Scripted};
use testkit::{Gateway, Key, Since, Start, eventually, now, portcullis};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

/// The longest that anything else may take on a machine that is busy.
const SOON: Duration = Duration::from_secs(20);
/// How long the tokens of a test are good for: long enough to begin every stream of it.
const LIFE: u64 = 3;
/// The same of its API key, which the gateway has to know before it starts.
const KEY_LIFE: u64 = 6;
/// How late a stream may end, in seconds: a second is promised, and a busy machine has half of one more.
const LATE: f64 = 1.5;
/// How long the gateway waits for a message boundary, in seconds.
const BOUNDARY: f64 = 2.0;

const ISSUER: &str = "https://corp.example";
const EVENTS: &str = "Content-Type: text/event-stream\r\n";
const FIRST: &str = "9\r\ndata: 1\n\n\r\n";
const HALF: &str = "7\r\ndata: 2\r\n";
/// The pieces of a beginning may come as one.
const FIRST_ENDS: &str = "data: 1\n\n\r\n";
const HALF_ENDS: &str = "data: 2\r\n";
const SECOND: &str = "9\r\ndata: 3\n\n\r\n";
const END: &str = "0\r\n\r\n";

/// An agent that begins a response by the path, and goes on when it is told to.
async fn agent() -> (Scripted, watch::Sender<bool>) {
    let (go, told) = watch::channel(false);
    let scripted = Scripted::start(move |mut peer: Peer| {
        let mut told = told.clone();
        async move {
            loop {
                let head = peer.head().await?;
                let path = head.split(' ').nth(1)?.to_owned();
                if path.ends_with("/short") {
                    peer.say(testkit::scripted::OK).await?;
                    continue;
                }
                let coding = if path.ends_with("/coded") { "Content-Encoding: gzip\r\n" } else { "" };
                let kind = if path.ends_with("/body") { "Content-Type: text/plain\r\n" } else { EVENTS };
                peer.say(&format!(
                    "HTTP/1.1 200 OK\r\n{kind}{coding}Transfer-Encoding: chunked\r\n\r\n{FIRST}"
                ))
                .await?;
                if path.ends_with("/half") {
                    peer.say(HALF).await?;
                }
                told.wait_for(|go| *go).await.ok()?;
                peer.say(SECOND).await?;
                return peer.until("never").await.map(drop);
            }
        }
    })
    .await;
    (scripted, go)
}

struct Stage {
    gateway: Gateway,
    /// Its configuration.
    body: String,
    key: Key,
    /// When the tokens of this test end, in seconds since 1970.
    end: u64,
    /// When its API key ends.
    key_end: u64,
    api_key: String,
    go: watch::Sender<bool>,
    agent: Scripted,
}

impl Stage {
    async fn start(leeway: &str) -> Self {
        let ((agent, go), key) = (agent().await, Key::new("ES256", "k1"));
        let made = portcullis(Path::new("/"), &["api-key", "create", "--agent", "keyed"]).await.out;
        let (api_key, entry) = made.split_once('\n').expect("a key and what to store");
        let key_end = now() + KEY_LIFE;
        let until = jiff::Timestamp::from_second(key_end.cast_signed()).expect("a time");
        let entry = format!("{}\n    expires_at: {until}\n", entry.trim());
        let provider = json!({"issuer": ISSUER, "leeway": leeway, "jwks": {"keys": [key.jwk()]}});
        let with = |path: &str, require: Value, streams: Value| {
            let mut oauth = json!({"identity_providers": ["corp"], "audiences": ["x"]});
            if !require.is_null() {
                oauth["require"] = require;
            }
            json!({"route": path, "upstream": agent.url(), "auth": {"oauth": oauth}, "streams": streams})
        };
        let mut trial = with("/trial", Value::Null, json!({"grace": "0s"}));
        trial["enforcement"] = json!("shadow");
        let agents = json!({
            "usual": with("/usual", Value::Null, json!({"grace": "1s"})),
            "end": with("/end", Value::Null, json!({"on_expiry": "end", "grace": "0s", "ws_close_code": 4401})),
            "finish": with("/finish", Value::Null, json!({"on_expiry": "finish", "grace": "0s", "finish_within": "1s"})),
            "off": with("/off", Value::Null, json!({"on_expiry": false})),
            "trial": trial,
            "login": with("/login", json!({"max_auth_age": "60s"}), json!({"grace": "0s"})),
            "keyed": {"route": "/keyed", "upstream": agent.url(), "auth": {"api_key": {}}, "streams": {"grace": "0s"}},
        });
        let providers = json!({"corp": provider});
        let body = format!("identity_providers: {providers}\nagents: {agents}\n{entry}");
        let start = Start { body: &body, admin: Some(""), store: Some("store"), ..Start::default() };
        let gateway = start.ready().await;
        Self { gateway, body, key, end: now() + LIFE, key_end, api_key: api_key.to_owned(), go, agent }
    }

    /// The header line of a token with these claims beside the usual ones.
    fn bearer(&self, claims: Value) -> String {
        let mut all = json!({"iss": ISSUER, "sub": "alice", "aud": "x", "exp": self.end});
        all.as_object_mut().expect("an object").extend(claims.as_object().expect("an object").clone());
        format!("Authorization: Bearer {}", self.key.signed(&all))
    }

    /// A stream that has begun.
    async fn begin(&self, method: &str, path: &str, line: &str) -> Wire {
        let mut wire = Wire::connect(self.gateway.port).await;
        let request = format!("{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n{line}\r\n\r\n");
        assert!(wire.say(request.as_bytes()).await, "it is sent");
        let wanted = if path.ends_with("/half") { HALF_ENDS } else { FIRST_ENDS };
        let came = wire.until(wanted, SOON).await;
        let came = String::from_utf8_lossy(&came.bytes).into_owned();
        assert!(came.starts_with("HTTP/1.1 200") && came.ends_with(wanted), "{method} {path}: {came}");
        wire
    }

    fn api(&self) -> Api {
        Api { origin: format!("http://127.0.0.1:{}", self.gateway.admin), token: self.gateway.admin_token() }
    }

    async fn log_line(&self, path: &str) -> Value {
        let wanted = format!(r#""path":"{path}""#);
        let line = eventually(&format!("the line of {path}"), SOON, async || {
            self.gateway.stdout().into_iter().find(|line| line.contains(&wanted))
        })
        .await;
        serde_json::from_str(&line).expect("JSON")
    }

    async fn count(&self, name: &str, labels: &[&str], wanted: f64) {
        eventually(&format!("{name} {labels:?} is {wanted}"), SOON, async || {
            let found = self.gateway.metric(name, labels).await;
            ((found - wanted).abs() < f64::EPSILON).then_some(())
        })
        .await;
    }
}

/// The time of day, in seconds since 1970.
fn clock() -> f64 {
    jiff::Timestamp::now().as_duration().as_secs_f64()
}

/// How many seconds a stream goes on after the end of its credential, and what it says at its end.
struct Ends(&'static str, &'static str, f64, &'static str);

#[tokio::test]
async fn streams_end_with_the_credential_of_their_caller_by_their_kind_and_setting() {
    const SAID: &str = "10\r\n: token expired\n\r\n0\r\n\r\n";
    let stage = Stage::start("0s").await;
    let (token, api_key) = (stage.bearer(json!({})), format!("X-API-Key: {}", stage.api_key));
    let login = stage.bearer(json!({"exp": now() + 600, "auth_time": stage.end - 60}));
    let ending = [
        Ends("GET", "/usual/a", 1.0, SAID),
        Ends("GET", "/end/a", 0.0, SAID),
        Ends("POST", "/end/post", 0.0, SAID),
        Ends("GET", "/end/half", BOUNDARY, END),
        Ends("GET", "/end/coded", 0.0, END),
        Ends("GET", "/finish/a", 1.0, SAID),
        Ends("GET", "/login/a", 0.0, SAID),
        Ends("GET", "/keyed/a", 0.0, SAID),
    ];
    let going_on = [("POST", "/usual/post"), ("GET", "/usual/body"), ("GET", "/end/body"), ("GET", "/off/a")];
    let line_of = |path: &str| match path.split('/').nth(1) {
        Some("keyed") => api_key.as_str(),
        Some("login") => login.as_str(),
        _ => token.as_str(),
    };
    let begun = ending.iter().map(|Ends(method, path, ..)| stage.begin(method, path, line_of(path)));
    let going = going_on.iter().map(|(method, path)| stage.begin(method, path, line_of(path)));
    let (begun, going) = tokio::join!(join_all(begun), join_all(going));
    let [end, key_end] = [stage.end, stage.key_end].map(|end| Duration::from_secs(end).as_secs_f64());
    assert!(clock() < end, "every stream began in time");
    stage.count("portcullis_streams", &[r#"kind="sse""#], 10.0).await;
    stage.count("portcullis_streams", &[r#"kind="body""#], 2.0).await;

    let ended =
        begun.into_iter().zip(&ending).map(|(mut wire, Ends(method, path, after, wanted))| async move {
            let came = wire.until("\0", SOON).await;
            let took = clock() - if path.starts_with("/keyed") { key_end } else { end };
            let said = String::from_utf8_lossy(&came.bytes).into_owned();
            assert_eq!((said.as_str(), came.ended), (*wanted, true), "{method} {path}");
            // A tenth of the grace may be missing.
            assert!((after * 0.9..after + LATE).contains(&took), "{method} {path}: {took} s, not {after} s");
        });
    join_all(ended).await;
    stage.go.send(true).expect("the agent listens");
    for (mut wire, (method, path)) in going.into_iter().zip(going_on) {
        let came = wire.until(SECOND, SOON).await;
        let came = String::from_utf8_lossy(&came.bytes).into_owned();
        assert_eq!(came, SECOND, "{method} {path} goes on");
    }
    for Ends(_, path, ..) in &ending {
        assert_eq!(stage.log_line(path).await["ended_by"], "expiry", "{path}");
    }
    stage.count("portcullis_streams_ended_total", &[r#"cause="expiry""#, r#"kind="sse""#], 8.0).await;
    stage.count("portcullis_streams_ended_total", &[], 8.0).await;
    stage.count("portcullis_streams", &[r#"kind="sse""#], 0.0).await;
    stage.count("portcullis_stream_life_left_seconds_count", &[r#"agent="usual""#], 2.0).await;
    // Whoever comes again is decided about anew.
    let again = raw::get(stage.gateway.port, "/usual/a", &[token.as_str()]).await;
    assert_eq!(raw::status(&again), 401, "{again}");
}

#[tokio::test]
async fn a_stream_of_shadow_mode_ends_with_its_credential_once_its_agent_enforces() {
    let stage = Stage::start("0s").await;
    let later = |sub: &str| stage.bearer(json!({"sub": sub, "exp": now() + 600}));
    let mut stands = stage.begin("GET", "/trial/stands", &later("alice")).await;
    let ending = [
        ("/trial/ends", stage.bearer(json!({})), "expiry", "token expired"),
        ("/trial/denied", later("bob"), "revoked", "revoked"),
        ("/trial/stranger", "X: y".to_owned(), "policy", "revoked"),
    ];
    let begun = join_all(ending.iter().map(|(path, line, ..)| stage.begin("GET", path, line))).await;
    let denial =
        json!({"provider": "corp", "by": "sub", "value": "bob", "issued_before": "all", "until": "1h"});
    stage.api().post("/denials", If::Unsaid, &denial).await.is(201);
    let end = Duration::from_secs(stage.end).as_secs_f64();
    eventually("the token has ended", SOON, async || (clock() > end + LATE).then_some(())).await;
    stage.count("portcullis_streams", &[r#"agent="trial""#], 4.0).await;
    stage.count("portcullis_streams_ended_total", &[], 0.0).await;
    let enforced = stage.body.replace(r#""enforcement":"shadow""#, r#""enforcement":"enforce""#);
    assert_ne!(enforced, stage.body);
    let since = Since::reload(&stage.gateway, &enforced).await;
    for (mut wire, (path, _, _, says)) in begun.into_iter().zip(&ending) {
        let came = wire.until("\0", SOON).await;
        let said = String::from_utf8_lossy(&came.bytes).into_owned();
        assert!(came.ended && said.contains(&format!(": {says}\n")) && said.ends_with(END), "{path}: {said}");
    }
    since.has_ended("what lost its right");
    for (path, _, cause, _) in &ending {
        assert_eq!(stage.log_line(path).await["ended_by"], *cause, "{path}");
    }
    stage.go.send(true).expect("the agent listens");
    let came = stands.until(SECOND, SOON).await;
    assert_eq!(String::from_utf8_lossy(&came.bytes), SECOND, "a token that is good goes on");
}

#[tokio::test]
async fn a_websocket_is_closed_with_the_code_of_its_agent_when_the_token_ends() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    let (ends, mut ended) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let ends = ends.clone();
            tokio::spawn(async move {
                let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
                let mut last = None;
                while let Some(Ok(message)) = socket.next().await {
                    last = Some(message);
                }
                let _gone = ends.send(last);
            });
        }
    });
    let key = Key::new("ES256", "k1");
    let oauth = json!({"identity_providers": ["corp"], "audiences": ["x"]});
    let agent = |path: &str, streams: Value| json!({"route": path, "upstream": format!("http://127.0.0.1:{port}"), "auth": {"oauth": oauth}, "streams": streams});
    let agents = json!({
        "usual": agent("/usual", json!({"grace": "0s"})),
        "unauthorized": agent("/unauthorized", json!({"grace": "0s", "ws_close_code": 3000})),
    });
    let providers = json!({"corp": {"issuer": ISSUER, "leeway": "0s", "jwks": {"keys": [key.jwk()]}}});
    let body = format!("identity_providers: {providers}\nagents: {agents}\n");
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    let token = key.signed(&json!({"iss": ISSUER, "sub": "alice", "aud": "x", "exp": now() + LIFE}));
    let (gateway, token) = (&gateway, &token);
    let closed = [("/usual", 1008_u16), ("/unauthorized", 3000)].map(|(path, wanted)| async move {
        let mut request =
            format!("ws://127.0.0.1:{}{path}", gateway.port).into_client_request().expect("a request");
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().expect("a value"));
        let stream = TcpStream::connect(("127.0.0.1", gateway.port)).await.expect("it connects");
        let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.expect("the handshake");
        socket.send(Message::text("hello")).await.expect("it is sent");
        let last =
            timeout(SOON, socket.next()).await.expect("soon").expect("a message").expect("a sound one");
        let Message::Close(Some(frame)) = last else { panic!("{last:?}") };
        assert_eq!((u16::from(frame.code), frame.reason.as_str()), (wanted, "token expired"), "{path}");
        assert!(timeout(SOON, socket.next()).await.expect("soon").is_none(), "and the connection ends");
    });
    join_all(closed).await;
    for _ in 0..2 {
        let last = timeout(SOON, ended.recv()).await.expect("soon").expect("it ended");
        let Some(Message::Close(Some(frame))) = last else { panic!("{last:?}") };
        assert_eq!(u16::from(frame.code), 1001);
    }
    let labels = [r#"cause="expiry""#, r#"kind="websocket""#];
    let counted = gateway.metric("portcullis_streams_ended_total", &labels).await;
    assert!((counted - 2.0).abs() < f64::EPSILON, "{counted}");
}

#[tokio::test]
async fn no_stream_begins_on_what_leeway_leaves_of_a_token() {
    const ACCEPT: &str = "Accept: text/event-stream";
    const HANDSHAKE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    let stage = Stage::start("60s").await;
    stage.go.send(true).expect("the agent listens");
    let token = stage.bearer(json!({"exp": now() - 5}));
    for (method, path, line, status, reaches) in [
        ("GET", "/usual/short", "X: y", 200, true),
        ("GET", "/usual/asked", ACCEPT, 401, false),
        ("GET", "/finish/asked", ACCEPT, 401, false),
        ("GET", "/usual/socket", HANDSHAKE, 401, false),
        // Only the response shows what it is.
        ("GET", "/usual/unasked", "X: y", 401, true),
        ("GET", "/usual/body", "X: y", 200, true),
        ("POST", "/usual/answer", ACCEPT, 200, true),
        ("GET", "/off/asked", ACCEPT, 200, true),
    ] {
        let mut wire = Wire::connect(stage.gateway.port).await;
        let request = format!("{method} {path} HTTP/1.1\r\nHost: a\r\n{token}\r\n{line}\r\n\r\n");
        assert!(wire.say(request.as_bytes()).await, "it is sent");
        if status == 200 {
            assert_eq!(wire.bytes(12).await.as_deref(), Some(&b"HTTP/1.1 200"[..]), "{method} {path}");
        } else {
            let refused = wire.response(false).await.expect("a response");
            let challenge = refused.field("www-authenticate");
            assert_eq!(refused.status, status, "{method} {path}");
            assert!(challenge.contains(r#"error="invalid_token""#), "{path}: {challenge}");
        }
        assert_eq!(stage.agent.count(&format!("{method} {path} ")), usize::from(reaches), "{method} {path}");
        drop(wire);
        if status == 200 {
            continue;
        }
        let auth = &stage.log_line(path).await["auth"];
        assert_eq!((&auth["decision"], &auth["reason"]), (&json!("deny"), &json!("token_expired")), "{path}");
    }
    let labels = [r#"decision="deny""#, r#"reason="token_expired""#];
    stage.count("portcullis_auth_decisions_total", &labels, 4.0).await;
}

#[tokio::test]
async fn a_key_that_is_given_another_end_moves_that_of_its_streams_and_the_api_says_where_to() {
    let stage = Stage::start("0s").await;
    let mut wire = stage.begin("GET", "/keyed/a", &format!("X-API-Key: {}", stage.api_key)).await;
    let at = |seconds: u64| jiff::Timestamp::from_second(seconds.cast_signed()).expect("a time").to_string();
    let later = stage.body.replace(&at(stage.key_end), &at(stage.key_end + 600));
    let api = stage.api();
    let running = async || api.get("/agents/keyed/streams").await.is(200).json()["items"][0].clone();
    let begun = running().await;
    for member in ["expires_at", "ends_at"] {
        assert_eq!(begun[member], json!(at(stage.key_end)), "{begun}");
    }
    Since::reload(&stage.gateway, &later).await;
    assert_eq!(running().await["ends_at"], json!(at(stage.key_end + 600)));
    let end = Duration::from_secs(stage.key_end + 1).as_secs_f64();
    eventually("its first end has passed", SOON, async || (clock() > end).then_some(())).await;
    stage.go.send(true).expect("the agent listens");
    let came = wire.until(SECOND, SOON).await;
    assert_eq!(String::from_utf8_lossy(&came.bytes), SECOND);
    // More than a reload takes.
    let soon = now() + 4;
    Since::reload(&stage.gateway, &stage.body.replace(&at(stage.key_end), &at(soon))).await;
    let came = wire.until("\0", SOON).await;
    let (said, took) =
        (String::from_utf8_lossy(&came.bytes), clock() - Duration::from_secs(soon).as_secs_f64());
    assert!(said.contains(": token expired") && (0.0..LATE).contains(&took), "{said} {took}");
}
