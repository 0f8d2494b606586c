//! Floods of connections: in all, from one address, and on the listener with TLS.

use std::time::Duration;

use testkit::raw::Wire;
use testkit::sockets::all_is_read_at;

use crate::length::short_or_long;
use crate::report::Report;
use crate::steady::Carrier;

use super::fates::Fate;
use super::idle::{elsewhere, look, open};
use super::slow_handshakes;
use super::world::Setup;

/// Descriptors beside callers' connections: agents' connections, and those of callers who are told to go.
const MARGIN: u64 = 500;
/// What a connection that says nothing may cost, in KiB.
const KIB_EACH: u64 = 48;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_beyond_the_limit_make_room_and_good_traffic_goes_on() {
    let mut report = Report::new("connection flood: 4,000 idle, limit 2,000");
    let limits = "connections: 2000, connections_per_address: 1000, header_timeout: 60s";
    let world = Setup { limits, ..Setup::default() }.start().await;
    let base = world.vitals();
    let from: Vec<_> = (0..8).map(elsewhere).collect();
    for carrier in [Carrier::Kept, Carrier::PerRequest] {
        let attack = async || {
            let held = open(world.gateway.port, 4000, &from).await;
            assert_eq!(held.len(), 4000, "the listener takes them all");
            let full = world.vitals();
            let (fates, still) = look(held, Duration::from_secs(short_or_long(1, 20))).await;
            (full, fates, still)
        };
        let good = world.good_over(carrier);
        let ((full, fates, still), _) = world.beside(&mut report, good, attack).await;
        report.line("with all of them", full);
        report.line("of the attackers", &fates);
        assert!(full.descriptors <= 2000 + base.descriptors + MARGIN, "{full}");
        assert!(full.rss <= base.rss + 2000 * KIB_EACH, "{base}, and then {full}");
        assert!((1800..=2000).contains(&still.len()), "{} are still open", still.len());
        assert!(fates.count(Fate::Closed) + fates.answered(503) >= 2000, "{fates}");
        drop(still);
        world.closes_down_to(base.descriptors + MARGIN, Duration::from_secs(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_that_do_not_end_fill_the_limit_and_newcomers_get_503_at_once() {
    let mut report = Report::new("connection flood: half a head on each, limit 200");
    let limits = "connections: 200, header_timeout: 3s";
    let world = Setup { limits, ..Setup::default() }.start().await;
    let mut held = open(world.gateway.port, 200, &[elsewhere(0)]).await;
    for wire in &mut held {
        assert!(wire.say(b"GET /open HTTP/1.1\r\nHost: ").await);
    }
    // A connection that has said nothing, as far as the gateway has read, makes room for a newcomer.
    all_is_read_at(world.gateway.port, Duration::from_secs(2)).await;
    let began = tokio::time::Instant::now();
    let (fates, still) =
        look(open(world.gateway.port, 50, &[elsewhere(1)]).await, Duration::from_secs(1)).await;
    report.line("newcomers", &fates);
    report.line("after", format!("{:.1?}", began.elapsed()));
    assert!(fates.answered(503) >= 45, "{fates}");
    drop(still);
    let (fates, _) = look(held, Duration::from_secs(8)).await;
    report.line("half heads", &fates);
    assert!(fates.answered(408) >= 195, "{fates}");
    let good = world.good();
    good.sends(200).await;
    let after = good.stop().await;
    report.line("good traffic after", &after);
    after.must_be_clean(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_gets_no_more_than_its_share_and_others_are_unharmed() {
    let mut report = Report::new("connection flood from one address: 1,000, limit 100");
    let limits = "connections_per_address: 100, header_timeout: 60s";
    let world = Setup { limits, ..Setup::default() }.start().await;
    let base = world.vitals();
    let good = world.good_over(Carrier::PerRequest);
    let ((fates, other), beside) = world
        .beside(&mut report, good, async || {
            let held = open(world.gateway.port, 1000, &[elsewhere(0)]).await;
            let (fates, still) = look(held, Duration::from_secs(2)).await;
            let others =
                look(open(world.gateway.port, 100, &[elsewhere(1)]).await, Duration::from_secs(1)).await;
            assert!(world.vitals().descriptors <= base.descriptors + 200 + MARGIN);
            drop(still);
            (fates, others.0)
        })
        .await;
    report.line("from the address", &fates);
    report.line("from another one", &other);
    assert_eq!((fates.count(Fate::Open), fates.answered(503)), (100, 900), "{fates}");
    assert_eq!(other.count(Fate::Open), 100, "{other}");
    beside.must_not_stall();
    // What it had is given back when it leaves.
    world.closes_down_to(base.descriptors + MARGIN, Duration::from_secs(10)).await;
    let mut again = Wire::open(elsewhere(0), world.gateway.port, None).await.expect("it connects");
    again.say(b"GET /open HTTP/1.1\r\nHost: gateway.test\r\n\r\n").await;
    assert_eq!(Fate::of(&again.answer(Duration::from_secs(5)).await), Fate::Answered(200));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_connections_that_say_nothing_end_with_the_time_for_a_head_and_count() {
    let mut report = Report::new("idle TLS connections: 500, limit 400 for an address");
    let limits = "connections_per_address: 400, header_timeout: 3s";
    let world = Setup { limits, tls: true, ..Setup::default() }.start().await;
    let base = world.vitals();
    let good = world.good();
    let ((early, late, slow), beside) = world
        .beside(&mut report, good, async || {
            let began = tokio::time::Instant::now();
            let held = open(world.gateway.tls_port, 500, &[elsewhere(0)]).await;
            let (early, still) = look(held, Duration::from_secs(1)).await;
            let (late, still) = look(still, Duration::from_secs(6)).await;
            assert!(still.is_empty(), "{} are open after {:?}", still.len(), began.elapsed());
            let limit = Duration::from_secs(3);
            (early, late, slow_handshakes::hellos(world.gateway.tls_port, 100, limit).await)
        })
        .await;
    report.line("after a second", &early);
    report.line("later", &late);
    report.line("handshakes a few bytes at a time", &slow);
    assert_eq!((early.count(Fate::Closed), early.count(Fate::Open)), (100, 400), "{early}");
    assert_eq!(late.count(Fate::Closed), 400, "{late}");
    assert_eq!(slow.count(Fate::Closed), 100, "{slow}");
    beside.must_not_stall();
    world.closes_down_to(base.descriptors + MARGIN, Duration::from_secs(5)).await;
}
