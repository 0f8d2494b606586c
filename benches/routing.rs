//! Which agent: from the host and path of a request, at ten agents and at ten thousand.
//!
//! Every request asks for another agent, in an order without a pattern, so that what the processor has at hand is what
//! it would have at hand, and not the one route that was asked for last.
#![expect(clippy::expect_used, reason = "a bench that cannot be set up has nothing to measure")]

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use portcullis::config::{Files, Snapshot, Source, compile, parse};
use portcullis::model::{CanonicalPath, Host};
use portcullis::telemetry::Metrics;

/// Agents, and hosts that they share.
const SIZES: [(usize, usize); 3] = [(10, 1), (10, 10), (10_000, 1_000)];

fn host(agent: usize, hosts: usize) -> String {
    format!("host-{:03}.agents.example.com", agent % hosts)
}

fn snapshot(agents: usize, hosts: usize) -> Snapshot {
    let mut text = "version: 1\nagents:\n".to_owned();
    for agent in 0..agents {
        let host = host(agent, hosts);
        writeln!(
            text,
            "  a-{agent}: {{ route: {{ path: /agents/a-{agent:05}, host: {host} }}, upstream: \"http://127.0.0.1:9\", auth: public }}"
        )
        .expect("a text");
    }
    let document = parse(&[Source::new("p.yaml", text)], &|_| None).expect("a document");
    let metrics = Metrics::new().expect("metrics");
    compile(&document, &Files::new(), None, &metrics).expect("a snapshot").snapshot
}

fn routing(c: &mut Criterion) {
    for (agents, hosts) in SIZES {
        let snapshot = snapshot(agents, hosts);
        // A step without a common factor visits all, none near the one before.
        let requests: Vec<(String, String)> = (0..agents)
            .map(|n| n * 7_919 % agents)
            .map(|n| (host(n, hosts), format!("/agents/a-{n:05}/v1/messages")))
            .collect();
        let find = |(authority, path): &(String, String)| {
            let host = Host::parse(authority).ok()?;
            let path = CanonicalPath::parse(path.as_bytes()).ok()?;
            snapshot.router.at(Some(host.as_str()), &path).cloned()
        };
        for (n, request) in requests.iter().enumerate() {
            let found = find(request).expect("an agent");
            assert_eq!(found.name.as_str(), format!("a-{}", n * 7_919 % agents), "the right one");
        }
        let mut next = requests.iter().cycle();
        c.bench_function(&format!("find one of {agents} agents on {hosts} hosts"), |b| {
            b.iter(|| black_box(find(black_box(next.next().expect("they cycle")))));
        });
    }
}

criterion_group!(benches, routing);
criterion_main!(benches);
