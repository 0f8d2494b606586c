//! What a change of the configuration keeps: requests that were spent, and places that are taken.

use serde_json::{Value, json};
use testkit::{client, eventually};

use super::stage::{Stage, With, limit, stage};

const ONE: &str = "198.51.100.1";

fn agents(more: &Value) -> [(&'static str, Value, Value); 1] {
    [("p", json!([limit("net", "address", more)]), json!({}))]
}

async fn left(stage: &Stage) -> Option<i64> {
    stage.get("/p", ONE, &[]).await.left("net").map(|(left, _)| left)
}

#[tokio::test]
async fn a_changed_limit_holds_at_once_and_keeps_what_was_spent() {
    let stage = stage(&agents(&json!({"rate": "10/1h"})), With::default()).await;
    assert_eq!(stage.statuses("/p", ONE, 5).await, [200; 5]);
    for (limit, status, is_left) in [
        (json!({"rate": "20/1h"}), 200, 14),
        (json!({"rate": "20/1d", "burst": 9}), 200, 2),
        (json!({"rate": "4/1h"}), 429, 0),
        (json!({"rate": "4/1h", "burst": 12}), 200, 4),
    ] {
        stage.change(&agents(&limit), With::default()).await;
        let got = stage.get("/p", ONE, &[]).await;
        assert_eq!((got.status, got.left("net").map(|(left, _)| left)), (status, Some(is_left)), "{limit}");
    }
    let renamed = [("p", json!([limit("other", "address", &json!({"rate": "4/1h"}))]), json!({}))];
    stage.change(&renamed, With::default()).await;
    let got = stage.get("/p", ONE, &[]).await;
    assert_eq!(got.left("other").map(|(left, _)| left), Some(3), "a new name begins anew");
    stage.change(&agents(&json!({"rate": "4/1h"})), With::default()).await;
    assert_eq!(left(&stage).await, Some(3), "and so does one that was away");
}

#[tokio::test]
async fn a_change_of_something_else_touches_no_limit() {
    let more = json!({"rate": "10/1h"});
    let stage = stage(&agents(&more), With::default()).await;
    assert_eq!(left(&stage).await, Some(9));
    let [(name, limits, _)] = agents(&more);
    stage.change(&[(name, limits, json!({"max_body": "1MiB"}))], With::default()).await;
    assert_eq!(left(&stage).await, Some(8));
}

#[tokio::test]
async fn places_are_kept_over_a_change() {
    let stage = stage(&agents(&json!({"concurrent": 1})), With::default()).await;
    let url = stage.gateway.url("/p/sse?n=1000&ms=50");
    let stream = client().get(url).header("X-Forwarded-For", ONE).send().await.expect("a stream");
    for most in [2, 1] {
        stage.change(&agents(&json!({"concurrent": most})), With::default()).await;
        let got = stage.get("/p", ONE, &[]).await;
        assert_eq!((got.status, most), (if most == 2 { 200 } else { 429 }, most), "{got:?}");
    }
    drop(stream);
    eventually("the place is free", std::time::Duration::from_secs(10), async || {
        (stage.get("/p", ONE, &[]).await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn under_load_a_limit_that_changes_lets_in_what_it_says() {
    let stage = stage(&agents(&json!({"rate": "100/1h", "burst": 50})), With::default()).await;
    let asked = async || {
        let mut admitted = 0;
        for _ in 0..60 {
            admitted += usize::from(stage.get("/p", ONE, &[]).await.status == 200);
        }
        admitted
    };
    let changed = async {
        for burst in [60, 40, 80] {
            stage.change(&agents(&json!({"rate": "100/1h", "burst": burst})), With::default()).await;
        }
    };
    let (one, two, three, ()) = tokio::join!(asked(), asked(), asked(), changed);
    let admitted = one + two + three;
    // A request or two are let in anew in the time that all this takes.
    assert!((40..=82).contains(&admitted), "{admitted}");
    let rest = stage.statuses("/p", ONE, 82 - admitted + 3).await;
    let all = admitted + rest.iter().filter(|status| **status == 200).count();
    assert!((80..=82).contains(&all), "{all} of a burst of 80");
}
