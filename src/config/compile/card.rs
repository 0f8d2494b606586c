//! What the card of an A2A agent is made from, and what it has to say about the gateway.

use super::input::{Input, Mention};
use super::made::Providers;
use super::signing;
use crate::authz::requested_scopes;
use crate::config::language::settings::agent::{AgentEntry, Auth, BindingMode, CardFrom, OAuth};
use crate::config::language::settings::server::PublicUrl;
use crate::config::text::code::Code;
use crate::idp::KeySource;
use crate::model::HostRule;
use crate::protocol::a2a::card::{
    Access, CardBinding, CardBindings, CardPolicy, CardProvider, MetadataKind, Signatures, compare,
};
use crate::routing::{Agent, CardOrigin, CardPlan, KEY_SET_PATH, Protocol, Route};

/// Whether compiling the card of `entry`, which is what it was, would make what runs.
pub(super) fn is_same(input: &Input<'_>, providers: &Providers, entry: &AgentEntry, agent: &Agent) -> bool {
    let Protocol::A2a(a2a) = &agent.protocol else { return true };
    origin(input, entry).is_some_and(|origin| origin == a2a.plan.origin)
        && policy(input, providers, entry, &agent.route) == a2a.plan.policy
}

/// How the card of an agent is made.
pub(super) fn plan(
    input: &Input<'_>,
    providers: &Providers,
    entry: &AgentEntry,
    route: &Route,
) -> Option<CardPlan> {
    Some(CardPlan { origin: origin(input, entry)?, policy: policy(input, providers, entry, route) })
}

fn origin(input: &Input<'_>, entry: &AgentEntry) -> Option<CardOrigin> {
    match entry.a2a.as_ref().map(|a2a| &a2a.card) {
        None | Some(CardFrom::Rewrite) => Some(CardOrigin::Rewrite),
        Some(CardFrom::Passthrough) => Some(CardOrigin::Passthrough),
        Some(CardFrom::File(path)) => {
            let file = Mention::new(&entry.source, path);
            match str::from_utf8(input.file(file)?) {
                Ok(text) => Some(CardOrigin::File(text.into())),
                Err(_) => {
                    input.bad_file(file, "the card is not UTF-8 text", "write it as JSON in UTF-8");
                    None
                }
            }
        }
    }
}

/// Looks at a card that is to be signed, and compares one that an operator wrote with what the gateway does.
pub(super) fn check(input: &Input<'_>, providers: &Providers, entry: &AgentEntry, route: &Route) {
    let policy = policy(input, providers, entry, route);
    signing::check_card(input, entry, policy.base.is_some());
    let Some(CardFrom::File(path)) = entry.a2a.as_ref().map(|a2a| &a2a.card) else { return };
    let file = Mention::new(&entry.source, path);
    // One that cannot be read is reported where the agent is made.
    let Some(Ok(text)) = input.files.get(&path.value) else { return };
    match compare(text, &policy) {
        Ok(differences) => {
            let help = "change the card, or let the gateway make one with `card: rewrite`";
            for difference in differences {
                let message = format!("{}: {difference}", file.shown());
                input.report(&entry.source).say(Code::CardDiffers, path.place, message, help);
            }
        }
        Err(error) => {
            input.bad_file(file, &error.to_string(), "name a JSON file with the card of the agent");
        }
    }
}

fn policy(input: &Input<'_>, providers: &Providers, entry: &AgentEntry, route: &Route) -> CardPolicy {
    let url = entry.upstream.targets.url();
    let base = url.path().trim_end_matches('/');
    let forwarded = format!("{base}{}", route.forwarded(&route.path));
    let upstream_paths = vec![forwarded.trim_end_matches('/').to_owned(), base.to_owned(), String::new()];
    let path = &route.path;
    let upstream_authority = match &url.socket {
        Some(_) => String::new(),
        None => url.authority().unwrap_or_default(),
    };
    let signatures = entry.a2a.as_ref().map_or(Signatures::Strip, |a2a| a2a.signatures.value);
    let at = |path: &str| {
        let of_server = || public_base(input.document.server.public_url.as_ref()?, &route.hosts, path);
        entry.public_url.as_ref().map(|origin| format!("{origin}{path}")).or_else(of_server)
    };
    CardPolicy {
        base: at(path),
        route: path.clone(),
        upstream_paths,
        upstream_authority,
        access: access(providers, &entry.auth.value),
        signatures,
        keys_url: at(KEY_SET_PATH).filter(|_| signatures == Signatures::Resign),
    }
}

/// The URL of a path for the clients of an agent, under that of the server, where all requests reach it at the same one.
fn public_base(public_url: &PublicUrl, hosts: &[HostRule], path: &str) -> Option<String> {
    match hosts {
        [] => Some(public_url.of(None, path)),
        [HostRule::Exact(host)] => Some(public_url.of(Some(host), path)),
        _ => None,
    }
}

fn access(providers: &Providers, auth: &Auth) -> Access {
    match auth {
        Auth::Public => Access::Public,
        Auth::ApiKey(written) => Access::ApiKey { header: written.header.to_string() },
        Auth::OAuth(oauth) => {
            let accepted = oauth.identity_providers.iter().filter_map(|name| providers.get(&name.value));
            let accepted = accepted.filter(|provider| !provider.spec().issues_svids());
            let described = accepted.map(|provider| {
                let spec = provider.spec();
                let metadata = match spec.source {
                    KeySource::Discovery => MetadataKind::OpenId,
                    _ => MetadataKind::AuthorizationServer,
                };
                CardProvider { name: spec.name.to_string(), issuer: spec.issuer.to_string(), metadata }
            });
            Access::OAuth { providers: described.collect(), scopes: scopes(oauth), bindings: bindings(oauth) }
        }
    }
}

/// What tokens may be bound to.
fn bindings(oauth: &OAuth) -> CardBindings {
    let Some(written) = oauth.sender_constraint.as_deref() else { return CardBindings::default() };
    let of = |mode| match mode {
        BindingMode::Off => CardBinding::Off,
        BindingMode::Optional => CardBinding::Optional,
        BindingMode::Required => CardBinding::Required,
    };
    let any = !written.any_of.is_empty();
    CardBindings { dpop: of(written.dpop_mode()), mtls: of(written.mtls_mode()), any }
}

/// The base scopes, each once.
fn scopes(oauth: &OAuth) -> Vec<String> {
    let all = oauth.scopes.all_of.iter().chain(&oauth.scopes.any_of).map(String::as_str);
    requested_scopes(all).into_iter().map(str::to_owned).collect()
}
