//! `/api/v1/status`: what runs, and what does not and why.

use serde_json::{Value, json};
use testkit::api::If;
use testkit::{Key, Start, eventually};

use super::world::{World, provider};

#[tokio::test]
async fn a_stranger_gets_401() {
    World::empty().await.refuses_strangers(&[("GET", "/status")]).await;
}

#[tokio::test]
async fn it_follows_every_write() {
    let world = World::empty().await;
    let key = Key::new("ES256", "k1");
    let before = world.api.get("/status").await.is(200).json();
    assert_eq!(before["live"]["number"], 0, "{before}");
    world.create("/identity-providers/corp", &provider("https://corp.example", &[&key])).await;
    world.with_key("a").await;
    let written = world.api.put("/agents/b", If::Absent, &world.guarded("/b", "corp")).await.is(201).json();
    let status = world.api.get("/status").await.is(200).json();
    assert_eq!(status["counts"], json!({"agents": 2, "identity_providers": 1, "api_keys": 1}), "{status}");
    assert_eq!(status["live"], json!({"revision": written["live"], "number": 4}), "{status}");
    assert_ne!(status["live"]["revision"], before["live"]["revision"]);
    assert_eq!((&status["draining"], &status["refused"]), (&json!(false), &Value::Null), "{status}");
    assert_eq!(status["last_reload"]["result"], "applied", "{status}");
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    let store = &status["store"];
    assert_eq!(
        (&store["kind"], &store["writable"], &store["reason"]),
        (&json!("directory"), &json!(true), &Value::Null)
    );
    assert!(store["place"].as_str().is_some_and(|place| place.ends_with("store")), "{store}");
    let gate = format!("127.0.0.1:{}", world.gateway.port);
    assert_eq!(status["listeners"], json!([{"address": gate, "tls": false}]), "{status}");
    let corp = &status["identity_providers"][0];
    assert_eq!(
        (&corp["provider"], &corp["issuer"]),
        (&json!("corp"), &json!("https://corp.example")),
        "{corp}"
    );
    assert_eq!((&corp["keys"][0]["kid"], &corp["usable"]), (&json!("k1"), &json!(true)), "{corp}");
    let started: jiff::Timestamp = status["started_at"].as_str().expect("a time").parse().expect("RFC 3339");
    assert!(started.as_second() <= testkit::now().cast_signed());
}

#[tokio::test]
async fn an_inline_file_says_why_nothing_can_be_written() {
    let world = World::of_file(|upstream| {
        format!("agents:\n  a: {{ route: /a, upstream: \"{}\", auth: public }}\n", upstream.url())
    })
    .await;
    let status = world.api.get("/status").await.is(200).json();
    let store = &status["store"];
    assert_eq!((&store["kind"], &store["writable"]), (&json!("file"), &json!(false)), "{store}");
    assert!(store["reason"].as_str().is_some_and(|reason| reason.contains("store: { directory:")), "{store}");
}

#[tokio::test]
async fn a_refused_hand_edit_stays_in_the_status_until_it_is_mended() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    let file = world.gateway.folder.path().join("store/agents/a.yaml");
    let good = std::fs::read_to_string(&file).expect("its file");
    std::fs::write(&file, format!("{good}\nauht: public\n")).expect("it is written");
    let refused = eventually("the edit is refused", std::time::Duration::from_secs(3), async || {
        let status = world.api.get("/status").await.is(200).json();
        status["refused"].is_object().then_some(status)
    })
    .await;
    let found = refused["refused"]["diagnostics"].as_array().expect("diagnostics");
    let finding = found.iter().find(|finding| finding["severity"] == "error").expect("an error");
    assert!(finding["file"].as_str().is_some_and(|file| file.ends_with("store/agents/a.yaml")), "{finding}");
    let line = good.lines().count() as u64 + 2;
    assert_eq!((&finding["line"], &finding["path"]), (&json!(line), &json!("/auht")), "{finding}");
    assert_eq!(
        (&finding["resource"], &refused["last_reload"]["result"]),
        (&json!("agents/a"), &json!("refused"))
    );
    assert!(finding["help"].as_str().is_some_and(|help| help.contains("auth")), "{finding}");
    assert_eq!(world.status("/a").await, 200, "the old state serves");
    std::fs::write(&file, good).expect("it is written");
    eventually("it is mended", std::time::Duration::from_secs(3), async || {
        world.api.get("/status").await.is(200).json()["refused"].is_null().then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_public_url_is_told_and_a_change_of_it_is_followed() {
    let server = "  public_url: https://one.example.com\n";
    let body = "agents:\n  a: { route: /a, upstream: \"http://127.0.0.1:9\", auth: public }\n";
    let world = World::of(Start { server, ..Start::default() }, |_| body.to_owned()).await;
    let told = async || {
        let agent = world.api.get("/agents/a").await.is(200).json();
        let status = world.api.get("/status").await.is(200).json();
        (agent["url"].clone(), status["public_url"].clone())
    };
    assert_eq!(told().await, (json!("https://one.example.com/a"), json!("https://one.example.com")));
    let text = world.gateway.text(body).replace("one.example", "two.example");
    std::fs::write(world.gateway.config(), text).expect("it is written");
    world.api.post("/reload", If::Unsaid, &json!({})).await.is(200);
    assert_eq!(told().await, (json!("https://two.example.com/a"), json!("https://two.example.com")));
    let status = world.api.get("/status").await.is(200).json();
    let restarts = |warning: &Value| warning["code"] == "restart-needed";
    assert!(!status["warnings"].as_array().expect("warnings").iter().any(restarts), "{status}");
}
