//! All attacks in a row on one gateway: its memory stays under a bound, and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::length::short_or_long;
use crate::report::Report;
use crate::vitals::Vitals;

use super::idle::{elsewhere, look, open};
use super::slow_bodies::{Framing, Trickle};
use super::world::Setup;
use super::{guessing, slow_heads, slow_readers, volume};

/// What no attack may take beyond the base, in KiB: 2,000 connections at 32 KiB, and as much again.
const BOUND: u64 = 128 * 1024;
/// What the allocator may keep beyond a tenth of the base, in KiB.
const KEPT: u64 = 16 * 1024;

/// The most memory that a process had while this lived.
struct Peak {
    pid: u32,
    most: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Peak {
    fn of(pid: u32) -> Self {
        let most = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&most);
        let task = tokio::spawn(async move {
            let mut pace = tokio::time::interval(Duration::from_millis(50));
            loop {
                pace.tick().await;
                seen.fetch_max(Vitals::of(pid).rss, Ordering::Relaxed);
            }
        });
        Self { pid, most, task }
    }

    /// The most in KiB since the last time.
    fn take(&self) -> u64 {
        self.most.swap(0, Ordering::Relaxed).max(Vitals::of(self.pid).rss)
    }
}

impl Drop for Peak {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_is_bounded_under_all_attacks_in_a_row_and_comes_back() {
    let mut report = Report::new("memory under all attacks in a row");
    let limits = "connections: 2000, connections_per_address: 1000, header_timeout: 1s, write_timeout: 2s";
    let world = Setup { limits, ..Setup::default() }.start().await;
    let port = world.gateway.port;
    let good = world.good();
    good.sends(short_or_long(500, 5000)).await;
    good.take().must_be_clean(100);
    let base = world.vitals();
    report.line("base", base);
    let peak = Peak::of(world.gateway.pid());
    let many: Vec<_> = (0..8).map(elsewhere).collect();
    let many_more = short_or_long(1, 10);
    let second = Duration::from_secs(1);
    for round in 1..=short_or_long(2, 5) {
        let mut note = |what: &str, fates: String| {
            let most = peak.take();
            report
                .line(&format!("{round}. {what}"), format!("peak {:.1} MiB; {fates}", most as f64 / 1024.0));
            assert!(most <= base.rss + BOUND, "{what}: {most} KiB, {base} at rest");
        };
        let (fates, still) = look(open(port, 4000, &many).await, second).await;
        drop(still);
        note("idle connections", fates.to_string());
        note("slow heads", slow_heads::first(port, 300, second).await.to_string());
        note("slow heads, later", slow_heads::later(port, 300, second).await.to_string());
        let trickle =
            Trickle { framing: Framing::Chunks, piece: 1, pause: Duration::from_millis(200), pieces: 10 };
        note("slow bodies", trickle.flood(port, 300).await.to_string());
        let held = slow_readers::silent(port, 100).await;
        world.in_flight_is("all are served", Duration::from_secs(10), |n| n >= 100).await;
        world.in_flight_is("all are cut", Duration::from_secs(15), |n| n == 0).await;
        drop(held);
        note("readers who do not read", String::new());
        for excess in volume::excesses() {
            note(excess.what, excess.flood(port, 50 * many_more).await.to_string());
        }
        note("tiny chunks", volume::tiny_chunks(port, 20, 2000).await.to_string());
        note("pipelined", volume::pipelined(port, 5, 300).await.to_string());
        let token = world.token();
        note("signatures", guessing::signatures(port, &token, 1000 * many_more).await.to_string());
        note("API keys", guessing::api_keys(port, 1000 * many_more).await.to_string());
    }
    let during = good.take();
    report.line("good traffic", &during);
    during.must_be_clean(500);
    let bound = base.rss + base.rss / 10 + KEPT;
    let within = Duration::from_secs(short_or_long(15, 60));
    good.sends(20).await;
    let began = tokio::time::Instant::now();
    let mut last = world.vitals();
    report.line("at the end of the attacks", last);
    while last.rss > bound && began.elapsed() < within {
        // A request makes the allocator look at what it holds.
        good.sends(50).await;
        last = world.vitals();
    }
    report.line(&format!("after {:.1?}", began.elapsed()), last);
    good.stop().await.must_be_clean(1);
    assert!(last.rss <= bound, "{last}, and {base} before; {bound} KiB is the bound");
}
