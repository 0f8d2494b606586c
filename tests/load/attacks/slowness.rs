//! Slow callers of every kind, a good one beside them, and callers who are only somewhat slow.

use std::time::Duration;

use crate::length::{is_long, short_or_long};
use crate::report::Report;

use super::fates::Fate;
use super::slow_bodies::{Framing, Trickle};
use super::world::Setup;
use super::{slow_heads, slow_readers};

const MIB: u64 = 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_a_byte_at_a_time_end_with_408_on_first_and_later_requests() {
    let mut report = Report::new("slow heads");
    let world = Setup { limits: "header_timeout: 1s", ..Setup::default() }.start().await;
    let count = short_or_long(150, 800);
    let limit = Duration::from_secs(1);
    let good = world.good();
    let ((first, later), beside) = world
        .beside(&mut report, good, async || {
            let port = world.gateway.port;
            (slow_heads::first(port, count, limit).await, slow_heads::later(port, count, limit).await)
        })
        .await;
    report.line("first requests", &first);
    report.line("later requests", &later);
    for fates in [&first, &later] {
        // An attacker who sends on may lose the answer with the connection.
        assert_eq!(fates.answered(408) + fates.count(Fate::Closed), count, "{fates}");
        assert!(fates.answered(408) >= count * 9 / 10, "{fates}");
    }
    beside.must_not_stall();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_above_the_rate_pass_and_those_below_it_end_with_408() {
    let mut report = Report::new("slow bodies");
    // The rate is asked for after 30 s, which only the long form waits for; the short one shows who is not cut.
    let world = Setup { limits: "min_body_rate: 100B", ..Setup::default() }.start().await;
    let count = short_or_long(20, 100);
    let pieces = short_or_long(8, 90);
    let good = world.good();
    let port = world.gateway.port;
    let trickle = |framing, piece| {
        let pause = Duration::from_millis(500);
        Trickle { framing, piece, pause, pieces }.flood(port, count)
    };
    let ((slow, slow_chunks, fine, fine_chunks), beside) = world
        .beside(&mut report, good, async || {
            tokio::join!(
                trickle(Framing::Length, 5),
                trickle(Framing::Chunks, 5),
                trickle(Framing::Length, 100),
                trickle(Framing::Chunks, 100),
            )
        })
        .await;
    for (what, fates, below) in [
        ("10 bytes a second, by length", &slow, true),
        ("10 bytes a second, in chunks", &slow_chunks, true),
        ("200 bytes a second, by length", &fine, false),
        ("200 bytes a second, in chunks", &fine_chunks, false),
    ] {
        report.line(what, fates);
        let wanted = if is_long() && below { 408 } else { 200 };
        assert_eq!(fates.answered(wanted), count, "{what}: {fates}");
    }
    beside.must_not_stall();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_who_do_not_read_are_cut_and_cost_little_memory() {
    let mut report = Report::new("callers who do not read 50 MB");
    let world = Setup { limits: "write_timeout: 2s", ..Setup::default() }.start().await;
    let base = world.vitals();
    let count = short_or_long(40, 300);
    let good = world.good();
    let ((full, fates), beside) = world
        .beside(&mut report, good, async || {
            let held = slow_readers::silent(world.gateway.port, count).await;
            assert_eq!(held.len(), count);
            world.in_flight_is("all are served", Duration::from_secs(10), |n| n >= count).await;
            let full = world.vitals();
            world.in_flight_is("all are cut", Duration::from_secs(12), |n| n == 0).await;
            (full, slow_readers::fates(held).await)
        })
        .await;
    report.line("while they are served", full);
    report.line("of the attackers", &fates);
    assert_eq!(fates.count(Fate::Closed), count, "{fates}");
    assert!(full.rss <= base.rss + MIB * count as u64, "{base}, and then {full}");
    beside.must_not_stall();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_reads_slowly_but_reads_gets_all_of_it() {
    let mut report = Report::new("a slow reader who moves");
    let world = Setup { limits: "write_timeout: 2s", ..Setup::default() }.start().await;
    let pieces = short_or_long(16, 120);
    let mut sips = tokio::task::JoinSet::new();
    for _ in 0..short_or_long(4, 20) {
        let wire = slow_readers::ask(world.gateway.port, slow_readers::ENOUGH).await.expect("it connects");
        // 32 KiB a second, over several times the limit.
        sips.spawn(slow_readers::sip(wire, 16 * 1024, Duration::from_millis(500), pieces));
    }
    let totals = sips.join_all().await;
    report.line("bytes of each", format!("{totals:?}"));
    assert!(totals.iter().all(|total| *total >= slow_readers::ENOUGH), "{totals:?}");
}
