//! An API: one agent, or where its operations ask for different things one for each path up to the first part that
//! varies.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::draft::{Draft, NO_AUDIENCE};
use super::super::item::Item;
use super::super::ledger::Verdict;
use super::super::place::{HostAs, authority, host, joined, route_path};
use super::super::spec::{self, NO_TOKEN, Unread, closed};
use super::key_manager::KeyManagers;
use super::policy::{self, Said};

/// The operations below one path.
struct Below<'a> {
    said: Said<'a>,
    methods: Vec<&'a str>,
    /// Whether the source means all that is below the path.
    is_whole: bool,
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
    if let Some(state) = spec.get("deploymentState") {
        if state.text() == Some("undeployed") {
            spec.changed("it is off in WSO2, and left out here");
            return;
        }
        state.kept();
    }
    let shown = spec.keep("displayName").or_else(|| spec.keep("name"));
    let version = spec.keep("version").unwrap_or_default();
    let context = spec.keep("context").unwrap_or("/").replace("$version", version);
    let Some((url, base)) = upstream_of(spec) else {
        spec.left_out("where it runs cannot be imported");
        return;
    };
    let Some(hosts) = hosts(spec) else { return };
    let name = name.or(shown).unwrap_or("api").to_owned();
    let api = Api { name, context, hosts, url, base, is_mcp };
    let whole = policy::read(&spec.list("policies"), managers, draft);
    let operations = spec.list("operations");
    if operations.is_empty() {
        api.agent("/", &Below { said: whole, methods: Vec::new(), is_whole: true, item: spec }, draft);
        return;
    }
    let parts = below(&operations, &whole, managers, draft);
    let mut all = parts.values();
    let first = all.next();
    let is_same = |one: &Below<'_>, other: &Below<'_>| {
        one.said.is_same(&other.said) && one.said.limits == other.said.limits
    };
    if all.all(|one| first.is_some_and(|first| is_same(first, one))) {
        let mut methods: Vec<&str> = parts.values().flat_map(|below| below.methods.iter().copied()).collect();
        methods.sort_unstable();
        methods.dedup();
        let said = parts.into_values().next().map(|below| below.said).unwrap_or_default();
        api.agent("/", &Below { said, methods, is_whole: false, item: spec }, draft);
        return;
    }
    parts.iter().for_each(|(path, below)| widened(path, below, &parts));
    for (path, below) in parts {
        if path != "/" {
            below.item.changed("a request for the path itself arrives with a slash at its end");
        }
        api.agent(&path, &below, draft);
    }
}

/// Says of operations that stand for their own paths alone when what is below these was asked for more.
fn widened(path: &str, below: &Below<'_>, parts: &BTreeMap<String, Below<'_>>) {
    let is_above = |other: &&String| {
        let rest = path.strip_prefix(other.trim_end_matches('/'));
        *other != path && rest.is_some_and(|rest| rest.starts_with('/'))
    };
    let above =
        parts.keys().filter(is_above).max_by_key(|other| other.len()).and_then(|other| parts.get(other));
    let is_closed = |said: &Said<'_>| said.auth.is_some() || said.unread == Unread::Something;
    if let Some(above) = above.filter(|above| !below.is_whole && is_closed(&above.said))
        && !above.said.is_same(&below.said)
    {
        let why = "a route is a prefix here: what is below the path no longer asks for what the operations around it ask for";
        below.item.weak(Verdict::Changed, why);
    }
}

/// The operations by the part of their path that does not vary.
fn below<'a>(
    operations: &[Item<'a>],
    whole: &Said<'a>,
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
        if whole.unread == Unread::Something {
            said.unread = Unread::Something;
        }
        said.rules = said.rules.or_else(|| whole.rules.clone());
        said.cors = said.cors.or_else(|| whole.cors.clone());
        said.limits.extend(whole.limits.iter().cloned());
        let Some(path) = item.get("path") else { continue };
        let Some(text) = path.text() else { continue };
        let fixed: Vec<&str> =
            text.split('/').skip(1).take_while(|part| !part.contains(['{', '*'])).collect();
        let fixed = format!("/{}", fixed.join("/"));
        let is_whole = text.strip_suffix("/*").is_some_and(|folder| folder == fixed.trim_end_matches('/'));
        if is_whole {
            path.kept();
        } else {
            path.changed(
                "a route is a prefix here: paths beside those of the operations are treated like them",
            );
        }
        let method = item.get("method").map(Item::kept).and_then(Item::text).unwrap_or("*");
        match all.get_mut(&fixed) {
            None => {
                all.insert(fixed, Below { said, methods: vec![method], is_whole, item: *item });
            }
            Some(known) if known.said.is_same(&said) => {
                known.is_whole |= is_whole;
                known.said.limits.extend(said.limits);
                if !known.methods.contains(&method) {
                    known.methods.push(method);
                }
            }
            Some(_) => item.left_out(&format!("another operation below `{fixed}` asks for something else")),
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

/// The host; none for all, and `None` where there is none like it.
fn hosts(spec: Item<'_>) -> Option<Vec<String>> {
    if let Some(sandbox) = spec.at(&["vhosts", "sandbox"]) {
        sandbox.cannot("an agent has one upstream: make another agent for the sandbox");
    }
    let Some(main) = spec.at(&["vhosts", "main"]).or_else(|| spec.get("vhost")) else {
        return Some(Vec::new());
    };
    match host(main.text().unwrap_or("?"), true) {
        HostAs::Any => {
            main.kept();
            Some(Vec::new())
        }
        HostAs::Same(name) => {
            main.kept();
            Some(vec![name])
        }
        HostAs::Less(name, why) => {
            main.changed(why);
            Some(vec![name])
        }
        HostAs::No => {
            main.left_out("no host that a route can have");
            None
        }
    }
}

impl Api {
    fn agent(&self, path: &str, below: &Below<'_>, draft: &mut Draft) {
        let full = match route_path(&joined(&self.context, path)) {
            Ok(full) => full,
            Err(why) => {
                below.item.left_out(&why);
                return;
            }
        };
        let mut auth = self.auth(below);
        let methods: Vec<String> = if below.methods.contains(&"*") {
            Vec::new()
        } else {
            below.methods.iter().map(|method| (*method).to_owned()).collect()
        };
        let mut route = spec::route(&full, &self.hosts, &methods);
        if full != "/" {
            route.insert("strip_path".to_owned(), true.into());
        }
        let mut spec = Map::new();
        let mut base = joined(&self.base, path);
        if self.is_mcp {
            spec.insert("protocol".to_owned(), "mcp".into());
            // The endpoint is what follows the route, so that nothing is put behind it.
            let (before, last) = base.rsplit_once('/').unwrap_or(("", ""));
            let (before, endpoint) = (before.to_owned(), format!("/{last}"));
            if endpoint != "/mcp" {
                below.item.changed(format!("clients find the server at `{}`", joined(&full, &endpoint)));
            }
            spec.insert("mcp".to_owned(), Self::mcp(below, &mut auth, &endpoint));
            base = before;
        }
        spec.insert("route".to_owned(), Value::Object(route));
        spec.insert(
            "upstream".to_owned(),
            spec::upstream(std::slice::from_ref(&self.url), &base, Map::new()),
        );
        spec.insert("auth".to_owned(), auth);
        spec::put_beside(&mut spec, below.said.cors.as_ref(), draft.limits(&below.said.limits));
        draft.agent(&self.name, Value::Object(spec), below.item);
    }

    /// Who may call. Rules for tools need a token, also where no policy asks for one.
    fn auth(&self, below: &Below<'_>) -> Value {
        if let Some((_, policy)) = &below.said.rules {
            let has_token = below.said.auth.as_ref().is_some_and(|auth| auth.get("oauth").is_some());
            if !self.is_mcp {
                policy.weak(Verdict::Cannot, "only an agent of `kind: Mcp` has rules for tools");
            } else if !has_token {
                policy.changed(NO_TOKEN);
                return closed();
            }
        }
        below.said.auth.clone().unwrap_or_else(|| spec::unasked(below.item, below.said.unread))
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
                oauth.insert("audiences".to_owned(), json!([NO_AUDIENCE]));
            }
            if oauth.contains_key("forward_token") {
                oauth.insert("i_know".to_owned(), json!(["token_passthrough"]));
            }
            if let Some((rules, _)) = &below.said.rules {
                mcp.insert("rules".to_owned(), rules.clone());
            }
        }
        Value::Object(mcp)
    }
}
