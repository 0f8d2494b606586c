//! Three agents with everything that a usual one has, one for each way to prove who calls, and callers for them.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue};
use portcullis::authz::Silent;
use portcullis::config::{Files, Snapshot, Source, compile, parse};
use portcullis::gate::{Evidence, Step, Verdict, decide};
use portcullis::model::{Digest, Instant, Request};
use portcullis::routing::Agent;
use portcullis::telemetry::Metrics;
use serde_json::{Value, json};
use testkit::Key;
use testkit::signer::KINDS;

/// The moment at which all tokens are good.
pub(crate) const NOW: u64 = 1_700_000_000;
const ISSUER: &str = "https://idp.example.com";
const KEY: &str = "pck_Yq3Zk81b_000000000000000000000000000000";

/// The agents `oauth` (at `/o`), `api-key` (`/k`) and `public` (`/p`).
pub(crate) struct Agents {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) metrics: Metrics,
    signers: Vec<Key>,
}

impl Agents {
    /// Agents behind this upstream.
    pub(crate) fn behind(upstream: &str) -> Self {
        Self::caching(upstream, 100_000)
    }

    /// Agents behind this upstream, with room for so many verified tokens.
    pub(crate) fn caching(upstream: &str, entries: usize) -> Self {
        let hash = Digest::of(api_key().as_bytes()).to_hex();
        let agents = format!(
            "agents:\n  \
             oauth:\n    route: /o\n    upstream: {upstream}\n    auth:\n      oauth:\n        \
             identity_providers: [corp]\n        audiences: [\"api://bench\"]\n        \
             scopes: {{ any_of: [\"refunds:write\"] }}\n        claim_headers: {{ sub: X-Caller-Sub }}\n  \
             api-key:\n    route: /k\n    upstream: {upstream}\n    auth: {{ api_key: {{}} }}\n  \
             public:\n    route: /p\n    upstream: {upstream}\n    auth: public\n\
             api_keys:\n  Yq3Zk81b: {{ agent: api-key, sha256: \"{hash}\" }}\n"
        );
        Self::described(&agents, entries)
    }

    /// The agents that this part of a document describes.
    pub(crate) fn described(agents: &str, entries: usize) -> Self {
        let signers = Vec::from(KINDS.map(Key::fixed));
        let keys: Vec<Value> = signers.iter().map(Key::jwk).collect();
        let keys = json!({ "keys": keys });
        let text = format!(
            "version: 1\nserver: {{ token_cache: {{ entries: {entries} }} }}\nidentity_providers:\n  corp:\n    \
             issuer: {ISSUER}\n    jwks: {keys}\n{agents}"
        );
        let metrics = Metrics::new().expect("metrics");
        let document = parse(&[Source::new("bench.yaml", text)], &|_| None);
        let document = document.unwrap_or_else(|e| panic!("{e}"));
        let compiled = compile(&document, &Files::new(), None, &metrics).unwrap_or_else(|e| panic!("{e}"));
        Self { snapshot: Arc::new(compiled.snapshot), metrics, signers }
    }

    pub(crate) fn agent(&self, name: &str) -> Arc<Agent> {
        let found = self.snapshot.agents.values().find(|agent| agent.name.as_str() == name);
        Arc::clone(found.expect("the agent"))
    }

    pub(crate) fn signer(&self, alg: &str) -> &Key {
        self.signers.iter().find(|key| key.kid == alg).expect("a signer")
    }

    /// A token that `oauth` accepts; each number is another token.
    pub(crate) fn token(&self, alg: &str, nth: u32) -> String {
        let mut claims = claims();
        if let Some(members) = claims.as_object_mut() {
            members.insert("jti".to_owned(), format!("{nth:010x}").into());
        }
        self.signer(alg).token(&header(alg), &claims)
    }

    /// The same with a signature of another token.
    pub(crate) fn forged(&self, alg: &str, nth: u32) -> String {
        let (token, other) = (self.token(alg, nth), self.token(alg, nth + 1));
        let signed = token.rsplit_once('.').expect("three parts").0;
        format!("{signed}.{}", other.rsplit_once('.').expect("three parts").1)
    }
}

pub(crate) fn header(alg: &str) -> Value {
    json!({"alg": alg, "typ": "JWT", "kid": alg})
}

pub(crate) fn claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "0f2b6c1e-5d0b-4f0e-9a55-2f2f7a1d9b11", "aud": ["api://bench", "account"],
        "iat": NOW - 60, "exp": NOW + 240, "jti": "5f0e7b1c9a", "azp": "bench-client", "typ": "Bearer",
        "scope": "openid profile refunds:read refunds:write", "tenant": "acme",
        "realm_access": {"roles": ["offline_access", "uma_authorization", "default-roles"]},
    })
}

/// A key with a fixed secret and the check digits that belong to it.
pub(crate) fn api_key() -> String {
    let mut rest = crc32fast::hash(KEY.as_bytes());
    let alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut digits = Vec::new();
    for _ in 0..6 {
        digits.push(alphabet.chars().nth((rest % 62) as usize).unwrap_or('0'));
        rest /= 62;
    }
    KEY.chars().chain(digits.into_iter().rev()).collect()
}

/// What a caller sends.
pub(crate) fn headers(name: &'static str, value: &str) -> HeaderMap {
    let mut map = HeaderMap::new();
    map.insert("user-agent", HeaderValue::from_static("bench"));
    map.insert(name, HeaderValue::from_str(value).expect("a header value"));
    map
}

/// One decision.
pub(crate) fn decided(agent: &Arc<Agent>, headers: &HeaderMap) -> Verdict {
    match decide(
        agent,
        &Request::with_headers(headers, Instant::from_unix(NOW)),
        &Evidence::unavailable(),
        &mut Silent,
    ) {
        Step::Decided(verdict) => verdict,
        Step::Needs(need) => panic!("{need:?} is needed"),
    }
}
