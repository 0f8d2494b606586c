//! A changed configuration: in force within a second, whole or not at all, and without touching what runs.

use std::time::Duration;

use testkit::{Gateway, Issuer, Key, Start, Upstream, client, eventually};

const AT_ONCE: Duration = Duration::from_secs(1);
const SUCCESS: &str = "portcullis_config_last_reload_success";
const RELOADS: &str = "portcullis_config_reloads_total";

/// Public agents with these names and routes.
fn agents(upstream: &Upstream, routes: &[(&str, &str)]) -> String {
    let agent = |(name, route): &(&str, &str)| {
        format!("  {name}: {{ route: {route}, upstream: \"{}\", auth: public }}\n", upstream.url())
    };
    format!("agents:\n{}", routes.iter().map(agent).collect::<String>())
}

async fn status(gateway: &Gateway, path: &str) -> u16 {
    client().get(gateway.url(path)).send().await.expect("an answer").status().as_u16()
}

async fn answers(gateway: &Gateway, path: &str, wanted: u16) {
    eventually(&format!("{path} answers {wanted}"), AT_ONCE, async || {
        (status(gateway, path).await == wanted).then_some(())
    })
    .await;
}

fn is(value: f64, wanted: f64) -> bool {
    (value - wanted).abs() < f64::EPSILON
}

#[tokio::test]
async fn a_changed_file_is_in_force_within_a_second() {
    let upstream = Upstream::start().await;
    let body = agents(&upstream, &[("a", "/a")]);
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    assert_eq!((status(&gateway, "/a").await, status(&gateway, "/b").await), (200, 404));
    gateway.write_body(&agents(&upstream, &[("b", "/b")]));
    answers(&gateway, "/b", 200).await;
    assert_eq!(status(&gateway, "/a").await, 404);
    // Editors write another file and rename it over the old one.
    let fresh = gateway.folder.path().join("portcullis.yaml.tmp");
    std::fs::write(&fresh, gateway.text(&agents(&upstream, &[("c", "/c")]))).expect("it is written");
    std::fs::rename(&fresh, gateway.config()).expect("it is renamed");
    answers(&gateway, "/c", 200).await;
}

#[tokio::test]
async fn sighup_reads_the_configuration_again() {
    let upstream = Upstream::start().await;
    let body = agents(&upstream, &[("a", "/a")]);
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    let read = async || gateway.metric(RELOADS, &[]).await;
    let before = read().await;
    gateway.signal("HUP").await;
    eventually("it is read again", AT_ONCE, async || (read().await > before).then_some(())).await;
    assert_eq!(status(&gateway, "/a").await, 200);
    assert!(is(gateway.metric(SUCCESS, &[]).await, 1.0));
    gateway.write_body(&agents(&upstream, &[("b", "/b")]));
    gateway.signal("HUP").await;
    answers(&gateway, "/b", 200).await;
}

#[tokio::test]
async fn an_invalid_change_keeps_the_last_good_one_and_says_so_until_it_is_mended() {
    let upstream = Upstream::start().await;
    let body = agents(&upstream, &[("a", "/a")]);
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    assert!(is(gateway.metric(SUCCESS, &[]).await, 1.0));
    let went_live = gateway.metric("portcullis_config_last_reload_success_timestamp_seconds", &[]).await;
    for (round, bad) in [
        agents(&upstream, &[("b", "/b"), ("c", "no-slash")]),
        "agents: [".to_owned(),
        format!("agnets: {{}}\n{}", agents(&upstream, &[("b", "/b")])),
        "version: 1\n".to_owned(),
    ]
    .iter()
    .enumerate()
    {
        let refused = gateway.metric(RELOADS, &["result=\"refused\""]).await;
        gateway.write_body(bad);
        eventually("the change is refused", AT_ONCE, async || {
            (gateway.metric(RELOADS, &["result=\"refused\""]).await > refused).then_some(())
        })
        .await;
        eventually(&format!("round {round} is shown as refused"), AT_ONCE, async || {
            is(gateway.metric(SUCCESS, &[]).await, 0.0).then_some(())
        })
        .await;
        assert_eq!((status(&gateway, "/a").await, status(&gateway, "/b").await), (200, 404), "{bad}");
        let series = gateway.ops_get("/metrics").await.1;
        assert!(!series.contains("agent=\"b\""), "a refused agent leaves no series");
    }
    let at = gateway.metric("portcullis_config_last_reload_success_timestamp_seconds", &[]).await;
    assert!(is(at, went_live), "a refused change is no success: {at} after {went_live}");
    let log = gateway.stderr().join("\n");
    assert!(log.contains("refused") && log.contains("portcullis.yaml:") && log.contains("agnets"), "{log}");
    gateway.write_body(&agents(&upstream, &[("b", "/b")]));
    answers(&gateway, "/b", 200).await;
    eventually("it is mended", AT_ONCE, async || is(gateway.metric(SUCCESS, &[]).await, 1.0).then_some(()))
        .await;
    // Back to the very configuration that is live counts as mended, too.
    gateway.write_body("agents: [");
    eventually("refused once more", AT_ONCE, async || {
        is(gateway.metric(SUCCESS, &[]).await, 0.0).then_some(())
    })
    .await;
    gateway.write_body(&agents(&upstream, &[("b", "/b")]));
    eventually("mended once more", AT_ONCE, async || {
        is(gateway.metric(SUCCESS, &[]).await, 1.0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_stream_that_runs_goes_on_when_its_agent_is_removed_and_says_keep() {
    let upstream = Upstream::start().await;
    let body = agents(&upstream, &[("a", "/a"), ("b", "/b")]);
    let body = body.replace("auth: public", "auth: public, streams: { on_policy_change: keep }");
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    let mut stream = client().get(gateway.url("/a/sse")).send().await.expect("an answer");
    let first = stream.chunk().await.expect("a chunk").expect("not the end");
    assert!(first.starts_with(b"data: 0"), "{first:?}");
    gateway.write_body(&agents(&upstream, &[("b", "/b")]));
    answers(&gateway, "/a", 404).await;
    let mut rest = Vec::new();
    while let Some(chunk) = stream.chunk().await.expect("the stream is not cut") {
        rest.extend_from_slice(&chunk);
    }
    assert!(String::from_utf8_lossy(&rest).ends_with("data: 4\n\n"), "{rest:?}");
}

#[tokio::test]
async fn the_series_of_a_removed_agent_disappear() {
    let upstream = Upstream::start().await;
    let body = agents(&upstream, &[("goes", "/a"), ("stays", "/b")]);
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    assert_eq!((status(&gateway, "/a").await, status(&gateway, "/b").await), (200, 200));
    assert!(gateway.ops_get("/metrics").await.1.contains("agent=\"goes\""));
    gateway.write_body(&agents(&upstream, &[("stays", "/b")]));
    eventually("its series are gone", AT_ONCE, async || {
        (!gateway.ops_get("/metrics").await.1.contains("agent=\"goes\"")).then_some(())
    })
    .await;
    let kept = gateway.metric("portcullis_auth_decisions_total", &["agent=\"stays\""]).await;
    assert!(is(kept, 1.0), "the others keep their counts: {kept}");
}

#[tokio::test]
async fn a_change_of_server_says_that_it_takes_effect_on_restart() {
    let upstream = Upstream::start().await;
    let body = agents(&upstream, &[("a", "/a")]);
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    let text = gateway.text(&agents(&upstream, &[("b", "/b")]));
    let text = text.replacen("server:\n", "server:\n  workers: 3\n", 1);
    std::fs::write(gateway.config(), text).expect("it is written");
    answers(&gateway, "/b", 200).await;
    eventually("it is said", AT_ONCE, async || {
        gateway.stderr().iter().any(|line| line.contains("takes effect on restart")).then_some(())
    })
    .await;
    assert!(is(gateway.metric(SUCCESS, &[]).await, 1.0));
}

#[tokio::test]
async fn the_keys_of_a_provider_survive_a_reload() {
    let key = Key::new("ES256", "k1");
    let (issuer, upstream) = (Issuer::start(&[&key]).await, Upstream::start().await);
    let body = |route: &str| {
        format!(
            "identity_providers:\n  corp: {{ issuer: \"{}\" }}\nagents:\n  a: {{ route: {route}, upstream: \"{}\", auth: {{ oauth: {{ identity_providers: [corp] }} }} }}\n",
            issuer.url,
            upstream.url()
        )
    };
    let gateway = Start { body: &body("/a"), ..Start::default() }.ready().await;
    let fetched = issuer.fetches();
    issuer.fail_with(Some(500));
    gateway.write_body(&body("/b"));
    answers(&gateway, "/b", 401).await;
    let token = key.token(&key.header("ES256"), &issuer.claims("x"));
    let answer = client().get(gateway.url("/b")).bearer_auth(token).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(issuer.fetches(), fetched, "nothing is fetched again");
}
