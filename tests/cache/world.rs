//! Two gates with one configuration and the same files of keys: one remembers tokens, one does not. Every question is
//! put to both, and the answers must be the same.

use testkit::Key;

use std::cell::Cell;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant as Tick};

use http::{HeaderMap, HeaderName, HeaderValue};
use portcullis::authz::Silent;
use portcullis::config::{Files, Snapshot, Source, compile, parse};
use portcullis::gate::{Evidence, Step, decide};
use portcullis::idp::{Provider, Refresher, RefresherHandle};
use portcullis::model::{CacheLabel, Decision, FixedClock, Identity, Instant, Reason, Request};
use portcullis::routing::Agent;
use portcullis::telemetry::Metrics;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The moment at which a world begins.
pub(crate) const START: u64 = 1_700_000_000;

/// What a caller and the agent get to see of a decision.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    pub(crate) decision: Decision,
    pub(crate) reason: Reason,
    pub(crate) provider: Option<usize>,
    pub(crate) identity: Option<Identity>,
    /// The claim headers; `None` when there is no way on.
    pub(crate) headers: Option<Vec<(HeaderName, HeaderValue)>>,
}

/// One of the gates.
pub(crate) struct Gate {
    pub(crate) metrics: Metrics,
    entries: usize,
    snapshot: Option<Snapshot>,
    refreshers: Vec<(Arc<Provider>, RefresherHandle)>,
}

impl Gate {
    fn new(entries: usize) -> Self {
        Self { metrics: Metrics::new().expect("metrics"), entries, snapshot: None, refreshers: Vec::new() }
    }

    /// Compiles as a reload does, and fetches for providers that are new.
    fn configure(&mut self, body: &Value, files: &Files, clock: &Arc<FixedClock>) {
        let mut text = body.clone();
        text["server"]["token_cache"] = json!({"entries": self.entries});
        let document = parse(&[Source::new("cache.yaml", text.to_string())], &|_| None);
        let document = document.unwrap_or_else(|e| panic!("{e}"));
        let compiled = compile(&document, files, self.snapshot.as_ref(), &self.metrics);
        let snapshot = compiled.unwrap_or_else(|e| panic!("{e}")).snapshot;
        let live: Vec<_> = snapshot.providers.values().cloned().collect();
        self.refreshers.retain(|(old, _)| live.iter().any(|provider| Arc::ptr_eq(old, provider)));
        for provider in live {
            if !self.refreshers.iter().any(|(old, _)| Arc::ptr_eq(old, &provider)) {
                let clock = Arc::clone(clock);
                let handle = Refresher::spawn(Arc::clone(&provider), clock, None);
                self.refreshers.push((provider, handle));
            }
        }
        self.snapshot = Some(snapshot);
    }

    pub(crate) fn agent(&self, name: &str) -> Arc<Agent> {
        let agents = &self.snapshot.as_ref().expect("a snapshot").agents;
        let found = agents.values().find(|agent| agent.name.as_str() == name);
        Arc::clone(found.unwrap_or_else(|| panic!("no agent {name}")))
    }

    pub(crate) fn provider(&self, name: &str) -> &Arc<Provider> {
        let found = self.refreshers.iter().find(|(provider, _)| provider.spec().name.as_str() == name);
        &found.unwrap_or_else(|| panic!("no provider {name}")).0
    }

    /// A number on the metrics page.
    pub(crate) fn metric(&self, series: &str) -> u64 {
        let page = self.metrics.render();
        let line = page.lines().find(|line| line.rsplit_once(' ').is_some_and(|(name, _)| name == series));
        let value = line.and_then(|line| line.rsplit_once(' ')?.1.parse().ok());
        value.unwrap_or_else(|| panic!("no {series}"))
    }

    /// How often the cache did that.
    pub(crate) fn event(&self, event: &str) -> u64 {
        self.metric(&format!("portcullis_token_cache_events_total{{event=\"{event}\"}}"))
    }

    pub(crate) fn entries(&self) -> u64 {
        self.metric("portcullis_token_cache_entries")
    }
}

/// What a caller sends.
pub(crate) fn bearer(token: &str) -> HeaderMap {
    let value = HeaderValue::from_str(&format!("Bearer {token}")).expect("a header value");
    HeaderMap::from_iter([(http::header::AUTHORIZATION, value)])
}

/// The decision at `now`; `None` when keys are needed first.
pub(crate) fn answer(
    agent: &Arc<Agent>,
    headers: &HeaderMap,
    now: u64,
    evidence: &Evidence,
) -> Option<(Seen, CacheLabel)> {
    match decide(agent, &Request::with_headers(headers, Instant::from_unix(now)), evidence, &mut Silent) {
        Step::Needs(_) => None,
        Step::Decided(verdict) => {
            let seen = Seen {
                decision: verdict.decision,
                reason: verdict.reason,
                provider: verdict.provider,
                identity: verdict.identity.as_deref().cloned(),
                headers: verdict.permit.map(|permit| permit.headers().to_vec()),
            };
            Some((seen, verdict.cache))
        }
    }
}

/// Both gates, and what stands around them.
pub(crate) struct World {
    pub(crate) cached: Gate,
    pub(crate) plain: Gate,
    /// The moment.
    pub(crate) now: u64,
    /// The configuration below `server`.
    pub(crate) body: Value,
    clock: Arc<FixedClock>,
    /// The last good files of keys.
    files: Files,
    folder: TempDir,
    runtime: Runtime,
    compared: Cell<u64>,
}

impl World {
    /// A world whose cache has so many entries, and whose providers `corp` and `other` publish these keys, one at least.
    pub(crate) fn new(entries: usize, corp: &[&Key], other: &[&Key]) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str| folder.path().join(name).display().to_string();
        let provider = |name: &str| json!({"issuer": format!("https://{name}.example"), "jwks_file": file(name), "max_stale": "1h"});
        let body = json!({
            "version": 1,
            "identity_providers": {"corp": provider("corp"), "other": provider("other")},
            "agents": agents(),
        });
        let mut world = Self {
            cached: Gate::new(entries),
            plain: Gate::new(0),
            now: START,
            body,
            clock: Arc::new(FixedClock::at(Instant::from_unix(START))),
            files: Files::new(),
            folder,
            runtime,
            compared: Cell::new(0),
        };
        let spare = Key::new("EdDSA", "spare");
        world.write("corp", corp);
        if other.is_empty() {
            world.write("other", &[&spare]);
        } else {
            world.write("other", other);
        }
        world.configure();
        world.settle("corp");
        world.settle("other");
        world
    }

    /// Makes the body live in both gates.
    pub(crate) fn configure(&mut self) {
        let _within = self.runtime.enter();
        self.cached.configure(&self.body, &self.files, &self.clock);
        self.plain.configure(&self.body, &self.files, &self.clock);
    }

    /// Changes the settings of a provider, which reads its keys anew.
    pub(crate) fn set_provider(&mut self, name: &str, setting: &str, value: Value) {
        self.body["identity_providers"][name][setting] = value;
        self.configure();
        self.refresh(name);
        self.settle(name);
    }

    /// Changes what an agent asks of tokens.
    pub(crate) fn set_agent(&mut self, name: &str, setting: &str, value: Value) {
        self.body["agents"][name]["auth"]["oauth"][setting] = value;
        self.configure();
    }

    fn path(&self, provider: &str) -> PathBuf {
        self.folder.path().join(provider)
    }

    fn write(&mut self, provider: &str, keys: &[&Key]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
        let text = json!({ "keys": keys }).to_string();
        std::fs::write(self.path(provider), &text).expect("the keys are written");
        self.files.insert(self.path(provider), Ok(text.into()));
    }

    /// Publishes these keys, and returns when both gates have them. A second passes.
    pub(crate) fn publish(&mut self, provider: &str, keys: &[&Key]) {
        self.write(provider, keys);
        self.refresh(provider);
        self.settle(provider);
    }

    /// Makes the next fetch of the keys fail, and returns when it has.
    pub(crate) fn fail(&mut self, provider: &str) {
        std::fs::write(self.path(provider), "no keys").expect("it is written");
        self.refresh(provider);
        self.until(provider, |provider, now| provider.status(now).last_error.is_some());
    }

    fn tick(&mut self) {
        self.now += 1;
        self.clock.set(Instant::from_unix(self.now));
    }

    fn refresh(&mut self, provider: &str) {
        self.tick();
        self.cached.provider(provider).wake();
        self.plain.provider(provider).wake();
    }

    /// Waits until both gates have fetched the keys at this moment.
    fn settle(&self, provider: &str) {
        self.until(provider, |provider, now| {
            let status = provider.status(now);
            status.last_error.is_none() && status.last_success == Some(now.unix())
        });
    }

    fn until(&self, provider: &str, is_so: impl Fn(&Provider, Instant) -> bool) {
        let (deadline, now) = (Tick::now() + Duration::from_secs(20), Instant::from_unix(self.now));
        let gates = [&self.cached, &self.plain];
        self.runtime.block_on(async {
            while !gates.iter().all(|gate| is_so(gate.provider(provider), now)) {
                let status = gates.map(|gate| gate.provider(provider).status(now));
                assert!(Tick::now() < deadline, "{provider} does not settle: {status:?}");
                tokio::task::yield_now().await;
            }
        });
    }

    /// Puts the question to both gates, `after` seconds from now, and gives the answer.
    pub(crate) fn ask_in(
        &self,
        agent: &str,
        token: &str,
        after: i64,
        evidence: &Evidence,
    ) -> Option<(Seen, CacheLabel)> {
        let (now, headers) = (self.now.saturating_add_signed(after), bearer(token));
        let wanted = answer(&self.plain.agent(agent), &headers, now, evidence);
        let found = answer(&self.cached.agent(agent), &headers, now, evidence);
        let seen = |answer: &Option<(Seen, CacheLabel)>| answer.as_ref().map(|(seen, _)| seen.clone());
        assert_eq!(seen(&found), seen(&wanted), "{agent} at {now}: {token}");
        assert!(wanted.is_none_or(|(_, label)| label == CacheLabel::Off));
        self.compared.set(self.compared.get() + 1);
        found
    }

    /// The answer at this moment: why, and what the cache said.
    pub(crate) fn ask(&self, agent: &str, token: &str) -> (Reason, CacheLabel) {
        self.ask_at(agent, token, 0)
    }

    /// The same some seconds from now.
    pub(crate) fn ask_at(&self, agent: &str, token: &str, after: i64) -> (Reason, CacheLabel) {
        let (seen, label) = self.ask_in(agent, token, after, &Evidence::unavailable()).expect("a decision");
        (seen.reason, label)
    }

    /// The names and values of the claim headers.
    pub(crate) fn headers(&self, agent: &str, token: &str) -> Vec<(String, String)> {
        let (seen, _) = self.ask_in(agent, token, 0, &Evidence::unavailable()).expect("a decision");
        let text = |(name, value): &(HeaderName, HeaderValue)| {
            (name.as_str().to_owned(), value.to_str().expect("text").to_owned())
        };
        seen.headers.unwrap_or_default().iter().map(text).collect()
    }

    /// Claims that `desk` accepts for four minutes, of a caller and a token of that name.
    pub(crate) fn claims(&self, name: &str) -> Value {
        json!({
            "iss": "https://corp.example", "aud": "api://desk", "sub": name, "jti": name, "tenant": "acme",
            "scope": "read write", "iat": self.now, "exp": self.now + 240,
        })
    }
}

impl Drop for World {
    fn drop(&mut self) {
        eprintln!(
            "{} decisions of both gates compared, {} hits",
            self.compared.get(),
            self.cached.event("hit")
        );
    }
}

/// Agents that differ in one thing each.
fn agents() -> Value {
    let agent = |name: &str, oauth: Value| {
        let mut all = json!({"identity_providers": ["corp"], "audiences": ["api://desk"]});
        for (setting, value) in oauth.as_object().expect("settings") {
            all[setting] = value.clone();
        }
        json!({"route": format!("/{name}"), "upstream": "http://127.0.0.1:9", "auth": {"oauth": all}})
    };
    let mut agents = json!({});
    for (name, oauth) in [
        (
            "desk",
            json!({"identity_providers": ["corp", "other"], "claim_headers": {"sub": "X-Sub", "tenant": "X-Tenant"}}),
        ),
        ("till", json!({"audiences": ["api://till"], "claim_headers": {"sub": "X-Sub"}})),
        ("both", json!({"identity_providers": ["other", "corp"], "claim_headers": {"jti": "X-Sub"}})),
        ("other", json!({"identity_providers": ["other"]})),
        ("brief", json!({"max_token_lifetime": "3m"})),
        ("client", json!({"audience_claim": "client_id", "audiences": ["c1"]})),
        ("unbound", json!({"sender_constraint": {"cnf": "ignore"}})),
        ("writer", json!({"scopes": {"all_of": ["write"]}})),
        ("admin", json!({"scopes": {"all_of": ["admin"]}})),
        ("acme", json!({"claims": {"all_of": [{"claim": "tenant", "values": ["acme"]}]}})),
        ("umbrella", json!({"claims": {"all_of": [{"claim": "tenant", "values": ["umbrella"]}]}})),
        ("plain", json!({})),
        ("lately", json!({"require": {"max_auth_age": "60s", "clients": {"deny": ["c2"]}}})),
        ("shadow", json!({"scopes": {"all_of": ["admin"]}, "claim_headers": {"sub": "X-Sub"}})),
    ] {
        agents[name] = agent(name, oauth);
    }
    agents["shadow"]["enforcement"] = "shadow".into();
    let names: HashSet<_> = agents.as_object().expect("agents").keys().collect();
    assert_eq!(names.len(), 14);
    agents
}
