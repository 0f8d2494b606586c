//! `agents`: what is behind the gateway. Who may call is read in `auth`, CORS in `cors`.

use std::time::Duration;

use url::Url;

use super::super::code::Code;
use super::super::document::{AgentEntry, Route, Upstream};
use super::super::fields::Fields;
use super::super::report::Report;
use super::super::sections::{AGENT, ROUTE, UPSTREAM};
use super::super::source::Spanned;
use super::super::value;
use super::super::web;
use super::super::yaml::{Key, Kind, Node};
use super::provider::bad_url;
use super::{auth, cors};
use crate::model::{AgentName, Enforcement};

const MS: Duration = Duration::from_millis(1);
const MOST_IN_FLIGHT: u64 = 1 << 20;
const DEFAULT_IN_FLIGHT: usize = 4_096;

pub(super) fn read<'a>(report: &'a Report<'a>, key: &'a Key, node: &'a Node) -> Option<AgentEntry> {
    let name = agent_name(report, key);
    let fields = Fields::open(report, &AGENT, key.place, node)?;
    let display_name = fields.optional("display_name", value::some_text);
    let route = fields.required("route", route);
    let upstream = fields.required("upstream", upstream);
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

fn upstream<'a>(report: &'a Report<'a>, node: &'a Node) -> Option<Upstream> {
    let (connect, response) = (Duration::from_secs(5), Duration::from_secs(60));
    let Kind::Map(_) = node.kind else {
        return Some(Upstream {
            url: node.spanned(upstream_url(report, node)?),
            connect_timeout: connect,
            response_timeout: response,
            ca_file: None,
        });
    };
    let fields = Fields::open(report, &UPSTREAM, node.place, node)?;
    let url = fields.required("url", upstream_url);
    let time =
        |name, most| fields.optional(name, |r, n| value::duration(r, n, MS..=Duration::from_secs(most)));
    let connect_timeout = time("connect_timeout", 600);
    let response_timeout = time("response_timeout", 86_400);
    let ca_file = fields.optional("ca_file", value::path);
    fields.close();
    Some(Upstream {
        url: url?,
        connect_timeout: connect_timeout.map_or(connect, |d| d.value),
        response_timeout: response_timeout.map_or(response, |d| d.value),
        ca_file,
    })
}

fn upstream_url(report: &Report<'_>, node: &Node) -> Option<Url> {
    let text = value::some_text(report, node)?;
    match web::upstream_url(&text) {
        Ok(url) => Some(url),
        Err(help) => {
            bad_url(report, node, &text, "this is not the URL of an agent", help);
            None
        }
    }
}
