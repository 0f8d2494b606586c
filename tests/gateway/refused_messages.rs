//! Refused messages of an agent that speaks MCP, as a raw client reads them: the challenge, the error of JSON-RPC, and what
//! becomes of the agent's own 401 and 403.

use serde_json::{Value, json};
use testkit::raw::{Response, Wire};
use testkit::scripted::{OK, Peer, Scripted};
use testkit::{Gateway, Issuer, Key, Start, free_port};

const ORIGIN: &str = "https://agents.example.com";
const WELL_KNOWN: &str = "https://agents.example.com/.well-known/oauth-protected-resource";

struct World {
    gateway: Gateway,
    issuer: Issuer,
    key: Key,
    _agent: Scripted,
}

/// An agent that answers with the status that its path ends in, and with a challenge of its own.
async fn agent() -> Scripted {
    Scripted::start(|mut peer: Peer| async move {
        loop {
            let head = peer.head().await?;
            if head.starts_with("POST") {
                peer.until("}").await?;
            }
            let path = head.split(' ').nth(1).unwrap_or_default();
            let challenge = "WWW-Authenticate: Bearer realm=\"agent\"\r\nContent-Length: 2\r\n\r\nno";
            match path.rsplit('/').next() {
                Some("401") => peer.say(&format!("HTTP/1.1 401 Unauthorized\r\n{challenge}")).await?,
                Some("403") => peer.say(&format!("HTTP/1.1 403 Forbidden\r\n{challenge}")).await?,
                _ => peer.say(OK).await?,
            }
        }
    })
    .await
}

impl World {
    async fn new() -> Self {
        let (key, agent) = (Key::new("ES256", "k"), agent().await);
        let issuer = Issuer::start(&[&key]).await;
        let oauth = |more: Value| {
            let mut oauth = json!({"identity_providers": ["corp"], "audiences": ["api://a"]});
            for (name, value) in more.as_object().expect("an object") {
                oauth[name] = value.clone();
            }
            json!({"oauth": oauth})
        };
        let at = |name: &str, auth: Value, more: Value| {
            let mut agent = json!({"route": format!("/{name}"), "upstream": agent.url(), "auth": auth});
            for (name, value) in more.as_object().expect("an object") {
                agent[name] = value.clone();
            }
            (name.to_owned(), agent)
        };
        let mcp = |more: Value| {
            let mut all = json!({"protocol": "mcp"});
            for (name, value) in more.as_object().expect("an object") {
                all[name] = value.clone();
            }
            all
        };
        let scopes = json!({"scopes": {"all_of": ["a:use", "offline_access"], "any_of": ["b", "a:use"]}});
        let passes = json!({"forward_token": true, "i_know": ["token_passthrough"]});
        let gone = format!("http://127.0.0.1:{}", free_port());
        let agents: serde_json::Map<String, Value> = [
            at("mcp", oauth(scopes), mcp(json!({"max_body": "1KiB"}))),
            at("a=b", oauth(json!({})), mcp(json!({"mcp": {"endpoint": "/"}}))),
            at("open", oauth(json!({})), mcp(json!({}))),
            at("posts", oauth(json!({})), mcp(json!({"route": {"path": "/posts", "methods": ["GET"]}}))),
            at("gone", json!("public"), mcp(json!({"upstream": gone}))),
            at("passing", oauth(passes), mcp(json!({}))),
            at("switched-off", oauth(json!({})), mcp(json!({"upstream_challenge": "pass"}))),
            at("public", json!("public"), mcp(json!({}))),
            at("plain", oauth(json!({})), json!({})),
        ]
        .into_iter()
        .map(|(name, agent)| (name.replace('=', "-"), agent))
        .collect();
        let body = format!(
            "identity_providers: {{ corp: {{ issuer: {} }} }}\nagents: {}\n",
            json!(issuer.url),
            Value::Object(agents)
        );
        let server = format!("  public_url: {ORIGIN}\n");
        let gateway = Start { body: &body, server: &server, ..Start::default() }.ready().await;
        Self { gateway, issuer, key, _agent: agent }
    }

    fn token(&self, scope: &str) -> String {
        let mut claims = self.issuer.claims("api://a");
        claims["scope"] = scope.into();
        format!("Authorization: Bearer {}\r\n", self.key.signed(&claims))
    }

    async fn ask(&self, line: &str, fields: &str, body: &str) -> Response {
        let mut wire = Wire::connect(self.gateway.port).await;
        let length = body.len();
        let head = format!("{line} HTTP/1.1\r\nHost: a\r\n{fields}Content-Length: {length}\r\n\r\n{body}");
        assert!(wire.say(head.as_bytes()).await, "{line}");
        wire.response(line.starts_with("HEAD")).await.expect("a response")
    }
}

/// A message.
const MESSAGE: &str = r#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#;

#[tokio::test]
async fn a_challenge_names_scopes_and_metadata_and_is_the_same_each_time() {
    let world = World::new().await;
    let (good, bad) = (world.token("b"), "Authorization: Bearer x\r\n");
    let twice = format!("{bad}{bad}");
    for (path, fields, status, wanted) in [
        ("/mcp", "", 401, "realm=\"mcp\", scope=\"a:use b\", resource_metadata=\"URL/mcp\""),
        ("/mcp/", "", 401, "realm=\"mcp\", scope=\"a:use b\", resource_metadata=\"URL/mcp/\""),
        ("/mcp/mcp", "", 401, "realm=\"mcp\", scope=\"a:use b\", resource_metadata=\"URL/mcp/mcp\""),
        ("/mcp/mcp/", "", 401, "realm=\"mcp\", scope=\"a:use b\", resource_metadata=\"URL/mcp/mcp/\""),
        ("/mcp/x?q", "", 401, "realm=\"mcp\", scope=\"a:use b\", resource_metadata=\"URL/mcp/mcp\""),
        (
            "/mcp/mcp",
            bad,
            401,
            "realm=\"mcp\", error=\"invalid_token\", scope=\"a:use b\", resource_metadata=\"URL/mcp/mcp\"",
        ),
        (
            "/mcp/mcp",
            &twice,
            400,
            "realm=\"mcp\", error=\"invalid_request\", resource_metadata=\"URL/mcp/mcp\"",
        ),
        (
            "/mcp/mcp",
            &good,
            403,
            "realm=\"mcp\", error=\"insufficient_scope\", scope=\"a:use b\", resource_metadata=\"URL/mcp/mcp\"",
        ),
        ("/a=b", "", 401, "realm=\"a-b\", resource_metadata=\"URL/a%3Db\""),
        ("/plain/mcp", "", 401, "realm=\"plain\", resource_metadata=\"URL/plain\""),
    ] {
        for method in ["POST", "GET", "POST"] {
            let response = world.ask(&format!("{method} {path}"), fields, "").await;
            let challenges: Vec<&str> = response
                .fields
                .iter()
                .filter(|(name, _)| name == "www-authenticate")
                .map(|(_, value)| &**value)
                .collect();
            let wanted = format!("Bearer {}", wanted.replace("URL", WELL_KNOWN));
            assert_eq!((response.status, challenges), (status, vec![&*wanted]), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_refused_message_is_an_error_of_json_rpc_and_any_other_request_a_problem() {
    let world = World::new().await;
    let (few, token) = (world.token("b"), world.token("a:use offline_access b"));
    let long = "x".repeat(1025);
    for (line, fields, body, status, code, class, scope) in [
        ("POST /mcp", "", MESSAGE, 401, -32010, "authentication", Some("a:use b")),
        ("POST /mcp", "Authorization: Bearer x\r\n", MESSAGE, 401, -32010, "authentication", Some("a:use b")),
        ("POST /open", "Authorization: Bearer x, y\r\n", MESSAGE, 400, -32010, "authentication", None),
        ("POST /mcp", &few, MESSAGE, 403, -32011, "scope", Some("a:use b")),
        ("POST /posts", &token, MESSAGE, 405, -32013, "policy", None),
        ("POST /mcp", &token, &long, 413, -32014, "message", None),
        ("POST /gone", "", MESSAGE, 502, -32016, "upstream", None),
        ("POST /open/401", &token, MESSAGE, 502, -32016, "upstream", None),
    ] {
        let response = world.ask(line, fields, body).await;
        assert_eq!((response.status, response.field("content-type")), (status, "application/json"), "{line}");
        let error: Value = serde_json::from_slice(&response.body).expect("JSON");
        let mut data = json!({"reason_class": class, "request_id": response.field("x-request-id")});
        if let Some(scope) = scope {
            data["scope"] = scope.into();
        }
        assert_eq!((&error["jsonrpc"], &error["id"]), (&json!("2.0"), &Value::Null), "{line}");
        assert_eq!((&error["error"]["code"], &error["error"]["data"]), (&json!(code), &data), "{line}");
        assert!(error["error"]["message"].as_str().is_some_and(|text| text.ends_with('.')), "{line}");
    }
    for (line, status) in [
        ("GET /mcp", 401),
        ("DELETE /mcp", 401),
        ("POST /plain", 401),
        ("POST /nowhere", 404),
        ("GET /gone", 502),
    ] {
        let response = world.ask(line, "", "").await;
        let kind = response.field("content-type");
        assert_eq!((response.status, kind), (status, "application/problem+json"), "{line}");
    }
}

#[tokio::test]
async fn a_refusal_of_the_agent_itself_brings_no_challenge_of_its_own() {
    let world = World::new().await;
    let token = world.token("");
    for (agent, own, status, challenge) in [
        ("open", 200, 200, false),
        ("open", 401, 502, false),
        ("open", 403, 403, false),
        ("passing", 401, 401, false),
        ("passing", 403, 403, false),
        ("public", 401, 401, false),
        ("switched-off", 401, 401, true),
        ("switched-off", 403, 403, true),
        ("plain", 401, 401, true),
        ("plain", 403, 403, true),
    ] {
        let response = world.ask(&format!("POST /{agent}/{own}"), &token, MESSAGE).await;
        let has = response.fields.iter().any(|(name, _)| name == "www-authenticate");
        assert_eq!((response.status, has), (status, challenge), "{agent} {own}");
        let line = world.gateway.logged(response.field("x-request-id")).await;
        let cause = if status == 502 { json!("upstream_unauthorized") } else { Value::Null };
        assert_eq!(
            (&line["upstream_error"], &line["auth"]["decision"]),
            (&cause, &json!("allow")),
            "{agent} {own}"
        );
    }
}
