//! An agent and the API keys that open it, as they were written.

use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};
use serde_json::Value;
use url::Url;

use crate::authn::{AudienceClaim, BoundTokens, Elsewhere, ForwardToken};
use crate::authz::BeyondAscii;
use crate::model::{AgentName, Digest, Enforcement, HostRule, OnPolicyChange, ProviderName};
use crate::routing::AllowedOrigin;

use crate::config::text::source::Spanned;

/// One of `agents`. Two are equal when they say the same, wherever it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentEntry {
    /// Its name.
    pub name: Spanned<AgentName>,
    /// The name that people see.
    pub display_name: Option<String>,
    /// Where it answers.
    pub route: Spanned<Route>,
    /// Where it is.
    pub upstream: Upstream,
    /// Who may call.
    pub auth: Spanned<Auth>,
    /// Answers to browsers of other origins.
    pub cors: Option<Box<Cors>>,
    /// The largest request body, in bytes.
    pub max_body: Option<u64>,
    /// The most requests under way.
    pub max_in_flight: usize,
    /// Whether WebSocket upgrades pass.
    pub websocket: bool,
    /// `streams.on_policy_change`
    pub on_policy_change: OnPolicyChange,
    /// What a refusal does.
    pub enforcement: Enforcement,
}

/// `route`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Route {
    /// The canonical path prefix: begins with a slash and, but for `/` itself, does not end with one.
    pub path: String,
    /// Only for these hosts; empty is every host.
    pub hosts: Box<[HostRule]>,
    /// Only these methods; empty is every one.
    pub methods: Box<[Method]>,
    /// Whether the prefix is taken off.
    pub strip_path: bool,
}

/// `upstream`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// Scheme, host, port, and a canonical path without a slash at its end (but for `/` alone).
    pub url: Spanned<Url>,
    /// The unix socket over which that URL is spoken; its host is `localhost` then.
    pub socket: Option<Box<str>>,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long the head of the answer may take, from the end of the request on.
    pub response_timeout: Duration,
    /// How long an answer or a tunnel may be silent; `None` = for ever.
    pub stream_idle_timeout: Option<Duration>,
    /// How long a kept connection may rest and still be used.
    pub idle_timeout: Duration,
    /// Extra trust for its certificate.
    pub ca_file: Option<Spanned<PathBuf>>,
    /// The `Host` that it gets.
    pub host: UpstreamHost,
    /// Headers that it gets with every request.
    pub set_headers: Vec<SetHeader>,
}

/// One of `upstream.set_headers`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetHeader {
    /// Its name.
    pub name: Spanned<HeaderName>,
    /// Its value.
    pub value: SetValue,
}

/// The value of a header that is set. It is a secret, and its `Debug` says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetValue {
    /// This text.
    Text(HeaderValue),
    /// What stands in this file.
    File(Spanned<PathBuf>),
}

/// `upstream.host`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpstreamHost {
    /// `rewrite`: the authority of its URL.
    Rewrite,
    /// `preserve`: that of the caller.
    Preserve,
    /// A host, perhaps with a port.
    Name(String),
}

/// `auth`
#[derive(Debug, Clone, PartialEq)]
pub enum Auth {
    /// Callers bring a token.
    OAuth(Box<OAuth>),
    /// Callers bring an API key.
    ApiKey(ApiKeyAuth),
    /// Everybody may call, on purpose.
    Public,
}

/// `auth.api_key`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyAuth {
    /// The header with the key.
    pub header: HeaderName,
    /// The word before the key; empty is the bare key.
    pub prefix: String,
}

/// `auth.oauth`
#[derive(Debug, Clone, PartialEq)]
pub struct OAuth {
    /// Whose tokens are accepted; at least one.
    pub identity_providers: Vec<Spanned<ProviderName>>,
    /// Any of these; empty does not check the audience.
    pub audiences: Vec<String>,
    /// Where a token names them.
    pub audience_claim: AudienceClaim,
    /// The header with the token.
    pub header: HeaderName,
    /// The word before the token; empty is the bare token.
    pub prefix: String,
    /// Where else the token may stand.
    pub also: Vec<Elsewhere>,
    /// Whether the token goes on, and how.
    pub forward_token: ForwardToken,
    /// Scopes that the token must have.
    pub scopes: Scopes,
    /// Claims that the token must have.
    pub claims: ClaimRules,
    /// Claims that the agent gets as headers.
    pub claim_headers: Vec<(String, HeaderName)>,
    /// `claim_header_text`
    pub beyond_ascii: BeyondAscii,
    /// The longest `exp` - `iat`.
    pub max_token_lifetime: Option<Duration>,
    /// `sender_constraint.cnf`
    pub bound_tokens: BoundTokens,
}

/// `auth.oauth.scopes`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scopes {
    /// Every one of these.
    pub all_of: Vec<String>,
    /// At least one of these, when there are any.
    pub any_of: Vec<String>,
}

/// `auth.oauth.claims`
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClaimRules {
    /// Every one of these.
    pub all_of: Vec<ClaimRule>,
    /// At least one of these, when there are any.
    pub any_of: Vec<ClaimRule>,
}

/// One rule of `auth.oauth.claims`
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimRule {
    /// The name of the claim.
    pub claim: String,
    /// What it may be: strings, numbers and truth values; at least one.
    pub values: Vec<Value>,
    /// Whether the names of an object's members are meant.
    pub keys_of: bool,
}

/// `cors`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cors {
    /// Which origins; at least one.
    pub allowed_origins: Origins,
    /// Request methods; empty is GET, HEAD, POST.
    pub allowed_methods: Vec<Method>,
    /// Request headers; empty is the credential header and Content-Type.
    pub allowed_headers: Vec<HeaderName>,
    /// Response headers that a page may read.
    pub exposed_headers: Vec<HeaderName>,
    /// Whether browsers may send cookies along.
    pub allow_credentials: bool,
    /// How long a browser may remember the answer.
    pub max_age: Duration,
}

/// `cors.allowed_origins`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// `*`
    Any,
    /// These.
    These(Vec<AllowedOrigin>),
}

/// One of `api_keys`
#[derive(Debug, Clone)]
pub struct ApiKeyEntry {
    /// The id inside the key: 8 base62 characters.
    pub id: Spanned<String>,
    /// The agent that it opens.
    pub agent: Spanned<AgentName>,
    /// Who has it.
    pub name: Option<String>,
    /// Of the whole key as sent.
    pub sha256: Spanned<Digest>,
    /// When it was made.
    pub created_at: Option<jiff::Timestamp>,
    /// Refused as expired from then on.
    pub expires_at: Option<jiff::Timestamp>,
    /// Refused as revoked from then on.
    pub revoked_at: Option<jiff::Timestamp>,
}

impl AgentEntry {
    /// The same, from a source that has another number now. Each field is named, so that no new one is forgotten.
    pub(in crate::config) fn move_to(&mut self, source: usize) {
        let Self {
            name,
            display_name: _,
            route,
            upstream:
                Upstream {
                    url,
                    socket: _,
                    connect_timeout: _,
                    response_timeout: _,
                    stream_idle_timeout: _,
                    idle_timeout: _,
                    ca_file,
                    host: _,
                    set_headers,
                },
            auth,
            cors: _,
            max_body: _,
            max_in_flight: _,
            websocket: _,
            on_policy_change: _,
            enforcement: _,
        } = self;
        name.place.move_to(source);
        route.place.move_to(source);
        url.place.move_to(source);
        ca_file.iter_mut().for_each(|file| file.place.move_to(source));
        for SetHeader { name, value } in set_headers {
            name.place.move_to(source);
            match value {
                SetValue::Text(_) => {}
                SetValue::File(file) => file.place.move_to(source),
            }
        }
        auth.place.move_to(source);
        if let Auth::OAuth(oauth) = &mut auth.value {
            let OAuth {
                identity_providers,
                audiences: _,
                audience_claim: _,
                header: _,
                prefix: _,
                also: _,
                forward_token: _,
                scopes: _,
                claims: _,
                claim_headers: _,
                beyond_ascii: _,
                max_token_lifetime: _,
                bound_tokens: _,
            } = &mut **oauth;
            identity_providers.iter_mut().for_each(|name| name.place.move_to(source));
        }
    }
}

impl ApiKeyEntry {
    /// The same, from a source that has another number now.
    pub(in crate::config) fn move_to(&mut self, source: usize) {
        let Self { id, agent, name: _, sha256, created_at: _, expires_at: _, revoked_at: _ } = self;
        id.place.move_to(source);
        agent.place.move_to(source);
        sha256.place.move_to(source);
    }
}
