//! The rewriting of a request's headers for the agent, and of an answer's for the caller: the phases that do it, called
//! as Pingora calls them.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a bench that cannot be set up has nothing to measure"
)]

#[path = "stage/agents.rs"]
#[expect(dead_code, reason = "shared with the other benches, which use the rest")]
mod agents;
#[path = "stage/phases.rs"]
mod phases;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use futures::FutureExt as _;
use pingora::proxy::ProxyHttp as _;

use agents::{Agents, api_key};

fn rewriting(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let _in_runtime = runtime.enter();
    let agents = Agents::behind("http://127.0.0.1:9");
    let (gateway, _) = phases::gateway(&agents);
    let bearer = format!("Authorization: Bearer {}\r\n", agents.token("RS256", 0));
    let many: String = (0..40).map(|n| format!("X-Field-{n}: value number {n}\r\n")).collect();
    for (name, path, fields) in [
        ("public", "/p/a", String::new()),
        ("public, 45 fields", "/p/a", many),
        ("api_key", "/k/a", format!("X-Api-Key: {}\r\n", api_key())),
        ("claim header", "/o/a", bearer),
    ] {
        let (_caller, mut session) = runtime.block_on(phases::session(&phases::head(path, &fields)));
        let mut ctx = gateway.new_ctx();
        let ended = runtime.block_on(gateway.request_filter(&mut session, &mut ctx));
        assert!(!ended.expect("a decision"), "{name}: it is let through");
        let request = session.req_header().clone();
        c.bench_function(&format!("request/{name}"), |b| {
            b.iter_batched(
                || request.clone(),
                |mut request| {
                    let done = gateway.upstream_request_filter(&mut session, &mut request, &mut ctx);
                    done.now_or_never().expect("it waits for nothing").expect("it is rewritten");
                    request
                },
                BatchSize::SmallInput,
            );
        });
        c.bench_function(&format!("answer/{name}"), |b| {
            b.iter_batched(
                phases::answer,
                |mut answer| {
                    let done = gateway.response_filter(&mut session, &mut answer, &mut ctx);
                    done.now_or_never().expect("it waits for nothing").expect("it is rewritten");
                    answer
                },
                BatchSize::SmallInput,
            );
        });
    }
}

criterion_group!(benches, rewriting);
criterion_main!(benches);
