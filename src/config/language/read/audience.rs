//! The audience of agents that speak MCP (RFC 8707, RFC 9728): their URL, which some setting must say.

use super::super::document::Document;
use super::super::settings::agent::{AgentEntry, AudienceKind, Auth, OAuth, Spoken};
use super::super::settings::server::PublicUrl;
use crate::authn::AudienceClaim;
use crate::config::text::code::Code;
use crate::config::text::findings::Findings;
use crate::model::ProviderName;

/// Refuses agents whose tokens could be for anybody.
pub(super) fn check(findings: &Findings, document: &Document) {
    let of_gateway = document.server.public_url.as_ref();
    for agent in &document.agents {
        let Auth::OAuth(oauth) = &agent.auth.value else { continue };
        if agent.protocol == Spoken::Mcp
            && oauth.audiences.is_empty()
            && oauth.audience == AudienceKind::Resource
        {
            refuse(findings, agent, oauth, of_gateway);
        } else if oauth.audiences.is_empty() || oauth.audience_claim == AudienceClaim::ClientId {
            refuse_svids(findings, document, (agent, oauth));
        }
    }
}

/// A JWT-SVID is for its audience alone (SPIFFE JWT-SVID section 3): without one, what a workload shows to another service would
/// open the agent.
fn refuse_svids(findings: &Findings, document: &Document, (agent, oauth): (&AgentEntry, &OAuth)) {
    let is_domain = |name: &ProviderName| {
        let mut providers = document.identity_providers.iter();
        providers.any(|provider| provider.id.value == *name && provider.spiffe.is_some())
    };
    if let Some(name) = oauth.identity_providers.iter().find(|name| is_domain(&name.value)) {
        let (what, help) = match oauth.audience_claim {
            AudienceClaim::Aud => {
                ("the agent says of none that it is for it", "write `audiences`, as workloads ask for them")
            }
            AudienceClaim::ClientId => (
                "whom they are for is in `aud` alone",
                "leave `audience_claim` out, or make an agent of its own for the workloads",
            ),
        };
        let message = format!("tokens of `{}` are JWT-SVIDs, and {what}", name.value);
        agent.report(findings).say(Code::AudienceMissing, name.place, message, help);
    }
}

fn refuse(findings: &Findings, agent: &AgentEntry, oauth: &OAuth, of_gateway: Option<&PublicUrl>) {
    let (message, help) = match oauth.audience_claim {
        AudienceClaim::ClientId => (
            "`audience_claim: client_id` at an agent that names no client",
            "name the clients that may call under `audiences`",
        ),
        AudienceClaim::Aud if agent.origins(of_gateway).is_empty() => (
            "a token for this agent is one for its URL, and no setting says what that is",
            "write `public_url: https://...` here or in `server`, or name the audience under `audiences`",
        ),
        AudienceClaim::Aud => return,
    };
    agent.report(findings).say(Code::AudienceMissing, agent.auth.place, message, help);
}
