//! An agent with sessions, whose own ids are known to the test, behind gateways with every kind of caller.

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use testkit::scripted::{Peer, Scripted};
use testkit::{Gateway, Issuer, Key, client};

use crate::section3::api_keys::{key, sha256};

/// The id that the agent gives its session.
pub(super) const ID: &str = "b7e1a0c4-9d2f.agents-own-session-id";
pub(super) const SESSION: &str = "mcp-session-id";
pub(super) const PING: &str = r#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#;
pub(super) const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":7,"method":"initialize"}"#;

pub(super) fn tool(name: &str) -> String {
    // Its last two characters stand nowhere else in it: the agent reads up to them.
    format!(
        r#"{{"params":{{"name":"{name}","arguments":{{"n":1}}}},"id":7,"method":"tools/call","jsonrpc":"2.0"}}"#
    )
}

/// The agent, and what its gateways trust.
pub(super) struct World {
    pub(super) agent: Scripted,
    pub(super) issuer: Issuer,
    pub(super) other: Issuer,
    pub(super) key: Key,
}

/// A request, but for its session.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) path: &'a str,
    pub(super) method: &'a Method,
    /// `Authorization`, or another credential.
    pub(super) credential: Option<(&'a str, &'a str)>,
    pub(super) body: &'a str,
    pub(super) more: &'a [(&'a str, &'a str)],
}

impl<'a> Call<'a> {
    pub(super) const fn new(path: &'a str, credential: Option<(&'a str, &'a str)>) -> Self {
        Self { path, method: &Method::POST, credential, body: PING, more: &[] }
    }
}

/// What came of it.
pub(super) struct Got {
    pub(super) status: u16,
    pub(super) head: HeaderMap,
    pub(super) body: Vec<u8>,
    /// The session ids that the agent received; `None` when the agent did not answer.
    pub(super) sessions: Option<Vec<String>>,
    /// How many requests reached the agent.
    pub(super) calls: usize,
}

impl Got {
    pub(super) fn session(&self) -> Option<String> {
        let mut all = self.head.get_all(SESSION).iter().map(|id| id.to_str().expect("ASCII").to_owned());
        let first = all.next();
        assert_eq!(all.next(), None, "one session id");
        first
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&self.body)))
    }
}

/// Answers with the session ids that it received, and with its own as `X-Do` says.
async fn agent(mut peer: Peer) -> Option<()> {
    loop {
        let head = peer.head().await?.to_ascii_lowercase();
        if head.starts_with("post") {
            peer.until("\"}").await?;
        }
        let is_id = |line: &&str| line.starts_with("mcp-session-id:") || line.starts_with("mcp_session_id:");
        let got: Vec<&str> =
            head.lines().filter(is_id).filter_map(|line| Some(line.split_once(':')?.1.trim())).collect();
        let own = |id: &str| format!("Mcp-Session-Id: {id}\r\n");
        let wanted = head.lines().find_map(|line| line.strip_prefix("x-do: ")).unwrap_or_default();
        let sessions = match wanted {
            "begin" | "stream" | "gone" | "accepted" | "early" => own(ID),
            "longest" => own(&"x".repeat(512)),
            "too long" => own(&"x".repeat(513)),
            "blank" => own("a b"),
            "empty" => own(""),
            "twice" => own(ID).repeat(2),
            _ => String::new(),
        };
        if wanted == "early" {
            peer.say(&format!("HTTP/1.1 103 Early Hints\r\n{sessions}\r\n")).await?;
        }
        let status = match wanted {
            "gone" => "404 Not Found",
            "accepted" => "202 Accepted",
            _ => "200 OK",
        };
        let (kind, body) = match wanted {
            "stream" => ("text/event-stream", format!("data: {}\n\n", json!({ "got": got }))),
            _ => ("application/json", json!({ "got": got }).to_string()),
        };
        let fields = format!("Content-Type: {kind}\r\nContent-Length: {}\r\nX-By: agent\r\n", body.len());
        peer.say(&format!("HTTP/1.1 {status}\r\n{fields}{sessions}\r\n{body}")).await?;
    }
}

impl World {
    pub(super) async fn new() -> Self {
        let key = Key::new("ES256", "k");
        let (issuer, other) = (Issuer::start(&[&key]).await, Issuer::start(&[&key]).await);
        Self { agent: Scripted::start(agent).await, issuer, other, key }
    }

    /// Agents of every kind; `mcp` has the settings that those with sessions get besides.
    pub(super) fn body(&self, mcp: &Value) -> String {
        let oauth = json!({"oauth": {"identity_providers": ["corp", "other"], "audiences": ["x"]}});
        let rules = json!({
            "unlisted": "deny",
            "methods": {"initialize": "public", "ping": "public"},
            "tools": {"free": "public", "kept": "allow"},
        });
        let agent = |name: &str, auth: &Value, rules: Option<&Value>| {
            let mut mcp = mcp.clone();
            if let Some(rules) = rules {
                mcp["rules"] = rules.clone();
            }
            let mut agent =
                json!({"route": format!("/{name}"), "upstream": self.agent.url(), "auth": auth, "mcp": mcp});
            agent["protocol"] = "mcp".into();
            agent
        };
        let mut shadow = agent("shadow", &oauth, None);
        shadow["enforcement"] = "shadow".into();
        let plain = json!({"route": "/plain", "upstream": self.agent.url(), "auth": "public"});
        let agents = json!({
            "a": agent("a", &oauth, None),
            "b": agent("b", &oauth, None),
            "ruled": agent("ruled", &oauth, Some(&rules)),
            "key": agent("key", &json!({"api_key": {}}), None),
            "public": agent("public", &json!("public"), None),
            "shadow": shadow,
            "plain": plain,
        });
        let stored = |id: &str| json!({"agent": "key", "sha256": sha256(&key(id, 's'))});
        let keys = json!({"First001": stored("First001"), "Second01": stored("Second01")});
        let providers = json!({"corp": {"issuer": self.issuer.url}, "other": {"issuer": self.other.url}});
        format!("identity_providers: {providers}\napi_keys: {keys}\nagents: {agents}\n")
    }

    /// A token of an issuer with these claims besides its own; a null takes one away.
    fn token_of(&self, issuer: &Issuer, more: &Value) -> String {
        let mut claims = issuer.claims("x");
        for (name, value) in more.as_object().expect("claims") {
            match value {
                Value::Null => drop(claims.as_object_mut().expect("claims").remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        format!("Bearer {}", self.key.token(&self.key.header("ES256"), &claims))
    }

    pub(super) fn token(&self, more: &Value) -> String {
        self.token_of(&self.issuer, more)
    }

    pub(super) fn token_of_other(&self, more: &Value) -> String {
        self.token_of(&self.other, more)
    }

    pub(super) async fn ask(&self, gateway: &Gateway, call: Call<'_>, sessions: &[&str]) -> Got {
        let before = self.agent.count("");
        let mut request = client().request(call.method.clone(), gateway.url(call.path));
        if call.method == Method::POST {
            request = request.header("content-type", "application/json").body(call.body.to_owned());
        }
        for (name, value) in call.credential.iter().chain(call.more) {
            request = request.header(*name, *value);
        }
        for id in sessions {
            request = request.header(SESSION, *id);
        }
        let response = request.send().await.expect("a response");
        let (status, head) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.expect("its body").to_vec();
        let mut got = Got { status, head, body, sessions: None, calls: 0 };
        if got.head.contains_key("x-by") {
            let text = String::from_utf8_lossy(&got.body).into_owned();
            let text = text.strip_prefix("data: ").unwrap_or(&text);
            let seen: Value = serde_json::from_str(text).expect("what the agent received");
            got.sessions = serde_json::from_value(seen["got"].clone()).ok();
        }
        got.calls = self.agent.count("") - before;
        got
    }

    /// Begins a session, and says by what id the caller knows it.
    pub(super) async fn begin(&self, gateway: &Gateway, call: Call<'_>) -> String {
        let begin = [call.more, &[("x-do", "begin")]].concat();
        let got = self.ask(gateway, Call { body: INITIALIZE, more: &begin, ..call }, &[]).await;
        assert_eq!((got.status, got.sessions.as_deref()), (200, Some(&[] as &[String])));
        let session = got.session().expect("a session");
        assert!(!session.is_empty() && session != ID, "{session}");
        session
    }
}
