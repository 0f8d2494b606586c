//! A router: an agent for each of its paths.

use serde_json::{Map, Value};

use super::super::draft::Draft;
use super::super::item::Item;
use super::super::neighbour::{Neighbour, Reach};
use super::super::place::{HostAs, host, route_path};
use super::super::spec;
use super::middleware::{self, Said};
use super::named::{bare, find};
use super::rule::Rule;
use super::service::{self, Backend};

/// What routers refer to, by name.
pub(super) struct Parts<'p, 'a> {
    pub(super) services: &'p [(&'a str, Item<'a>)],
    pub(super) middlewares: &'p [(&'a str, Item<'a>)],
    pub(super) transports: &'p [(&'a str, Item<'a>)],
}

/// Reads a router.
pub(super) fn read<'a>(
    (name, router): (&str, Item<'a>),
    parts: &Parts<'_, 'a>,
    draft: &mut Draft,
    made: &mut Vec<Neighbour<'a>>,
) {
    let Some(written) = router.get("rule") else {
        router.cannot("it has no rule");
        return;
    };
    let mut said = Said::at(router);
    middleware::read(&router.list("middlewares"), parts.middlewares, (&mut said, &mut *draft), 0);
    let Some(rule) = written.text().and_then(Rule::read) else {
        router.left_out("its rule is more than hosts, paths and methods that all must hold");
        return;
    };
    let service = router.get("service");
    let Some(found) = service.and_then(Item::text).and_then(|name| find(parts.services, name)) else {
        router.left_out("its service is not in the files");
        return;
    };
    let Some(backend) = service::read(found, parts.transports) else {
        router.left_out("its service is no load balancer with servers");
        return;
    };
    service.into_iter().for_each(|item| {
        item.kept();
    });
    if let Some(points) = router.get("entryPoints") {
        points.changed("an agent answers on every listener of `server.listeners`");
    }
    if let Some(tls) = router.get("tls") {
        tls.changed("an agent answers on every listener: give `tls` to all of `server.listeners`");
    }
    agents((name, router, written), &rule, (&said, &backend), draft, made);
}

fn agents<'a>(
    (name, router, written): (&str, Item<'a>, Item<'a>),
    rule: &Rule,
    (said, backend): (&Said, &Backend),
    draft: &mut Draft,
    made: &mut Vec<Neighbour<'a>>,
) {
    let auth = said.auth.clone().unwrap_or_else(|| spec::unasked(router, said.unread));
    let Some(hosts) = hosts(written, rule) else { return };
    let whole = [("/".to_owned(), Reach::Segments)];
    let paths = if rule.paths.is_empty() { &whole[..] } else { &rule.paths[..] };
    for (text, reach) in paths {
        let path = match route_path(text) {
            Ok(path) => path,
            Err(why) if spec::is_public(&auth) => {
                written.cannot(why);
                continue;
            }
            Err(why) => {
                written.left_out(&why);
                continue;
            }
        };
        let mut route = spec::route(&path, &hosts, &rule.methods);
        let base = stripped(&path, said, &mut route);
        let mut spec = Map::new();
        spec.insert("route".to_owned(), Value::Object(route));
        spec.insert("upstream".to_owned(), spec::upstream(&backend.urls, &base, backend.rest.clone()));
        spec.insert("auth".to_owned(), auth.clone());
        if let Some(size) = &said.max_body {
            spec.insert("max_body".to_owned(), size.clone());
        }
        spec::put_beside(&mut spec, said.cors.as_ref(), draft.limits(&said.limits));
        if draft.agent(bare(name), Value::Object(spec), written) {
            written.kept();
            let (written_path, auth, hosts) = (text.clone(), auth.clone(), hosts.clone());
            let (rank, reach) = (rank(router, written), *reach);
            made.push(Neighbour { path, written: written_path, reach, auth, hosts, rank, item: written });
        }
    }
}

/// Traefik takes the router with the longest rule, where no priority is written.
fn rank(router: Item<'_>, rule: Item<'_>) -> u64 {
    let written = router.get("priority").and_then(Item::text).and_then(|text| text.parse::<u64>().ok());
    let length = || rule.text().map_or(0, |text| text.len() as u64);
    written.filter(|priority| *priority > 0).unwrap_or_else(length)
}

/// The hosts; empty for all, `None` when none of them can be had.
fn hosts(written: Item<'_>, rule: &Rule) -> Option<Vec<String>> {
    let mut hosts = Vec::new();
    for name in &rule.hosts {
        match host(name, true) {
            HostAs::Any | HostAs::No => {
                written.left_out(&format!("`{name}` is no host that a route can have"))
            }
            HostAs::Same(name) => hosts.push(name),
            HostAs::Less(name, why) => {
                hosts.push(name);
                written.changed(why);
            }
        }
    }
    hosts.sort();
    hosts.dedup();
    (!hosts.is_empty() || rule.hosts.is_empty()).then_some(hosts)
}

/// What goes before the path at the upstream.
fn stripped(path: &str, said: &Said, route: &mut Map<String, Value>) -> String {
    let prefix = said
        .strips
        .iter()
        .filter(|prefix| path.starts_with(prefix.trim_end_matches('/')))
        .max_by_key(|p| p.len());
    let Some(prefix) = prefix.filter(|_| path != "/") else { return said.adds.clone() };
    route.insert("strip_path".to_owned(), true.into());
    let rest = path.strip_prefix(prefix.trim_end_matches('/')).unwrap_or_default();
    spec::below(&said.adds, rest)
}
