//! Keys: a key set parsed, a key found by its `kid` in sets of several sizes, and a signature verified with a parsed
//! key, for each algorithm.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a bench that cannot be set up has nothing to measure"
)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use portcullis::config::{Files, Source, compile, parse};
use portcullis::idp::{VerificationKey, parse_key_set};
use portcullis::model::{Algorithm, AlgorithmSet, Instant};
use portcullis::telemetry::Metrics;
use serde_json::{Value, json};

use testkit::Key;
use testkit::signer::KINDS;
use testkit::token::with;

/// As long as a usual token.
const MESSAGE: [u8; 600] = [b'a'; 600];

/// A set with one key of each kind, and then so many Ed25519 keys that it has `size`.
fn key_set(size: usize) -> String {
    let mut keys: Vec<Value> = KINDS.iter().map(|alg| Key::fixed(alg).jwk()).collect();
    let ed = Key::fixed("EdDSA").jwk();
    keys.extend((keys.len()..size).map(|n| with(ed.clone(), json!({"kid": format!("k{n}")}))));
    keys.truncate(size);
    json!({ "keys": keys }).to_string()
}

fn parsing(c: &mut Criterion) {
    for size in [1, 6, 100] {
        let text = key_set(size);
        c.bench_function(&format!("parse/{size}"), |b| {
            b.iter(|| parse_key_set(black_box(text.as_bytes()), AlgorithmSet::all()).expect("a key set"));
        });
    }
}

fn finding(c: &mut Criterion) {
    for size in [6, 100] {
        let text = format!(
            "version: 1\nidentity_providers:\n  corp:\n    issuer: https://idp.example.com\n    jwks: {}\n\
             agents:\n  a: {{ route: /a, upstream: \"http://127.0.0.1:9\", auth: public }}\n",
            key_set(size)
        );
        let metrics = Metrics::new().expect("metrics");
        let document = parse(&[Source::new("bench.yaml", text)], &|_| None);
        let document = document.unwrap_or_else(|e| panic!("{e}"));
        let compiled = compile(&document, &Files::new(), None, &metrics).unwrap_or_else(|e| panic!("{e}"));
        let provider = compiled.snapshot.providers.values().next().expect("the provider");
        let now = Instant::from_unix(1_700_000_000);
        for (name, kid, found) in [("found", "EdDSA", true), ("unknown", "gone", false)] {
            let find = || provider.find(black_box(Some(kid)), Algorithm::EdDsa, now);
            assert_eq!(find().is_ok(), found, "{name}");
            c.bench_function(&format!("find/{size}/{name}"), |b| b.iter(|| black_box(find()).is_ok()));
        }
    }
}

fn verifying(c: &mut Criterion) {
    for alg in KINDS {
        let algorithm: Algorithm = alg.parse().expect("an algorithm");
        let signer = Key::fixed(alg);
        let set = json!({ "keys": [signer.jwk()] }).to_string();
        let parsed = parse_key_set(set.as_bytes(), AlgorithmSet::all()).expect("a key set");
        let key: &VerificationKey = parsed.keys.iter().next().expect("a key");
        let (good, bad) = (signer.sign(alg, &MESSAGE), signer.sign(alg, b"something else"));
        assert!(key.verify(algorithm, &MESSAGE, &good) && !key.verify(algorithm, &MESSAGE, &bad), "{alg}");
        for (name, signature) in [("good", good), ("bad", bad)] {
            c.bench_function(&format!("verify/{alg}/{name}"), |b| {
                b.iter(|| key.verify(algorithm, black_box(&MESSAGE), black_box(&signature)));
            });
        }
    }
}

criterion_group!(benches, parsing, finding, verifying);
criterion_main!(benches);
