//! The ops listener: alive, ready, and what it knows of its providers.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use testkit::{Issuer, Key, Start, Upstream, client, eventually};

fn body(issuers: &[(&str, &Issuer)], upstream: &Upstream) -> String {
    let providers: String = issuers
        .iter()
        .map(|(name, issuer)| format!("  {name}: {{ issuer: \"{}\" }}\n", issuer.url))
        .collect();
    let names: Vec<&str> = issuers.iter().map(|(name, _)| *name).collect();
    format!(
        "identity_providers:\n{providers}agents:\n  a: {{ route: /a, upstream: \"{0}\", auth: {{ oauth: {{ identity_providers: [{1}] }} }} }}\n  p: {{ route: /p, upstream: \"{0}\", auth: public }}\n",
        upstream.url(),
        names.join(", ")
    )
}

#[tokio::test]
async fn it_is_alive_and_ready_and_lists_its_providers() {
    let (key, second) = (Key::new("ES256", "k1"), Key::new("EdDSA", "k2"));
    let (one, two) = (Issuer::start(&[&key]).await, Issuer::start(&[&key, &second]).await);
    let upstream = Upstream::start().await;
    let body = body(&[("one", &one), ("two", &two)], &upstream);
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    assert_eq!(gateway.ops_get("/livez").await.0, 200);
    let (status, page) = gateway.ops_get("/readyz?verbose").await;
    assert_eq!(status, 200);
    for word in ["one", "two", "k1", "k2", "ES256", "EdDSA"] {
        assert!(page.contains(&format!("\"{word}\"")), "{word} in {page}");
    }
    let value: Value = serde_json::from_str(&page).expect("JSON");
    assert_eq!(value["providers"].as_array().map(Vec::len), Some(2));
    assert_eq!((&value["ready"], &value["draining"]), (&true.into(), &false.into()));
    let plain = gateway.ops_get("/readyz").await;
    assert!(plain.0 == 200 && !plain.1.contains("one"), "only ?verbose lists providers: {plain:?}");
    assert_eq!(client().get(gateway.url("/metrics")).send().await.expect("an answer").status(), 404);
}

#[tokio::test]
async fn an_error_is_a_problem_document() {
    let gateway = Start {
        body: "agents: { p: { route: /p, upstream: \"http://127.0.0.1:9\", auth: public } }\n",
        ..Start::default()
    }
    .ready()
    .await;
    for (method, path, status, title, allow) in [
        (Method::GET, "/nothing", 404, "Not Found", None),
        (Method::POST, "/", 404, "Not Found", None),
        (Method::POST, "/metrics", 405, "Method Not Allowed", Some("GET,HEAD")),
        (Method::DELETE, "/readyz", 405, "Method Not Allowed", Some("GET,HEAD")),
    ] {
        let url = format!("http://127.0.0.1:{}{path}", gateway.ops);
        let answer = client().request(method.clone(), url).send().await.expect("an answer");
        assert_eq!(answer.status(), status, "{method} {path}");
        let headers = answer.headers().clone();
        assert_eq!(headers["content-type"], "application/problem+json", "{method} {path}");
        assert_eq!(headers.get("allow").and_then(|v| v.to_str().ok()), allow, "{method} {path}");
        let document: Value = serde_json::from_slice(&answer.bytes().await.expect("a body")).expect("JSON");
        assert_eq!((&document["status"], &document["title"]), (&status.into(), &title.into()));
        assert!(document["detail"].is_string() && document["type"] == "about:blank", "{document}");
    }
}

#[tokio::test]
async fn it_is_not_ready_until_each_provider_was_tried() {
    let key = Key::new("ES256", "k1");
    let (fast, slow) = (Issuer::start(&[&key]).await, Issuer::start(&[&key]).await);
    slow.delay(Some(Duration::from_secs(2)));
    let upstream = Upstream::start().await;
    let body = body(&[("fast", &fast), ("slow", &slow)], &upstream);
    let gateway = Start { body: &body, ..Start::default() }.alive().await;
    let (status, page) = gateway.ops_get("/readyz").await;
    assert_eq!(status, 503, "{page}");
    let (status, page) = gateway.ops_get("/readyz?verbose").await;
    assert!(status == 503 && page.contains("\"slow\""), "{page}");
    assert_eq!(gateway.ops_get("/livez").await.0, 200);
    let public = client().get(gateway.url("/p")).send().await.expect("an answer");
    assert_eq!(public.status(), 200, "it serves while it is not ready");
    eventually("it is ready", Duration::from_secs(10), async || {
        (gateway.ops_get("/readyz").await.0 == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_provider_that_was_tried_in_vain_does_not_make_it_unready() {
    let key = Key::new("ES256", "k1");
    let issuer = Issuer::start(&[&key]).await;
    issuer.fail_with(Some(500));
    let upstream = Upstream::start().await;
    let body = body(&[("corp", &issuer)], &upstream);
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    let token = key.token(&key.header("ES256"), &issuer.claims("x"));
    let answer = client().get(gateway.url("/a")).bearer_auth(&token).send().await.expect("an answer");
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    issuer.fail_with(None);
    eventually("it recovers by itself", Duration::from_secs(15), async || {
        let answer = client().get(gateway.url("/a")).bearer_auth(&token).send().await.expect("an answer");
        (answer.status() == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn while_it_drains_it_is_alive_and_not_ready_and_still_serves_for_the_delay() {
    let key = Key::new("ES256", "k1");
    let (issuer, upstream) = (Issuer::start(&[&key]).await, Upstream::start().await);
    let body = body(&[("corp", &issuer)], &upstream);
    let server = "  shutdown: { delay: 2s, drain: 5s }\n";
    let mut gateway = Start { body: &body, server, ..Start::default() }.ready().await;
    gateway.signal("TERM").await;
    eventually("it is not ready any more", Duration::from_secs(1), async || {
        (gateway.ops_get("/readyz").await.0 == 503).then_some(())
    })
    .await;
    let (status, page) = gateway.ops_get("/readyz?verbose").await;
    let value: Value = serde_json::from_str(&page).expect("JSON");
    assert!(status == 503 && value["draining"] == true, "{page}");
    assert_eq!(gateway.ops_get("/livez").await.0, 200);
    let fresh = reqwest::Client::builder().no_proxy().build().expect("a client");
    let served = fresh.get(gateway.url("/p")).send().await.expect("a new connection is taken");
    assert_eq!(served.status(), 200);
    assert!(gateway.ended(Duration::from_secs(6)).await.success());
}
