//! Tokens and challenges that would pass between an agent that speaks MCP and its callers: what its protocol forbids is an
//! error unless the operator writes that it is known, and what has no effect is one, too.

use super::super::super::fields::Fields;
use super::{AgentSettings, Auth, Known, Spoken};
use crate::authn::ForwardToken;
use crate::config::text::code::Code;
use crate::routing::UpstreamChallenge;

/// Looks at what the protocol of an agent says about its other settings.
pub(super) fn check(fields: &Fields<'_>, agent: &AgentSettings) {
    match agent.protocol {
        Spoken::Http => refuse_lost_challenge(fields, agent),
        Spoken::Mcp => refuse_passthrough(fields, agent),
        Spoken::A2a => {}
    }
}

fn refuse_lost_challenge(fields: &Fields<'_>, agent: &AgentSettings) {
    if let (Some((place, _)), UpstreamChallenge::Replace) =
        (fields.entry("upstream_challenge"), agent.upstream_challenge)
    {
        let message = "the challenges of an agent that speaks HTTP always pass";
        let help = "write `protocol: mcp` beside it, or remove it";
        fields.report().say(Code::ProtocolBlock, place, message, help);
    }
}

fn refuse_passthrough(fields: &Fields<'_>, agent: &AgentSettings) {
    let Auth::OAuth(oauth) = &agent.auth.value else { return };
    if oauth.forward_token == ForwardToken::No || oauth.i_know.contains(&Known::TokenPassthrough) {
        return;
    }
    let node = fields.node("auth").and_then(|auth| auth.member("oauth")?.member("forward_token"));
    let message = "the agent would receive its callers' tokens, and MCP forbids that (\"Token Passthrough\")";
    let help = "remove `forward_token`, and hand over single claims with `claim_headers`; if the agent checks these tokens \
                itself, write `i_know: [token_passthrough]` beside it";
    fields.report().say(
        Code::TokenPassthrough,
        node.map_or(agent.auth.place, |node| node.place),
        message,
        help,
    );
}
