//! The start: ready means that the listeners take connections, and a start under load fails nobody from then on.

use std::time::Duration;

use testkit::Upstream;
use testkit::gateway::Output;
use testkit::{Issuer, Key};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::ask::Ask;
use crate::histogram::Histogram;
use crate::length::short_or_long;
use crate::process;
use crate::report::Report;
use crate::steady::{Carrier, Steady};
use crate::tally::Tally;

fn body(agent: &Upstream, issuer: &Issuer) -> String {
    let url = agent.url();
    format!(
        "identity_providers:\n  corp: {{ issuer: \"{}\" }}\nagents:\n  \
         open: {{ route: /open, upstream: \"{url}\", auth: public }}\n  guarded:\n    route: /guarded\n    \
         upstream: \"{url}\"\n    auth: {{ oauth: {{ identity_providers: [corp], audiences: [x] }} }}\n",
        issuer.url
    )
}

/// `/readyz` on a connection of its own; `None` when nobody listens yet.
async fn is_ready(ops: u16) -> Option<bool> {
    let mut stream = TcpStream::connect(("127.0.0.1", ops)).await.ok()?;
    let request = b"GET /readyz HTTP/1.1\r\nHost: gateway.test\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    Some(answer.starts_with(b"HTTP/1.1 200"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_says_that_it_is_ready_takes_connections_on_every_listener() {
    let mut report = Report::new("readiness at the start");
    let agent = Upstream::terse().await;
    // Nothing else to wait for: there are no keys to fetch.
    let body = format!("agents:\n  p: {{ route: /p, upstream: \"{}\", auth: public }}\n", agent.url());
    let place = process::place("  access_log: off\n", &body);
    let (starts, mut early, mut took) = (short_or_long(40, 2_000), Vec::new(), Histogram::default());
    for start in 0..starts {
        let began = Instant::now();
        let mut process = place.launch(&[], Output::Log(place.log_file()));
        while is_ready(place.ops).await != Some(true) {
            assert!(began.elapsed() < Duration::from_secs(30), "{}", process.log());
            // Asks without a pause: what is looked for lasts a moment only.
            tokio::task::yield_now().await;
        }
        took.record(began.elapsed());
        for port in [place.port, place.tls_port, place.admin] {
            if let Err(error) = TcpStream::connect(("127.0.0.1", port)).await {
                early.push(format!("start {start}: {error}"));
                break;
            }
        }
        process.child.kill().await.expect("it can be killed");
    }
    report.line("starts", format!("{starts}, {} of them ready too early: {:?}", early.len(), early.first()));
    report.line("until ready", format!("p50 {:.0?}, max {:.0?}", took.quantile(0.5), took.highest()));
    assert!(early.is_empty(), "{} of {starts} were ready before they listened", early.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_under_load_fails_nobody_once_it_listens() {
    let mut report = Report::new("start under load");
    let (agent, key) = (Upstream::terse().await, Key::new("ES256", "k"));
    let issuer = Issuer::start(&[&key]).await;
    let place = process::place("  access_log: off\n", &body(&agent, &issuer));
    let token = key.token(&key.header("ES256"), &issuer.claims("x"));
    let (starts, mut listening, mut ready) = (short_or_long(5, 100), Tally::default(), Tally::default());
    for _ in 0..starts {
        let token = token.clone();
        let asks = move |n: u64| match n % 2 {
            0 => Ask::get(format!("/open/{n}")),
            // Until the keys have come it is 503, and nothing else.
            _ => Ask::get(format!("/guarded/{n}")).bearer(&token).wants(&[200, 503]),
        };
        let loads = [Carrier::PerRequest, Carrier::Kept];
        let loads = loads.map(|carrier| Steady::start(place.port, 400, 32, carrier, asks.clone()));
        loads[0].sends(20).await;
        let mut process = place.launch(&[], Output::Log(place.log_file()));
        place.ready(&mut process).await;
        loads.iter().for_each(|load| listening.add(load.take()));
        loads[0].sends(100).await;
        for load in loads {
            ready.add(load.stop().await);
        }
        process.child.kill().await.expect("it can be killed");
    }
    let refused = listening.of_kind("connect: ConnectionRefused");
    report.line("starts", starts);
    report.line("until ready", &listening);
    report.line("from then on", &ready);
    assert_eq!(listening.failed - refused, 0, "{listening}");
    assert!(refused > 0, "there was load before it listened");
    ready.must_be_clean(200 * starts);
    assert_eq!(ready.statuses.get(&503), None, "ready means that the keys are there: {ready}");
}
