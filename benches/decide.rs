//! One decision, in process: each algorithm with a token that is known and with the signature verified, and each refusal.
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

criterion_group!(benches, decisions);
criterion_main!(benches);
