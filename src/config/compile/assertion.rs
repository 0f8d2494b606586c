//! What agents are told of their callers in assertions.

use std::sync::Arc;

use http::HeaderName;

use super::input::Input;
use super::made::Agents;
use crate::authz::{Assertion, USUAL_HEADER};
use crate::config::language::settings::agent::{AgentEntry, AgentUrl, AssertionSettings};
use crate::config::text::code::Code;
use crate::config::text::source::Spanned;
use crate::model::Enforcement;
use crate::routing::Agent;

/// The terms for this agent; none where it gets no assertion: by its settings, or as everything that it gets is to be taken as
/// unproven while it is in shadow mode.
pub(super) fn of(input: &Input<'_>, entry: &AgentEntry) -> Option<Box<Assertion>> {
    let written = &entry.assertion.as_ref()?.value;
    let terms = || {
        Some(Assertion {
            header: written.header.value.clone(),
            issuer: input.document.server.public_url.as_ref()?.to_string().into(),
            audience: audience(entry, written)?.into(),
            ttl: written.ttl,
            claims: written.claims.clone().into(),
            on_public: written.on_public,
            algorithm: written.alg.value,
        })
    };
    match entry.enforcement {
        Enforcement::Enforce => terms().map(Box::new),
        Enforcement::Shadow => None,
    }
}

/// Whether the agent that runs was compiled to the same.
pub(super) fn is_same(input: &Input<'_>, all: &Agents, entry: &AgentEntry, agent: &Agent) -> bool {
    of(input, entry) == agent.entry.assertion && all.assertion_headers == agent.assertion_headers
}

/// The headers in which agents get assertions, but for the usual one, in the order of their names.
pub(super) fn headers(input: &Input<'_>) -> Arc<[HeaderName]> {
    let written = input.document.agents.iter().filter_map(|agent| agent.assertion.as_ref());
    let mut headers: Vec<HeaderName> = written
        .map(|written| &written.value.header.value)
        .filter(|header| **header != USUAL_HEADER)
        .cloned()
        .collect();
    headers.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    headers.dedup();
    headers.into()
}

/// Reports what keeps an agent from verifying its assertions.
pub(super) fn check(input: &Input<'_>, entry: &AgentEntry) {
    let Some(written) = &entry.assertion else { return };
    let report = input.report(&entry.source);
    if input.document.server.public_url.is_none() {
        let message =
            "an assertion names its issuer, and no setting says under which URL the gateway is reached";
        report.say(Code::AssertionIssuer, written.place, message, "set `server.public_url`");
    }
    if audience(entry, &written.value).is_none() {
        let message =
            "an assertion is for one audience, and the agent has no URL of which the origin could be it";
        let help = "write `audience` in it, such as `https://agent.internal`";
        report.say(Code::AssertionAudience, written.place, message, help);
    }
    if entry.enforcement == Enforcement::Shadow {
        let message = "the agent gets no assertions while it is in shadow mode, for nothing is proven there";
        report.say(Code::AssertionInShadow, written.place, message, "write `enforcement: enforce` to begin");
    }
}

/// What is written, or the origin of the one URL at which the agent runs.
fn audience(entry: &AgentEntry, written: &AssertionSettings) -> Option<String> {
    if let Some(audience) = &written.audience {
        return Some(audience.clone());
    }
    let mut targets = entry.upstream.targets.iter();
    let (Some(target), None) = (targets.next(), targets.next()) else { return None };
    let Spanned { value: AgentUrl { url, socket: None, is_service: false }, .. } = &target.url else {
        return None;
    };
    Some(url.origin().ascii_serialization())
}
