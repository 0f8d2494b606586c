//! Requests that belong together stay at one target: those of a session of MCP where it began, and others by what they say.

use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::json;
use testkit::api::{Api, If};
use testkit::scripted::{Peer, Scripted};
use testkit::{Gateway, Start, client, eventually};

use super::{ONE_WORKER, SOON, agent, gateway, targets};
use crate::section3::api_keys::{key, sha256};

const SESSION: &str = "mcp-session-id";
/// Sessions of MCP at targets that take turns.
const SESSIONS: &str = "balance: round_robin, affinity: mcp_session, slow_start: 0s";

/// One of several servers of MCP that share nothing: it begins a session where none is named, and says who answers in which
/// session. Each answer ends its connection, so that nothing is left of it when it goes.
async fn server(name: &'static str) -> Scripted {
    Scripted::start(move |mut peer: Peer| async move {
        let head = peer.head().await?.to_lowercase();
        if head.starts_with("post") {
            peer.until("}").await?;
        }
        let session = head.lines().find_map(|line| line.strip_prefix("mcp-session-id: ")).map(str::to_owned);
        let begins = match &session {
            Some(_) => String::new(),
            None => format!("Mcp-Session-Id: own-of-{name}\r\n"),
        };
        let kind = if head.starts_with("get") { "text/event-stream" } else { "application/json" };
        let body = format!("data: {name} {}\n\n", session.unwrap_or_default());
        let fields =
            format!("Connection: close\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n", body.len());
        peer.say(&format!("HTTP/1.1 200 OK\r\n{fields}{begins}\r\n{body}")).await
    })
    .await
}

/// What came of a request.
struct Got {
    status: u16,
    session: Option<String>,
    /// The server that answered, and its own name of the session.
    by: String,
}

/// Asks at `/a`; `more` are further fields.
async fn ask(gateway: &Gateway, method: Method, session: Option<&str>, more: &[(&str, &str)]) -> Got {
    let mut request = client().request(method.clone(), gateway.url("/a/mcp"));
    if method == Method::POST {
        let message = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
        request = request.header("content-type", "application/json").body(message);
    }
    let session = session.map(|id| (SESSION, id));
    for (name, value) in session.iter().chain(more) {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let session = answer.headers().get(SESSION).map(|id| id.to_str().expect("visible ASCII").to_owned());
    let body = answer.text().await.expect("its body");
    let by = body.strip_prefix("data: ").unwrap_or_default().trim_end().to_owned();
    Got { status, session, by }
}

/// Begins a session. Returns its id, and the server that has it.
async fn begin(gateway: &Gateway, more: &[(&str, &str)]) -> (String, String) {
    let got = ask(gateway, Method::POST, None, more).await;
    assert_eq!(got.status, 200);
    (got.session.expect("a session"), got.by)
}

/// The agent at `/a`, which speaks MCP, with these targets and further members of its upstream.
fn speaks_mcp(targets: &[&str], further: &str) -> String {
    agent("a", targets, further).replacen("auth: public", "auth: public, protocol: mcp", 1)
}

/// Waits until this agent is live, which has so many targets.
async fn changed(gateway: &Gateway, agents: &str, count: usize) {
    gateway.replace_body(&format!("agents:\n{agents}"));
    eventually("the change is live", SOON, async || {
        (targets(gateway, "a").await.len() == count).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_session_stays_at_the_server_that_began_it_whatever_the_method() {
    let (one, two) = (server("one").await, server("two").await);
    let gateway = gateway(&speaks_mcp(&[&one.url(), &two.url()], SESSIONS)).await;
    let mut seen = BTreeSet::new();
    for _ in 0..4 {
        let (session, by) = begin(&gateway, &[]).await;
        assert!(session.bytes().all(|byte| byte.is_ascii_graphic()) && !session.contains("own"), "{session}");
        for method in [Method::POST, Method::GET, Method::POST, Method::DELETE] {
            let got = ask(&gateway, method.clone(), Some(&session), &[]).await;
            assert_eq!((got.status, got.by), (200, format!("{by} own-of-{by}")), "{method}");
        }
        seen.insert(by);
    }
    assert_eq!(seen.len(), 2, "sessions begin at both");
    let (one, two) = (one.count(""), two.count(""));
    assert_eq!((one, two), (10, 10));
}

#[tokio::test]
async fn a_session_that_is_nobodys_or_whose_target_is_gone_gets_404_and_nothing_is_sent() {
    let (one, two) = (server("one").await, server("two").await);
    let (first, second) = (key("First001", 's'), key("Second01", 's'));
    let stored = |id: &str| format!("{{ agent: a, sha256: \"{}\" }}", sha256(&key(id, 's')));
    let keys = format!(
        "api_keys:\n  First001: {}\n  Second01: {}\nagents:\n",
        stored("First001"),
        stored("Second01")
    );
    let of = |targets: &[&str], further: &str| {
        let agent = speaks_mcp(targets, further).replacen("auth: public", "auth: { api_key: {} }", 1);
        format!("{keys}{agent}")
    };
    let (url_one, url_two) = (one.url(), two.url());
    let body = of(&[&url_one, &url_two], SESSIONS);
    let gateway =
        Start { body: &body, server: ONE_WORKER, admin: Some(""), ..Start::default() }.ready().await;
    let own = [("x-api-key", first.as_str())];
    let mut sessions = vec![begin(&gateway, &own).await, begin(&gateway, &own).await];
    sessions.sort_by(|(_, one), (_, two)| one.cmp(two));
    let [(at_one, _), (at_two, _)] = sessions.as_slice() else { panic!("two sessions") };
    let before = (one.count(""), two.count(""));
    let altered = format!("{}{}", if at_one.starts_with('A') { "B" } else { "A" }, &at_one[1..]);
    let foreign = [("x-api-key", second.as_str())];
    for (what, session, credential) in [
        ("of another caller", at_one.as_str(), &foreign),
        ("altered", altered.as_str(), &own),
        ("cut off", &at_one[..at_one.len() - 1], &own),
        ("made up", "own-of-one", &own),
        ("the server's own", "own-of-two", &own),
    ] {
        for method in [Method::POST, Method::GET, Method::DELETE] {
            let got = ask(&gateway, method.clone(), Some(session), credential).await;
            assert_eq!((got.status, got.session), (404, None), "{method} {what}");
        }
    }
    assert_eq!((one.count(""), two.count("")), before, "nothing was sent");
    gateway.replace_body(&of(&[&url_two], SESSIONS));
    eventually("the change is live", SOON, async || (targets(&gateway, "a").await.len() == 1).then_some(()))
        .await;
    assert_eq!(ask(&gateway, Method::POST, Some(at_one), &own).await.status, 404, "its target is gone");
    assert_eq!(ask(&gateway, Method::POST, Some(at_two), &own).await.by, "two own-of-two");
    assert_eq!(one.count(""), before.0);
}

#[tokio::test]
async fn a_target_without_weight_keeps_its_sessions_and_one_that_is_down_gets_no_other_in_its_place() {
    let (one, two) = (server("one").await, server("two").await);
    let (url_one, url_two) = (one.url(), two.url());
    let gateway = gateway(&speaks_mcp(&[&url_one, &url_two], SESSIONS)).await;
    let mut sessions = vec![begin(&gateway, &[]).await, begin(&gateway, &[]).await];
    sessions.sort_by(|(_, one), (_, two)| one.cmp(two));
    let [(at_one, _), (at_two, _)] = sessions.as_slice() else { panic!("two sessions") };
    let weightless = speaks_mcp(&[&url_two], SESSIONS).replacen(
        "targets: [",
        &format!("targets: [{{ url: \"{url_one}\", weight: 0 }}, "),
        1,
    );
    changed(&gateway, &weightless, 2).await;
    eventually("it drains", SOON, async || {
        (targets(&gateway, "a").await[0]["state"] == "draining").then_some(())
    })
    .await;
    for _ in 0..4 {
        assert_eq!(begin(&gateway, &[]).await.1, "two", "new ones go elsewhere");
        assert_eq!(ask(&gateway, Method::POST, Some(at_one), &[]).await.by, "one own-of-one");
    }
    let origin = format!("http://127.0.0.1:{}", gateway.admin);
    let api = Api { origin, token: gateway.admin_token() };
    let told = json!({ "url": url_two, "drain": true });
    api.post("/agents/a/targets/drain", If::Unsaid, &told).await.is(200);
    assert_eq!(ask(&gateway, Method::POST, None, &[]).await.status, 503, "no target takes new ones");
    assert_eq!(ask(&gateway, Method::POST, Some(at_two), &[]).await.by, "two own-of-two", "sessions go on");
    drop(one);
    let before = two.count("");
    for method in [Method::POST, Method::GET, Method::DELETE] {
        let status = ask(&gateway, method.clone(), Some(at_one), &[]).await.status;
        assert!(status == 502 || status == 503, "{method} {status}");
    }
    assert_eq!(two.count(""), before, "nobody else was asked");
    assert_eq!(ask(&gateway, Method::GET, Some(at_two), &[]).await.by, "two own-of-two");
}

/// A configuration whose sealing key is for its owner alone.
fn private(folder: &Path, text: &str) -> PathBuf {
    let mode = Permissions::from_mode(0o600);
    std::fs::set_permissions(folder.join("seal.key"), mode).expect("its mode");
    let config = folder.join("portcullis.yaml");
    std::fs::write(&config, text).expect("the configuration is written");
    config
}

#[tokio::test]
async fn a_session_outlives_the_gateway_and_other_gateways_with_its_key_find_its_target() {
    let (one, two) = (server("one").await, server("two").await);
    let body = format!("agents:\n{}", speaks_mcp(&[&one.url(), &two.url()], SESSIONS));
    let mut alone =
        Start { body: &body, server: "  workers: 1\n  state_dir: state\n", ..Start::default() }.ready().await;
    let (session, by) = begin(&alone, &[]).await;
    alone.kill().await;
    alone.start_again().await;
    assert_eq!(ask(&alone, Method::POST, Some(&session), &[]).await.by, format!("{by} own-of-{by}"));
    let key = "k".repeat(32);
    let start = Start {
        body: &body,
        server: "  workers: 1\n  sealing_key_file: seal.key\n",
        files: &[("seal.key", &key)],
        layout: Some(private),
        ..Start::default()
    };
    let (first, second) = (start.ready().await, start.ready().await);
    for _ in 0..2 {
        let (session, by) = begin(&first, &[]).await;
        for member in [&second, &first, &second] {
            let got = ask(member, Method::POST, Some(&session), &[]).await;
            assert_eq!((got.status, got.by), (200, format!("{by} own-of-{by}")));
        }
    }
    assert_eq!(ask(&first, Method::POST, Some(&session), &[]).await.status, 404, "sealed with another key");
}

#[tokio::test]
async fn requests_that_say_the_same_go_to_the_same_target_and_others_take_turns() {
    let (one, two) = (server("one").await, server("two").await);
    for (affinity, field, value) in
        [("header:X-Session", "x-session", ""), ("cookie:sid", "cookie", "other=1; sid=")]
    {
        let further = format!("balance: round_robin, affinity: \"{affinity}\"");
        let gateway = gateway(&agent("a", &[&one.url(), &two.url()], &further)).await;
        let mut all = BTreeSet::new();
        for nth in 0..40 {
            let value = format!("{value}{nth}");
            let mut by = BTreeSet::new();
            for _ in 0..2 {
                by.insert(ask(&gateway, Method::GET, None, &[(field, &value)]).await.by);
            }
            assert_eq!(by.len(), 1, "{affinity} {nth}");
            all.append(&mut by);
        }
        assert_eq!(all.len(), 2, "{affinity}: both are used");
        let mut turns = BTreeSet::new();
        for _ in 0..2 {
            turns.insert(ask(&gateway, Method::GET, None, &[]).await.by);
        }
        assert_eq!(turns.len(), 2, "{affinity}: what says nothing takes turns");
    }
}
