//! What an agent's settings say about the audience of tokens.

use super::super::super::fields::Fields;
use super::super::super::values::words;
use super::super::server::PublicUrl;
use super::AgentSettings;
use crate::config::text::code::Code;
use crate::config::text::yaml::{Kind, Node};
use crate::model::HostRule;

/// `auth.oauth.audience`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AudienceKind {
    /// Those of `audiences`, and what the agent's protocol gives.
    Resource,
    /// Those of `audiences` alone.
    Custom,
}

words!(AudienceKind { Resource = "resource", Custom = "custom" });

impl AgentSettings {
    /// The origins under which callers reach the agent, as far as settings say: its own public URL, else that of the gateway
    /// with the hosts of the route. A wildcard names no host.
    #[must_use]
    pub fn origins(&self, of_gateway: Option<&PublicUrl>) -> Vec<String> {
        if let Some(own) = &self.public_url {
            return vec![own.to_string()];
        }
        let Some(of_gateway) = of_gateway else { return Vec::new() };
        if self.route.hosts.is_empty() {
            return vec![of_gateway.to_string()];
        }
        let exact = self.route.hosts.iter().filter_map(|host| match host {
            HostRule::Exact(host) => Some(of_gateway.of(Some(host), "")),
            HostRule::OneBelow(_) => None,
        });
        exact.collect()
    }
}

/// Refuses `auth.oauth` whose audiences are to be those that are written, where none is.
pub(super) fn refuse_custom_without_any(fields: &Fields<'_>) {
    let Some(node) = fields.node("audience").filter(|node| is_word(node, "custom")) else { return };
    if fields.node("audiences").is_none_or(is_empty) {
        let message = "`audience: custom` takes the audiences from `audiences`, and there are none";
        let help =
            "name what `aud` of the provider's tokens holds under `audiences`, such as `api://refunds`";
        fields.report().say(Code::AudienceMissing, node.place, message, help);
    }
}

/// Warns of an agent that takes tokens for any audience. One that speaks MCP takes those for its own URL, or it is refused.
///
/// A list that was written and could not be read must not pass for an empty one: the warning would be wrong.
pub(super) fn warn_of_any(fields: &Fields<'_>) {
    if fields.node("protocol").is_some_and(|node| is_word(node, "mcp")) {
        return;
    }
    let Some(Kind::Map(auth)) = fields.node("auth").map(|node| &node.kind) else { return };
    let Some((key, oauth)) = auth.iter().find(|(key, _)| key.text == "oauth") else { return };
    let Kind::Map(_) = &oauth.kind else { return };
    let place = match oauth.member("audiences") {
        None => key.place,
        Some(node) if is_empty(node) => node.place,
        Some(_) => return,
    };
    if oauth.member("audience").is_some_and(|node| is_word(node, "custom")) {
        // An error already.
        return;
    }
    let message = "the audience is not checked: a token made for another service opens this agent";
    let help = "name this agent's audience under `audiences`";
    fields.report().say(Code::AudienceUnchecked, place, message, help);
}

fn is_empty(node: &Node) -> bool {
    matches!(&node.kind, Kind::List(items) if items.is_empty())
}

fn is_word(node: &Node, word: &str) -> bool {
    matches!(&node.kind, Kind::Scalar(scalar) if scalar.text == word)
}
