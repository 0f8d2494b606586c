//! Mixed traffic for a long time: good and bad tokens, API keys, unknown paths, streams, HTTP/1.1 and HTTP/2. What the
//! gateway costs at the end is what it cost after the warm-up.

use std::time::Duration;

use testkit::Upstream;
use testkit::{Issuer, Key, Ran, portcullis, shards};
use tokio::time::{Instant, interval};

use super::streams::Streams;
use crate::ask::Ask;
use crate::length::short_or_long;
use crate::process;
use crate::report::Report;
use crate::steady::{Carrier, Steady};
use crate::tally::Tally;
use crate::vitals::Vitals;

/// More tokens than the cache holds, so that it turns over.
const TOKENS: usize = 3_000;
const SERVER: &str = "  token_cache: { entries: 1000 }\n";

fn body(agent: &Upstream, issuer: &Issuer, api_key: &str) -> String {
    let url = agent.url();
    format!(
        "identity_providers:\n  corp: {{ issuer: \"{}\", refresh: 1s }}\nagents:\n  \
         open: {{ route: /open, upstream: \"{url}\", auth: public }}\n  \
         keyed: {{ route: /keyed, upstream: \"{url}\", auth: {{ api_key: {{ header: X-API-Key }} }} }}\n  \
         gone: {{ route: /gone, upstream: \"http://127.0.0.1:9\", auth: public }}\n  guarded:\n    \
         route: /guarded\n    upstream: \"{url}\"\n    auth: {{ oauth: {{ identity_providers: [corp], \
         audiences: [x] }} }}\n{api_key}",
        issuer.url
    )
}

/// A new API key: the key, and its YAML.
async fn api_key(folder: &std::path::Path) -> (String, String) {
    let Ran { out, err, .. } = portcullis(folder, &["api-key", "create", "--agent", "keyed"]).await;
    let text = format!("{out}{err}");
    let key =
        text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').find(|word| word.starts_with("pck_"));
    let yaml = text.find("api_keys:").map(|at| &text[at..]);
    (key.expect("a key").to_owned(), yaml.expect("its YAML").to_owned())
}

struct Traffic {
    good: Vec<String>,
    expired: String,
    unsigned: String,
    unknown: String,
    api_key: String,
}

impl Traffic {
    fn ask(&self, n: u64) -> Ask {
        let guarded = |token: &str| Ask::get(format!("/guarded/{n}?q={n}")).bearer(token);
        match n % 16 {
            0..=4 => guarded(&self.good[(n / 16 % 20) as usize]),
            5 => guarded(&self.good[(n / 16) as usize % TOKENS]),
            6 => guarded(&self.expired).wants(&[401]),
            7 => guarded(&self.unsigned).wants(&[401]),
            8 => guarded(&self.unknown).wants(&[401]),
            9 => Ask::get(format!("/keyed/{n}")).header("x-api-key", &self.api_key),
            10 => Ask::get(format!("/keyed/{n}")).header("x-api-key", format!("pck_{n}")).wants(&[401]),
            11 => Ask::get(format!("/nowhere/{n}")).wants(&[404]),
            12 => Ask::get(format!("/gone/{n}")).wants(&[502]),
            13 => Ask::post(format!("/open/{n}"), vec![b'x'; 10_000]),
            14 => Ask::get(format!("/guarded/{n}")).wants(&[401]),
            _ => Ask::get(format!("/open/{n}")),
        }
    }
}

/// The median of what was looked at.
fn median(of: &[Vitals], what: fn(&Vitals) -> u64) -> u64 {
    let mut all: Vec<u64> = of.iter().map(what).collect();
    all.sort_unstable();
    all[all.len() / 2]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mixed_traffic_costs_at_the_end_what_it_cost_after_the_warm_up() {
    let mut report = Report::new("soak with mixed traffic");
    let (agent, key, stranger) =
        (Upstream::terse().await, Key::new("ES256", "k"), Key::new("ES256", "nobody's"));
    let issuer = Issuer::start(&[&key]).await;
    let place = process::place(SERVER, "");
    let (api_key, yaml) = api_key(place.folder.path()).await;
    place.replace_body(&body(&agent, &issuer, &yaml));
    let mut process = place.start().await;
    let token = |key: &Key, n: usize, lives: i64| {
        let mut claims = issuer.claims("x");
        let now = claims["iat"].as_i64().expect("a time");
        (claims["jti"], claims["exp"]) = (n.to_string().into(), (now + lives).into());
        key.token(&key.header("ES256"), &claims)
    };
    let good: Vec<String> = (0..TOKENS).map(|n| token(&key, n, 7_200)).collect();
    let mut unsigned = token(&key, 0, 7_200);
    unsigned.truncate(unsigned.rfind('.').expect("three parts") + 1);
    unsigned += token(&stranger, 0, 7_200).rsplit('.').next().expect("a signature");
    let traffic = std::sync::Arc::new(Traffic {
        good,
        expired: token(&key, 0, -600),
        unsigned,
        unknown: token(&stranger, 0, 7_200),
        api_key,
    });
    let asks = move |n: u64| traffic.ask(n);
    let (http2, base) = place.http2();
    let loads = [
        Steady::start(place.port, 500, 48, Carrier::Kept, asks.clone()),
        Steady::start(place.port, 60, 16, Carrier::PerRequest, asks.clone()),
        Steady::start(place.tls_port, 60, 16, Carrier::Client(http2, base), asks),
    ];
    let warm_up = Duration::from_secs(short_or_long(5, 60));
    let run = Duration::from_secs(short_or_long(16, 900));
    let (mut looks, mut tally, mut cut, mut whole) = (Vec::new(), Tally::default(), Vec::new(), 0);
    let mut pace = interval(Duration::from_secs(1));
    let began = Instant::now();
    while began.elapsed() < warm_up + run {
        let streams = Streams::begin(&place, "/open", 2, 20).await;
        for _ in 0..2 {
            pace.tick().await;
            if began.elapsed() > warm_up {
                looks.push(Vitals::of_gateway(process.pid(), place.ops).await);
            }
        }
        let ended = streams.end().await;
        whole += ended.whole;
        cut.extend(ended.cut);
        loads.iter().for_each(|load| tally.add(load.take()));
    }
    for load in loads {
        tally.add(load.stop().await);
    }
    let third = looks.len() / 3;
    let (first, last) = (&looks[..third], &looks[looks.len() - third..]);
    report.line("load", &tally);
    report.line("answers", format!("{:?}", tally.statuses));
    report.line("streams", format!("{whole} whole, {} cut {cut:?}", cut.len()));
    report.line("after the warm-up", looks[0]);
    report.line("at the end", looks[looks.len() - 1]);
    let before_and_after = |what: fn(&Vitals) -> u64| (median(first, what), median(last, what));
    let rss = before_and_after(|v| v.rss);
    let descriptors = before_and_after(|v| v.descriptors);
    let threads = before_and_after(|v| v.threads);
    report.line("memory, the first third and the last", format!("{} and {} KiB", rss.0, rss.1));
    let reached = agent.count();
    report.line("requests at the agent", reached);
    tally.must_be_clean(5_000);
    assert_eq!(reached, tally.statuses[&200] + whole as u64, "what was refused does not reach the agent");
    assert!(cut.is_empty() && whole > 50, "{cut:?}");
    assert!(rss.1 <= rss.0 + rss.0 / 10, "memory grows: {} KiB, and then {} KiB", rss.0, rss.1);
    // Each shard keeps as many connections to an upstream as it ever had requests under way, and this number is a matter of chance.
    assert!(descriptors.1 <= descriptors.0 + 16 * shards(), "descriptors: {descriptors:?}");
    assert!(threads.1 <= threads.0 + 2, "threads: {threads:?}");
    let series: Vec<u64> = looks.iter().map(|look| look.series).collect();
    assert!(series.iter().all(|n| *n == series[0]), "series come and go: {series:?}");
    process.signal("TERM").await;
    assert_eq!(process.ended(Duration::from_secs(30)).await.code(), Some(0));
}
