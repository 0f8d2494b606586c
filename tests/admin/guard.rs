//! What stands before every resource: whose page may ask, by which name, and what every answer forbids a browser.

use std::time::Duration;

use serde_json::json;
use testkit::api::{If, Reply, WithJson as _};
use testkit::{Start, raw};

use super::world::World;

#[tokio::test]
async fn a_name_that_is_not_ours_is_misdirected_for_a_stranger_and_for_the_owner() {
    let start = Start { store: Some("store"), admin: Some(", hosts: [console.example]"), ..Start::default() };
    let world = World::of(start, |_| String::new()).await;
    let port = world.gateway.admin;
    let cases = [
        (format!("127.0.0.1:{port}"), 200),
        ("127.0.0.1".to_owned(), 200),
        (format!("[::1]:{port}"), 200),
        (format!("localhost:{port}"), 200),
        ("LocalHost".to_owned(), 200),
        ("console.example".to_owned(), 200),
        (format!("CONSOLE.example:{port}"), 200),
        ("evil.example".to_owned(), 421),
        (format!("evil.example:{port}"), 421),
        ("localhost.evil.example".to_owned(), 421),
        ("127.0.0.1.evil.example".to_owned(), 421),
        ("console.example.evil".to_owned(), 421),
        ("xconsole.example".to_owned(), 421),
        ("127.1.evil".to_owned(), 421),
    ];
    for (host, wanted) in cases {
        let lines =
            format!("Host: {host}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n", world.api.token);
        let pages = [("/api/v1/session", wanted), ("/", wanted), ("/openapi.json", wanted)];
        for (path, wanted) in pages {
            let request = format!("GET {path} HTTP/1.1\r\n{lines}");
            let answer = raw::exchange(port, request.as_bytes(), Duration::from_secs(5)).await;
            assert_eq!(raw::status(&answer), wanted, "{host} {path}: {answer}");
        }
        if wanted == 421 {
            let stranger =
                format!("GET /api/v1/session HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            let answer = raw::exchange(port, stranger.as_bytes(), Duration::from_secs(5)).await;
            assert!(raw::status(&answer) == 421 && answer.contains("\"misdirected\""), "{host}: {answer}");
        }
    }
    for hosts in ["", "Host: 127.0.0.1\r\nHost: evil.example\r\n"] {
        let request = format!(
            "GET /api/v1/session HTTP/1.1\r\n{hosts}Authorization: Bearer {}\r\nConnection: close\r\n\r\n",
            world.api.token
        );
        let answer = raw::exchange(port, request.as_bytes(), Duration::from_secs(5)).await;
        assert!((400..500).contains(&raw::status(&answer)), "{hosts:?}: {answer}");
    }
}

#[tokio::test]
async fn a_write_from_a_foreign_page_is_forbidden_even_with_the_token() {
    let world = World::empty().await;
    let own = world.api.origin.clone();
    let cases = [
        ("origin", "https://evil.example".to_owned(), 403),
        ("origin", "null".to_owned(), 403),
        ("origin", own.replace("http:", "https:"), 403),
        ("origin", format!("http://127.0.0.1:{}", world.gateway.port), 403),
        ("origin", "http://127.0.0.1".to_owned(), 403),
        ("origin", format!("{own}.evil.example"), 403),
        ("origin", own.clone(), 200),
        ("sec-fetch-site", "cross-site".to_owned(), 403),
        ("sec-fetch-site", "same-site".to_owned(), 403),
        ("sec-fetch-site", "same-origin".to_owned(), 200),
        ("sec-fetch-site", "none".to_owned(), 200),
    ];
    world.create("/agents/a", &world.open("/a")).await;
    for (name, value, wanted) in cases {
        let write = If::Any.on(world.api.request("PUT", "/agents/a")).header(name, &value);
        let reply = Reply::to(write.json(&world.open("/a"))).await;
        assert_eq!(reply.status, wanted, "{name}: {value}: {}", reply.text);
        if wanted == 403 {
            reply.problem(403, "forbidden_origin");
        }
        let login = world.api.stranger("POST", "/session").header(name, &value);
        let reply = Reply::to(login.json(&json!({"token": world.api.token}))).await;
        assert_eq!(reply.status, if wanted == 403 { 403 } else { 204 }, "log-in, {name}: {value}");
        assert_eq!(reply.header("access-control-allow-origin"), "", "no page elsewhere may read this");
    }
}

#[tokio::test]
async fn a_write_by_cookie_must_prove_its_own_origin() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    let login = world.api.stranger("POST", "/session").json(&json!({"token": world.api.token}));
    let reply = Reply::to(login).await.is(204);
    let pair = reply.header("set-cookie").split(';').next().expect("a cookie").to_owned();
    let own = world.api.origin.clone();
    let cases: Vec<(Vec<(&str, &str)>, u16)> = vec![
        (vec![], 403),
        (vec![("origin", "https://evil.example")], 403),
        (vec![("sec-fetch-site", "none")], 403),
        (vec![("sec-fetch-site", "same-site")], 403),
        (vec![("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")], 403),
        (vec![("origin", &own), ("sec-fetch-site", "cross-site")], 403),
        (vec![("origin", &own)], 200),
        (vec![("sec-fetch-site", "same-origin")], 200),
        (vec![("origin", &own), ("sec-fetch-site", "same-origin")], 200),
    ];
    for (headers, wanted) in cases {
        let write = If::Any.on(world.api.stranger("PUT", "/agents/a")).header("cookie", &pair);
        let write = headers.iter().fold(write, |write, (name, value)| write.header(*name, *value));
        let reply = Reply::to(write.json(&world.open("/a"))).await;
        assert_eq!(reply.status, wanted, "{headers:?}: {}", reply.text);
    }
    Reply::to(world.api.stranger("GET", "/agents").header("cookie", &pair)).await.is(200);
}

#[tokio::test]
async fn every_answer_tells_a_browser_to_keep_and_frame_and_guess_nothing() {
    let world = World::empty().await;
    let cases = [
        ("GET", "/api/v1/session", true, 200),
        ("GET", "/api/v1/session", false, 401),
        ("GET", "/api/v1/agents/nobody", true, 404),
        ("GET", "/api/v1/nothing-here", true, 404),
        ("PATCH", "/api/v1/agents/a", true, 405),
        ("GET", "/api/v1/decisions/stream", true, 200),
        ("GET", "/openapi.json", false, 200),
        ("GET", "/", false, 200),
        ("GET", "/agents/some-agent", false, 200),
    ];
    for (method, path, known, wanted) in cases {
        let request = testkit::client().request(
            reqwest::Method::from_bytes(method.as_bytes()).expect("a method"),
            format!("{}{path}", world.api.origin),
        );
        let request = if known { request.bearer_auth(&world.api.token) } else { request };
        // A page is for who wants one; a script that has lost its way gets a problem.
        let request =
            if path.starts_with("/api") { request } else { request.header("accept", "text/html,*/*") };
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), wanted, "{method} {path}");
        let header =
            |name: &str| answer.headers().get(name).map_or("", |v| v.to_str().expect("text")).to_owned();
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(header(name), value, "{name} of {method} {path}");
        }
        assert_eq!(header("access-control-allow-origin"), "", "{method} {path}");
    }
}

/// A page, as a browser asks for it.
fn page(world: &World, path: &str) -> reqwest::RequestBuilder {
    let asked = testkit::client().get(format!("{}{path}", world.api.origin));
    asked.header("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
}

#[tokio::test]
async fn a_page_may_run_nothing_that_the_gateway_did_not_serve() {
    let world = World::empty().await;
    for path in ["/", "/agents", "/identity-providers/corp", "/some/where/deep"] {
        let reply = Reply::to(page(&world, path)).await.is(200);
        assert!(reply.header("content-type").starts_with("text/html"), "{path}");
        let policy = reply.header("content-security-policy");
        for wanted in [
            "default-src 'none'",
            "script-src 'self'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.split(';').any(|part| part.trim() == wanted), "{wanted} in {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"), "{policy}");
    }
    let nonce =
        |policy: &str| policy.split("'nonce-").nth(1).map(|rest| rest.split('\'').next().map(str::to_owned));
    let one = Reply::to(page(&world, "/")).await;
    let two = Reply::to(page(&world, "/")).await;
    let (one, two) =
        (nonce(one.header("content-security-policy")), nonce(two.header("content-security-policy")));
    assert!(one.is_none() || one != two, "a nonce is used once: {one:?}");
}

#[tokio::test]
async fn what_is_not_there_and_what_cannot_be_done_are_problems() {
    let world = World::empty().await;
    for path in
        ["/nothing-here", "/agents/a/b/c", "/agents/", "/revisions/x", "/revisions/99", "/api-keys/none"]
    {
        let reply = world.api.get(path).await;
        reply.problem(404, "not_found");
    }
    for (method, path, allowed) in [
        ("PATCH", "/agents/a", "PUT"),
        ("POST", "/agents", "GET"),
        ("DELETE", "/status", "GET"),
        ("GET", "/reload", "POST"),
        ("PUT", "/session", "DELETE"),
    ] {
        let reply = Reply::to(If::Any.on(world.api.request(method, path)).json(&json!({}))).await;
        reply.problem(405, "method_not_allowed");
        assert!(reply.header("allow").contains(allowed), "{method} {path}: {:?}", reply.headers);
    }
    let trace = Reply::to(world.api.request("TRACE", "/session")).await;
    assert!((400..500).contains(&trace.status) && !trace.text.contains(&world.api.token), "{}", trace.text);
}
