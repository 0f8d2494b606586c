//! `counting: shared`: what three gateways let in together, and each of them while Redis is away, stands still or has forgotten
//! everything.

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::eventually;

use super::trio::{Trio, together};

const ONE: &str = "198.51.100.1";
const TWO: &str = "198.51.100.2";

#[tokio::test]
async fn three_members_let_in_together_what_the_limit_says_wherever_the_callers_are() {
    let limit = together("shared", "50/1s", &json!({"burst": 10}));
    let trio = Trio::of(&[("a", limit)], "50ms").await;
    let run = |members: &'static [usize], address| trio.paced((members, "a", address), 8, 500);
    let all = tokio::join!(run(&[0], ONE), run(&[0, 1], TWO), run(&[0, 1, 2], "198.51.100.3"));
    for (split, (admitted, seconds)) in [("1:0:0", all.0), ("1:1:0", all.1), ("1:1:1", all.2)] {
        let part = admitted as f64 / (50.0 * seconds + 10.0);
        assert!((0.95..=1.05).contains(&part), "{split}: {admitted} in {seconds} s, {part} of the limit");
    }
    // Nobody who reads Redis learns who called what.
    let keys = trio.redis.call("AUTH hunter2\r\nKEYS *").await;
    let names: Vec<_> = keys.lines().filter(|line| line.contains("portcullis:b:")).collect();
    assert!(names.len() == 3 && !keys.contains("198.51"), "{keys}");
    assert!(names.iter().all(|name| name.len() == "portcullis:b:".len() + 65), "{keys}");
}

#[tokio::test]
async fn a_caller_who_goes_from_member_to_member_gets_no_more() {
    let trio = Trio::of(&[("a", together("shared", "60/1h", &json!({})))], "50ms").await;
    let (one, _) = trio.paced((&[0], "a", ONE), 10, 120).await;
    assert_eq!(one, 60, "all that there is, at one member");
    let refused = trio.get(0, "a", ONE).await;
    assert_eq!((refused.status, refused.left("one").map(|left| left.0)), (429, Some(0)));
    let retry_after = refused.retry_after().expect("a time");
    assert!((50..=61).contains(&retry_after), "{retry_after}");
    eventually("the others have heard of it", Duration::from_secs(10), async || {
        let others = tokio::join!(trio.get(1, "a", ONE), trio.get(2, "a", ONE));
        (others.0.status == 429 && others.1.status == 429).then_some(())
    })
    .await;
    assert!(trio.burst(1, "a", ONE, 20).await + trio.burst(2, "a", ONE, 20).await <= 1);
    // All of them together have let in one or two that had been asked for before they heard.
    trio.redis.call("AUTH hunter2\r\nSCRIPT FLUSH").await;
    let (two, _) = trio.paced((&[0, 1, 2], "a", TWO), 10, 120).await;
    // What comes in while a member's tally is under way is over: at this pace a few at each, on a busy machine.
    assert!((57..=72).contains(&two), "{two} without the scripts");
    // It forgets all, and is told again what was spent.
    trio.redis.call("AUTH hunter2\r\nFLUSHALL").await;
    let (more, _) = trio.paced((&[0, 1, 2], "a", ONE), 10, 60).await;
    assert!(more <= 2, "{more} after it has forgotten everything");
}

#[tokio::test]
async fn without_redis_each_limit_does_what_it_says_for_that_and_nobody_waits() {
    let limit = |on_loss: &str| together("shared", "30/1h", &json!({"on_loss": on_loss}));
    let agents = [("share", limit("share")), ("allow", limit("allow")), ("deny", limit("deny"))];
    let trio = Trio::of(&agents, "50ms").await;
    // Half of what one caller has is spent, and the others hear of it: of what was spent beyond a part in the last moment before
    // Redis goes they could not.
    assert_eq!(trio.paced((&[0], "share", ONE), 10, 15).await.0, 15);
    for member in [1, 2] {
        eventually("the other has heard", Duration::from_secs(10), async || {
            let limits = trio.api(member).get("/agents/share/limits").await.is(200).json();
            (limits["items"][0]["fullest"][0] == 15).then_some(())
        })
        .await;
    }
    trio.redis.pause().await;
    let began = Instant::now();
    assert!(trio.burst(1, "share", TWO, 5).await == 5 && began.elapsed() < Duration::from_secs(2));
    trio.linked(false).await;
    assert_eq!(trio.burst(0, "allow", ONE, 40).await, 40);
    let denied = trio.get(0, "deny", ONE).await;
    assert_eq!((denied.status, denied.retry_after()), (503, Some(1)));
    assert_eq!(
        (denied.header("ratelimit"), denied.header("content-type")),
        (None, Some("application/problem+json"))
    );
    let line = trio.gateways[0].logged(denied.header("x-request-id").expect("an id")).await;
    assert_eq!(
        (&line["auth"]["decision"], &line["auth"]["reason"], &line["limit"]),
        (&json!("error"), &json!("limits_unavailable"), &json!("one"))
    );
    // Of one caller there were fifteen left, of the other thirty, of which five were let in: a third of that for each member.
    let mut one = 0;
    for member in 0..3 {
        one += trio.burst(member, "share", ONE, 12).await;
    }
    let two = [0, 2].map(|member| trio.burst(member, "share", TWO, 15));
    let [first, last] = two;
    let two = tokio::join!(first, last);
    assert!((12..=16).contains(&one) && two.0 <= 10 && two.1 <= 10, "{one} {two:?}");
    assert!(two.0 >= 8 && two.1 >= 8, "{two:?}");
    let warned: Vec<_> = trio.gateways.iter().map(|gateway| gateway.stderr()).collect();
    for lines in &warned {
        let count = lines.iter().filter(|line| line.contains("`server.shared_state` is away")).count();
        assert_eq!(count, 1, "one warning: {lines:?}");
    }
    trio.redis.resume().await;
    trio.linked(true).await;
    assert_eq!(trio.get(0, "deny", ONE).await.status, 200);
    let (more, _) = trio.paced((&[0, 1, 2], "share", ONE), 10, 30).await;
    assert!(more <= 2, "{more} when it is back");
    // One that begins again knows nothing, and is told.
    trio.redis.kill().await;
    trio.linked(false).await;
    trio.redis.start_again().await;
    trio.linked(true).await;
    let (more, _) = trio.paced((&[0, 1, 2], "share", ONE), 10, 30).await;
    assert!(more <= 2, "{more} when another one is there");
}
