//! The agents of a route: one for the hosts behind it, or one for each server of MCP.

use serde_json::{Map, Value, json};

use super::super::draft::{Draft, NO_AUDIENCE};
use super::super::item::Item;
use super::super::ledger::Verdict;
use super::super::neighbour::{Neighbour, Reach};
use super::super::place::joined;
use super::super::spec::{self, NO_TOKEN, closed};
use super::backend::Backend;
use super::policy::Policies;

/// A path of a route.
pub(super) struct Place<'a> {
    pub(super) path: String,
    pub(super) reach: Reach,
    pub(super) method: Option<&'a str>,
    /// Where it was written; absent for the whole.
    pub(super) item: Option<Item<'a>>,
}

/// What all agents of a route have in common.
pub(super) struct Agents<'r, 'a> {
    pub(super) route: Item<'a>,
    pub(super) name: &'a str,
    pub(super) hosts: &'r [String],
    pub(super) said: &'r Policies<'a>,
    /// The settings of `upstream` beside its URL.
    pub(super) upstream: Map<String, Value>,
    /// What goes before the path instead of that of the route.
    pub(super) base: Option<String>,
}

impl<'a> Agents<'_, 'a> {
    /// Adds those at a place.
    pub(super) fn add(
        &self,
        place: &Place<'a>,
        backends: &[Backend<'a>],
        draft: &mut Draft,
        made: &mut Vec<Neighbour<'a>>,
    ) {
        let (servers, hosts): (Vec<_>, Vec<_>) =
            backends.iter().partition(|backend| !backend.path.is_empty());
        let auth = self.auth(servers.is_empty());
        let mut enter = |path: String, mut spec: Map<String, Value>, name: &str, item: Item<'a>| {
            spec::put_beside(&mut spec, self.said.cors.as_ref(), draft.limits(&self.said.limits));
            let spec = Value::Object(spec);
            let auth = spec.get("auth").cloned().unwrap_or_default();
            if draft.agent(name, spec, item)
                && let Some(item) = place.item
            {
                let (written, hosts) = (path.clone(), self.hosts.to_vec());
                made.push(Neighbour { path, written, reach: place.reach, auth, hosts, rank: 0, item });
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
        } else {
            hosts.iter().for_each(|host| {
                host.item.cannot("servers of MCP stand beside it, so that nothing goes there")
            });
        }
    }

    /// Who may call. Rules for tools need a token, also where no policy asks for one.
    fn auth(&self, speaks_no_mcp: bool) -> Value {
        if let Some((_, policy)) = &self.said.rules {
            let has_token = self.said.auth.as_ref().is_some_and(|auth| auth.get("oauth").is_some());
            if speaks_no_mcp {
                policy.weak(Verdict::Cannot, "only an agent that speaks MCP has rules for tools");
            } else if !has_token {
                policy.changed(NO_TOKEN);
                return closed();
            }
        }
        self.said.auth.clone().unwrap_or_else(|| spec::unasked(self.route, self.said.unread))
    }

    /// Where a server of MCP is found: the path of its route, and the endpoint that follows it. agentgateway puts the tools of
    /// several servers together, and takes any path where none is written.
    fn found_at(&self, place: &Place<'_>, server: &Backend<'_>, servers: usize) -> (String, String) {
        let name = server.name.unwrap_or("mcp");
        let whole = server.path.trim_end_matches('/');
        // The last part of its path is the endpoint, so that nothing is put behind it; at the root it is the route itself.
        let last = whole.rsplit_once('/').map_or("/".to_owned(), |(_, last)| format!("/{last}"));
        let path = if servers > 1 { joined(&place.path, name) } else { place.path.clone() };
        if servers > 1 {
            let why = "the tools of several servers are not put together";
            server.item.changed(format!("{why}: this one is at `{}`", joined(&path, &last)));
        }
        match path.strip_suffix(last.as_str()) {
            _ if whole.is_empty() => (path, last),
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
    ) -> Map<String, Value> {
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
                    oauth.insert("audiences".to_owned(), json!([NO_AUDIENCE]));
                }
            }
            if self.said.passes_token {
                oauth.insert("forward_token".to_owned(), true.into());
                oauth.insert("i_know".to_owned(), json!(["token_passthrough"]));
            }
            if let (Some((rules, _)), Some(mcp)) = (&self.said.rules, mcp.as_object_mut()) {
                mcp.insert("rules".to_owned(), rules.clone());
            }
        }
        let whole = server.path.trim_end_matches('/');
        let is_same = endpoint == "/" && path == whole;
        let base = if is_same { "" } else { whole.strip_suffix(endpoint).unwrap_or_default() };
        let mut settings = self.upstream.clone();
        self.headers(&mut settings);
        spec.insert("route".to_owned(), self.route_of(path, place, !is_same));
        spec.insert("upstream".to_owned(), spec::upstream(std::slice::from_ref(&server.url), base, settings));
        spec.insert("auth".to_owned(), auth);
        spec.insert("protocol".to_owned(), "mcp".into());
        spec.insert("mcp".to_owned(), mcp);
        spec
    }

    fn hosts(&self, place: &Place<'_>, urls: &[String], auth: &Value) -> Map<String, Value> {
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
        spec.insert("upstream".to_owned(), spec::upstream(urls, base.unwrap_or_default(), settings));
        spec.insert("auth".to_owned(), auth);
        if self.said.is_a2a {
            spec.insert("protocol".to_owned(), "a2a".into());
        }
        spec
    }

    fn headers(&self, settings: &mut Map<String, Value>) {
        if !self.said.set_headers.is_empty() {
            settings.insert("set_headers".to_owned(), Value::Object(self.said.set_headers.clone()));
        }
    }

    fn route_of(&self, path: &str, place: &Place<'_>, strip: bool) -> Value {
        let methods: Vec<String> = place.method.map(str::to_owned).into_iter().collect();
        let mut route = spec::route(path, self.hosts, &methods);
        if strip && path != "/" {
            route.insert("strip_path".to_owned(), true.into());
        }
        Value::Object(route)
    }
}
