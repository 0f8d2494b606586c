//! The suite's configuration, compiled, and the decision of the product.

use std::collections::HashMap;
use std::sync::Arc;

use http::{HeaderMap, HeaderValue};
use portcullis::authz::Silent;
use portcullis::config::{Files, Source, compile, parse};
use portcullis::gate::{Evidence, Step, decide};
use portcullis::model::{Instant, Reason, Request};
use portcullis::routing::Agent;
use portcullis::telemetry::Metrics;
use serde_json::{Map, Value, json};

/// The agents, in process.
pub(crate) struct World {
    agents: HashMap<String, Arc<Agent>>,
    _metrics: Metrics,
}

/// The configuration below `server`: JSON is YAML.
pub(crate) fn body(providers: &Map<String, Value>, upstream: &str) -> String {
    let desk: Vec<&String> = providers.keys().filter(|name| *name != "twin").collect();
    let agent = |name: &str, providers: Value, members: Value| {
        let mut oauth = json!({"identity_providers": providers, "audiences": ["api://desk"]});
        for (name, member) in members.as_object().expect("members") {
            oauth[name] = member.clone();
        }
        (
            name.to_owned(),
            json!({"route": format!("/{name}"), "upstream": upstream, "auth": {"oauth": oauth}}),
        )
    };
    let agents: Map<String, Value> = [
        agent("desk", json!(desk), json!({})),
        agent("twins", json!(["corp", "twin"]), json!({})),
        agent("twin", json!(["twin"]), json!({})),
        agent("brief", json!(["corp"]), json!({"max_token_lifetime": "1h"})),
        agent("open", json!(["corp"]), json!({"audiences": []})),
        agent("unbound", json!(["corp"]), json!({"sender_constraint": {"cnf": "ignore"}})),
    ]
    .into_iter()
    .collect();
    format!("identity_providers: {}\nagents: {}\n", Value::from(providers.clone()), Value::from(agents))
}

impl World {
    pub(crate) fn new(providers: &Map<String, Value>) -> Self {
        let metrics = Metrics::new().expect("metrics");
        let text = format!("version: 1\n{}", body(providers, "http://127.0.0.1:9"));
        let document =
            parse(&[Source::new("tokens.yaml", text)], &|_| None).unwrap_or_else(|e| panic!("{e}"));
        let compiled = compile(&document, &Files::new(), None, &metrics).unwrap_or_else(|e| panic!("{e}"));
        let agents = compiled.snapshot.agents.values();
        let agents = agents.map(|agent| (agent.name.as_str().to_owned(), Arc::clone(agent))).collect();
        Self { agents, _metrics: metrics }
    }

    /// The answer of the gate to this value of the header.
    pub(crate) fn decide(&self, agent: &str, credential: &[u8], now: u64) -> Reason {
        let value = HeaderValue::from_bytes(credential).expect("what HTTP can carry");
        let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, value)]);
        let agent = &self.agents[agent];
        let request = Request::with_headers(&headers, Instant::from_unix(now));
        match decide(agent, &request, &Evidence::unavailable(), &mut Silent) {
            Step::Decided(verdict) => {
                assert_eq!(verdict.permit.is_some(), verdict.reason == Reason::Ok, "no way on but with ok");
                verdict.reason
            }
            Step::Needs(_) => panic!("nothing is fetched here"),
        }
    }
}
