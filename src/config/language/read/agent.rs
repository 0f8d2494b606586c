//! `agents`: what is behind the gateway. Where one answers is read in `route`, who may call in `auth`, CORS in `cors`,
//! where it runs in `upstream`.

use http::HeaderName;

use super::super::document::{AgentEntry, Auth, SetHeader, Upstream};
use super::super::fields::Fields;
use super::super::sections::{AGENT, STREAMS};
use super::super::value;
use super::auth::header_conflict;
use super::{auth, cors, route, upstream};
use crate::authn::ForwardToken;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::Spanned;
use crate::config::text::yaml::{Key, Node};
use crate::model::{AgentName, Enforcement, OnPolicyChange, reduced_eq};

const MOST_IN_FLIGHT: u64 = 1 << 20;
const DEFAULT_IN_FLIGHT: usize = 4_096;

pub(super) fn read<'a>(report: &'a Report<'a>, key: &'a Key, node: &'a Node) -> Option<AgentEntry> {
    let name = agent_name(report, key);
    let fields = Fields::open(report, &AGENT, key.place, node)?;
    let display_name = fields.optional("display_name", value::label);
    let route = fields.required("route", route::read);
    let upstream = fields.required("upstream", upstream::read);
    let auth = auth::read(report, &fields);
    if let (Some(upstream), Some(auth)) = (&upstream, &auth) {
        conflicts(report, &upstream.value, &auth.value);
    }
    let cors = fields.entry("cors").and_then(|(key, node)| cors::read(report, key, node));
    let max_body = fields.optional("max_body", |r, n| value::size(r, n, 1..=1 << 40));
    let max_in_flight = fields.optional("max_in_flight", |r, n| value::integer(r, n, 1..=MOST_IN_FLIGHT));
    let websocket = fields.optional("websocket", value::boolean);
    let on_policy_change = fields.section("streams", &STREAMS).and_then(on_policy_change);
    let enforcement = fields.optional("enforcement", |r, n| value::word(r, n, &["enforce", "shadow"]));
    fields.close();
    Some(AgentEntry {
        name: Spanned::new(name?, key.place),
        display_name: display_name.map(|n| n.value),
        route: route?,
        upstream: upstream?.value,
        auth: auth?,
        cors: cors.map(Box::new),
        max_body: max_body.map(|b| b.value),
        max_in_flight: max_in_flight
            .and_then(|most| usize::try_from(most.value).ok())
            .unwrap_or(DEFAULT_IN_FLIGHT),
        websocket: websocket.is_none_or(|b| b.value),
        on_policy_change: on_policy_change.unwrap_or_default(),
        enforcement: match enforcement.map(|e| e.value) {
            Some("shadow") => Enforcement::Shadow,
            _ => Enforcement::Enforce,
        },
    })
}

/// `streams`; nothing when it was not written, or is bad, which has been reported.
fn on_policy_change(fields: Fields<'_>) -> Option<OnPolicyChange> {
    let words = ["revocation", "end", "keep"];
    let word = fields.optional("on_policy_change", |r, n| value::word(r, n, &words));
    fields.close();
    word.map(|word| match word.value {
        "end" => OnPolicyChange::End,
        "keep" => OnPolicyChange::Keep,
        _ => OnPolicyChange::Revocation,
    })
}

/// Headers that are set must not be those of claims or of the token: one of both would be lost.
fn conflicts(report: &Report<'_>, upstream: &Upstream, auth: &Auth) {
    let Auth::OAuth(oauth) = auth else { return };
    for SetHeader { name, .. } in &upstream.set_headers {
        let is = |other: &HeaderName| reduced_eq(other.as_str(), name.as_str());
        if oauth.claim_headers.iter().any(|(_, header)| is(header)) {
            header_conflict(report, name.place, name, "is set from a claim already");
        }
        if matches!(&oauth.forward_token, ForwardToken::Moved { header, .. } if is(header)) {
            header_conflict(report, name.place, name, "is the header in which the token goes on");
        }
    }
}

fn agent_name(report: &Report<'_>, key: &Key) -> Option<AgentName> {
    let name = AgentName::parse(&key.text);
    if let Err(error) = &name {
        report.say(Code::BadName, key.place, format!("`{}` is not a name", key.text), error.to_string());
    }
    name.ok()
}
