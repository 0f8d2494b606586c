//! Running streams over the API: they are listed with their caller and its identity provider, ended one by one or all at
//! once within a second, and that is written down; a key that is revoked ends its own.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::api::If;
use testkit::raw::Wire;
use testkit::scripted::{Peer, Scripted};
use testkit::{Key, Since, eventually};

use super::world::{HEADER, World, provider, token_of};

/// The longest that anything else may take on a machine that is busy.
const SOON: Duration = Duration::from_secs(5);
const FIRST: &str = "9\r\ndata: 1\n\n\r\n";
const PATH: &str = "/api-streams";

/// An agent that sends one event to each caller and then is silent.
async fn agent() -> Scripted {
    Scripted::start(|mut peer: Peer| async move {
        peer.head().await?;
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        peer.say(&format!("{head}{FIRST}")).await?;
        peer.until("never").await.map(drop)
    })
    .await
}

/// A world with that agent behind keys, and a key for it: `(id, key)`.
async fn streaming(agent: &Scripted) -> (World, (String, String)) {
    let world = World::empty().await;
    let spec = json!({"route": PATH, "upstream": agent.url(), "auth": {"api_key": {"header": HEADER}}});
    world.create("/agents/s", &spec).await;
    let key = world.new_key(&json!({"agent": "s"})).await;
    (world, key)
}

/// A stream whose first event has come.
struct Caller(Wire);

impl Caller {
    async fn of(world: &World, key: &str, query: &str) -> Self {
        Self::at(world, &format!("{PATH}?{query}"), &format!("{HEADER}: {key}\r\n")).await
    }

    /// A caller of any target, with these header lines.
    async fn at(world: &World, target: &str, lines: &str) -> Self {
        let mut wire = Wire::connect(world.gateway.port).await;
        let request = format!("GET {target} HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
        assert!(wire.say(request.as_bytes()).await, "it is sent");
        let came = wire.until(FIRST, SOON).await.bytes;
        assert!(came.ends_with(FIRST.as_bytes()), "{}", String::from_utf8_lossy(&came));
        Self(wire)
    }

    async fn is_ended(&mut self, since: Since) {
        let rest = self.0.rest(SOON).await;
        since.has_ended("the stream");
        let text = String::from_utf8_lossy(&rest.bytes);
        assert!(rest.ended && text.ends_with("0\r\n\r\n"), "the end is said: {text:?}");
    }
}

/// The streams of the agent `s` that are listed, once there are so many.
async fn listed(world: &World, count: usize) -> Vec<Value> {
    listed_of(world, "s", count).await
}

/// The same of any agent.
async fn listed_of(world: &World, agent: &str, count: usize) -> Vec<Value> {
    eventually("so many streams are listed", SOON, async || {
        let items = world.api.get(&format!("/agents/{agent}/streams")).await.is(200).json()["items"].clone();
        let items = items.as_array().expect("a list").clone();
        (items.len() == count).then_some(items)
    })
    .await
}

#[tokio::test]
async fn streams_are_listed_with_their_caller_and_ended_one_by_one_or_all_at_once() {
    let agent = agent().await;
    let (world, (id, key)) = streaming(&agent).await;
    let mut callers = Vec::new();
    for turn in 0..3 {
        callers.push(Caller::of(&world, &key, &format!("n={turn}")).await);
        let items = listed(&world, turn + 1).await;
        for item in &items {
            assert_eq!((&item["kind"], &item["key_id"]), (&json!("sse"), &json!(id)), "{item}");
            assert_eq!(item["path"], json!(PATH), "without its query: {item}");
            assert!(!item.to_string().contains(&key), "{item}");
        }
    }
    let first = listed(&world, 3).await[0]["id"].as_u64().expect("a number");

    let ended = world.api.delete(&format!("/agents/s/streams?id={first}"), If::Unsaid).await.is(200).json();
    let since = Since::now();
    assert_eq!(ended, json!({"ended": 1}));
    callers.remove(0).is_ended(since).await;
    listed(&world, 2).await;
    let again = world.api.delete(&format!("/agents/s/streams?id={first}"), If::Unsaid).await;
    again.problem(404, "not_found");

    let ended = world.api.delete("/agents/s/streams", If::Unsaid).await.is(200).json();
    let since = Since::now();
    assert_eq!(ended, json!({"ended": 2}));
    for caller in &mut callers {
        caller.is_ended(since).await;
    }
    listed(&world, 0).await;

    let written = eventually("both are written down", SOON, async || {
        let log = world.stored("audit.jsonl");
        let lines: Vec<_> =
            log.lines().filter(|line| line.contains("running stream")).map(str::to_owned).collect();
        (lines.len() == 2).then_some(lines)
    })
    .await;
    assert!(
        written.iter().all(|line| line.contains("agents/s") && !line.contains(&world.api.token)),
        "{written:?}"
    );
}

#[tokio::test]
async fn a_key_that_is_revoked_ends_its_own_streams_and_no_others() {
    let agent = agent().await;
    let (world, (id, key)) = streaming(&agent).await;
    let (_, other) = world.new_key(&json!({"agent": "s"})).await;
    let mut revoked = Caller::of(&world, &key, "").await;
    let _stands = Caller::of(&world, &other, "").await;
    listed(&world, 2).await;

    world.api.post(&format!("/api-keys/{id}/revoke"), If::Any, &json!({})).await.is(200);
    revoked.is_ended(Since::now()).await;
    let left = listed(&world, 1).await;
    assert_ne!(left[0]["key_id"], json!(id));
}

#[tokio::test]
async fn a_stream_is_listed_with_the_identity_provider_of_its_token() {
    let agent = agent().await;
    let (world, (_, api_key)) = streaming(&agent).await;
    let key = Key::new("ES256", "k1");
    let issuer = |name: &str| format!("https://{name}.example");
    for name in ["corp", "partner"] {
        world.create(&format!("/identity-providers/{name}"), &provider(&issuer(name), &[&key])).await;
    }
    let oauth = json!({"identity_providers": ["corp", "partner"], "audiences": ["x"]});
    world
        .create("/agents/t", &json!({"route": "/t", "upstream": agent.url(), "auth": {"oauth": oauth}}))
        .await;
    world.create("/agents/o", &json!({"route": "/o", "upstream": agent.url(), "auth": "public"})).await;
    let bearer = |name: &str| format!("Authorization: Bearer {}\r\n", token_of(&issuer(name), &key));

    let _keyed = Caller::of(&world, &api_key, "").await;
    let _open = Caller::at(&world, "/o", &bearer("corp")).await;
    let _partner = Caller::at(&world, "/t", &bearer("partner")).await;
    listed_of(&world, "t", 1).await;
    let _corp = Caller::at(&world, "/t", &bearer("corp")).await;
    for (what, agent, providers, sub) in [
        ("in the order in which they began", "t", &[json!("partner"), json!("corp")][..], json!("alice")),
        ("an API key has none", "s", &[Value::Null], Value::Null),
        ("anybody has none", "o", &[Value::Null], Value::Null),
    ] {
        let items = listed_of(&world, agent, providers.len()).await;
        let listed: Vec<_> = items.iter().map(|item| item["provider"].clone()).collect();
        assert_eq!(listed, providers, "{what}");
        assert!(items.iter().all(|item| item["sub"] == sub && item["kind"] == "sse"), "{what}: {items:?}");
    }
}
