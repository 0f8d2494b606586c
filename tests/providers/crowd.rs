//! A gateway with any number of providers, an agent for each, and what can be asked of them.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use testkit::now;
use testkit::{Gateway, Key, Start, Upstream, client, eventually};
use tokio::time::Instant;

use super::trials::Certificates;
use super::turncoat::Turncoat;

pub(crate) const ALG: &str = "EdDSA";

/// One provider with its present key; its agent is at `/NAME`.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) provider: Turncoat,
    pub(crate) key: Key,
    /// Further members of its configuration, each after a comma.
    pub(crate) settings: String,
}

impl Member {
    /// A provider on plain http at loopback.
    pub(crate) async fn new(name: &str) -> Self {
        let key = Key::new(ALG, &format!("{name}-1"));
        let provider = Turncoat::start(&[&key]).await;
        Self { name: name.to_owned(), provider, key, settings: ", refresh: 1s".to_owned() }
    }

    /// A provider with TLS, whose authority is in `ca.pem`.
    pub(crate) async fn over_tls(name: &str, certificates: &Certificates) -> Self {
        let key = Key::new(ALG, &format!("{name}-1"));
        let provider = Turncoat::with_tls(Arc::clone(&certificates.good), &[&key]).await;
        Self { name: name.to_owned(), provider, key, settings: ", refresh: 1s, ca_file: ca.pem".to_owned() }
    }

    pub(crate) fn settings(mut self, settings: &str) -> Self {
        self.settings += settings;
        self
    }

    /// An hour-long token of its present key.
    pub(crate) fn token(&self) -> String {
        self.token_of(&self.key)
    }

    pub(crate) fn token_of(&self, key: &Key) -> String {
        key.token(&key.header(ALG), &self.claims(now()))
    }

    /// Claims of a token that is issued at `issued` and good for an hour.
    pub(crate) fn claims(&self, issued: u64) -> Value {
        json!({"iss": self.provider.url, "sub": "alice", "aud": "x", "iat": issued, "exp": issued + 3600})
    }
}

/// What a caller was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) retry_after: bool,
}

/// The configuration of these providers and their agents, and a public agent at `/open`.
pub(crate) fn body(members: &[&Member], upstream: &Upstream) -> String {
    let mut providers = "identity_providers:\n".to_owned();
    let mut agents =
        format!("agents:\n  open: {{ route: /open, upstream: \"{}\", auth: public }}\n", upstream.url());
    for Member { name, provider, settings, .. } in members {
        providers += &format!("  {name}: {{ issuer: \"{}\"{settings} }}\n", provider.url);
        agents += &format!(
            "  {name}: {{ route: /{name}, upstream: \"{}\", auth: {{ oauth: {{ identity_providers: [{name}] }} }} }}\n",
            upstream.url()
        );
    }
    providers + &agents
}

/// Starts a gateway for these providers, ready or not.
pub(crate) async fn gateway(members: &[&Member], upstream: &Upstream, start: Start<'_>) -> Gateway {
    Start { body: &body(members, upstream), ..start }.alive().await
}

/// Waits until each provider was tried.
pub(crate) async fn ready(gateway: &Gateway) {
    eventually("the gateway is ready", Duration::from_secs(60), async || {
        (gateway.ops_get("/readyz").await.0 == 200).then_some(())
    })
    .await;
}

/// Calls the agent of a provider.
pub(crate) async fn call(gateway: &Gateway, agent: &str, token: &str) -> u16 {
    let answer = client().get(gateway.url(&format!("/{agent}"))).bearer_auth(token).send().await;
    answer.expect("the gateway answers").status().as_u16()
}

/// The same, with the reason from the access log.
pub(crate) async fn ask(gateway: &Gateway, agent: &str, token: &str) -> Told {
    let sent = client().get(gateway.url(&format!("/{agent}"))).bearer_auth(token).send().await;
    let answer = sent.expect("the gateway answers");
    let id = answer.headers()["x-request-id"].to_str().expect("text").to_owned();
    let (status, retry_after) = (answer.status().as_u16(), answer.headers().contains_key("retry-after"));
    let line = gateway.logged(&id).await;
    Told { status, reason: line["auth"]["reason"].as_str().unwrap_or_default().to_owned(), retry_after }
}

/// Waits until the agent of a provider answers so.
pub(crate) async fn until(gateway: &Gateway, agent: &str, token: &str, status: u16, within: Duration) {
    eventually(&format!("{agent} answers {status}"), within, async || {
        (call(gateway, agent, token).await == status).then_some(())
    })
    .await;
}

/// What the gateway says of a provider.
pub(crate) async fn status(gateway: &Gateway, name: &str) -> Value {
    let (_, text) = gateway.ops_get("/readyz?verbose").await;
    let whole: Value = serde_json::from_str(&text).unwrap_or_default();
    let all = whole["providers"].as_array().cloned().unwrap_or_default();
    all.into_iter().find(|provider| provider["provider"] == name).unwrap_or_default()
}

/// The last error of a provider, if its last fetch failed.
pub(crate) async fn error(gateway: &Gateway, name: &str) -> Option<String> {
    status(gateway, name).await["last_error"].as_str().map(str::to_owned)
}

/// Waits until the last fetch of a provider failed with these words.
pub(crate) async fn fails(gateway: &Gateway, name: &str, words: &str) {
    let (mut last, deadline) = (None, Instant::now() + Duration::from_secs(40));
    eventually(&format!("{name} fails with {words:?}"), Duration::from_secs(60), async || {
        last = error(gateway, name).await;
        assert!(Instant::now() < deadline, "{name} does not fail with {words:?}: {last:?}");
        last.as_ref().is_some_and(|error| error.contains(words)).then_some(())
    })
    .await;
}

/// How many fetches of a provider ended so (`ok`, `failed`, or `""` for all).
pub(crate) async fn fetches(gateway: &Gateway, name: &str, result: &str) -> f64 {
    let (provider, result) = (format!("provider=\"{name}\""), format!("result=\"{result}"));
    gateway.metric("portcullis_jwks_refresh_total", &[&provider, &result]).await
}

/// Kilobytes of a process: `VmRSS` now, `VmHWM` at most.
pub(crate) fn memory(gateway: &Gateway, field: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/status", gateway.pid())).expect("its status");
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).expect("a number of kB")
}
