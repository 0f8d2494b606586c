//! Events for which a provider is asked: acted on first, then acknowledged, whatever the transmitter does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use testkit::eventually;
use testkit::scripted::{Peer, Scripted};

use super::{SOON, Stage};

/// A transmitter that is polled.
#[derive(Default)]
struct Transmitter {
    sets: BTreeMap<String, String>,
    acknowledged: Vec<String>,
    errors: Vec<(String, Value)>,
    authorizations: Vec<String>,
    /// The language of questions with errors.
    languages: Vec<String>,
    /// So many questions are answered with 503.
    failing: usize,
    /// Acknowledgements are never answered.
    stuck: bool,
}

type Shared = Arc<Mutex<Transmitter>>;

async fn polled(State(shared): State<Shared>, headers: HeaderMap, Json(asked): Json<Value>) -> Response {
    let is_acknowledging = asked["ack"].as_array().is_some_and(|ack| !ack.is_empty());
    if is_acknowledging && shared.lock().expect("the transmitter").stuck {
        std::future::pending::<()>().await;
    }
    let mut transmitter = shared.lock().expect("the transmitter");
    let field =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    transmitter.authorizations.push(field("authorization"));
    if asked["setErrs"].is_object() {
        transmitter.languages.push(field("content-language"));
    }
    if let Some(left) = transmitter.failing.checked_sub(1) {
        transmitter.failing = left;
        return (StatusCode::SERVICE_UNAVAILABLE, "busy").into_response();
    }
    for jti in asked["ack"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        transmitter.sets.remove(jti);
        transmitter.acknowledged.push(jti.to_owned());
    }
    for (jti, error) in asked["setErrs"].as_object().into_iter().flatten() {
        transmitter.sets.remove(jti);
        transmitter.errors.push((jti.clone(), error["err"].clone()));
    }
    let sets: BTreeMap<_, _> =
        transmitter.sets.iter().take(2).map(|(jti, set)| (jti.clone(), set.clone())).collect();
    let more = transmitter.sets.len() > sets.len();
    Json(json!({"sets": sets, "moreAvailable": more})).into_response()
}

/// Serves polls until the test ends; the URL.
async fn transmitter(shared: &Shared) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/poll", listener.local_addr().expect("its address"));
    let router = Router::new().route("/poll", post(polled)).with_state(Arc::clone(shared));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// A gateway that asks there.
async fn asking(url: &str) -> Stage {
    let more = "token_file: poll.token, interval: 1s, audience: receiver";
    Stage::start(&format!("{{ poll: {{ endpoint: \"{url}\", {more} }} }}")).await
}

#[tokio::test]
async fn events_that_are_asked_for_are_acted_on_then_acknowledged_and_what_is_wrong_is_told() {
    let shared = Shared::default();
    shared.lock().expect("the transmitter").failing = 1;
    let stage = asking(&transmitter(&shared).await).await;
    let caller = |user: &str| stage.token(json!({"sub": user}));
    for user in ["a", "b", "c"] {
        assert_eq!(stage.status(&caller(user)).await, 200);
    }
    let revoked = "caep/event-type/session-revoked";
    let sets = BTreeMap::from([
        ("1".to_owned(), stage.event("1", revoked, "a")),
        ("2".to_owned(), stage.event("another", revoked, "b")),
        (
            "3".to_owned(),
            stage.told("secevent+jwt", json!({"jti": "3", "aud": "other", "events": {"urn:a": {}}})),
        ),
        ("4".to_owned(), stage.event("4", revoked, "c")),
        ("5".to_owned(), "nonsense".to_owned()),
    ]);
    shared.lock().expect("the transmitter").sets = sets;
    eventually("all was told of", Duration::from_secs(20), async || {
        shared.lock().expect("the transmitter").sets.is_empty().then_some(())
    })
    .await;
    for (user, wanted) in [("a", 401), ("b", 200), ("c", 401)] {
        assert_eq!(stage.status(&caller(user)).await, wanted, "{user}");
    }
    {
        let mut transmitter = shared.lock().expect("the transmitter");
        transmitter.acknowledged.sort();
        transmitter.errors.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(transmitter.acknowledged, ["1", "4"]);
        let errors: Vec<_> =
            transmitter.errors.iter().map(|(jti, err)| (&**jti, err.as_str().unwrap_or_default())).collect();
        assert_eq!(errors, [("2", "invalid_request"), ("3", "invalid_audience"), ("5", "invalid_request")]);
        assert!(transmitter.authorizations.iter().all(|shown| shown == "Bearer a-token"));
        let languages = &transmitter.languages;
        assert!(!languages.is_empty() && languages.iter().all(|language| language == "en"), "{languages:?}");
    }
    let polls = async |result: &str| {
        stage
            .gateway
            .metric("portcullis_security_event_polls_total", &[&format!("result=\"{result}\"")])
            .await
    };
    assert!(polls("failed").await >= 1.0 && polls("ok").await >= 1.0);
    let shown = stage.provider().await;
    assert!(shown["last_poll"]["error"].is_null() && shown["poll"] == true, "{shown}");
}

#[tokio::test]
async fn an_event_that_was_not_acknowledged_before_a_kill_comes_again_and_makes_no_second_denial() {
    let shared = Shared::default();
    shared.lock().expect("the transmitter").stuck = true;
    let mut stage = asking(&transmitter(&shared).await).await;
    let caller = stage.token(json!({"sub": "mallory"}));
    let set = stage.event("1", "caep/event-type/session-revoked", "mallory");
    shared.lock().expect("the transmitter").sets.insert("1".to_owned(), set);
    eventually("it is in force", SOON, async || (stage.status(&caller).await == 401).then_some(())).await;
    stage.gateway.kill().await;
    {
        let mut transmitter = shared.lock().expect("the transmitter");
        assert_eq!(transmitter.acknowledged.len(), 0);
        transmitter.stuck = false;
    }
    stage.gateway.start_again().await;
    eventually("it is acknowledged", Duration::from_secs(20), async || {
        (shared.lock().expect("the transmitter").acknowledged == ["1"]).then_some(())
    })
    .await;
    assert_eq!(stage.status(&caller).await, 401);
    let denied = stage.api().get("/denials").await.is(200).json();
    assert_eq!(denied["total"], 1, "{denied}");
}

/// Answers each question with these bytes.
async fn play(mut peer: Peer, answer: String) -> Option<()> {
    loop {
        peer.until("returnImmediately\":true}").await?;
        peer.say(&answer).await?;
        if !answer.starts_with("HTTP/1.1") {
            return None;
        }
    }
}

#[tokio::test]
async fn a_transmitter_that_answers_nonsense_denies_nobody_and_is_told_of() {
    let elsewhere = Scripted::start(|peer| play(peer, String::new())).await;
    let redirect = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
        elsewhere.url()
    );
    let json = |body: &str| format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    for answer in [
        redirect,
        "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n".to_owned(),
        json("<html>"),
        json(r#"{"sets":{"a":"t","a":"u"}}"#),
        json(r#"{"sets":["t"]}"#),
        // It breaks off.
        "HTTP/1.0".to_owned(),
    ] {
        let what = answer.clone();
        let transmitter = Scripted::start(move |peer| play(peer, answer.clone())).await;
        let stage = asking(&transmitter.url()).await;
        let caller = stage.token(json!({}));
        let shown = eventually(&what, SOON, async || {
            let shown = stage.provider().await;
            shown["last_poll"]["error"].is_string().then_some(shown)
        })
        .await;
        assert_eq!((&shown["counts"], &shown["last_event"]), (&json!([]), &Value::Null), "{what}");
        assert_eq!(stage.status(&caller).await, 200, "{what}");
    }
    assert_eq!(elsewhere.count("POST "), 0, "redirects are not followed");
}
