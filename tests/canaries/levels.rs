//! All traffic at every log level, and the search in everything that the gateway said or wrote.

use std::collections::BTreeSet;
use std::time::Duration;

use portcullis::model::Reason;
use serde_json::{Value, json};
use testkit::eventually;

use super::stage::Stage;
use super::traffic::Traffic;

/// Broken configurations, a provider that fails and publishes what it should not, and what the log says of it.
async fn upset(stage: &Stage, traffic: &mut Traffic) {
    let (password, private) =
        (traffic.secret("a password in the file"), traffic.secret("a private key in a set"));
    let refusals =
        async || stage.gateway.metric("portcullis_config_reloads_total", &["result=\"refused\""]).await;
    let private_key = json!({"kty": "EC", "crv": "P-256", "kid": "p", "d": private, "x": "AA", "y": "AA"});
    let shared = json!({"kty": "oct", "kid": "s", "k": private});
    let changes: [(&str, Value); 6] = [
        ("/agents/p/upstream", format!("http://user:{password}@127.0.0.1:9").into()),
        ("/agents/p/upstream", format!("http:/user:{password}@127.0.0.1:9//x").into()),
        ("/identity_providers/dead/jwks_uri", format!("https://u:{password}@idp.test/keys").into()),
        ("/identity_providers/dead", json!({"issuer": format!("https://u:{password}@idp.test")})),
        ("/identity_providers/dead", json!({"issuer": "x", "jwks": {"keys": [private_key, shared]}})),
        ("/api_keys/Good0001/sha256", password.clone().into()),
    ];
    for (pointer, value) in changes {
        let before = refusals().await;
        stage.configure(|body| *body.pointer_mut(pointer).expect("a member") = value.clone());
        stage.gateway.signal("HUP").await;
        let what = format!("{pointer} is refused");
        eventually(&what, Duration::from_secs(10), async || (refusals().await > before).then_some(())).await;
    }
    stage.configure(|_| ());
    stage.gateway.signal("HUP").await;
    let refreshed = async |result: &str| {
        let result = format!("result=\"{result}\"");
        stage.gateway.metric("portcullis_jwks_refresh_total", &["provider=\"corp\"", &result]).await
    };
    let before = refreshed("ok").await;
    stage.issuer.publish_raw(vec![stage.key.jwk(), private_key, shared]);
    let seen = async || (refreshed("ok").await > before + 1.0).then_some(());
    eventually("the keys are fetched again", Duration::from_secs(20), seen).await;
    let failures = refreshed("failed").await;
    stage.issuer.fail_with(Some(500));
    let failed = async || (refreshed("failed").await > failures).then_some(());
    eventually("a fetch fails", Duration::from_secs(20), failed).await;
    stage.issuer.fail_with(None);
}

/// Every line says one thing, and each reason there is was seen.
fn reasons(lines: &[String]) -> BTreeSet<String> {
    let parsed = lines.iter().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
    parsed.map(|line| line["auth"]["reason"].as_str().expect("a reason").to_owned()).collect()
}

async fn nothing_leaks_at(level: &str) {
    let mut stage = Stage::at(level).await;
    let mut traffic = Traffic::default();
    let command = std::fs::read(format!("/proc/{}/cmdline", stage.gateway.pid())).expect("its command line");
    traffic.through(&stage).await;
    traffic.administer(&stage).await;
    assert!(!stage.upstream.seen().is_empty(), "some requests went through");
    upset(&stage, &mut traffic).await;
    let Traffic { mut places, secrets, requests } = traffic;
    for page in ["/metrics", "/readyz?verbose", "/livez", "/nowhere"] {
        places.add(page, stage.gateway.ops_get(page).await.1);
    }
    stage.gateway.signal("TERM").await;
    stage.gateway.ended(Duration::from_secs(40)).await;
    let (out, err) = (stage.gateway.stdout(), stage.gateway.stderr());
    let missing =
        Reason::ALL.iter().filter(|reason| !reasons(&out).contains(reason.as_str())).collect::<Vec<_>>();
    // No listener of this gateway asks for a certificate.
    let missing: Vec<_> =
        missing.into_iter().filter(|reason| **reason != Reason::CertificateMismatch).collect();
    assert!(missing.is_empty(), "not provoked: {missing:?}");
    assert!(!err.iter().any(|line| line.contains("panicked")), "{err:?}");
    places.add("the command line", String::from_utf8_lossy(&command));
    places.lines("standard output", &out);
    places.lines("standard error", &err);
    places.files(
        stage.gateway.folder.path(),
        &["admin.token", "portcullis.yaml", "a.key", "redis.password", "client.secret", "events.auth"],
    );
    let when =
        format!("{level}: {requests} requests, {} lines of access log, {} of log", out.len(), err.len());
    places.tell_what_was_refused(&secrets, &when);
    places.hold_none_of(&secrets, &when);
}

/// A level says all that those above it say, so that one of them stands for all; `PORTCULLIS_LONG=1` tries each.
async fn nothing_leaks_at_those(short: &str, long: &[&str]) {
    let levels = if std::env::var_os("PORTCULLIS_LONG").is_some() { long } else { &[short] };
    for level in levels {
        nothing_leaks_at(level).await;
    }
}

#[tokio::test]
async fn nothing_leaks_at_info_and_above() {
    nothing_leaks_at_those("info", &["error", "warn", "info"]).await;
}

#[tokio::test]
async fn nothing_leaks_at_trace_and_debug() {
    nothing_leaks_at_those("trace", &["debug", "trace"]).await;
}
