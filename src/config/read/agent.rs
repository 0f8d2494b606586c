//! `agents`: what is behind the gateway. Who may call is read in `auth`, CORS in `cors`, where it runs in
//! `upstream`.

use super::super::code::Code;
use super::super::document::{AgentEntry, Route};
use super::super::fields::Fields;
use super::super::report::Report;
use super::super::sections::{AGENT, ROUTE};
use super::super::source::Spanned;
use super::super::value;
use super::super::web;
use super::super::yaml::{Key, Kind, Node};
use super::{auth, cors, upstream};
use crate::model::{AgentName, Enforcement};

const MOST_IN_FLIGHT: u64 = 1 << 20;
const DEFAULT_IN_FLIGHT: usize = 4_096;

pub(super) fn read<'a>(report: &'a Report<'a>, key: &'a Key, node: &'a Node) -> Option<AgentEntry> {
    let name = agent_name(report, key);
    let fields = Fields::open(report, &AGENT, key.place, node)?;
    let display_name = fields.optional("display_name", value::some_text);
    let route = fields.required("route", route);
    let upstream = fields.required("upstream", upstream::read);
    let auth = auth::read(report, &fields);
    let cors = fields.entry("cors").and_then(|(key, node)| cors::read(report, key, node));
    let max_body = fields.optional("max_body", |r, n| value::size(r, n, 1..=1 << 40));
    let max_in_flight = fields.optional("max_in_flight", |r, n| value::integer(r, n, 1..=MOST_IN_FLIGHT));
    let websocket = fields.optional("websocket", value::boolean);
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
        enforcement: match enforcement.map(|e| e.value) {
            Some("shadow") => Enforcement::Shadow,
            _ => Enforcement::Enforce,
        },
    })
}

fn agent_name(report: &Report<'_>, key: &Key) -> Option<AgentName> {
    let name = AgentName::parse(&key.text);
    if let Err(error) = &name {
        report.say(Code::BadName, key.place, format!("`{}` is not a name", key.text), error.to_string());
    }
    name.ok()
}

fn route<'a>(report: &'a Report<'a>, node: &'a Node) -> Option<Route> {
    let Kind::Map(_) = node.kind else {
        return Some(Route { path: path(report, node)?, host: None, strip_path: false });
    };
    let fields = Fields::open(report, &ROUTE, node.place, node)?;
    let path = fields.required("path", path);
    let host = fields.optional("host", host);
    let strip_path = fields.optional("strip_path", value::boolean);
    let bad_host = host.is_none() && fields.has("host");
    fields.close();
    if bad_host {
        return None;
    }
    Some(Route {
        path: path?.value,
        host: host.map(|h| h.value),
        strip_path: strip_path.is_some_and(|b| b.value),
    })
}

fn path(report: &Report<'_>, node: &Node) -> Option<String> {
    let text = value::some_text(report, node)?;
    match web::route_path(&text) {
        Ok(path) => Some(path),
        Err(help) => {
            report.say(Code::BadPath, node.place, format!("no request matches {}", node.shown()), help);
            None
        }
    }
}

pub(super) fn host(report: &Report<'_>, node: &Node) -> Option<String> {
    let text = value::some_text(report, node)?;
    match web::route_host(&text) {
        Ok(host) => Some(host),
        Err(help) => {
            report.say(Code::BadHost, node.place, format!("{} is not a host", node.shown()), help);
            None
        }
    }
}
