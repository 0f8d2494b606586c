//! Which agent answers: hosts, wildcards and methods of routes.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::{Value, json};
use testkit::{Gateway, Start, Upstream, client, raw};

async fn start(agents: Value) -> Gateway {
    Start { body: &format!("agents: {agents}\n"), ..Start::default() }.ready().await
}

fn agent(upstream: &Upstream, route: Value, base: &str) -> Value {
    json!({"route": route, "upstream": format!("{}/{base}", upstream.url()), "auth": "public"})
}

async fn ask(gateway: &Gateway, host: &str, path: &str) -> (u16, String) {
    let answer = client().get(gateway.url(path)).header("host", host).send().await.expect("an answer");
    let status = answer.status().as_u16();
    let echo: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
    (status, echo["target"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn an_exact_host_beats_a_wildcard_and_a_wildcard_beats_none() {
    let upstream = Upstream::start().await;
    let gateway = start(json!({
        "any": agent(&upstream, json!("/a"), "any"),
        "wild": agent(&upstream, json!({"path": "/a", "hosts": ["*.agents.example.com", "a.example.org"]}), "wild"),
        "exact": agent(&upstream, json!({"path": "/a", "host": "One.agents.example.com"}), "exact"),
    }))
    .await;
    for (host, wanted) in [
        ("one.agents.example.com", "/exact/a"),
        ("ONE.agents.example.com:8443", "/exact/a"),
        ("two.agents.example.com", "/wild/a"),
        ("Two.Agents.Example.com.", "/wild/a"),
        ("a.example.org", "/wild/a"),
        ("b.a.example.org", "/any/a"),
        ("agents.example.com", "/any/a"),
        ("three.two.agents.example.com", "/any/a"),
        ("xagents.example.com", "/any/a"),
    ] {
        assert_eq!(ask(&gateway, host, "/a").await, (200, wanted.to_owned()), "{host}");
    }
}

#[tokio::test]
async fn an_agent_with_hosts_answers_at_no_other() {
    let upstream = Upstream::start().await;
    let route = json!({"path": "/a", "hosts": ["*.example.com", "example.org"]});
    let gateway = start(json!({"a": agent(&upstream, route, "x")})).await;
    for (host, wanted) in
        [("a.example.com", 200), ("example.org", 200), ("example.com", 404), ("a.example.org", 404)]
    {
        assert_eq!(ask(&gateway, host, "/a").await.0, wanted, "{host}");
    }
}

#[tokio::test]
async fn another_method_is_405_before_any_credential_is_looked_at() {
    let upstream = Upstream::start().await;
    let keyed = json!({
        "route": {"path": "/a", "methods": ["GET", "POST"]}, "upstream": upstream.url(), "auth": {"api_key": {}},
        "cors": {"allowed_origins": ["https://app.example.com"]},
    });
    let posts = agent(&upstream, json!({"path": "/p", "methods": ["POST"]}), "x");
    let gateway = start(json!({"a": keyed, "p": posts})).await;
    let send = async |method: &str, path: &str, headers: &[(&str, &str)]| -> Response {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let request = client().request(method, gateway.url(path));
        let request = headers.iter().fold(request, |r, (name, value)| r.header(*name, *value));
        request.send().await.expect("an answer")
    };
    for (method, path, wanted) in [
        ("GET", "/a", 401),
        ("HEAD", "/a", 401),
        ("POST", "/a", 401),
        ("PUT", "/a", 405),
        ("DELETE", "/a/b", 405),
        ("OPTIONS", "/a", 405),
        ("POST", "/p", 200),
        ("GET", "/p", 405),
        ("HEAD", "/p", 405),
    ] {
        let answer = send(method, path, &[]).await;
        assert_eq!(answer.status(), wanted, "{method} {path}");
        let allow = answer.headers().get("allow").map(|value| value.to_str().expect("text").to_owned());
        let wanted_allow =
            (wanted == 405).then(|| if path == "/p" { "POST" } else { "GET, HEAD, POST" }.to_owned());
        assert_eq!(allow, wanted_allow, "{method} {path}");
        assert_eq!(answer.headers().contains_key("www-authenticate"), wanted == 401, "{method} {path}");
    }
    let preflight = [("origin", "https://app.example.com"), ("access-control-request-method", "POST")];
    assert_eq!(send("OPTIONS", "/a", &preflight).await.status(), 204, "a preflight is answered");
    let refused = send("PUT", "/a", &[("origin", "https://app.example.com")]).await;
    assert_eq!(refused.headers()["access-control-allow-origin"], "https://app.example.com");
    let id = refused.headers()["x-request-id"].to_str().expect("text").to_owned();
    let line = gateway.logged(&id).await;
    assert_eq!(
        (&line["agent"], &line["status"], &line["auth"]["reason"]),
        (&json!("a"), &json!(405), &json!("no_route"))
    );
    assert_eq!(upstream.seen().len(), 1, "the one POST");
}

#[tokio::test]
async fn a_health_check_is_answered_before_any_route_and_without_a_host() {
    let upstream = Upstream::start().await;
    let body = format!("agents: {}\n", json!({"all": agent(&upstream, json!("/"), "x")}));
    let server = "  health_path: /healthz\n  shutdown: { delay: 3s }\n";
    let mut gateway = Start { body: &body, server, ..Start::default() }.ready().await;
    let status = async |request: &str| {
        let bytes = request.replace('\n', "\r\n");
        raw::status(&raw::exchange(gateway.port, bytes.as_bytes(), Duration::from_secs(5)).await)
    };
    let cases: BTreeMap<&str, u16> = [
        ("GET /healthz HTTP/1.1\nHost: a\nConnection: close\n\n", 200),
        ("GET /healthz?x=1 HTTP/1.0\n\n", 200),
        ("HEAD /healthz HTTP/1.1\nHost: 10.0.0.1:8080\nConnection: close\n\n", 200),
        ("POST /healthz HTTP/1.1\nHost: a\nContent-Length: 0\nConnection: close\n\n", 405),
    ]
    .into();
    for (request, wanted) in &cases {
        assert_eq!(status(request).await, *wanted, "{request}");
    }
    assert_eq!(upstream.seen().len(), 0, "none reached the agent at the root");
    assert_eq!(ask(&gateway, "a", "/healthz/more").await.0, 200);
    assert_eq!(upstream.seen().len(), 1, "another path does");
    gateway.signal("TERM").await;
    testkit::eventually("it says that it drains", Duration::from_secs(2), async || {
        (status("GET /healthz HTTP/1.1\nHost: a\nConnection: close\n\n").await == 503).then_some(())
    })
    .await;
    assert_eq!(ask(&gateway, "a", "/x").await.0, 200, "it still serves");
    assert!(gateway.ended(Duration::from_secs(20)).await.success());
}

#[tokio::test]
async fn without_a_health_path_the_path_belongs_to_the_agents() {
    let upstream = Upstream::start().await;
    let gateway = start(json!({"all": agent(&upstream, json!("/"), "x")})).await;
    assert_eq!(ask(&gateway, "a", "/healthz").await, (200, "/x/healthz".to_owned()));
}
