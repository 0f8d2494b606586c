//! One decision, in process: each algorithm with a token that is known and with the signature verified, each refusal, and calls
//! of MCP; a list that is rewritten for its caller; and what rules by operation add to a whole request.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a bench that cannot be set up has nothing to measure"
)]

#[path = "stage/agents.rs"]
mod agents;
#[path = "../tests/instructions/house.rs"]
#[expect(clippy::indexing_slicing, reason = "the agent slices its buffer at what was read into it")]
mod house;
#[path = "stage/mcp.rs"]
mod mcp;
#[path = "stage/phases.rs"]
#[expect(dead_code, reason = "shared with the guards, which use the rest")]
mod phases;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use http::{HeaderMap, HeaderValue};
use portcullis::model::Reason;
use portcullis::protocol::mcp::list::filter;
use portcullis::routing::Agent;
use serde_json::{Value, json};

use agents::{Agents, NOW, api_key, claims, decided, header, headers};
use house::House;
use testkit::Prover;
use testkit::signer::KINDS;

/// The bytes of a message: the size for which the cost of reading one is promised.
const MESSAGE: usize = 1024;
/// The agents of `mcp`; the one without rules first, which the others are compared with.
const KINDS_OF_RULES: [&str; 3] = ["none", "body", "head"];
/// Requests of one turn, and turns: two seconds, in which the middle one settles.
const TURN: usize = 50;
const TURNS: usize = 101;

/// Decides once to be sure of the outcome, then measures.
fn measure(c: &mut Criterion, name: &str, agent: &Arc<Agent>, headers: &HeaderMap, wanted: Reason) {
    assert_eq!(decided(agent, headers).reason, wanted, "{name}");
    c.bench_function(name, |b| b.iter(|| black_box(decided(agent, black_box(headers)))));
}

fn decisions(c: &mut Criterion) {
    let agents = Agents::behind("http://127.0.0.1:9");
    // No token is remembered: each is verified.
    let cold = Agents::caching("http://127.0.0.1:9", 0);
    let (oauth, keyed, public) = (agents.agent("oauth"), agents.agent("api-key"), agents.agent("public"));
    for alg in KINDS {
        let headers = headers("authorization", &format!("Bearer {}", agents.token(alg, 0)));
        measure(c, &format!("warm/{alg}"), &oauth, &headers, Reason::Ok);
        measure(c, &format!("cold/{alg}"), &cold.agent("oauth"), &headers, Reason::Ok);
    }
    for (name, change, wanted) in refusals() {
        let (mut header, mut claims) = (header("RS256"), claims());
        change(&mut header, &mut claims);
        let token = agents.signer("RS256").token(&header, &claims);
        let headers = headers("authorization", &format!("Bearer {token}"));
        measure(c, &format!("refuse/{name}"), &cold.agent("oauth"), &headers, wanted);
    }
    for (name, value, wanted) in [
        ("token_missing", "Basic dXNlcjpwYXNz", Reason::TokenMissing),
        ("token_malformed", "Bearer opaque-token", Reason::TokenMalformed),
    ] {
        measure(c, &format!("refuse/{name}"), &oauth, &headers("authorization", value), wanted);
    }
    let forged = headers("authorization", &format!("Bearer {}", agents.forged("RS256", 0)));
    measure(c, "refuse/signature_invalid", &cold.agent("oauth"), &forged, Reason::SignatureInvalid);
    measure(c, "allow/api_key", &keyed, &headers("x-api-key", &api_key()), Reason::Ok);
    let wrong = headers("x-api-key", &api_key().replace("0000", "0001"));
    measure(c, "refuse/api_key_check_digits", &keyed, &wrong, Reason::ApiKeyInvalid);
    measure(c, "allow/public", &public, &headers("accept", "*/*"), Reason::Ok);
}

/// A token that is bound to a key, with a proof that was used before. All that is checked of a proof is, since that comes last; one that
/// passes costs a place in the memory more, and can be measured once.
fn proofs(c: &mut Criterion) {
    let oauth =
        "identity_providers: [corp], audiences: [\"api://bench\"], sender_constraint: { dpop: required }";
    let public = "https://gate.example";
    let agents = Agents::described(
        &format!(
            "agents:\n  bound: {{ route: /, upstream: \"http://127.0.0.1:9\", public_url: \"{public}\", auth: {{ oauth: {{ {oauth} }} }} }}\n"
        ),
        100_000,
    );
    let (agent, prover) = (agents.agent("bound"), Prover::new());
    let mut claims = claims();
    if let Some(members) = claims.as_object_mut() {
        members.insert("cnf".to_owned(), prover.cnf());
    }
    let token = agents.signer("RS256").token(&header("RS256"), &claims);
    let proof = prover.proof_with("GET", &format!("{public}/"), &token, json!({"iat": NOW}));
    let mut headers = headers("authorization", &format!("DPoP {token}"));
    headers.insert("dpop", HeaderValue::from_str(&proof).expect("a header value"));
    assert_eq!(decided(&agent, &headers).reason, Reason::Ok);
    measure(c, "refuse/proof_replayed", &agent, &headers, Reason::ProofReplayed);
    let bearer = {
        let mut headers = headers.clone();
        headers.insert(
            "authorization",
            HeaderValue::from_str(&format!("Bearer {token}")).expect("a header value"),
        );
        headers
    };
    measure(c, "refuse/binding_required", &agent, &bearer, Reason::BindingRequired);
}

/// A call of a tool by somebody who has called before, at an agent without rules, and at those with rules.
fn operations(c: &mut Criterion) {
    let agents = mcp::agents("http://127.0.0.1:9");
    let (headers, body) = (mcp::headers(&agents.token("RS256", 0)), Bytes::from(mcp::call(MESSAGE)));
    for name in KINDS_OF_RULES {
        let agent = agents.agent(name);
        assert_eq!(mcp::decided(&agent, &headers, &body).reason, Reason::Ok, "{name}");
        c.bench_function(&format!("mcp/{name}"), |b| {
            b.iter(|| black_box(mcp::decided(&agent, black_box(&headers), &body)));
        });
    }
}

/// The same calls through the whole gateway, in turns, so that what the machine does meanwhile meets all alike. Criterion
/// measures one thing after the other.
#[expect(
    clippy::disallowed_macros,
    reason = "criterion prints its figures there, and these stand beside them"
)]
fn messages(_: &mut Criterion) {
    let mut house = House::before(mcp::agents);
    let token = house.agents.token("RS256", 0);
    let heads =
        KINDS_OF_RULES.map(|name| vec![mcp::post(&format!("/{}", &name[..1]), &token, MESSAGE); TURN]);
    let mut times = KINDS_OF_RULES.map(|_| Vec::new());
    for turn in 0..TURNS {
        for (heads, times) in heads.iter().zip(&mut times) {
            let began = Instant::now();
            house.ask(heads, 200);
            // The first turn warms up.
            times.extend((turn > 0).then(|| began.elapsed()));
        }
    }
    let [without, ..] = times.clone();
    for (name, times) in KINDS_OF_RULES.iter().zip(times) {
        let added = times.iter().zip(&without).map(|(with, without)| micros(*with) - micros(*without));
        let all = spread(times.iter().copied().map(micros).collect());
        println!("request/mcp/{name}: {all} µs, of it for the rules {} µs", spread(added.collect()));
    }
}

/// The middle one, and the first and the last quarter's end.
fn spread(mut all: Vec<f64>) -> String {
    all.sort_by(f64::total_cmp);
    let at = |part: usize| all.get(all.len() * part / 4).copied().unwrap_or(f64::NAN);
    format!("{:.2} ({:.2} to {:.2})", at(2), at(1), at(3))
}

/// Of one request of a turn.
fn micros(turn: Duration) -> f64 {
    turn.as_secs_f64() * 1e6 / TURN as f64
}

type Change = fn(&mut Value, &mut Value);

fn refusals() -> [(&'static str, Change, Reason); 7] {
    fn set(object: &mut Value, name: &str, value: Value) {
        if let Some(members) = object.as_object_mut() {
            members.insert(name.to_owned(), value);
        }
    }
    [
        ("alg_not_allowed", |h, _| set(h, "alg", "HS256".into()), Reason::AlgNotAllowed),
        ("typ_mismatch", |h, _| set(h, "typ", "dpop+jwt".into()), Reason::TypMismatch),
        ("issuer_unknown", |_, c| set(c, "iss", "https://other.example".into()), Reason::IssuerUnknown),
        ("token_expired", |_, c| set(c, "exp", (NOW - 3600).into()), Reason::TokenExpired),
        ("audience_mismatch", |_, c| set(c, "aud", "api://other".into()), Reason::AudienceMismatch),
        ("key_unknown", |h, _| set(h, "kid", "gone".into()), Reason::KeyUnknown),
        ("scope_missing", |_, c| set(c, "scope", "openid".into()), Reason::ScopeMissing),
    ]
}

/// A list of 200 tools, each as long as tools in use are, rewritten for a caller who sees every tenth.
fn lists(c: &mut Criterion) {
    let property = r#"{"type":"string","description":"what this property is for, in a few words"}"#;
    let tool = |nth: usize| {
        format!(
            r#"{{"name":"tool_{nth}","description":"Does what people ask for, and says what it has done.","inputSchema":{{"type":"object","properties":{{"first":{property},"second":{property},"third":{property}}},"required":["first"]}}}}"#
        )
    };
    let tools: Vec<_> = (0..200).map(tool).collect();
    let text = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":[{}]}}}}"#, tools.join(","));
    let filtered = |text: &str| filter(text.as_bytes(), &mut |_, name| name.ends_with('0'));
    assert_eq!(filtered(&text).map(|filtered| (filtered.shown, filtered.hidden)), Ok((20, 180)));
    c.bench_function("list/200_tools", |b| b.iter(|| black_box(filtered(black_box(&text)))));
}

criterion_group!(benches, decisions, proofs, lists, operations, messages);
criterion_main!(benches);
