//! One decision, in process: each algorithm with a token that is known and with the signature verified, and each refusal;
//! and a list that is rewritten for its caller.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a bench that cannot be set up has nothing to measure"
)]

#[path = "stage/agents.rs"]
#[expect(dead_code, reason = "shared with the guards, which use the rest")]
mod agents;

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use http::HeaderMap;
use portcullis::model::Reason;
use portcullis::protocol::mcp::list::filter;
use portcullis::routing::Agent;
use serde_json::Value;

use agents::{Agents, NOW, api_key, claims, decided, header, headers};
use testkit::signer::KINDS;

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
    measure(c, "allow/api_key", &keyed, &headers("x-api-key", &api_key()), Reason::Ok);
    let wrong = headers("x-api-key", &api_key().replace("0000", "0001"));
    measure(c, "refuse/api_key_check_digits", &keyed, &wrong, Reason::ApiKeyInvalid);
    measure(c, "allow/public", &public, &headers("accept", "*/*"), Reason::Ok);
}

type Change = fn(&mut Value, &mut Value);

fn refusals() -> [(&'static str, Change, Reason); 8] {
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
        ("signature_invalid", |h, _| set(h, "alg", "RS512".into()), Reason::SignatureInvalid),
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

criterion_group!(benches, decisions, lists);
criterion_main!(benches);
