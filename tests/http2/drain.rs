//! Stopping while HTTP/2 connections are open: they are told, what runs is finished, and nobody can hold the process.

use std::time::Duration;

use testkit::eventually;
use tokio::time::Instant;

use super::wire::{Fate, GOAWAY, PING, frame, get};
use super::world::{SOON, World};

#[tokio::test]
async fn a_drain_says_goodbye_finishes_what_runs_and_does_not_wait_for_those_who_do_not_listen() {
    const DRAIN: Duration = Duration::from_secs(5);
    let mut world = World::with("  shutdown: { drain: 5s }\n", "").await;
    let (mut resting, mut busy, deaf) = (world.connect().await, world.connect().await, world.connect().await);
    busy.send(&get(1, "/open/slow")).await;
    eventually("the request is under way", SOON, async || (world.reached("/open/slow") == 1).then_some(()))
        .await;
    let began = Instant::now();
    world.gateway.signal("TERM").await;
    // The first farewell leaves room for what is under way; a PING tells when it has been heard.
    assert_eq!(resting.fate(1, SOON).await, Fate::GoAway(0));
    let ping = resting.next().await.expect("a PING");
    assert_eq!(ping.kind, PING);
    resting.send(&frame(PING, 1, 0, &ping.payload)).await;
    let last = resting.next().await.expect("the last farewell");
    assert_eq!((last.kind, last.payload[4..8].to_vec()), (GOAWAY, vec![0; 4]));
    assert!(resting.is_over(SOON).await, "a resting connection ends");
    assert!(began.elapsed() < DRAIN / 2, "at once");
    let answered = loop {
        match busy.next().await.expect("it is not cut") {
            frame if frame.kind == PING => {
                busy.send(&self::frame(PING, 1, 0, &frame.payload)).await;
            }
            frame if frame.kind == super::wire::DATA && frame.flags & 1 != 0 => break began.elapsed(),
            _ => {}
        }
    };
    assert!(answered < DRAIN, "what runs is finished, after {answered:?}");
    let status = world.gateway.ended(DRAIN * 2).await;
    let took = began.elapsed();
    drop(deaf);
    eprintln!("drain: 1 answer finished, 0 cut; ended after {took:?}");
    assert!(status.success());
    assert!(took < DRAIN + Duration::from_secs(3), "the drain is over after {took:?}");
}
