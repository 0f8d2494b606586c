//! The audiences of an agent: those that are written, and for one that speaks MCP the forms of its URL (RFC 8707).
//!
//! They come from settings alone: what a request says of its host is never an audience.

use super::input::Input;
use super::protocol;
use crate::authn::AudienceClaim;
use crate::config::language::settings::agent::{AgentEntry, AudienceKind, OAuth, Spoken};

/// The audiences of which a token must name one.
pub(super) fn all(input: &Input<'_>, entry: &AgentEntry, oauth: &OAuth) -> Vec<String> {
    let mut all = oauth.audiences.clone();
    if oauth.audience == AudienceKind::Resource && oauth.audience_claim == AudienceClaim::Aud {
        all.extend(resources(input, entry).into_iter().filter(|form| !oauth.audiences.contains(form)));
    }
    all
}

/// The forms of the agent's URL, where it speaks MCP and its origin is known.
fn resources(input: &Input<'_>, entry: &AgentEntry) -> Vec<String> {
    if entry.protocol != Spoken::Mcp {
        return Vec::new();
    }
    let forms = protocol::forms(entry);
    let origins = entry.origins(input.document.server.public_url.as_ref());
    origins.iter().flat_map(|origin| forms.all().map(move |path| format!("{origin}{path}"))).collect()
}
