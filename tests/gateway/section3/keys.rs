//! Keys that come and go while the gateway runs: who waits for an issuer, how often it is asked, and what is said when
//! it does not answer.

use std::time::Duration;

use serde_json::Value;
use testkit::token::encode;
use testkit::{Gateway, Issuer, Key, Start, Upstream, client, eventually};
use tokio::time::Instant;

use super::row::{self, Row};

struct Scene {
    issuer: Issuer,
    upstream: Upstream,
    known: Key,
}

impl Scene {
    async fn new() -> Self {
        let known = Key::new("ES256", "known");
        Self { issuer: Issuer::start(&[&known]).await, upstream: Upstream::start().await, known }
    }

    /// `settings` are further members of the provider.
    async fn gateway(&self, settings: &str) -> Gateway {
        let body = format!(
            "identity_providers:\n  corp: {{ issuer: \"{}\"{settings} }}\nagents:\n  a:\n    route: /a\n    upstream: {}\n    \
             auth: {{ oauth: {{ identity_providers: [corp] }} }}\n",
            self.issuer.url,
            self.upstream.url()
        );
        Start { body: &body, ..Start::default() }.ready().await
    }

    fn token(&self, key: &Key) -> String {
        key.token(&key.header("ES256"), &self.issuer.claims("x"))
    }

    /// A token whose key id is nobody's.
    fn stray(&self, kid: &str) -> String {
        let mut header = self.known.header("ES256");
        header["kid"] = kid.into();
        self.known.token(&header, &self.issuer.claims("x"))
    }

    fn row(&self, name: &str, reason: &'static str, token: &str) -> Row {
        Row::new(name, "a", reason).bearer(token).by("corp")
    }

    async fn run(&self, gateway: &Gateway, rows: &[Row]) {
        row::run(rows, gateway, &self.upstream).await;
    }
}

/// Status and, from the log, the reason.
async fn ask(gateway: &Gateway, token: &str) -> (u16, String) {
    let answer = client().get(gateway.url("/a")).bearer_auth(token).send().await.expect("an answer");
    let id = answer.headers()["x-request-id"].to_str().expect("text").to_owned();
    let line: Value = gateway.logged(&id).await;
    (answer.status().as_u16(), line["auth"]["reason"].as_str().unwrap_or_default().to_owned())
}

async fn until(gateway: &Gateway, token: &str, wanted: (u16, &str)) {
    eventually(&format!("{wanted:?}"), Duration::from_secs(20), async || {
        let (status, reason) = ask(gateway, token).await;
        (status == wanted.0 && reason == wanted.1).then_some(())
    })
    .await;
}

async fn refreshes(gateway: &Gateway, trigger: &str, result: &str) -> f64 {
    let labels =
        [format!("trigger=\"{trigger}\""), format!("result=\"{result}\""), "provider=\"corp\"".to_owned()];
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    gateway.metric("portcullis_jwks_refresh_total", &labels).await
}

#[tokio::test]
async fn a_key_that_is_published_and_then_used_passes_on_the_first_request() {
    let scene = Scene::new().await;
    let gateway = scene.gateway("").await;
    let new = Key::new("ES256", "new");
    scene.issuer.publish(&[&scene.known, &new]);
    let before = scene.issuer.fetches();
    scene
        .run(
            &gateway,
            &[
                scene.row("the new key", "ok", &scene.token(&new)),
                scene.row("the new key again", "ok", &scene.token(&new)),
                scene.row("the old key", "ok", &scene.token(&scene.known)),
            ],
        )
        .await;
    assert_eq!(scene.issuer.fetches() - before, 1);
    let counted = async || refreshes(&gateway, "unknown_kid", "ok").await as u64;
    eventually("it is counted", Duration::from_secs(5), async || (counted().await > 0).then_some(())).await;
    assert_eq!(counted().await, 1);
}

#[tokio::test]
async fn many_strange_key_ids_at_once_make_one_fetch_and_later_ones_make_none() {
    let scene = Scene::new().await;
    let gateway = scene.gateway("").await;
    let before = scene.issuer.fetches();
    // Slow enough that all arrive while the one fetch runs.
    scene.issuer.delay(Some(Duration::from_millis(400)));
    let tokens: Vec<String> =
        (0..50).map(|i| scene.stray(&format!("stray-{i}-{}", encode([i; 3])))).collect();
    let began = Instant::now();
    let answers = futures::future::join_all(tokens.iter().map(|token| ask(&gateway, token))).await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    for answer in &answers {
        assert_eq!(*answer, (401, "key_unknown".to_owned()));
    }
    assert_eq!(scene.issuer.fetches() - before, 1);
    let late = scene.row("within the thirty seconds", "key_unknown", &scene.stray("late"));
    scene.run(&gateway, &[late]).await;
    assert_eq!(scene.issuer.fetches() - before, 1);
    assert!(scene.upstream.seen().is_empty());
}

#[tokio::test]
async fn an_unknown_key_id_waits_a_second_at_most_and_late_keys_serve_the_next() {
    let scene = Scene::new().await;
    let gateway = scene.gateway("").await;
    let new = Key::new("ES256", "new");
    scene.issuer.publish(&[&scene.known, &new]);
    scene.issuer.delay(Some(Duration::from_millis(2500)));
    let token = scene.token(&new);
    let began = Instant::now();
    assert_eq!(ask(&gateway, &token).await, (401, "key_unknown".to_owned()));
    let took = began.elapsed();
    assert!(took > Duration::from_millis(900) && took < Duration::from_millis(2300), "{took:?}");
    // Nobody else waits meanwhile.
    let began = Instant::now();
    assert_eq!(ask(&gateway, &scene.token(&scene.known)).await, (200, "ok".to_owned()));
    assert!(began.elapsed() < Duration::from_millis(900), "{:?}", began.elapsed());
    until(&gateway, &token, (200, "ok")).await;
}

#[tokio::test]
async fn an_unknown_key_id_is_503_while_the_last_refresh_has_failed() {
    let scene = Scene::new().await;
    let gateway = scene.gateway("").await;
    scene.issuer.fail_with(Some(500));
    let before = scene.issuer.fetches();
    scene
        .run(
            &gateway,
            &[
                scene.row("the fetch fails", "keys_unavailable", &scene.stray("stray")),
                scene.row("known keys go on", "ok", &scene.token(&scene.known)),
                scene.row("no second fetch yet", "keys_unavailable", &scene.stray("other")),
            ],
        )
        .await;
    assert_eq!(refreshes(&gateway, "unknown_kid", "failed").await as u64, 1);
    assert!(scene.issuer.fetches() > before);
    scene.issuer.fail_with(None);
    until(&gateway, &scene.stray("stray"), (401, "key_unknown")).await;
}

#[tokio::test]
async fn a_provider_that_never_gave_keys_is_503_until_it_gives_some() {
    let scene = Scene::new().await;
    scene.issuer.fail_with(Some(500));
    let gateway = scene.gateway("").await;
    let token = scene.token(&scene.known);
    scene
        .run(
            &gateway,
            &[
                scene.row("no keys yet", "keys_unavailable", &token),
                scene.row("no keys yet, another id", "keys_unavailable", &scene.stray("stray")),
            ],
        )
        .await;
    scene.issuer.fail_with(None);
    until(&gateway, &token, (200, "ok")).await;
}

#[tokio::test]
async fn keys_that_are_older_than_max_stale_are_not_used() {
    let scene = Scene::new().await;
    let gateway = scene.gateway(", refresh: 1s, max_stale: 2s").await;
    let token = scene.token(&scene.known);
    scene.run(&gateway, &[scene.row("fresh", "ok", &token)]).await;
    scene.issuer.fail_with(Some(500));
    until(&gateway, &token, (503, "keys_unavailable")).await;
    scene
        .run(
            &gateway,
            &[
                scene.row("too old", "keys_unavailable", &token),
                scene.row("too old, and an unknown id", "keys_unavailable", &scene.stray("stray")),
            ],
        )
        .await;
    scene.issuer.fail_with(None);
    until(&gateway, &token, (200, "ok")).await;
}

#[tokio::test]
async fn a_key_that_is_withdrawn_stops_within_one_refresh() {
    let scene = Scene::new().await;
    let gateway = scene.gateway(", refresh: 1s").await;
    let (old, new) = (scene.token(&scene.known), Key::new("ES256", "new"));
    scene.run(&gateway, &[scene.row("published", "ok", &old)]).await;
    scene.issuer.publish(&[&new]);
    until(&gateway, &old, (401, "key_unknown")).await;
    let rows =
        [scene.row("withdrawn", "key_unknown", &old), scene.row("its successor", "ok", &scene.token(&new))];
    scene.run(&gateway, &rows).await;
}

#[tokio::test]
async fn a_bad_answer_never_replaces_good_keys() {
    let scene = Scene::new().await;
    let gateway = scene.gateway(", refresh: 1s").await;
    let token = scene.token(&scene.known);
    for answer in [vec![], vec![serde_json::json!({"kty": "oct", "k": "c2VjcmV0", "kid": "known"})]] {
        let failed = refreshes(&gateway, "timer", "failed").await;
        scene.issuer.publish_raw(answer);
        eventually("a refresh has failed", Duration::from_secs(20), async || {
            (refreshes(&gateway, "timer", "failed").await > failed).then_some(())
        })
        .await;
        scene.run(&gateway, &[scene.row("the last good keys", "ok", &token)]).await;
        scene.issuer.publish(&[&scene.known]);
    }
}
