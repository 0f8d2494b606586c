//! Canaries: what is secret goes in, and comes out nowhere.

use std::path::Path;

use serde_json::{Value, json};
use testkit::api::{Api, If, Reply, WithJson as _};
use testkit::{Issuer, Key, Start, raw};

use super::world::World;

const CANARY: &str = "c4n4ry";

/// Every answer that was given, and every file that was written.
struct Seen(Vec<(String, String)>);

impl Seen {
    fn answer(&mut self, what: &str, reply: Reply) -> Reply {
        self.0.push((what.to_owned(), format!("{:?}\n{}", reply.headers, reply.text)));
        reply
    }

    fn files(&mut self, folder: &Path) {
        for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path())
        {
            if entry.is_dir() {
                self.files(&entry);
            } else if !entry.ends_with("admin.token") {
                let text = String::from_utf8_lossy(&std::fs::read(&entry).expect("a file")).into_owned();
                self.0.push((entry.display().to_string(), text));
            }
        }
    }
}

async fn nothing_leaks_at(level: &str) {
    let args = ["--log-level", level];
    let start = Start { store: Some("store"), args: &args, ..Start::default() };
    let mut world = World::of(start, |_| String::new()).await;
    let key = Key::new("ES256", "k1");
    let issuer = Issuer::start(&[&key]).await;
    let mut seen = Seen(Vec::new());
    world.create("/identity-providers/corp", &json!({"issuer": issuer.url})).await;
    world.create("/agents/g", &world.guarded("/g", "corp")).await;
    let (id, api_key) = world.with_key("k").await;

    let mut claims = issuer.claims("x");
    claims["secret"] = format!("{CANARY}-claim").into();
    let token = key.token(&key.header("ES256"), &claims);
    let client_secret = format!("{CANARY}-client-secret");
    // The token that the provider gives is for the caller, and for nobody else.
    issuer.grant(200, json!({"access_token": token, "token_type": "Bearer", "expires_in": 60}));
    let asked = json!({"client_id": "me", "client_secret": client_secret});
    let given = world.api.post("/identity-providers/corp/token", If::Unsaid, &asked).await;
    assert!(!format!("{:?}{}", given.headers, given.text).contains(&client_secret), "{}", given.text);
    issuer.grant(401, json!({"error": "invalid_client", "error_description": "no"}));
    let given = world.api.post("/identity-providers/corp/token", If::Unsaid, &asked).await;
    seen.answer("a token that is refused", given);

    let forged = format!("{}AAAA", &token[..token.len() - 4]);
    let pasted = [
        token.clone(),
        forged,
        api_key.clone(),
        format!("{api_key}x"),
        format!("{CANARY}.{CANARY}.{CANARY}"),
    ];
    for text in &pasted {
        for agent in ["g", "k"] {
            let asked = json!({"agent": agent, "credential": text});
            let said = world.api.post("/explain", If::Unsaid, &asked).await;
            seen.answer("explain", said);
            let header = json!([["authorization", format!("Bearer {text}")], ["x-api-key", text]]);
            let said =
                world.api.post("/explain", If::Unsaid, &json!({"agent": agent, "headers": header})).await;
            seen.answer("explain by headers", said);
            let wrong = json!({"agent": agent, "credentials": text});
            seen.answer("explain, misspelt", world.api.post("/explain", If::Unsaid, &wrong).await);
            let request =
                json!({"method": "GET", "path": "/x", "headers": [], "body": null, "credential": text});
            // The upstream of this suite echoes what reaches it: a credential must not be in that, either.
            let tried = world.api.post(&format!("/agents/{agent}/test"), If::Unsaid, &request).await;
            seen.answer("a test request", tried);
        }
        world.call("/g", &[("authorization", &format!("Bearer {text}"))]).await;
        world.call("/k", &[("x-api-key", text)]).await;
        let stranger = Api { token: text.clone(), ..world.api.clone() };
        seen.answer("as an admin token", stranger.get("/session").await);
        let login = world.api.stranger("POST", "/session").json(&json!({"token": text}));
        seen.answer("as a log-in", Reply::to(login).await);
        let cookie =
            world.api.stranger("GET", "/session").header("cookie", format!("portcullis_session={text}"));
        seen.answer("as a cookie", Reply::to(cookie).await);
        let nested =
            json!({"route": "/x", "upstream": "http://127.0.0.1:9", "auth": {"api_key": {"secret": CANARY}}});
        world.api.put("/agents/x", If::Absent, &nested).await.is(422);
    }
    world.api.post(&format!("/api-keys/{id}/rotate"), If::Any, &json!({"overlap": "1h"})).await.is(201);
    let bad = format!(
        "GET /api/v1/session?token={t} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {t}\r\nX: {CANARY}\r\nConnection: close\r\n\r\n",
        t = world.api.token
    );
    let answer = raw::exchange(world.gateway.admin, bad.as_bytes(), std::time::Duration::from_secs(5)).await;
    seen.0.push(("a token in the query".to_owned(), answer));
    for path in [
        "/session",
        "/agents",
        "/agents/g",
        "/agents/k",
        "/identity-providers",
        "/identity-providers/corp",
        "/api-keys",
        "/revisions",
        "/revisions/1",
        "/revisions/2",
        "/revisions/3",
        "/revisions/4",
        "/revisions/5",
        "/status",
        "/traffic",
        "/decisions",
    ] {
        seen.answer(path, world.api.get(path).await.is(200));
    }
    seen.0.push(("metrics".to_owned(), world.gateway.ops_get("/metrics").await.1));
    world.gateway.signal("TERM").await;
    world.gateway.ended(std::time::Duration::from_secs(30)).await;
    seen.files(world.gateway.folder.path());
    seen.0.push(("stdout".to_owned(), world.gateway.stdout().join("\n")));
    seen.0.push(("stderr".to_owned(), world.gateway.stderr().join("\n")));

    let parts: Vec<&str> = token.split('.').collect();
    for secret in [CANARY, &world.api.token, &api_key[13..43], parts[1], parts[2]] {
        for (place, text) in &seen.0 {
            let line = text.lines().find(|line| line.contains(secret));
            assert!(line.is_none(), "{secret} is in {place} at {level}: {line:?}");
        }
    }
    assert!(
        !world.gateway.stderr().iter().any(|line| line.contains("panicked")),
        "{:?}",
        world.gateway.stderr()
    );
}

#[tokio::test]
async fn nothing_leaks_at_info_level() {
    nothing_leaks_at("info").await;
}

#[tokio::test]
async fn nothing_leaks_at_trace_level() {
    nothing_leaks_at("trace").await;
}

#[tokio::test]
async fn the_environment_of_the_gateway_is_not_read_out_by_a_document() {
    let world = World::empty().await;
    let path = std::env::var("PATH").expect("a path");
    let mut spec = world.open("/a");
    spec["display_name"] = "${PATH}".into();
    let written = world.api.put("/agents/a", If::Absent, &spec).await;
    assert!([201, 422].contains(&written.status), "{} {}", written.status, written.text);
    for text in [written.text, world.api.get("/agents").await.text, world.api.get("/agents/a").await.text] {
        assert!(!text.contains(&path), "the environment is in an answer: {text}");
    }
    let absent: Value = json!({"route": "/b", "upstream": "${NOT_SET_AT_ALL}", "auth": "public"});
    world.api.put("/agents/b", If::Absent, &absent).await.problem(422, "invalid");
}

#[tokio::test]
async fn a_file_that_a_document_names_is_not_read_out() {
    let files = [("private.txt", "c4n4ry-line-one\nc4n4ry: [line two\n")];
    let start = Start { store: Some("store"), files: &files, ..Start::default() };
    let world = World::of(start, |_| String::new()).await;
    let private = world.gateway.folder.path().join("private.txt");
    let own_token = world.gateway.folder.path().join("admin.token");
    let open = world.open("/a");
    for file in [private, own_token, "/etc/passwd".into(), "/dev/zero".into(), world.gateway.config()] {
        let file = file.to_str().expect("text");
        let mut upstream = open.clone();
        upstream["upstream"] = json!({"url": "https://127.0.0.1:1", "ca_file": file});
        let writes = [
            ("/identity-providers/p", json!({"issuer": "https://p.example", "jwks_file": file})),
            ("/identity-providers/p", json!({"issuer": "https://p.example", "public_key_file": file})),
            ("/identity-providers/p", json!({"issuer": "https://p.example", "ca_file": file})),
            ("/agents/a", upstream),
        ];
        for (path, spec) in writes {
            let asked = std::time::Instant::now();
            let reply = world.api.put(&format!("{path}?dry_run=true"), If::Absent, &spec).await;
            assert!([201, 422].contains(&reply.status), "{path} {file}: {} {}", reply.status, reply.text);
            assert!(asked.elapsed().as_secs() < 5, "{path} {file}: {:?}", asked.elapsed());
            for secret in [CANARY, &world.api.token, "root:", "token_file"] {
                assert!(!reply.text.contains(secret), "{path} {file}: {}", reply.text);
            }
        }
    }
    world.create("/agents/a", &open).await;
    assert_eq!(world.status("/a").await, 200, "it lives");
}
