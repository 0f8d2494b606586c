//! `agents`: what is behind the gateway.

mod a2a;
mod affinity;
mod agent_url;
mod api_key;
mod assertion;
mod audience;
mod auth;
mod balance;
mod claims;
mod cors;
mod eject;
mod forward_token;
mod grpc;
mod health;
mod i_know;
mod mcp;
mod name;
mod oauth;
mod passthrough;
mod public_url;
mod push_host;
mod require;
mod retry;
mod route;
mod rules;
mod sender_constraint;
mod set_headers;
mod streams;
mod targets;
mod token_places;
mod upstream;

use super::super::fields::Fields;
use super::super::section::section;
use super::super::value::{Boxed, Placed};
use super::super::values::{Count, Flag, Label, Size, header_conflict, words};
use super::limit::{LimitList, LimitSettings};
use super::resource::Resource;
use crate::authn::ForwardToken;
use crate::config::text::source::Spanned;
use crate::model::{AgentName, Enforcement, reduced_eq};
use crate::routing::UpstreamChallenge;

pub(in crate::config) use a2a::{A2a, CardFrom};
pub use agent_url::AgentUrl;
pub use api_key::ApiKeyAuth;
pub(in crate::config) use assertion::AssertionSettings;
pub(in crate::config) use audience::AudienceKind;
pub use auth::Auth;
pub use claims::{ClaimRule, ClaimRules, Scopes};
pub use cors::{Cors, Origins};
pub(in crate::config) use eject::Eject;
pub(in crate::config) use health::Health;
pub use mcp::{Mcp, Spoken};
pub use oauth::OAuth;

pub(in crate::config) use require::Require;
pub(in crate::config) use retry::Retry;
pub use route::Route;
pub(in crate::config) use rules::{A2aRules, McpRules, NamedRules, OperationRule};
pub use sender_constraint::SenderConstraint;
pub(in crate::config) use sender_constraint::{BindingMode, Cnf, NonceMode};
pub use set_headers::{SetHeader, SetValue};
pub use streams::Streams;
pub(in crate::config) use targets::Target;
pub use upstream::{Upstream, UpstreamHost};

use i_know::Known;
pub(in crate::config) use name::NameOf;
use public_url::PublicOrigin;

/// One of `agents`
pub type AgentEntry = Resource<AgentName, AgentSettings>;

section! {
    /// One of `agents`
    #[derive(Debug, Clone, PartialEq)]
    pub struct AgentSettings = "an agent" {
        /// the name that people see; default the agent's name
        display_name: Option<String> as Label;
        /// the path prefix at which the agent answers
        route: Spanned<Route> as Placed<Route>, required;
        /// the URL of the agent, or the URLs of several
        upstream: Box<Upstream> as Boxed<Upstream>, required;
        /// who may call: exactly one of oauth, api_key, or the word public
        auth: Spanned<Auth> as Placed<Auth>, required;
        /// the origin under which callers reach the agent, such as https://agents.example.com; default
        /// `server.public_url`
        public_url: Option<Box<str>> as PublicOrigin;
        /// what the agent speaks: http, mcp, or a2a
        protocol: Spoken as Spoken = Spoken::Http;
        /// what clients of an agent that speaks MCP are told
        mcp: Option<Box<Mcp>> as Boxed<Mcp>;
        /// what becomes of the agent's own 401 and 403, where it speaks MCP: replace: its challenge is removed, and a 401
        /// after the caller's credential was removed becomes a 502; or pass
        upstream_challenge: UpstreamChallenge as UpstreamChallenge = UpstreamChallenge::Replace;
        /// what the gateway does for an agent that speaks a2a
        a2a: Option<Box<A2a>> as Boxed<A2a>;
        /// what the gateway tells the agent of its callers, in a JWT that it signs; absent is nothing
        assertion: Option<Spanned<Box<AssertionSettings>>> as Placed<Boxed<AssertionSettings>>;
        /// answers to browsers of other origins; absent is none
        cors: Option<Box<Cors>> as Boxed<Cors>;
        /// the largest request body; default no limit
        max_body: Option<u64> as Size<1, { 1 << 40 }>;
        /// the most requests under way at the agent
        max_in_flight: usize as Count<1, { 1 << 20 }> = 4096;
        /// how often, and how many at once, its callers may ask
        limits: Vec<LimitSettings> as LimitList = Vec::new();
        /// whether WebSocket upgrades pass
        websocket: bool as Flag = true;
        /// what ends running streams
        streams: Streams as Streams = Streams::default();
        /// enforce, or shadow: decide, count and log, but let through
        enforcement: Enforcement as Enforcement = Enforcement::Enforce;
    }
    impl {
        fn check(fields: &Fields<'_>, read: Option<&Self>) {
            audience::warn_of_any(fields);
            if let Some(agent) = read {
                refuse_lost_headers(fields, agent);
                mcp::check(fields, agent);
                passthrough::check(fields, agent);
                affinity::check(fields, agent);
                grpc::check(fields, agent);
                a2a::check(fields, agent);
                rules::check(fields, agent);
                assertion::check(fields, agent);
            }
        }
    }
}

words!(UpstreamChallenge { Replace = "replace", Pass = "pass" });
words!(Enforcement { Enforce = "enforce", Shadow = "shadow" });

/// Headers that are set must not be those of claims or of the token: one of both would be lost.
fn refuse_lost_headers(fields: &Fields<'_>, agent: &AgentSettings) {
    let Auth::OAuth(oauth) = &agent.auth.value else { return };
    for SetHeader { name, .. } in &agent.upstream.set_headers {
        let is = |other: &http::HeaderName| reduced_eq(other.as_str(), name.as_str());
        if oauth.claim_headers.iter().any(|(_, header)| is(header)) {
            header_conflict(fields.report(), name.place, name, "is set from a claim already");
        }
        if matches!(&oauth.forward_token, ForwardToken::Moved { header, .. } if is(header)) {
            header_conflict(fields.report(), name.place, name, "is the header in which the token goes on");
        }
    }
}
