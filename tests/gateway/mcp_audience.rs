//! Whose tokens open an agent that speaks MCP, which pages may call it, and what a request says of its host.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Gateway, Issuer, Key, Start, Upstream, client, raw};

const SOON: Duration = Duration::from_secs(5);
const PUBLIC: &str = "https://agents.example.com";

/// The reason for pages of other origins, which agents that speak MCP refuse alone.
pub(crate) const REASON: &str = "origin_denied";

struct Scene {
    upstream: Upstream,
    issuer: Issuer,
    key: Key,
    gateway: Gateway,
}

/// A gateway whose agents have these settings of `auth.oauth`, and these of their own.
async fn scene(server: &str, agents: &[(&str, Value, Value)]) -> Scene {
    let key = Key::new("ES256", "k");
    let (issuer, upstream) = (Issuer::start(&[&key]).await, Upstream::start().await);
    let body = body(&issuer, &upstream, agents);
    let gateway = Start { body: &body, server, ..Start::default() }.ready().await;
    Scene { upstream, issuer, key, gateway }
}

fn body(issuer: &Issuer, upstream: &Upstream, agents: &[(&str, Value, Value)]) -> String {
    let agent = |(name, oauth, own): &(&str, Value, Value)| {
        let mut auth = json!({"identity_providers": ["corp"]});
        let mut agent = json!({"route": format!("/{name}"), "upstream": upstream.url(), "protocol": "mcp"});
        merge(&mut auth, oauth);
        agent["auth"] = json!({ "oauth": auth });
        merge(&mut agent, own);
        ((*name).to_owned(), agent)
    };
    let agents: serde_json::Map<_, _> = agents.iter().map(agent).collect();
    let providers = json!({"corp": {"issuer": issuer.url}});
    format!("identity_providers: {providers}\nagents: {}\n", Value::Object(agents))
}

fn merge(onto: &mut Value, more: &Value) {
    for (name, value) in more.as_object().expect("settings") {
        onto[name] = value.clone();
    }
}

impl Scene {
    fn token(&self, aud: Value) -> String {
        let mut claims = self.issuer.claims("x");
        claims["aud"] = aud;
        self.key.token(&self.key.header("ES256"), &claims)
    }

    async fn status(&self, agent: &str, aud: Value) -> u16 {
        let request = client().get(self.gateway.url(&format!("/{agent}"))).bearer_auth(self.token(aud));
        // No audience comes from what the request says of its host.
        let request = request.header("Host", "evil.example").header("X-Forwarded-Host", "evil.example");
        request.send().await.expect("an answer").status().as_u16()
    }
}

#[tokio::test]
async fn a_token_for_a_form_of_its_url_opens_an_mcp_agent_and_one_for_another_resource_does_not() {
    let own = json!({"public_url": "https://own.example"});
    let scene = scene(
        &format!("  public_url: {PUBLIC}/gw\n"),
        &[
            ("a", json!({}), json!({})),
            ("base", json!({}), json!({"mcp": {"endpoint": "/"}})),
            ("own", json!({}), own.clone()),
            ("added", json!({"audiences": ["api://x"]}), json!({})),
            ("custom", json!({"audiences": ["api://x"], "audience": "custom"}), json!({})),
            ("plain", json!({"audiences": ["api://x"]}), json!({"protocol": "http"})),
            ("client", json!({"audiences": ["c1"], "audience_claim": "client_id"}), json!({})),
        ],
    )
    .await;
    let at = |path: &str| json!(format!("{PUBLIC}/gw{path}"));
    for (agent, aud, wanted) in [
        ("a", at("/a"), 200),
        ("a", at("/a/"), 200),
        ("a", at("/a/mcp"), 200),
        ("a", at("/a/mcp/"), 200),
        ("a", json!(["api://x", at("/a/mcp")]), 200),
        ("a", at("/a/mcp/x"), 401),
        ("a", at("/A/mcp"), 401),
        ("a", at("/own/mcp"), 401),
        ("a", at(""), 401),
        ("a", json!(format!("{PUBLIC}/a/mcp")), 401),
        ("a", json!("https://evil.example/a/mcp"), 401),
        ("a", json!("api://x"), 401),
        ("a", json!([]), 401),
        ("base", at("/base"), 200),
        ("base", at("/base/"), 200),
        ("base", at("/base/mcp"), 401),
        ("own", json!("https://own.example/own/mcp"), 200),
        ("own", json!("https://own.example/own"), 200),
        ("own", at("/own/mcp"), 401),
        ("added", at("/added/mcp"), 200),
        ("added", json!("api://x"), 200),
        ("added", json!("api://y"), 401),
        ("custom", json!("api://x"), 200),
        ("custom", at("/custom/mcp"), 401),
        ("plain", json!("api://x"), 200),
        ("plain", at("/plain"), 401),
        ("client", at("/client/mcp"), 401),
    ] {
        for nth in ["first", "remembered"] {
            assert_eq!(scene.status(agent, aud.clone()).await, wanted, "{agent} {aud} {nth}");
        }
    }
}

#[tokio::test]
async fn a_page_of_another_origin_may_not_call_an_mcp_agent_on_loopback() {
    let any_audience = json!({"audiences": ["x"]});
    let list = json!({"mcp": {"allowed_origins": ["https://app.example.com", "https://*.pages.example"]}});
    let scene = scene(
        "",
        &[
            ("unsaid", any_audience.clone(), json!({})),
            ("listed", any_audience.clone(), list),
            ("cors", any_audience.clone(), json!({"cors": {"allowed_origins": ["https://app.example.com"]}})),
            ("preset", any_audience.clone(), json!({"cors": "mcp"})),
            ("any", any_audience.clone(), json!({"mcp": {"allowed_origins": ["*"]}})),
            ("keyed", json!({}), json!({"auth": {"api_key": {}}})),
            ("open", json!({}), json!({"auth": "public"})),
            ("shadow", any_audience.clone(), json!({"enforcement": "shadow"})),
            ("plain", any_audience, json!({"protocol": "http"})),
        ],
    )
    .await;
    let (app, evil, here) = ("https://app.example.com", "https://evil.example", "http://localhost:6274");
    let token = scene.token(json!("x"));
    for (agent, origin, wanted) in [
        ("unsaid", None, 200),
        ("unsaid", Some(here), 200),
        ("unsaid", Some("http://127.0.0.1"), 200),
        ("unsaid", Some(evil), 403),
        ("unsaid", Some("null"), 403),
        ("listed", None, 200),
        ("listed", Some(app), 200),
        ("listed", Some("https://a.pages.example"), 200),
        ("listed", Some(evil), 403),
        ("listed", Some(here), 403),
        ("cors", Some(app), 200),
        ("cors", Some(evil), 403),
        ("preset", Some(evil), 200),
        ("any", Some(evil), 200),
        ("keyed", Some(evil), 403),
        ("open", Some(here), 200),
        ("open", Some(evil), 403),
        ("shadow", Some(evil), 200),
        ("plain", Some(evil), 200),
    ] {
        let before = scene.upstream.seen().len();
        let request = client().request(Method::POST, scene.gateway.url(&format!("/{agent}")));
        let request = request.bearer_auth(&token).body("{}");
        let request = origin.into_iter().fold(request, |request, origin| request.header("Origin", origin));
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), wanted, "{agent} from {origin:?}");
        assert!(!answer.headers().contains_key("www-authenticate"), "{agent} from {origin:?}");
        let reached = scene.upstream.seen().len() - before;
        assert_eq!(reached, usize::from(wanted == 200), "{agent} from {origin:?}");
    }
    for (agent, decision, wanted) in [("unsaid", "deny", 2.0), ("shadow", "shadow_deny", 1.0)] {
        let labels = [
            &*format!("agent=\"{agent}\""),
            &*format!("decision=\"{decision}\""),
            &format!("reason=\"{REASON}\""),
        ];
        let counted = scene.gateway.metric("portcullis_auth_decisions_total", &labels).await;
        assert!((counted - wanted).abs() < 0.5, "{agent}: {counted}");
    }
}

#[tokio::test]
async fn a_host_that_is_none_is_a_bad_request() {
    let scene = scene("", &[("a", json!({"audiences": ["x"]}), json!({"auth": "public"}))]).await;
    for (host, wanted) in [
        ("agents.example.com", 200),
        ("agents.example.com:65535", 200),
        ("[::1]:80", 200),
        ("agents.example.com:65536", 400),
        ("agents.example.com:99999999999", 400),
        ("agents.example.com:x", 400),
        ("\"agents.example.com\"", 400),
        ("'a'", 400),
        ("a.example, b.example", 400),
        ("a.example,b.example", 400),
        ("a b", 400),
        ("user@a.example", 400),
        ("user:secret@a.example", 400),
        ("a.example/x", 400),
        ("[::1", 400),
    ] {
        let text = format!("GET /a HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let answer = raw::exchange(scene.gateway.port, text.as_bytes(), SOON).await;
        assert_eq!(raw::status(&answer), wanted, "{host}: {answer}");
    }
}

#[tokio::test]
async fn an_audience_follows_a_changed_public_url_also_for_remembered_tokens() {
    let scene = scene("", &[("a", json!({}), json!({"public_url": "https://one.example"}))]).await;
    assert_eq!(scene.status("a", json!("https://one.example/a/mcp")).await, 200);
    let agents = [("a", json!({}), json!({"public_url": "https://two.example"}))];
    scene.gateway.write_body(&body(&scene.issuer, &scene.upstream, &agents));
    eventually_opens(&scene, json!("https://two.example/a/mcp")).await;
    assert_eq!(scene.status("a", json!("https://one.example/a/mcp")).await, 401);
}

async fn eventually_opens(scene: &Scene, aud: Value) {
    for _ in 0..200 {
        if scene.status("a", aud.clone()).await == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{aud} does not open the agent");
}
