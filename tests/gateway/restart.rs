//! What a gateway knows after it was started anew.

use std::time::Duration;

use testkit::{Gateway, Issuer, Key, Start, Upstream, client, eventually};

async fn status(gateway: &Gateway, token: &str) -> u16 {
    let answer = client().get(gateway.url("/a")).bearer_auth(token).send().await;
    answer.expect("an answer").status().as_u16()
}

#[tokio::test]
async fn keys_on_disk_let_good_tokens_pass_while_the_provider_is_away() {
    let key = Key::new("RS256", "k1");
    let (issuer, upstream) = (Issuer::start(&[&key]).await, Upstream::start().await);
    let state = tempfile::tempdir().expect("a folder");
    let server = format!("  state_dir: {}\n", state.path().display());
    let body = format!(
        "identity_providers:\n  corp: {{ issuer: \"{}\" }}\nagents:\n  a:\n    route: /a\n    upstream: {}\n    \
         auth: {{ oauth: {{ identity_providers: [corp] }} }}\n",
        issuer.url,
        upstream.url()
    );
    let start = Start { body: &body, server: &server, ..Start::default() };
    let token = key.token(&key.header("RS256"), &issuer.claims("x"));
    let mut first = start.ready().await;
    assert_eq!(status(&first, &token).await, 200);
    eventually("the key set is on disk", Duration::from_secs(5), async || {
        let files = std::fs::read_dir(state.path().join("keys")).ok()?;
        files.filter_map(Result::ok).any(|f| f.file_name() == "corp.json").then_some(())
    })
    .await;
    first.signal("TERM").await;
    assert!(first.ended(Duration::from_secs(5)).await.success());

    issuer.fail_with(Some(500));
    let second = start.ready().await;
    assert_eq!(status(&second, &token).await, 200, "the kept keys are used");
    let (_, verbose) = second.ops_get("/readyz?verbose").await;
    let verbose: serde_json::Value = serde_json::from_str(&verbose).expect("JSON");
    assert_eq!(verbose["providers"][0]["confirmed"], false, "and are marked until confirmed: {verbose}");
    assert!(verbose["providers"][0]["last_error"].as_str().is_some_and(|e| e.contains("500")));

    issuer.fail_with(None);
    eventually("the provider is back and confirms", Duration::from_secs(10), async || {
        let (_, page) = second.ops_get("/readyz?verbose").await;
        page.contains("\"confirmed\": true").then_some(())
    })
    .await;
}

#[tokio::test]
async fn without_kept_keys_requests_get_503_until_the_provider_answers() {
    let key = Key::new("ES256", "k1");
    let (issuer, upstream) = (Issuer::start(&[&key]).await, Upstream::start().await);
    issuer.fail_with(Some(503));
    let body = format!(
        "identity_providers:\n  corp: {{ issuer: \"{}\" }}\nagents:\n  a:\n    route: /a\n    upstream: {}\n    \
         auth: {{ oauth: {{ identity_providers: [corp] }} }}\n",
        issuer.url,
        upstream.url()
    );
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    let token = key.token(&key.header("ES256"), &issuer.claims("x"));
    let answer = client().get(gateway.url("/a")).bearer_auth(&token).send().await.expect("an answer");
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    assert!(!answer.headers().contains_key("www-authenticate"));
    assert!(upstream.seen().is_empty(), "a refused request leaves nothing at the agent");
    issuer.fail_with(None);
    eventually("the gateway recovers by itself", Duration::from_secs(15), async || {
        (status(&gateway, &token).await == 200).then_some(())
    })
    .await;
}
