//! Many agents: what a change of one of them costs in processor time and in the time of other requests, and what each
//! costs in memory.
//!
//! The long form holds a release build to its figures. The short one holds any build to what does not depend on it: that
//! a change costs a part of what the start did, when all of them were compiled.

use std::time::Duration;

use testkit::Upstream;
use testkit::gateway::{Place, Process};
use testkit::{client, eventually};
use tokio::time::Instant;

use crate::ask::Ask;
use crate::length::{is_long, short_or_long};
use crate::process;
use crate::report::Report;
use crate::steady::{Carrier, Steady};
use crate::vitals::Vitals;

const HOSTS: usize = 1_000;
const PROVIDERS: usize = 100;
const RATE: u32 = 500;
/// RFC 8037, appendix A.2.
const KEY: &str = "{ keys: [{ kty: OKP, crv: Ed25519, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo }] }";

fn agent(n: usize, turn: usize) -> String {
    format!(
        "route: {{ path: /agents/a-{n}, host: h{}.example }}\nupstream: \"http://127.0.0.1:{}\"\n\
         auth: {{ oauth: {{ identity_providers: [idp-{}], audiences: [\"api://{n}-{turn}\"] }} }}\n",
        n % HOSTS,
        9_000 + n % 50,
        n % PROVIDERS
    )
}

/// A place with so many agents in its store, and one that everybody may call.
fn place(agents: usize, upstream: &str) -> Place {
    let open = format!("agents:\n  open: {{ route: /open, upstream: \"{upstream}\", auth: public }}\n");
    let place = process::place("  access_log: off\n", &open);
    let write = |kind: &str, name: String, text: String| {
        let folder = place.folder.path().join("store").join(kind);
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(name), text).expect("a file");
    };
    for n in 0..PROVIDERS {
        let text = format!("issuer: https://idp-{n}.example\njwks: {KEY}\n");
        write("identity_providers", format!("idp-{n}.yaml"), text);
    }
    (0..agents).for_each(|n| write("agents", format!("a-{n}.yaml"), agent(n, 0)));
    place
}

/// Processor time of a process, of all its threads and of those that ended.
fn processor_time(process: &Process) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.pid())).expect("its state");
    let fields: Vec<&str> =
        stat.rsplit(')').next().expect("what follows its name").split_whitespace().collect();
    // utime and stime (proc(5)), in hundredths of a second.
    let ticks: u64 = fields[11..=12].iter().map(|field| field.parse::<u64>().expect("a number")).sum();
    Duration::from_millis(10 * ticks)
}

async fn applied(place: &Place) -> u64 {
    let answer = client().get(format!("http://127.0.0.1:{}/metrics", place.ops)).send().await;
    let page = answer.expect("the metrics").text().await.expect("the page");
    let line = page
        .lines()
        .find_map(|line| line.strip_prefix(r#"portcullis_config_reloads_total{result="applied"} "#));
    line.and_then(|count| count.parse().ok()).expect("a count")
}

/// Changes one agent by hand, and waits until that is live.
async fn change(place: &Place, n: usize, turn: usize) {
    let before = applied(place).await;
    let folder = place.folder.path().join("store/agents");
    let new = folder.join(".new");
    std::fs::write(&new, agent(n, turn)).expect("a file");
    std::fs::rename(new, folder.join(format!("a-{n}.yaml"))).expect("it takes the old one's place");
    eventually("the change is live", Duration::from_secs(30), async || {
        (applied(place).await > before).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_one_agent_among_thousands_costs_a_part_of_them_and_delays_nobody() {
    let mut report = Report::new("many agents");
    let upstream = Upstream::terse().await;
    let (few, many) = (10, short_or_long(2_000, 10_000));
    let small = place(few, &upstream.url());
    let small = Vitals::of(small.start().await.pid()).rss;
    let place = place(many, &upstream.url());
    let process = place.start().await;
    let start = processor_time(&process);
    let load = Steady::start(place.port, RATE, 16, Carrier::Kept, |n| Ask::get(format!("/open/{n}")));
    load.sends(u64::from(RATE)).await;
    load.take();

    let span = short_or_long(Duration::from_secs(2), Duration::from_secs(10));
    let idle = processor_time(&process);
    load.sends(u64::from(RATE) * span.as_secs()).await;
    let (idle, alone) = (processor_time(&process) - idle, load.take());
    let (began, busy, mut changes) = (Instant::now(), processor_time(&process), 0_u32);
    while began.elapsed() < span {
        changes += 1;
        change(&place, many / 2, changes as usize).await;
    }
    let took = began.elapsed();
    let (busy, beside) = (processor_time(&process) - busy, load.take());
    load.stop().await.must_be_clean(0);
    let serving = idle.mul_f64(took.as_secs_f64() / span.as_secs_f64());
    let each = busy.saturating_sub(serving) / changes;
    let memory = Vitals::of(process.pid()).rss;
    let per_agent = (memory.saturating_sub(small)) as f64 / (many - few) as f64;
    report.line("agents", many);
    report.line("start", format!("{start:.1?} of processor time"));
    report.line("changes", format!("{changes} in {took:.1?}, each {each:.1?} of processor time"));
    report.line("memory", format!("{memory} KiB, {few} agents {small} KiB: {per_agent:.2} KiB an agent"));
    report.line("alone", &alone);
    report.line("beside changes", &beside);
    alone.must_be_clean(500);
    beside.must_be_clean(500);
    if is_long() {
        assert!(each <= Duration::from_millis(150), "{each:.1?} for a change");
    } else {
        assert!(each < start / 2, "a change costs {each:.1?}, and a start {start:.1?}");
    }
}
