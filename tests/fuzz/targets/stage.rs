//! The agents that the decision is fuzzed with. Nobody has the keys that would open them.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use http::HeaderMap;
use portcullis::authz::Silent;
use portcullis::config::{Snapshot, Source, compile, parse};
use portcullis::gate::{Evidence, Known, Step, decide, explain};
use portcullis::model::{Instant, Request};
use portcullis::routing::Agent;
use portcullis::telemetry::Metrics;

const CONFIG: &str = r#"version: 1
identity_providers:
  corp:
    issuer: https://idp.example
    jwks: {keys: [{kty: OKP, crv: Ed25519, kid: k1, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo}]}
  other:
    issuer: https://other.example
    jwks: {keys: [{kty: OKP, crv: Ed25519, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo}]}
agents:
  bearer:
    route: /bearer
    upstream: http://127.0.0.1:9
    auth: {oauth: {identity_providers: [corp], audiences: [x], max_token_lifetime: 1h, claim_headers: {sub: X-Sub}}}
  bare:
    route: /bare
    upstream: http://127.0.0.1:9
    auth: {oauth: {identity_providers: [corp, other], header: X-Token, prefix: ""}}
  word:
    route: /word
    upstream: http://127.0.0.1:9
    auth: {oauth: {identity_providers: [other], header: X-Token, prefix: Token, scopes: {all_of: [a]}}}
  key:
    route: /key
    upstream: http://127.0.0.1:9
    auth: {api_key: {header: X-Token}}
api_keys:
  Yq3Zk81b: {agent: key, sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}
"#;

/// In the lifetime of the tokens among the seeds.
pub(crate) const NOW: u64 = 2_000_000_000;

/// The agents, compiled.
pub(crate) fn agents() -> &'static Snapshot {
    static SNAPSHOT: OnceLock<Snapshot> = OnceLock::new();
    SNAPSHOT.get_or_init(|| {
        let metrics = Metrics::new().expect("metrics");
        let document = parse(&[Source::new("stage.yaml", CONFIG)], &|_| None);
        let document = document.unwrap_or_else(|findings| panic!("{findings}"));
        let compiled = compile(&document, &BTreeMap::new(), None, &metrics);
        compiled.unwrap_or_else(|findings| panic!("{findings}")).snapshot
    })
}

/// Asks one agent by its name, and gives back the reason of the refusal.
pub(crate) fn refused_by(agent: &str, headers: &HeaderMap) -> &'static str {
    let agents = agents();
    let agent = agents.agents.iter().find(|(name, _)| name.as_str() == agent).expect("an agent").1;
    refused(agent, headers)
}

/// Asks one agent, as a request does and as an explanation does: both refuse, for the same reason.
fn refused(agent: &Arc<Agent>, headers: &HeaderMap) -> &'static str {
    let request = Request::with_headers(headers, Instant::from_unix(NOW));
    let Step::Decided(verdict) = decide(agent, &request, &Evidence::unavailable(), &mut Silent) else {
        panic!("keys are wanted after they were fetched");
    };
    assert!(verdict.permit.is_none(), "{} lets in {headers:?}", agent.name);
    let explained = explain(agent, &request, Known::default());
    assert_eq!(explained.reason, verdict.reason, "an explanation says something else");
    verdict.reason.as_str()
}
