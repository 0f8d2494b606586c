//! `quota`: what three gateways let in together in a day or a month, what a response says of it, and what stays spent.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::eventually;

use super::trio::Trio;

const ONE: &str = "198.51.100.1";
const TWO: &str = "198.51.100.2";
const DAY: i64 = 86_400;

fn quota(text: &str, more: &Value) -> Value {
    let mut limit = json!({"name": "one", "per": "address", "scope": "agent", "quota": text});
    limit.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    limit
}

#[tokio::test]
async fn three_members_let_in_together_what_the_quota_says_and_say_when_it_comes_back() {
    let trio =
        Trio::of(&[("day", quota("60/day", &json!({}))), ("month", quota("9/month", &json!({})))], "50ms")
            .await;
    let (one, _) = trio.paced((&[0, 1, 2], "day", ONE), 10, 120).await;
    assert!((58..=63).contains(&one), "{one}");
    let refused = trio.get(1, "day", ONE).await;
    let today = testkit::now().cast_signed() % DAY;
    let (retry_after, left) =
        (refused.retry_after().expect("a time"), refused.left("one").expect("the field"));
    assert_eq!((refused.status, left), (429, (0, retry_after)));
    let apart = (DAY - today - retry_after).abs();
    assert!(apart <= 30 || apart >= DAY - 30, "{retry_after} at {today} s of the day");
    assert_eq!(refused.header("ratelimit-policy"), Some("\"one\";q=60;w=86400"));
    let line = trio.gateways[1].logged(refused.header("x-request-id").expect("an id")).await;
    let reason = (&line["auth"]["decision"], &line["auth"]["reason"], &line["limit"]);
    assert_eq!(reason, (&json!("deny"), &json!("quota_spent"), &json!("one")));
    let kept = format!("/decisions/{}", refused.header("x-request-id").expect("an id"));
    let kept = trio.api(1).get(&kept).await.is(200).json();
    assert_eq!(kept["wanted"], "at most 60 requests in a day of UTC");

    let month = trio.get(0, "month", TWO).await;
    assert_eq!((month.status, month.header("ratelimit-policy")), (200, Some("\"one\";q=9")));
    let (left, seconds) = month.left("one").expect("the field");
    assert!(left == 8 && (1..=31 * DAY).contains(&seconds), "{left} for {seconds} s");
    let shown = trio.api(0).get("/agents/month/limits").await.is(200).json();
    let limit = &shown["items"][0];
    assert_eq!(limit["quota"], json!({"count": 9, "period": "month"}));
    assert_eq!((&limit["rate"], &limit["concurrent"]), (&Value::Null, &Value::Null));
    assert_eq!((&limit["counting"], &limit["most"]), (&json!("shared"), &json!(9)));
}

#[tokio::test]
async fn what_was_spent_stays_spent_whichever_member_begins_anew_and_redis_drops_it_after_the_day() {
    let mut trio = Trio::of(&[("a", quota("30/day", &json!({})))], "50ms").await;
    let (spent, _) = trio.paced((&[0], "a", ONE), 10, 30).await;
    assert_eq!(spent, 30);
    eventually("the others have heard", Duration::from_secs(10), async || {
        let limits = trio.api(1).get("/agents/a/limits").await.is(200).json();
        (limits["items"][0]["fullest"][0] == 30).then_some(())
    })
    .await;
    trio.gateways[0].kill().await;
    trio.gateways[0].start_again().await;
    trio.linked(true).await;
    // It knows nothing of the caller until it has asked, which takes a few milliseconds.
    let (more, _) = trio.paced((&[0, 1, 2], "a", ONE), 10, 60).await;
    assert!(more <= 3, "{more}");
    let keys = trio.redis.call("AUTH hunter2\r\nKEYS portcullis:b:*").await;
    let key = keys.lines().find(|line| line.starts_with("portcullis:b:")).expect("a key").trim().to_owned();
    let ttl = trio.redis.call(&format!("AUTH hunter2\r\nTTL {key}")).await;
    let ttl: i64 = ttl.lines().find_map(|line| line.strip_prefix(':')?.trim().parse().ok()).expect("seconds");
    assert!((3_000..=DAY + 3_600).contains(&ttl), "{ttl}");
}

#[tokio::test]
async fn a_strict_quota_lets_no_request_more_in() {
    let trio = Trio::of(&[("a", quota("40/month", &json!({"counting": "strict"})))], "1s").await;
    let burst = |member| trio.burst(member, "a", ONE, 30);
    let (one, two, three) = tokio::join!(burst(0), burst(1), burst(2));
    assert_eq!(one + two + three, 40, "{one} {two} {three}");
    let refused = trio.get(1, "a", ONE).await;
    assert_eq!((refused.status, refused.left("one").map(|left| left.0)), (429, Some(0)));
    assert_eq!(trio.get(2, "a", TWO).await.left("one").map(|left| left.0), Some(39));
}
