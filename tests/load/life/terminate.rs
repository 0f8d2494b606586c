//! SIGTERM under load: while the delay lasts nothing is refused, and what was begun is finished; then the process ends
//! by itself, with 0.
//!
//! The callers are those that there are: connections that are kept, one connection for each request, HTTP/2, and
//! streams of every kind. A caller may be refused after the delay; its connection may never be cut.

use std::time::Duration;

use testkit::Upstream;
use testkit::eventually;
use testkit::eventually::scripted_pause;
use tokio::time::Instant;

use super::streams::Streams;
use crate::ask::Ask;
use crate::length::short_or_long;
use crate::process;
use crate::report::Report;
use crate::steady::{Carrier, Steady};
use crate::tally::Tally;

const DELAY: Duration = Duration::from_secs(1);
/// The delay is looked at a little before its end: a request that is sent at its very end may come too late.
const MARGIN: Duration = Duration::from_millis(100);
const DRAIN: Duration = Duration::from_secs(10);
/// Pieces of a stream, 50 ms each: well into the drain.
const PIECES: usize = 50;
const STREAMS: usize = 4;

#[derive(Default)]
struct Sum {
    before: Tally,
    delay: Tally,
    after: Tally,
    whole: usize,
    cut: Vec<String>,
}

async fn one_life(agent: &Upstream, sum: &mut Sum, slowest: &mut Duration) {
    let body = format!("agents:\n  p: {{ route: /p, upstream: \"{}\", auth: public }}\n", agent.url());
    let server = "  access_log: off\n  shutdown: { delay: 1s, drain: 10s }\n";
    let place = process::place(server, &body);
    let mut process = place.start().await;
    let asks = |n: u64| {
        if n.is_multiple_of(3) { Ask::post(format!("/p/{n}"), "x") } else { Ask::get(format!("/p/{n}")) }
    };
    let (http2, base) = place.http2();
    let loads = [
        Steady::start(place.port, 300, 32, Carrier::Kept, asks),
        Steady::start(place.port, 300, 32, Carrier::PerRequest, asks),
        Steady::start(place.tls_port, 50, 8, Carrier::Client(http2, base), asks),
    ];
    let streams = Streams::begin(&place, "/p", STREAMS, PIECES).await;
    loads[0].sends(100).await;
    loads.iter().for_each(|load| sum.before.add(load.take()));

    process.signal("TERM").await;
    let told = Instant::now();
    eventually("it says that it leaves", DELAY - MARGIN, async || {
        (place.readyz().await == 503).then_some(())
    })
    .await;
    scripted_pause((DELAY - MARGIN).saturating_sub(told.elapsed())).await;
    loads.iter().for_each(|load| sum.delay.add(load.take()));

    let status = process.ended(DELAY + DRAIN).await;
    *slowest = told.elapsed().max(*slowest);
    assert_eq!(status.code(), Some(0), "{}", process.log());
    let ended = streams.end().await;
    sum.whole += ended.whole;
    sum.cut.extend(ended.cut);
    for load in loads {
        sum.after.add(load.stop().await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_told_to_end_refuses_nobody_while_it_waits_and_cuts_nobody_at_all() {
    let mut report = Report::new("SIGTERM under load with streams");
    let (agent, lives) = (Upstream::terse().await, short_or_long(2, 100));
    let (mut sum, mut slowest) = (Sum::default(), Duration::ZERO);
    for _ in 0..lives {
        one_life(&agent, &mut sum, &mut slowest).await;
    }
    let refused =
        sum.after.of_kind("connect: ConnectionRefused") + sum.after.of_kind("client: Connection refused");
    report.line("lives", lives);
    report.line("before the signal", &sum.before);
    report.line("while the delay lasts", &sum.delay);
    report.line("from then to the end", &sum.after);
    report.line("streams", format!("{} whole, {} cut {:?}", sum.whole, sum.cut.len(), sum.cut));
    report.line("the longest from the signal to the end", format!("{slowest:.2?}"));
    sum.before.must_be_clean(100 * lives);
    sum.delay.must_be_clean(300 * lives);
    assert_eq!(sum.after.failed - refused, 0, "{}", sum.after);
    assert!(refused > 0, "the end was seen");
    assert!(sum.cut.is_empty() && sum.whole as u64 == 6 * STREAMS as u64 * lives, "{:?}", sum.cut);
    assert!(slowest < DELAY + DRAIN, "it ended by itself: {slowest:?}");
}
