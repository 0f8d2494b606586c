//! `/api/v1/agents/NAME/test`: a real request through the gateway, and its answer as it arrives.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::api::{If, WithJson as _};
use testkit::{Key, Start};

use super::world::{World, provider, token_of};

fn asked(path: &str, credential: Option<&str>) -> Value {
    json!({"method": "GET", "path": path, "headers": [], "body": null, "credential": credential})
}

/// Every event of an answer.
fn events(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

#[tokio::test]
async fn a_stranger_gets_401_and_nothing_is_sent() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    world.refuses_strangers(&[("POST", "/agents/a/test")]).await;
    assert!(world.upstream.seen().is_empty());
}

#[tokio::test]
async fn a_credential_goes_where_the_agent_reads_it_and_through_the_real_gate() {
    let world = World::empty().await;
    let key = Key::new("ES256", "k1");
    world.create("/identity-providers/corp", &provider("https://corp.example", &[&key])).await;
    world.create("/agents/g", &world.guarded("/g", "corp")).await;
    let mut custom = world.guarded("/c", "corp");
    custom["auth"]["oauth"]["header"] = "X-Token".into();
    custom["auth"]["oauth"]["prefix"] = "".into();
    world.create("/agents/c", &custom).await;
    let (_, api_key) = world.with_key("k").await;
    let mut stripped = world.open("/s");
    stripped["route"] = json!({"path": "/s", "strip_path": true});
    world.create("/agents/s", &stripped).await;
    let mut hosted = world.open("/h");
    hosted["route"] = json!({"path": "/h", "host": "h.example"});
    world.create("/agents/h", &hosted).await;
    let token = token_of("https://corp.example", &key);
    let cases = [
        ("g", Some(&*token), 200, Some("/g/x?y=1")),
        ("g", None, 401, None),
        ("g", Some("nonsense"), 401, None),
        ("c", Some(&*token), 200, Some("/c/x?y=1")),
        ("k", Some(&*api_key), 200, Some("/k/x?y=1")),
        ("k", None, 401, None),
        ("s", None, 200, Some("/x?y=1")),
        ("h", None, 200, Some("/h/x?y=1")),
    ];
    for (agent, credential, status, arrived) in cases {
        let before = world.upstream.seen().len();
        let reply =
            world.api.post(&format!("/agents/{agent}/test"), If::Unsaid, &asked("/x?y=1", credential)).await;
        let reply = reply.is(200);
        assert_eq!(reply.header("content-type"), "application/x-ndjson");
        let events = events(&reply.text);
        let (head, last) = (&events[0], events.last().expect("an event"));
        assert_eq!(
            (&head["event"], &head["status"]),
            (&json!("head"), &json!(status)),
            "{agent}: {events:?}"
        );
        assert_eq!(last["event"], "end", "{events:?}");
        assert!(last["bytes"].is_u64() && head["ms"].is_number(), "{events:?}");
        let seen = world.upstream.seen();
        assert_eq!(seen.get(before).map(|seen| &*seen.target), arrived, "{agent}");
        let id = head["headers"].as_array().expect("headers").iter().find(|h| h[0] == "x-request-id");
        let id = id.expect("it went through the gateway")[1].as_str().expect("text").to_owned();
        assert_eq!(world.gateway.logged(&id).await["agent"], agent);
    }
}

#[tokio::test]
async fn method_headers_and_body_arrive_as_they_were_written() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    let body = json!({
        "method": "POST", "path": "/x", "headers": [["Content-Type", "text/plain"], ["X-Mine", "1"]],
        "body": "h\u{e9}llo", "credential": null,
    });
    let reply = world.api.post("/agents/a/test", If::Unsaid, &body).await.is(200);
    let seen = world.upstream.last();
    assert_eq!((&*seen.method, &*seen.target), ("POST", "/a/x"));
    assert_eq!((seen.all("x-mine"), seen.all("content-type")), (vec!["1"], vec!["text/plain"]));
    let data: String =
        events(&reply.text).iter().filter_map(|event| event["text"].as_str().map(str::to_owned)).collect();
    assert_eq!(serde_json::from_str::<Value>(&data).expect("the echo")["body_length"], 6, "{data}");
    for own in ["authorization", "cookie"] {
        assert!(seen.all(own).is_empty(), "the credential of the API stays here: {seen:?}");
    }
}

#[tokio::test]
async fn a_stream_is_shown_as_it_arrives() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    let request = world.api.request("POST", "/agents/a/test").json(&asked("/sse", None));
    let (sent, mut answer) = (Instant::now(), request.send().await.expect("an answer"));
    let (mut came, mut first, mut pieces) = (String::new(), None, 0);
    while let Some(chunk) = answer.chunk().await.expect("the stream is whole") {
        came += &String::from_utf8_lossy(&chunk);
        pieces += 1;
        if first.is_none() && came.contains("data: 0") {
            first = Some(sent.elapsed());
        }
    }
    let (first, all) = (first.expect("the first event"), sent.elapsed());
    assert!(all - first > Duration::from_millis(250), "the first after {first:?}, all after {all:?}");
    assert!(pieces >= 4, "{pieces} pieces: {came}");
    let data = events(&came).into_iter().filter_map(|event| event["text"].as_str().map(str::to_owned));
    assert!(data.collect::<String>().ends_with("data: 4\n\n"), "{came}");
}

#[tokio::test]
async fn an_upstream_that_fails_is_an_answer_and_one_that_hangs_up_is_told() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    let mut gone = world.open("/gone");
    gone["upstream"] = "http://127.0.0.1:1".into();
    world.create("/agents/gone", &gone).await;
    for (agent, path) in [("gone", "/x"), ("a", "/hang-up")] {
        let reply =
            world.api.post(&format!("/agents/{agent}/test"), If::Unsaid, &asked(path, None)).await.is(200);
        let events = events(&reply.text);
        assert!(events[0]["status"] == 502 || events[0]["event"] == "error", "{agent}: {events:?}");
    }
}

#[tokio::test]
async fn a_request_that_could_go_elsewhere_or_smuggle_is_not_sent() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    world.create("/agents/secret", &world.open("/secret")).await;
    let with = |member: &str, value: Value| {
        let mut body = asked("/x", None);
        body[member] = value;
        body
    };
    let cases = [
        ("path", json!("http://127.0.0.1:1/")),
        ("path", json!("//127.0.0.1:1/")),
        ("path", json!("@127.0.0.1:1/")),
        ("path", json!("/x\r\nX-Evil: 1")),
        ("path", json!("/x y")),
        ("path", json!("no-slash")),
        ("method", json!("GET /secret HTTP/1.1\r\nX: ")),
        ("method", json!("CONNECT")),
        ("method", json!("")),
        ("headers", json!([["X-Mine", "1\r\nX-Evil: 1"]])),
        ("headers", json!([["Bad Name", "1"]])),
        ("headers", json!([["Host", "elsewhere.example"]])),
        ("headers", json!([["Transfer-Encoding", "chunked"]])),
        ("headers", json!([["Content-Length", "5"]])),
        ("colour", json!(1)),
    ];
    for (member, value) in cases {
        let reply = world.api.post("/agents/a/test", If::Unsaid, &with(member, value.clone())).await;
        let refused = reply.status == 422 || reply.status == 400;
        let harmless = reply.status == 200
            && world
                .upstream
                .seen()
                .iter()
                .all(|seen| seen.target.starts_with("/a") && seen.all("x-evil").is_empty());
        assert!(refused || harmless, "{member} {value}: {} {}", reply.status, reply.text);
        assert!(refused || member == "headers" || member == "path", "{member} {value}: {}", reply.text);
    }
    let climbing = world.api.post("/agents/a/test", If::Unsaid, &asked("/../secret", None)).await;
    assert!(climbing.status == 422 || climbing.text.contains("400"), "{}", climbing.text);
    assert!(world.upstream.seen().iter().all(|seen| !seen.target.starts_with("/secret")));
    world.api.post("/agents/nobody/test", If::Unsaid, &asked("/x", None)).await.problem(404, "not_found");
}

#[tokio::test]
async fn it_works_when_the_gateway_listens_with_tls_as_well() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let (pem, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let files = [("c.pem", &*pem), ("c.key", &*key)];
    let start = Start { store: Some("store"), files: &files, tls: &[("c.pem", "c.key")], ..Start::default() };
    let world = World::of(start, |_| String::new()).await;
    world.create("/agents/a", &world.open("/a")).await;
    let reply = world.api.post("/agents/a/test", If::Unsaid, &asked("/x", None)).await.is(200);
    assert_eq!(events(&reply.text)[0]["status"], 200, "{}", reply.text);
}
