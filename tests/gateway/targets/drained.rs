//! A target that an operator drains: nothing new goes there, and what runs there goes on.

use serde_json::{Value, json};
use testkit::api::{Api, If, Reply};
use testkit::{Gateway, client, eventually};

use super::moved::{open, streams};
use super::{SOON, agent, gateway, good, send, targets};

async fn tell(gateway: &Gateway, agent: &str, told: &Value) -> Reply {
    let api = Api { origin: format!("http://127.0.0.1:{}", gateway.admin), token: gateway.admin_token() };
    api.post(&format!("/agents/{agent}/targets/drain"), If::Unsaid, told).await
}

/// Drains the target with this URL, or takes that back. Returns how it stands then.
async fn drain(gateway: &Gateway, agent: &str, url: &str, drain: bool) -> Value {
    tell(gateway, agent, &json!({ "url": url, "drain": drain })).await.is(200).json()
}

#[tokio::test]
async fn nothing_new_goes_to_a_target_that_drains_and_its_streams_go_on() {
    let ((one, tell_one), (two, tell_two)) = (streams().await, streams().await);
    let agents = agent("a", &[&one.url(), &two.url()], "slow_start: 0s")
        + &agent("b", &[&one.url(), &two.url()], "slow_start: 0s, balance: round_robin");
    let gateway = gateway(&agents).await;
    let mut stream = open(&gateway, "/a/stream").await;
    let is_one = targets(&gateway, "a").await[0]["in_flight"] == 1;
    let (held, free, tell_held) = if is_one { (&one, &two, &tell_one) } else { (&two, &one, &tell_two) };
    let shown = drain(&gateway, "a", &held.url(), true).await;
    let wanted = (&json!(held.url()), &json!("draining"), &json!(1));
    assert_eq!((&shown["url"], &shown["state"], &shown["in_flight"]), wanted);
    assert_eq!(drain(&gateway, "a", &held.url(), true).await, shown, "once more is the same");
    for path in ["/a/short", "/b/short"] {
        for _ in 0..10 {
            assert_eq!(send(&gateway, "GET", path, None).await.status(), 200);
        }
    }
    assert_eq!((held.count("GET /a/short"), held.count("GET /b/short")), (0, 0), "nothing new");
    assert_eq!((free.count("GET /a/short"), free.count("GET /b/short")), (10, 10));
    let drains = [format!("target=\"{}\"", held.url()), "state=\"draining\"".to_owned()];
    let metric = gateway.metric("portcullis_target_state", &[&drains[0], &drains[1]]).await;
    assert!((metric - 1.0).abs() < f64::EPSILON, "{metric}");
    tell_held.send_replace(1);
    let next = stream.chunk().await.expect("it stands").expect("an event");
    assert!(next.starts_with(b"data: 1"), "{next:?}");
    // A change of the configuration is no order to the target.
    gateway.replace_body(&format!("agents:\n{agents}{}", agent("c", &[&held.url(), &free.url()], "")));
    eventually("the change is live", SOON, async || {
        let answer = client().get(gateway.url("/c/short")).send().await.expect("an answer");
        (answer.status() == 200).then_some(())
    })
    .await;
    assert_eq!(held.count("GET /c/short"), 0);
    assert_eq!(drain(&gateway, "b", &held.url(), false).await["state"], "healthy");
    eventually("it is used again", SOON, async || {
        assert_eq!(send(&gateway, "GET", "/b/short", None).await.status(), 200);
        (held.count("GET /b/short") > 0).then_some(())
    })
    .await;
    tell_held.send_replace(u32::MAX);
    assert!(stream.chunk().await.expect("it ends well").is_none());
}

#[tokio::test]
async fn an_agent_whose_targets_all_drain_says_when_to_come_again() {
    let (one, two) = (good().await, good().await);
    let gateway = gateway(&agent("a", &[&one.url(), &two.url()], "")).await;
    for target in [&one, &two] {
        drain(&gateway, "a", &target.url(), true).await;
    }
    let refused = send(&gateway, "GET", "/a", None).await;
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].as_bytes()), (503, &b"1"[..]));
    let id = refused.headers()["x-request-id"].to_str().expect("an id").to_owned();
    assert_eq!(gateway.logged(&id).await["upstream_error"], "draining");
    assert_eq!((one.count(""), two.count("")), (0, 0));
    drain(&gateway, "a", &one.url(), false).await;
    assert_eq!(send(&gateway, "GET", "/a", None).await.status(), 200);
}

#[tokio::test]
async fn only_a_target_of_the_agent_is_drained() {
    let (one, two) = (good().await, good().await);
    let plain = format!("  plain: {{ route: /plain, auth: public, upstream: \"{}\" }}\n", two.url());
    let gateway = gateway(&(agent("a", &[&one.url()], "") + &plain)).await;
    let told = |url: &str| json!({ "url": url, "drain": true });
    tell(&gateway, "a", &told(&two.url())).await.problem(404, "not_found");
    tell(&gateway, "absent", &told(&one.url())).await.problem(404, "not_found");
    tell(&gateway, "plain", &told(&two.url())).await.problem(422, "invalid");
    for bad in
        [json!({ "url": one.url() }), json!({ "url": one.url(), "drain": 1 }), json!({ "drain": true })]
    {
        tell(&gateway, "a", &bad).await.is(422);
    }
    assert_eq!(targets(&gateway, "a").await[0]["state"], "healthy");
}
