//! A route: an agent for each of its paths, and for each server of MCP behind it.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::super::draft::{Draft, upstream};
use super::super::item::Item;
use super::super::ledger::Verdict;
use super::super::neighbour::{Neighbour, Reach};
use super::super::place::{HostAs, duration_within, host, joined, route_path};
use super::backend::{self, Backend};
use super::policy::{self, Policies};

/// The hosts under a key: one, or a list; empty for all.
pub(super) fn hosts(item: Item<'_>, key: &str) -> Vec<String> {
    let Some(written) = item.get(key) else { return Vec::new() };
    let mut hosts = Vec::new();
    let each = if written.text().is_some() { vec![written] } else { written.items() };
    for one in each {
        match host(one.text().unwrap_or_default(), true) {
            HostAs::Any => {
                one.kept();
            }
            HostAs::Same(name) => {
                hosts.push(name);
                one.kept();
            }
            HostAs::Less(name, why) => {
                hosts.push(name);
                one.changed(why);
            }
            HostAs::No => one.cannot("no host that a route can have"),
        }
    }
    hosts.sort();
    hosts.dedup();
    hosts
}

/// A path of a route.
struct Place<'a> {
    path: String,
    reach: Reach,
    methods: Option<&'a str>,
    /// Where it was written; absent for the whole.
    item: Option<Item<'a>>,
}

/// Reads a route of a listener.
pub(super) fn read<'a>(route: Item<'a>, outer: &[String], draft: &mut Draft, made: &mut Vec<Neighbour<'a>>) {
    let name = route.keep("name").unwrap_or_default();
    let mut hosts = hosts(route, "hostnames");
    if hosts.is_empty() {
        hosts = outer.to_vec();
    }
    let policies = route.get("policies");
    let said = policy::read(policies, draft);
    let mut upstream = Map::new();
    let is_tls = tls(policies, &mut upstream);
    let backends = backend::read(route, if is_tls { "https" } else { "http" });
    let base = rewritten(policies, &mut upstream);
    let agents = Agents { route, name, hosts: &hosts, said: &said, upstream, base };
    for place in places(route) {
        agents.add(&place, &backends, draft, made);
    }
}

/// Reads the short form: one section with the targets and the policies of all.
pub(super) fn read_short<'a>(short: Item<'a>, draft: &mut Draft, made: &mut Vec<Neighbour<'a>>) {
    let said = policy::read(short.get("policies"), draft);
    let backends = backend::targets(&short.list("targets"), "http");
    let agents =
        Agents { route: short, name: "mcp", hosts: &[], said: &said, upstream: Map::new(), base: None };
    agents.add(&whole(), &backends, draft, made);
}

fn whole<'a>() -> Place<'a> {
    Place { path: "/".to_owned(), reach: Reach::Segments, methods: None, item: None }
}

fn places(route: Item<'_>) -> Vec<Place<'_>> {
    let mut places = Vec::new();
    let matches = route.list("matches");
    if matches.is_empty() {
        return vec![whole()];
    }
    for item in matches {
        if item.get("headers").or_else(|| item.get("query")).is_some() {
            item.weak(Verdict::Cannot, "it matches by more than path and method, so it is left out: another route may get its requests");
            continue;
        }
        let methods =
            item.get("method").and_then(|method| method.get("method").or(Some(method))).and_then(|method| {
                method.kept();
                method.text()
            });
        let (written, reach) = match item.get("path") {
            None => (None, Reach::Segments),
            Some(path) => {
                match (path.get("pathPrefix"), path.get("exact")) {
                    (Some(prefix), _) => (Some(prefix), Reach::Segments),
                    (None, Some(exact)) => (Some(exact), Reach::Exact),
                    (None, None) => {
                        path.weak(Verdict::Cannot, "a regular expression: the path is left out, and another route may get its requests");
                        continue;
                    }
                }
            }
        };
        let text = written.and_then(Item::text).unwrap_or("/");
        if text.starts_with("/.well-known/oauth-") {
            written
                .into_iter()
                .for_each(|item| item.changed("the gateway serves the metadata of its agents itself"));
            continue;
        }
        match route_path(text) {
            Ok(path) => {
                written.into_iter().for_each(|item| {
                    item.kept();
                });
                places.push(Place { path, reach, methods, item: written });
            }
            Err(why) => item.cannot(why),
        }
    }
    places
}

/// Whether TLS is spoken to the backends.
fn tls(policies: Option<Item<'_>>, upstream: &mut Map<String, Value>) -> bool {
    let Some(tls) = policies.and_then(|policies| policies.get("backendTLS")) else { return false };
    tls.kept();
    for (key, ours) in
        [("root", "ca_file"), ("cert", "cert_file"), ("key", "key_file"), ("hostname", "server_name")]
    {
        if let Some(text) = tls.keep(key) {
            upstream.insert(ours.to_owned(), text.into());
        }
    }
    for key in ["insecure", "insecureHost"] {
        if let Some(item) = tls.get(key).filter(|item| item.is_true()) {
            item.weak(Verdict::Changed, "agentgateway does not verify this certificate; here it is verified");
        }
    }
    true
}

/// What goes before the path at the upstream instead of that of the route, and the time that it has.
fn rewritten(policies: Option<Item<'_>>, upstream: &mut Map<String, Value>) -> Option<String> {
    let policies = policies?;
    if let Some(timeout) = policies.at(&["timeout", "requestTimeout"]) {
        let text = timeout.text().unwrap_or_default();
        if let Some(text) = duration_within(text, Duration::from_millis(1), Duration::from_secs(86_400)) {
            upstream.insert("response_timeout".to_owned(), text.into());
            timeout.changed("`response_timeout` ends with the head of the answer");
        }
    }
    let rewrite = policies.get("urlRewrite")?;
    if let Some(host) = rewrite.at(&["authority", "full"]) {
        host.kept();
        upstream.insert("host".to_owned(), host.text()?.into());
    }
    let prefix = rewrite.at(&["path", "prefix"])?;
    prefix.kept();
    prefix.text().map(str::to_owned)
}

/// What all agents of a route have in common.
struct Agents<'r, 'a> {
    route: Item<'a>,
    name: &'a str,
    hosts: &'r [String],
    said: &'r Policies,
    upstream: Map<String, Value>,
    base: Option<String>,
}

impl<'a> Agents<'_, 'a> {
    fn add(
        &self,
        place: &Place<'a>,
        backends: &[Backend<'a>],
        draft: &mut Draft,
        made: &mut Vec<Neighbour<'a>>,
    ) {
        let (servers, hosts): (Vec<_>, Vec<_>) =
            backends.iter().partition(|backend| !backend.path.is_empty());
        let auth = self.said.auth.clone().unwrap_or_else(|| {
            self.route.weak(Verdict::Kept, "no policy asks for a credential here, so the agent is public");
            "public".into()
        });
        let mut enter = |path: String, spec: Value, name: &str, item: Item<'a>| {
            if !draft.agent(name, spec) {
                item.cannot(format!("another agent has the path `{path}` already"));
                return;
            }
            if let Some(item) = place.item {
                let (written, auth) = (path.clone(), auth.clone());
                made.push(Neighbour { path, written, reach: place.reach, auth, item });
            }
        };
        for server in &servers {
            let (path, endpoint) = self.found_at(place, server, servers.len());
            let spec = self.server((&path, &endpoint), place, server, &auth);
            let name = server.name.filter(|_| servers.len() > 1 || self.name.is_empty()).unwrap_or(self.name);
            enter(path, spec, name, server.item);
        }
        if let (Some(first), true) = (hosts.first(), servers.is_empty()) {
            let urls: Vec<String> = hosts.iter().map(|host| host.url.clone()).collect();
            let spec = self.hosts(place, &urls, &auth);
            enter(place.path.clone(), spec, self.name, first.item);
        }
    }

    /// Where a server of MCP is found: the path of its route, and the endpoint that follows it. agentgateway puts the tools of
    /// several servers together, and takes any path where none is written.
    fn found_at(&self, place: &Place<'_>, server: &Backend<'_>, servers: usize) -> (String, String) {
        let name = server.name.unwrap_or("mcp");
        let whole = server.path.trim_end_matches('/');
        let last = whole.rsplit_once('/').map_or("/mcp".to_owned(), |(_, last)| format!("/{last}"));
        let path = if servers > 1 { joined(&place.path, name) } else { place.path.clone() };
        if servers > 1 {
            let why = "the tools of several servers are not put together";
            server.item.changed(format!("{why}: this one is at `{}`", joined(&path, &last)));
        }
        match path.strip_suffix(last.as_str()) {
            _ if path == "/" => {
                self.route.changed(format!("clients find the server at `{whole}`"));
                (whole.to_owned(), "/".to_owned())
            }
            _ if path == whole => (path, "/".to_owned()),
            Some(before) if !before.is_empty() => (before.to_owned(), last),
            _ => {
                if servers == 1 {
                    server.item.changed(format!("clients find the server at `{}`", joined(&path, &last)));
                }
                (path, last)
            }
        }
    }

    fn server(
        &self,
        (path, endpoint): (&str, &str),
        place: &Place<'_>,
        server: &Backend<'_>,
        auth: &Value,
    ) -> Value {
        let mut auth = auth.clone();
        let mut spec = Map::new();
        let mut mcp = json!({ "endpoint": endpoint });
        if let Some(oauth) = auth.get_mut("oauth").and_then(Value::as_object_mut) {
            match oauth.contains_key("audiences") {
                true => {
                    oauth.insert("audience".to_owned(), "custom".into());
                }
                false => {
                    let why = "an agent that speaks MCP needs an audience: write it instead of the one that stands there";
                    self.route.changed(why);
                    oauth.insert("audiences".to_owned(), json!(["https://to-be-written.invalid/audience"]));
                }
            }
            if self.said.passes_token {
                oauth.insert("forward_token".to_owned(), true.into());
                oauth.insert("i_know".to_owned(), json!(["token_passthrough"]));
            }
            if let (Some(rules), Some(mcp)) = (&self.said.rules, mcp.as_object_mut()) {
                mcp.insert("rules".to_owned(), rules.clone());
            }
        }
        let same = endpoint == "/";
        let whole = server.path.trim_end_matches('/');
        let base = if same { "" } else { whole.strip_suffix(endpoint).unwrap_or_default() };
        let mut settings = self.upstream.clone();
        self.headers(&mut settings);
        spec.insert("route".to_owned(), self.route_of(path, place, !same));
        spec.insert("upstream".to_owned(), upstream(std::slice::from_ref(&server.url), base, settings));
        spec.insert("auth".to_owned(), auth);
        spec.insert("protocol".to_owned(), "mcp".into());
        spec.insert("mcp".to_owned(), mcp);
        Value::Object(spec)
    }

    fn hosts(&self, place: &Place<'_>, urls: &[String], auth: &Value) -> Value {
        let mut auth = auth.clone();
        if let (true, Some(oauth)) =
            (self.said.passes_token, auth.get_mut("oauth").and_then(Value::as_object_mut))
        {
            oauth.insert("forward_token".to_owned(), true.into());
        }
        let mut settings = self.upstream.clone();
        self.headers(&mut settings);
        let base = self.base.as_deref();
        let mut spec = Map::new();
        spec.insert("route".to_owned(), self.route_of(&place.path, place, base.is_some()));
        spec.insert("upstream".to_owned(), upstream(urls, base.unwrap_or_default(), settings));
        spec.insert("auth".to_owned(), auth);
        if self.said.is_a2a {
            spec.insert("protocol".to_owned(), "a2a".into());
        }
        Value::Object(spec)
    }

    fn headers(&self, settings: &mut Map<String, Value>) {
        if !self.said.set_headers.is_empty() {
            settings.insert("set_headers".to_owned(), Value::Object(self.said.set_headers.clone()));
        }
    }

    fn route_of(&self, path: &str, place: &Place<'_>, strip: bool) -> Value {
        let mut route = Map::new();
        route.insert("path".to_owned(), path.into());
        match self.hosts {
            [] => {}
            [one] => {
                route.insert("host".to_owned(), one.clone().into());
            }
            many => {
                route.insert("hosts".to_owned(), json!(many));
            }
        }
        if let Some(method) = place.methods {
            route.insert("methods".to_owned(), json!([method]));
        }
        if strip && path != "/" {
            route.insert("strip_path".to_owned(), true.into());
        }
        Value::Object(route)
    }
}
