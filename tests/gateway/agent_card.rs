//! The cards of A2A agents: what is served of what an agent says of itself, whatever becomes of the agent.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use testkit::eventually::eventually;
use testkit::scripted::{OK, Scripted};
use testkit::{Gateway, Issuer, Key, Start, client, raw};

const SOON: Duration = Duration::from_secs(20);
const CARD: &str = "/.well-known/agent-card.json";
const OLD_CARD: &str = "/.well-known/agent.json";

/// What the agent says of itself: the path, the status and the body.
type Said = Arc<Mutex<(&'static str, &'static str, String)>>;

/// An agent with a card that a test can change.
struct Agent {
    said: Said,
    scripted: Scripted,
}

impl Agent {
    async fn start(path: &'static str, card: &str) -> Self {
        let said: Said = Arc::new(Mutex::new((path, "200 OK", card.to_owned())));
        let heard = Arc::clone(&said);
        let scripted = Scripted::start(move |mut peer| {
            let heard = Arc::clone(&heard);
            async move {
                loop {
                    let head = peer.head().await?;
                    let (path, status, card) = heard.lock().ok()?.clone();
                    let answer = if head.starts_with(&format!("GET {path} ")) {
                        let length = card.len();
                        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{card}")
                    } else if head.contains("/.well-known/agent") {
                        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned()
                    } else {
                        OK.to_owned()
                    };
                    peer.say(&answer).await?;
                }
            }
        })
        .await;
        Self { said, scripted }
    }

    fn says(&self, status: &'static str, card: &str) {
        let mut said = self.said.lock().expect("what the agent says");
        (said.1, said.2) = (status, card.to_owned());
    }
}

fn card(authority: &str) -> String {
    json!({
        "name": "Route planner",
        "supportedInterfaces": [
            {"url": format!("http://{authority}/base/a2a/v1"), "protocolBinding": "JSONRPC", "protocolVersion": "1.0"},
            {"url": format!("{authority}0"), "protocolBinding": "GRPC", "protocolVersion": "1.0"}
        ],
        "capabilities": {"extendedAgentCard": true},
        "skills": []
    })
    .to_string()
}

async fn started(body: &str, server: &str) -> Gateway {
    Start { body, server, ..Start::default() }.ready().await
}

/// An agent behind `/agents/geo` at which anybody is let in.
fn public(up: &str, more: &str) -> String {
    format!(
        "agents:\n  geo: {{ route: {{ path: /agents/geo, strip_path: true }}, upstream: \"{up}/base\", \
         protocol: a2a, auth: public{more} }}\n"
    )
}

/// The card, once one is served.
async fn served(gateway: &Gateway, path: &str) -> reqwest::Response {
    eventually("a card is served", SOON, async || {
        let answer = client().get(gateway.url(path)).send().await.ok()?;
        (answer.status() == 200).then_some(answer)
    })
    .await
}

fn has(answer: &reqwest::Response, name: &str, value: &str) {
    let found = answer.headers().get(name).and_then(|found| found.to_str().ok());
    assert_eq!(found, Some(value), "{name}");
}

#[tokio::test]
async fn an_oauth_agents_card_names_the_gateway_and_its_provider() {
    let key = Key::new("ES256", "k1");
    let issuer = Issuer::start(&[&key]).await;
    let agent = Agent::start("/base/.well-known/agent-card.json", &card("internal:9")).await;
    let (up, idp) = (agent.scripted.url(), &issuer.url);
    let body = format!(
        "identity_providers:\n  corp: {{ issuer: \"{idp}\" }}\nagents:\n  geo:\n    \
         route: {{ path: /agents/geo, strip_path: true }}\n    upstream: \"{up}/base\"\n    protocol: a2a\n    \
         auth:\n      oauth: {{ identity_providers: [corp], audiences: [x], scopes: {{ all_of: [geo.read] }} }}\n"
    );
    let gateway = started(&body, "  public_url: https://gate.example\n").await;
    let answer = served(&gateway, &format!("/agents/geo{CARD}")).await;
    has(&answer, "content-type", "application/json");
    has(&answer, "cache-control", "max-age=60");
    has(&answer, "access-control-allow-origin", "*");
    let etag = answer.headers()["etag"].clone();
    let text = answer.text().await.expect("a body");
    let made: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        made["supportedInterfaces"],
        json!([{"url": "https://gate.example/agents/geo/a2a/v1", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}])
    );
    let url = format!("{}/.well-known/openid-configuration", idp.trim_end_matches('/'));
    assert_eq!(
        made["securitySchemes"],
        json!({"corp": {"openIdConnectSecurityScheme": {"openIdConnectUrl": url}}})
    );
    assert_eq!(made["securityRequirements"], json!([{"schemes": {"corp": {"list": ["geo.read"]}}}]));

    let old = served(&gateway, &format!("/agents/geo{OLD_CARD}")).await;
    assert_eq!(old.text().await.expect("a body"), text, "under the name of before");
    let known = client().get(gateway.url(&format!("/agents/geo{CARD}"))).header("if-none-match", etag);
    assert_eq!(known.send().await.expect("an answer").status(), 304);
    let head = client().head(gateway.url(&format!("/agents/geo{CARD}"))).send().await.expect("an answer");
    assert_eq!(head.status(), 200);
    has(&head, "content-length", &text.len().to_string());
    let refused = client().get(gateway.url("/agents/geo/a2a/v1")).send().await.expect("an answer");
    assert_eq!(refused.status(), 401, "all else asks for a token");
}

#[tokio::test]
async fn a_card_answers_pages_and_takes_no_other_method() {
    let agent = Agent::start("/base/.well-known/agent-card.json", &card("internal:9")).await;
    let gateway = started(&public(&agent.scripted.url(), ""), "").await;
    served(&gateway, &format!("/agents/geo{CARD}")).await;
    for path in [CARD, OLD_CARD] {
        let url = gateway.url(&format!("/agents/geo{path}"));
        let preflight = client().request(reqwest::Method::OPTIONS, &url).send().await.expect("an answer");
        assert_eq!(preflight.status(), 204);
        has(&preflight, "access-control-allow-origin", "*");
        has(&preflight, "access-control-allow-methods", "GET, HEAD, OPTIONS");
        for method in ["POST", "PUT", "DELETE"] {
            let method: reqwest::Method = method.parse().expect("a method");
            let answer = client().request(method.clone(), &url).send().await.expect("an answer");
            assert_eq!(answer.status(), 405, "{method}");
            has(&answer, "allow", "GET, HEAD, OPTIONS");
        }
    }
}

#[tokio::test]
async fn without_a_public_url_the_card_names_what_the_request_named_and_is_not_kept() {
    let agent = Agent::start("/base/.well-known/agent.json", &card("internal:9")).await;
    let gateway = started(&public(&agent.scripted.url(), ""), "").await;
    let answer = served(&gateway, &format!("/agents/geo{CARD}")).await;
    has(&answer, "cache-control", "no-store");
    let text = answer.text().await.expect("a body");
    let made: Value = serde_json::from_str(&text).expect("JSON");
    let port = gateway.port;
    assert_eq!(made["supportedInterfaces"][0]["url"], format!("http://127.0.0.1:{port}/agents/geo/a2a/v1"));
    let other = raw::get(port, &format!("/agents/geo{CARD}"), &["Host: a.example"]).await;
    assert!(other.contains("http://a.example/agents/geo/a2a/v1") || raw::status(&other) == 400, "{other}");
    assert_eq!(made["capabilities"]["extendedAgentCard"], false);
    assert_eq!(made.get("securitySchemes"), None);
}

#[tokio::test]
async fn a_card_that_cannot_be_read_is_never_served() {
    let twice = r#"{"url":"http://a.example/","url":"http://b.example/"}"#;
    let large = json!({"url": "http://a.example/", "description": "x".repeat(2 * 1024 * 1024)}).to_string();
    for bad in ["<html></html>", twice, "[]", large.as_str()] {
        let agent = Agent::start("/base/.well-known/agent-card.json", bad).await;
        let gateway = started(&public(&agent.scripted.url(), ""), "").await;
        eventually("the card was asked for", SOON, async || {
            (agent.scripted.count("GET /base/.well-known/agent-card.json ") > 0).then_some(())
        })
        .await;
        let answer =
            client().get(gateway.url(&format!("/agents/geo{CARD}"))).send().await.expect("an answer");
        assert_eq!(answer.status(), 503, "{}", bad.get(..20).unwrap_or(bad));
        has(&answer, "retry-after", "5");
        let call = client().get(gateway.url("/agents/geo/a2a/v1")).send().await.expect("an answer");
        assert_eq!(call.status(), 200, "the agent itself is reached");
        agent.says("200 OK", &card("internal:9"));
        served(&gateway, &format!("/agents/geo{CARD}")).await;
    }
}

#[tokio::test]
async fn the_last_good_card_is_served_while_the_agent_is_down_and_after_a_change() {
    let agent = Agent::start("/base/.well-known/agent-card.json", &card("internal:9")).await;
    let up = agent.scripted.url();
    let gateway = started(&public(&up, ""), "").await;
    let path = format!("/agents/geo{CARD}");
    let before = served(&gateway, &path).await.text().await.expect("a body");
    let stale = async || gateway.metric("portcullis_agent_card_stale", &[r#"agent="geo""#]).await;
    assert_eq!(stale().await, 0.0);
    let labels = [r#"agent="geo""#, r#"source="rewrite""#, r#"signature="none""#];
    assert_eq!(gateway.metric("portcullis_agent_card_info", &labels).await, 1.0);

    agent.says("500 Internal Server Error", "");
    gateway.signal("HUP").await;
    eventually("the card is stale", SOON, async || (stale().await == 1.0).then_some(())).await;
    let now = client().get(gateway.url(&path)).send().await.expect("an answer");
    assert_eq!((now.status().as_u16(), now.text().await.expect("a body")), (200, before));

    gateway.replace_body(&public(&up, ", display_name: Geo"));
    gateway.signal("HUP").await;
    eventually("the change is live", SOON, async || {
        (gateway.metric("portcullis_config_reloads_total", &[r#"result="applied""#]).await >= 2.0)
            .then_some(())
    })
    .await;
    let now = client().get(gateway.url(&path)).send().await.expect("an answer");
    assert_eq!(now.status(), 200, "an agent that was changed keeps its card");
    agent.says("200 OK", &card("internal:9").replace("Route planner", "Second"));
    gateway.signal("HUP").await;
    eventually("the new card is served", SOON, async || {
        let text = client().get(gateway.url(&path)).send().await.ok()?.text().await.ok()?;
        text.contains("Second").then_some(())
    })
    .await;
    assert_eq!(stale().await, 0.0);
}

#[tokio::test]
async fn a_card_that_must_not_be_served_is_502() {
    let signed =
        card("internal:9").replacen('{', r#"{"signatures":[{"protected":"e30","signature":"AA"}],"#, 1);
    let grpc = json!({"url": "http://internal:9", "preferredTransport": "GRPC"}).to_string();
    for (bad, more) in [(&signed, ", a2a: { signatures: refuse }"), (&grpc, "")] {
        let agent = Agent::start("/base/.well-known/agent-card.json", bad).await;
        let gateway = started(&public(&agent.scripted.url(), more), "").await;
        eventually("the card is refused", SOON, async || {
            let answer = client().get(gateway.url(&format!("/agents/geo{CARD}"))).send().await.ok()?;
            (answer.status() == 502).then_some(())
        })
        .await;
    }
    let agent = Agent::start("/base/.well-known/agent-card.json", &signed).await;
    for (more, signature, wanted) in
        [("", "stripped", false), (", a2a: { card: passthrough }", "passed", true)]
    {
        let gateway = started(&public(&agent.scripted.url(), more), "").await;
        let text = served(&gateway, &format!("/agents/geo{CARD}")).await.text().await.expect("a body");
        assert_eq!(text.contains("signatures"), wanted, "{text}");
        assert_eq!(text == signed, wanted);
        let labels = [format!("signature=\"{signature}\"")];
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        assert_eq!(gateway.metric("portcullis_agent_card_info", &labels).await, 1.0);
    }
}

#[tokio::test]
async fn a_card_in_a_file_is_served_byte_for_byte() {
    let text = "{ \"url\" : \"https://gate.example/agents/geo/\",\n  \"x\": 1.50 }\n";
    let gateway = Start {
        body: &public("http://127.0.0.1:9", ", a2a: { card: { file: card.json } }"),
        server: "  public_url: https://gate.example\n",
        files: &[("card.json", text)],
        ..Start::default()
    }
    .ready()
    .await;
    let answer = client().get(gateway.url(&format!("/agents/geo{CARD}"))).send().await.expect("an answer");
    has(&answer, "cache-control", "max-age=60");
    assert_eq!((answer.status().as_u16(), answer.text().await.expect("a body").as_str()), (200, text));
    let labels = [r#"source="file""#, r#"signature="none""#];
    assert_eq!(gateway.metric("portcullis_agent_card_info", &labels).await, 1.0);
}

#[tokio::test]
async fn the_extended_card_of_a_public_agent_is_401_in_every_spelling() {
    let agent = Agent::start("/base/.well-known/agent-card.json", &card("internal:9")).await;
    let gateway = started(&public(&agent.scripted.url(), ""), "").await;
    for path in [
        "/extendedAgentCard",
        "/extendedAgentCard/",
        "/EXTENDEDAGENTCARD",
        "/tenant/extendedAgentCard",
        "/v1/card",
        "/v1/c%61rd",
        "/tenant/v1/card",
        "/agent/authenticatedExtendedCard",
        "/extendedAgentCard?x=1",
    ] {
        for method in [reqwest::Method::GET, reqwest::Method::HEAD] {
            let url = gateway.url(&format!("/agents/geo{path}"));
            let answer = client().request(method.clone(), url).send().await.expect("an answer");
            assert_eq!(answer.status(), 401, "{method} {path}");
            has(&answer, "www-authenticate", "Bearer realm=\"geo\"");
        }
    }
    assert_eq!(agent.scripted.count("GET /base/"), agent.scripted.count("GET /base/.well-known/"));
    for path in ["/v1/cards", "/card", "/x"] {
        let answer =
            client().get(gateway.url(&format!("/agents/geo{path}"))).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
    }
}
