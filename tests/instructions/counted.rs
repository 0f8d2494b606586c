//! What is counted: one decision for each way to prove who calls, and a whole request for each. Warm is a token that was
//! seen before, cold one that was not; forged is a new one with the signature of another. `bare` is a proxy that is no
//! gateway: what a request takes beyond it is the gateway's own share.
//!
//! Everything that is made once, on the first use, is made before the counting begins.

use bytes::Bytes;
use futures::FutureExt as _;
use pingora::proxy::ProxyHttp as _;
use portcullis::model::Reason;
use portcullis::proxy::Gateway;

use super::agents::{Agents, api_key, decided, headers};
use super::callgrind::{region, touched};
use super::house::House;
use super::mcp;
use super::phases;

/// So many different tokens of each kind; signatures of ECDSA differ in what they cost.
const TOKENS: u32 = 8;
/// The bytes of a message: the size for which the cost of reading one is promised.
const MESSAGE: usize = 1024;
/// So often something warm is repeated.
const REPEATED: usize = 20;
/// So often a request begins with empty caches.
const TOUCHED: usize = 8;

/// Counts instructions.
pub(crate) fn instructions() {
    let heads = vec![phases::head("/p/refunds?page=2", ""); REPEATED];
    request(&mut House::bare(), "bare", &heads, &heads, 200);
    let mut house = House::before(Agents::behind);
    decisions(&house.agents);
    requests(&mut house);
    let mut house = House::before(mcp::agents);
    operations(&house.agents);
    messages(&mut house);
}

/// Counts the lines of memory that the requests touch of which all others are made up, and their phases.
pub(crate) fn lines() {
    fn touch<A>(house: &mut House<A>, name: &str, head: String) {
        let heads = vec![head; REPEATED];
        request(house, name, &heads, &heads, 200);
        for head in heads.chunks(1).take(TOUCHED) {
            touched(&format!("request/{name}"), &mut || house.ask(head, 200));
        }
    }
    let public = phases::head("/p/refunds?page=2", "");
    touch(&mut House::bare(), "bare", public.clone());
    let mut house = House::before(Agents::behind);
    let bearer = format!("Authorization: Bearer {}\r\n", house.agents.token("RS256", 200));
    let known = phases::head("/o/refunds?page=2", &bearer);
    for (name, head) in [("public", public), ("RS256/warm", known)] {
        touch(&mut house, name, head.clone());
        one_by_one(&house.agents, name, &head);
    }
}

fn decisions(agents: &Agents) {
    let count = |name: &str, agent: &str, credentials: &[(&'static str, String)], repeat: usize, wanted| {
        let agent = agents.agent(agent);
        let all: Vec<_> = credentials.iter().map(|(header, value)| headers(header, value)).collect();
        region(&format!("decide/{name}"), (all.len() * repeat) as u64, &mut || {
            for _ in 0..repeat {
                for headers in &all {
                    assert_eq!(decided(&agent, headers).reason, wanted, "{name}");
                }
            }
        });
    };
    let warm = |agent: &str, credential: &(&'static str, String)| {
        for _ in 0..3 {
            decided(&agents.agent(agent), &headers(credential.0, &credential.1));
        }
    };
    for (name, agent, credential) in
        [("public", "public", ("accept", "*/*".to_owned())), ("api_key", "api-key", ("x-api-key", api_key()))]
    {
        warm(agent, &credential);
        count(name, agent, &[credential], REPEATED, Reason::Ok);
    }
    for alg in ["RS256", "ES256", "EdDSA"] {
        let bearer = |token: String| ("authorization", format!("Bearer {token}"));
        let first = bearer(agents.token(alg, 0));
        warm("oauth", &first);
        count(&format!("{alg}/warm"), "oauth", &[first], REPEATED, Reason::Ok);
        let cold: Vec<_> = (1..=TOKENS).map(|n| bearer(agents.token(alg, n))).collect();
        count(&format!("{alg}/cold"), "oauth", &cold, 1, Reason::Ok);
        warm("oauth", &bearer(agents.forged(alg, 100)));
        let forged: Vec<_> = (101..=100 + TOKENS).map(|n| bearer(agents.forged(alg, n))).collect();
        count(&format!("{alg}/forged"), "oauth", &forged, 1, Reason::SignatureInvalid);
    }
}

fn requests(house: &mut House<Agents>) {
    let public = vec![phases::head("/p/refunds?page=2", ""); REPEATED];
    request(house, "public", &public, &public, 200);
    let key = vec![phases::head("/k/refunds?page=2", &format!("X-Api-Key: {}\r\n", api_key())); REPEATED];
    request(house, "api_key", &key, &key, 200);
    for alg in ["RS256", "ES256", "EdDSA"] {
        let bearer =
            |token: &str| phases::head("/o/refunds?page=2", &format!("Authorization: Bearer {token}\r\n"));
        let good = |n: u32| bearer(&house.agents.token(alg, n));
        let forged = |n: u32| bearer(&house.agents.forged(alg, n));
        let warm = vec![good(200); REPEATED];
        let cold: Vec<_> = (201..=200 + TOKENS).map(good).collect();
        let (first, wrong) = ([forged(300)], (301..=300 + TOKENS).map(forged).collect::<Vec<_>>());
        request(house, &format!("{alg}/warm"), &warm, &warm, 200);
        request(house, &format!("{alg}/cold"), &warm, &cold, 200);
        request(house, &format!("{alg}/forged"), &first, &wrong, 401);
    }
}

/// Decisions about a call of a tool by somebody who has called before.
fn operations(agents: &Agents) {
    let headers = mcp::headers(&agents.token("RS256", 400));
    let body = Bytes::from(mcp::call(MESSAGE));
    for name in ["none", "body", "head"] {
        let agent = agents.agent(name);
        let ask = || assert_eq!(mcp::decided(&agent, &headers, &body).reason, Reason::Ok, "{name}");
        (0..3).for_each(|_| ask());
        region(&format!("decide/mcp/{name}"), REPEATED as u64, &mut || (0..REPEATED).for_each(|_| ask()));
    }
}

/// The same calls through the whole gateway.
fn messages(house: &mut House<Agents>) {
    let token = house.agents.token("RS256", 401);
    for (name, path) in [("none", "/n"), ("body", "/b"), ("head", "/h")] {
        let call = vec![mcp::post(path, &token, MESSAGE); REPEATED];
        request(house, &format!("mcp/{name}"), &call, &call, 200);
    }
}

/// Counts requests with these heads, after others that are not counted.
fn request<A>(house: &mut House<A>, name: &str, before: &[String], heads: &[String], status: u16) {
    house.ask(before, status);
    region(&format!("request/{name}"), heads.len() as u64, &mut || house.ask(heads, status));
}

/// The phases of a request with this head, each with empty caches.
fn one_by_one(agents: &Agents, name: &str, head: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (gateway, _) = phases::gateway(agents);
    let count = |phase: &str, work: &mut dyn FnMut()| touched(&format!("phase/{name}/{phase}"), work);
    runtime.block_on(pass(&gateway, head, &|_, work| work()));
    (0..TOUCHED).for_each(|_| runtime.block_on(pass(&gateway, head, &count)));
}

/// One request through the phases, in Pingora's order.
async fn pass(gateway: &Gateway, head: &str, count: &dyn Fn(&str, &mut dyn FnMut())) {
    let (_caller, mut session) = phases::session(head).await;
    let mut answer = phases::answer();
    let mut made = None;
    count("new_ctx", &mut || made = Some(gateway.new_ctx()));
    let mut ctx = made.expect("a context");
    let now = "none of the phases waits";
    count("request_filter", &mut || {
        let answered = gateway.request_filter(&mut session, &mut ctx).now_or_never().expect(now);
        assert!(!answered.expect("a decision"), "it is let through");
    });
    count("upstream_peer", &mut || {
        gateway.upstream_peer(&mut session, &mut ctx).now_or_never().expect(now).expect("an upstream");
    });
    let mut copy = session.req_header().clone();
    count("upstream_request_filter", &mut || {
        let sent = gateway.upstream_request_filter(&mut session, &mut copy, &mut ctx).now_or_never();
        sent.expect(now).expect("it is rewritten");
    });
    count("response_filter", &mut || {
        let came = gateway.response_filter(&mut session, &mut answer, &mut ctx).now_or_never();
        came.expect(now).expect("it is rewritten");
    });
    count("logging", &mut || gateway.logging(&mut session, None, &mut ctx).now_or_never().expect(now));
}
