//! `/api/v1/decisions/{request_id}`: why one request was refused, or got no answer, long after it happened.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Gateway, Key, Start, eventually};

use super::world::{HEADER, World, provider, token_of};

const ISSUER: &str = "https://corp.example";

#[tokio::test]
async fn a_stranger_gets_401() {
    World::empty().await.refuses_strangers(&[("GET", "/decisions/x")]).await;
}

/// The decision about a request, as soon as it is kept.
async fn decision(world: &World, id: &str) -> Value {
    eventually("the decision is kept", Duration::from_secs(2), async || {
        let reply = world.api.get(&format!("/decisions/{id}")).await;
        (reply.status == 200).then(|| reply.json())
    })
    .await
}

async fn guarded(scopes: &[&str]) -> (World, Key) {
    let world = World::empty().await;
    let key = Key::new("ES256", "k1");
    world.create("/identity-providers/corp", &provider(ISSUER, &[&key])).await;
    let mut spec = world.guarded("/g", "corp");
    spec["auth"]["oauth"]["scopes"] = json!({ "all_of": scopes });
    world.create("/agents/g", &spec).await;
    (world, key)
}

#[tokio::test]
async fn a_refusal_is_found_after_thousands_of_good_calls_and_after_a_kill() {
    let mut world = World::empty().await;
    world.create("/agents/open", &world.open("/open")).await;
    world.create("/agents/k", &world.keyed("/k")).await;
    let id = world.call("/k", &[]).await.request_id;
    for _ in 0..2100 {
        assert_eq!(world.status("/open").await, 200);
    }
    let before = decision(&world, &id).await;
    assert_eq!((&before["reason"], &before["check"]), (&json!("api_key_missing"), &json!("credential")));
    let refused = world.api.get("/decisions?outcome=refused").await.is(200).json();
    assert_eq!(refused["items"][0]["request_id"], *id, "{refused}");
    assert!(refused["refusals_since"].is_string(), "{refused}");
    eventually("it is on disk", Duration::from_secs(2), async || {
        kept(&world.gateway).contains(&id).then_some(())
    })
    .await;
    world.gateway.kill().await;
    world.gateway.start_again().await;
    assert_eq!(decision(&world, &id).await, before);
    let refused = world.api.get("/decisions?outcome=refused").await.is(200).json();
    assert_eq!(refused["items"][0]["request_id"], *id, "{refused}");
}

/// All that is kept on disk.
fn kept(gateway: &Gateway) -> String {
    let files = std::fs::read_dir(gateway.folder.path().join("store/refusals"));
    let files = files.into_iter().flatten().filter_map(Result::ok);
    files.filter_map(|file| std::fs::read_to_string(file.path()).ok()).collect()
}

#[tokio::test]
async fn each_refusal_says_what_was_seen_and_wanted_and_what_to_do_and_no_secret() {
    let (world, key) = guarded(&["refunds"]).await;
    let (_, api_key) = world.with_key("k").await;
    let stranger = Key::new("ES256", "k2");
    let now = testkit::now();
    let claims = json!({"iss": ISSUER, "sub": "alice", "aud": "x", "exp": now + 300, "azp": "app-7"});
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        key.token(&key.header("ES256"), &claims)
    };
    let forged = {
        let token = with("scope", json!("refunds"));
        format!("{}AAAA", &token[..token.len() - 4])
    };
    let cases = [
        (
            "issuer",
            "issuer_unknown",
            with("iss", json!("https://evil.example\u{1b}[31m")),
            "evil.example\\u{1b}[31m",
            ISSUER,
        ),
        ("audience", "audience_mismatch", with("aud", json!(["y", "z"])), "aud: y, z", "one of x"),
        ("expiry", "token_expired", with("exp", json!(1_000_000_000)), "exp: 1000000000", "after"),
        ("key", "key_unknown", stranger.token(&stranger.header("ES256"), &claims), "kid: k2", "corp"),
        ("signature", "signature_invalid", forged.clone(), "64 bytes of ES256", "provider corp"),
        ("signature", "signature_invalid", forged, "64 bytes of ES256", "provider corp"),
        ("scopes", "scope_missing", with("scope", json!("other")), "other", "all of: refunds"),
        ("scopes", "scope_missing", with("scope", json!("other")), "other", "all of: refunds"),
        ("format", "token_malformed", "secret-opaque-token".to_owned(), "not three parts", "three parts"),
        ("issuer", "issuer_unknown", with("iss", json!("x".repeat(5000))), "xxxxx", ISSUER),
    ];
    for (check, reason, token, seen, wanted) in &cases {
        let bearer = format!("Bearer {token}");
        let passed = world.call("/g/a?secret=query", &[("authorization", &bearer)]).await;
        let found = decision(&world, &passed.request_id).await;
        let text = |member: &str| found[member].as_str().unwrap_or_default().to_owned();
        assert_eq!((&*text("check"), &*text("reason")), (*check, *reason), "{found}");
        assert!(text("seen").contains(seen) && text("seen").chars().count() < 220, "{seen}: {found}");
        assert!(text("wanted").contains(wanted), "{wanted}: {found}");
        assert!(!text("fix").is_empty(), "{found}");
        assert_eq!(
            json!([found["agent"], found["method"], found["path"], found["remote"], found["status"]]),
            json!(["g", "GET", "/g/a", "127.0.0.1", passed.status]),
            "{found}"
        );
        let claims_something = *check != "format";
        let is_proven = *check == "scopes";
        if claims_something {
            assert_eq!(found["client_id"], "app-7", "{found}");
            assert!(
                found["iss"].is_string() && found["aud"].is_string() && found["kid"].is_string(),
                "{found}"
            );
        }
        let unverified = found["unverified"].as_array().expect("a list");
        assert_eq!(unverified.contains(&json!("client_id")), claims_something && !is_proven, "{found}");
        let all = found.to_string();
        let signature = token.rsplit('.').next().expect("a part");
        assert!(!all.contains(signature) && !all.contains("alice") && !all.contains("secret"), "{all}");
    }
    let wrong = format!("{}x", &api_key[..api_key.len() - 1]);
    let id = world.call("/k", &[(HEADER, &wrong)]).await.request_id;
    let found = decision(&world, &id).await;
    assert_eq!((&found["check"], &found["seen"]), (&json!("api_key_format"), &Value::Null), "{found}");
    let id = world.call("/nowhere?a=b", &[]).await.request_id;
    let found = decision(&world, &id).await;
    assert_eq!((&found["check"], &found["status"]), (&json!("route"), &json!(404)), "{found}");
    assert!(found["seen"].as_str().is_some_and(|seen| seen.ends_with(" /nowhere")), "{found}");
    let lines = eventually("all are on disk", Duration::from_secs(2), async || {
        let lines = kept(&world.gateway);
        lines.contains(&id).then_some(lines)
    })
    .await;
    assert!(!lines.contains(&*wrong) && !lines.contains("alice") && !lines.contains("secret"), "{lines}");
}

#[tokio::test]
async fn a_request_that_is_not_known_says_how_far_back_one_can_look() {
    let world = World::empty().await;
    let reply = world.api.get("/decisions/0123456789abcdef").await;
    let problem = reply.problem(404, "not_found");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("kept since 20")), "{problem}");
}

#[tokio::test]
async fn a_state_folder_keeps_refusals_without_a_store() {
    let upstream = testkit::Upstream::start().await;
    let body = format!(
        "agents:\n  a: {{ route: /a, upstream: \"{}\", auth: {{ api_key: {{}} }} }}\n",
        upstream.url()
    );
    let state = tempfile::tempdir().expect("a folder");
    let server = format!("  state_dir: {}\n", state.path().display());
    let gateway = Start { body: &body, server: &server, ..Start::default() }.ready().await;
    let answer = testkit::client().get(gateway.url("/a")).send().await.expect("an answer");
    let id = answer.headers()["x-request-id"].to_str().expect("text").to_owned();
    eventually("it is on disk", Duration::from_secs(2), async || {
        let files = std::fs::read_dir(state.path().join("refusals")).ok()?;
        let mut files = files.filter_map(Result::ok);
        files
            .any(|file| std::fs::read_to_string(file.path()).is_ok_and(|text| text.contains(&id)))
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_call_that_the_agent_did_not_answer_is_not_shown_as_allowed_alone() {
    let world = World::empty().await;
    let nowhere = format!("http://127.0.0.1:{}", testkit::free_port());
    world.create("/agents/down", &json!({"route": "/down", "upstream": nowhere, "auth": "public"})).await;
    world.create("/agents/open", &world.open("/open")).await;
    let id = world.call("/down/x", &[]).await.request_id;
    let found = eventually("its end is kept", Duration::from_secs(2), async || {
        let found = world.api.get(&format!("/decisions/{id}")).await;
        (found.status == 200).then(|| found.json()).filter(|found| found["status"].is_number())
    })
    .await;
    assert_eq!(
        json!([found["decision"], found["status"], found["upstream_error"], found["check"]]),
        json!(["allow", 502, "connect_refused", "upstream"]),
        "{found}"
    );
    assert!(found["wanted"].as_str().is_some_and(|wanted| wanted.contains(&nowhere)), "{found}");
    let list = world.api.get("/decisions?agent=down").await.is(200).json();
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1), "{list}");
    assert_eq!(
        (&list["items"][0]["status"], &list["items"][0]["request_id"]),
        (&json!(502), &json!(id)),
        "{list}"
    );
    let counted = world.gateway.metric("portcullis_upstream_failures_total", &["agent=\"down\""]).await;
    assert!((counted - 1.0).abs() < 0.1, "{counted}");
    let health = eventually("the agent shows it", Duration::from_secs(15), async || {
        let agent = world.api.get("/agents/down").await.is(200).json();
        (agent["upstream_health"]["recent"]["failures_5m"] == 1).then_some(agent)
    })
    .await;
    let health = &health["upstream_health"];
    assert_eq!(health["failures"], json!({"connect_refused": 1}), "{health}");
    assert_eq!(health["recent"]["requests_5m"], 1, "{health}");
    let last = &health["last_failure"];
    assert_eq!((&last["cause"], &last["request_id"]), (&json!("connect_refused"), &json!(id)), "{health}");
    assert!(
        last["at"].is_string() && last["detail"].as_str().is_some_and(|d| d.contains("refused")),
        "{health}"
    );
    let list = world.api.get("/agents").await.is(200).json();
    let of =
        |name: &str| list["items"].as_array().and_then(|all| all.iter().find(|a| a["name"] == name).cloned());
    let (down, open) = (of("down").expect("it is there"), of("open").expect("it is there"));
    assert_eq!(
        (&down["upstream_failures_5m"], &open["upstream_failures_5m"]),
        (&json!(1), &json!(0)),
        "{list}"
    );
    assert_eq!(down["last_upstream_failure"]["cause"], "connect_refused", "{down}");
    assert_eq!(open["last_upstream_failure"], Value::Null, "{open}");
}

#[tokio::test]
async fn what_a_shadow_agent_would_refuse_is_no_refusal() {
    let (world, key) = guarded(&[]).await;
    let mut spec = world.guarded("/s", "corp");
    spec["enforcement"] = json!("shadow");
    world.create("/agents/s", &spec).await;
    let good = format!("Bearer {}", token_of(ISSUER, &key));
    assert_eq!(world.call("/s", &[("authorization", &good)]).await.status, 200);
    let passed = world.call("/s", &[]).await;
    assert_eq!(passed.status, 200);
    let found = decision(&world, &passed.request_id).await;
    assert_eq!(
        json!([found["decision"], found["reason"], found["check"], found["status"]]),
        json!(["shadow_deny", "token_missing", "credential", null]),
        "{found}"
    );
    for (outcome, count) in [("refused", 0), ("would_refuse", 1), ("allowed", 1)] {
        let list = world.api.get(&format!("/decisions?agent=s&outcome={outcome}")).await.is(200).json();
        assert_eq!(list["items"].as_array().map(Vec::len), Some(count), "{outcome}: {list}");
    }
    let sum =
        |series: &Value| -> f64 { series.as_array().into_iter().flatten().filter_map(Value::as_f64).sum() };
    let seen = eventually("it is counted", Duration::from_secs(15), async || {
        let seen = world.api.get("/agents/s").await.is(200).json();
        (sum(&seen["traffic"]["would_refuse"]) > 0.0).then_some(seen)
    })
    .await;
    assert!(sum(&seen["traffic"]["refused"]) < 0.001, "{seen}");
    assert_eq!(seen["traffic"]["top_refusal"], Value::Null, "{seen}");
    let all = world.api.get("/traffic").await.is(200).json();
    assert!(sum(&all["would_refuse"]) > 0.0 && sum(&all["refused"]) < 0.001, "{all}");
}
