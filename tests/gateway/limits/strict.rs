//! `counting: strict`: three gateways let in exactly what the limit says, and no request waits for a Redis that stands still.

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::Redis;

use super::stage::{With, limit, stage};
use super::trio::{Trio, together};

const ONE: &str = "198.51.100.1";
const TWO: &str = "198.51.100.2";

#[tokio::test]
async fn three_members_let_in_exactly_what_the_limit_says_at_the_same_time() {
    let trio = Trio::of(&[("a", together("strict", "40/1h", &json!({})))], "1s").await;
    let burst = |member| trio.burst(member, "a", ONE, 30);
    let (one, two, three) = tokio::join!(burst(0), burst(1), burst(2));
    assert_eq!(one + two + three, 40, "{one} {two} {three}");
    let refused = trio.get(1, "a", ONE).await;
    let (left, seconds) = refused.left("one").expect("the field");
    assert_eq!((refused.status, left, refused.retry_after()), (429, 0, Some(seconds)));
    assert!((80..=90).contains(&seconds), "{seconds}");
    assert_eq!(trio.get(2, "a", TWO).await.left("one").map(|left| left.0), Some(39));
    trio.redis.call("AUTH hunter2\r\nSCRIPT FLUSH").await;
    assert_eq!(
        trio.get(0, "a", TWO).await.left("one").map(|left| left.0),
        Some(38),
        "it is given the scripts again"
    );
    // The password in the file is not that of this Redis any more: connections that stand go on.
    trio.redis.call("AUTH hunter2\r\nCONFIG SET requirepass other").await;
    assert_eq!(trio.get(0, "a", TWO).await.left("one").map(|left| left.0), Some(37));
}

#[tokio::test]
async fn a_redis_that_stands_still_costs_a_few_requests_its_timeout_and_the_rest_nothing() {
    let limit = |on_loss: &str| together("strict", "30/1h", &json!({"on_loss": on_loss}));
    let trio = Trio::of(&[("share", limit("share")), ("deny", limit("deny"))], "20ms").await;
    assert_eq!(trio.burst(0, "share", ONE, 3).await, 3);
    trio.redis.pause().await;
    let began = Instant::now();
    let admitted = trio.burst(1, "share", TWO, 30).await;
    let took = began.elapsed();
    assert!(admitted == 10 && took < Duration::from_secs(3), "{admitted} of thirty in {took:?}");
    let denied = trio.get(1, "deny", ONE).await;
    assert_eq!((denied.status, denied.retry_after()), (503, Some(1)));
    trio.redis.resume().await;
    trio.linked(true).await;
}

#[tokio::test]
async fn what_a_strict_limit_refuses_is_spent_at_no_other() {
    let redis = Redis::start().await;
    let server = format!("  shared_state: {{ redis: {{ url: \"{}\", timeout: 1s }} }}\n", redis.url());
    let own = limit("own", "address", &json!({"rate": "10/1h"}));
    let strict = limit("strict", "address", &json!({"rate": "2/1h", "counting": "strict"}));
    let shadow =
        limit("shadow", "address", &json!({"rate": "1/1h", "counting": "strict", "enforcement": "shadow"}));
    let agents = [("p", json!([own, strict, shadow]), json!({}))];
    let stage = stage(&agents, With { server: server.leak(), ..With::default() }).await;
    testkit::eventually("Redis is there", Duration::from_secs(20), async || {
        (stage.gateway.metric("portcullis_shared_state_up", &[]).await > 0.0).then_some(())
    })
    .await;
    assert_eq!(stage.statuses("/p", ONE, 4).await, [200, 200, 429, 429]);
    let got = stage.get("/p", ONE, &[]).await;
    assert_eq!(
        (got.left("own").map(|left| left.0), got.left("strict").map(|left| left.0)),
        (Some(8), Some(0))
    );
    assert_eq!(got.left("shadow"), None);
    let counted = async |limit: &str, result: &str| {
        let labels = [format!("limit=\"{limit}\""), format!("result=\"{result}\"")];
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        stage.gateway.metric("portcullis_limit_requests_total", &labels).await
    };
    let counts = (counted("own", "allowed").await, counted("strict", "limited").await);
    assert!(counts == (2.0, 3.0), "{counts:?}");
    assert!(counted("shadow", "shadow_limited").await >= 1.0);
}
