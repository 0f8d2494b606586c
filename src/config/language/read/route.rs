//! `route` of an agent: its path, its hosts and its methods.

use std::collections::HashMap;
use std::fmt::Display;
use std::hash::Hash;

use crate::model::HostRule;

use super::super::document::Route;
use super::super::fields::Fields;
use super::super::sections::ROUTE;
use super::super::{value, web};
use super::cors::method;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::{Place, Spanned};
use crate::config::text::yaml::{Kind, Node};

pub(super) fn read<'a>(report: &'a Report<'a>, node: &'a Node) -> Option<Route> {
    let Kind::Map(_) = node.kind else {
        let path = path(report, node)?;
        return Some(Route { path, hosts: Box::default(), methods: Box::default(), strip_path: false });
    };
    let fields = Fields::open(report, &ROUTE, node.place, node)?;
    let path = fields.required("path", path);
    let host = fields.optional("host", host);
    let hosts = fields.optional("hosts", |r, n| value::some_list(r, n, self::host));
    let methods = fields.optional("methods", |r, n| value::some_list(r, n, method));
    let strip_path = fields.optional("strip_path", value::boolean);
    // What restricts the route and could not be read must not leave it open.
    let bad = (host.is_none() && fields.has("host"))
        || (hosts.is_none() && fields.has("hosts"))
        || (methods.is_none() && fields.has("methods"));
    fields.close();
    if bad {
        return None;
    }
    let hosts = host.into_iter().chain(hosts.into_iter().flat_map(|list| list.value)).collect();
    let methods = methods.map(|list| list.value).unwrap_or_default();
    Some(Route {
        path: path?.value,
        hosts: distinct(report, hosts),
        methods: distinct(report, methods),
        strip_path: strip_path.is_some_and(|b| b.value),
    })
}

/// The values of a list in which each may stand once.
fn distinct<T: Eq + Hash + Display>(report: &Report<'_>, list: Vec<Spanned<T>>) -> Box<[T]> {
    let mut seen: HashMap<&T, Place> = HashMap::new();
    for item in &list {
        if let Some(first) = seen.insert(&item.value, item.place) {
            let message = format!("{} is listed twice", item.shown());
            report.clash(Code::DuplicateValue, item.place, first, message, "remove one of them");
        }
    }
    list.into_iter().map(|item| item.value).collect()
}

/// A canonical path.
pub(super) fn path(report: &Report<'_>, node: &Node) -> Option<String> {
    let text = value::some_text(report, node)?;
    match web::route_path(&text) {
        Ok(path) => Some(path),
        Err(help) => {
            report.say(Code::BadPath, node.place, format!("no request matches {}", node.shown()), help);
            None
        }
    }
}

fn host(report: &Report<'_>, node: &Node) -> Option<HostRule> {
    let text = value::some_text(report, node)?;
    web::host_rule(&text).map_err(|help| bad_host(report, node, help)).ok()
}

/// A host without wildcards, in lower case.
pub(super) fn exact_host(report: &Report<'_>, node: &Node) -> Option<String> {
    let text = value::some_text(report, node)?;
    web::exact_host(&text).map_err(|help| bad_host(report, node, help)).ok()
}

fn bad_host(report: &Report<'_>, node: &Node, help: &str) {
    report.say(Code::BadHost, node.place, format!("{} is not a host", node.shown()), help);
}
