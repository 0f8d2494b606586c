//! `/api/v1/decisions`: the last decisions, and the same as they happen.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::api::Reply;
use testkit::{Key, client, eventually};

use super::world::{HEADER, World, provider, token_of};

#[tokio::test]
async fn a_stranger_gets_401() {
    let requests = [("GET", "/decisions"), ("GET", "/decisions/stream"), ("GET", "/decisions/x")];
    World::empty().await.refuses_strangers(&requests).await;
}

/// A world with one agent of each kind, and a token and a key that open them.
async fn busy() -> (World, String, String) {
    let world = World::empty().await;
    let key = Key::new("ES256", "k1");
    world.create("/identity-providers/corp", &provider("https://corp.example", &[&key])).await;
    world.create("/agents/g", &world.guarded("/g", "corp")).await;
    world.create("/agents/open", &world.open("/open")).await;
    let (_, api_key) = world.with_key("k").await;
    (world, token_of("https://corp.example", &key), api_key)
}

#[tokio::test]
async fn each_decision_is_listed_newest_first_without_its_credential() {
    let (world, token, api_key) = busy().await;
    let bearer = format!("Bearer {token}");
    type Header<'a> = Option<(&'a str, &'a str)>;
    let calls: [(&str, Header<'_>, Value); 6] = [
        ("/open", None, json!(["open", "allow", "ok", null])),
        ("/g", None, json!(["g", "deny", "token_missing", null])),
        ("/g", Some(("authorization", &bearer)), json!(["g", "allow", "ok", "corp"])),
        ("/k", Some((HEADER, "pck_AAAAAAAA_wrong")), json!(["k", "deny", "api_key_invalid", null])),
        ("/k", Some((HEADER, &api_key)), json!(["k", "allow", "ok", null])),
        ("/nowhere", None, json!([null, "deny", "no_route", null])),
    ];
    let mut made = Vec::new();
    for (path, header, wanted) in &calls {
        let headers: Vec<(&str, &str)> = header.iter().copied().collect();
        made.push((world.call(path, &headers).await.request_id, wanted));
    }
    let listed = eventually("all are listed", Duration::from_secs(1), async || {
        let list = world.api.get("/decisions").await.is(200).json();
        (list["items"].as_array().is_some_and(|items| items.len() >= made.len())).then_some(list)
    })
    .await;
    for ((id, wanted), item) in made.iter().rev().zip(listed["items"].as_array().expect("items")) {
        assert_eq!(item["request_id"], **id, "{item}");
        assert_eq!(
            json!([item["agent"], item["decision"], item["reason"], item["provider"]]),
            **wanted,
            "{item}"
        );
        assert!(item["at"].as_str().is_some_and(|at| at.parse::<jiff::Timestamp>().is_ok()), "{item}");
        let is_refused = item["decision"] == "deny";
        assert_eq!((&item["http_method"], &item["remote"]), (&json!("GET"), &json!("127.0.0.1")), "{item}");
        assert_eq!((item["check"].is_string(), item["fix"].is_string()), (is_refused, is_refused), "{item}");
        assert_eq!(item["status"].is_number(), is_refused, "{item}");
    }
    let text = listed.to_string();
    for secret in [&token, &api_key, "pck_AAAAAAAA_wrong", "alice"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    for (query, count) in [
        ("agent=g", 2),
        ("reason=api_key_invalid", 1),
        ("decision=deny", 3),
        ("decision=allow&agent=k", 1),
        ("agent=nobody", 0),
        ("limit=2", 2),
    ] {
        let list = world.api.get(&format!("/decisions?{query}")).await.is(200).json();
        assert_eq!(list["items"].as_array().map(Vec::len), Some(count), "{query}: {list}");
    }
    for query in ["decision=perhaps", "reason=because", "limit=many", "limit=0"] {
        let refused = world.api.get(&format!("/decisions?{query}")).await;
        assert!([400, 422].contains(&refused.status), "{query}: {} {}", refused.status, refused.text);
    }
}

#[tokio::test]
async fn the_ring_keeps_the_newest_and_no_more_than_it_says() {
    let world = World::empty().await;
    world.create("/agents/open", &world.open("/open")).await;
    let mut last = String::new();
    for _ in 0..300 {
        last = world.call("/open", &[]).await.request_id;
    }
    let newest = eventually("the newest is there", Duration::from_secs(1), async || {
        let list = world.api.get("/decisions?limit=100").await.is(200).json();
        (list["items"][0]["request_id"] == *last).then_some(list)
    })
    .await;
    assert_eq!(newest["items"].as_array().map(Vec::len), Some(100));
    let default = world.api.get("/decisions").await.is(200).json();
    assert_eq!(default["items"].as_array().map(Vec::len), Some(100), "the limit is 100");
}

/// Reads the stream until an event names this request; its data, and everything that came before it.
async fn event_of(stream: &mut reqwest::Response, request_id: &str) -> (Value, String) {
    let mut came = String::new();
    loop {
        let chunk = stream.chunk().await.expect("the stream is whole").expect("the stream goes on");
        came += &String::from_utf8_lossy(&chunk);
        let events =
            came.split("\n\n").filter(|event| event.lines().any(|line| line.trim() == "event: decision"));
        for event in events {
            let data = event.lines().find_map(|line| line.strip_prefix("data:")).unwrap_or_default();
            if let Some(data) =
                serde_json::from_str::<Value>(data).ok().filter(|d| d["request_id"] == request_id)
            {
                return (data, came);
            }
        }
    }
}

#[tokio::test]
async fn a_refused_call_is_on_the_stream_within_a_second_and_its_token_is_not() {
    let (world, token, _) = busy().await;
    let mut all = world.api.request("GET", "/decisions/stream").send().await.expect("an answer");
    assert_eq!(all.status().as_u16(), 200);
    assert_eq!(all.headers()["content-type"], "text/event-stream");
    let mut of_g =
        world.api.request("GET", "/decisions/stream?agent=g&decision=deny").send().await.expect("an answer");
    let forged = format!("{}AAAA", &token[..token.len() - 4]);
    let bearer = format!("Bearer {forged}");
    for round in 0..5 {
        world.call("/open", &[]).await;
        let asked = Instant::now();
        let id = world.call("/g", &[("authorization", &bearer)]).await.request_id;
        let (data, came) = event_of(&mut all, &id).await;
        assert!(asked.elapsed() < Duration::from_secs(1), "round {round}: {:?}", asked.elapsed());
        assert_eq!((&data["agent"], &data["reason"]), (&json!("g"), &json!("signature_invalid")), "{data}");
        assert!(
            !came.contains(&forged) && !came.contains(forged.rsplit('.').next().expect("a part")),
            "{came}"
        );
        let (data, came) = event_of(&mut of_g, &id).await;
        assert_eq!(data["decision"], "deny");
        assert!(!came.contains("\"open\""), "only what was asked for: {came}");
    }
}

#[tokio::test]
async fn a_reader_that_goes_away_or_falls_asleep_holds_nobody() {
    let (world, _, _) = busy().await;
    let mut asleep = Vec::new();
    for _ in 0..20 {
        asleep.push(world.api.request("GET", "/decisions/stream").send().await.expect("an answer"));
    }
    drop(asleep.split_off(10));
    let asked = Instant::now();
    for _ in 0..300 {
        assert_eq!(world.status("/open").await, 200);
    }
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    let fresh = client().get(world.api.url("/decisions")).bearer_auth(&world.api.token);
    Reply::to(fresh).await.is(200);
}
