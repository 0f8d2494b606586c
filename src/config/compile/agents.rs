//! Agents of a document, with everything that a request to them needs.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};

use crate::authn::{ApiKeyPolicy, BoundTokens, Issuers, OAuthPolicy, Scheme, TokenCache};
use crate::authz::{ClaimHeader, ClaimHeaders, Entry};
use crate::model::{AgentName, ProviderName, unbracketed};
use crate::routing::{
    Agent, Assertions, AtExpiry, Authenticator, Compiled, Cors, CorsRules, Methods, Route, next_id,
};
use crate::telemetry::AgentMetrics;
use crate::upstream::{Upstream, UpstreamHost, UpstreamTls};

use super::input::Input;
use super::limits::OfAgent;
use super::made::{Agents, FromFiles, Providers};
use super::targets::Places;
use super::{
    assertion, audience, card, given, introspection, kept, keys, limits, operations, protocol, requirements,
    sender_constraint, signing, targets,
};
use crate::config::language::settings::agent::{self as settings, AgentEntry, Auth, Origins, Streams};
use crate::config::text::code::Code;

/// The headers of RFC 9440. A gateway to which proxies give certificates lets no client name one to an agent, whatever the
/// name of its own header is.
static CLIENT_CERT: HeaderName = HeaderName::from_static("client-cert");
static CLIENT_CERT_CHAIN: HeaderName = HeaderName::from_static("client-cert-chain");

/// Makes the agents and the table of their routes.
pub(super) fn make(input: &Input<'_>, providers: &Providers, from: &FromFiles) -> Agents {
    let issuers: Issuers = providers.values().map(|p| p.spec().issuer.clone()).collect();
    let before = input.previous.map(|snapshot| &snapshot.issuers).filter(|before| ***before == issuers);
    let issuers = before.map_or_else(|| Arc::new(issuers), Arc::clone);
    let (api_keys, keys) = keys::make(input);
    let tokens = token_cache(input);
    let denials = input.previous.map(|snapshot| Arc::clone(&snapshot.denials)).unwrap_or_default();
    let limits = limits::begin(input);
    let mut all = Agents { issuers, keys, api_keys, tokens, denials, limits, ..Agents::default() };
    all.assertion_headers = assertion::headers(input);
    let watched = targets::watched(input);
    let mut agents = Vec::with_capacity(input.document.agents.len());
    for entry in &input.document.agents {
        let Some(places) = Places::of(input, &mut all, &watched, &entry.upstream) else { continue };
        assertion::check(input, entry);
        signing::check(input, entry);
        if entry.a2a.is_some() {
            card::check(input, providers, entry, &route(entry));
        }
        let limits = limits::of_agent(input, &mut all.limits, entry);
        let kept = kept::agent(input, providers, from, &all, entry, &places);
        let kept = kept.filter(|kept| limits::are_same(&limits, kept.limits.as_deref()));
        let made =
            kept.or_else(|| agent((input, providers, from), &all, entry, places, limits).map(Arc::new));
        let Some(agent) = made else { continue };
        if all.router.insert(Arc::clone(&agent)).is_err() {
            let message = format!("`{}` has the route of another agent", agent.name);
            let help = "change the path or the host of one of them";
            input.report(&entry.source).say(Code::DuplicateRoute, entry.route.place, message, help);
        }
        agents.push((agent.name.clone(), agent));
    }
    // At once: they mostly are in the order of their names.
    all.agents = agents.into_iter().collect();
    all
}

/// The cache that the process has, or its first one.
fn token_cache(input: &Input<'_>) -> Option<Arc<TokenCache>> {
    if let Some(previous) = input.previous {
        return previous.tokens.clone();
    }
    let metrics = input.metrics.token_cache();
    let cache = TokenCache::new(input.document.server.token_cache.entries, metrics.clone())?;
    let weak = Arc::downgrade(&cache);
    metrics.measure(move || weak.upgrade().map_or(0, |cache| cache.len()));
    Some(cache)
}

fn agent(
    (input, providers, from): (&Input<'_>, &Providers, &FromFiles),
    all: &Agents,
    entry: &AgentEntry,
    places: Places,
    limits: OfAgent,
) -> Option<Agent> {
    let route = route(entry);
    let name = entry.id.value.clone();
    let before = input.previous.and_then(|snapshot| snapshot.agents.get(&name));
    let bound_tokens = sender_constraint::bound_tokens(input, from, entry, before)?;
    let authenticator = authenticator((input, providers), all, entry, bound_tokens)?;
    let takes_proofs = authenticator.dpop().is_some();
    let credential = match &authenticator {
        Authenticator::OAuth(policy) => Some(&policy.header),
        Authenticator::ApiKey(policy) => Some(&policy.header),
        Authenticator::Public => None,
    };
    let upstream = upstream(from, &entry.upstream, places, before);
    let metrics = metrics(input, &name, &authenticator, before);
    let oauth = match &entry.auth.value {
        Auth::OAuth(oauth) => Some(&**oauth),
        Auth::ApiKey(_) | Auth::Public => None,
    };
    let terms = assertion::of(input, entry);
    Some(Agent::new(Compiled {
        assertions: terms.as_deref().map(|terms| Box::new(Assertions::new(terms))),
        assertion_headers: Arc::clone(&all.assertion_headers),
        display_name: entry.display_name.clone(),
        taken_prefix: taken_prefix(&entry.route),
        protocol: protocol::spoken(input, providers, from, entry, &route)?,
        route,
        public_url: entry.public_url.clone(),
        upstream_challenge: protocol::upstream_challenge(entry),
        upstream: upstream?,
        entry: Entry {
            number: next_id(),
            requirements: oauth.and_then(|oauth| requirements::of(oauth.require.as_deref()?)),
            rules: oauth.map(|oauth| operations::block(&oauth.scopes, &oauth.claims)).unwrap_or_default(),
            claim_headers: claim_headers(input, oauth, entry)?,
            operations: operations::rules(entry),
            counted: limits.claims,
            assertion: terms,
        },
        limits: limits.limits,
        cors: entry.cors.as_ref().map(|cors| Box::new(compile_cors(cors, credential, takes_proofs))),
        max_body: entry.max_body,
        max_in_flight: entry.max_in_flight,
        slots: before.map(|agent| agent.slots.clone()).unwrap_or_default(),
        websocket: entry.websocket,
        policy: kept::policy(input, entry, before, &authenticator).unwrap_or_else(next_id),
        on_policy_change: entry.streams.on_policy_change,
        at_expiry: at_expiry(&entry.streams),
        enforcement: entry.enforcement,
        authenticator,
        name,
        metrics,
    }))
}

/// The handles of before, where they count under the same names.
fn metrics(
    input: &Input<'_>,
    name: &AgentName,
    authenticator: &Authenticator,
    before: Option<&Arc<Agent>>,
) -> AgentMetrics {
    let providers = names_of(authenticator);
    let same = |agent: &&Arc<Agent>| {
        std::mem::discriminant(&agent.authenticator) == std::mem::discriminant(authenticator)
            && names_of(&agent.authenticator) == providers
    };
    match before.filter(same) {
        Some(agent) => agent.metrics.clone(),
        None => input.metrics.agent(name).with_providers(providers.into_iter()),
    }
}

fn names_of(authenticator: &Authenticator) -> Vec<&ProviderName> {
    match authenticator {
        Authenticator::OAuth(policy) => {
            policy.providers.iter().map(|provider| &provider.spec().name).collect()
        }
        Authenticator::ApiKey(_) | Authenticator::Public => Vec::new(),
    }
}

fn at_expiry(streams: &Streams) -> AtExpiry {
    let Streams { on_expiry, grace, finish_within, ws_close_code: close_code, on_policy_change: _ } =
        *streams;
    AtExpiry { on_expiry, grace, finish_within, close_code }
}

/// Routes are compared without the slash at the end, so the route of everything is the empty one.
fn route(entry: &AgentEntry) -> Route {
    let written = &entry.route;
    Route {
        hosts: written.hosts.clone(),
        methods: Methods::new(&operations::methods(entry)),
        path: written.path.trim_end_matches('/').to_owned(),
        strip_path: written.strip_path,
    }
}

/// Paths are visible ASCII, so that each is a header value.
fn taken_prefix(written: &settings::Route) -> Option<HeaderValue> {
    let path = written.path.trim_end_matches('/');
    if written.strip_path && !path.is_empty() { HeaderValue::from_str(path).ok() } else { None }
}

fn upstream(
    from: &FromFiles,
    written: &settings::Upstream,
    places: Places,
    before: Option<&Arc<Agent>>,
) -> Option<Upstream> {
    let url = &written.targets.url().value;
    // A file that was named and is not there must never turn into the trust of the system.
    let trust = match &written.ca_file {
        Some(path) => Some(from.trust.get(&path.value)?.clone()),
        None => None,
    };
    let certificate = targets::shown(from, written)?;
    let server_name = written.server_name.as_deref().unwrap_or(unbracketed(url.own_host()?)).to_owned();
    let authority = targets::authority(url)?;
    let (endpoint, targets) =
        places.compiled(written, before.and_then(|agent| agent.upstream.targets.as_ref()))?;
    Some(Upstream {
        endpoint,
        targets,
        protocol: written.protocol,
        host: match &written.host {
            settings::UpstreamHost::Rewrite => UpstreamHost::Fixed(authority.clone()),
            settings::UpstreamHost::Name(name) => UpstreamHost::Fixed(HeaderValue::from_str(name).ok()?),
            settings::UpstreamHost::Preserve => UpstreamHost::Preserve,
        },
        tls: (url.scheme() == "https").then_some(UpstreamTls { server_name, trust, certificate }),
        authority,
        set_headers: given::set_headers(&from.given, written)?,
        base_path: url.path().trim_end_matches('/').to_owned(),
        connect_timeout: written.connect_timeout,
        response_timeout: written.response_timeout,
        stream_idle_timeout: written.stream_idle_timeout,
        idle_timeout: written.idle_timeout,
    })
}

fn authenticator(
    (input, providers): (&Input<'_>, &Providers),
    all: &Agents,
    entry: &AgentEntry,
    bound_tokens: BoundTokens,
) -> Option<Authenticator> {
    Some(match &entry.auth.value {
        Auth::Public => Authenticator::Public,
        Auth::ApiKey(written) => Authenticator::ApiKey(ApiKeyPolicy {
            header: written.header.clone(),
            scheme: Scheme::parse(&written.prefix)?,
            keys: all.keys.get(&entry.id.value).map(|keys| Arc::clone(&keys.records)).unwrap_or_default(),
            denials: Arc::clone(&all.denials),
        }),
        Auth::OAuth(oauth) => {
            // All or none: a provider that could not be compiled has been reported, and an agent that
            // accepts fewer than were written is another agent.
            let accepted: Option<Vec<_>> =
                oauth.identity_providers.iter().map(|name| providers.get(&name.value).cloned()).collect();
            let accepted = accepted?;
            Authenticator::OAuth(OAuthPolicy {
                introspection: introspection::of_agent(input, &accepted, entry, oauth)?,
                denials: Arc::clone(&all.denials),
                header: oauth.header.clone(),
                scheme: Scheme::parse(&oauth.prefix)?,
                also: oauth.also.clone(),
                forward_token: oauth.forward_token.clone(),
                providers: accepted,
                issuers: Arc::clone(&all.issuers),
                audiences: audience::all(input, entry, oauth),
                audience_claim: oauth.audience_claim,
                max_token_lifetime: oauth.max_token_lifetime,
                bound_tokens,
                token_bytes: input.token_bytes(),
                tokens: all.tokens.clone(),
            })
        }
    })
}

fn claim_headers(
    input: &Input<'_>,
    oauth: Option<&settings::OAuth>,
    entry: &AgentEntry,
) -> Option<ClaimHeaders> {
    let pairs = oauth.map(|oauth| &*oauth.claim_headers).unwrap_or_default();
    let headers =
        pairs.iter().map(|(claim, header)| ClaimHeader { claim: claim.clone(), header: header.clone() });
    match ClaimHeaders::new(headers.collect(), oauth.map(|oauth| oauth.claim_header_text).unwrap_or_default())
    {
        Ok(headers) => Some(match input.certificate_header() {
            Some(header) => headers.guarding(&[header, &CLIENT_CERT, &CLIENT_CERT_CHAIN]),
            None => headers,
        }),
        Err(error) => {
            let help = "choose another header for one of the claims";
            input.report(&entry.source).say(Code::HeaderConflict, entry.auth.place, error.to_string(), help);
            None
        }
    }
}

fn compile_cors(written: &settings::Cors, credential: Option<&HeaderName>, takes_proofs: bool) -> Cors {
    Cors::new(&CorsRules {
        preset: written.preset,
        origins: match &written.allowed_origins {
            // Without a preset they must be written.
            Some(Origins::Any) | None => None,
            Some(Origins::These(list)) => Some(list),
        },
        methods: &written.allowed_methods,
        headers: &written.allowed_headers,
        exposed: &written.exposed_headers,
        credentials: written.allow_credentials,
        max_age: written.max_age,
        credential_header: credential,
        takes_proofs,
    })
}
