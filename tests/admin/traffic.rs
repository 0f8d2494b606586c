//! `/api/v1/traffic`: decisions and latency over time.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::eventually;

use super::world::World;

#[tokio::test]
async fn a_stranger_gets_401() {
    World::empty().await.refuses_strangers(&[("GET", "/traffic")]).await;
}

/// The calls that a series of rates stands for.
fn calls(series: &Value, interval: f64) -> f64 {
    series.as_array().expect("a series").iter().map(|rate| rate.as_f64().expect("a number") * interval).sum()
}

#[tokio::test]
async fn allowed_and_refused_calls_are_counted_by_reason_over_time() {
    let world = World::empty().await;
    world.create("/agents/open", &world.open("/open")).await;
    world.create("/agents/k", &world.keyed("/k")).await;
    for _ in 0..20 {
        assert_eq!((world.status("/open").await, world.status("/k").await), (200, 401));
    }
    let seen = eventually("all of them are counted", Duration::from_secs(15), async || {
        let seen = world.api.get("/traffic").await.is(200).json();
        let interval = seen["interval_seconds"].as_f64().expect("an interval");
        let counted = (calls(&seen["allowed"], interval), calls(&seen["refused"], interval));
        (counted.0.round() >= 20.0 && counted.1.round() >= 20.0).then_some(seen)
    })
    .await;
    let points = seen["times"].as_array().expect("times").len();
    let times: Vec<u64> = seen["times"].as_array().expect("times").iter().filter_map(Value::as_u64).collect();
    assert!(points > 0 && times.len() == points && times.is_sorted(), "oldest first: {seen}");
    for series in ["allowed", "refused", "p50_ms", "p99_ms"] {
        assert_eq!(seen[series].as_array().map(Vec::len), Some(points), "{series} of {seen}");
    }
    let interval = seen["interval_seconds"].as_f64().expect("an interval");
    let missing = calls(&seen["by_reason"]["api_key_missing"], interval).round();
    assert!((missing - 20.0).abs() < 0.5, "{seen}");
    let agent = eventually("the agent shows it", Duration::from_secs(15), async || {
        let read = world.api.get("/agents/k").await.is(200).json();
        read["traffic"]["top_refusal"].is_object().then_some(read)
    })
    .await;
    assert_eq!(agent["traffic"]["top_refusal"], json!({"reason": "api_key_missing", "count": 20}), "{agent}");
}
