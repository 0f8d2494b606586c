//! Floods of requests that are refused, and of some that are merely odd, with good traffic beside them.

use crate::length::short_or_long;
use crate::report::Report;

use super::fates::Fate;
use super::world::Setup;
use super::{guessing, volume};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_much_of_anything_is_refused_with_its_status() {
    let mut report = Report::new("excess: heads, targets, fields, bodies");
    let world = Setup { limits: "header_timeout: 2s", ..Setup::default() }.start().await;
    let base = world.vitals();
    let count = short_or_long(40, 1000);
    let good = world.good();
    let (all, beside) = world
        .beside(&mut report, good, async || {
            let mut all = Vec::new();
            for excess in volume::excesses() {
                let fates = excess.flood(world.gateway.port, count).await;
                all.push((excess, fates));
            }
            all
        })
        .await;
    for (excess, fates) in &all {
        report.line(excess.what, fates);
    }
    for (excess, fates) in &all {
        let right: usize = excess.right.iter().map(|status| fates.answered(*status)).sum();
        assert_eq!(right, count, "{}: {fates}", excess.what);
    }
    beside.must_not_stall();
    let after = world.vitals();
    assert!(after.rss <= base.rss + 64 * 1024, "{base}, and then {after}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tiny_chunks_and_pipelined_requests_harm_nobody() {
    let mut report = Report::new("tiny chunks, pipelined requests");
    let world = Setup::default().start().await;
    let (connections, chunks) = (short_or_long(20, 100), short_or_long(2000, 20_000));
    let good = world.good();
    let (tiny, beside) = world
        .beside(&mut report, good, async || {
            let port = world.gateway.port;
            volume::tiny_chunks(port, connections, chunks).await
        })
        .await;
    // Without other requests, so that those which reach the agent can be counted.
    let (answered, pipes) = (world.origin.answered(), short_or_long(10, 100));
    let piped = volume::pipelined(world.gateway.port, pipes, 300).await;
    report.line("bodies in chunks of one byte", &tiny);
    report.line("300 requests in one piece", &piped);
    assert_eq!(tiny.answered(200), connections, "{tiny}");
    // Pipelining is off: the first is answered, and the connection ends.
    assert_eq!(piped.answered(200), pipes, "{piped}");
    assert_eq!(piped.all(), pipes, "{piped}");
    let reached = world.origin.answered() - answered;
    assert_eq!(reached, pipes, "{reached} requests reached the agent: {piped}");
    beside.must_not_stall();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floods_of_bad_signatures_and_guessed_keys_get_401_each() {
    let mut report = Report::new("floods of credentials that are no good");
    let world = Setup::default().start().await;
    let count = short_or_long(1500, 60_000);
    let token = world.token();
    let good = world.good();
    let ((signatures, keys), beside) = world
        .beside(&mut report, good, async || {
            let port = world.gateway.port;
            (guessing::signatures(port, &token, count).await, guessing::api_keys(port, count).await)
        })
        .await;
    report.line("signatures that do not verify", &signatures);
    report.line("API keys of the right form", &keys);
    assert_eq!((signatures.answered(401), keys.answered(401)), (count, count), "{signatures}; {keys}");
    assert_eq!(signatures.count(Fate::Answered(200)) + keys.count(Fate::Answered(200)), 0);
    let looked_up =
        world.gateway.metric("portcullis_auth_decisions_total", &["reason=\"api_key_invalid\""]).await;
    let verified =
        world.gateway.metric("portcullis_auth_decisions_total", &["reason=\"signature_invalid\""]).await;
    assert_eq!(
        (verified as usize, looked_up as usize),
        (count, count),
        "each was decided for its own reason"
    );
    beside.must_not_stall();
}
