//! `/api/v1/agents/{name}/discovery`, `/client-check` and `/card`: what the API shows of an agent's clients is what clients
//! get.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use testkit::api::If;
use testkit::eventually::eventually;
use testkit::scripted::{OK, Scripted};
use testkit::{Issuer, Key, client};

use super::world::World;

const SOON: Duration = Duration::from_secs(20);
const ORIGIN: &str = "https://page.example";

#[tokio::test]
async fn a_stranger_gets_401_and_nothing_is_fetched() {
    let world = World::empty().await;
    let issuer = Issuer::start(&[]).await;
    let check = "/agents/refunds/client-check";
    let requests = [("POST", check), ("GET", "/agents/refunds/discovery"), ("GET", "/agents/refunds/card")];
    world.refuses_strangers(&requests).await;
    assert_eq!(issuer.fetches(), 0);
}

/// A gateway with agents of every kind, in a store.
async fn agents() -> (World, Issuer) {
    let world = World::empty().await;
    let issuer = Issuer::start(&[&Key::new("ES256", "k1")]).await;
    world.create("/identity-providers/corp", &json!({"issuer": issuer.url})).await;
    let up = world.upstream.url();
    let oauth = |more: Value| {
        let mut oauth =
            json!({"identity_providers": ["corp"], "audiences": ["x"], "scopes": {"all_of": ["read"]}});
        oauth.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        json!({"oauth": oauth})
    };
    for (name, spec) in [
        (
            "tools",
            json!({
                "route": "/tools", "upstream": up, "protocol": "mcp", "cors": "mcp", "auth": oauth(json!({})),
                "public_url": world.gateway.url(""), "mcp": {"root_metadata": true, "scopes_supported": ["read", "call"]},
            }),
        ),
        ("plain", json!({"route": "/plain", "upstream": up, "auth": oauth(json!({}))})),
        (
            "headed",
            json!({"route": "/headed", "upstream": up, "auth": oauth(json!({"header": "X-Token", "prefix": ""})),
                "cors": {"allowed_origins": ["https://other.example"]}}),
        ),
        ("inner", world.keyed("/plain/inner")),
        (
            "shadow",
            json!({"route": "/shadow", "upstream": up, "auth": oauth(json!({})), "enforcement": "shadow"}),
        ),
        ("open", world.open("/open")),
    ] {
        world.create(&format!("/agents/{name}"), &spec).await;
    }
    (world, issuer)
}

#[tokio::test]
async fn each_document_challenge_and_preflight_that_is_shown_is_what_a_client_gets() {
    let (world, _issuer) = agents().await;
    for (agent, places) in
        [("tools", 6), ("plain", 3), ("headed", 3), ("inner", 0), ("shadow", 3), ("open", 0)]
    {
        let path = format!("/agents/{agent}/discovery?origin={ORIGIN}");
        let shown = world.api.get(&path).await.is(200).json();
        let metadata = shown["metadata"].as_array().expect("places");
        assert_eq!(metadata.len(), places, "{agent}: {shown}");
        for place in metadata {
            let got = client().get(text(&place["url"])).send().await.expect("an answer");
            assert_eq!(got.status(), 200, "{place}");
            has(got.headers(), &place["headers"]);
            let body = got.text().await.expect("a document");
            assert_eq!(body, text(&place["document"]), "{place}");
        }
        let call = &shown["first_call"];
        let method = Method::from_bytes(text(&call["method"]).as_bytes()).expect("a method");
        let request = client().request(method.clone(), text(&call["url"])).header("origin", ORIGIN);
        let got = request.send().await.expect("an answer");
        let status = call["status"].as_u64().map_or(200, |status| u16::try_from(status).expect("a status"));
        assert_eq!(got.status(), status, "{agent}: {call}");
        let challenge = got.headers().get("www-authenticate").map(|value| value.to_str().expect("text"));
        assert_eq!(challenge, call["challenge"].as_str(), "{agent}");
        let page = &shown["page"];
        has(got.headers(), &page["response"]);
        if !page["preflight"].is_null() {
            let request = client().request(Method::OPTIONS, text(&call["url"])).header("origin", ORIGIN);
            let request = request.header("access-control-request-method", method.as_str());
            let got = request.send().await.expect("an answer");
            has(got.headers(), &page["preflight"]);
        }
        let cors = matches!(agent, "tools" | "headed");
        assert_eq!(page["preflight"].is_array(), cors, "{agent}: {page}");
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// Whether a response has these fields. The date of a tag is that of its document.
fn has(headers: &reqwest::header::HeaderMap, shown: &Value) {
    for field in shown.as_array().expect("fields") {
        let got = headers.get(text(&field["name"])).map(|value| value.to_str().expect("text"));
        assert_eq!(got, field["value"].as_str(), "{field}");
    }
}

#[tokio::test]
async fn an_origin_that_no_browser_sends_is_refused() {
    let (world, _issuer) = agents().await;
    for origin in ["", "page.example", "https://a%0Ab", &format!("https://{}", "a".repeat(400))] {
        let path = format!("/agents/tools/discovery?origin={origin}");
        world.api.get(&path).await.problem(400, "bad_query");
    }
}

#[tokio::test]
async fn an_agent_says_what_its_clients_are_given_and_which_audiences_it_accepts() {
    let (world, _issuer) = agents().await;
    let shown = world.api.get("/agents/tools").await.is(200).json();
    let endpoint = world.gateway.url("/tools/mcp");
    assert_eq!((&shown["protocol"], &shown["client_url"]), (&json!("mcp"), &json!(endpoint)));
    let audiences = shown["audiences"].as_array().expect("audiences");
    assert!(audiences.contains(&json!("x")) && audiences.contains(&json!(endpoint)), "{shown}");
    let shown = world.api.get("/agents/plain").await.is(200).json();
    assert_eq!((&shown["protocol"], &shown["audiences"]), (&json!("http"), &json!(["x"])));
    assert_eq!(shown["client_url"], shown["url"]);
}

#[tokio::test]
async fn the_provider_is_asked_as_clients_do_and_what_it_lacks_is_said() {
    let (world, issuer) = agents().await;
    let outcomes = async |body: Value| {
        let said = world.api.post("/agents/tools/client-check", If::Unsaid, &body).await.is(200).json();
        let rows = said["rows"].as_array().expect("rows").clone();
        let of = move |topic: &str| rows.iter().find(|row| row["topic"] == topic).expect("a row").clone();
        (said, of)
    };
    let (said, row) = outcomes(json!({})).await;
    assert_eq!((&said["identity_provider"], &said["issuer"]), (&json!("corp"), &json!(issuer.url)));
    assert_eq!(said["metadata_url"], format!("{}/.well-known/openid-configuration", issuer.url));
    for (topic, outcome) in [
        ("resource", "ok"),
        ("reach", "warn"),
        ("audience", "ok"),
        ("credential", "ok"),
        ("page", "ok"),
        // The testkit's provider logs nobody in.
        ("authorization_server", "bad"),
        ("issuer", "ok"),
        ("pkce", "bad"),
        ("registration", "warn"),
        ("scopes", "unknown"),
    ] {
        assert_eq!(row(topic)["outcome"], outcome, "{said}");
    }
    let (_, row) = outcomes(json!({"url": format!("{}/", world.gateway.url("/tools/mcp"))})).await;
    assert_eq!(row("resource")["outcome"], "ok");
    // Nobody listens there any more.
    drop(issuer);
    let (said, row) = outcomes(json!({})).await;
    assert_eq!((&said["metadata_url"], &row("pkce")["outcome"]), (&json!(null), &json!("unknown")));
    let why = row("authorization_server");
    assert!(text(&why["found"]).contains("connect refused") && why["outcome"] == "bad", "{why}");
}

#[tokio::test]
async fn a_card_is_shown_as_it_is_served_beside_that_of_the_agent() {
    let world = World::empty().await;
    let own = r#"{"name":"Helper","url":"http://127.0.0.1:9/helper/rpc","signatures":[{"protected":"x"}]}"#;
    let away = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let gone = std::sync::Arc::clone(&away);
    let agent = Scripted::start(move |mut peer| {
        let gone = std::sync::Arc::clone(&gone);
        async move {
            loop {
                let head = peer.head().await?;
                let answer = match head.contains("agent-card.json") {
                    _ if gone.load(std::sync::atomic::Ordering::SeqCst) => {
                        "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n".to_owned()
                    }
                    true => format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{own}", own.len()),
                    false => OK.to_owned(),
                };
                peer.say(&answer).await?;
            }
        }
    })
    .await;
    let spec = json!({"route": "/helper", "upstream": agent.url(), "auth": "public", "protocol": "a2a"});
    world.create("/agents/helper", &spec).await;
    let until = async |what: &str, is: fn(&Value) -> bool| {
        eventually(what, SOON, async || {
            let card = world.api.get("/agents/helper/card").await.is(200).json();
            is(&card).then_some(card)
        })
        .await
    };
    let card = until("the card is served", |card| card["state"] == "served").await;
    assert_eq!((&card["upstream"], &card["signature"]), (&json!(own), &json!("stripped")));
    assert_eq!(card["client_url"], world.gateway.url("/helper/"));
    assert!(
        card["failure"].is_null() && card["is_stale"] == false && card["fetched_at"].is_string(),
        "{card}"
    );
    for url in card["urls"].as_array().expect("places") {
        let got = client().get(text(url)).send().await.expect("an answer").text().await.expect("a card");
        assert_eq!(got, text(&card["served"]), "{url}");
    }
    away.store(true, std::sync::atomic::Ordering::SeqCst);
    world.api.post("/reload", If::Unsaid, &json!({})).await.is(200);
    let card = until("the card is stale", |card| card["is_stale"] == true).await;
    assert!(text(&card["failure"]).contains("500"), "{card}");
    assert_eq!((&card["upstream"], &card["state"]), (&json!(own), &json!("served")));
}
