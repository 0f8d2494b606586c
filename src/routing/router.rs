//! Finds the agent for a host and a path: an exact host beats a wildcard, which beats no host; then the longest prefix on
//! segment boundaries wins.
//!
//! The deepest configured route bounds the cost of a look-up, whatever a client sends.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use crate::model::{CanonicalPath, Host, HostRule, PerShard, ProviderName, Request, Shard};
use crate::protocol::ResourceForm;

use super::a2a::CARD_PATHS;
use super::agent::Agent;
use super::compiled::Authenticator;
use super::found::Match;
use super::methods::Methods;
use super::protocol::Protocol;
use super::text_hash::TextHash;
use super::well_known::Place;

/// Two agents with the same host and path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the same host and path as another agent")]
pub struct RouteConflict {
    /// Index of the agent that had the route first, in the order of insertion.
    pub first: usize,
}

/// The table of all routes.
#[derive(Debug, Default)]
pub struct Router {
    hosts: HashMap<Box<str>, Paths, TextHash>,
    /// By the domain behind the wildcard label.
    wildcards: HashMap<Box<str>, Paths, TextHash>,
    any_host: Paths,
    len: usize,
    /// Whether the gateway signs, so that its key set is published.
    signs: bool,
    /// The providers whose security events are received.
    events: BTreeSet<ProviderName>,
}

#[derive(Debug, Default)]
struct Paths {
    by_prefix: HashMap<Box<str>, Routed, TextHash>,
    deepest: usize,
    /// Whether callers of some agent bring a credential.
    guarded: bool,
    /// The agent for which the root speaks, though its route is another.
    root: Option<Arc<Agent>>,
}

#[derive(Debug)]
struct Routed {
    /// Its number in the order of insertion.
    index: usize,
    /// Whether every request on its route is for the agent: there are no cross-origin rules, methods or cards to look at.
    is_plain: bool,
    agent: Arc<Agent>,
    /// Those of all shards, once somebody asks for it where there are several.
    here: OnceLock<PerShard<OnceLock<Arc<Agent>>>>,
}

impl Routed {
    /// The agent as requests of this shard hold it.
    fn agent(&self) -> &Arc<Agent> {
        if Shard::count() == 1 {
            return &self.agent;
        }
        // Made by a thread of the shard, whose allocations lie together.
        let here = || match Shard::here() {
            Shard::FIRST => Arc::clone(&self.agent),
            _ => Arc::new(self.agent.for_another_shard()),
        };
        self.here.get_or_init(|| PerShard::new(OnceLock::new)).here().get_or_init(here)
    }
}

impl Router {
    /// Adds an agent under each host of its route.
    ///
    /// # Errors
    /// When another agent has the same host and path.
    pub fn insert(&mut self, agent: Arc<Agent>) -> Result<(), RouteConflict> {
        if agent.route.hosts.is_empty() {
            self.any_host.insert(self.len, &agent)?;
        }
        for host in &agent.route.hosts {
            let paths = match host {
                HostRule::Exact(host) => self.hosts.entry(host.clone()).or_default(),
                HostRule::OneBelow(parent) => self.wildcards.entry(parent.clone()).or_default(),
            };
            paths.insert(self.len, &agent)?;
        }
        self.len += 1;
        Ok(())
    }

    /// Answers for the key set of the gateway, on every host and before every agent.
    pub fn publish_keys(&mut self) {
        self.signs = true;
    }

    /// Answers for the security events of this provider, on every host and before every agent.
    pub fn receive_events(&mut self, provider: &ProviderName) {
        self.events.insert(provider.clone());
    }

    /// Routes a request.
    #[must_use]
    pub fn find(&self, request: &Request<'_>) -> Match<&Arc<Agent>> {
        let host = request.host.as_ref().map(Host::as_str);
        if let Some(place) = Place::of(request.path.as_str())
            && let Some(found) = self.well_known(host, request.path.as_str(), place)
        {
            return found;
        }
        let Some(routed) = self.routed(host, request.path.as_str()) else { return Match::NotFound };
        let agent = routed.agent();
        if routed.is_plain {
            return Match::Agent(agent);
        }
        if is_card(agent, &request.path) {
            return Match::Card(agent);
        }
        let cors = agent.cors.as_deref();
        if let Some(headers) = cors.and_then(|cors| cors.preflight(request.method, request.headers)) {
            return Match::Preflight(agent, headers);
        }
        match &agent.route.methods {
            Some(methods) => restricted(agent, methods, request),
            None => decided(agent),
        }
    }

    /// The agent at a host and a path, whatever the method.
    #[must_use]
    pub fn at(&self, host: Option<&str>, path: &CanonicalPath<'_>) -> Option<&Arc<Agent>> {
        self.routed(host, path.as_str()).map(Routed::agent)
    }

    fn routed(&self, host: Option<&str>, path: &str) -> Option<&Routed> {
        let by_host = host.and_then(|host| self.hosts.get(host)).and_then(|paths| paths.routed(path));
        let below = || host.and_then(|host| self.below(host)).and_then(|paths| paths.routed(path));
        by_host.or_else(below).or_else(|| self.any_host.routed(path))
    }

    /// The routes of a host, of the wildcard that covers it, and of every host.
    fn levels<'r>(&'r self, host: Option<&str>) -> impl Iterator<Item = &'r Paths> + use<'r> {
        let by_host = host.and_then(|host| self.hosts.get(host));
        let below = host.and_then(|host| self.below(host));
        by_host.into_iter().chain(below).chain([&self.any_host])
    }

    /// What a client finds where metadata of authentication is looked for; `None` when an agent answers there.
    #[cold]
    fn well_known(&self, host: Option<&str>, path: &str, place: Place<'_>) -> Option<Match<&Arc<Agent>>> {
        match place {
            Place::Keys => return self.signs.then_some(Match::Keys),
            Place::Events(provider) => return self.events.contains(provider).then_some(Match::Events),
            Place::Inserted(_) | Place::Behind(_) | Place::Other => {}
        }
        if !self.levels(host).any(|paths| paths.guarded) {
            return None;
        }
        let at = |path: &str| self.levels(host).find_map(|paths| paths.find(path));
        let route = if let Place::Behind(route) = place { route } else { "" };
        // A public agent of which somebody wrote that it answers there does.
        let is_meant = |agent: &&Arc<Agent>| {
            let below = agent.route.path.strip_prefix(route).unwrap_or_default();
            matches!(agent.authenticator, Authenticator::Public) && below.starts_with("/.well-known")
        };
        if at(path).is_some_and(|agent| is_meant(&agent)) {
            return None;
        }
        let described = match place {
            Place::Other | Place::Keys | Place::Events(_) => None,
            Place::Behind(route) => {
                let agent = at(route).filter(|agent| agent.route.path == route)?;
                Some((agent, ResourceForm::BASE))
            }
            Place::Inserted(resource @ ("" | "/")) => {
                let marked = self.levels(host).find_map(|paths| paths.root.as_ref());
                let marked = marked.map(|agent| (agent, ResourceForm::ENDPOINT));
                marked.or_else(|| at("/").and_then(|agent| Some((agent, agent.forms().form(resource)?))))
            }
            Place::Inserted(resource) => {
                at(resource).and_then(|agent| Some((agent, agent.forms().form(resource)?)))
            }
        };
        let has_metadata = |agent: &Agent| matches!(agent.authenticator, Authenticator::OAuth(_));
        let described = described.filter(|(agent, _)| has_metadata(agent));
        Some(described.map_or(Match::Reserved, |(agent, form)| Match::Metadata(agent, form)))
    }

    /// The routes of the wildcard that covers a host; there is at most one.
    fn below(&self, host: &str) -> Option<&Paths> {
        if self.wildcards.is_empty() {
            return None;
        }
        let (_, parent) = host.split_once('.')?;
        self.wildcards.get(parent)
    }
}

/// The outcome at an agent that serves only some methods, as every MCP agent with rules by operation does.
fn restricted<'a>(agent: &'a Arc<Agent>, methods: &Methods, request: &Request<'_>) -> Match<&'a Arc<Agent>> {
    if agent.entry.operations.is_some() && !agent.protocol.serves(request.path.as_str()) {
        return Match::NotFound;
    }
    if !methods.allows(request.method) {
        return Match::MethodNotAllowed(agent, methods.allow().clone());
    }
    decided(agent)
}

/// The outcome for a request that needs a decision.
fn decided(agent: &Arc<Agent>) -> Match<&Arc<Agent>> {
    match &agent.protocol {
        Protocol::A2a(_) => Match::Governed(agent),
        Protocol::Mcp(_) if agent.entry.operations.is_some() => Match::Governed(agent),
        Protocol::Mcp(_) => Match::InSession(agent),
        Protocol::Http => Match::Agent(agent),
    }
}

/// Whether a path is that of the card of an A2A agent.
fn is_card(agent: &Agent, path: &CanonicalPath<'_>) -> bool {
    let behind = || path.as_str().strip_prefix(agent.route.path.as_str());
    agent.protocol.a2a().is_some() && behind().is_some_and(|behind| CARD_PATHS.contains(&behind))
}

impl Paths {
    fn insert(&mut self, index: usize, agent: &Arc<Agent>) -> Result<(), RouteConflict> {
        let path = agent.route.path.as_str();
        if let Some(routed) = self.by_prefix.get(path) {
            return Err(RouteConflict { first: routed.index });
        }
        self.deepest = self.deepest.max(path.matches('/').count());
        self.guarded |= !matches!(agent.authenticator, Authenticator::Public);
        if matches!(&agent.protocol, Protocol::Mcp(mcp) if mcp.root_metadata) {
            self.root.get_or_insert_with(|| Arc::clone(agent));
        }
        let is_plain =
            agent.cors.is_none() && agent.route.methods.is_none() && matches!(agent.protocol, Protocol::Http);
        let routed = Routed { index, is_plain, agent: Arc::clone(agent), here: OnceLock::new() };
        self.by_prefix.insert(path.into(), routed);
        Ok(())
    }

    fn find(&self, path: &str) -> Option<&Arc<Agent>> {
        self.routed(path).map(Routed::agent)
    }

    /// The longest prefix first, so that most look-ups are the only one.
    fn routed(&self, path: &str) -> Option<&Routed> {
        let mut ends =
            path.bytes().enumerate().filter(|(at, byte)| *at > 0 && *byte == b'/').map(|(at, _)| at);
        let mut end = match self.deepest.checked_sub(1) {
            Some(nth) => ends.nth(nth).unwrap_or(path.len()),
            None => 0,
        };
        loop {
            let prefix = path.get(..end)?;
            if let Some(routed) = self.by_prefix.get(prefix) {
                return Some(routed);
            }
            if end == 0 {
                return None;
            }
            end = prefix.rfind('/').unwrap_or(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Instant;
    use crate::routing::compiled::tests::public_agent;
    use crate::routing::cors::Cors;
    use crate::routing::cors_rules::CorsRules;
    use http::{HeaderMap, Method};
    use std::sync::Barrier;
    use std::time::Duration;

    fn router(routes: &[(&str, Option<&str>, &str)]) -> Router {
        let mut router = Router::default();
        for (name, host, path) in routes {
            router.insert(Arc::new(public_agent(name, *host, path).into())).unwrap();
        }
        router
    }

    #[test]
    fn a_request_leads_to_an_agent_or_to_a_response_of_the_gateway() {
        let rules = CorsRules {
            preset: None,
            origins: None,
            methods: &[],
            headers: &[],
            exposed: &[],
            credentials: false,
            max_age: Duration::ZERO,
            credential_header: None,
            takes_proofs: false,
        };
        let mut agent = public_agent("open", None, "/open");
        agent.cors = Some(Box::new(Cors::new(&rules)));
        agent.route.methods = Methods::new(&[Method::POST]);
        let mut router = Router::default();
        router.insert(Arc::new(agent.into())).unwrap();
        router.receive_events(&ProviderName::parse("corp").unwrap());
        let (plain, mut page) = (HeaderMap::new(), HeaderMap::new());
        page.insert("origin", "https://a.example".parse().unwrap());
        page.insert("access-control-request-method", "POST".parse().unwrap());
        for (method, path, headers, wanted) in [
            (Method::POST, "/open/x", &plain, "agent"),
            (Method::POST, "/open/x", &page, "agent"),
            (Method::OPTIONS, "/open/x", &page, "preflight"),
            (Method::OPTIONS, "/open/x", &plain, "POST"),
            (Method::GET, "/open", &page, "POST"),
            (Method::OPTIONS, "/", &page, "nothing"),
            (Method::POST, "/.portcullis/events/corp", &plain, "events"),
            (Method::POST, "/.portcullis/events/other", &plain, "nothing"),
            (Method::POST, "/.portcullis/events/corp/x", &plain, "nothing"),
        ] {
            let path = CanonicalPath::parse(path.as_bytes()).unwrap();
            let now = Instant::from_unix(0);
            let request = Request { method: &method, path, ..Request::with_headers(headers, now) };
            let found = match router.find(&request).cloned() {
                Match::Agent(_) => "agent".to_owned(),
                Match::Governed(_) => "governed".to_owned(),
                Match::InSession(_) => "in session".to_owned(),
                Match::Preflight(_, headers) => {
                    assert!(headers.iter().any(|(name, _)| name == "access-control-allow-methods"));
                    "preflight".to_owned()
                }
                Match::MethodNotAllowed(_, allow) => allow.to_str().unwrap().to_owned(),
                Match::Card(_) => "a card".to_owned(),
                Match::Events => "events".to_owned(),
                Match::NotFound | Match::Metadata(..) | Match::Keys | Match::Reserved => "nothing".to_owned(),
            };
            assert_eq!(found, wanted, "{method}");
        }
    }

    fn find(router: &Router, host: Option<&str>, path: &str) -> Option<String> {
        let path = CanonicalPath::parse(path.as_bytes()).unwrap();
        router.at(host, &path).map(|a| a.name.to_string())
    }

    #[test]
    fn the_longest_prefix_wins_on_segment_boundaries() {
        let r = router(&[("a", None, "/a"), ("ab", None, "/a/b"), ("deep", None, "/x/y/z")]);
        for (path, wanted) in [
            ("/a", Some("a")),
            ("/a/", Some("a")),
            ("/a/x", Some("a")),
            ("/ab", None),
            ("/a/b", Some("ab")),
            ("/a/b/", Some("ab")),
            ("/a/bc", Some("a")),
            ("/a/b/c/d/e/f", Some("ab")),
            ("/x/y", None),
            ("/x/y/z", Some("deep")),
            ("/", None),
            ("/A", None),
        ] {
            assert_eq!(find(&r, None, path).as_deref(), wanted, "{path}");
        }
    }

    #[test]
    fn a_host_beats_no_host_and_falls_back_to_it() {
        let r = router(&[("any", None, "/a/b"), ("h", Some("h.example"), "/a"), ("root", None, "")]);
        assert_eq!(find(&r, Some("h.example"), "/a/b").as_deref(), Some("h"));
        assert_eq!(find(&r, Some("h.example"), "/c").as_deref(), Some("root"));
        assert_eq!(find(&r, Some("other"), "/a/b").as_deref(), Some("any"));
        assert_eq!(find(&r, None, "/").as_deref(), Some("root"));
    }

    #[test]
    fn a_wildcard_covers_one_label_and_ranks_between_an_exact_host_and_none() {
        let r = router(&[
            ("any", None, ""),
            ("below", Some("*.agents.example"), "/a"),
            ("exact", Some("one.agents.example"), "/a/b"),
        ]);
        for (host, path, wanted) in [
            ("two.agents.example", "/a/b", "below"),
            ("one.agents.example", "/a/b", "exact"),
            ("one.agents.example", "/a/c", "below"),
            ("one.agents.example", "/c", "any"),
            ("two.agents.example", "/c", "any"),
            ("agents.example", "/a", "any"),
            ("three.two.agents.example", "/a", "any"),
            ("xagents.example", "/a", "any"),
            ("example", "/a", "any"),
        ] {
            assert_eq!(find(&r, Some(host), path).as_deref(), Some(wanted), "{host}{path}");
        }
        assert_eq!(find(&r, None, "/a").as_deref(), Some("any"));
    }

    #[test]
    fn an_agent_is_found_at_each_of_its_hosts_and_at_no_other() {
        let mut agent = public_agent("a", None, "/a");
        agent.route.hosts = ["a.example", "*.b.example"].map(|host| HostRule::parse(host).unwrap()).into();
        let mut r = Router::default();
        r.insert(Arc::new(agent.into())).unwrap();
        for (host, wanted) in [("a.example", true), ("x.b.example", true), ("b.example", false), ("c", false)]
        {
            assert_eq!(find(&r, Some(host), "/a").is_some(), wanted, "{host}");
        }
        let again = Arc::new(public_agent("b", Some("*.b.example"), "/a").into());
        assert_eq!(r.insert(again), Err(RouteConflict { first: 0 }));
        assert_eq!(r.insert(Arc::new(public_agent("c", Some("x.b.example"), "/a").into())), Ok(()));
    }

    /// A count that two shards write to is a line of memory that goes from core to core for each request.
    #[test]
    fn what_requests_of_two_shards_count_references_to_shares_no_line_of_memory() {
        let shards: Vec<_> = Shard::start(2).collect();
        let router = router(&[("a", None, "/a")]);
        let path = CanonicalPath::parse(b"/a").unwrap();
        // Both are there all the time, as the threads of shards are.
        let both = Barrier::new(2);
        let look = || {
            both.wait();
            let agent = Arc::clone(router.at(None, &path).unwrap());
            let host = agent.host(None).unwrap().as_bytes().as_ptr();
            both.wait();
            [Arc::as_ptr(&agent).addr(), agent.name.as_str().as_ptr().addr(), host.addr()]
        };
        let held: Vec<_> = std::thread::scope(|scope| {
            let begin = |shard: &Shard| {
                let named = std::thread::Builder::new().name(shard.threads());
                named.spawn_scoped(scope, look).unwrap()
            };
            let begun: Vec<_> = shards.iter().map(begin).collect();
            begun.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        for (one, other) in held[0].iter().zip(held[1]) {
            assert_ne!(one / 64, other / 64, "{held:x?}");
        }
    }

    #[test]
    fn a_conflict_names_the_agent_that_had_the_route_first() {
        let mut r = router(&[("a", None, "/a"), ("b", Some("h"), "/a")]);
        assert_eq!(
            r.insert(Arc::new(public_agent("c", Some("h"), "/a").into())),
            Err(RouteConflict { first: 1 })
        );
    }
}
