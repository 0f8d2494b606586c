//! Ten changes of the configuration a second under load: no request fails, and each change is in force at once.
//!
//! A change through the admin API is applied when that answers. One in a file is applied within the contract's second
//! after the file took its place.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::Upstream;
use testkit::gateway::Place;
use testkit::{Issuer, Key, client};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::ask::Ask;
use crate::histogram::Histogram;
use crate::length::{is_long, short_or_long};
use crate::process;
use crate::report::Report;
use crate::steady::{Carrier, Steady};
use crate::vitals::Vitals;

/// After so many changes every series is there that will be.
const WARM: u32 = 20;
const PACE: Duration = Duration::from_millis(100);
/// What an applied change may still take; the request that finds out is a part of it.
const AT_ONCE: Duration = Duration::from_millis(100);
/// What a changed file may take.
const SOON: Duration = Duration::from_secs(1);
/// After this nobody waits any more.
const LATE: Duration = Duration::from_secs(5);

fn body(upstream: &str, issuer: &str, route: &str) -> String {
    format!(
        "identity_providers:\n  corp: {{ issuer: \"{issuer}\" }}\nagents:\n  \
         open: {{ route: /open, upstream: \"{upstream}\", auth: public }}\n  \
         file: {{ route: {route}, upstream: \"{upstream}\", auth: public }}\n  \
         guarded:\n    route: /guarded\n    upstream: \"{upstream}\"\n    \
         auth: {{ oauth: {{ identity_providers: [corp], audiences: [x] }} }}\n"
    )
}

async fn status(port: u16, path: &str) -> u16 {
    let url = format!("http://127.0.0.1:{port}{path}");
    client().get(url).send().await.expect("an answer").status().as_u16()
}

/// Asks until the new route is in force, and gives the time since `applied`; the old one must be gone by then.
async fn in_force(port: u16, new: &str, old: &str, applied: Instant) -> Duration {
    let asked = timeout(LATE, async { while status(port, new).await != 200 {} }).await;
    let took = applied.elapsed();
    asked.unwrap_or_else(|_| panic!("{new} is not in force after {took:?}"));
    assert_eq!(status(port, old).await, 404, "{old} is in force beside {new}");
    took
}

async fn deploy(place: &Place, spec: &Value) {
    let url = format!("http://127.0.0.1:{}/api/v1/agents/api", place.admin);
    let request =
        client().put(url).bearer_auth(place.admin_token()).header("content-type", "application/json");
    let request = request.header("if-match", "*").body(spec.to_string());
    let answer = request.send().await.expect("the admin API answers");
    assert!(answer.status().is_success(), "{} {:?}", answer.status(), answer.text().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_changes_a_second_fail_no_request_and_each_is_in_force_at_once() {
    let mut report = Report::new("reload ten times a second under load");
    let (agent, key) = (Upstream::terse().await, Key::new("ES256", "k"));
    let issuer = Issuer::start(&[&key]).await;
    let place = process::place("  access_log: off\n", &body(&agent.url(), &issuer.url, "/file-0"));
    let process = place.start().await;
    let spec = |route: &str| json!({"route": route, "upstream": agent.url(), "auth": "public"});
    let create = client().put(format!("http://127.0.0.1:{}/api/v1/agents/api", place.admin));
    let create = create.bearer_auth(place.admin_token()).header("content-type", "application/json");
    let created = create.header("if-none-match", "*").body(spec("/api-0").to_string()).send().await;
    assert_eq!(created.expect("an answer").status(), 201);

    let token = key.token(&key.header("ES256"), &issuer.claims("x"));
    let rate = 1_000;
    let asks = move |n: u64| match n % 2 {
        0 => Ask::get(format!("/open/{n}")),
        _ => Ask::get(format!("/guarded/{n}")).bearer(&token),
    };
    let kept = Steady::start(place.port, rate, 64, Carrier::Kept, asks.clone());
    let fresh = Steady::start(place.port, 50, 16, Carrier::PerRequest, asks.clone());
    let (http2, base) = place.http2();
    let http2 = Steady::start(place.tls_port, 50, 16, Carrier::Client(http2, base), asks);
    kept.sends(u64::from(rate)).await;
    for load in [&kept, &fresh, &http2] {
        load.take().must_be_clean(1);
    }
    let mut before = None;
    let (mut by_api, mut by_file) = (Histogram::default(), Histogram::default());
    let rounds = short_or_long(60, 3_000);
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let began = Instant::now();
    for round in 1..=rounds {
        pace.tick().await;
        if round == WARM {
            before = Some(Vitals::of_gateway(process.pid(), place.ops).await);
        }
        let new = round.to_string();
        if round % 2 == 0 {
            deploy(&place, &spec(&format!("/api-{new}"))).await;
            let applied = Instant::now();
            let gone = format!("/api-{}", round - 2);
            // No time at all: the first request after the answer meets it.
            assert_eq!(status(place.port, &format!("/api-{new}")).await, 200, "change {new}");
            by_api.record(in_force(place.port, &format!("/api-{new}"), &gone, applied).await);
        } else {
            let gone = format!("/file-{}", if round == 1 { 0 } else { round - 2 });
            place.replace_body(&body(&agent.url(), &issuer.url, &format!("/file-{new}")));
            let applied = Instant::now();
            by_file.record(in_force(place.port, &format!("/file-{new}"), &gone, applied).await);
        }
    }
    let paced = f64::from(rounds) / began.elapsed().as_secs_f64();
    let before = before.expect("more rounds than those of the warm-up");
    let after = Vitals::of_gateway(process.pid(), place.ops).await;
    report.line("changes", format!("{rounds}, {paced:.1} a second"));
    for (what, times) in [("API's answer to in force", &by_api), ("rename to in force", &by_file)] {
        let (p50, p99, max) = (times.quantile(0.5), times.quantile(0.99), times.highest());
        report.line(what, format!("p50 {p50:.1?}, p99 {p99:.1?}, max {max:.1?}"));
    }
    report.line("before", before);
    report.line("after", after);
    report.line("fetches of keys", issuer.fetches());
    for (name, load) in [("kept", kept), ("a connection each", fresh), ("HTTP/2", http2)] {
        let tally = load.stop().await;
        report.line(name, &tally);
        tally.must_be_clean(100);
    }
    assert!(is_long() || paced > 5.0, "{paced} changes a second are no storm");
    assert!(issuer.fetches() <= 3, "a provider that does not change keeps its keys");
    for (times, bound) in [(&by_api, AT_ONCE), (&by_file, SOON)] {
        // The machine may stand still for a moment, which is not the gateway's fault.
        assert!(times.quantile(0.95) <= bound, "{:?}, not {bound:?}", times.quantile(0.95));
    }
    // A moment of stillness opens more connections, at most one for each of the load and one upstream for that.
    assert!(after.descriptors <= before.descriptors + 96, "{before} and then {after}");
    assert!(after.series <= before.series + 8, "{before} and then {after}");
}
