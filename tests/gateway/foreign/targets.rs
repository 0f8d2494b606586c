//! nginx and HAProxy as the two targets of an agent, and nghttpd behind HTTP/2 in plain text.

use std::collections::BTreeMap;

use futures::future::join_all;
use serde_json::Value;
use testkit::api::Api;
use testkit::{Certificate, Gateway, Start, client, eventually};

use super::SOON;
use super::server::{Nghttpd, Server};

/// How often each answer came to so many requests, GET and POST by turns.
async fn answers(gateway: &Gateway, path: &str, count: usize) -> BTreeMap<String, usize> {
    let mut answers = BTreeMap::new();
    for i in 0..count {
        let request = match i % 2 {
            0 => client().get(gateway.url(path)),
            _ => client().post(gateway.url(path)).body("x".repeat(1_000)),
        };
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        *answers.entry(answer.text().await.expect("its text")).or_default() += 1;
    }
    answers
}

async fn states(gateway: &Gateway, agent: &str) -> Vec<Value> {
    let api = Api { origin: format!("http://127.0.0.1:{}", gateway.admin), token: gateway.admin_token() };
    let reply = api.get(&format!("/agents/{agent}/targets")).await.is(200);
    reply.json()["items"].as_array().expect("items").iter().map(|target| target["state"].clone()).collect()
}

#[tokio::test]
async fn nginx_and_haproxy_share_requests_over_each_protocol_and_one_that_ends_is_spared() {
    let certificate = Certificate::for_name("localhost");
    let (mut nginx, haproxy) = (Server::nginx(&certificate).await, Server::haproxy(&certificate).await);
    let agent = |name: &str, scheme: &str, ports: [u16; 2], more: &str| {
        let targets = ports.map(|port| format!("{scheme}://localhost:{port}")).join("\", \"");
        format!(
            "  {name}: {{ route: /{name}, auth: public, upstream: {{ targets: [\"{targets}\"], balance: round_robin, \
             eject: {{ base: 1s }}, slow_start: 0s, {more} }} }}\n"
        )
    };
    let body = [
        "agents:\n".to_owned(),
        agent("h1", "http", [nginx.plain, haproxy.plain], "protocol: h1"),
        agent("h2c", "http", [nginx.h2c, haproxy.h2c], "protocol: h2c"),
        agent("auto", "https", [nginx.tls, haproxy.tls], "ca_file: ca.pem"),
        agent("tls", "https", [nginx.tls, haproxy.tls], "ca_file: ca.pem, protocol: h1"),
    ]
    .concat();
    let start = Start {
        body: &body,
        server: "  workers: 1\n",
        admin: Some(""),
        files: &[("ca.pem", &certificate.pem)],
        ..Start::default()
    };
    let gateway = start.ready().await;
    for (path, protocol) in [("/h1", "1.1"), ("/h2c", "2.0"), ("/auto", "2.0"), ("/tls", "1.1")] {
        let wanted = [(format!("haproxy HTTP/{protocol}"), 10), (format!("nginx HTTP/{protocol}"), 10)];
        assert_eq!(answers(&gateway, path, 20).await, wanted.into(), "{path}");
    }

    nginx.ends().await;
    // No connection can be made, so that a POST goes to the other one as well.
    let wanted = [("haproxy HTTP/1.1".to_owned(), 20)];
    assert_eq!(answers(&gateway, "/h1", 20).await, wanted.into());
    assert_eq!(states(&gateway, "h1").await, ["ejected", "healthy"]);
    nginx.begins().await;
    eventually("nginx is used again", SOON, async || {
        answers(&gateway, "/h1", 2).await.contains_key("nginx HTTP/1.1").then_some(())
    })
    .await;
    assert_eq!(states(&gateway, "h1").await, ["healthy", "healthy"]);
}

#[tokio::test]
async fn nghttpd_serves_large_bodies_and_more_requests_than_it_allows_streams() {
    let large: Vec<u8> = (0..4_000_000_u32).map(|i| i.to_le_bytes()[0]).collect();
    let nghttpd = Nghttpd::start(&[("small", b"small"), ("large", &large)]).await;
    let body = format!(
        "agents:\n  a: {{ route: {{ path: /a, strip_path: true }}, auth: public, \
         upstream: {{ url: \"http://127.0.0.1:{}\", protocol: h2c }} }}\n",
        nghttpd.port
    );
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    let get = async |path: &str| {
        let answer = client().get(gateway.url(path)).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        answer.bytes().await.expect("its body")
    };
    assert!(get("/a/large").await == large, "a large answer arrives whole");
    let answer = client().post(gateway.url("/a/any")).body(large.clone()).send().await.expect("an answer");
    assert!(
        answer.bytes().await.expect("its body") == large,
        "a large request arrives whole, and comes back"
    );
    for answer in join_all((0..50).map(|_| get("/a/small"))).await {
        assert_eq!(answer, "small");
    }
}
