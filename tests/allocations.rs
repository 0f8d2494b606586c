//! What Portcullis allocates for a warm request, how often and how many bytes, phase by phase: what a bare Pingora proxy does
//! not. And a whole request of either, with its client and its agent. The budgets stand in `benches/allocations.json`;
//! `make guard-record` writes today's numbers there.
//!
//! Counted on the calling thread by an allocator of its own, so this test stands alone in its process. The box in which
//! each phase's future comes is made by Pingora's trait, for a bare proxy as well, and is not counted with the phase.

#[cfg(test)]
#[path = "../benches/stage/agents.rs"]
#[expect(dead_code, reason = "shared with the benches, which use the rest")]
mod agents;
#[cfg(test)]
#[path = "instructions/bare.rs"]
mod bare;
#[cfg(test)]
#[path = "instructions/house.rs"]
mod house;
#[cfg(test)]
#[path = "../benches/stage/mcp.rs"]
mod mcp;
#[cfg(test)]
#[path = "../benches/stage/phases.rs"]
mod phases;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::pin::pin;
    use std::sync::Arc;
    use std::task::Poll;

    use allocation_counter::{AllocationInfo, measure};
    use bytes::Bytes;
    use pingora::proxy::ProxyHttp as _;
    use portcullis::authz::Silent;
    use portcullis::config::{Files, Source, compile, parse};
    use portcullis::gate::{Evidence, Step, decide};
    use portcullis::model::{ActiveToken, Fetched, FixedClock, Instant, Introspection, Reason, Request};
    use portcullis::proxy::Gateway;
    use portcullis::telemetry::{Decisions, Metrics};

    use super::agents::{Agents, NOW, api_key, headers};
    use super::house::House;
    use super::{mcp, phases};

    const BUDGETS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/allocations.json");
    /// Requests before the counting begins, and counted ones, of which the middle one counts: what is made now and then
    /// is no cost of a request.
    const ROUNDS: (usize, usize) = (10, 50);

    type Counts = BTreeMap<String, u64>;

    /// Allocations, and their bytes.
    #[derive(Debug, Clone, Copy, Default)]
    struct Allocated {
        count: u64,
        bytes: u64,
    }

    impl From<AllocationInfo> for Allocated {
        fn from(info: AllocationInfo) -> Self {
            Self { count: info.count_total, bytes: info.bytes_total }
        }
    }

    /// What the calling thread allocates while it drives this.
    async fn counted<T>(future: impl Future<Output = T>) -> (T, Allocated) {
        let (mut future, mut all) = (pin!(future), Allocated::default());
        let out = std::future::poll_fn(|cx| {
            let mut polled = Poll::Pending;
            let now = Allocated::from(measure(|| polled = future.as_mut().poll(cx)));
            all = Allocated { count: all.count + now.count, bytes: all.bytes + now.bytes };
            polled
        });
        (out.await, all)
    }

    /// Adds what was allocated in all rounds under a name: the middle one counts.
    fn add(counts: &mut Counts, name: &str, rounds: &[Allocated]) {
        let mut of = |what: &str, mut all: Vec<u64>| {
            all.sort_unstable();
            eprintln!("{name}{what}: {} to {}", all[0], all[all.len() - 1]);
            counts.insert(format!("{name}{what}"), all[all.len() / 2]);
        };
        of("", rounds.iter().map(|one| one.count).collect());
        of(" bytes", rounds.iter().map(|one| one.bytes).collect());
    }

    /// One request through the phases in Pingora's order.
    async fn request(gateway: &Gateway, head: &str) -> [(&'static str, Allocated); 6] {
        let (_caller, mut session) = phases::session(head).await;
        let mut made = None;
        let new = Allocated::from(measure(|| made = Some(gateway.new_ctx())));
        let mut ctx = made.expect("a context");
        let (ended, asked) = counted(gateway.request_filter(&mut session, &mut ctx)).await;
        assert!(!ended.expect("a decision"), "it is let through");
        let (peer, chosen) = counted(gateway.upstream_peer(&mut session, &mut ctx)).await;
        peer.expect("an upstream");
        // As Pingora does it: the agent gets a copy.
        let mut copy = session.req_header().clone();
        let (sent, rewritten) =
            counted(gateway.upstream_request_filter(&mut session, &mut copy, &mut ctx)).await;
        sent.expect("it is rewritten");
        let mut answer = phases::answer();
        let (came, answered) = counted(gateway.response_filter(&mut session, &mut answer, &mut ctx)).await;
        came.expect("it is rewritten");
        let ((), logged) = counted(gateway.logging(&mut session, None, &mut ctx)).await;
        [
            ("new_ctx", new),
            ("request_filter", asked),
            ("upstream_peer", chosen),
            ("upstream_request_filter", rewritten),
            ("response_filter", answered),
            ("logging", logged),
        ]
    }

    /// With `noting`, decisions are noted for people who ask later.
    async fn count(noting: bool) -> Counts {
        let agents = Agents::behind("http://127.0.0.1:9");
        let bearer = format!("Authorization: Bearer {}\r\n", agents.token("RS256", 0));
        let heads = [
            ("public", phases::head("/p/refunds?page=2", "")),
            ("api_key", phases::head("/k/refunds?page=2", &format!("X-Api-Key: {}\r\n", api_key()))),
            ("oauth", phases::head("/o/refunds?page=2", &bearer)),
        ];
        let mut counts = of_each(&agents, &heads, noting).await;
        let agents = mcp::agents("http://127.0.0.1:9");
        let token = agents.token("RS256", 0);
        let heads = [("mcp_none", "/n"), ("mcp_body", "/b"), ("mcp_head", "/h")]
            .map(|(caller, path)| (caller, mcp::post(path, &token, 1024)));
        counts.extend(of_each(&agents, &heads, noting).await);
        counts
    }

    async fn of_each(agents: &Agents, heads: &[(&str, String)], noting: bool) -> Counts {
        let (_, mut parts) = phases::gateway(agents);
        let now = Instant::from_unix(NOW);
        parts.decisions = noting.then(|| Decisions::new(now, None, true));
        let gateway = Gateway::new(parts, Arc::new(FixedClock::at(now)), &agents.metrics);
        let mut middle = Counts::new();
        for (caller, head) in heads {
            let mut all: BTreeMap<&str, Vec<Allocated>> = BTreeMap::new();
            for round in 0..ROUNDS.0 + ROUNDS.1 {
                let counts = request(&gateway, head).await;
                for (phase, count) in counts.into_iter().filter(|_| round >= ROUNDS.0) {
                    all.entry(phase).or_default().push(count);
                }
            }
            for (phase, rounds) in all {
                add(&mut middle, &format!("{caller}/{phase}"), &rounds);
            }
        }
        middle
    }

    #[test]
    fn a_decision_about_a_message_allocates_the_same_whatever_its_length() {
        let agents = mcp::agents("http://127.0.0.1:9");
        let (agent, headers) = (agents.agent("body"), mcp::headers(&agents.token("RS256", 1)));
        let allocated = |length: usize| {
            let body = Bytes::from(mcp::call(length));
            let decide = || assert_eq!(mcp::decided(&agent, &headers, &body).reason, Reason::Ok);
            (0..ROUNDS.0).for_each(|_| decide());
            let counts = measure(decide);
            (counts.count_total, counts.bytes_total)
        };
        let (short, long) = (allocated(1 << 10), allocated(1 << 20));
        eprintln!("a decision about a message: {short:?} allocations and bytes");
        assert_eq!(long, short);
        assert!(short.0 <= 9, "{short:?}");
    }

    const OPAQUE: &str = "
version: 1
identity_providers:
  corp:
    issuer: https://corp.example
    introspection: { endpoint: 'https://corp.example/introspect', auth: { client_id: g, secret_file: s } }
agents:
  a: { route: /a, upstream: 'http://127.0.0.1:9', auth: { oauth: { identity_providers: [corp], audiences: [x], claim_headers: { sub: X-Sub } } } }
";

    #[test]
    fn a_decision_about_an_opaque_token_that_is_remembered_allocates_nothing() {
        let document = parse(&[Source::new("/c/a.yaml", OPAQUE)], &|_| None).expect("a document");
        let files = Files::from([("/c/s".into(), Ok(b"secret".to_vec()))]);
        let compiled = compile(&document, &files, None, &Metrics::new().expect("metrics"));
        let agent = compiled.expect("a snapshot").snapshot.agents.into_values().next().expect("an agent");
        let headers = headers("authorization", "Bearer opaque-9f31");
        let decide = |evidence: &Evidence| {
            let request = Request::with_headers(&headers, Instant::from_unix(NOW));
            match decide(&agent, &request, evidence, &mut Silent) {
                Step::Decided(verdict) => assert_eq!(verdict.reason, Reason::Ok),
                Step::Needs(need) => panic!("{need:?}"),
            }
        };
        let claims = br#"{"active":true,"sub":"alice","aud":"x"}"#;
        let active = ActiveToken::new(Box::from(*claims), Instant::from_unix(NOW + 60));
        let mut asked = Evidence::default();
        asked.token.introspection = Fetched::Here(Introspection::Active(Arc::new(active)));
        decide(&asked);
        let nothing_fetched = Evidence::default();
        (0..ROUNDS.0).for_each(|_| decide(&nothing_fetched));
        assert_eq!(measure(|| decide(&nothing_fetched)).count_total, 0);
    }

    /// Whole requests: of a bare proxy, and of the gateway.
    fn whole(counts: &mut Counts) {
        fn of<A>(counts: &mut Counts, name: &str, house: &mut House<A>, head: &str) {
            let head = [head.to_owned()];
            (0..ROUNDS.0).for_each(|_| house.ask(&head, 200));
            let round = |_| Allocated::from(measure(|| house.ask(&head, 200)));
            let rounds: Vec<_> = (0..ROUNDS.1).map(round).collect();
            add(counts, &format!("{name}/whole"), &rounds);
        }
        let public = phases::head("/p/refunds?page=2", "");
        of(counts, "bare", &mut House::bare(), &public);
        let mut house = House::before(Agents::behind);
        let bearer = format!("Authorization: Bearer {}\r\n", house.agents.token("RS256", 0));
        of(counts, "public", &mut house, &public);
        of(counts, "oauth", &mut house, &phases::head("/o/refunds?page=2", &bearer));
    }

    #[test]
    fn a_warm_request_allocates_no_more_than_its_budget() {
        let one = measure(|| drop(std::hint::black_box(Box::new(1)))).count_total;
        assert_eq!(one, 1, "the allocator counts");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let mut counts = runtime.block_on(count(false));
        whole(&mut counts);
        if std::env::var_os("PORTCULLIS_RECORD").is_some() {
            let text = serde_json::to_string_pretty(&counts).expect("JSON");
            std::fs::write(BUDGETS, format!("{text}\n")).expect("the budgets are written");
        }
        let text = std::fs::read_to_string(BUDGETS).expect("the budgets");
        let budgets: Counts = serde_json::from_str(&text).expect("numbers by name");
        let noted = runtime.block_on(count(true));
        let mut over = Vec::new();
        for (name, count) in counts.iter().chain(&noted) {
            let budget = budgets.get(name);
            eprintln!("{name}: {count} of {budget:?}");
            if budget.is_none_or(|budget| count > budget) {
                over.push(format!("{name}: {count} allocated, the budget is {budget:?}"));
            }
        }
        eprintln!("allocations: {} counts of warm requests, {} over their budget", counts.len(), over.len());
        assert_eq!(counts.len(), budgets.len(), "a budget for each, and no other: {budgets:?}");
        assert!(over.is_empty(), "{}\n(`make guard-record` writes new budgets)", over.join("\n"));
    }
}
