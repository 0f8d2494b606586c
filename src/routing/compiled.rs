//! One agent, compiled: everything that a request to it needs, immutable and shared.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::authn::{self, ApiKeyPolicy, Dpop, ForwardToken, OAuthPolicy, TokenLocation};
use crate::authz::Entry;
use crate::limits::AgentSlots;
use crate::model::{
    AgentName, AuthMethod, DPOP, Enforcement, Instant, NextNonce, OnPolicyChange, reduced_eq,
};
use crate::protocol::a2a::{Binding, RestPath};
use crate::telemetry::AgentMetrics;
use crate::upstream::Upstream;

use super::agent_limits::AgentLimits;
use super::assertions::Assertions;
use super::at_expiry::AtExpiry;
use super::cors::Cors;
use super::protocol::{ErrorForm, Protocol};
use super::route::Route;
use super::upstream_challenge::UpstreamChallenge;

/// What an agent was compiled to. All shards read it, and none writes to it.
#[derive(Debug)]
pub struct Compiled {
    /// Its name in the configuration.
    pub name: AgentName,
    /// Its name for people.
    pub display_name: Option<String>,
    /// The hosts, methods and paths that lead to it.
    pub route: Route,
    /// The prefix that `strip_path` removes from the path of a request, for `X-Forwarded-Prefix`; `None` when it removes
    /// nothing.
    pub taken_prefix: Option<HeaderValue>,
    /// The origin under which its callers reach it; `None` = that of the gateway.
    pub public_url: Option<Box<str>>,
    /// The protocol that it speaks.
    pub protocol: Protocol,
    /// What becomes of its own challenges.
    pub upstream_challenge: UpstreamChallenge,
    /// The server that requests are forwarded to.
    pub upstream: Upstream,
    /// How its callers authenticate: in exactly one way.
    pub authenticator: Authenticator,
    /// Its number, which a new compilation of the same agent does not share, and what it asks of an authenticated caller.
    pub entry: Entry,
    /// What it is told in assertions of callers without a token, where it gets any.
    pub assertions: Option<Box<Assertions>>,
    /// The headers in which other agents get assertions, but for the usual one: no caller's reaches any agent.
    pub assertion_headers: Arc<[HeaderName]>,
    /// Its cross-origin rules; `None` = the agent itself answers preflights.
    pub cors: Option<Box<Cors>>,
    /// The largest request body, in bytes; `None` = any.
    pub max_body: Option<u64>,
    /// The most requests under way at once.
    pub max_in_flight: usize,
    /// The slots of its requests under way.
    pub slots: AgentSlots,
    /// The limits of those who call it; `None` = there are none.
    pub limits: Option<Box<AgentLimits>>,
    /// Whether WebSocket handshakes are forwarded.
    pub websocket: bool,
    /// The number of its policy. A new compilation keeps it while the policy is the same.
    pub policy: AgentId,
    /// Which of its running streams a change ends.
    pub on_policy_change: OnPolicyChange,
    /// What the end of a caller's credential does to its streams.
    pub at_expiry: AtExpiry,
    /// Whether a refusal stops a request.
    pub enforcement: Enforcement,
    /// Its metric handles.
    pub metrics: AgentMetrics,
}

/// The number of a compiled agent, unique within the process.
pub type AgentId = u64;

/// The next number that no compiled agent has.
#[must_use]
pub fn next_id() -> AgentId {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The one way in which callers of an agent authenticate.
#[derive(Debug)]
pub enum Authenticator {
    /// By a bearer token of an identity provider.
    OAuth(OAuthPolicy),
    /// By an API key of this gateway.
    ApiKey(ApiKeyPolicy),
    /// Not at all: the operator wrote `public`.
    Public,
}

impl Authenticator {
    /// How proofs of possession are checked, where they are.
    #[must_use]
    pub fn dpop(&self) -> Option<&Dpop> {
        match self {
            Self::OAuth(policy) => policy.bound_tokens.dpop(),
            Self::ApiKey(_) | Self::Public => None,
        }
    }
}

impl Compiled {
    /// How callers authenticate, in the word of metrics and logs.
    #[must_use]
    pub const fn method(&self) -> AuthMethod {
        match self.authenticator {
            Authenticator::OAuth(_) => AuthMethod::OAuth,
            Authenticator::ApiKey(_) => AuthMethod::ApiKey,
            Authenticator::Public => AuthMethod::Public,
        }
    }

    /// Whether its callers bring no credential.
    #[must_use]
    pub const fn is_public(&self) -> bool {
        matches!(self.authenticator, Authenticator::Public)
    }

    /// What the path of a request is in the binding HTTP+JSON of A2A.
    #[must_use]
    pub fn rest_path(&self, method: &Method, path: &str) -> RestPath {
        RestPath::of(method, &self.upstream.base_path, self.route.forwarded(path))
    }

    /// The form in which a refused request to this path is answered.
    #[must_use]
    pub fn error_form(&self, method: &Method, path: &str) -> ErrorForm {
        match &self.protocol {
            Protocol::Http => ErrorForm::Problem,
            Protocol::Mcp(_) if *method == Method::POST => ErrorForm::JsonRpc,
            Protocol::Mcp(_) => ErrorForm::Problem,
            Protocol::A2a(_) => match self.rest_path(method, path).binding(method) {
                Binding::JsonRpc => ErrorForm::JsonRpc,
                Binding::Rest => ErrorForm::Rest,
            },
        }
    }

    /// The places besides the header that may hold a token.
    fn also(&self) -> &[TokenLocation] {
        match &self.authenticator {
            Authenticator::OAuth(policy) => &policy.also,
            Authenticator::ApiKey(_) | Authenticator::Public => &[],
        }
    }

    /// Whether callers may send their token in the query.
    #[must_use]
    pub fn reads_query(&self) -> bool {
        self.also().iter().any(|place| matches!(place, TokenLocation::Query(_)))
    }

    /// The query without tokens; `None` when it has none.
    #[must_use]
    pub fn query_to_forward(&self, query: &[u8]) -> Option<Vec<u8>> {
        if self.reads_query() { authn::query_without(self.also(), query) } else { None }
    }

    /// Removes tokens from cookies and subprotocols, where the agent reads them there.
    pub fn strip_credentials(&self, headers: &mut HeaderMap) {
        if !self.also().is_empty() {
            authn::strip(self.also(), headers);
        }
    }

    /// The subprotocol for the response to a WebSocket handshake, when none of those offered was forwarded.
    #[must_use]
    pub fn answered_protocol(&self, sent: &HeaderMap) -> Option<HeaderValue> {
        let reads = self.also().contains(&TokenLocation::WebSocketProtocol);
        if reads { authn::answered_protocol(sent) } else { None }
    }

    /// Whether a client's header of that name is the credential, or a proof for it, and is forwarded.
    #[must_use]
    pub fn hands_on(&self, name: &HeaderName) -> bool {
        let is_proof = *name == DPOP;
        match &self.authenticator {
            Authenticator::OAuth(policy) => match policy.forward_token {
                ForwardToken::AsItCame => is_proof || *name == policy.header,
                ForwardToken::Moved { .. } => is_proof,
                ForwardToken::No => false,
            },
            Authenticator::ApiKey(_) => false,
            // Whatever its callers prove, they prove it to the agent itself.
            Authenticator::Public => is_proof,
        }
    }

    /// How proofs of possession are checked, where they are.
    #[must_use]
    pub fn dpop(&self) -> Option<&Dpop> {
        self.authenticator.dpop()
    }

    /// The nonce for a response (RFC 9449 section 8).
    #[must_use]
    pub fn next_nonce(&self, which: NextNonce, now: Instant) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.dpop()?.nonce(which, now)?).ok()
    }

    /// Whether the agent receives nothing of a caller's credential.
    #[must_use]
    pub fn removes_credential(&self) -> bool {
        match &self.authenticator {
            Authenticator::OAuth(policy) => policy.forward_token == ForwardToken::No,
            Authenticator::ApiKey(_) => true,
            Authenticator::Public => false,
        }
    }

    /// The header with the token of a request, where the agent receives it in another header.
    #[must_use]
    pub fn moved_token(&self, sent: &HeaderMap, query: Option<&[u8]>) -> Option<(&HeaderName, HeaderValue)> {
        match &self.authenticator {
            Authenticator::OAuth(policy) => policy.moved(sent, query),
            Authenticator::ApiKey(_) | Authenticator::Public => None,
        }
    }

    /// Whether a client's header of that name is removed: the agent's credential unless it is forwarded, a credential of
    /// the other kind, and every spelling of a header that the gateway sets.
    #[must_use]
    pub fn withholds(&self, name: &HeaderName) -> bool {
        let credential = match &self.authenticator {
            Authenticator::OAuth(policy) if *name == policy.header => {
                policy.forward_token != ForwardToken::AsItCame
            }
            Authenticator::OAuth(policy) => name == "x-api-key" || policy.forward_token.guards(name),
            Authenticator::ApiKey(policy) => *name == policy.header || name == http::header::AUTHORIZATION,
            Authenticator::Public => false,
        };
        credential
            || self.entry.claim_headers.guards(name.as_str())
            || self.upstream.set_headers.guards(name)
            || self.assertion_headers.iter().any(|header| reduced_eq(header.as_str(), name.as_str()))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::authn::Scheme;
    use crate::authz::{ClaimHeaders, Rules};
    use crate::model::HostRule;
    use crate::telemetry::Metrics;
    use crate::upstream::{Endpoint, SetHeaders, UpstreamHost, UpstreamProtocol};
    use std::time::Duration;

    /// A public agent at a route, for tests of other files.
    pub(crate) fn public_agent(name: &str, host: Option<&str>, path: &str) -> Compiled {
        agent(name, host, path, Authenticator::Public)
    }

    pub(crate) fn agent(
        name: &str,
        host: Option<&str>,
        path: &str,
        authenticator: Authenticator,
    ) -> Compiled {
        let name = AgentName::parse(name).unwrap();
        Compiled {
            metrics: Metrics::new().unwrap().agent(&name),
            name,
            display_name: None,
            route: Route {
                hosts: host.iter().map(|host| HostRule::parse(host).unwrap()).collect(),
                methods: None,
                path: path.to_owned(),
                strip_path: false,
            },
            taken_prefix: None,
            public_url: None,
            protocol: Protocol::Http,
            upstream_challenge: UpstreamChallenge::Pass,
            upstream: Upstream {
                endpoint: Arc::new(Endpoint::new("127.0.0.1", 9)),
                targets: None,
                protocol: UpstreamProtocol::Auto,
                tls: None,
                authority: HeaderValue::from_static("127.0.0.1:9"),
                host: UpstreamHost::Fixed(HeaderValue::from_static("127.0.0.1:9")),
                set_headers: SetHeaders::default(),
                base_path: String::new(),
                connect_timeout: Duration::from_secs(5),
                response_timeout: Duration::from_secs(60),
                stream_idle_timeout: None,
                idle_timeout: Duration::from_secs(30),
            },
            authenticator,
            entry: Entry {
                number: next_id(),
                requirements: None,
                rules: Rules::default(),
                claim_headers: ClaimHeaders::default(),
                operations: None,
                counted: Box::default(),
                assertion: None,
            },
            assertions: None,
            assertion_headers: Arc::default(),
            cors: None,
            max_body: None,
            max_in_flight: 4_096,
            slots: AgentSlots::default(),
            limits: None,
            websocket: true,
            policy: next_id(),
            on_policy_change: OnPolicyChange::default(),
            at_expiry: AtExpiry::default(),
            enforcement: Enforcement::Enforce,
        }
    }

    #[test]
    fn credentials_of_either_kind_are_removed() {
        let key = agent(
            "k",
            None,
            "/k",
            Authenticator::ApiKey(ApiKeyPolicy {
                header: "x-key".parse().unwrap(),
                scheme: Scheme::bare(),
                keys: Arc::default(),
                denials: Arc::default(),
            }),
        );
        let public = public_agent("p", None, "/p");
        for (agent, name, wanted) in [
            (&key, "x-key", true),
            (&key, "authorization", true),
            (&key, "accept", false),
            (&public, "authorization", false),
            (&public, "x-api-key", false),
        ] {
            assert_eq!(agent.withholds(&name.parse().unwrap()), wanted, "{name} at {}", agent.name);
        }
    }
}
