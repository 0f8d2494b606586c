//! An API: one agent, or where its operations ask for different things one for each path up to the first part that
//! varies.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::draft::{Draft, upstream};
use super::super::item::Item;
use super::super::ledger::Verdict;
use super::super::place::{HostAs, authority, host, joined, route_path};
use super::key_manager::KeyManagers;
use super::policy::{self, Said};

/// The operations below one path.
struct Below<'a> {
    said: Said,
    methods: Vec<&'a str>,
    /// The first of them.
    item: Item<'a>,
}

/// What all agents of an API have in common.
struct Api {
    name: String,
    context: String,
    hosts: Vec<String>,
    url: String,
    base: String,
    is_mcp: bool,
}

/// Reads an API.
pub(super) fn read(
    spec: Item<'_>,
    (name, is_mcp): (Option<&str>, bool),
    managers: &mut KeyManagers,
    draft: &mut Draft,
) {
    let shown = spec.keep("displayName").or_else(|| spec.keep("name"));
    let version = spec.keep("version").unwrap_or_default();
    let context = spec.keep("context").unwrap_or("/").replace("$version", version);
    let Some((url, base)) = upstream_of(spec) else {
        spec.cannot("where it runs cannot be imported, so it is left out");
        return;
    };
    let hosts = hosts(spec);
    let name = name.or(shown).unwrap_or("api").to_owned();
    let api = Api { name, context, hosts, url, base, is_mcp };
    let whole = policy::read(&spec.list("policies"), managers, draft);
    let operations = spec.list("operations");
    if operations.is_empty() {
        api.agent("/", &Below { said: whole, methods: Vec::new(), item: spec }, draft);
        return;
    }
    let parts = below(&operations, &whole, managers, draft);
    let mut auths = parts.values().map(|below| &below.said.auth);
    let first = auths.next();
    if auths.all(|auth| Some(auth) == first) {
        let mut methods: Vec<&str> = parts.values().flat_map(|below| below.methods.iter().copied()).collect();
        methods.sort_unstable();
        methods.dedup();
        let said = parts.into_values().next().map(|below| below.said).unwrap_or_default();
        api.agent("/", &Below { said, methods, item: spec }, draft);
        return;
    }
    for (path, below) in parts {
        if path != "/" {
            below.item.changed("a request for the path itself arrives with a slash at its end");
        }
        api.agent(&path, &below, draft);
    }
}

/// The operations by the part of their path that does not vary.
fn below<'a>(
    operations: &[Item<'a>],
    whole: &Said,
    managers: &mut KeyManagers,
    draft: &mut Draft,
) -> BTreeMap<String, Below<'a>> {
    let mut all: BTreeMap<String, Below<'a>> = BTreeMap::new();
    for item in operations {
        let mut said = policy::read(&item.list("policies"), managers, draft);
        if said.auth.is_some() && whole.auth.is_some() && said.auth != whole.auth {
            item.weak(Verdict::Cannot, "both policies apply in WSO2; here the one of the operation alone");
        }
        if said.auth.is_none() {
            said.auth.clone_from(&whole.auth);
        }
        said.rules = said.rules.or_else(|| whole.rules.clone());
        let Some(path) = item.get("path") else { continue };
        let text = path.text().unwrap_or("/");
        let fixed: Vec<&str> =
            text.split('/').skip(1).take_while(|part| !part.contains(['{', '*'])).collect();
        let fixed = format!("/{}", fixed.join("/"));
        if text == "/*" || text.trim_end_matches("/*") == fixed {
            path.kept();
        } else {
            path.changed(
                "a route is a prefix here: paths beside those of the operations are treated like them",
            );
        }
        let method = item.get("method").map(Item::kept).and_then(Item::text).unwrap_or("*");
        match all.get_mut(&fixed) {
            None => {
                all.insert(fixed, Below { said, methods: vec![method], item: *item });
            }
            Some(known) if known.said.auth == said.auth => {
                if !known.methods.contains(&method) {
                    known.methods.push(method);
                }
            }
            Some(_) => item.cannot(format!(
                "another operation below `{fixed}` asks for something else: this one is left out"
            )),
        }
    }
    all
}

fn upstream_of(spec: Item<'_>) -> Option<(String, String)> {
    if let Some(sandbox) = spec.at(&["upstream", "sandbox"]) {
        sandbox.cannot("an agent has one upstream: make another agent for the sandbox");
    }
    let main = spec.at(&["upstream", "main"]).or_else(|| spec.get("upstream"));
    let first = spec.list("upstreams").into_iter().next();
    let item = main.or(first)?.get("url")?;
    let url = url::Url::parse(item.text()?).ok()?;
    item.kept();
    let port = url.port().map(|port| port.to_string());
    Some((
        format!("{}://{}", url.scheme(), authority(url.host_str()?, port.as_deref())),
        url.path().to_owned(),
    ))
}

fn hosts(spec: Item<'_>) -> Vec<String> {
    let Some(main) = spec.at(&["vhosts", "main"]) else { return Vec::new() };
    match host(main.text().unwrap_or_default(), true) {
        HostAs::Any => {
            main.kept();
            Vec::new()
        }
        HostAs::Same(name) => {
            main.kept();
            vec![name]
        }
        HostAs::Less(name, why) => {
            main.changed(why);
            vec![name]
        }
        HostAs::No => {
            main.changed("no host that a route can have: every host is meant");
            Vec::new()
        }
    }
}

impl Api {
    fn agent(&self, path: &str, below: &Below<'_>, draft: &mut Draft) {
        let full = match route_path(&joined(&self.context, path)) {
            Ok(full) => full,
            Err(why) => {
                below.item.cannot(why);
                return;
            }
        };
        let mut auth = below.said.auth.clone().unwrap_or_else(|| {
            below.item.weak(Verdict::Kept, "no policy asks for a credential here, so the agent is public");
            "public".into()
        });
        let mut route = Map::new();
        route.insert("path".to_owned(), full.clone().into());
        if let [one] = self.hosts.as_slice() {
            route.insert("host".to_owned(), one.clone().into());
        }
        let is_any = below.methods.is_empty() || below.methods.contains(&"*");
        if !is_any {
            route.insert("methods".to_owned(), json!(below.methods));
        }
        if full != "/" {
            route.insert("strip_path".to_owned(), true.into());
        }
        let mut spec = Map::new();
        let mut base = joined(&self.base, path);
        if self.is_mcp {
            spec.insert("protocol".to_owned(), "mcp".into());
            // The endpoint is what follows the route, so that nothing is put behind it.
            let endpoint =
                base.rsplit_once('/').map(|(before, last)| (before.to_owned(), format!("/{last}")));
            if let Some((before, last)) = endpoint {
                spec.insert("mcp".to_owned(), Self::mcp(below, &mut auth, &last));
                base = before;
            } else {
                spec.insert("mcp".to_owned(), Self::mcp(below, &mut auth, "/"));
            }
        }
        spec.insert("route".to_owned(), Value::Object(route));
        spec.insert("upstream".to_owned(), upstream(std::slice::from_ref(&self.url), &base, Map::new()));
        spec.insert("auth".to_owned(), auth);
        if !draft.agent(&self.name, Value::Object(spec)) {
            below.item.cannot(format!("another agent has the path `{full}` already"));
        }
    }

    fn mcp(below: &Below<'_>, auth: &mut Value, endpoint: &str) -> Value {
        let mut mcp = Map::new();
        mcp.insert("endpoint".to_owned(), endpoint.into());
        if let Some(oauth) = auth.get_mut("oauth").and_then(Value::as_object_mut) {
            if oauth.contains_key("audiences") {
                oauth.insert("audience".to_owned(), "custom".into());
            } else {
                let why = "an agent that speaks MCP needs an audience: write it instead of the one that stands there";
                below.item.changed(why);
                oauth.insert("audiences".to_owned(), json!(["https://to-be-written.invalid/audience"]));
            }
            if oauth.contains_key("forward_token") {
                oauth.insert("i_know".to_owned(), json!(["token_passthrough"]));
            }
            if let Some(rules) = &below.said.rules {
                mcp.insert("rules".to_owned(), rules.clone());
            }
        }
        Value::Object(mcp)
    }
}
