//! The targets of agents: which of them have a state that is kept, and which agents share one.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use http::HeaderValue;

use crate::model::unbracketed;
use crate::upstream::{
    Affinity, Balance, Budget, ClientCertificate, Eject, Endpoint, Health, Member, RetryRules, Spread,
    Target, TargetKey, Targets, Upstream,
};

use super::input::Input;
use super::made::{Agents, FromFiles};
use crate::config::language::settings::agent::{self as settings, AgentUrl};
use crate::config::language::web;
use crate::config::text::source::Spanned;

/// Where an agent runs.
pub(super) struct Places {
    endpoint: Arc<Endpoint>,
    /// Its targets, where their state is kept.
    targets: Option<Vec<Arc<Target>>>,
}

/// The targets whose state is kept: those of agents that have several, check them, limit them, or keep
/// requests at them. An agent with one of these
/// and nothing else shares its state; all others have none, and cost nothing.
pub(super) fn watched(input: &Input<'_>) -> HashSet<TargetKey> {
    let upstreams = input.document.agents.iter().map(|agent| &*agent.upstream).filter(|u| keeps_state(u));
    upstreams.flat_map(|u| u.targets.iter().filter_map(|target| key(u, &target.url.value))).collect()
}

/// `host[:port]` of a URL.
pub(super) fn authority(url: &AgentUrl) -> Option<HeaderValue> {
    HeaderValue::from_str(&url.authority()?).ok()
}

/// The certificate that is shown to an upstream, if one is named; nothing when it could not be read, which was reported.
pub(super) fn shown(from: &FromFiles, written: &settings::Upstream) -> Option<Option<ClientCertificate>> {
    match (&written.cert_file, &written.key_file) {
        (Some(list), Some(key)) => {
            from.shown.get(&(list.value.clone(), key.value.clone())).cloned().map(Some)
        }
        _ => Some(None),
    }
}

impl Places {
    /// The places of an upstream: shared by all that name them, and those of before.
    pub(super) fn of(
        input: &Input<'_>,
        all: &mut Agents,
        watched: &HashSet<TargetKey>,
        written: &settings::Upstream,
    ) -> Option<Self> {
        let first = endpoint(input, all, &written.targets.url().value)?;
        let is_watched =
            |target: &settings::Target| key(written, &target.url.value).is_some_and(|k| watched.contains(&k));
        if !keeps_state(written) && !written.targets.iter().any(is_watched) {
            return Some(Self { endpoint: first, targets: None });
        }
        let target = |written_target: &settings::Target| {
            let url = &written_target.url.value;
            let (key, endpoint) = (key(written, url)?, endpoint(input, all, url)?);
            let before = || input.previous.and_then(|snapshot| snapshot.targets.get(&key)).map(Arc::clone);
            let made = || Arc::new(Target::new(&name(url), endpoint));
            let target = match all.targets.get(&key) {
                Some(target) => Arc::clone(target),
                None => before().unwrap_or_else(made),
            };
            all.targets.insert(key, Arc::clone(&target));
            Some(target)
        };
        let targets: Option<Vec<_>> = written.targets.iter().map(target).collect();
        Some(Self { endpoint: first, targets: Some(targets?) })
    }

    /// Whether an upstream that runs has the same.
    pub(super) fn are_same(&self, running: &Upstream) -> bool {
        let targets_are_same = match (&self.targets, &running.targets) {
            (None, None) => true,
            (Some(now), Some(before)) => {
                now.len() == before.members.len()
                    && now.iter().zip(&before.members).all(|(now, before)| Arc::ptr_eq(now, &before.target))
            }
            (None, Some(_)) | (Some(_), None) => false,
        };
        Arc::ptr_eq(&running.endpoint, &self.endpoint) && targets_are_same
    }

    /// The same for requests. What was counted `before` for the retries of the agent goes on.
    pub(super) fn compiled(
        self,
        written: &settings::Upstream,
        before: Option<&Arc<Targets>>,
    ) -> Option<(Arc<Endpoint>, Option<Arc<Targets>>)> {
        let Some(targets) = self.targets else { return Some((self.endpoint, None)) };
        let retry = retry(&written.retry.as_deref().cloned().unwrap_or_default());
        let budget = before.filter(|before| before.spread.retry.window == retry.window);
        let made = |(written_target, target)| member(written, written_target, target);
        let members: Option<Vec<Member>> = written.targets.iter().zip(targets).map(made).collect();
        let spread = Spread {
            balance: if written.hash.is_some() { Balance::Hash } else { written.balance },
            hash: written.hash.as_deref().cloned(),
            affinity: written.affinity.as_deref().cloned().unwrap_or(Affinity::None),
            eject: eject(&written.eject.as_deref().cloned().unwrap_or_default()),
            retry,
            health: match written.health.as_deref() {
                Some(health) => Some(self::health(health)?),
                None => None,
            },
            slow_start: written.slow_start,
            max_in_flight: written.max_in_flight,
            max_pending: written.max_pending,
        };
        let budget = budget.map_or_else(|| Arc::new(Budget::default()), |before| Arc::clone(&before.budget));
        Some((self.endpoint, Some(Arc::new(Targets::new(spread, budget, members?)))))
    }
}

/// Whether the state of an agent's targets is kept for its own sake.
fn keeps_state(written: &settings::Upstream) -> bool {
    let has_affinity = written.affinity.as_deref().is_some_and(|affinity| *affinity != Affinity::None);
    written.targets.is_list() || written.health.is_some() || written.max_in_flight.is_some() || has_affinity
}

/// What makes a target the one that others name, too.
fn key(written: &settings::Upstream, url: &AgentUrl) -> Option<TargetKey> {
    let place = match &url.socket {
        Some(path) => format!("unix:{path}"),
        None if url.is_service => name(url),
        None => format!("{}://{}:{}", url.scheme(), url.host_str()?, url.port_or_known_default()?),
    };
    let path =
        |path: &Option<Box<Spanned<PathBuf>>>| path.as_ref().map(|path| path.value.display().to_string());
    let tls = (url.scheme() == "https").then(|| {
        [written.server_name.as_deref().map(str::to_owned), path(&written.ca_file), path(&written.cert_file)]
    });
    Some(TargetKey { place, protocol: written.protocol, tls, response_timeout: written.response_timeout })
}

/// A target's name in metrics: its URL without a path.
fn name(url: &AgentUrl) -> String {
    match &url.socket {
        Some(path) => format!("unix:{path}"),
        None if url.is_service => {
            format!("{}{}://{}", web::SERVICE, url.scheme(), url.host_str().unwrap_or_default())
        }
        None => format!("{}://{}", url.scheme(), url.authority().unwrap_or_default()),
    }
}

/// The addresses of a place: shared by all that name the same host and port, and those of before.
fn endpoint(input: &Input<'_>, all: &mut Agents, url: &AgentUrl) -> Option<Arc<Endpoint>> {
    let made = match &url.socket {
        Some(path) => Endpoint::at_socket(path),
        None if url.is_service => Endpoint::of_service(url.host_str()?),
        None => Endpoint::new(url.host_str()?, url.port_or_known_default()?),
    };
    let endpoint = all.endpoints.entry((made.host.clone(), made.port)).or_insert_with_key(|key| {
        let before = input.previous.and_then(|snapshot| snapshot.endpoints.get(key));
        before.map_or_else(|| Arc::new(made), Arc::clone)
    });
    Some(Arc::clone(endpoint))
}

fn member(written: &settings::Upstream, target: &settings::Target, shared: Arc<Target>) -> Option<Member> {
    let url = &target.url.value;
    let path = url.path().trim_end_matches('/');
    let colon = if url.socket.is_some() && !path.is_empty() { ":" } else { "" };
    let named = written.server_name.is_some() || url.scheme() != "https";
    Some(Member {
        url: format!("{}{colon}{path}", shared.name).into(),
        target: shared,
        weight: u32::try_from(target.weight).ok()?,
        zone: target.zone.as_deref().map(Into::into),
        authority: authority(url)?,
        host: match &written.host {
            settings::UpstreamHost::Rewrite | settings::UpstreamHost::Preserve => authority(url)?,
            settings::UpstreamHost::Name(name) => HeaderValue::from_str(name).ok()?,
        },
        server_name: if named { None } else { Some(unbracketed(url.own_host()?).into()) },
    })
}

fn eject(written: &settings::Eject) -> Eject {
    Eject {
        failures: u32::try_from(written.failures).unwrap_or(u32::MAX),
        base: written.base,
        max_share: written.max_share,
        on: written.on.as_slice().into(),
    }
}

fn retry(written: &settings::Retry) -> RetryRules {
    RetryRules {
        methods: written.methods.as_slice().into(),
        percent: written.budget,
        per_second: u32::try_from(written.per_second).unwrap_or(u32::MAX),
        window: written.window,
    }
}

fn health(written: &settings::Health) -> Option<Health> {
    let host = match &written.host {
        Some(host) => Some(HeaderValue::from_str(host).ok()?),
        None => None,
    };
    Some(Health {
        path: written.path.as_str().into(),
        host,
        interval: written.interval,
        timeout: written.timeout,
        healthy: u32::try_from(written.healthy).ok()?,
        unhealthy: u32::try_from(written.unhealthy).ok()?,
        status: written.status.clone(),
    })
}
