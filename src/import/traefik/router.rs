//! A router and its service: an agent for each of its paths.

use serde_json::{Map, Value, json};

use super::super::draft::{Draft, upstream};
use super::super::item::Item;
use super::super::ledger::Verdict;
use super::super::neighbour::{Neighbour, Reach};
use super::super::place::{HostAs, host, route_path};
use super::middleware::{self, Said};

/// What routers refer to, by name.
pub(super) struct Parts<'p, 'a> {
    pub(super) services: &'p [(&'a str, Item<'a>)],
    pub(super) middlewares: &'p [(&'a str, Item<'a>)],
    pub(super) transports: &'p [(&'a str, Item<'a>)],
}

fn find<'a>(all: &[(&'a str, Item<'a>)], name: &str) -> Option<Item<'a>> {
    all.iter().find(|(known, _)| *known == bare(name)).map(|(_, item)| *item)
}

/// A name without the provider behind it (`name@file`).
fn bare(name: &str) -> &str {
    name.split('@').next().unwrap_or(name)
}

/// What a rule asks for: all of it must hold.
#[derive(Debug, Default, PartialEq)]
struct Rule {
    hosts: Vec<String>,
    /// With how far each goes.
    paths: Vec<(String, Reach)>,
    methods: Vec<String>,
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
    let mut said = Said::default();
    for item in router.list("middlewares") {
        match item.text().and_then(|name| find(parts.middlewares, name)) {
            Some(middleware) => {
                item.kept();
                middleware::read(middleware, &mut said, draft);
            }
            None => item.weak(
                Verdict::Cannot,
                "this middleware is not in the files: what it refuses is let through here",
            ),
        }
    }
    let service = router.get("service");
    let found = service.and_then(Item::text).and_then(|name| find(parts.services, name));
    let backend = found.and_then(|service| backend(service, parts.transports));
    let (Some(rule), Some((urls, settings))) = (rule(written.text().unwrap_or_default()), backend) else {
        let why = match found {
            Some(_) => "a rule or a service of a kind that routes here do not have: it is left out",
            None => "its service is not in the files: it is left out",
        };
        router.cannot(why);
        return;
    };
    service.into_iter().for_each(|item| {
        item.kept();
    });
    if let Some(points) = router.get("entryPoints") {
        points.changed("an agent answers on every listener of `server.listeners`");
    }
    if let Some(priority) = router.get("priority") {
        priority.changed("the longest path wins");
    }
    if let Some(tls) = router.get("tls") {
        tls.changed("TLS is that of `server.listeners`");
    }
    agents((name, router, written), &rule, (&said, &urls, &settings), draft, made);
}

fn agents<'a>(
    (name, router, written): (&str, Item<'a>, Item<'a>),
    rule: &Rule,
    (said, urls, settings): (&Said, &[String], &Map<String, Value>),
    draft: &mut Draft,
    made: &mut Vec<Neighbour<'a>>,
) {
    let auth = said.auth.clone().unwrap_or_else(|| {
        router.weak(Verdict::Kept, "no middleware asks for a credential here, so the agent is public");
        "public".into()
    });
    let Some(hosts) = hosts(written, rule) else { return };
    written.kept();
    let whole = [("/".to_owned(), Reach::Segments)];
    let paths = if rule.paths.is_empty() { &whole[..] } else { &rule.paths[..] };
    for (text, reach) in paths {
        let path = match route_path(text) {
            Ok(path) => path,
            Err(why) => {
                written.cannot(why);
                continue;
            }
        };
        let mut route = Map::new();
        route.insert("path".to_owned(), path.clone().into());
        match hosts.as_slice() {
            [] => {}
            [one] => {
                route.insert("host".to_owned(), one.clone().into());
            }
            many => {
                route.insert("hosts".to_owned(), json!(many));
            }
        }
        if !rule.methods.is_empty() {
            route.insert("methods".to_owned(), json!(rule.methods));
        }
        let base = stripped(&path, said, &mut route);
        let mut spec = Map::new();
        spec.insert("route".to_owned(), Value::Object(route));
        spec.insert("upstream".to_owned(), upstream(urls, &base, settings.clone()));
        spec.insert("auth".to_owned(), auth.clone());
        if let Some(size) = &said.max_body {
            spec.insert("max_body".to_owned(), size.clone());
        }
        if draft.agent(bare(name), Value::Object(spec)) {
            let auth = auth.clone();
            made.push(Neighbour { path, written: text.clone(), reach: *reach, auth, item: written });
        } else {
            written.cannot(format!("another agent has the path `{path}` already"));
        }
    }
}

/// The hosts; empty for all, `None` when none of them can be had.
fn hosts(written: Item<'_>, rule: &Rule) -> Option<Vec<String>> {
    let mut hosts = Vec::new();
    for name in &rule.hosts {
        match host(name, true) {
            HostAs::Any | HostAs::No => written.cannot(format!("`{name}` is no host that a route can have")),
            HostAs::Same(name) => hosts.push(name),
            HostAs::Less(name, why) => {
                hosts.push(name);
                written.changed(why);
            }
        }
    }
    if hosts.is_empty() && !rule.hosts.is_empty() {
        return None;
    }
    Some(hosts)
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
    format!("{}{rest}", said.adds)
}

fn backend(service: Item<'_>, transports: &[(&str, Item<'_>)]) -> Option<(Vec<String>, Map<String, Value>)> {
    let balancer = service.get("loadBalancer")?;
    let mut urls = Vec::new();
    for server in balancer.list("servers") {
        if let Some(url) = server.keep("url") {
            urls.push(url.trim_end_matches('/').to_owned());
        }
        if let Some(weight) = server.get("weight") {
            weight.changed("all targets have the same weight; `targets[].weight` is 0 to 100");
        }
    }
    let mut settings = Map::new();
    // Traefik hands the caller's `Host` on.
    match balancer.get("passHostHeader") {
        Some(pass) if !pass.is_true() => {
            pass.kept();
        }
        pass => {
            pass.into_iter().for_each(|pass| {
                pass.kept();
            });
            settings.insert("host".to_owned(), "preserve".into());
        }
    }
    if urls.len() > 1 {
        settings.insert("balance".to_owned(), "round_robin".into());
    }
    if let Some(sticky) = balancer.get("sticky") {
        sticky.changed("see `upstream.affinity`");
    }
    if let Some(name) = balancer.get("serversTransport") {
        name.kept();
        if let Some(transport) = name.text().and_then(|name| find(transports, name)) {
            verification(transport, &mut settings);
        }
    }
    (!urls.is_empty()).then_some((urls, settings))
}

fn verification(transport: Item<'_>, settings: &mut Map<String, Value>) {
    if let Some(skip) = transport.get("insecureSkipVerify") {
        if skip.is_true() {
            skip.weak(
                Verdict::Changed,
                "Traefik verifies no certificate of this upstream; here it is verified",
            );
        } else {
            skip.kept();
        }
    }
    if let Some(name) = transport.keep("serverName") {
        settings.insert("server_name".to_owned(), name.into());
    }
    for (number, ca) in transport.list("rootCAs").into_iter().enumerate() {
        match (number, ca.text()) {
            (0, Some(file)) => {
                ca.kept();
                settings.insert("ca_file".to_owned(), file.into());
            }
            _ => ca.cannot("one file holds all certificates: put them together"),
        }
    }
}

/// Reads a rule; `None` for what is more than hosts, paths and methods that all must hold.
fn rule(text: &str) -> Option<Rule> {
    let mut rule = Rule::default();
    let mut kinds: Vec<&str> = Vec::new();
    for group in text.split("&&") {
        let group = group.trim().trim_start_matches('(').trim();
        let mut rest = group;
        // Those of one kind may be alternatives, in parentheses or not.
        let mut kind: Option<&str> = None;
        while !rest.is_empty() {
            let (name, after) = rest.split_once('(')?;
            let (values, after) = after.split_once(')')?;
            if *kind.get_or_insert(name) != name && !(name.starts_with("Path") && kind?.starts_with("Path")) {
                return None;
            }
            let values: Option<Vec<String>> = values.split(',').map(quoted).collect();
            for value in values? {
                match name {
                    "Host" => rule.hosts.push(value),
                    "PathPrefix" => rule.paths.push((value, Reach::Text)),
                    "Path" => rule.paths.push((value, Reach::Exact)),
                    "Method" => rule.methods.push(value),
                    _ => return None,
                }
            }
            let after = after.trim_start_matches(')').trim();
            rest = match after.strip_prefix("||") {
                Some(next) => next.trim(),
                None if after.is_empty() => "",
                None => return None,
            };
        }
        let kind = kind.map_or("", |kind| if kind.starts_with("Path") { "Path" } else { kind });
        if kinds.contains(&kind) {
            return None;
        }
        kinds.push(kind);
    }
    Some(rule)
}

fn quoted(text: &str) -> Option<String> {
    let text = text.trim();
    let inner = ['`', '"'].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote))?;
    (!inner.is_empty()).then(|| inner.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_hosts_paths_and_methods_are_read() {
        let paths = |paths: &[(&str, Reach)]| -> Vec<(String, Reach)> {
            paths.iter().map(|(path, reach)| ((*path).to_owned(), *reach)).collect()
        };
        for (text, hosts, wanted) in [
            ("Host(`a.example`) && PathPrefix(`/x`)", 1, paths(&[("/x", Reach::Text)])),
            (
                "(Host(`a`) || Host(`b`)) && (PathPrefix(`/x`) || Path(`/y`))",
                2,
                paths(&[("/x", Reach::Text), ("/y", Reach::Exact)]),
            ),
            ("Host(`a`, `b`)", 2, paths(&[])),
        ] {
            let read = rule(text).unwrap();
            assert_eq!((read.hosts.len(), read.paths), (hosts, wanted), "{text}");
        }
        for text in [
            "HostRegexp(`a`)",
            "Host(`a`) || PathPrefix(`/x`)",
            "!Host(`a`)",
            "Host(a)",
            "Path(`/a`) && PathPrefix(`/`)",
            "Header(`a`, `b`)",
        ] {
            assert_eq!(rule(text), None, "{text}");
        }
    }
}
