//! How long a message may take, and how much memory messages have.

use std::time::Duration;

use testkit::eventually;
use testkit::raw::Wire;

use super::recorder::Recorder;
use super::{Framing, JSON, before, control, denied, good, request};

const SOON: Duration = Duration::from_secs(10);

/// A request without its last byte, and that byte.
fn almost(length: usize) -> (Vec<u8>, u8) {
    let mut all = request("POST", JSON, &good(length), Framing::Length);
    let last = all.pop().expect("a byte");
    (all, last)
}

#[tokio::test]
async fn a_message_that_does_not_arrive_in_time_is_refused() {
    let recorder = Recorder::start().await;
    let gateway = before(&recorder, "  limits: { body_timeout: 300ms }\n", None).await;
    let mut wire = Wire::connect(gateway.port).await;
    assert!(wire.say(&almost(500).0).await);
    assert_eq!(wire.response(false).await.expect("a response").status, 408);
    assert_eq!((recorder.count(), denied(&gateway, "mcp_body").await), (0, 1.0));
    control(&mut Wire::connect(gateway.port).await, &recorder, Framing::Length, "one in time").await;
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_nothing_behind() {
    let recorder = Recorder::start().await;
    let gateway = before(&recorder, "  limits: { message_memory: 1MiB }\n", None).await;
    for gone in 1..=3 {
        let mut wire = Wire::connect(gateway.port).await;
        assert!(wire.say(&almost(700_000).0).await);
        drop(wire);
        eventually("it is counted", SOON, async || {
            (denied(&gateway, "mcp_body").await >= f64::from(gone)).then_some(())
        })
        .await;
    }
    assert_eq!((recorder.count(), denied(&gateway, "mcp_body").await), (0, 3.0));
    control(&mut Wire::connect(gateway.port).await, &recorder, Framing::Length, "another").await;
}

#[tokio::test]
async fn messages_have_so_much_memory_together_and_give_it_back() {
    let recorder = Recorder::start().await;
    let gateway = before(&recorder, "  limits: { message_memory: 1MiB }\n", None).await;
    let ((first, last), whole) = (almost(900_000), request("POST", JSON, &good(300_000), Framing::Length));
    eventually("there is no memory for both, and the other one has its own", SOON, async || {
        let (mut one, mut other) = (Wire::connect(gateway.port).await, Wire::connect(gateway.port).await);
        assert!(one.say(&first).await);
        other.say(&whole).await;
        let refused = other.response(false).await.expect("a response");
        one.say(&[last]).await;
        let passed = one.response(false).await.expect("a response");
        // Which of them is refused is a race: the other one may have come first.
        let is_so = (passed.status, refused.status) == (200, 503);
        is_so.then(|| assert_eq!(refused.field("retry-after"), "1"))
    })
    .await;
    let mut wire = Wire::connect(gateway.port).await;
    assert!(wire.say(&whole).await);
    assert_eq!(wire.response(false).await.expect("a response").status, 200, "all of it is free again");
}
