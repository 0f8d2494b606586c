//! Bodies and names that no well-meaning client sends.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::api::{If, Reply, WithJson as _};
use testkit::{Key, raw};

use super::world::{World, provider};

/// Each resource that takes a body.
const WRITES: [(&str, &str); 10] = [
    ("PUT", "/agents/a"),
    ("PUT", "/identity-providers/p"),
    ("PUT", "/limits/l"),
    ("POST", "/api-keys"),
    ("POST", "/explain"),
    ("POST", "/identity-providers:probe"),
    ("POST", "/identity-providers/p/token"),
    ("POST", "/agents/a/test"),
    ("POST", "/revisions/1/rollback"),
    ("POST", "/session"),
];

async fn send(world: &World, method: &str, path: &str, kind: Option<&str>, body: Vec<u8>) -> Reply {
    let request = If::Any.on(world.api.request(method, path)).body(body);
    Reply::to(kind.map_or_else(
        || request.try_clone().expect("a copy"),
        |kind| request.try_clone().expect("a copy").header("content-type", kind),
    ))
    .await
}

#[tokio::test]
async fn ten_mebibytes_are_too_large_everywhere_and_are_not_read_to_the_end() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    let long = format!("{{\"display_name\":\"{}\"}}", "x".repeat(10 << 20));
    for (method, path) in WRITES {
        let reply = send(&world, method, path, Some("application/json"), long.clone().into_bytes()).await;
        reply.problem(413, "too_large");
    }
    // In pieces, without a length; and with a length whose bytes never come.
    let head = format!(
        "PUT /api/v1/agents/a HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nIf-Match: *\r\nContent-Type: application/json\r\n",
        world.api.token
    );
    let piece = format!("8000\r\n{}\r\n", "x".repeat(0x8000));
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n", piece.repeat(64));
    let announced = format!("{head}Content-Length: 10485760\r\n\r\n{{");
    for request in [chunked, announced] {
        let answer = raw::exchange(world.gateway.admin, request.as_bytes(), Duration::from_secs(5)).await;
        assert_eq!(raw::status(&answer), 413, "{}", &answer[..answer.len().min(300)]);
    }
    let just_within = format!("{{\"display_name\":\"{}\"}}", "x".repeat(1_000_000));
    let reply = send(&world, "PUT", "/agents/a", Some("application/json"), just_within.into_bytes()).await;
    reply.problem(422, "invalid");
    assert_eq!(world.status("/a").await, 200);
}

#[tokio::test]
async fn only_json_is_read() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    let good = world.open("/a").to_string().into_bytes();
    for kind in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data; boundary=x"),
        Some("application/yaml"),
        Some("text/json"),
        Some("application/jsonx"),
    ] {
        for (method, path) in WRITES {
            send(&world, method, path, kind, good.clone()).await.problem(415, "unsupported_media_type");
        }
    }
    for kind in ["application/json", "application/json; charset=utf-8", "Application/JSON"] {
        send(&world, "PUT", "/agents/a", Some(kind), good.clone()).await.is(200);
    }
}

#[tokio::test]
async fn what_is_no_json_or_too_deep_is_bad_json() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    let deep = |open: &str, n: usize| open.repeat(n).into_bytes();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("half an object", b"{\"agent\":".to_vec()),
        ("a word", b"nul".to_vec()),
        ("YAML", b"route: /a".to_vec()),
        ("two documents", b"{} {}".to_vec()),
        ("not UTF-8", b"{\"agent\":\"\xff\xfe\"}".to_vec()),
        ("half a surrogate", b"{\"agent\":\"\\ud800\"}".to_vec()),
        ("not a number", b"{\"max_body\": NaN}".to_vec()),
        ("lists in lists", deep("[", 100_000)),
        ("objects in objects", deep("{\"a\":", 100_000)),
        ("a comment", b"{} // x".to_vec()),
        ("control bytes", b"{\"agent\":\"a\0b\"}".to_vec()),
    ];
    for (what, body) in cases {
        // A roll-back needs no body.
        for (method, path) in
            WRITES.iter().filter(|(_, path)| !(body.is_empty() && path.ends_with("rollback")))
        {
            let reply = send(&world, method, path, Some("application/json"), body.clone()).await;
            assert_eq!(reply.status, 400, "{what}: {method} {path}: {}", reply.text);
            reply.problem(400, "bad_json");
        }
    }
    let nested = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let reply = send(&world, "PUT", "/agents/a", Some("application/json"), nested.into_bytes()).await;
    assert!([400, 422].contains(&reply.status), "{} {}", reply.status, reply.text);
    assert_eq!(world.status("/a").await, 200, "it lives");
}

#[tokio::test]
async fn a_member_that_is_said_twice_is_refused() {
    let world = World::empty().await;
    let url = world.upstream.url();
    let twice = format!(
        "{{\"route\":\"/a\",\"upstream\":\"{url}\",\"auth\":{{\"api_key\":{{\"header\":\"x-api-key\"}}}},\"auth\":\"public\"}}"
    );
    let request =
        If::Absent.on(world.api.request("PUT", "/agents/a")).header("content-type", "application/json");
    let reply = Reply::to(request.body(twice)).await;
    assert!(
        [400, 422].contains(&reply.status),
        "which of the two was meant? {} {}",
        reply.status,
        reply.text
    );
    assert_eq!(world.status("/a").await, 404);
}

#[tokio::test]
async fn every_wrong_type_is_refused_and_never_a_fault_of_ours() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    let key = Key::new("ES256", "k1");
    world.create("/identity-providers/p", &provider("https://p.example", &[&key])).await;
    world.create("/limits/l", &json!({"per": "address", "scope": "agent", "rate": "20/1m"})).await;
    let values = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!("text"),
        json!([]),
        json!([[]]),
        json!({"": {}}),
        json!({"\u{0}": 1}),
    ];
    for (method, path) in WRITES.iter().filter(|(_, path)| *path != "/revisions/1/rollback") {
        for value in &values {
            let reply =
                send(&world, method, path, Some("application/json"), value.to_string().into_bytes()).await;
            assert!(
                [404, 422, 401].contains(&reply.status),
                "{method} {path} {value}: {} {}",
                reply.status,
                reply.text
            );
            let code = reply.json()["code"].as_str().unwrap_or_default().to_owned();
            assert!(
                ["invalid", "not_found", "unauthorized"].contains(&&*code),
                "{method} {path} {value}: {code}"
            );
        }
    }
    // One member after the other of a good agent, by each wrong value.
    let mut good = world.guarded("/a", "p");
    good["display_name"] = "A".into();
    good["max_body"] = "1MiB".into();
    good["websocket"] = true.into();
    good["enforcement"] = "enforce".into();
    good["cors"] = json!({"allowed_origins": ["https://app.example"]});
    for member in
        ["route", "upstream", "auth", "display_name", "max_body", "websocket", "enforcement", "cors"]
    {
        for value in [json!(-7), json!(1e300), json!([1]), json!({"nothing": "like it"})] {
            // In YAML, a number that stands for a text is that text.
            if member == "display_name" && value.is_number() {
                continue;
            }
            let mut bad = good.clone();
            bad[member] = value;
            let reply = world.api.put("/agents/a", If::Any, &bad).await;
            let pointers = reply.pointers();
            let wanted = format!("/{member}");
            assert!(pointers.iter().any(|at| at.starts_with(&wanted)), "{member}: {bad}: {}", reply.text);
        }
    }
}

/// Every file under a folder, less what the gateway may write to.
fn files(folder: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            all.extend(files(&entry));
        }
        all.push(entry.display().to_string());
    }
    all.sort();
    all
}

#[tokio::test]
async fn a_name_that_is_no_name_reaches_no_file() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    let before = files(world.gateway.folder.path());
    let long = "a".repeat(64);
    let names = [
        "..%2f..%2fetc",
        "%2e%2e",
        "..",
        ".",
        "a%2fb",
        "a%2Fb",
        "a%5cb",
        "a%00",
        "a%00.yaml",
        "%00",
        "a%0ab",
        "a%0d%0ab",
        "a%20b",
        "%20",
        "a.yaml",
        ".hidden",
        "a_b",
        "a+b",
        "a:b",
        "a;b",
        "%c3%a4",
        "%ff",
        "%f0%9f%98%80",
        "%3Cscript%3E",
        "%e2%80%ae",
        "a%252fb",
        "*",
        "~",
        "-%00",
        "con%3a",
        &long,
    ];
    let body = world.open("/b").to_string();
    for kind in ["agents", "identity-providers", "api-keys"] {
        for name in names {
            for (method, rest) in
                [("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/test"), ("POST", "/revoke")]
            {
                let request = format!(
                    "{method} /api/v1/{kind}/{name}{rest} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nIf-Match: *\r\n\
                     Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    world.api.token,
                    body.len()
                );
                let answer =
                    raw::exchange(world.gateway.admin, request.as_bytes(), Duration::from_secs(5)).await;
                let status = raw::status(&answer);
                assert!(
                    [400, 404, 405, 412, 422].contains(&status),
                    "{method} {kind}/{name}{rest}: {answer}"
                );
                // What was asked for may be repeated, but only where no browser takes it for a page.
                let plain =
                    answer.contains("content-type: application/problem+json") || !answer.contains("<script>");
                assert!(plain && answer.contains("nosniff"), "{method} {kind}/{name}{rest}: {answer}");
            }
        }
    }
    assert_eq!(files(world.gateway.folder.path()), before, "no file comes or goes");
    let longest = "a".repeat(63);
    world.create(&format!("/agents/{longest}"), &world.open("/longest")).await;
    world.create("/agents/9-a", &world.open("/short")).await;
    assert_eq!((world.status("/longest").await, world.status("/short").await), (200, 200));
}

#[tokio::test]
async fn texts_come_back_exactly_as_they_were_written() {
    let mut world = World::empty().await;
    let long = "\u{e4}".repeat(2_000);
    let texts = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "</script>",
        "'single' \"double\" \\ back",
        ": colon",
        "# hash",
        "- dash",
        "a: b",
        "a #b",
        "? x",
        "| pipe",
        "> fold",
        "!!str x",
        "&anchor",
        "*alias",
        "{a}",
        "[a]",
        "yes",
        "no",
        "null",
        "~",
        "true",
        "007",
        "0x10",
        "0o17",
        "1e3",
        ".inf",
        "-.inf",
        "12:30:45",
        "2001-01-01",
        "=",
        "<<",
        " leading",
        "trailing ",
        "\u{feff}bom",
        "a\u{2028}b",
        "a\u{85}b",
        "\u{e4}\u{f6}\u{fc}",
        "\u{1f600}",
        "\u{202e}rtl",
        "@at",
        "`tick",
        "%TAG",
        "---",
        "...",
        "a\\nb",
        "$HOME",
        "$$",
        "%{x}",
        &long,
    ];
    let mut kept = Vec::new();
    for (i, text) in texts.iter().enumerate() {
        let mut spec = world.open(&format!("/t{i}"));
        spec["display_name"] = (*text).into();
        let reply = world.api.put(&format!("/agents/t{i}"), If::Absent, &spec).await;
        assert_eq!(reply.status, 201, "{text:?}: {}", reply.text);
        kept.push((i, spec));
    }
    world.gateway.kill().await;
    world.gateway.start_again().await;
    for (i, spec) in kept {
        let reply = world.api.get(&format!("/agents/t{i}")).await.is(200);
        assert_eq!(reply.header("content-type"), "application/json");
        let read = reply.json();
        assert_eq!((&read["spec"], &read["display_name"]), (&spec, &spec["display_name"]), "{i}");
    }
    // Control characters: exactly so, or not at all.
    for text in ["a\nb", "a\tb", "a\u{0}b", "a\u{1b}[31mb", "a\r\nb", "\u{7f}"] {
        let mut spec = world.open("/control");
        spec["display_name"] = text.into();
        let reply = world.api.put("/agents/control", If::Absent, &spec).await;
        if reply.status == 201 {
            assert_eq!(world.api.get("/agents/control").await.json()["spec"], spec, "{text:?}");
            world.api.delete("/agents/control", If::Any).await.is(200);
        } else {
            assert_eq!(reply.pointers(), ["/display_name"], "{text:?}");
        }
    }
}

#[tokio::test]
async fn the_keys_of_a_document_cannot_change_what_stands_beside_it() {
    let world = World::empty().await;
    let text = "x\nauth: public\n---\nagents: {}";
    for spec in [
        json!({"route": "/a", "upstream": world.upstream.url(), "auth": {"api_key": {"header": "x-api-key"}}, "display_name": text}),
        json!({"route": "/a", "upstream": world.upstream.url(), "auth": {"api_key": {"header": text}}}),
    ] {
        let reply = world.api.put("/agents/a", If::Absent, &spec).await;
        assert!([201, 422].contains(&reply.status), "{} {}", reply.status, reply.text);
        assert_eq!(world.status("/a").await, if reply.status == 201 { 401 } else { 404 });
        if reply.status == 201 {
            world.api.delete("/agents/a", If::Any).await.is(200);
        }
    }
}

#[tokio::test]
async fn preconditions_and_switches_that_mean_nothing_are_refused() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    let tag = world.api.tag("/agents/a").await;
    let put = async |headers: &[(&str, &str)], query: &str| {
        let request = world.api.request("PUT", &format!("/agents/a{query}"));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        Reply::to(request.json(&world.open("/b"))).await
    };
    for headers in [
        vec![("if-match", "")],
        vec![("if-match", &*tag), ("if-none-match", "*")],
        vec![("if-none-match", &*tag)],
    ] {
        let reply = put(&headers, "").await;
        assert!([400, 412, 428].contains(&reply.status), "{headers:?}: {} {}", reply.status, reply.text);
    }
    for query in ["?dry_run=perhaps", "?dry_run="] {
        let reply = put(&[("if-match", &tag)], query).await;
        assert!([400, 422].contains(&reply.status), "{query}: {} {}", reply.status, reply.text);
    }
    assert_eq!(world.api.tag("/agents/a").await, tag);
    put(&[("if-match", &tag)], "?dry_run=false").await.is(200);
    assert_eq!(world.status("/b").await, 200);
}

#[tokio::test]
async fn queries_that_mean_nothing_are_refused_and_never_a_fault_of_ours() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    for path in [
        "/agents?limit=99999999999999999999",
        "/agents?limit=%00",
        "/agents?limit=%ff",
        "/api-keys?limit=x",
        "/identity-providers?limit=-5",
        "/revisions?limit=1.5",
        "/revisions?before=x",
        "/revisions?before=-1",
        "/decisions?limit=1e3",
    ] {
        let reply = world.api.get(path).await;
        assert!([400, 422].contains(&reply.status), "{path}: {} {}", reply.status, reply.text);
    }
    for path in [
        "/agents?q=%ff%fe",
        "/agents?q=%00",
        "/agents?after=%2e%2e",
        "/revisions?before=0",
        "/revisions?resource=%2e%2e",
    ] {
        let reply = world.api.get(path).await;
        assert!(reply.status < 500, "{path}: {} {}", reply.status, reply.text);
    }
    let number: Value = world.api.get("/revisions/18446744073709551616").await.json();
    assert_eq!(number["status"], 404, "{number}");
}
