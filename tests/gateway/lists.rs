//! Lists of an MCP agent with rules, end to end: each caller sees what it may use, nobody keeps a list, and one that cannot
//! be read is never passed on unfiltered.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::{Client, Response};
use serde_json::{Value, json};
use testkit::raw::Wire;
use testkit::scripted::{Peer, Scripted};
use testkit::{Certificate, Gateway, Issuer, Key, Start, client};
use tokio::sync::Notify;

const MOST: usize = 4096;
const JSON: &str = "content-type: application/json\r\n";
const EVENTS: &str = "content-type: text/event-stream\r\n";

/// What the agent says, by the name that a request has in `x-scene`: pieces, each after the first when the test says so.
type Scenes = HashMap<String, Vec<String>>;

struct Stage {
    gateway: Gateway,
    upstream: Scripted,
    issuer: Issuer,
    key: Key,
    go_on: Arc<Notify>,
    /// How many connections the agent has been given.
    connections: Arc<AtomicUsize>,
}

async fn stage(scenes: &[(&str, &[String])]) -> Stage {
    let key = Key::new("ES256", "k1");
    let (go_on, connections) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let upstream = agent(scenes, &go_on, &connections).await;
    let issuer = Issuer::start(&[&key]).await;
    let rules = json!({
        "unlisted": "deny",
        "methods": {"initialize": "public", "tools/list": "public", "resources/*": "allow"},
        "tools": {
            "free": "public",
            "read": "allow",
            "write": {"scopes": {"all_of": ["write"]}},
            "root": {"claims": {"all_of": [{"claim": "role", "values": ["root"]}]}},
        },
        "resources": {"file:///a/*": "allow", "file:///w/*": {"scopes": {"all_of": ["write"]}}},
    });
    let oauth = json!({"oauth": {"identity_providers": ["corp"], "audiences": ["x"], "scopes": {"all_of": ["base"]}}});
    let agent = |path: &str, listing: Value, enforcement: &str| {
        let mut mcp = json!({"rules": rules, "max_list": MOST});
        if !listing.is_null() {
            mcp["listing"] = listing;
        }
        json!({"route": path, "upstream": upstream.url(), "auth": oauth, "protocol": "mcp", "mcp": mcp,
            "public_url": "https://agents.test", "enforcement": enforcement})
    };
    let agents = json!({
        "a": agent("/a", Value::Null, "enforce"),
        "permitted": agent("/permitted", "permitted".into(), "enforce"),
        "all": agent("/all", "all".into(), "enforce"),
        "shadow": agent("/shadow", "permitted".into(), "shadow"),
    });
    let body = format!("identity_providers: {}\nagents: {agents}\n", json!({"corp": {"issuer": issuer.url}}));
    let certificate = Certificate::generate();
    let start = Start { body: &body, certificate: Some(&certificate), ..Start::default() };
    Stage { gateway: start.ready().await, upstream, issuer, key, go_on, connections }
}

/// An agent that plays these scenes.
async fn agent(
    scenes: &[(&str, &[String])],
    go_on: &Arc<Notify>,
    connections: &Arc<AtomicUsize>,
) -> Scripted {
    let of = |(name, pieces): &(&str, &[String])| ((*name).to_owned(), pieces.to_vec());
    let scenes: Arc<Scenes> = Arc::new(scenes.iter().map(of).collect());
    let (go_on, connections) = (Arc::clone(go_on), Arc::clone(connections));
    Scripted::start(move |mut peer: Peer| {
        let (scenes, go_on) = (Arc::clone(&scenes), Arc::clone(&go_on));
        connections.fetch_add(1, Ordering::Relaxed);
        async move {
            loop {
                let head = peer.head().await?;
                if head.starts_with("POST") {
                    peer.until("\n").await?;
                }
                let scene = head.lines().find_map(|line| line.strip_prefix("x-scene: "))?;
                for (number, piece) in scenes.get(scene)?.iter().enumerate() {
                    if number > 0 {
                        go_on.notified().await;
                    }
                    peer.say(piece).await?;
                }
                if scenes.get(scene)?.iter().any(|piece| piece.ends_with(CUT)) {
                    return Some(());
                }
            }
        }
    })
    .await
}

/// The end of a response that breaks off.
const CUT: &str = "cut";

/// A whole response with a length.
fn sized(head: &str, body: &str) -> Vec<String> {
    vec![format!("HTTP/1.1 200 OK\r\n{head}content-length: {}\r\n\r\n{body}", body.len())]
}

/// A whole response in chunks, and whether it ends.
fn chunked(head: &str, pieces: &[&str], ends: bool) -> Vec<String> {
    let chunk = |piece: &str| format!("{:x}\r\n{piece}\r\n", piece.len());
    let mut all: Vec<String> = pieces.iter().copied().map(chunk).collect();
    if let Some(first) = all.first_mut() {
        first.insert_str(0, &format!("HTTP/1.1 200 OK\r\n{head}transfer-encoding: chunked\r\n\r\n"));
    }
    if let Some(last) = all.last_mut().filter(|_| ends) {
        last.push_str("0\r\n\r\n");
    }
    all
}

fn response(result: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":7,"result":{result}}}"#)
}

const TOOLS: [&str; 5] = ["free", "write", "other", "read", "root"];

/// The list that the agent has.
fn tools() -> String {
    let tool = |name: &&str| format!(r#"{{"name":"{name}","description":"n \u00e4","x":1.0}}"#);
    let tools: Vec<_> = TOOLS.iter().map(tool).collect();
    response(&format!(r#"{{"tools":[{}],"cacheScope":"public","ttlMs":60000}}"#, tools.join(" , ")))
}

impl Stage {
    fn token(&self, scope: &str) -> String {
        let mut claims = self.issuer.claims("x");
        claims["scope"] = scope.into();
        self.key.token(&self.key.header("ES256"), &claims)
    }

    async fn ask(&self, path: &str, scope: Option<&str>, method: &str, scene: &str) -> Response {
        self.ask_by(&client(), &self.gateway.url(path), scope, (method, scene)).await
    }

    async fn ask_by(
        &self,
        client: &Client,
        url: &str,
        scope: Option<&str>,
        (method, scene): (&str, &str),
    ) -> Response {
        let params = if method == "tools/call" { json!({"name": "free"}) } else { json!({}) };
        let message = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params});
        let mut request = if method == "GET" {
            client.get(url).header("last-event-id", "1")
        } else {
            client.post(url).body(format!("{message}\n")).header("content-type", "application/json")
        };
        request = request.header("x-scene", scene).header("accept-encoding", "gzip, br");
        if let Some(scope) = scope {
            request = request.bearer_auth(self.token(scope));
        }
        request.send().await.expect("a response")
    }

    /// What the access log says of a response.
    async fn logged(&self, response: &Response) -> Value {
        self.gateway.logged(field(response, "x-request-id").unwrap_or_default()).await
    }
}

fn field<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    response.headers().get(name).map(|value| value.to_str().expect("ASCII"))
}

fn names(message: &str) -> String {
    let message: Value = serde_json::from_str(message).expect("JSON");
    let tools = message["result"]["tools"].as_array().expect("a list").clone();
    tools.iter().map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_list_shows_only_what_the_caller_may_use_and_is_kept_by_nobody() {
    let etag = format!("{JSON}etag: \"1\"\r\ncache-control: public, max-age=60\r\n");
    let events = format!("id: 1\ndata: {}\n\n", tools());
    let stage = stage(&[
        ("json", &sized(&etag, &tools())),
        ("chunks", &chunked(&etag, &[&tools()], true)),
        ("events", &chunked(EVENTS, &[&events], true)),
        ("events-sized", &sized(EVENTS, &events)),
    ])
    .await;
    let (client, base) = stage.gateway.http2();
    for (path, scope, wanted) in [
        ("/a", Some("base"), "free write read"),
        ("/a", Some("base write"), "free write read"),
        ("/a", None, "free write read root"),
        ("/a", Some("other"), "free write read root"),
        ("/permitted", Some("base"), "free read"),
        ("/permitted", Some("base write"), "free write read"),
        ("/permitted", None, "free"),
        ("/permitted", Some("other"), "free"),
        ("/all", Some("base"), "free write other read root"),
    ] {
        for scene in ["json", "chunks", "events", "events-sized"] {
            let by_1 = stage.ask(&format!("{path}/mcp"), scope, "tools/list", scene).await;
            let url = format!("{base}{path}/mcp");
            let by_2 = stage.ask_by(&client, &url, scope, ("tools/list", scene)).await;
            for response in [by_1, by_2] {
                let case = format!("{path} {scope:?} {scene} {:?}", response.version());
                assert_eq!(response.status(), 200, "{case}");
                assert_eq!(field(&response, "cache-control"), Some("private, no-store"), "{case}");
                assert_eq!(field(&response, "etag"), None, "{case}");
                let text = response.text().await.expect("a whole body");
                let message = match scene {
                    "events" | "events-sized" => {
                        let data =
                            text.strip_prefix("id: 1\ndata: ").and_then(|text| text.strip_suffix("\n\n"));
                        data.expect("one event").to_owned()
                    }
                    _ => text,
                };
                assert_eq!(names(&message), wanted, "{case}");
                let message: Value = serde_json::from_str(&message).expect("JSON");
                let marks = (&message["result"]["cacheScope"], &message["result"]["ttlMs"]);
                assert_eq!(marks, (&json!("private"), &json!(0)), "{case}");
            }
        }
    }
    assert_eq!(stage.upstream.count("POST"), 9 * 4 * 2);
    let (entries, listed) = ("portcullis_mcp_list_entries_total", ["agent=\"all\"", "outcome=\"shown\""]);
    assert!((stage.gateway.metric(entries, &listed).await - 40.0).abs() < 0.1);
    let hidden = ["agent=\"permitted\"", "outcome=\"hidden\""];
    assert!((stage.gateway.metric(entries, &hidden).await - 8.0 * 13.0).abs() < 0.1);
}

#[tokio::test]
async fn all_other_bytes_of_a_list_and_its_connections_stay() {
    let stage = stage(&[("json", &sized(JSON, &tools())), ("plain", &sized(JSON, &response("{}")))]).await;
    let token = stage.token("base");
    let mut wire = Wire::connect(stage.gateway.port).await;
    for (scene, wanted) in [
        (
            "json",
            r#"{"jsonrpc":"2.0","id":7,"result":{"tools":[{"name":"free","description":"n \u00e4","x":1.0} , {"name":"write","description":"n \u00e4","x":1.0} , {"name":"read","description":"n \u00e4","x":1.0}],"cacheScope":"private","ttlMs":0}}"#,
        ),
        ("plain", r#"{"jsonrpc":"2.0","id":7,"result":{"cacheScope":"private","ttlMs":0}}"#),
        ("json", ""),
    ] {
        let message = "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/list\"}\n";
        let request = format!(
            "POST /a/mcp HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nX-Scene: {scene}\r\nContent-Type: \
             application/json\r\nAccept-Encoding: gzip\r\nContent-Length: {}\r\n\r\n{message}",
            message.len()
        );
        assert!(wire.say(request.as_bytes()).await);
        let response = wire.response(false).await.expect("a response on the same connection");
        let body = String::from_utf8_lossy(&response.body).into_owned();
        assert_eq!(response.status, 200, "{body}");
        assert_eq!(response.field("content-length"), body.len().to_string(), "{body}");
        assert_eq!(response.field("transfer-encoding"), "", "{body}");
        if !wanted.is_empty() {
            assert_eq!(body, wanted);
        }
    }
    assert_eq!(stage.connections.load(Ordering::Relaxed), 1, "the agent's connection is used again");
    assert_eq!(stage.upstream.count("POST"), 3);
    assert!(stage.upstream.heads().iter().all(|head| head.contains("accept-encoding: identity\r\n")));
}

#[tokio::test]
async fn a_list_that_cannot_be_read_is_502_and_never_passed_on() {
    let bad = |entries: &str| sized(JSON, &response(&format!(r#"{{"tools":[{entries}]}}"#)));
    let long = format!(r#"{{"name":"free","x":"{}"}}"#, "x".repeat(MOST));
    let long = response(&format!(r#"{{"tools":[{long}]}}"#));
    let gzip = format!("{JSON}content-encoding: gzip\r\n");
    let broken = vec![format!("HTTP/1.1 200 OK\r\n{JSON}content-length: 500\r\n\r\n{}{CUT}", tools())];
    let scenes: &[(&str, Vec<String>, &str)] = &[
        ("doubled", bad(r#"{"name":"free","name":"other"}"#), "list_unreadable"),
        ("spelling", bad(r#"{"name":"free","Name":"other"}"#), "list_unreadable"),
        ("no name", bad(r#"{"title":"other"}"#), "list_unreadable"),
        ("no list", sized(JSON, &response(r#"{"tools":{"other":1}}"#)), "list_unreadable"),
        ("batch", sized(JSON, &format!("[{}]", tools())), "list_unreadable"),
        ("text", sized("content-type: text/plain\r\n", "other"), "list_unreadable"),
        ("empty", chunked(JSON, &["  "], true), "list_unreadable"),
        ("gzip", sized(&gzip, &tools()), "list_unreadable"),
        ("gzip events", sized(&format!("{EVENTS}content-encoding: gzip\r\n"), "other"), "list_unreadable"),
        ("long", sized(JSON, &long), "list_unreadable"),
        ("long chunks", chunked(JSON, &[&long], true), "list_unreadable"),
        ("broken", broken, "connection_closed"),
    ];
    let all: Vec<(&str, &[String])> = scenes.iter().map(|(name, scene, _)| (*name, &**scene)).collect();
    let stage = stage(&all).await;
    let (client, base) = stage.gateway.http2();
    for (scene, _, cause) in scenes {
        let by_1 = stage.ask("/a/mcp", Some("base"), "tools/list", scene).await;
        let url = format!("{base}/a/mcp");
        let by_2 = stage.ask_by(&client, &url, Some("base"), ("tools/list", scene)).await;
        for response in [by_1, by_2] {
            let line = stage.logged(&response).await;
            let case = format!("{scene} {:?} {line}", response.version());
            assert_eq!((response.status().as_u16(), &line["status"]), (502, &json!(502)), "{case}");
            assert_eq!(line["upstream_error"], *cause, "{case}");
            let text = response.text().await.expect("a whole body");
            let error: Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!((&error["id"], &error["error"]["code"]), (&json!(7), &json!(-32016)), "{case}");
            assert!(!text.contains("other"), "{case}");
        }
    }
}

#[tokio::test]
async fn what_is_no_list_passes_untouched() {
    let error = r#"{"jsonrpc":"2.0","id":7,"error":{"code":-32603,"message":"no"}}"#;
    let gone =
        "HTTP/1.1 404 Not Found\r\ncontent-type: text/plain\r\ncontent-length: 4\r\n\r\ngone".to_owned();
    let long = response(&format!(r#"{{"content":[{{"type":"text","text":"{}"}}]}}"#, "x".repeat(3 * MOST)));
    let long_event = format!("event: message\ndata: {long}\n\n");
    let gzip = format!("{JSON}content-encoding: gzip\r\netag: \"1\"\r\n");
    let stage = stage(&[
        ("error", &sized(JSON, error)),
        ("gone", &[gone]),
        ("accepted", &["HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n".to_owned()]),
        ("long", &sized(JSON, &long)),
        ("gzip", &sized(&gzip, "not read")),
        ("long event", &chunked(EVENTS, &[&long_event], true)),
        ("session", &sized(JSON, "{\"odd\":1,\"odd\":2}")),
    ])
    .await;
    for (method, scene, status, wanted) in [
        ("tools/list", "error", 200, error),
        ("tools/list", "gone", 404, "gone"),
        ("tools/list", "accepted", 202, ""),
        ("tools/call", "long", 200, &*long),
        ("tools/call", "gzip", 200, "not read"),
        ("tools/call", "long event", 200, &*long_event),
        ("GET", "long event", 200, &*long_event),
        ("initialize", "session", 200, "{\"odd\":1,\"odd\":2}"),
    ] {
        let response = stage.ask("/a/mcp", Some("base"), method, scene).await;
        assert_eq!(response.status(), status, "{method} {scene}");
        let keeps = scene == "gzip";
        assert_eq!(field(&response, "etag").is_some(), keeps, "{method} {scene}");
        assert_eq!(response.text().await.expect("a whole body"), wanted, "{method} {scene}");
    }
}

#[tokio::test]
async fn a_list_is_found_in_the_answer_to_any_request() {
    let event = format!("data: {}\n\n", tools());
    let stage = stage(&[
        ("json", &chunked(JSON, &["{\"jsonrpc\":\"2.0\",\"id\":7,", &tools()[24..]], true)),
        ("events", &chunked(EVENTS, &[&event], true)),
    ])
    .await;
    for method in ["tools/call", "GET"] {
        let response = stage.ask("/permitted/mcp", Some("base"), method, "events").await;
        let text = response.text().await.expect("a whole body");
        let message = text.strip_prefix("data: ").expect("an event");
        assert_eq!(names(message), "free read", "{method}");
    }
    // The head has gone before the list comes: the response breaks off in front of it.
    let mut response = stage.ask("/permitted/mcp", Some("base"), "tools/call", "json").await;
    let first = response.chunk().await.expect("the beginning").expect("a piece");
    assert_eq!(first, "{\"jsonrpc\":\"2.0\",\"id\":7,");
    stage.go_on.notify_one();
    assert!(response.chunk().await.is_err(), "no list, and no end");
    assert_eq!(stage.logged(&response).await["upstream_error"], "list_unreadable");
}

#[tokio::test]
async fn events_pass_as_they_come_and_end_before_a_list_that_cannot_be_read() {
    let list = tools();
    let (half, rest) = list.split_at(list.len() / 2);
    let stage = stage(&[(
        "stream",
        &chunked(
            EVENTS,
            &[
                ": ping\n\ndata: 1\n\n",
                &format!("id: 2\r\ndata: {half}"),
                &format!("{rest}\r\n\r\n: ping\n"),
                "data: 3\n\nid: 4\ndata: {\"result\":{\"tools\":[{\"name\":\"other\"}]}}\n\ndata: 5\n\n",
            ],
            false,
        ),
    )])
    .await;
    let mut response = stage.ask("/permitted/mcp", Some("base"), "GET", "stream").await;
    assert_eq!(field(&response, "cache-control"), Some("private, no-store"));
    let mut wait = async || match tokio::time::timeout(Duration::from_secs(10), response.chunk()).await {
        Ok(piece) => {
            piece.expect("a piece or the end").map(|piece| String::from_utf8_lossy(&piece).into_owned())
        }
        Err(_) => Some("nothing has come".to_owned()),
    };
    assert_eq!(wait().await.as_deref(), Some(": ping\n\ndata: 1\n\n"));
    stage.go_on.notify_one();
    assert_eq!(wait().await.as_deref(), Some("id: 2\r\n"), "the event is held");
    stage.go_on.notify_one();
    let third = wait().await.unwrap_or_default();
    let message = third.strip_prefix("data: ").and_then(|text| text.strip_suffix("\r\n\r\n: ping\n"));
    assert_eq!(names(message.unwrap_or(&third)), "free read");
    stage.go_on.notify_one();
    assert_eq!(wait().await.as_deref(), Some("data: 3\n\nid: 4\n"));
    assert_eq!(wait().await, None, "the stream ends, although the agent does not end it");
    assert_eq!(stage.logged(&response).await["upstream_error"], "list_unreadable");
}

#[tokio::test]
async fn shadow_mode_hides_nothing_and_counts_what_it_would_hide() {
    let event = format!("data: {}\n\n", tools());
    let long = response(&format!(r#"{{"tools":[],"x":"{}"}}"#, "x".repeat(2 * MOST)));
    let stage = stage(&[
        ("json", &sized(JSON, &tools())),
        ("events", &chunked(EVENTS, &[&event], true)),
        ("bad", &sized(JSON, "[]")),
        ("long", &sized(JSON, &long)),
        ("bad events", &chunked(EVENTS, &["data: []\n\n"], true)),
    ])
    .await;
    for (scene, wanted) in [
        ("json", &*tools()),
        ("events", &*event),
        ("bad", "[]"),
        ("long", &*long),
        ("bad events", "data: []\n\n"),
    ] {
        let response = stage.ask("/shadow/mcp", Some("base"), "tools/list", scene).await;
        assert_eq!(field(&response, "cache-control"), Some("private, no-store"), "{scene}");
        assert_eq!(response.status(), 200, "{scene}");
        assert_eq!(response.text().await.expect("a whole body"), wanted, "{scene}");
    }
    for (outcome, wanted) in [("shown", 4.0), ("shadow_hidden", 6.0)] {
        let labels = ["agent=\"shadow\"", &format!("outcome=\"{outcome}\"")];
        let found = stage.gateway.metric("portcullis_mcp_list_entries_total", &labels).await;
        assert!((found - wanted).abs() < 0.1, "{outcome}: {found}");
    }
}
