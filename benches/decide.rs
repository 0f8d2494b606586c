//! One decision, in process: each algorithm with the signature verified, and each refusal that comes before it.
//!
//! This version keeps no verified tokens, so a token that was seen before costs what a new one costs; only the
//! processor's own caches are warm here.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a bench that cannot be set up has nothing to measure"
)]

use std::hint::black_box;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use criterion::{Criterion, criterion_group, criterion_main};
use http::{HeaderMap, HeaderValue};
use portcullis::config::{Files, Source, compile, parse};
use portcullis::gate::{Refetch, Silent, Step, decide};
use portcullis::model::{Instant, Reason};
use portcullis::routing::Agent;
use portcullis::telemetry::Metrics;
use serde_json::{Value, json};

const NOW: u64 = 1_700_000_000;
const ISSUER: &str = "https://idp.example.com";
const KEY: &str = "pck_Yq3Zk81b_000000000000000000000000000000";

enum Signer {
    Rsa(RsaKeyPair, &'static dyn signature::RsaEncoding),
    Ec(EcdsaKeyPair, &'static str),
    Ed(Ed25519KeyPair),
}

impl Signer {
    fn new(alg: &str) -> Self {
        let ec = |algorithm, curve| Self::Ec(EcdsaKeyPair::generate(algorithm).expect("a key"), curve);
        let rsa = |padding| Self::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).expect("a key"), padding);
        match alg {
            "RS256" => rsa(&signature::RSA_PKCS1_SHA256),
            "PS256" => rsa(&signature::RSA_PSS_SHA256),
            "ES256" => ec(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, "P-256"),
            "ES384" => ec(&signature::ECDSA_P384_SHA384_FIXED_SIGNING, "P-384"),
            "ES512" => ec(&signature::ECDSA_P521_SHA512_FIXED_SIGNING, "P-521"),
            "EdDSA" => Self::Ed(Ed25519KeyPair::generate().expect("a key")),
            other => panic!("no signer for {other}"),
        }
    }

    fn jwk(&self, kid: &str) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = match self {
            Self::Rsa(pair, _) => {
                let public = pair.public_key();
                let n = encode(public.modulus().big_endian_without_leading_zero());
                json!({"kty": "RSA", "n": n, "e": encode(public.exponent().big_endian_without_leading_zero())})
            }
            Self::Ec(pair, curve) => {
                let point = pair.public_key().as_ref().get(1..).unwrap_or_default();
                let (x, y) = point.split_at(point.len() / 2);
                json!({"kty": "EC", "crv": curve, "x": encode(x), "y": encode(y)})
            }
            Self::Ed(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key().as_ref())})
            }
        };
        if let Some(members) = jwk.as_object_mut() {
            members.insert("kid".to_owned(), kid.into());
        }
        jwk
    }

    fn token(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let random = SystemRandom::new();
        let signature = match self {
            Self::Ec(pair, _) => {
                pair.sign(&random, signed.as_bytes()).expect("a signature").as_ref().to_vec()
            }
            Self::Ed(pair) => pair.sign(signed.as_bytes()).as_ref().to_vec(),
            Self::Rsa(pair, padding) => {
                let mut out = vec![0; pair.public_modulus_len()];
                pair.sign(*padding, &random, signed.as_bytes(), &mut out).expect("a signature");
                out
            }
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "0f2b6c1e-5d0b-4f0e-9a55-2f2f7a1d9b11", "aud": ["api://bench", "account"],
        "iat": NOW - 60, "exp": NOW + 240, "jti": "5f0e7b1c9a", "azp": "bench-client", "typ": "Bearer",
        "scope": "openid profile refunds:read refunds:write", "tenant": "acme",
        "realm_access": {"roles": ["offline_access", "uma_authorization", "default-roles"]},
    })
}

const ALGORITHMS: [&str; 6] = ["RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"];

struct World {
    signers: Vec<(&'static str, Signer)>,
    oauth: Arc<Agent>,
    api_key: Arc<Agent>,
    public: Arc<Agent>,
    _metrics: Metrics,
}

fn world() -> World {
    let signers: Vec<_> = ALGORITHMS.iter().map(|alg| (*alg, Signer::new(alg))).collect();
    let keys: Vec<Value> = signers.iter().map(|(alg, signer)| signer.jwk(alg)).collect();
    let keys = json!({ "keys": keys });
    let hash = portcullis::model::Digest::of(key().as_bytes()).to_hex();
    let text = format!(
        "version: 1\nidentity_providers:\n  corp:\n    issuer: {ISSUER}\n    jwks: {keys}\nagents:\n  \
         oauth:\n    route: /o\n    upstream: http://127.0.0.1:9\n    auth:\n      oauth:\n        \
         identity_providers: [corp]\n        audiences: [\"api://bench\"]\n        \
         scopes: {{ any_of: [\"refunds:write\"] }}\n        claim_headers: {{ sub: X-Caller-Sub }}\n  \
         api-key:\n    route: /k\n    upstream: http://127.0.0.1:9\n    auth: {{ api_key: {{}} }}\n  \
         public:\n    route: /p\n    upstream: http://127.0.0.1:9\n    auth: public\n\
         api_keys:\n  Yq3Zk81b: {{ agent: api-key, sha256: \"{hash}\" }}\n"
    );
    let metrics = Metrics::new().expect("metrics");
    let document = parse(&[Source::new("bench.yaml", text)], &|_| None).unwrap_or_else(|e| panic!("{e}"));
    let compiled = compile(&document, &Files::new(), None, &metrics).unwrap_or_else(|e| panic!("{e}"));
    let agent = |name: &str| {
        let found = compiled.snapshot.agents.values().find(|agent| agent.name.as_str() == name);
        Arc::clone(found.expect("the agent"))
    };
    World {
        oauth: agent("oauth"),
        api_key: agent("api-key"),
        public: agent("public"),
        signers,
        _metrics: metrics,
    }
}

/// A key with a fixed secret and the check digits that belong to it.
fn key() -> String {
    let mut rest = crc32fast::hash(KEY.as_bytes());
    let alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut digits = Vec::new();
    for _ in 0..6 {
        digits.push(alphabet.chars().nth((rest % 62) as usize).unwrap_or('0'));
        rest /= 62;
    }
    KEY.chars().chain(digits.into_iter().rev()).collect()
}

fn headers(name: &'static str, value: &str) -> HeaderMap {
    let mut map = HeaderMap::new();
    map.insert("user-agent", HeaderValue::from_static("bench"));
    map.insert(name, HeaderValue::from_str(value).expect("a header value"));
    map
}

/// Decides once to be sure of the outcome, then measures.
fn measure(c: &mut Criterion, name: &str, agent: &Arc<Agent>, headers: &HeaderMap, wanted: Reason) {
    let now = Instant::from_unix(NOW);
    let once = || match decide(agent, black_box(headers), now, Refetch::Done, &mut Silent) {
        Step::Decided(verdict) => verdict,
        Step::KeysWanted(_) => panic!("{name}: keys are wanted"),
    };
    assert_eq!(once().reason, wanted, "{name}");
    c.bench_function(name, |b| b.iter(|| black_box(once())));
}

fn decisions(c: &mut Criterion) {
    let world = world();
    for (alg, signer) in &world.signers {
        let token = signer.token(&json!({"alg": alg, "typ": "JWT", "kid": alg}), &claims());
        let headers = headers("authorization", &format!("Bearer {token}"));
        measure(c, &format!("allow/{alg}"), &world.oauth, &headers, Reason::Ok);
    }
    for (name, change, wanted) in refusals() {
        let (alg, signer) = world.signers.first().expect("a signer");
        let (mut header, mut claims) = (json!({"alg": alg, "typ": "JWT", "kid": alg}), claims());
        change(&mut header, &mut claims);
        let token = signer.token(&header, &claims);
        let headers = headers("authorization", &format!("Bearer {token}"));
        measure(c, &format!("refuse/{name}"), &world.oauth, &headers, wanted);
    }
    for (name, value, wanted) in [
        ("token_missing", "Basic dXNlcjpwYXNz", Reason::TokenMissing),
        ("token_malformed", "Bearer opaque-token", Reason::TokenMalformed),
    ] {
        measure(c, &format!("refuse/{name}"), &world.oauth, &headers("authorization", value), wanted);
    }
    measure(c, "allow/api_key", &world.api_key, &headers("x-api-key", &key()), Reason::Ok);
    let wrong = key().replace("0000", "0001");
    measure(
        c,
        "refuse/api_key_check_digits",
        &world.api_key,
        &headers("x-api-key", &wrong),
        Reason::ApiKeyInvalid,
    );
    measure(c, "allow/public", &world.public, &headers("accept", "*/*"), Reason::Ok);
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
