//! Whom a limit counts for, and where: everywhere or at each agent, by principal, client, key, address or claim, or all those
//! together who have nothing of the kind.

use serde_json::{Value, json};

use super::stage::{Got, With, limit, stage};

const ONE: &str = "198.51.100.1";

fn left(got: &Got, name: &str) -> Option<i64> {
    assert_eq!(got.status, 200, "{got:?}");
    got.left(name).map(|(left, _)| left)
}

#[tokio::test]
async fn everywhere_is_one_bucket_and_at_each_agent_one_each() {
    let rate = json!({"rate": "10/1h"});
    let mut shared = limit("all", "address", &rate);
    shared["scope"] = json!("everywhere");
    let with = With { top: json!([limit("each", "address", &rate)]), ..With::default() };
    let own = || json!([shared.clone()]);
    let agents = [("p1", own(), json!({})), ("p2", own(), json!({})), ("p3", Value::Null, json!({}))];
    let stage = stage(&agents, with).await;
    for (path, all, each) in [("/p1", Some(9), 9), ("/p2", Some(8), 9), ("/p3", None, 9), ("/p1", Some(7), 8)]
    {
        let got = stage.get(path, ONE, &[]).await;
        assert_eq!((left(&got, "all"), left(&got, "each")), (all, Some(each)), "{path}");
    }
}

#[tokio::test]
async fn a_limit_at_a_provider_counts_its_callers_at_each_agent() {
    let with =
        With { provider: json!([limit("corp", "principal", &json!({"rate": "10/1h"}))]), ..With::default() };
    let stage = stage(
        &[("o1", Value::Null, json!({})), ("o2", Value::Null, json!({})), ("p", Value::Null, json!({}))],
        with,
    )
    .await;
    let (alice, bob) = (stage.token("alice", &json!({})), stage.token("bob", &json!({})));
    for (path, token, wanted) in [
        ("/o1", &alice, Some(9)),
        ("/o1", &alice, Some(8)),
        ("/o2", &alice, Some(9)),
        ("/o1", &bob, Some(9)),
        ("/p", &alice, None),
    ] {
        assert_eq!(left(&stage.with_token(path, token).await, "corp"), wanted, "{path}");
    }
}

#[tokio::test]
async fn callers_are_told_apart_by_what_the_limit_names_and_the_rest_is_anonymous() {
    let limits = json!([
        limit("who", "principal", &json!({"rate": "10/1h"})),
        limit("app", "client_id", &json!({"rate": "10/1h"})),
        limit("key", "api_key", &json!({"rate": "10/1h"})),
        limit("team", "claim:org.team", &json!({"rate": "10/1h"})),
    ]);
    let stage = stage(&[("o", limits, json!({}))], With::default()).await;
    // Each row: subject, claims, and what is left of principal, client, key and claim afterwards.
    for (sub, more, wanted) in [
        ("alice", json!({"org": {"team": "a"}}), [9, 9, 9, 9]),
        ("alice", json!({"org": {"team": "b"}}), [8, 8, 8, 9]),
        ("bob", json!({"client_id": "client-2", "org": {"team": "a"}}), [9, 9, 7, 8]),
        ("bob", json!({"client_id": null, "org": {"team": 1}}), [8, 9, 6, 9]),
        // Another type is another value; a list, an object and nothing are anonymous, and count together.
        ("bob", json!({"client_id": null, "org": {"team": "1"}}), [7, 8, 5, 9]),
        ("carol", json!({"client_id": null, "org": {"team": ["a"]}}), [9, 7, 4, 9]),
        ("carol", json!({"client_id": null}), [8, 6, 3, 8]),
        ("carol", json!({"client_id": null, "org": {"team": {"a": 1}}}), [7, 5, 2, 7]),
    ] {
        let got = stage.with_token("/o", &stage.token(sub, &more)).await;
        let is = ["who", "app", "key", "team"].map(|name| left(&got, name).expect("an item"));
        assert_eq!(is, wanted, "{sub} {more}");
    }
}

#[tokio::test]
async fn an_api_key_is_a_principal_and_a_public_agent_has_none() {
    let limits = || {
        json!([
            limit("who", "principal", &json!({"rate": "10/1h"})),
            limit("key", "api_key", &json!({"rate": "10/1h"}))
        ])
    };
    let stage = stage(&[("k", limits(), json!({})), ("p", limits(), json!({}))], With::default()).await;
    for wanted in [9, 8] {
        let got = stage.get("/k", ONE, &[("X-API-Key", &stage.api_key)]).await;
        assert_eq!((left(&got, "who"), left(&got, "key")), (Some(wanted), Some(wanted)));
    }
    for (from, wanted) in [(ONE, 9), ("198.51.100.2", 8)] {
        assert_eq!(left(&stage.get("/p", from, &[]).await, "who"), Some(wanted), "all together");
    }
}

#[tokio::test]
async fn an_address_is_the_right_most_that_is_no_trusted_proxy() {
    let limits = json!([limit("net", "address", &json!({"rate": "10/1h"}))]);
    let stage = stage(&[("p", limits, json!({}))], With::default()).await;
    for (from, wanted) in [
        ("198.51.100.1", 9),
        ("203.0.113.9, 198.51.100.1", 8),
        ("198.51.100.1, 127.0.0.1", 7),
        ("::ffff:198.51.100.1", 6),
        ("198.51.100.1:4711", 5),
        ("198.51.100.2", 9),
        ("2001:db8:1:2::1", 9),
        ("2001:db8:1:2:ffff::2", 8),
        ("2001:db8:1:3::1", 9),
    ] {
        assert_eq!(left(&stage.get("/p", from, &[]).await, "net"), Some(wanted), "{from}");
    }
}
