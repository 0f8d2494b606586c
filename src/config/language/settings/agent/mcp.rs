//! `protocol` and `mcp`: what an agent speaks, and what its clients are told.

use std::path::PathBuf;

use super::super::super::fields::Fields;
use super::super::super::section::section;
use super::super::super::shape::Shape;
use super::super::super::value::{Boxed, Placed, Value};
use super::super::super::values::{FilePath, Flag, Label, List, RoutePath, Size, bad_url, some_text, words};
use super::super::super::web::{has_credentials, is_plain};

use super::super::scope::Scope;
use super::{AgentSettings, Auth, McpRules, Origins};
use crate::authz::Listing;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::{Place, Spanned};
use crate::config::text::yaml::{Kind, Node};

/// `protocol`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoken {
    /// HTTP.
    Http,
    /// MCP over HTTP.
    Mcp,
    /// A2A over HTTP.
    A2a,
}

words!(Spoken { Http = "http", Mcp = "mcp", A2a = "a2a" });

words!(Listing { All = "all", Obtainable = "obtainable", Permitted = "permitted" });

section! {
    /// `mcp`
    #[derive(Debug, Clone, PartialEq)]
    pub struct Mcp = "`mcp`", default {
        /// the path behind the route that MCP clients are given; / is the route itself
        endpoint: String as Endpoint = "/mcp".to_owned();
        /// origins whose pages may call the agent, or "*" for all; default those of `cors`. Without either, a listener on
        /// loopback serves pages of its own machine alone
        allowed_origins: Option<Origins> as Origins;
        /// the scopes that clients should ask for; empty: those that `auth.oauth.scopes` names; offline_access is
        /// left out
        scopes_supported: Vec<String> as List<Scope> = Vec::new();
        /// the name that clients show; default `display_name`
        resource_name: Option<String> as Label;
        /// where people read about the agent, for clients to show
        documentation: Option<String> as PageUrl;
        /// whether the host's root tells clients about this agent too; one agent of a host can
        root_metadata: Spanned<bool> as Placed<Flag> = Spanned::new(false, Place::WHOLE);
        /// who may use which method, tool, resource and prompt; absent: whoever may call the agent may use all
        rules: Option<Box<McpRules>> as Boxed<McpRules>;
        /// the longest message that is read for the rules; longer ones get 413
        max_message: u64 as Size<1024, { 64 << 20 }> = 1 << 20;
        /// which entries lists show at an agent with rules: all, those that the caller could use with more scopes
        /// (obtainable), or those that it may use now (permitted)
        listing: Listing as Listing = Listing::Obtainable;
        /// the longest list that is read for the rules; a longer one is 502
        max_list: u64 as Size<1024, { 64 << 20 }> = 4 << 20;
        /// decide by Mcp-Method and Mcp-Name without reading messages: only where the agent itself compares them with the
        /// message
        trust_mirrored_headers: bool as Flag = false;
        /// the file with the key that binds session ids to their callers, for gateways that share their sessions: 64
        /// hexadecimal digits, and below it the key before, if there was one; read again when it changes. Default: that of
        /// `server.state_dir`, else one of the process
        session_key_file: Option<Spanned<PathBuf>> as Placed<FilePath>;
    }
    impl { const STRICT: bool = true; }
}

/// Refuses a block for a protocol that the agent does not speak, and root metadata that nobody would be told.
pub(super) fn check(fields: &Fields<'_>, agent: &AgentSettings) {
    let Some((place, _)) = fields.entry("mcp") else { return };
    if speaks_another(fields, agent) {
        let message = "`mcp` at an agent that does not speak MCP";
        let help = "write `protocol: mcp` beside it, or remove the block";
        fields.report().say(Code::ProtocolBlock, place, message, help);
    }
    trusted_headers(fields, agent);
    let root = agent.mcp.as_ref().map(|mcp| mcp.root_metadata).filter(|root| root.value);
    if let (Some(root), Auth::ApiKey(_) | Auth::Public) = (root, &agent.auth.value) {
        let message = "only agents with `auth.oauth` have metadata";
        fields.report().say(Code::RootMetadata, root.place, message, "remove `root_metadata`");
    }
}

/// Whether another protocol is written, or none. A word that is none was reported.
pub(super) fn speaks_another(fields: &Fields<'_>, agent: &AgentSettings) -> bool {
    let word = fields.node("protocol").map(|node| &node.kind);
    let is_other = |text: &str| matches!(text, "http" | "a2a");
    let is_other = word.is_none_or(|kind| matches!(kind, Kind::Scalar(scalar) if is_other(&scalar.text)));
    agent.protocol != Spoken::Mcp && is_other
}

/// Says what it means to believe the head of a request.
fn trusted_headers(fields: &Fields<'_>, agent: &AgentSettings) {
    let Some(mcp) = agent.mcp.as_deref().filter(|mcp| mcp.trust_mirrored_headers) else { return };
    let Some(place) = fields.node("mcp").and_then(|node| node.member("trust_mirrored_headers")) else {
        return;
    };
    if mcp.rules.is_none() {
        let message = "`trust_mirrored_headers` without `rules` changes nothing";
        fields.report().say(Code::TrustedHeaders, place.place, message, "add `rules`, or remove it");
        return;
    }
    let message = "rules are decided by Mcp-Method and Mcp-Name alone: a caller passes them with a message that says \
                   something else, unless the agent compares the two";
    let help = "keep it only if the agent refuses such messages itself (MCP 2026-07-28); `completion/complete` and \
                `subscriptions/listen` are judged by `methods` and `unlisted` alone";
    fields.report().say(Code::TrustedHeaders, place.place, message, help);
}

/// A path behind a route, without a slash at its end; empty for the route itself.
enum Endpoint {}

impl Value for Endpoint {
    type Read = String;
    const SHAPE: Shape = RoutePath::SHAPE;

    fn read(report: &Report<'_>, node: &Node) -> Option<String> {
        RoutePath::read(report, node).map(|path| path.trim_end_matches('/').to_owned())
    }

    fn shown(read: &String) -> Option<String> {
        Some(if read.is_empty() { "/" } else { read }.to_owned())
    }
}

/// The URL of a page.
enum PageUrl {}

impl Value for PageUrl {
    type Read = String;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<String> {
        let text = some_text(report, node)?;
        let is_page = url::Url::parse(&text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !is_page || !is_plain(&text) || has_credentials(&text) {
            let help = "write a whole URL, such as `https://docs.example.com/agents/a`";
            bad_url(report, node, &text, "people cannot open this as a page", help);
            return None;
        }
        Some(text)
    }
}
