//! The hand-over of the listeners to a new process under load: nobody is refused, nothing fails, and the streams of the
//! old process end in peace. Without a process that waits, SIGQUIT changes nothing.

use std::time::Duration;

use testkit::Upstream;
use testkit::eventually;
use testkit::eventually::scripted_pause;
use testkit::gateway::{Place, Process};

use super::streams::Streams;
use crate::ask::Ask;
use crate::length::short_or_long;
use crate::process;
use crate::report::Report;
use crate::steady::{Carrier, Steady};
use crate::tally::Tally;
use crate::vitals::Vitals;

const SERVER: &str = "  access_log: off\n  shutdown: { drain: 20s }\n";
const STREAMS: usize = 2;
/// Pieces of a stream, 50 ms each: they outlive the hand-over, which takes some five seconds.
const PIECES: usize = 160;

fn body(agent: &Upstream) -> String {
    format!("agents:\n  p: {{ route: /p, upstream: \"{}\", auth: public }}\n", agent.url())
}

/// One load of each kind.
fn loads(place: &Place) -> [Steady; 3] {
    let asks = |n: u64| match n % 3 {
        0 => Ask::post(format!("/p/{n}"), "x"),
        _ => Ask::get(format!("/p/{n}")),
    };
    let (http2, base) = place.http2();
    [
        Steady::start(place.port, 200, 32, Carrier::Kept, asks),
        Steady::start(place.port, 200, 32, Carrier::PerRequest, asks),
        Steady::start(place.tls_port, 50, 8, Carrier::Client(http2, base), asks),
    ]
}

/// Asks for readiness as an orchestrator does: over a connection of its own each time.
struct Prober(reqwest::Client, String);

impl Prober {
    fn new(place: &Place) -> Self {
        let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0);
        let client = client.timeout(Duration::from_secs(5)).build().expect("a client");
        Self(client, format!("http://127.0.0.1:{}/readyz", place.ops))
    }

    /// What was wrong with the answer, if anything was.
    async fn asks(&self) -> Option<String> {
        match self.0.get(&self.1).send().await {
            Ok(answer) if answer.status() == 200 => None,
            Ok(answer) => Some(format!("{}: {:?}", answer.status(), answer.text().await)),
            Err(error) => Some(format!("{error:?}")),
        }
    }
}

async fn sum(loads: [Steady; 3]) -> Tally {
    let mut sum = Tally::default();
    for load in loads {
        sum.add(load.stop().await);
    }
    sum
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hand_over_refuses_nobody_and_fails_nothing() {
    let mut report = Report::new("hot upgrades under load with streams");
    let (agent, upgrades) = (Upstream::terse().await, short_or_long(1, 30));
    let place = process::place(SERVER, &body(&agent));
    let mut old = place.start().await;
    let loads = loads(&place);
    let prober = Prober::new(&place);
    let (mut whole, mut cut, mut unready, mut asked) = (0, Vec::new(), Vec::new(), 0_u64);
    for _ in 0..upgrades {
        let streams = Streams::begin(&place, "/p", STREAMS, PIECES).await;
        let new = place.successor().await;
        old.signal("QUIT").await;
        let ended = async {
            let mut ready = tokio::time::interval(Duration::from_millis(20));
            loop {
                tokio::select! {
                    status = old.child.wait() => return status.expect("it can be waited for"),
                    _ = ready.tick() => {
                        asked += 1;
                        unready.extend(prober.asks().await);
                    }
                }
            }
        };
        let status =
            tokio::time::timeout(Duration::from_secs(40), ended).await.expect("the old process ends");
        assert_eq!(status.code(), Some(0), "{}", old.log());
        let end = streams.end().await;
        whole += end.whole;
        cut.extend(end.cut);
        old = new;
        loads[1].sends(50).await;
    }
    let vitals = Vitals::of_gateway(old.pid(), place.ops).await;
    let tally = sum(loads).await;
    report.line("hand-overs", upgrades);
    report.line("all carriers", &tally);
    report.line("streams", format!("{whole} whole, {} cut {cut:?}", cut.len()));
    report.line("readiness meanwhile", format!("{} of {asked} said no", unready.len()));
    report.line("the last process", vitals);
    tally.must_be_clean(1_000 * upgrades);
    assert!(cut.is_empty() && whole as u64 == 6 * STREAMS as u64 * upgrades, "{cut:?}");
    assert!(
        unready.is_empty(),
        "looks at readiness, of {asked}, that found a gateway that serves unready: {unready:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigquit_without_a_successor_stops_nothing() {
    let mut report = Report::new("SIGQUIT without a successor");
    let agent = Upstream::terse().await;
    let place = process::place(SERVER, &body(&agent));
    let mut process = place.start().await;
    let loads = loads(&place);
    let told = |process: &Process| process.log().matches("no new process waits").count();
    for round in 1..=5 {
        process.signal("QUIT").await;
        eventually("it says why not", Duration::from_secs(5), async || {
            (told(&process) >= round).then_some(())
        })
        .await;
    }
    // One that has died at the socket leaves it behind.
    let mut dead = place.successor().await;
    dead.child.kill().await.expect("it can be killed");
    assert!(place.upgrade_socket().exists(), "the socket of a process that was killed stays");
    process.signal("QUIT").await;
    // Longer than a hand-over would take.
    scripted_pause(Duration::from_secs(8)).await;
    let running = process.child.try_wait().expect("its state");
    let tally = sum(loads).await;
    report.line("all carriers", &tally);
    assert!(running.is_none(), "it ended with {running:?}: {}", process.log());
    tally.must_be_clean(2_000);
    assert_eq!(told(&process), 6, "{}", process.log());
    assert_eq!(place.readyz().await, 200);
    // And a living one is still served.
    let mut new = place.successor().await;
    process.signal("QUIT").await;
    assert_eq!(process.ended(Duration::from_secs(30)).await.code(), Some(0));
    place.ready(&mut new).await;
}
